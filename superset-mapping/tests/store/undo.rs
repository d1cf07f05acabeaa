//! What a client did is taken back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use scim_core::{Resource, SchemaSet};
use scim_service::{Context, Create, Delete, Modify, Principal, Replace, Store, StoreError};
use serde_json::{Value, json};
use superset_mapping::reconcile::DriftOptions;
use superset_mapping::undo::{UndoKind, UndoOptions, UndoReport};

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of, rid};

pub(crate) const CASES: &[Case] = cases![
    a_thousand_mixed_changes_are_taken_back,
    what_others_changed_since_is_left_and_told,
    who_asserted_something_before_the_client_asserts_it_again,
    a_deleted_user_comes_back_as_the_same_one,
    secrets_and_tenants,
    whom_the_audit_cannot_tell_from_others_nothing_is_taken_back_of,
];

const RULES: &str = r#"
    default_roles = ["Gamma"]
    sources = ["scim", "client:test"]
    [[rule]]
    group = "g1"
    from = "scim"
    roles = ["Alpha"]
    [[rule]]
    when = 'title eq "lead"'
    from = "scim"
    roles = ["sql_lab"]
    [[rule]]
    group_external_id = "grp-exec"
    client = "test"
    roles = ["Admin"]
    grants_protected = true
"#;

const TITLES: [&str; 3] = ["lead", "member", "boss"];

/// Writes as one client.
struct Client<'s> {
    superset: &'s Superset,
    name: &'static str,
}

impl Client<'_> {
    fn cx(&self) -> Context {
        Context::new(Principal::new(self.name), "r", self.superset.now()).with_says_active(true)
    }

    async fn create(&self, of: &str, resource: Value) -> Result<String, StoreError> {
        let resource = self.superset.resource(of, resource);
        let written = self.superset.store.create(&self.cx(), Create::new(self.superset.of(of), resource)).await?;
        Ok(id_of(&written.resource))
    }

    async fn patch(&self, of: &str, id: &str, operations: Value) -> Result<(), StoreError> {
        let patch = self.superset.checked_patch(of, &operations);
        let id = rid(id);
        let modify = Modify::new(self.superset.of(of), &id, &patch);
        self.superset.store.patch(&self.cx(), modify).await.map(drop)
    }

    async fn set(&self, id: &str, path: &str, value: Value) -> Result<(), StoreError> {
        self.patch("User", id, json!([{"op": "replace", "path": path, "value": value}])).await
    }

    async fn put(&self, id: &str, user: Value) -> Result<(), StoreError> {
        let resource = self.superset.resource("User", user);
        let id = rid(id);
        let replace = Replace::new(self.superset.of("User"), &id, resource);
        self.superset.store.replace(&self.cx(), replace).await.map(drop)
    }

    async fn delete(&self, of: &str, id: &str) -> Result<(), StoreError> {
        self.superset.store.delete(&self.cx(), Delete::new(self.superset.of(of), &rid(id))).await.map(drop)
    }

    async fn join(&self, group: &str, member: &str) -> Result<(), StoreError> {
        self.patch("Group", group, json!([{"op": "add", "path": "members", "value": [{"value": member}]}])).await
    }

    async fn leave(&self, group: &str, member: &str) -> Result<(), StoreError> {
        let path = format!("members[value eq \"{member}\"]");
        self.patch("Group", group, json!([{"op": "remove", "path": path}])).await
    }
}

