//! What was done is written down in the transaction that did it.

use scim_service::{Change, Context, Create, Delete, Grant, GrantKind, Modify, Principal, Replace, Store, StoreError};
use serde_json::{Value, json};
use superset_mapping::store::audit::AuditQuery;

use crate::harness::{Case, cases};
use crate::support::{Superset, rid};

pub(crate) const CASES: &[Case] = cases![
    every_write_is_written_down_once_and_what_changes_nothing_is_not,
    what_fails_leaves_no_trace,
    no_value_is_written_down,
    s12_the_record_of_a_deactivation_says_what_was_taken,
    a_change_says_what_people_may_do_and_by_which_rule,
    the_audit_names_what_the_change_names,
    each_write_leaves_what_undoes_it,
    who_took_a_role_by_which_request_and_rule,
    what_is_planted_is_in_no_row,
];

/// Actions and details of a resource, or of all.
async fn events(superset: &Superset, id: &str) -> Vec<String> {
    let of = if id.is_empty() { "1 = 1".to_owned() } else { format!("resource_id = '{id}'") };
    let columns = "action || ' ' || coalesce(version, 0) || ' ' || detail";
    superset.column(&format!("SELECT {columns} FROM scim_audit WHERE {of} ORDER BY position")).await
}

async fn every_write_is_written_down_once_and_what_changes_nothing_is_not() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("analysts", &[&ada]).await;
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(
        events(&superset, &ada).await,
        [
            r#"create 1 {"set":["schemas","userName"]}"#,
            r#"grant 0 {"role":"Gamma","source":"client:test"}"#,
            r#"revoke 0 {"role":"Gamma","source":"client:test"}"#,
            r#"update 3 {"set":["title"]}"#,
            r#"update 4 {"set":["active"]}"#,
            r#"deactivate 0 {"groups":["analysts"]}"#,
            "delete 4 {}",
        ]
    );
    let of_group = events(&superset, &group).await;
    let joined = format!(r#"members 0 {{"added":["{ada}"],"removed":[]}}"#);
    assert_eq!(
        of_group,
        [
            r#"create 1 {"set":["displayName","schemas"]}"#,
            r#"grant 0 {"role":"Alpha","source":"client:test"}"#,
            &joined
        ]
    );
    let who = superset.value("SELECT principal || '|' || request_id || '|' || tenant FROM scim_audit").await;
    assert_eq!(who, "test|test|");
    let when = superset.value("SELECT happened_at FROM scim_audit").await;
    assert!(when.starts_with("2026-11-24T10:00:0"), "{when}");
}

async fn what_fails_leaves_no_trace() {
    let superset = Superset::start().await;
    superset.named("ada").await;
    let before = events(&superset, "").await;
    // The address is found to be taken after the resource was claimed.
    let outcome = superset.create("User", json!({"userName": "x", "emails": [{"value": "admin@local"}]})).await;
    assert!(matches!(outcome, Err(StoreError::HeldElsewhere { .. })));
    assert_eq!(events(&superset, "").await, before);
    for table in ["scim_unique", "scim_value", "scim_resource"] {
        let rows = superset.value(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, if table == "scim_value" { "0" } else { "1" }, "{table}");
    }
}

