//! A Superset that has been provisioned for a while: people, groups within groups, leavers, and what people made by hand and
//! may have made.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use superset_mapping::reconcile::DriftOptions;

use crate::support::Superset;

pub(crate) const RULES: &str = r#"
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    roles = ["Alpha"]
    [[rule]]
    group = "sql"
    roles = ["sql_lab"]
    [[rule]]
    when = 'title eq "lead"'
    roles = ["sql_lab"]
    [[rule]]
    group_external_id = "grp-exec"
    roles = ["Admin"]
    grants_protected = true
"#;

/// Members by number. `analysts` holds `juniors` and `outer` holds `inner` besides.
const GROUPS: [(&str, std::ops::Range<usize>); 10] = [
    ("juniors", 30..34),
    ("analysts", 0..10),
    ("sql", 5..15),
    ("exec", 0..1),
    ("inner", 15..20),
    ("outer", 0..0),
    ("north", 20..25),
    ("south", 25..30),
    ("doomed", 0..2),
    ("renamed", 2..4),
];

pub(crate) struct Population {
    pub(crate) superset: Superset,
    /// The SCIM ids of people and groups by name.
    pub(crate) ids: BTreeMap<String, String>,
}

/// The name of a person.
pub(crate) fn name(number: usize) -> String {
    format!("p{number:02}")
}

/// The accounts that are meant to be local.
pub(crate) fn options() -> DriftOptions {
    DriftOptions::new().with_local("Admin").with_local("svc").with_local("svc-off")
}

impl Population {
    pub(crate) async fn new() -> Self {
        let superset = Superset::with_rules(RULES).await;
        let mut ids = BTreeMap::new();
        for number in 0..46 {
            let title = if matches!(number, 34 | 35) { "lead" } else { "member" };
            let name = name(number);
            let user = json!({"userName": name, "displayName": format!("Person {number}"), "title": title});
            ids.insert(name, superset.user(user).await);
        }
        // Put there by hand before SCIM asks for it.
        let mut population = Self { superset, ids };
        for (group, members) in GROUPS {
            let mut members: Vec<Value> =
                members.map(|number| json!({ "value": population.ids[&name(number)] })).collect();
            let inner = match group {
                "analysts" => Some("juniors"),
                "outer" => Some("inner"),
                _ => None,
            };
            members.extend(inner.map(|inner| json!({ "value": population.ids[inner] })));
            let mut resource = json!({"displayName": group, "members": members});
            if group == "exec" {
                resource["externalId"] = json!("grp-exec");
            }
            let created = population.superset.create("Group", resource).await.unwrap();
            population.ids.insert(group.to_owned(), crate::support::id_of(&created));
        }
        population.leave().await;
        population.work_by_hand().await;
        population
    }

    /// People who were deactivated, and people and a group that were deleted.
    async fn leave(&mut self) {
        let key = |row: &str, name: &str| format!("'{name}', '{name}', 'hash', 'sst_', {row}, TRUE");
        let row = self.row(36).await;
        self.superset
            .by_hand("ab_api_key", "uuid, name, key_hash, key_prefix, user_id, active", &key(&row, "k1"))
            .await;
        for number in [36, 37, 38, 43] {
            self.superset.set("User", &self.ids[&name(number)], "active", json!(false)).await.unwrap();
        }
        for number in [39, 40, 41] {
            self.superset.delete("User", &self.ids[&name(number)]).await.unwrap();
        }
        let past = self.superset.group("past", &[&self.ids[&name(44)]]).await;
        self.superset.delete("Group", &past).await.unwrap();
    }

    /// What people made in Superset and what is all right: local accounts, and what is due anyway.
    async fn work_by_hand(&mut self) {
        self.superset.local_account("svc", "svc@local").await;
        self.superset.local_account("svc-off", "svc-off@local").await;
        self.superset.run("UPDATE ab_user SET active = FALSE WHERE username = 'svc-off'").await;
        let locals = [self.superset.row_of("svc").await, self.superset.row_of("svc-off").await];
        for local in &locals {
            self.grant("ab_user_role", local, "3").await;
            self.grant("ab_user_group", local, &self.group_row("analysts").await).await;
        }
        // The group gives it, so this row gives nothing more.
        self.grant("ab_user_role", &self.row(11).await, "5").await;
        self.grant("ab_user_role", &self.row(30).await, "3").await;
    }

    pub(crate) async fn row(&self, number: usize) -> String {
        self.superset.row_of(&name(number)).await
    }

    pub(crate) async fn group_row(&self, name: &str) -> String {
        self.superset.value(&format!("SELECT id FROM ab_group WHERE name = '{name}'")).await
    }

    /// A row that a person makes.
    pub(crate) async fn grant(&self, table: &str, holder: &str, held: &str) {
        self.superset.by_hand(table, columns(table), &format!("{holder}, {held}")).await;
    }

    /// A record that a row is ours.
    pub(crate) async fn claim(&self, table: &str, holder: &str, held: &str) {
        let values = format!("('{table}', {holder}, {held})");
        self.superset.run(&format!("INSERT INTO scim_grant (relation, holder_id, held_id) VALUES {values}")).await;
    }

    /// Takes a row away.
    pub(crate) async fn take(&self, table: &str, holder: &str, held: &str) {
        let (first, second) = columns(table).split_once(", ").unwrap();
        self.superset.run(&format!("DELETE FROM {table} WHERE {first} = {holder} AND {second} = {held}")).await;
    }
}

fn columns(table: &str) -> &'static str {
    match table {
        "ab_user_role" => "user_id, role_id",
        "ab_user_group" => "user_id, group_id",
        _ => "group_id, role_id",
    }
}
