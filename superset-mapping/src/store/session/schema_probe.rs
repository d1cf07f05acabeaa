//! What kind of Superset this is, told by its tables. A version number says less: which Flask-AppBuilder it runs on decides.

use crate::driver::Catalogue;
use crate::sql::{
    AB_GROUP, AB_GROUP_ROLE, AB_PERMISSION_VIEW_ROLE, AB_ROLE, AB_USER, AB_USER_GROUP, AB_USER_ROLE, Dialect, Ids,
    SUBJECTS, Table, USER_ATTRIBUTE,
};
use crate::store::session::connect_error::ConnectError;

/// The security tables that there are, and where their ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says whether something is there")]
pub(crate) struct SecurityTables {
    /// `ab_group` and `ab_user_group`: groups are visible in Superset.
    pub(crate) groups: bool,
    /// `ab_group_role`: groups can hold roles.
    pub(crate) group_roles: bool,
    /// `ab_api_key`: users can have keys.
    pub(crate) api_keys: bool,
    /// `ab_permission_view_role`: what roles permit.
    pub(crate) permissions: bool,
    /// `user_attribute.sessions_invalidated_at`: since when sessions of a user count.
    pub(crate) session_ends: bool,
    /// What users own in person: tables that name users, and the column of what they own.
    pub(crate) owners: Vec<(&'static str, &'static str)>,
    /// The same by subjects: tables of those who may edit something, and its column.
    pub(crate) editors: Vec<(String, String)>,
    /// `report_schedule`: alerts and reports.
    pub(crate) reports: bool,
    /// `subjects.uuid` is there.
    pub(crate) subject_uuids: bool,
    /// `subjects.extra_search` is there.
    pub(crate) subject_search: bool,
    /// `subjects`, which mirrors users and groups for the permissions of single dashboards.
    pub(crate) subjects: bool,
    /// `ab_user` holds only characters of at most three bytes in UTF-8.
    pub(crate) narrow_users: bool,
    /// The same for `ab_group`.
    pub(crate) narrow_groups: bool,
    /// The tables that ask a sequence for ids.
    by_sequence: Vec<&'static str>,
}

impl SecurityTables {
    pub(in crate::store) fn ids(&self, table: &Table) -> Ids {
        if self.by_sequence.contains(&table.name) { Ids::Sequence } else { Ids::Column }
    }
}

const REQUIRED: [(&str, &[&str]); 3] = [
    (
        "ab_user",
        &["id", "first_name", "last_name", "username", "password", "active", "email", "created_on", "changed_on"],
    ),
    ("ab_role", &["id", "name"]),
    ("ab_user_role", &["id", "user_id", "role_id"]),
];

const SUBJECT_COLUMNS: [&str; 7] = ["id", "label", "secondary_label", "active", "type", "user_id", "group_id"];

/// The tables of owners, and their columns of what is owned.
const OWNERS: [(&str, &str); 4] = [
    ("dashboard_user", "dashboard_id"),
    ("slice_user", "slice_id"),
    ("sqlatable_user", "table_id"),
    ("report_schedule_user", "report_schedule_id"),
];

/// The tables of those who may edit something: `subject_id` and one more column.
fn editors(found: &Catalogue) -> Vec<(String, String)> {
    let tables = found.tables.iter().filter(|(table, _)| table.ends_with("_editors"));
    let objects = tables.filter_map(|(table, columns)| {
        let mut objects = columns.iter().filter(|column| *column != "id" && *column != "subject_id");
        let object = objects.next().filter(|_| columns.contains("subject_id") && objects.next().is_none())?;
        Some((table.clone(), object.clone()))
    });
    objects.collect()
}