/// All that rules, SCIM and Superset have of live resources, but versions and times.
async fn snapshot(superset: &Superset) -> Vec<String> {
    let user = "SELECT 'user ' || r.id || ' ' || u.username || '|' || u.first_name || '|' || u.last_name || '|' || u.email || '|' || \
                (CASE WHEN u.active IS TRUE THEN 'on' ELSE 'off' END) FROM ab_user u LEFT JOIN scim_resource r \
                ON r.local_id = u.id AND r.resource_type = 'User' WHERE r.id IS NOT NULL ORDER BY 1";
    let statements = [
        user,
        "SELECT 'role ' || u.username || ' ' || r.name FROM ab_user_role ur JOIN ab_user u ON u.id = ur.user_id \
         JOIN ab_role r ON r.id = ur.role_id ORDER BY 1",
        "SELECT 'in ' || u.username || ' ' || g.name FROM ab_user_group ug JOIN ab_user u ON u.id = ug.user_id \
         JOIN ab_group g ON g.id = ug.group_id ORDER BY 1",
        "SELECT 'group ' || g.name || ' ' || coalesce(r.id, '-') FROM ab_group g LEFT JOIN scim_resource r \
         ON r.local_id = g.id AND r.resource_type = 'Group' ORDER BY 1",
        "SELECT 'group role ' || g.name || ' ' || r.name FROM ab_group_role gr JOIN ab_group g ON g.id = gr.group_id \
         JOIN ab_role r ON r.id = gr.role_id ORDER BY 1",
        "SELECT 'grant ' || g.relation || ' ' || u.username || ' ' || r.name || ' ' || g.source FROM scim_grant g \
         JOIN ab_user u ON u.id = g.holder_id JOIN ab_role r ON r.id = g.held_id WHERE g.relation = 'ab_user_role' ORDER BY 1",
        "SELECT 'resource ' || id || ' ' || resource_type || ' ' || coalesce(external_id, '-') || ' ' || display || ' ' || source \
         || ' ' || active || ' ' || display_name_key FROM scim_resource ORDER BY 1",
        "SELECT 'member ' || group_id || ' ' || member_id || ' ' || source FROM scim_member ORDER BY 1",
        "SELECT 'unique ' || resource_type || ' ' || attribute || ' ' || resource_id FROM scim_unique ORDER BY 1",
        "SELECT 'value ' || resource_type || ' ' || attribute || ' ' || resource_id FROM scim_value ORDER BY 1",
        "SELECT 'count ' || resource_type || ' ' || active || ' ' || total FROM scim_count WHERE total <> 0 ORDER BY 1",
    ];
    let mut all = Vec::new();
    for statement in statements {
        all.extend(superset.column(statement).await);
    }
    let ids = superset.column("SELECT id FROM scim_resource ORDER BY id").await;
    let bodies = superset.column("SELECT body FROM scim_resource ORDER BY id").await;
    for (id, body) in ids.into_iter().zip(bodies) {
        let mut body: Value = serde_json::from_str(&body).unwrap();
        // What the other client writes meanwhile.
        body.as_object_mut().unwrap().remove("nickName");
        all.push(format!("body {id} {body}"));
    }
    all.sort();
    all
}

fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let missing = before.iter().filter(|line| !after.contains(line)).map(|line| format!("- {line}"));
    let more = after.iter().filter(|line| !before.contains(line)).map(|line| format!("+ {line}"));
    missing.chain(more).collect()
}

async fn undo(superset: &Superset, options: &UndoOptions) -> UndoReport {
    superset.store.undo(&SchemaSet::builtin(), options).await.unwrap()
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }
}

async fn is_member(superset: &Superset, group: &str, user: &str) -> bool {
    let pair = format!("SELECT count(*) FROM scim_member WHERE group_id = '{group}' AND member_id = '{user}'");
    superset.value(&pair).await != "0"
}

/// What was left but what the other client wrote since.
fn left(report: &UndoReport) -> Vec<String> {
    let left = report.steps.iter().filter(|step| step.kind.is_left() && !step.what.contains("`nickName`: `test`"));
    left.map(|step| format!("{step:?}")).collect()
}