async fn no_value_is_written_down() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "s3cret", "title": "Dr-private"})).await;
    superset.set("User", &id, "password", json!("s3cret-2")).await.unwrap();
    let events = events(&superset, "").await.join("\n");
    assert!(events.contains(r#"update 2 {"set":["password"]}"#), "{events}");
    assert!(!events.contains("s3cret") && !events.contains("private"), "{events}");
}

/// Details of an action, in order.
async fn details(superset: &Superset, action: &str) -> Vec<String> {
    superset.column(&format!("SELECT detail FROM scim_audit WHERE action = '{action}' ORDER BY position")).await
}

async fn s12_the_record_of_a_deactivation_says_what_was_taken() {
    let superset = Superset::start().await;
    let everything = r#"{"api_keys":[1],"groups":["analysts","by hand"],"roles":["Gamma","sql_lab"]}"#;
    let give = async |superset: &Superset, uuid: &str| {
        superset.by_hand("ab_user_role", "user_id, role_id", "2, 5").await;
        superset.by_hand("ab_user_role", "user_id, role_id", "2, 4").await;
        superset.by_hand("ab_user_group", "user_id, group_id", "2, 2").await;
        let key = format!("'{uuid}', 'k', 'h', 'p', 2, TRUE");
        superset.by_hand("ab_api_key", "uuid, name, key_hash, key_prefix, user_id, active", &key).await;
    };
    let ada = superset.named("ada").await;
    superset.group("analysts", &[&ada]).await;
    superset.by_hand("ab_group", "name, label", "'by hand', 'x'").await;
    give(&superset, "k-1").await;
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    assert_eq!(details(&superset, "deactivate").await, [everything]);
    // What somebody who is inactive got by hand since, taken by the next change of a group.
    superset.by_hand("ab_user_role", "user_id, role_id", "2, 3").await;
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    assert_eq!(details(&superset, "revoke").await.last().unwrap(), r#"{"roles":["Alpha"]}"#);
    superset.set("User", &ada, "active", json!(true)).await.unwrap();
    give(&superset, "k-2").await;
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(details(&superset, "delete").await, [everything.replace("[1]", "[2]")]);
}

/// The names of what was given or taken, with the rule.
fn named(grants: &[Grant], kind: GrantKind) -> Vec<(String, Option<String>)> {
    let mut named: Vec<_> = grants
        .iter()
        .filter(|grant| grant.kind == kind && grant.holder_type == "User")
        .map(|grant| (grant.name.clone(), grant.rule.clone()))
        .collect();
    named.sort();
    named
}

async fn a_change_says_what_people_may_do_and_by_which_rule() {
    let superset = Superset::start().await;
    let users = superset.of("User");
    let create = Create::new(users, superset.resource("User", json!({"userName": "ada"})));
    let made = superset.store.create(&superset.cx(), create).await.unwrap();
    let ada = made.resource.id().unwrap().into_owned();
    let gained = named(&made.change.access.gained, GrantKind::Role);
    assert_eq!(gained, [("Gamma".to_owned(), Some("default roles".to_owned()))]);
    assert_eq!(made.change.access.gained[0].source.as_deref(), Some("client:test"));

    let group = superset.resource("Group", json!({"displayName": "analysts", "members": [{"value": ada}]}));
    let joined = superset.store.create(&superset.cx(), Create::new(superset.of("Group"), group)).await.unwrap();
    let access = &joined.change.access;
    assert_eq!(named(&access.gained, GrantKind::Group), [("analysts".to_owned(), None)]);
    assert_eq!(named(&access.lost, GrantKind::Role), [("Gamma".to_owned(), None)], "a rule gives something else");
    assert_eq!(joined.change.members_added, [&*ada]);

    superset.by_hand("ab_user_role", "user_id, role_id", "2, 5").await;
    let out = superset.checked_patch("User", &json!([{"op": "replace", "path": "active", "value": false}]));
    let left = superset.store.patch(&superset.cx(), Modify::new(users, &rid(&ada), &out)).await.unwrap().change;
    assert_eq!(named(&left.access.lost, GrantKind::Group), [("analysts".to_owned(), None)]);
    assert_eq!(named(&left.access.lost, GrantKind::Role).len(), 1, "{left:?}");
    assert_eq!(left.access.sessions_ended, [rid(&ada)]);

    let version = superset.get("User", &ada).await.unwrap().version();
    let gone: Change = superset.store.delete(&superset.cx(), Delete::new(users, &rid(&ada))).await.unwrap();
    assert_eq!((gone.before, gone.after), (version, None));
}

async fn the_audit_names_what_the_change_names() {
    let superset = Superset::start().await;
    let enterprise = scim_core::urn::ENTERPRISE_USER;
    let ada = superset.user(json!({"userName": "ada", "name": {"givenName": "Ada", "familyName": "King"}})).await;
    let content = json!({
        "userName": "ada", "name": {"givenName": "Ada", "familyName": "Byron"}, "password": "s3cret",
        enterprise: {"department": "Engines"}
    });
    let id = rid(&ada);
    let replace = Replace::new(superset.of("User"), &id, superset.resource("User", content));
    let change = superset.store.replace(&superset.cx(), replace).await.unwrap().change;
    let named: Vec<String> = change.differences.targets().map(ToString::to_string).collect();
    let department = format!("{enterprise}:department");
    assert_eq!(named, ["name.familyName", "password", &department]);
    let row = details(&superset, "update").await.pop().unwrap();
    assert_eq!(row, json!({"set": ["name.familyName", "password", "schemas", department]}).to_string());
    assert!(!format!("{change:?}").contains("s3cret"), "{change:?}");
}

/// What the audit says was changed, row by row.
async fn changes(superset: &Superset, id: &str) -> Vec<Value> {
    let select =
        format!("SELECT changes FROM scim_audit WHERE resource_id = '{id}' AND changes IS NOT NULL ORDER BY position");
    superset.column(&select).await.iter().map(|changes| serde_json::from_str(changes).unwrap()).collect()
}

async fn each_write_leaves_what_undoes_it() {
    let superset = Superset::start().await;
    let user =
        json!({"userName": "ada", "title": "Dr", "emails": [{"value": "a@b", "type": "work"}], "password": "s3cret"});
    let ada = superset.user(user).await;
    let group = superset.group("analysts", &[&ada]).await;
    superset
        .patch(
            "User",
            &ada,
            json!([{"op": "replace", "path": "title", "value": "Prof"}, {"op": "remove", "path": "emails"}]),
        )
        .await
        .unwrap();
    superset.remove_member(&group, &ada).await;
    superset.add_member(&group, &ada).await;
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(
        changes(&superset, &ada).await,
        [
            json!({"format": 1, "after": "W/\"1\"", "set": [
                {"path": "emails", "after": [{"value": "a@b", "type": "work"}]},
                {"path": "password", "secret": "set"},
                {"path": "title", "after": "Dr"},
                {"path": "userName", "after": "ada"}]}),
            json!({"format": 1, "before": "W/\"2\"", "after": "W/\"3\"", "set": [
                {"path": "emails", "before": [{"value": "a@b", "type": "work"}]},
                {"path": "title", "before": "Dr", "after": "Prof"}]}),
            json!({"format": 1, "before": "W/\"5\"", "set": [
                {"path": "title", "before": "Prof"},
                {"path": "userName", "before": "ada"}], "groups": [group], "sessions_ended": [ada]}),
        ]
    );
    let members = |added: &[&String], removed: &[&String]| {
        let mut members = json!({"format": 1, "members": {}});
        for (name, ids) in [("added", added), ("removed", removed)] {
            if !ids.is_empty() {
                members["members"][name] = json!(ids);
            }
        }
        members
    };
    superset.add_member(&group, &superset.named("eve").await).await;
    superset.delete("Group", &group).await.unwrap();
    let of_group = changes(&superset, &group).await;
    assert_eq!(
        of_group[0],
        json!({"format": 1, "after": "W/\"1\"", "set": [{"path": "displayName", "after": "analysts"}]})
    );
    assert_eq!(of_group[1], members(&[&ada], &[]));
    assert_eq!(of_group[2], members(&[], &[&ada]));
    let deletion = of_group.last().unwrap();
    assert_eq!(deletion["set"], json!([{"path": "displayName", "before": "analysts"}]));
    assert_eq!(deletion["members"]["removed"].as_array().unwrap().len(), 1, "{deletion}");

    let thing = superset.create("Thing", json!({"serial": "1", "secret": "planted"})).await.unwrap();
    let of_thing = changes(&superset, thing.id().unwrap().as_ref()).await;
    assert_eq!(of_thing[0]["set"][0], json!({"path": "secret", "secret": "set"}));
}

async fn who_took_a_role_by_which_request_and_rule() {
    let superset = Superset::start().await;
    let (ada, bob) = (superset.named("ada").await, superset.named("bob").await);
    let group = superset.group("analysts", &[&ada, &bob]).await;
    let remove =
        superset.checked_patch("Group", &json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]));
    let cx = Context::new(Principal::new("okta"), "req-7", superset.now()).with_address(Some([192, 0, 2, 7].into()));
    superset.store.patch(&cx, Modify::new(superset.of("Group"), &rid(&group), &remove)).await.unwrap();

    let about = AuditQuery::new().with_resource("ada").newest_first();
    let entries = superset.store.audit(&about.clone().with_action("members"), None).await.unwrap();
    let left = &entries[0];
    assert_eq!((&*left.principal, &*left.request_id, left.address.as_deref()), ("okta", "req-7", Some("192.0.2.7")));
    assert_eq!((left.name.as_deref(), &left.detail["removed"]), (Some("analysts"), &json!([ada])));
    assert_eq!(left.roles[0].role, "Alpha");
    assert_eq!(left.roles[0].rule.as_deref(), Some("rule 1, by the group `analysts`"));
    assert_eq!(left.change().unwrap().unwrap().members.removed, std::slice::from_ref(&ada));

    // A role of her own: that of those without a group, given again and taken by the next one.
    superset.add_member(&group, &ada).await;
    let revoked = superset.store.audit(&about.with_action("revoke"), None).await.unwrap();
    assert_eq!((&revoked[0].detail["role"], revoked[0].rule.as_deref()), (&json!("Gamma"), Some("default roles")));
    let by_request = AuditQuery::new().with_why("req-7");
    assert!(superset.store.audit(&by_request, None).await.unwrap().iter().all(|entry| entry.principal == "okta"));
    assert!(superset.store.audit(&AuditQuery::new().with_principal("nobody"), None).await.unwrap().is_empty());
    let by_rule = superset.store.audit(&AuditQuery::new().with_why("group `analysts`"), None).await.unwrap();
    assert_eq!(by_rule.iter().map(|entry| &*entry.action).collect::<Vec<_>>(), ["grant"]);
    let later = AuditQuery::new().with_from(superset.now());
    assert!(superset.store.audit(&later, None).await.unwrap().is_empty());
    let mut walked = 0;
    let mut after = None;
    loop {
        let page = superset.store.audit(&AuditQuery::new(), after).await.unwrap();
        let Some(last) = page.last() else { break };
        (walked, after) = (walked + page.len(), Some(last.position));
    }
    assert_eq!(superset.value("SELECT count(*) FROM scim_audit").await, walked.to_string());
}

