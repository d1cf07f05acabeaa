//! What the application and its SCIM clients see of each other's writes.

use scim_core::message::{PatchOp, PatchOperation, SortOrder};
use scim_core::{Profile, SchemaSet, Tolerance};
use scim_filter::{Budget, Sort};
use scim_patch::Patch;
use scim_service::store::StoreError;
use scim_service::tables::{MemberTable, Table, TableStore};
use scim_service::{Context, Delete, List, Modify, Position, Principal, Read, Replace, Start, Store};
use serde_json::{Value, json};

use super::RUNTIME;
use super::probe::{Bench, Orders, resource_of};

fn patch(bench: &Bench, of: &str, operations: Vec<PatchOperation>) -> Patch {
    Patch::check(&PatchOp { operations }, bench.of(of), &Profile::rfc()).unwrap()
}

#[test]
fn a_row_that_was_there_before_scim_is_a_resource_once_it_has_an_id() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        bench.run("INSERT INTO users (login, first, email) VALUES ('old', 'Old', 'old@example.com')").await;
        assert!(bench.named("userName pr").await.is_empty());
        bench.run("UPDATE users SET scim_id = 'legacy-1', login_folded = 'old' WHERE login = 'old'").await;
        assert_eq!(bench.named("userName eq \"OLD\"").await, ["old"]);
        let id = "legacy-1".parse().unwrap();
        let user = bench.read("User", &id).await;
        assert_eq!(user.get("emails").unwrap().to_value(), json!([{"value": "old@example.com"}]));
        assert_eq!(user.get("active").map(scim_core::ValueRef::to_value), Some(json!(true)), "nobody has said that it is absent");
        assert_eq!(user.get("name").unwrap().to_value(), json!({"givenName": "Old"}));

        let content = json!({"userName": "old", "emails": [{"value": "x@x", "type": "home"}, {"value": "new@example.com", "primary": true}]});
        bench.store.replace(&bench.cx, Replace::new(bench.of("User"), &id, resource_of(content.clone()))).await.unwrap();
        let user = bench.read("User", &id).await;
        assert_eq!(user.get("emails").unwrap().to_value(), content["emails"]);
        assert!(bench.dump().await.contains("|old|-|-|new@example.com|1|"), "{}", bench.dump().await);
        bench.run("UPDATE users SET email = 'moved@example.com', first = 'Olga', scim_version = scim_version + 1").await;
        let moved = bench.read("User", &id).await;
        assert_eq!(moved.get("emails").unwrap().to_value()[1], json!({"value": "moved@example.com", "primary": true}));
        assert_eq!(moved.get("name").unwrap().to_value(), json!({"givenName": "Olga"}));
        assert_ne!(moved.version(), user.version());
    });
}

#[test]
fn a_column_that_is_never_null_leaves_the_attribute_absent_until_somebody_says_it() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let id = bench.new_id("User", json!({"userName": "ada"})).await;
        assert_eq!(bench.read("User", &id).await.get("active"), None);
        assert!(bench.named("active pr").await.is_empty() && bench.named("active eq true").await.is_empty());
        bench.run("UPDATE users SET active = 0, scim_version = scim_version + 1").await;
        assert_eq!(bench.named("active eq false").await, ["ada"]);
        let active = patch(&bench, "User", vec![PatchOperation::replace("active", true)]);
        bench.store.patch(&bench.cx, Modify::new(bench.of("User"), &id, &active)).await.unwrap();
        assert_eq!(bench.named("active eq true").await, ["ada"], "what is said is shown");
    });
}

