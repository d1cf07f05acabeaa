//! A directory as the second version of the auxiliary tables had it, filled by statements, and opened by this one.

use superset_mapping::{RuleSet, SupersetStore};

use crate::engine::{Database, Kind, Tables};
use crate::harness::engine;

/// The groups: one with every second user, and small ones.
pub(crate) const GROUPS: usize = 60;
/// How many rows one statement writes.
const ROWS: usize = 500;

pub(crate) struct Directory {
    pub(crate) store: SupersetStore,
    pub(crate) users: usize,
    _database: Database,
}

impl Directory {
    pub(crate) async fn of(users: usize) -> Self {
        let database = Database::create(&engine()).await;
        let sql = Tables::open(&database.url).await;
        let steps = match engine().kind {
            Kind::Sqlite => [
                include_str!("../../../sql/auxiliary_tables_1.sqlite.sql"),
                include_str!("../../../sql/auxiliary_tables_2.sqlite.sql"),
            ],
            Kind::Postgres => [
                include_str!("../../../sql/auxiliary_tables_1.postgres.sql"),
                include_str!("../../../sql/auxiliary_tables_2.postgres.sql"),
            ],
            Kind::MySql => [
                include_str!("../../../sql/auxiliary_tables_1.mysql.sql"),
                include_str!("../../../sql/auxiliary_tables_2.mysql.sql"),
            ],
        };
        let versions =
            "CREATE TABLE scim_schema_version (version BIGINT NOT NULL PRIMARY KEY, applied_at VARCHAR(40) NOT NULL)";
        sql.run(versions).await;
        for (version, step) in (1..).zip(steps) {
            sql.run(step).await;
            sql.run(&format!("INSERT INTO scim_schema_version VALUES ({version}, 'x')")).await;
        }
        fill(&sql, users).await;
        let store = SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap();
        sql.run(match engine().kind {
            Kind::Sqlite => "ANALYZE",
            Kind::Postgres => "VACUUM ANALYZE",
            Kind::MySql => "ANALYZE TABLE ab_user, scim_resource, scim_unique, scim_value, scim_member, scim_count",
        })
        .await;
        sql.close().await;
        Self { store, users, _database: database }
    }
}

/// The id of the user with this number: ids are in no order that anything else is in.
pub(crate) fn user_id(number: usize) -> String {
    format!("{:08x}", u32::try_from(number).unwrap().wrapping_mul(2_654_435_761))
}

pub(crate) fn group_id(number: usize) -> String {
    format!("group-{number}")
}

/// When the user was changed last.
pub(crate) fn modified(number: usize) -> String {
    format!(
        "2026-01-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        1 + number / 400_000,
        number / 20_000 % 20,
        number / 400 % 50,
        number / 10 % 40,
        number % 10
    )
}

/// A user, as a client would send it: one in a hundred is inactive, of one in ten nothing is said, and names are shared.
pub(crate) fn user(number: usize) -> serde_json::Value {
    let name = format!("User{number}@example.com");
    let mut user = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": format!("e-{number}"),
        "userName": name,
        "emails": [{"value": name, "type": "work"}],
    });
    match number % 100 {
        0 => user["active"] = false.into(),
        1..=10 => {}
        _ => user["active"] = true.into(),
    }
    if !number.is_multiple_of(7) {
        user["displayName"] = format!("Ünal {}", number % 1000).into();
    }
    user
}

async fn fill(sql: &Tables, users: usize) {
    let insert = async |into: &str, rows: &mut dyn Iterator<Item = String>| {
        let rows: Vec<String> = rows.collect();
        for rows in rows.chunks(ROWS) {
            sql.run(&format!("INSERT INTO {into} VALUES {}", rows.join(", "))).await;
        }
    };
    let every = || 0..users;
    insert(
        "ab_user (id, first_name, last_name, username, email, active, created_on)",
        &mut every().map(|number| {
            let name = format!("User{number}@example.com");
            format!("({}, 'F', 'L', '{name}', '{name}', TRUE, '2026-01-01 00:00:00.000000')", number + 1000)
        }),
    )
    .await;
    let mark = if engine().kind == Kind::Sqlite { "2026-01-01 00:00:00.000000" } else { "" };
    let columns = "scim_resource (id, tenant, resource_type, local_id, local_mark, external_id, external_key, display, body, version, \
                   created, last_modified)";
    insert(
        columns,
        &mut every().map(|number| {
            let (body, time) = (user(number), modified(number));
            let display = body["displayName"].as_str().or(body["userName"].as_str()).unwrap_or_default().to_owned();
            let id = user_id(number);
            format!(
                "('{id}', '', 'User', {}, '{mark}', 'e-{number}', 'e-{number}', '{display}', '{body}', 1, '{time}', '{time}')",
                number + 1000
            )
        }),
    )
    .await;
    insert(
        columns,
        &mut (0..GROUPS).map(|number| {
            let (id, name, time) = (group_id(number), format!("Group {number}"), modified(number));
            let body =
                serde_json::json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name});
            format!("('{id}', '', 'Group', NULL, NULL, NULL, NULL, '{name}', '{body}', 1, '{time}', '{time}')")
        }),
    )
    .await;
    let names = |folded: fn(usize) -> String, of: &'static str, attribute: &'static str, id: fn(usize) -> String| {
        move |number| format!("('', '{of}', '{attribute}', '{}', '{}')", folded(number), id(number))
    };
    let user_name = |number| format!("user{number}@example.com");
    insert("scim_unique", &mut every().map(names(user_name, "User", "userName", user_id))).await;
    insert("scim_value", &mut every().map(names(user_name, "User", "emails.value", user_id))).await;
    let group_name = |number| format!("group {number}");
    for table in ["scim_unique", "scim_value"] {
        insert(table, &mut (0..GROUPS).map(names(group_name, "Group", "displayName", group_id))).await;
    }
    let in_groups = (0..users).step_by(2).map(|number| (0, number));
    let small = (1..GROUPS).flat_map(|group| (0..10).map(move |place| (group, (group * 31 + place) % users)));
    insert(
        "scim_member (tenant, group_id, member_id, member_key)",
        &mut in_groups.chain(small).map(|(group, number)| {
            let user = user_id(number);
            format!("('', '{}', '{user}', '{user}')", group_id(group))
        }),
    )
    .await;
}
