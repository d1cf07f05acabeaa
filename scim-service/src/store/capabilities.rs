//! What a store can do beyond its guarantees, and what it asks beyond the schemas.

use scim_core::schema::{RegistrationError, Uniqueness};
use scim_core::{AttrPath, ResourceTypeName, SchemaSet};

/// What a store can do, and what it refuses. A service asks once, when it is made, so that what is advertised is what happens; of a
/// transaction it asks when the transaction begins.
///
/// ```
/// use scim_core::ResourceTypeName;
/// use scim_service::{MemoryStore, Store, StoreCapabilities};
///
/// let capabilities = MemoryStore::new().capabilities();
/// assert!(capabilities.patch && capabilities.transactions);
/// let capabilities = StoreCapabilities::default().with_unique(&ResourceTypeName::user(), "emails.value".parse()?);
/// assert!(!capabilities.transactions);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is an ability of its own")]
pub struct StoreCapabilities {
    /// Whether [`patch`](crate::Store::patch) applies patches. Without it the service reads, applies and replaces.
    pub patch: bool,
    /// Whether [`begin`](crate::Store::begin) yields transactions. Without them bulk requests cannot be
    /// [all or nothing](crate::BulkAtomicity::AllOrNothing).
    pub transactions: bool,
    /// Whether [`memberships`](crate::Store::memberships) tells who asserts what. Without it a membership counts as asserted by whoever
    /// asserts the group.
    pub memberships: bool,
    /// Whether writes that wait at the same time are served together, in the order in which they came, so that many cost little more
    /// than one. The service then has several operations of a bulk request under way at once, where nobody can tell.
    pub batches: bool,
    /// The attributes whose values the store keeps unique although their schemas do not say so: `/Schemas` then does.
    pub unique: Vec<(ResourceTypeName, AttrPath)>,
}

impl StoreCapabilities {
    /// A store that applies patches.
    #[must_use]
    pub fn with_patch(self) -> Self {
        Self { patch: true, ..self }
    }

    /// A store with transactions.
    #[must_use]
    pub fn with_transactions(self) -> Self {
        Self { transactions: true, ..self }
    }

    /// A store that tells who asserts memberships.
    #[must_use]
    pub fn with_memberships(self) -> Self {
        Self { memberships: true, ..self }
    }

    /// A store that serves writes together that wait at the same time, in the order in which they came.
    #[must_use]
    pub fn with_batches(self) -> Self {
        Self { batches: true, ..self }
    }

    /// A store that keeps the values of this attribute unique too, in front of a system that does.
    #[must_use]
    pub fn with_unique(mut self, of: &ResourceTypeName, path: AttrPath) -> Self {
        self.unique.push((of.clone(), path));
        self
    }

    /// The schemas as `/Schemas` shows them: with what the store keeps unique. A type or an attribute that the service does
    /// not have is nobody's.
    pub(crate) fn advertised(&self, schemas: &SchemaSet) -> SchemaSet {
        self.unique.iter().fold(schemas.clone(), |schemas, (of, path)| {
            let revised: Result<SchemaSet, RegistrationError> =
                schemas.clone().with_uniqueness(of, path, Uniqueness::Server);
            revised.unwrap_or_else(|error| {
                tracing::debug!(%error, "the store keeps something unique that the service does not have");
                schemas
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::urn;
    use serde_json::Value;

    #[test]
    fn p6_schemas_tell_what_the_store_keeps_unique() {
        let unique = |of: ResourceTypeName, path: &str| (of, path.parse().unwrap());
        let capabilities = StoreCapabilities {
            unique: vec![
                unique(ResourceTypeName::user(), "emails.value"),
                unique(ResourceTypeName::group(), "displayName"),
                unique("Nobody".into(), "displayName"),
                unique(ResourceTypeName::user(), "nothing"),
            ],
            ..StoreCapabilities::default()
        };
        let schemas = SchemaSet::builtin();
        let uniqueness = |schemas: &SchemaSet, uri: &str, name: &str, sub: Option<&str>| {
            let attribute = schemas.schema(uri).unwrap().attribute(name).unwrap();
            serde_json::to_value(sub.map_or(attribute, |sub| attribute.sub_attribute(sub).unwrap())).unwrap()["uniqueness"]
                .clone()
        };
        let advertised = capabilities.advertised(&schemas);
        for (uri, name, sub, before, after) in [
            (urn::USER, "emails", Some("value"), "none", "server"),
            (urn::GROUP, "displayName", None, "none", "server"),
            (urn::USER, "userName", None, "server", "server"),
            (urn::USER, "emails", Some("type"), "none", "none"),
            (urn::USER, "displayName", None, "none", "none"),
        ] {
            assert_eq!(uniqueness(&schemas, uri, name, sub), Value::from(before), "{uri} {name}");
            assert_eq!(uniqueness(&advertised, uri, name, sub), Value::from(after), "{uri} {name}");
        }
        assert_eq!(StoreCapabilities::default().advertised(&schemas), schemas);
    }
}
