//! Values that only one resource may have.

use std::collections::BTreeSet;

use scim_core::{Resource, ResourceId, TypeSchema};
use scim_filter::fold;
use scim_service::{StoreError, UniqueValue, unique_values};
use serde_json::Value;

use crate::sql::{Fragment, Param, index_key};
use crate::store::content::Kind;
use crate::store::profile::fits;
use crate::store::session::Session;

/// What is unique beyond the schema: `displayName` of a group, because Superset knows groups by name.
pub(super) fn also_unique(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Group => &["displayName"],
        Kind::User | Kind::Other => &[],
    }
}

fn values_of(of: &TypeSchema, body: &Resource) -> BTreeSet<UniqueValue> {
    let more = also_unique(Kind::of(of)).iter().filter_map(|name| {
        let text = body.get(name).and_then(Value::as_str)?;
        Some(UniqueValue { attribute: (*name).to_owned(), key: fold(text).into_owned() })
    });
    unique_values(of, body).into_iter().chain(more).collect()
}

impl Session<'_> {
    /// Claims the unique values of a resource, in place of those it had.
    pub(super) async fn claim_values(
        &mut self,
        of: &TypeSchema,
        id: &ResourceId,
        old: Option<&Resource>,
        new: &Resource,
    ) -> Result<(), StoreError> {
        let resource_type = of.resource_type().name().as_str();
        let old = old.map(|old| values_of(of, old)).unwrap_or_default();
        let new = values_of(of, new);
        if old == new {
            return Ok(());
        }
        self.release_values(id.as_str()).await?;
        for value in &new {
            fits(&value.attribute, &value.key, usize::MAX)?;
            // Writers take turns, so a value that is free now stays free until it is claimed.
            let taken = Fragment::new(
                "SELECT 1 FROM scim_unique WHERE tenant = ? AND resource_type = ? AND attribute = ? AND value = ?",
            )
            .bind(self.tenant)
            .bind(resource_type)
            .bind(value.attribute.as_str())
            .bind(&*index_key(&value.key));
            if self.transaction.row(taken).await?.is_some() {
                return Err(StoreError::Uniqueness { attribute: value.attribute.clone() });
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let rows = new.iter().map(|value| {
            Fragment::list([
                Param::from(self.tenant),
                resource_type.into(),
                value.attribute.as_str().into(),
                (&*index_key(&value.key)).into(),
                id.as_str().into(),
            ])
        });
        let claim =
            Fragment::new("INSERT INTO scim_unique (tenant, resource_type, attribute, value, resource_id) VALUES ");
        self.transaction.execute(claim.then(Fragment::joined(rows.collect(), ", "))).await?;
        Ok(())
    }

    pub(super) async fn release_values(&mut self, id: &str) -> Result<(), StoreError> {
        self.transaction.execute(Fragment::new("DELETE FROM scim_unique WHERE resource_id = ?").bind(id)).await?;
        Ok(())
    }
}
