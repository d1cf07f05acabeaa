//! Values that are not unique but searched for: they have an index of their own.

use std::collections::BTreeSet;

use scim_core::{Resource, ResourceId, TypeSchema, ValueRef};
use scim_filter::fold;
use scim_service::StoreError;

use crate::sql::{EMAILS, Fragment, Param, index_key};
use crate::store::resources::content::Kind;
use crate::store::session::Session;

/// The folded addresses of a user: identity providers look for people by address before they create them.
fn values_of(of: &TypeSchema, body: &Resource) -> BTreeSet<String> {
    if Kind::of(of) != Kind::User {
        return BTreeSet::new();
    }
    let emails = body.get("emails").into_iter().flat_map(ValueRef::elements);
    let addresses = emails.filter_map(|email| email.get("value")?.as_str());
    addresses.filter(|address| !address.contains('\0')).map(|address| index_key(&fold(&address)).into_owned()).collect()
}

impl Session<'_> {
    /// Makes the index say what the resource says.
    pub(in crate::store) async fn index_values(
        &mut self,
        of: &TypeSchema,
        id: &ResourceId,
        old: Option<&Resource>,
        new: &Resource,
    ) -> Result<(), StoreError> {
        let old = old.map(|old| values_of(of, old)).unwrap_or_default();
        let new = values_of(of, new);
        if old == new {
            return Ok(());
        }
        // Nothing but a list looks at the index.
        let is_first = old.is_empty();
        if !is_first {
            self.forget_values(id.as_str()).await?;
        }
        let rows: Vec<Fragment> = new
            .iter()
            .map(|value| {
                Fragment::list([
                    Param::from(self.tenant),
                    of.resource_type().name().as_str().into(),
                    EMAILS.into(),
                    value.as_str().into(),
                    id.as_str().into(),
                ])
            })
            .collect();
        let of_one_statement = rows.len() <= crate::store::session::CHUNK;
        for rows in rows.chunks(crate::store::session::CHUNK) {
            let statement =
                Fragment::new("INSERT INTO scim_value (tenant, resource_type, attribute, value, resource_id) VALUES ");
            let statement = statement.then(Fragment::joined(rows.to_vec(), ", "));
            if is_first && of_one_statement {
                self.later([statement]);
            } else {
                self.transaction.execute(statement).await?;
            }
        }
        Ok(())
    }

    pub(in crate::store) async fn forget_values(&mut self, id: &str) -> Result<(), StoreError> {
        self.transaction.execute(Fragment::new("DELETE FROM scim_value WHERE resource_id = ?").bind(id)).await?;
        Ok(())
    }
}