/// A directory of the first client, and a thousand changes of the second with some of the first between; when those began.
async fn a_thousand_changes(superset: &Superset) -> (Vec<String>, DateTime<Utc>) {
    let (test, entra) = (Client { superset, name: "test" }, Client { superset, name: "entra" });
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for number in 0..160 {
        let user = json!({
            "userName": format!("user{number}"), "externalId": format!("x{number}"), "title": TITLES[number % 2],
            "name": {"givenName": format!("Given{number}"), "familyName": "Family"}, "active": number % 9 != 0,
            "emails": [{"value": format!("user{number}@example.com"), "primary": true}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D", "employeeNumber": number.to_string()}
        });
        users.push(test.create("User", user).await.unwrap());
    }
    for number in 0..12 {
        let members: Vec<Value> = (0..12).map(|member| json!({"value": users[(number * 13 + member) % 160]})).collect();
        let mut group = json!({"displayName": format!("g{number}"), "members": members});
        if number == 3 {
            group["externalId"] = json!("grp-exec");
        }
        groups.push(test.create("Group", group).await.unwrap());
    }
    test.join(&groups[1], &groups[2]).await.unwrap();
    // The second client has written before, too.
    entra.join(&groups[4], &users[0]).await.unwrap();
    entra.set(&users[1], "title", json!("lead")).await.unwrap();
    let before = snapshot(superset).await;
    let since = superset.now();

    let mut dice = Dice(7);
    let mut done = 0;
    let (mut made, mut made_groups) = (0, 0);
    while done < 1_000 {
        let user = users[dice.roll(users.len())].clone();
        let group = groups[dice.roll(groups.len())].clone();
        let outcome = match dice.roll(20) {
            0 | 1 => {
                made += 1;
                let user = json!({"userName": format!("new{made}"), "title": "lead", "active": true});
                entra.create("User", user).await.map(|id| users.push(id))
            }
            2 if made_groups < 15 => {
                made_groups += 1;
                let group = json!({"displayName": format!("new group {made_groups}"), "members": [{"value": user}]});
                entra.create("Group", group).await.map(|id| groups.push(id))
            }
            3..=5 => entra.set(&user, "title", json!(TITLES[dice.roll(3)])).await,
            6 => entra.set(&user, "name.givenName", json!(format!("Changed{done}"))).await,
            7 => entra.set(&user, "userName", json!(format!("renamed{done}"))).await,
            8 => {
                let emails = json!([{"value": format!("changed{done}@example.com"), "primary": true}]);
                entra.set(&user, "emails", emails).await
            }
            9 => {
                let path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
                entra.set(&user, path, json!(format!("E{done}"))).await
            }
            10 => entra.put(&user, json!({"userName": format!("put{done}"), "active": dice.roll(2) == 0})).await,
            11 | 12 => entra.set(&user, "active", json!(dice.roll(4) == 0)).await,
            13 => entra.delete("User", &user).await,
            14 if dice.roll(5) == 0 => entra.delete("Group", &group).await,
            // Who asserts a membership that is there already is in no record.
            15 | 16 if !is_member(superset, &group, &user).await => entra.join(&group, &user).await,
            17 | 18 => entra.leave(&group, &user).await,
            19 => {
                let name = json!([{"op": "replace", "path": "displayName", "value": format!("team {done}")}]);
                entra.patch("Group", &group, name).await
            }
            _ => continue,
        };
        match outcome {
            Ok(()) => done += 1,
            Err(StoreError::NotFound | StoreError::Uniqueness { .. } | StoreError::Refused { .. }) => continue,
            Err(other) => panic!("{other}"),
        }
        // Another client works, too, on what the second one did not make: it is not undone.
        if done % 7 == 0 {
            // The second client asserts the second user from before.
            let mine = users[2 + dice.roll(158)].clone();
            let _ = test.set(&mine, "nickName", json!(format!("nick{done}"))).await;
        }
    }
    (before, since)
}

async fn a_thousand_mixed_changes_are_taken_back() {
    let superset = Superset::with_rules(RULES).await;
    let (before, since) = a_thousand_changes(&superset).await;
    let changed = snapshot(&superset).await;
    assert!(differences(&before, &changed).len() > 500);
    let options = UndoOptions::new("entra", since);

    let audit = "SELECT count(*) FROM scim_audit";
    let records = superset.value(audit).await;
    let plan = undo(&superset, &options.clone().with_dry_run()).await;
    assert_eq!((snapshot(&superset).await == changed, superset.value(audit).await), (true, records));
    assert!(plan.count(UndoKind::Restored) > 10 && plan.count(UndoKind::Deleted) > 10, "{plan}");

    // Whoever is interrupted begins again.
    for millis in [40, 160, 320] {
        let run = undo(&superset, &options);
        let _ = tokio::time::timeout(Duration::from_millis(millis), run).await;
    }
    let report = undo(&superset, &options).await;
    let after = snapshot(&superset).await;
    assert_eq!(differences(&before, &after), Vec::<String>::new(), "{report}");
    assert_eq!(left(&report), Vec::<String>::new());
    let drift = superset.store.drift(&DriftOptions::new().with_local("admin"), &()).await.unwrap();
    let open: Vec<_> = drift.findings.iter().filter(|finding| finding.kind.as_str() != "user_unmanaged").collect();
    assert!(open.is_empty(), "{drift}");
    let nicks = superset.value("SELECT count(*) FROM scim_resource WHERE body LIKE '%nickName%'").await;
    assert!(nicks.parse::<u32>().unwrap() > 50, "{nicks}");

    let again = undo(&superset, &options).await;
    assert!(again.steps.iter().all(|step| step.kind.is_left()) && left(&again).is_empty(), "{again}");
}

async fn what_others_changed_since_is_left_and_told() {
    let superset = Superset::with_rules(RULES).await;
    let (test, entra) = (Client { superset: &superset, name: "test" }, Client { superset: &superset, name: "entra" });
    let ada = test.create("User", json!({"userName": "ada", "title": "a", "displayName": "A"})).await.unwrap();
    let group = test.create("Group", json!({"displayName": "g1", "members": [{"value": ada}]})).await.unwrap();
    let since = superset.now();
    entra.set(&ada, "title", json!("b")).await.unwrap();
    entra.set(&ada, "displayName", json!("B")).await.unwrap();
    let bob = entra.create("User", json!({"userName": "bob", "active": true})).await.unwrap();
    entra.join(&group, &bob).await.unwrap();
    let team = entra.create("Group", json!({"displayName": "team"})).await.unwrap();
    test.set(&ada, "title", json!("c")).await.unwrap();
    test.set(&bob, "title", json!("Dr")).await.unwrap();
    test.join(&team, &ada).await.unwrap();

    let options = UndoOptions::new("entra", since);
    let report = undo(&superset, &options).await;
    let told = |kind: UndoKind| {
        let steps = report.steps.iter().filter(|step| step.kind == kind);
        steps.map(|step| format!("{} {}", step.name.as_deref().unwrap_or("-"), step.what)).collect::<Vec<_>>()
    };
    assert_eq!(told(UndoKind::Set), ["B displayName"]);
    assert_eq!(told(UndoKind::Deactivated), ["bob not deleted, because it was changed since by test"]);
    let mut left = told(UndoKind::Conflict);
    left.sort();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].contains("`title`: `test` has changed it since"), "{left:?}");
    assert!(left[1].contains("the client made it, and it was changed since by test"), "{left:?}");
    assert_eq!(told(UndoKind::Members), ["g1 0 come back, 1 leave"]);
    assert!(superset.get("User", &bob).await.unwrap().is_inactive());
    let title = |user: &Resource| user.text("title").map(std::borrow::Cow::into_owned);
    assert_eq!(title(&superset.get("User", &ada).await.unwrap()).as_deref(), Some("c"));

    let forced = undo(&superset, &options.with_force()).await;
    assert_eq!((forced.count(UndoKind::Deleted), forced.count(UndoKind::Set)), (2, 1), "{forced}");
    assert_eq!(title(&superset.get("User", &ada).await.unwrap()).as_deref(), Some("a"));
    assert!(superset.get("User", &bob).await.is_err());
}

