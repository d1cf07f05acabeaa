//! The requests that write.

use scim_core::{Projection, Resource, ResourceId, TypeSchema};
use scim_patch::Patch;

use super::{DEFAULT, NONE};
use crate::store::Precondition;

/// Stores a new resource (RFC 7644 section 3.3).
///
/// ```
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::{Context, Create, MemoryStore, Store};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::internal("example", Utc::now());
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?.resource;
/// assert!(ada.id().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Create<'a> {
    /// The resource type.
    pub of: &'a TypeSchema,
    /// The content, which has neither `id` nor `meta`.
    pub resource: Resource,
    /// What the caller wants to see of the resource.
    pub want: &'a Projection,
}

impl<'a> Create<'a> {
    /// Stores a new resource of a type.
    pub fn new(of: &'a TypeSchema, resource: Resource) -> Self {
        Self { of, resource, want: &DEFAULT }
    }

    /// Asks for these attributes of the resource.
    #[must_use]
    pub fn with_want(self, want: &'a Projection) -> Self {
        Self { want, ..self }
    }
}

/// Puts new content in place of the old (RFC 7644 section 3.5.1).
///
/// ```
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::{Context, Create, MemoryStore, Precondition, Replace, Store, StoreError};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::internal("example", Utc::now());
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?.resource;
///
/// let (id, seen) = (ada.id().ok_or("no id")?.parse()?, Precondition::OneOf(ada.version().into_iter().collect()));
/// let titled = Replace::new(users, &id, from_value(json!({"userName": "ada", "title": "Dr"}))?).with_when(&seen);
/// store.replace(&cx, titled.clone()).await?;
/// assert!(matches!(store.replace(&cx, titled).await, Err(StoreError::PreconditionFailed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replace<'a> {
    /// The resource type.
    pub of: &'a TypeSchema,
    /// Which resource.
    pub id: &'a ResourceId,
    /// The new content, which has neither `id` nor `meta`. The service has compared the immutable attributes with the version that
    /// `when` names.
    pub resource: Resource,
    /// What must be true of the stored version.
    pub when: &'a Precondition,
    /// What the caller wants to see of the resource.
    pub want: &'a Projection,
}

impl<'a> Replace<'a> {
    /// Puts this content in place of that of a resource.
    pub fn new(of: &'a TypeSchema, id: &'a ResourceId, resource: Resource) -> Self {
        Self { of, id, resource, when: NONE, want: &DEFAULT }
    }

    /// Writes only where this is true of the stored version.
    #[must_use]
    pub fn with_when(self, when: &'a Precondition) -> Self {
        Self { when, ..self }
    }

    /// Asks for these attributes of the resource.
    #[must_use]
    pub fn with_want(self, want: &'a Projection) -> Self {
        Self { want, ..self }
    }
}

/// Applies a PATCH (RFC 7644 section 3.5.2).
///
/// ```
/// use chrono::Utc;
/// use scim_core::{Profile, SchemaSet};
/// use scim_core::message::{PatchOp, PatchOperation};
/// use scim_patch::Patch;
/// use scim_service::{Context, Create, MemoryStore, Modify, Store};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::internal("example", Utc::now());
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?.resource;
///
/// let message = PatchOp { operations: vec![PatchOperation::replace("title", "Dr")] };
/// let patch = Patch::check(&message, users, &Profile::rfc())?;
/// let ada = store.patch(&cx, Modify::new(users, &ada.id().ok_or("no id")?.parse()?, &patch)).await?.resource;
/// assert_eq!(ada.get("title").unwrap(), "Dr");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Modify<'a> {
    /// The resource type.
    pub of: &'a TypeSchema,
    /// Which resource.
    pub id: &'a ResourceId,
    /// What happens to it.
    pub patch: &'a Patch,
    /// What must be true of the stored version.
    pub when: &'a Precondition,
    /// What the caller wants to see of the resource.
    pub want: &'a Projection,
}

impl<'a> Modify<'a> {
    /// Applies a patch to a resource.
    pub fn new(of: &'a TypeSchema, id: &'a ResourceId, patch: &'a Patch) -> Self {
        Self { of, id, patch, when: NONE, want: &DEFAULT }
    }

    /// Writes only where this is true of the stored version.
    #[must_use]
    pub fn with_when(self, when: &'a Precondition) -> Self {
        Self { when, ..self }
    }

    /// Asks for these attributes of the resource.
    #[must_use]
    pub fn with_want(self, want: &'a Projection) -> Self {
        Self { want, ..self }
    }
}

/// Deletes a resource (RFC 7644 section 3.6).
///
/// ```
/// use scim_core::SchemaSet;
/// use scim_service::{Delete, Precondition};
///
/// let schemas = SchemaSet::builtin();
/// let (users, id) = (schemas.user().ok_or("no users")?, "2819c223".parse()?);
/// assert_eq!(Delete::new(users, &id).when, &Precondition::None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Delete<'a> {
    /// The resource type.
    pub of: &'a TypeSchema,
    /// Which resource.
    pub id: &'a ResourceId,
    /// What must be true of the stored version.
    pub when: &'a Precondition,
}

impl<'a> Delete<'a> {
    /// Deletes a resource.
    pub fn new(of: &'a TypeSchema, id: &'a ResourceId) -> Self {
        Self { of, id, when: NONE }
    }

    /// Deletes only where this is true of the stored version.
    #[must_use]
    pub fn with_when(self, when: &'a Precondition) -> Self {
        Self { when, ..self }
    }
}
