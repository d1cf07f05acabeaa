//! The numbered guarantees of the trait.

use scim_core::message::SortOrder;
use scim_core::{AttrPath, Profile, Projection, Tolerance, Version};
use scim_filter::Sort;
use scim_service::{Delete, List, Modify, Precondition, Read, Replace, Start, Store, StoreError};
use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::{Superset, each, id_of, rid, taken, version};

pub(crate) const CASES: &[Case] = cases![
    what_create_returns_is_what_get_returns,
    r192_a_write_that_changes_nothing_keeps_version_and_time,
    a_change_moves_version_and_time_and_leaves_created,
    a_change_that_shows_elsewhere_moves_the_version_there_and_not_the_time,
    r204_a_write_under_a_stale_version_changes_nothing,
    a_failed_patch_leaves_everything_as_it_was,
    listing_selects_what_the_evaluator_selects,
    pages_are_sorted_and_have_the_true_total,
    relations_are_loaded_where_they_are_wanted,
    r230_resource_types_that_are_data_are_kept_as_documents,
];

async fn what_create_returns_is_what_get_returns() {
    let superset = Superset::start().await;
    let user = json!({"userName": "ada", "emails": [{"value": "a@x", "type": "work"}], "active": true});
    let created = superset.create("User", user).await.unwrap();
    assert_eq!(superset.get("User", &id_of(&created)).await.unwrap(), created);
    let meta = created.meta().unwrap();
    assert_eq!((meta.created, meta.resource_type.as_str()), (meta.last_modified, "User"));
    assert_eq!(meta.created.to_rfc3339(), "2026-11-24T10:00:00.123+00:00");
    let members = json!({"displayName": "g", "members": [{ "value": id_of(&created) }]});
    let group = superset.create("Group", members).await.unwrap();
    assert_eq!(superset.get("Group", &id_of(&group)).await.unwrap(), group);
    assert!(matches!(superset.get("Group", &id_of(&created)).await, Err(StoreError::NotFound)));
}

async fn r192_a_write_that_changes_nothing_keeps_version_and_time() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("g", &[&ada, "x"]).await;
    let (user, before) = (superset.get("User", &ada).await.unwrap(), superset.get("Group", &group).await.unwrap());
    let same = json!({"displayName": "g", "members": [{"value": "x"}, {"value": ada, "display": "whatever"}]});
    assert_eq!(superset.replace("Group", &group, same).await.unwrap(), before);
    assert_eq!(superset.set("Group", &group, "displayName", json!("g")).await.unwrap(), before);
    assert_eq!(superset.replace("User", &ada, json!({"userName": "ada"})).await.unwrap(), user);
    assert_eq!(superset.set("User", &ada, "userName", json!("ada")).await.unwrap(), user);
}

async fn a_change_moves_version_and_time_and_leaves_created() {
    let superset = Superset::start().await;
    let ada = superset.create("User", json!({"userName": "ada"})).await.unwrap();
    let changed = superset.set("User", &id_of(&ada), "title", json!("Dr")).await.unwrap();
    let (before, after) = (ada.meta().unwrap(), changed.meta().unwrap());
    assert_eq!((version(&ada), version(&changed)), (1, 2));
    assert_eq!(before.created, after.created);
    assert!(after.last_modified > before.last_modified);
}

async fn a_change_that_shows_elsewhere_moves_the_version_there_and_not_the_time() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let inner = superset.group("inner", &[&ada]).await;
    let outer = superset.group("outer", &[]).await;
    let meta = async |of: &str, id: &str| superset.get(of, id).await.unwrap().meta().unwrap();
    let start = meta("User", &ada).await;
    // Indirect membership, a rename of a group, and its end.
    let mut last = version(&superset.get("User", &ada).await.unwrap());
    superset.add_member(&outer, &inner).await;
    for step in 0..3 {
        let user = superset.get("User", &ada).await.unwrap();
        assert!(version(&user) > last, "step {step}");
        last = version(&user);
        match step {
            0 => drop(superset.set("Group", &outer, "displayName", json!("renamed")).await.unwrap()),
            1 => superset.delete("Group", &outer).await.unwrap(),
            _ => {}
        }
    }
    assert_eq!(meta("User", &ada).await.last_modified, start.last_modified);
    // What a member is called is part of the group.
    let before = meta("Group", &inner).await;
    superset.set("User", &ada, "displayName", json!("Ada")).await.unwrap();
    let after = meta("Group", &inner).await;
    assert_ne!(before.version, after.version);
    assert_eq!(before.last_modified, after.last_modified);
    superset.delete("User", &ada).await.unwrap();
    assert!(meta("Group", &inner).await.last_modified > after.last_modified);
}

async fn r204_a_write_under_a_stale_version_changes_nothing() {
    let superset = Superset::start().await;
    let id = rid(&superset.named("ada").await);
    let of = superset.of("User");
    let stale = Precondition::OneOf(vec![Version::new(7)]);
    let patch = superset.checked_patch("User", &json!([{"op": "replace", "path": "title", "value": "x"}]));
    let draft = superset.resource("User", json!({"userName": "eve"}));
    let cx = superset.cx();
    let failed = |outcome: StoreError| assert!(matches!(outcome, StoreError::PreconditionFailed), "{outcome}");
    failed(superset.store.patch(&cx, Modify::new(of, &id, &patch).with_when(&stale)).await.unwrap_err());
    failed(superset.store.replace(&cx, Replace::new(of, &id, draft).with_when(&stale)).await.unwrap_err());
    failed(superset.store.delete(&cx, Delete::new(of, &id).with_when(&stale)).await.unwrap_err());
    let current = Precondition::OneOf(vec![Version::new(7), Version::new(1)]);
    let patched = superset.store.patch(&cx, Modify::new(of, &id, &patch).with_when(&current)).await.unwrap().resource;
    assert_eq!(version(&patched), 2);
}

