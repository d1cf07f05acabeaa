//! What callers of a store repeat.

use std::borrow::Cow;

use async_trait::async_trait;
use scim_core::{Profile, Projection, Resource, TypeSchema};
use scim_filter::Predicate;

use crate::change::{Change, Written};
use crate::context::Context;
use crate::store::replacement::{Replacement, replacement};
use crate::store::{List, Modify, Precondition, Read, Replace, Store, StoreError, patched_content};

/// How often a write that lost a race is tried again.
const ATTEMPTS: usize = 32;

/// What callers of a store repeat, for every [`Store`].
///
/// ```
/// use chrono::Utc;
/// use scim_core::{Profile, SchemaSet};
/// use scim_core::message::{PatchOp, PatchOperation};
/// use scim_patch::Patch;
/// use scim_service::{Context, Create, MemoryStore, Modify, Store, StoreExt};
/// use serde_json::{from_value, json};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::internal("example", Utc::now());
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?.resource;
/// let id = ada.id().ok_or("no id")?.parse()?;
///
/// let message = PatchOp { operations: vec![PatchOperation::replace("title", "Dr")] };
/// let patch = Patch::check(&message, users, &Profile::rfc())?;
/// let titled = store.apply(&cx, Modify::new(users, &id, &patch)).await?.resource;
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

    /// Puts new content in place of `current`, which was read before, whatever the request asks of the version. `None`: another writer has
    /// come between, and nothing was written.
    ///
    /// # Errors
    ///
    /// Those of [`Store::replace`], but [`StoreError::PreconditionFailed`].
    async fn replace_seen(
        &self,
        cx: &Context,
        request: Replace<'_>,
        current: &Resource,
    ) -> Result<Option<Written>, StoreError> {
        let seen = current.version().map_or(Precondition::None, |version| Precondition::OneOf(vec![version]));
        match self.replace(cx, request.with_when(&seen)).await {
            Err(StoreError::PreconditionFailed) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Applies a PATCH to a resource, whether the store [can](crate::StoreCapabilities::patch) or not: if not, the resource is read,
    /// patched and replaced. What the request does not want may be in the answer.
    ///
    /// # Errors
    ///
    /// Those of [`Store::patch`], [`Store::read`] and [`Store::replace`].
    async fn apply(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        if self.capabilities().patch {
            return self.patch(cx, request).await;
        }
        let Modify { of, id, patch, when, want } = request;
        for _ in 0..ATTEMPTS {
            let current = self.read(cx, Read::new(of, id)).await?;
            let version = current.version();
            if !version.as_ref().is_none_or(|version| when.holds(version)) {
                break;
            }
            let (content, applied) = patched_content(of, &current, patch)?;
            let written = match replacement(of, &current, content).map_err(StoreError::internal)? {
                Replacement::Changed(content) => {
                    self.replace_seen(cx, Replace::new(of, id, content).with_want(want), &current).await?
                }
                Replacement::Unchanged => {
                    let change = Change::new(cx, of, id.clone()).with_versions(version.clone(), version);
                    Some(Written::new(current, change))
                }
            };
            if let Some(Written { resource, change }) = written {
                return Ok(Written::new(resource, change.with_quirks(applied.quirks())));
            }
        }
        Err(StoreError::PreconditionFailed)
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
