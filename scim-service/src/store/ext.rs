//! What callers of a store repeat.

use std::borrow::Cow;

use async_trait::async_trait;
use scim_core::{Profile, Projection, Resource, ResourceId, TypeSchema};
use scim_filter::Predicate;

use crate::context::Context;
use crate::replacement::{Replacement, patched, replacement};
use crate::store::{List, Modify, Precondition, Read, Replace, Store, StoreError};

/// How often a write that lost a race is tried again.
const ATTEMPTS: usize = 32;

/// What callers of a store repeat, for every [`Store`].
///
/// ```
/// use chrono::Utc;
/// use scim_core::{PatchOp, PatchOperation, Profile, SchemaSet};
/// use scim_patch::Patch;
/// use scim_service::{Context, Create, MemoryStore, Modify, Store, StoreExt};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::internal("example", Utc::now());
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?;
/// let id = ada.id().ok_or("no id")?.parse()?;
///
/// let message = PatchOp { operations: vec![PatchOperation::replace("title", "Dr")] };
/// let patch = Patch::check(&message, users, &Profile::rfc())?;
/// let titled = store.apply(&cx, Modify::new(users, &id, &patch)).await?;
/// assert_eq!(titled.get("title").unwrap(), "Dr");
/// assert_eq!(store.ids(&cx, users, None, 10).await?, [ada.id().unwrap_or_default()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait StoreExt: Store {
    /// The ids of the first `count` resources that a filter selects; without a filter, of the type.
    ///
    /// # Errors
    ///
    /// Those of [`Store::list`].
    async fn ids(
        &self,
        cx: &Context,
        of: &TypeSchema,
        filter: Option<&Predicate>,
        count: u64,
    ) -> Result<Vec<String>, StoreError> {
        let id = Projection::new(&["id"], &[] as &[&str], of, &Profile::rfc()).map_err(StoreError::internal)?;
        let page = self.list(cx, List::new(of, count).with_filter(filter).with_want(&id)).await?;
        Ok(page.resources.iter().filter_map(|resource| resource.id().map(Cow::into_owned)).collect())
    }

    /// Puts what `make` makes of a resource in its place, and again where another writer comes between. `None`: `make` has made
    /// nothing, and nothing was written.
    ///
    /// # Errors
    ///
    /// Those of `make`, [`Store::read`] and [`Store::replace`]; [`StoreError::PreconditionFailed`] where other writers come between
    /// again and again.
    async fn replace_with(
        &self,
        cx: &Context,
        of: &TypeSchema,
        id: &ResourceId,
        make: impl for<'r> Fn(&'r Resource) -> Result<Option<Resource>, StoreError> + Send + Sync,
    ) -> Result<Option<Resource>, StoreError> {
        for _ in 0..ATTEMPTS {
            let current = self.read(cx, Read::new(of, id)).await?;
            let Some(content) = make(&current)? else { return Ok(None) };
            let seen = current.version().map_or(Precondition::None, |version| Precondition::OneOf(vec![version]));
            match self.replace(cx, Replace::new(of, id, content).with_when(&seen)).await {
                Err(StoreError::PreconditionFailed) => {}
                outcome => return outcome.map(Some),
            }
        }
        Err(StoreError::PreconditionFailed)
    }

    /// Applies a PATCH to a resource, whether the store [can](crate::StoreCapabilities::patch) or not: if not, the resource is read,
    /// patched and replaced. What the request does not want may be in the answer.
    ///
    /// # Errors
    ///
    /// Those of [`Store::patch`], [`Store::read`] and [`Store::replace`].
    async fn apply(&self, cx: &Context, request: Modify<'_>) -> Result<Resource, StoreError> {
        if self.capabilities().patch {
            return self.patch(cx, request).await;
        }
        let Modify { of, id, patch, when, .. } = request;
        let make = |current: &Resource| {
            if !current.version().is_none_or(|version| when.holds(&version)) {
                return Err(StoreError::PreconditionFailed);
            }
            match replacement(of, current, patched(current, patch)?).map_err(StoreError::internal)? {
                Replacement::Changed(content) => Ok(Some(content)),
                Replacement::Unchanged => Ok(None),
            }
        };
        match self.replace_with(cx, of, id, make).await? {
            Some(replaced) => Ok(replaced),
            None => self.read(cx, Read::new(of, id)).await,
        }
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
