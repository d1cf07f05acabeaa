//! Tables of an older version answer like new ones.

use scim_core::message::SortOrder;
use scim_core::{Resource, SchemaSet, Tolerance};
use scim_filter::{Filter, Sort, check};
use scim_service::{Context, Create, List, Start, Store};
use superset_mapping::store::audit::{AuditFinding, AuditKey};
use superset_mapping::{RuleSet, StoreOptions, SupersetStore};

use crate::harness::{Case, cases};
use crate::queries::population::{Directory, GROUPS, group_id, user};
use crate::support::Superset;

pub(crate) const CASES: &[Case] =
    cases![auxiliary_tables_of_version_2_answer_like_new_ones, an_audit_of_version_4_is_kept_and_sealed];

const USERS: usize = 230;

/// The names of what a query selects, in the order of names that the test gives them, and how many there are.
async fn answer(store: &SupersetStore, of: &str, filter: &str, sort: Option<(&str, SortOrder)>, start: u64) -> String {
    let schemas = SchemaSet::builtin();
    let of = schemas.of(&of.into()).unwrap();
    let predicate = (!filter.is_empty()).then(|| {
        let parsed: Filter = filter.parse().unwrap();
        check(&parsed, of, &mut Tolerance::rfc()).unwrap()
    });
    let order =
        sort.map(|(path, order)| Sort::check(&path.parse().unwrap(), order, of, &mut Tolerance::rfc()).unwrap());
    let count = if sort.is_some() { 25 } else { 1000 };
    let query = List::new(of, count).with_filter(&predicate).with_sort(&order).with_start(Start::Index(start));
    let page = store.list(&Context::internal("test", chrono::Utc::now()), query).await.unwrap();
    let name = |resource: &Resource| {
        ["displayName", "userName"].map(|name| resource.text(name).unwrap_or_default().into_owned())
    };
    let mut names: Vec<String> = page
        .resources
        .iter()
        .map(|resource| match sort {
            // Of users with one name the ids decide, which are not the same.
            Some(("displayName", _)) => name(resource)[0].clone(),
            _ => name(resource).join(" "),
        })
        .collect();
    if sort.is_none() {
        names.sort();
    }
    format!("{:?} {names:?}", page.total_results)
}

async fn auxiliary_tables_of_version_2_answer_like_new_ones() {
    let old = Directory::of(USERS).await;
    let new = Superset::with_rules("").await;
    for number in 0..USERS {
        new.user(user(number)).await;
    }
    for number in 0..GROUPS {
        new.group(&format!("Group {number}"), &[]).await;
    }
    for (of, filter) in [
        ("User", ""),
        ("User", "active eq false"),
        ("User", "active eq true"),
        ("User", "active ne true"),
        ("User", "displayName eq \"ÜNAL 41\""),
        ("User", "emails.value eq \"user41@example.com\""),
        ("User", "userName sw \"user1\" and active eq false"),
        ("Group", ""),
        ("Group", "displayName eq \"group 7\""),
    ] {
        assert_eq!(
            answer(&old.store, of, filter, None, 1).await,
            answer(&new.store, of, filter, None, 1).await,
            "{of} {filter}"
        );
    }
    for path in ["userName", "displayName", "meta.lastModified"] {
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            for start in [1, 26, 201] {
                let sort = Some((path, order));
                let (old, new) = (
                    answer(&old.store, "User", "", sort, start).await,
                    answer(&new.store, "User", "", sort, start).await,
                );
                assert_eq!(old, new, "{path} {order:?} {start}");
                assert!(old.starts_with("Some(230)"), "{old}");
            }
        }
    }
    let found = answer(&old.store, "Group", &format!("id eq \"{}\"", group_id(3)), None, 1).await;
    assert_eq!(found, "Some(1) [\"Group 3 \"]");
    // Whoever opens it again finds nothing to do.
    let drift = old.store.drift(&superset_mapping::reconcile::DriftOptions::new(), &()).await.unwrap();
    let counts = superset_mapping::reconcile::FindingKind::CountDiffers;
    assert_eq!(drift.counts().get(&counts), None);
}

/// What the fifth version added is taken away again from tables that hold something, and added.
async fn an_audit_of_version_4_is_kept_and_sealed() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    superset.group("analysts", &[&ada]).await;
    for column in ["changes", "address", "rule", "mac"] {
        superset.run(&format!("ALTER TABLE scim_audit DROP COLUMN {column}")).await;
    }
    superset.run("DROP TABLE scim_audit_chain").await;
    superset.run("DROP TABLE scim_hold").await;
    superset.run("DELETE FROM scim_schema_version WHERE version >= 5").await;
    let columns = "position || action || resource_id || detail";
    let select = format!("SELECT {columns} FROM scim_audit WHERE position <= 6 ORDER BY position");
    let before = superset.column(&select).await;
    assert!(before.len() > 3, "{before:?}");

    let key = AuditKey::new([7_u8; 32]).unwrap();
    let options = StoreOptions::new().with_audit_key(key);
    let store = SupersetStore::connect_with(&superset.url, RuleSet::default(), options).await.unwrap();
    assert_eq!(superset.column(&select).await, before);
    assert_eq!(superset.value("SELECT max(version) FROM scim_schema_version").await, "6");
    assert_eq!(
        superset.value("SELECT count(*) FROM scim_audit WHERE mac IS NOT NULL OR changes IS NOT NULL").await,
        "0"
    );
    let user = Create::new(superset.of("User"), superset.resource("User", serde_json::json!({"userName": "eve"})));
    store.create(&superset.cx(), user).await.unwrap();
    assert_eq!(
        superset.value("SELECT count(*) FROM scim_audit WHERE mac IS NOT NULL AND changes IS NOT NULL").await,
        "1"
    );
    let end = store.seal_audit().await.unwrap().unwrap();
    let last = i64::try_from(before.len()).unwrap();
    let without = AuditFinding::WithoutKey { position: last };
    assert_eq!(store.verify_audit(&[]).await.unwrap().findings, std::slice::from_ref(&without));
    let verified = store.verify_audit(std::slice::from_ref(&end)).await.unwrap();
    assert!(verified.is_clean() && verified.unsealed == 0, "{verified:?}");
    assert_eq!(usize::try_from(verified.without_key).unwrap(), before.len());
    superset.run("UPDATE scim_audit SET detail = '{}' WHERE position = 2").await;
    let altered = store.verify_audit(&[end]).await.unwrap().findings;
    assert_eq!(altered, [AuditFinding::Altered { position: 2 }]);
    // Whoever opens it again finds nothing to do.
    SupersetStore::connect(&superset.url, RuleSet::default()).await.unwrap();
}