#[test]
fn a_password_is_stored_as_its_hash_alone_and_never_shown() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let written = bench.create("User", json!({"userName": "ada", "password": "first-secret"})).await.unwrap();
        assert!(written.resource.get("password").is_none() && !format!("{:?}", written.change).contains("hash of"));
        assert!(bench.dump().await.contains("|hash of 12 characters|"));
        let id = written.resource.id().unwrap().parse().unwrap();
        let set = patch(&bench, "User", vec![PatchOperation::replace("password", "2nd")]);
        let change = bench.store.patch(&bench.cx, Modify::new(bench.of("User"), &id, &set)).await.unwrap().change;
        assert!(!change.is_unchanged() && bench.dump().await.contains("|hash of 3 characters|"));
        let title = patch(&bench, "User", vec![PatchOperation::replace("title", "Dr")]);
        bench.store.patch(&bench.cx, Modify::new(bench.of("User"), &id, &title)).await.unwrap();
        assert!(bench.dump().await.contains("|hash of 3 characters|"), "what is not sent stays");
        let transaction = bench.store.begin(&bench.cx).await.unwrap();
        let set = patch(&bench, "User", vec![PatchOperation::replace("password", "third")]);
        transaction.patch(&bench.cx, Modify::new(bench.of("User"), &id, &set)).await.unwrap();
        transaction.commit().await.unwrap();
        let dump = bench.dump().await;
        assert!(
            dump.contains("|hash of 5 characters|") && !dump.contains("third") && !dump.contains("secret"),
            "{dump}"
        );
        let gone = patch(&bench, "User", vec![PatchOperation::remove("password")]);
        bench.store.patch(&bench.cx, Modify::new(bench.of("User"), &id, &gone)).await.unwrap();
        assert!(!bench.dump().await.contains("hash of"));
    });
}

#[test]
fn more_rows_than_a_slice_or_a_list_of_values_holds_are_all_there() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let transaction = bench.store.begin(&bench.cx).await.unwrap();
        let mut ids = Vec::new();
        for number in 0..1100 {
            let user = json!({"userName": format!("user-{number:04}"), "title": format!("t{}", number % 7)});
            let create = scim_service::Create::new(bench.of("User"), resource_of(user));
            ids.push(transaction.create(&bench.cx, create).await.unwrap().resource.id().unwrap().into_owned());
        }
        transaction.commit().await.unwrap();
        let titled = bench.named("title eq \"T3\"").await;
        assert_eq!(titled.len(), (0..1100).filter(|number| number % 7 == 3).count());

        // By title the evaluator sorts: all pages together are everything, once.
        let sort = Sort::check(
            &"title".parse().unwrap(),
            scim_core::message::SortOrder::Descending,
            bench.of("User"),
            &mut scim_core::Tolerance::rfc(),
        )
        .unwrap();
        let (mut met, mut start) = (Vec::new(), Start::Index(1));
        loop {
            let list = List::new(bench.of("User"), 300).with_sort(&sort).with_start(start);
            let page = bench.store.list(&bench.cx, list).await.unwrap();
            let Some(last) = page.resources.last() else { break };
            start = Start::After(scim_service::Position::of(last, Some(&sort)));
            met.extend(page.resources.iter().map(|user| user.text("userName").unwrap().into_owned()));
        }
        assert_eq!((met.len(), met.iter().collect::<std::collections::BTreeSet<_>>().len()), (1100, 1100));

        let members: Vec<Value> = ids.iter().map(|id| json!({"value": id})).collect();
        let members: Vec<Value> =
            members.into_iter().chain((0..300).map(|number| json!({"value": format!("nobody-{number}")}))).collect();
        let team = bench.new_id("Group", json!({"displayName": "all", "members": members})).await;
        assert_eq!(bench.read("Group", &team).await.get("members").unwrap().elements().count(), 1400);
        let version = bench.read("User", &ids[0].parse().unwrap()).await.version();
        let none = patch(&bench, "Group", vec![PatchOperation::remove("members")]);
        let change = bench.store.patch(&bench.cx, Modify::new(bench.of("Group"), &team, &none)).await.unwrap().change;
        assert_eq!(change.members_removed.len(), 1400);
        assert_ne!(bench.read("User", &ids[0].parse().unwrap()).await.version(), version);
        assert!(!bench.dump().await.contains("_members"));

        // What the columns cannot answer costs steps, and ends with them.
        let cx = Context::internal("test", chrono::Utc::now()).with_budget(std::sync::Arc::new(Budget::new(500)));
        let filter = "nickName co \"x\"".parse::<scim_filter::Filter>().unwrap().check(bench.of("User")).unwrap();
        let list = List::new(bench.of("User"), 10).with_filter(&filter);
        assert!(matches!(bench.store.list(&cx, list).await, Err(StoreError::Budget(_))));
        let page = bench.store.list(&bench.cx, List::new(bench.of("User"), 1000).with_bytes(2000)).await.unwrap();
        assert!(page.ends_early && (1..20).contains(&page.resources.len()) && page.total_results == Some(1100));
    });
}

