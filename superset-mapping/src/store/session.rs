//! One call of the store: a transaction, and what every step of the call needs to know.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use scim_service::StoreError;

use crate::driver::Transaction;
use crate::rules::RuleSet;
use crate::store::LOCAL_TIME;
use crate::store::connect::SupersetStore;
use crate::store::schema_probe::SecurityTables;

/// A call under way. Its steps are in the files of their concepts: records, users, groups, membership, roles.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) transaction: Transaction,
    pub(super) tables: SecurityTables,
    pub(super) rules: &'a RuleSet,
    pub(super) tenant: &'a str,
    pub(super) now: DateTime<Utc>,
    /// The roles of Superset by name, once they were asked for, and those that it was found not to have.
    pub(super) role_ids: BTreeMap<String, Option<i64>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(transaction: Transaction, store: &'a SupersetStore, tenant: &'a str, now: DateTime<Utc>) -> Self {
        Self { transaction, tables: store.tables, rules: &store.rules, tenant, now, role_ids: BTreeMap::new() }
    }

    /// The time of the call, as Superset's tables have it.
    pub(super) fn local_now(&self) -> String {
        self.now.format(LOCAL_TIME).to_string()
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_and_no_zone() {
        let now = scim_core::parse_date_time("2026-11-24T01:02:03.0045Z").unwrap();
        assert_eq!(now.format(LOCAL_TIME).to_string(), "2026-11-24 01:02:03.004500");
        let whole = scim_core::parse_date_time("2026-11-24T01:02:03Z").unwrap();
        assert_eq!(whole.format(LOCAL_TIME).to_string(), "2026-11-24 01:02:03.000000");
    }
}