/// A few hundred requests with a secret in every place where one can be.
async fn what_is_planted_is_in_no_row() {
    let superset = Superset::start().await;
    let planted = "Pl4nted-Sekret";
    for number in 0..100 {
        let name = format!("u{number}");
        let user = superset.user(json!({"userName": name, "password": format!("{planted}-a{number}")})).await;
        let secret = json!({"serial": name, "code": number, "secret": format!("{planted}-b{number}")});
        let thing = superset.create("Thing", secret).await.unwrap();
        let thing = thing.id().unwrap().into_owned();
        match number % 4 {
            0 => drop(superset.set("User", &user, "password", json!(format!("{planted}-c{number}"))).await.unwrap()),
            1 => {
                let content = json!({"userName": name, "title": "Dr", "password": format!("{planted}-d{number}")});
                superset.replace("User", &user, content).await.unwrap();
            }
            2 => drop(superset.set("Thing", &thing, "secret", json!(format!("{planted}-e{number}"))).await.unwrap()),
            _ => {
                superset.patch("Thing", &thing, json!([{"op": "remove", "path": "secret"}])).await.unwrap();
                superset.delete("User", &user).await.unwrap();
            }
        }
    }
    let columns = "coalesce(changes, '') || detail || coalesce(rule, '') || request_id || principal";
    let rows = superset.column(&format!("SELECT {columns} FROM scim_audit")).await;
    assert!(rows.len() > 300, "{}", rows.len());
    assert!(rows.iter().any(|row| row.contains(r#"{"path":"password","secret":"set"}"#)));
    assert!(!rows.iter().any(|row| row.contains(planted) || row.contains("scrypt")));
}