#[test]
fn groups_deep_in_groups_cost_what_the_request_has() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let ada = bench.new_id("User", json!({"userName": "ada"})).await;
        let mut inner = ada.clone();
        for number in 0..20 {
            let group = json!({"displayName": format!("g{number}"), "members": [{"value": inner.as_str()}]});
            inner = bench.new_id("Group", group).await;
        }
        assert_eq!(bench.read("User", &ada).await.get("groups").unwrap().elements().count(), 20);
        let cx = bench.cx.clone().with_budget(std::sync::Arc::new(Budget::new(5000)));
        let read = bench.store.read(&cx, Read::new(bench.of("User"), &ada)).await;
        assert!(matches!(read, Err(StoreError::Budget(_))), "{read:?}");
        let before = bench.dump().await;
        let rename = patch(&bench, "Group", vec![PatchOperation::replace("displayName", "x")]);
        let renamed = bench.store.patch(&cx, Modify::new(bench.of("Group"), &inner, &rename)).await;
        assert!(matches!(renamed, Err(StoreError::Budget(_))), "{renamed:?}");
        assert_eq!(bench.dump().await, before);
    });
}

#[test]
fn without_a_column_for_tenants_a_request_of_one_is_refused() {
    RUNTIME.block_on(async {
        let schemas = SchemaSet::builtin();
        let users =
            Table::new("User", "users").with_column("userName", "login").with_folded("userName", "login_folded");
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        let application = super::store::Application::open(&url).await.unwrap();
        let store = TableStore::new(application, &schemas, [users], None).unwrap();
        let of = schemas.user().unwrap();
        let ada = scim_service::Create::new(of, resource_of(json!({"userName": "ada"})));
        let cx = Context::internal("test", chrono::Utc::now());
        store.create(&cx, ada.clone()).await.unwrap();
        let tenant = cx.clone().with_principal(Principal::new("okta").in_tenant("acme"));
        assert!(matches!(store.create(&tenant, ada).await, Err(StoreError::Unsupported { .. })));
        let list = store.list(&tenant, List::new(of, 10)).await;
        assert!(matches!(list, Err(StoreError::Unsupported { what: "has no tenants" })), "{list:?}");
        let id = "x".parse().unwrap();
        let group = store.read(&cx, Read::new(schemas.group().unwrap(), &id)).await;
        assert!(matches!(group, Err(StoreError::Unsupported { .. })), "no table has groups: {group:?}");
    });
}

#[test]
fn without_a_table_for_other_members_only_users_are_members() {
    RUNTIME.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        let application = super::store::Application::open(&url).await.unwrap();
        let schemas = SchemaSet::builtin();
        let users =
            Table::new("User", "users").with_column("userName", "login").with_folded("userName", "login_folded");
        let teams = Table::new("Group", "teams")
            .with_column("displayName", "name")
            .with_folded("displayName", "name_folded")
            .with_unique("displayName");
        let store = TableStore::new(
            application,
            &schemas,
            [users, teams],
            MemberTable::new("team_members", "team_id", "user_id"),
        )
        .unwrap();
        let cx = Context::internal("test", chrono::Utc::now());
        let create = async |of: &str, resource: Value| {
            store.create(&cx, scim_service::Create::new(schemas.of(&of.into()).unwrap(), resource_of(resource))).await
        };
        let ada = create("User", json!({"userName": "ada"})).await.unwrap().resource.id().unwrap().into_owned();
        let nobody =
            create("Group", json!({"displayName": "a", "members": [{"value": ada}, {"value": "nobody"}]})).await;
        let expected =
            matches!(&nobody, Err(StoreError::InvalidValue { attribute, .. }) if attribute == "members.value");
        assert!(expected, "{nobody:?}");
        let group = create("Group", json!({"displayName": "a", "members": [{"value": ada}]})).await.unwrap().resource;
        assert_eq!(group.get("members").unwrap().to_value(), json!([{"value": ada, "type": "User", "display": "ada"}]));
        let second = create("Group", json!({"displayName": "A"})).await;
        assert!(matches!(second, Err(StoreError::Uniqueness { attribute }) if attribute == "displayName"));
        assert_eq!(store.capabilities().unique.len(), 1);
    });
}

