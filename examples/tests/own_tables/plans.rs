//! What the columns can answer costs the same however large the tables are.

use scim_core::message::{PatchOp, PatchOperation, SortOrder};
use scim_core::{Profile, Tolerance};
use scim_filter::{Filter, Sort};
use scim_patch::Patch;
use scim_service::{Delete, List, Modify, Read, Store};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row as _};

use super::RUNTIME;
use super::probe::{Bench, Orders};

/// The steps of SQLite's plans for the statements since the last orders, that walk through a table.
async fn walks(bench: &Bench) -> Vec<String> {
    let mut walks = Vec::new();
    for statement in bench.order(Orders::default()).statements {
        let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.text)));
        for row in explained.fetch_all(&bench.store.database().inner.readers).await.unwrap() {
            let step: String = row.get("detail");
            if step.starts_with("SCAN") && step != "SCAN CONSTANT ROW" {
                walks.push(format!("{step} in {}", statement.text));
            }
        }
    }
    walks
}

#[test]
fn no_look_up_walks_through_a_table() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let ada = bench.new_id("User", json!({"userName": "ada", "externalId": "e"})).await;
        let team = bench.new_id("Group", json!({"displayName": "team", "members": [{"value": ada.as_str()}]})).await;
        for (of, filter) in [
            ("User", format!("id eq \"{}\"", ada.as_str())),
            ("User", "userName eq \"ADA\"".to_owned()),
            ("User", "userName eq \"ada\" or userName eq \"bea\"".to_owned()),
            ("User", "userName sw \"ad\"".to_owned()),
            ("User", "externalId eq \"e\" and title pr".to_owned()),
            ("Group", "displayName eq \"Team\"".to_owned()),
            ("Group", format!("members.value eq \"{}\"", ada.as_str())),
            ("Group", format!("id eq \"{}\" and members[value eq \"{}\"]", team.as_str(), ada.as_str())),
        ] {
            bench.order(Orders::default());
            let predicate = filter.parse::<Filter>().unwrap().check(bench.of(of)).unwrap();
            bench.store.list(&bench.cx, List::new(bench.of(of), 10).with_filter(&predicate)).await.unwrap();
            assert_eq!(walks(&bench).await, [""; 0], "{filter}");
        }
        bench.store.read(&bench.cx, Read::new(bench.of("User"), &ada)).await.unwrap();
        bench.store.read(&bench.cx, Read::new(bench.of("Group"), &team)).await.unwrap();
        assert_eq!(walks(&bench).await, [""; 0], "reading");
        let by_name =
            Sort::check(&"userName".parse().unwrap(), SortOrder::Ascending, bench.of("User"), &mut Tolerance::rfc());
        let by_name = by_name.unwrap();
        let list = List::new(bench.of("User"), 10).with_sort(&by_name);
        let after = scim_service::Start::After(scim_service::Position::new(Some("a".into()), "x"));
        bench.store.list(&bench.cx, list.with_start(after)).await.unwrap();
        assert_eq!(walks(&bench).await, [""; 0], "a page of a sort");
    });
}

#[test]
fn a_member_comes_and_goes_without_the_others_being_read() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let ada = bench.new_id("User", json!({"userName": "ada"})).await;
        let mut statements = Vec::new();
        for others in [1, 1000] {
            let members: Vec<_> = (0..others).map(|number| json!({"value": format!("nobody-{number}")})).collect();
            let team = json!({"displayName": format!("team of {others}"), "members": members});
            let team = bench.new_id("Group", team).await;
            bench.order(Orders::default());
            let add = PatchOp { operations: vec![PatchOperation::add("members", json!([{"value": ada.as_str()}]))] };
            let add = Patch::check(&add, bench.of("Group"), &Profile::rfc()).unwrap();
            let id = scim_core::Projection::new(&["id"], &[] as &[&str], bench.of("Group"), &Profile::rfc()).unwrap();
            bench.store.patch(&bench.cx, Modify::new(bench.of("Group"), &team, &add).with_want(&id)).await.unwrap();
            let count = bench.order(Orders::default()).statements.len();
            statements.push(count);
        }
        assert_eq!(statements[0], statements[1]);
        bench.store.delete(&bench.cx, Delete::new(bench.of("User"), &ada)).await.unwrap();
        assert_eq!(walks(&bench).await, [""; 0], "deleting");
    });
}