async fn who_asserted_something_before_the_client_asserts_it_again() {
    let superset = Superset::with_rules(RULES).await;
    let (test, entra) = (Client { superset: &superset, name: "test" }, Client { superset: &superset, name: "entra" });
    let ada = test.create("User", json!({"userName": "ada"})).await.unwrap();
    let exec = json!({"displayName": "exec", "externalId": "grp-exec", "members": [{"value": ada}]});
    let exec = test.create("Group", exec).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    let since = superset.now();
    // A rule that believes the first client alone no longer gives the role.
    entra.set(&ada, "title", json!("x")).await.unwrap();
    entra.leave(&exec, &ada).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    undo(&superset, &UndoOptions::new("entra", since)).await;
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    // Once more: what a run put back is on the word of the first client still.
    let later = superset.now();
    entra.leave(&exec, &ada).await.unwrap();
    undo(&superset, &UndoOptions::new("entra", later)).await;
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    assert_eq!(superset.column("SELECT DISTINCT source FROM scim_member").await, ["client:test"]);

    // One that the client gave by itself is not made anybody else's.
    let bob = test.create("User", json!({"userName": "bob"})).await.unwrap();
    entra.join(&exec, &bob).await.unwrap();
    let since = superset.now();
    entra.delete("User", &bob).await.unwrap();
    undo(&superset, &UndoOptions::new("entra", since)).await;
    let source = superset.value(&format!("SELECT source FROM scim_member WHERE member_id = '{bob}'")).await;
    assert_eq!((source.as_str(), superset.roles("bob").await), ("client:entra", vec!["Gamma".to_owned()]));
}