#[test]
fn a_refusal_of_the_host_and_what_it_is_told() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let id = bench.new_id("User", json!({"userName": "ada"})).await;
        let same = patch(&bench, "User", vec![PatchOperation::replace("userName", "ada")]);
        bench.store.patch(&bench.cx, Modify::new(bench.of("User"), &id, &same)).await.unwrap();
        let told = bench.order(Orders { refuses: true, ..Orders::default() }).told;
        assert_eq!(told.len(), 1, "of what changes nothing the host hears nothing");
        assert_eq!(told[0].id, id);
        let before = bench.dump().await;
        let team = bench.create("Group", json!({"displayName": "a", "members": [{"value": id.as_str()}]})).await;
        assert!(matches!(team, Err(StoreError::Refused { .. })), "{team:?}");
        assert_eq!(bench.dump().await, before);
    });
}

/// Rows that were there before SCIM have no times.
#[test]
fn rows_without_times_are_met_by_filters_and_pages() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        for name in ["new-1", "new-2"] {
            bench.new_id("User", json!({"userName": name})).await;
        }
        bench
            .run(
                "INSERT INTO users (login, login_folded, scim_id) VALUES ('old-1', 'old-1', 'a'), ('old-2', 'old-2', 'b'), \
                 ('old-3', 'old-3', 'c')",
            )
            .await;
        assert_eq!(bench.named("meta.created lt \"2020-01-01T00:00:00Z\"").await, ["old-1", "old-2", "old-3"]);
        assert_eq!(bench.named("not (meta.created lt \"2020-01-01T00:00:00Z\")").await, ["new-1", "new-2"]);
        assert_eq!(bench.named("meta.created eq \"1970-01-01T00:00:00Z\"").await.len(), 3);
        let users = bench.of("User");
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            let path = "meta.created".parse().unwrap();
            let sort = Sort::check(&path, order, users, &mut Tolerance::rfc()).unwrap();
            let (mut met, mut start) = (Vec::new(), Start::Index(1));
            loop {
                let list = List::new(users, 2).with_sort(&sort).with_start(start);
                let page = bench.store.list(&bench.cx, list).await.unwrap().resources;
                let Some(last) = page.last() else { break };
                start = Start::After(Position::of(last, Some(&sort)));
                met.extend(page.iter().map(|user| user.text("userName").unwrap().into_owned()));
            }
            met.sort();
            assert_eq!(met, ["new-1", "new-2", "old-1", "old-2", "old-3"], "{order:?}");
        }
    });
}

#[test]
fn a_team_with_members_that_are_no_resources_can_be_deleted() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let team = bench.new_id("Group", json!({"displayName": "team"})).await;
        bench.run("INSERT INTO users (login) VALUES ('local')").await;
        bench.run("INSERT INTO team_members SELECT t.id, u.id FROM teams t, users u WHERE u.login = 'local'").await;
        let group = bench.of("Group");
        bench.store.delete(&bench.cx, Delete::new(group, &team)).await.unwrap();
        assert!(bench.dump().await.contains("local"), "the application's user stays");
    });
}

#[test]
fn no_column_gets_a_nul() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let refused = bench.create("User", json!({"userName": "ada", "externalId": "a\u{0}b"})).await;
        assert!(matches!(refused, Err(StoreError::InvalidValue { .. })), "{refused:?}");
        let member = json!([{"value": "a\u{0}b"}]);
        let refused = bench.create("Group", json!({"displayName": "team", "members": member})).await;
        assert!(matches!(refused, Err(StoreError::InvalidValue { .. })), "{refused:?}");
    });
}
