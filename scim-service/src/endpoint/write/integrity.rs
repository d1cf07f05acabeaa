//! Referential integrity: whether what a write refers to is there (R015).

use scim_core::{AttributeRef, Resource, TypeSchema};

use crate::call::Call;
use crate::call::InSpan;
use crate::call::References;
use crate::call::one_of;
use crate::store::{Store, StoreError, StoreExt};
use crate::wire::Failure;

/// How many ids one query of the store asks for.
const AT_ONCE: usize = 64;

impl<S: ?Sized> Call<'_, S> {
    /// Whether a PATCH of these attributes needs its references checked.
    pub(in crate::endpoint::write) fn checks_references(&self, patched: &[AttributeRef]) -> bool {
        let refers = |target: &AttributeRef| target.attribute().sub_attribute("$ref").is_some();
        self.config.reference_check() && patched.iter().any(refers)
    }
}

impl<S: Store + ?Sized> Call<'_, S> {
    /// Refuses references of `resource`, new since `before`, to what no resource of the tenant is.
    pub(in crate::endpoint::write) async fn check_references(
        &mut self,
        of: &TypeSchema,
        resource: &Resource,
        before: Option<&Resource>,
    ) -> Result<(), Failure> {
        if !self.config.reference_check() {
            return Ok(());
        }
        let added = References::added(of, resource, before);
        if added.0.is_empty() { Ok(()) } else { Box::pin(self.refuse_unknown(added)).await }
    }

    async fn refuse_unknown(&self, references: References) -> Result<(), Failure> {
        for (attribute, (types, mut ids)) in references.0 {
            for of in &types {
                let wanted: Vec<String> = ids.iter().cloned().collect();
                for wanted in wanted.chunks(AT_ONCE) {
                    for known in self.known(of, wanted).await? {
                        ids.remove(&known);
                    }
                }
            }
            if !ids.is_empty() {
                let expected = format!("ids of resources of type {}", types.join(" or "));
                return Err(StoreError::InvalidValue { attribute, expected }.into());
            }
        }
        Ok(())
    }

    /// Which of the ids resources of a type have.
    async fn known(&self, of: &str, ids: &[String]) -> Result<Vec<String>, Failure> {
        // A reference may name what is no resource type, such as `uri`.
        let Some(of) = self.schemas.of(&of.into()) else { return Ok(Vec::new()) };
        let filter = one_of(of, &["id"], ids)?;
        Ok(self.store.ids(&self.cx, of, Some(&filter), ids.len() as u64).in_span_about("list", of).await?)
    }
}