async fn a_deleted_user_comes_back_as_the_same_one() {
    let superset = Superset::with_rules(RULES).await;
    let (test, entra) = (Client { superset: &superset, name: "test" }, Client { superset: &superset, name: "entra" });
    let ada = json!({"userName": "ada", "externalId": "x1", "emails": [{"value": "ada@example.com"}]});
    let ada = test.create("User", ada).await.unwrap();
    let row = superset.row_of("ada").await;
    let since = superset.now();
    entra.delete("User", &ada).await.unwrap();
    // Somebody else gets the name, and with it a row of their own.
    let other = entra.create("User", json!({"userName": "ada"})).await.unwrap();
    assert_ne!(superset.row_of("ada").await, row);
    let report = undo(&superset, &UndoOptions::new("entra", since)).await;
    assert!(!report.leaves_something(), "{report}");
    assert_eq!(superset.row_of("ada").await, row);
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    let back = superset.get("User", &ada).await.unwrap();
    assert_eq!(back.text("externalId").as_deref(), Some("x1"));
    assert!(superset.get("User", &other).await.is_err());
    // It can be deleted once more, and come back once more.
    let since = superset.now();
    entra.delete("User", &ada).await.unwrap();
    undo(&superset, &UndoOptions::new("entra", since)).await;
    assert!(superset.get("User", &ada).await.is_ok());
}

async fn secrets_and_tenants() {
    let superset = Superset::with_rules(RULES).await;
    let entra = Client { superset: &superset, name: "entra" };
    let ada = entra.create("User", json!({"userName": "ada", "title": "a"})).await.unwrap();
    let since = superset.now();
    entra
        .patch("User", &ada, json!([{"op": "replace", "path": "password", "value": "correct horse battery"}]))
        .await
        .unwrap();
    let elsewhere = UndoOptions::new("entra", since).with_tenant("acme");
    assert!(undo(&superset, &elsewhere).await.is_empty());
    assert!(undo(&superset, &UndoOptions::new("okta", since)).await.is_empty());
    let until = UndoOptions::new("entra", since).with_until(since);
    assert!(undo(&superset, &until).await.is_empty());
    let report = undo(&superset, &UndoOptions::new("entra", since)).await;
    assert_eq!((report.count(UndoKind::Secret), report.leaves_something()), (1, true), "{report}");
    assert!(!format!("{report}").contains("horse"));
}

async fn whom_the_audit_cannot_tell_from_others_nothing_is_taken_back_of() {
    let superset = Superset::with_rules(RULES).await;
    let entra = Client { superset: &superset, name: "entra" };
    let since = superset.now();
    entra.create("User", json!({"userName": "ada"})).await.unwrap();
    let options = UndoOptions::new("entra", since);
    let refused = async || {
        let outcome = superset.store.undo(&SchemaSet::builtin(), &options.clone().with_dry_run()).await;
        matches!(outcome, Err(StoreError::Refused { .. }))
    };
    assert!(!refused().await);
    let source = |name: &str| {
        format!("INSERT INTO scim_source (source, position, first_at) VALUES ('{name}', 99, '2026-11-24T10:00:00Z')")
    };
    superset.run(&source("client:undo")).await;
    assert!(refused().await);
    superset.run("DELETE FROM scim_source WHERE source = 'client:undo'").await;
    assert!(!refused().await);
    superset.run(&source("provider:entra")).await;
    assert!(refused().await);
}
