//! What kind of Superset this is, told by its tables. A version number says less: which Flask-AppBuilder it runs on decides.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::connect::ConnectError;

/// The security tables that not every Superset has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SecurityTables {
    /// `ab_group` and `ab_user_group`: groups are visible in Superset.
    pub(super) groups: bool,
    /// `ab_group_role`: groups can hold roles.
    pub(super) group_roles: bool,
    /// `ab_api_key`: users can have keys.
    pub(super) api_keys: bool,
}

const REQUIRED: [(&str, &[&str]); 3] = [
    (
        "ab_user",
        &["id", "first_name", "last_name", "username", "password", "active", "email", "created_on", "changed_on"],
    ),
    ("ab_role", &["id", "name"]),
    ("ab_user_role", &["id", "user_id", "role_id"]),
];

/// Judges the tables of a database, given as table and columns.
pub(super) fn probe(found: &BTreeMap<String, BTreeSet<String>>) -> Result<SecurityTables, ConnectError> {
    let has = |table: &str, columns: &[&str]| {
        found.get(table).is_some_and(|found| columns.iter().all(|column| found.contains(*column)))
    };
    let mut missing = Vec::new();
    for (table, columns) in REQUIRED {
        match found.get(table) {
            None => missing.push(table.to_owned()),
            Some(found) => {
                let absent = columns.iter().filter(|column| !found.contains(**column));
                missing.extend(absent.map(|column| format!("{table}.{column}")));
            }
        }
    }
    if !missing.is_empty() {
        return Err(ConnectError::NoSecurityTables { missing: missing.join(", ") });
    }
    if found.contains_key("subjects") {
        tracing::warn!("the table `subjects` is not kept up to date: this Superset is newer than this library knows");
    }
    let groups = has("ab_group", &["id", "name", "label"]) && has("ab_user_group", &["id", "user_id", "group_id"]);
    Ok(SecurityTables {
        groups,
        group_roles: groups && has("ab_group_role", &["id", "group_id", "role_id"]),
        api_keys: has("ab_api_key", &["user_id", "active", "revoked_on"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(tables: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let columns = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect();
        tables.iter().map(|(name, names)| ((*name).to_owned(), columns(names))).collect()
    }

    #[test]
    fn an_older_superset_has_no_groups() {
        let tables = tables(&REQUIRED);
        assert_eq!(probe(&tables).unwrap(), SecurityTables { groups: false, group_roles: false, api_keys: false });
    }

    #[test]
    fn a_refusal_names_what_is_missing_and_what_to_do() {
        let refusal = probe(&BTreeMap::new()).unwrap_err().to_string();
        assert!(refusal.contains("(ab_user, ab_role, ab_user_role not found)"), "{refusal}");
        assert!(refusal.contains("superset db upgrade"), "{refusal}");
        let mut old = tables(&REQUIRED);
        old.get_mut("ab_user").unwrap().remove("email");
        assert!(probe(&old).unwrap_err().to_string().contains("(ab_user.email not found)"));
    }
}