/// Judges the tables of a database.
pub(in crate::store) fn probe(found: &Catalogue, dialect: Dialect) -> Result<SecurityTables, ConnectError> {
    let has = |table: &str, columns: &[&str]| {
        found.tables.get(table).is_some_and(|found| columns.iter().all(|column| found.contains(*column)))
    };
    let mut missing = Vec::new();
    for (table, columns) in REQUIRED {
        match found.tables.get(table) {
            None => missing.push(table.to_owned()),
            Some(found) => {
                let absent = columns.iter().filter(|column| !found.contains(**column));
                missing.extend(absent.map(|column| format!("{table}.{column}")));
            }
        }
    }
    let groups = has("ab_group", &["id", "name", "label"]) && has("ab_user_group", &["id", "user_id", "group_id"]);
    let group_roles = groups && has("ab_group_role", &["id", "group_id", "role_id"]);
    let subjects = has("subjects", &SUBJECT_COLUMNS);
    let permissions = has("ab_permission_view_role", &["id", "permission_view_id", "role_id"]);
    let owners = OWNERS.into_iter().filter(|(table, object)| has(table, &["user_id", object])).collect();
    let editors = if subjects { editors(found) } else { Vec::new() };
    let session_ends = has("user_attribute", &["id", "user_id", "sessions_invalidated_at", "created_on", "changed_on"]);
    if !subjects && found.tables.contains_key("subjects") {
        tracing::warn!("the table `subjects` is none that this library knows, and is not kept up to date");
    }
    let mut by_sequence = Vec::new();
    // Those that no write needs, but one that makes a role, are not asked for.
    for (table, used) in [
        (&AB_USER, true),
        (&AB_USER_ROLE, true),
        (&AB_GROUP, groups),
        (&AB_USER_GROUP, groups),
        (&AB_GROUP_ROLE, group_roles),
        (&SUBJECTS, subjects),
        (&AB_ROLE, true),
        (&AB_PERMISSION_VIEW_ROLE, permissions),
        (&USER_ATTRIBUTE, session_ends),
    ] {
        let there = used && found.tables.contains_key(table.name);
        if there && dialect != Dialect::Sqlite && !found.own_ids.contains(table.name) {
            by_sequence.push(table.name);
            let needed = ![AB_ROLE.name, AB_PERMISSION_VIEW_ROLE.name].contains(&table.name);
            if needed && !found.sequences.contains(table.sequence) {
                missing.push(table.sequence.to_owned());
            }
        }
    }
    if !missing.is_empty() {
        return Err(ConnectError::NoSecurityTables { missing: missing.join(", ") });
    }
    let narrow = |table: &str| found.narrow.iter().any(|column| column.starts_with(table));
    let api_keys = has("ab_api_key", &["user_id", "active", "revoked_on"]);
    tracing::info!(groups, group_roles, api_keys, subjects, "found the security tables of Superset");
    Ok(SecurityTables {
        groups,
        group_roles,
        api_keys,
        permissions,
        owners,
        editors,
        reports: has("report_schedule", &["id", "name", "active"]),
        session_ends,
        subject_uuids: has("subjects", &["uuid"]),
        subject_search: has("subjects", &["extra_search"]),
        subjects,
        narrow_users: narrow("ab_user."),
        narrow_groups: narrow("ab_group."),
        by_sequence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(tables: &[(&str, &[&str])]) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for (table, columns) in tables {
            catalogue.own_ids.insert((*table).to_owned());
            let columns = columns.iter().map(|&column| column.to_owned()).collect();
            catalogue.tables.insert((*table).to_owned(), columns);
        }
        catalogue
    }

    #[test]
    fn an_older_superset_has_no_groups() {
        let tables = probe(&catalogue(&REQUIRED), Dialect::Postgres).unwrap();
        assert!(!tables.groups && !tables.group_roles && !tables.api_keys && !tables.subjects);
        assert_eq!(tables.ids(&AB_USER), Ids::Column);
    }

    #[test]
    fn a_refusal_names_what_is_missing_and_what_to_do() {
        let refusal = probe(&Catalogue::default(), Dialect::Postgres).unwrap_err().to_string();
        assert!(refusal.contains("(ab_user, ab_role, ab_user_role not found)"), "{refusal}");
        assert!(refusal.contains("superset db upgrade"), "{refusal}");
        let mut old = catalogue(&REQUIRED);
        old.tables.get_mut("ab_user").unwrap().remove("email");
        assert!(probe(&old, Dialect::Sqlite).unwrap_err().to_string().contains("(ab_user.email not found)"));
    }

    #[test]
    fn ids_come_from_a_sequence_where_the_column_has_none_and_the_sequence_must_be_there() {
        let mut found = catalogue(&REQUIRED);
        found.own_ids.clear();
        let refusal = probe(&found, Dialect::Postgres).unwrap_err().to_string();
        assert!(refusal.contains("(ab_user_id_seq, ab_user_role_id_seq not found)"), "{refusal}");
        found.sequences.extend(["ab_user_id_seq", "ab_user_role_id_seq"].map(str::to_owned));
        assert_eq!(probe(&found, Dialect::Postgres).unwrap().ids(&AB_USER), Ids::Sequence);
        found.sequences.clear();
        assert_eq!(probe(&found, Dialect::Sqlite).unwrap().ids(&AB_USER), Ids::Column);
    }
}
