//! How many resources there are, without counting them.

use std::collections::BTreeMap;

use scim_core::{Resource, TypeSchema};
use scim_service::StoreError;

use crate::driver::{DatabaseError, Transaction};
use crate::sql::{Active, Dialect, Fragment, Param};
use crate::store::session::Session;

/// The resources that are counted together: tenant, resource type, and `active` as the column has it.
pub(crate) type Counts = BTreeMap<(String, String, i64), i64>;

/// Counts the resources of these tenants and types anew: `which` is a condition on both columns.
pub(in crate::store) async fn count_again(transaction: &mut Transaction, which: Fragment) -> Result<(), DatabaseError> {
    transaction.execute(Fragment::new("DELETE FROM scim_count WHERE ").then(which.clone())).await?;
    let count = "INSERT INTO scim_count (tenant, resource_type, active, total) \
                 SELECT tenant, resource_type, active, count(*) FROM scim_resource WHERE ";
    let by = Fragment::new(" GROUP BY tenant, resource_type, active");
    transaction.execute(Fragment::new(count).then(which).then(by)).await?;
    Ok(())
}

impl Session<'_> {
    /// Counts a resource whose content is another one now; `None` before it was created, and once it is deleted.
    pub(in crate::store) fn recount(&mut self, of: &TypeSchema, before: Option<&Resource>, after: Option<&Resource>) {
        let (before, after) = (before.map(Active::of), after.map(Active::of));
        if before == after {
            return;
        }
        let moves = [before.map(|active| (active, -1)), after.map(|active| (active, 1))];
        let rows = moves.into_iter().flatten().map(|(active, by)| {
            let of = of.resource_type().name().as_str();
            Fragment::list([Param::from(self.tenant), of.into(), active.number().into(), by.into()])
        });
        let rows = Fragment::joined(rows.collect(), ", ");
        let add = match self.dialect() {
            Dialect::Sqlite | Dialect::Postgres => {
                " ON CONFLICT (tenant, resource_type, active) DO UPDATE SET total = scim_count.total + excluded.total"
            }
            Dialect::MySql => " ON DUPLICATE KEY UPDATE total = total + VALUES(total)",
        };
        let count = Fragment::new("INSERT INTO scim_count (tenant, resource_type, active, total) VALUES ");
        self.later([count.then(rows).then(Fragment::new(add))]);
    }

    /// How many resources there are and how many are said to be, of all tenants or of one.
    pub(crate) async fn counts(&mut self, tenant: Option<&str>) -> Result<(Counts, Counts), StoreError> {
        let of = |select, tenant: Option<&str>| match tenant {
            Some(tenant) => Fragment::new(select).then(Fragment::new(" WHERE tenant = ?").bind(tenant)),
            None => Fragment::new(select),
        };
        let there = of("SELECT tenant, resource_type, active, count(*) FROM scim_resource", tenant)
            .then(Fragment::new(" GROUP BY tenant, resource_type, active"));
        let said = of("SELECT tenant, resource_type, active, total FROM scim_count", tenant);
        Ok((self.read_counts(there).await?, self.read_counts(said).await?))
    }

    async fn read_counts(&mut self, select: Fragment) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        for row in self.transaction.rows(select).await? {
            counts.insert((row.text(0)?, row.text(1)?, row.integer(2)?), row.integer(3)?);
        }
        // No row, and a row that says none, mean the same.
        counts.retain(|_, total| *total != 0);
        Ok(counts)
    }

    /// Makes the counts of a tenant's resources of one type right.
    pub(crate) async fn correct_counts(&mut self, resource_type: &str) -> Result<(), StoreError> {
        let which = Fragment::new("tenant = ? AND resource_type = ?").bind(self.tenant).bind(resource_type);
        Ok(count_again(&mut self.transaction, which).await?)
    }
}
