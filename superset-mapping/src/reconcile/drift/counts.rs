//! Counts of resources that are not how many there are.

use std::collections::{BTreeMap, BTreeSet};

use scim_service::StoreError;

use crate::reconcile::drift::finding::{FindingKind, Subject, Who};
use crate::reconcile::drift::snapshot::Found;
use crate::store::{Counts, Session};

impl Session<'_> {
    /// Compares the counts of all tenants, or of one: a finding for each resource type of a tenant.
    pub(in crate::reconcile) async fn compare_counts(
        &mut self,
        tenant: Option<&str>,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let (there, said) = self.counts(tenant).await?;
        for (tenant, resource_type) in differing(&there, &said) {
            let total = |counts: &Counts| -> i64 {
                let of_both = counts.iter().filter(|((of, name, _), _)| *of == tenant && *name == resource_type);
                of_both.map(|(_, total)| total).sum()
            };
            let why = format!("`scim_count` says {}, and there are {}", total(&said), total(&there));
            let subject = Subject::Count { tenant, resource_type: resource_type.clone() };
            found.add(FindingKind::CountDiffers, &subject, &Who::default(), Some(resource_type), why);
        }
        Ok(())
    }
}

/// The tenants and resource types for which the two are not the same.
fn differing(there: &Counts, said: &Counts) -> BTreeSet<(String, String)> {
    let rows: BTreeMap<_, _> = there.iter().chain(said).collect();
    let differ = rows.into_keys().filter(|key| there.get(*key) != said.get(*key));
    differ.map(|(tenant, resource_type, _)| (tenant.clone(), resource_type.clone())).collect()
}
