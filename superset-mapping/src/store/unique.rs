//! Values that only one resource may have.

use std::collections::BTreeSet;

use scim_core::{Resource, ResourceId, TypeSchema};
use scim_filter::fold;
use scim_service::{StoreError, UniqueValue, unique_values};
use serde_json::Value;

use crate::sql::Fragment;
use crate::store::content::Kind;
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
        for value in new {
            let claim = Fragment::new(
                "INSERT INTO scim_unique (tenant, resource_type, attribute, value, resource_id) VALUES (?, ?, ?, ?, ?) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(self.tenant)
            .bind(resource_type)
            .bind(value.attribute.as_str())
            .bind(value.key)
            .bind(id.as_str());
            if self.transaction.execute(claim).await? == 0 {
                return Err(StoreError::Uniqueness { attribute: value.attribute });
            }
        }
        Ok(())
    }

    pub(super) async fn release_values(&mut self, id: &str) -> Result<(), StoreError> {
        self.transaction.execute(Fragment::new("DELETE FROM scim_unique WHERE resource_id = ?").bind(id)).await?;
        Ok(())
    }
}
