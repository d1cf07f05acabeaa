//! What a write did: one value, made once, in the transaction of the store that did it.

mod access;
mod record;

pub use access::{AccessChange, Grant, GrantKind};
pub use record::{
    AttributeRecord, CHANGE_RECORD_FORMAT, ChangeRecord, ChangeRecordError, MAX_CHANGE_RECORD, MemberRecord,
    SecretRecord,
};

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Provenance, Quirks, Resource, ResourceId, ResourceTypeName, TypeSchema, Version};
use scim_patch::Differences;

use crate::context::Context;

/// What a write did, for audit, events, metrics and undo. None of them has to look at the store again.
///
/// A store makes it in the transaction of the write, so that it is true of what was committed. It holds no secret: what nobody can read
/// is kept, set or removed.
///
/// ```
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::{Context, Create, MemoryStore, Replace, Store};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::internal("example", Utc::now());
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?.resource;
///
/// let id = ada.id().ok_or("no id")?.parse()?;
/// let titled = Replace::new(users, &id, from_value(json!({"userName": "ada", "title": "Dr"}))?);
/// let change = store.replace(&cx, titled.clone()).await?.change;
/// assert!(change.differences.targets().map(ToString::to_string).eq(["title"]));
/// assert_ne!(change.before, change.after);
/// assert!(store.replace(&cx, titled).await?.change.is_unchanged());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// Who wrote: the source, and the tenant in which it did.
    pub provenance: Provenance,
    /// The name of the [principal](crate::Principal).
    pub principal: Arc<str>,
    /// Which [request](Context::request_id) it was.
    pub request_id: Arc<str>,
    /// When the request came.
    pub time: DateTime<Utc>,
    /// The type of the resource.
    pub resource_type: ResourceTypeName,
    /// The `id` of the resource.
    pub id: ResourceId,
    /// The version before; `None` where the write created the resource.
    pub before: Option<Version>,
    /// The version after; `None` where the write deleted the resource.
    pub after: Option<Version>,
    /// The attributes that differ, the members of a group aside.
    pub differences: Differences,
    /// The ids of the members that joined the group.
    pub members_added: Vec<String>,
    /// The ids of the members that left the group.
    pub members_removed: Vec<String>,
    /// What people came to be allowed, or are allowed no longer, as far as the store knows.
    pub access: AccessChange,
    /// The quirks that applying a PATCH needed.
    pub quirks: Quirks,
}

impl Change {
    /// The change of a resource by a request. Nothing differs until the `with` methods say so.
    pub fn new(cx: &Context, of: &TypeSchema, id: ResourceId) -> Self {
        Self {
            provenance: cx.provenance(),
            principal: cx.principal.name().into(),
            request_id: cx.request_id.clone(),
            time: cx.now,
            resource_type: of.resource_type().name().clone(),
            id,
            before: None,
            after: None,
            differences: Differences::default(),
            members_added: Vec::new(),
            members_removed: Vec::new(),
            access: AccessChange::default(),
            quirks: Quirks::default(),
        }
    }

    /// Says which version there was, and which there is.
    #[must_use]
    pub fn with_versions(self, before: Option<Version>, after: Option<Version>) -> Self {
        Self { before, after, ..self }
    }

    /// Says which attributes differ.
    #[must_use]
    pub fn with_differences(self, differences: Differences) -> Self {
        Self { differences, ..self }
    }

    /// Says who joined a group, and who left it.
    #[must_use]
    pub fn with_members(self, added: Vec<String>, removed: Vec<String>) -> Self {
        Self { members_added: added, members_removed: removed, ..self }
    }

    /// Says what people came to be allowed, or are allowed no longer.
    #[must_use]
    pub fn with_access(self, access: AccessChange) -> Self {
        Self { access, ..self }
    }

    /// Says which quirks applying a PATCH needed.
    #[must_use]
    pub fn with_quirks(self, quirks: Quirks) -> Self {
        Self { quirks, ..self }
    }

    /// The tenant of the resource; `None` where the service has only one.
    pub fn tenant(&self) -> Option<&str> {
        self.provenance.tenant()
    }

    /// Whether the write did nothing: the resource says what it said, with the members that it had, and nobody may do more or
    /// less than before.
    pub fn is_unchanged(&self) -> bool {
        self.before == self.after
            && self.differences.is_unchanged()
            && self.members_added.is_empty()
            && self.members_removed.is_empty()
            && self.access.is_empty()
    }
}

/// The answer of a store to a write that leaves a resource.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// The resource as it is now, as far as the request wants it.
    pub resource: Resource,
    /// What the write did.
    pub change: Change,
}

impl Written {
    /// The resource, and what the write did.
    pub fn new(resource: Resource, change: Change) -> Self {
        Self { resource, change }
    }
}

#[cfg(test)]
mod tests {
    use scim_core::SchemaSet;
    use serde_json::{from_value, json};

    use super::*;
    use crate::context::Principal;

    fn change() -> Change {
        let cx = Context::new(Principal::new("okta").in_tenant("acme"), "r-1", Utc::now());
        Change::new(&cx, SchemaSet::builtin().group().unwrap(), "g".parse().unwrap())
    }

    #[test]
    fn a_change_knows_its_request() {
        let change = change();
        assert_eq!((&*change.principal, &*change.request_id, change.tenant()), ("okta", "r-1", Some("acme")));
        assert_eq!((change.resource_type.as_str(), change.id.as_str()), ("Group", "g"));
    }

    #[test]
    fn whatever_differs_is_a_change() {
        assert!(change().is_unchanged());
        let version = |number: u8| Some(Version::new(number));
        assert!(change().with_versions(version(1), version(1)).is_unchanged());
        assert!(!change().with_versions(version(1), version(2)).is_unchanged());
        assert!(!change().with_members(vec!["u".to_owned()], Vec::new()).is_unchanged());
        let grant = Grant::new(GrantKind::Role, "Alpha", "User", "u".parse().unwrap());
        assert!(!change().with_access(AccessChange::default().gaining(grant)).is_unchanged());
        let schemas = SchemaSet::builtin();
        let (old, new) = (from_value(json!({"displayName": "a"})).unwrap(), from_value(json!({})).unwrap());
        let differences = Differences::between(schemas.group().unwrap(), &old, &new);
        assert!(!change().with_differences(differences).is_unchanged());
    }
}