async fn a_failed_patch_leaves_everything_as_it_was() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    let operations = json!([
        {"op": "replace", "path": "active", "value": false},
        {"op": "replace", "path": "emails[type eq \"x\"].value", "value": "a@x"}
    ]);
    assert!(matches!(superset.patch("User", &id, operations).await, Err(StoreError::Patch(_))));
    assert!(superset.account("ada").await.active);
    assert_eq!(version(&superset.get("User", &id).await.unwrap()), 1);
}

async fn listing_selects_what_the_evaluator_selects() {
    let superset = Superset::start().await;
    let ada = superset.user(json!({"userName": "ada", "title": "Dr", "externalId": "X"})).await;
    let bob = superset.user(json!({"userName": "bob", "title": "Dr", "externalId": "x"})).await;
    let group = superset.group("Data Team", &[&ada]).await;
    for (of, filter, expected) in [
        ("User", r#"userName eq "ADA""#.to_owned(), vec![&ada]),
        ("User", r#"externalId eq "x""#.to_owned(), vec![&bob]),
        ("User", format!(r#"id eq "{ada}" and title eq "dr""#), vec![&ada]),
        ("User", format!(r#"id eq "{ada}" and title eq "x""#), vec![]),
        ("User", r#"not (userName eq "ada")"#.to_owned(), vec![&bob]),
        ("User", r#"userName eq "ada" or externalId eq "x""#.to_owned(), vec![&ada, &bob]),
        ("User", format!(r#"groups.value eq "{group}""#), vec![&ada]),
        ("User", "title pr and not (groups pr)".to_owned(), vec![&bob]),
        ("Group", r#"displayName eq "data team""#.to_owned(), vec![&group]),
        ("Group", format!(r#"id eq "{group}" and members eq "{ada}""#), vec![&group]),
        ("Group", format!(r#"members[value eq "{bob}"]"#), vec![]),
    ] {
        let page = superset.list(of, &filter).await;
        let mut found: Vec<String> = page.resources.iter().map(id_of).collect();
        found.sort();
        let mut expected: Vec<String> = expected.into_iter().cloned().collect();
        expected.sort();
        assert_eq!((found, page.total_results), (expected.clone(), Some(expected.len() as u64)), "{filter}");
    }
}

async fn pages_are_sorted_and_have_the_true_total() {
    let superset = Superset::start().await;
    for name in ["c", "a", "B"] {
        superset.named(name).await;
    }
    let of = superset.of("User");
    let path: AttrPath = "userName".parse().unwrap();
    let sort = Sort::check(&path, SortOrder::Descending, of, &mut Tolerance::rfc()).unwrap();
    let list = |start_index, count| List::new(of, count).with_start(Start::Index(start_index));
    let page = superset.store.list(&superset.cx(), list(2, 2).with_sort(&sort)).await.unwrap();
    let names: Vec<_> = page.resources.iter().map(|user| user.get("userName").unwrap().as_str().unwrap()).collect();
    assert_eq!((names, page.total_results), (vec!["B".into(), "a".into()], Some(3)));
    let mut ids = Vec::new();
    for start in 1..=4 {
        let page = superset.store.list(&superset.cx(), list(start, 1)).await.unwrap();
        assert_eq!(page.total_results, Some(3));
        ids.extend(page.resources.iter().map(id_of));
    }
    assert!(ids.is_sorted() && ids.len() == 3, "{ids:?}");
    let none = superset.store.list(&superset.cx(), list(1, 0)).await.unwrap();
    assert_eq!((none.resources.len(), none.total_results), (0, Some(3)));
}

async fn relations_are_loaded_where_they_are_wanted() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("g", &[&ada]).await;
    let of = superset.of("Group");
    let without = Projection::new(&[] as &[&str], &["members"], of, &Profile::rfc()).unwrap();
    let read = superset.store.read(&superset.cx(), Read::new(of, &rid(&group)).with_want(&without)).await.unwrap();
    assert_eq!(read.get("members"), None);
    let page = superset.list("Group", "displayName sw \"g\"").await;
    assert_eq!(each(&page.resources[0], "members", "value"), [ada.as_str()]);
}

async fn r230_resource_types_that_are_data_are_kept_as_documents() {
    let superset = Superset::start().await;
    let thing = json!({"serial": "S-1", "code": 7, "secret": "s", "colour": "red"});
    let id = id_of(&superset.create("Thing", thing).await.unwrap());
    assert_eq!(taken(superset.create("Thing", json!({"serial": "s-1"})).await), "serial");
    assert_eq!(taken(superset.create("Thing", json!({"code": 7})).await), "code");
    superset.replace("Thing", &id, json!({"serial": "S-2", "colour": "blue"})).await.unwrap();
    assert_eq!(superset.list("Thing", r#"serial eq "s-2" and colour eq "blue""#).await.total_results, Some(1));
    // R190: the write-only value is still there.
    let kept = superset.get("Thing", &id).await.unwrap();
    assert_eq!(kept.get("secret"), Some((&json!("s")).into()));
    superset.create("Thing", json!({"serial": "S-1", "code": 7})).await.unwrap();
    assert_eq!(taken(superset.set("Thing", &id, "serial", json!("s-1")).await), "serial");
    superset.delete("Thing", &id).await.unwrap();
    superset.create("Thing", json!({"serial": "S-2"})).await.unwrap();
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "1");
}
