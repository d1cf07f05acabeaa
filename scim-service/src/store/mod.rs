//! Where resources live: the trait that a host implements.

mod authority;
mod capabilities;
mod error;
mod ext;
mod external_id;
mod finish;
mod membership;
mod position;
mod query;
mod replacement;
mod request;
mod shared;
mod transaction;
mod unique;
mod write_only;

use async_trait::async_trait;
use scim_core::{Resource, ResourceId, TypeSchema};

use crate::change::{Change, Written};
use crate::context::Context;

pub use authority::AuthorityChange;
pub use capabilities::StoreCapabilities;
pub use error::StoreError;
pub use ext::StoreExt;
#[cfg(feature = "tables")]
pub(crate) use ext::patch_by_replacing;
pub use external_id::reserve_external_id;
pub use finish::{PageBuilder, finish};
pub use membership::Membership;
pub use position::{Position, Precondition, Start};
pub use query::{ListPage, PageBytes};
pub(crate) use replacement::{ImmutableDiffers, Replacement, replacement};
pub use request::{Create, Delete, List, Modify, Read, Replace};
pub use transaction::Transaction;
#[cfg(feature = "memory")]
pub(crate) use unique::comparison_key;
pub use unique::{UniqueValue, unique_values};
#[cfg(feature = "tables")]
pub(crate) use write_only::write_only;
pub use write_only::{keep_write_only, patched_content};

/// Storage of resources.
///
/// The service has checked what it hands over: names are canonical, values have their schema's types, read-only input is
/// gone. A store guarantees:
///
/// 1. **Identity.** `create` issues an `id` that no resource of any type has or ever had. It sets `meta` with resource
///    type, `created`, `lastModified` (both [`Context::now`]) and `version`, and returns the resource as `read` would.
/// 2. **Tenancy.** A call sees and changes resources of [`Context::tenant`] alone; those of others do not exist for it.
/// 3. **Uniqueness.** Values of attributes with uniqueness `server` or `global` are unique among the live resources of a
///    type and tenant, compared with [`scim_filter::fold`] unless case exact. A conflict is
///    [`StoreError::Uniqueness`] and changes nothing. Of two racing writes one wins. A store in front of another system may
///    have to refuse more, in the same way: names that all tenants share, or that the system knows already. What it keeps
///    unique beyond the schemas, its [`capabilities`](Store::capabilities) tell.
/// 4. **Versions.** The version differs after every change of the representation, a changed `User.groups` included;
///    `created` never changes; `lastModified` moves with every write that changed the resource itself. A patch that
///    changes nothing leaves both alone.
/// 5. **Preconditions.** Check and write are one step: where `when` does not hold for the version at that moment, the
///    answer is [`StoreError::PreconditionFailed`] and nothing has changed.
/// 6. **Atomicity.** An error means that nothing was written.
/// 7. **Listing.** `list` yields exactly what [`Predicate::matches`](scim_filter::Predicate::matches) selects, in the
///    order of the query's sort with ties and unsorted queries in the order of `id`, the page asked for, and with
///    [`Start::Index`] the true total. A store that can do less fetches more and calls [`finish`].
/// 8. **Membership.** `members` of a Group is a relation: a member appears once; the elements returned have `value`, `type`
///    and, where known, `display`. A member id that no resource has is kept (R015). When a resource is deleted it leaves
///    all groups. `groups` of a User is computed from it, `type` `direct` or `indirect`; groups may contain each other.
///    `$ref` and `meta.location` are the service's to add.
/// 9. **Write-only values.** `replace` with a write-only attribute absent keeps the stored one (R190), with `null` it removes it, and
///    with a value it sets it. A patch comes to the same content ([`patched_content`]), which [`keep_write_only`] settles. To set
///    one is a change whatever it was, to remove one where there is none is not. A [`Change`] never holds the value.
/// 10. **Deletion.** After `delete` the id is unknown to every method, and unique values are free again.
/// 11. **Positions.** Pages that start [`After`](Start::After) or [`Before`](Start::Before) a [`Position`] follow from it
///     alone, whether its resource is still there or not: who walks from page to page meets every resource that is there
///     all the time, and keeps its sort key, exactly once, whatever others write meanwhile (R262).
/// 12. **Transactions.** Where `begin` yields one, it keeps all these guarantees by itself: reads in it see its writes, a
///     failed call in it leaves its earlier ones alone, nobody else sees anything before
///     [`commit`](Transaction::commit), and of one that is dropped nothing is left.
/// 13. **Concurrency.** Calls may come from many threads at once. Every write that succeeded has its effect, as if writes
///     had come one after another.
/// 14. **Changes.** A write returns what it did, as its transaction saw it: the versions before and after, the attributes that
///     differ, the members that came and went. A write that changes nothing returns a [`Change`] that
///     [is unchanged](Change::is_unchanged).
///
/// A store that lets rules decide by who asserts what tells it beside each resource
/// ([`Resource::asserted_by`](scim_core::Resource::asserted_by)), from [`Context::provenance`]: whoever wrote its content last
/// ([`AuthorityChange`]). Who asserts a membership [`memberships`](Store::memberships) tells: whoever added the member last, by a POST or by
/// a PATCH that adds members; a list of members that is sent back as a whole leaves those that were there to whom they were. It reserves the `externalId`s of logins ([`reserve_external_id`]).
///
/// The feature `conformance` has tests for each of these guarantees, to run over any store. An `Arc` or a `Box` of a store is one, also
/// of a store that is chosen at run time: `Arc<dyn Store>`.
///
/// Each call takes a request: [`Create`], [`Read`], [`List`], [`Replace`], [`Modify`], [`Delete`]. Attributes that its `want` does not
/// ask for may be left out of the answer; `schemas`, `id` and `meta` may not, nor may the attribute that a query sorts by
/// ([`List::shows`] knows them). [`StoreExt`] has for every store what callers repeat.
///
/// A store over tables of your own is best made by [`tables`](crate::tables), which leaves the guarantees to this crate. Any other store
/// implements the trait with the macro of the crate `async-trait`. This one shows people whom another system maintains, to clients that
/// only read:
///
/// ```
/// use async_trait::async_trait;
/// use scim_core::{Resource, SchemaSet};
/// use scim_service::store::{self, StoreError};
/// use scim_service::{Change, Context, Create, Delete, List, ListPage, Read, Replace, Store, Written};
/// use serde_json::{from_value, json};
///
/// struct Staff(Vec<Resource>);
///
/// const READ_ONLY: StoreError = StoreError::Unsupported { what: "is read-only" };
///
/// #[async_trait]
/// impl Store for Staff {
///     async fn read(&self, _: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
///         let found = self.0.iter().find(|person| person.id().as_deref() == Some(request.id.as_str()));
///         found.cloned().ok_or(StoreError::NotFound)
///     }
///
///     async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
///         // Filters, sorts and pages in memory.
///         store::finish(cx, self.0.iter().cloned(), &request).await
///     }
///
///     async fn create(&self, _: &Context, _: Create<'_>) -> Result<Written, StoreError> {
///         Err(READ_ONLY)
///     }
///
///     async fn replace(&self, _: &Context, _: Replace<'_>) -> Result<Written, StoreError> {
///         Err(READ_ONLY)
///     }
///
///     async fn delete(&self, _: &Context, _: Delete<'_>) -> Result<Change, StoreError> {
///         Err(READ_ONLY)
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (schemas, cx) = (SchemaSet::builtin(), Context::internal("example", chrono::Utc::now()));
/// let users = schemas.user().ok_or("no users")?;
/// let staff = Staff(vec![from_value(json!({"id": "7", "userName": "ada"}))?]);
/// let page = staff.list(&cx, List::new(users, 10)).await?;
/// assert_eq!(page.total_results, Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Cancel safety: a dropped future of a writing method leaves either all of the write or nothing.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Stores a new resource. Returns it as stored, with what the write did.
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError>;

    /// Reads a resource.
    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError>;

    /// Selects resources.
    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError>;

    /// Puts new content in place of the old. Returns the resource as stored, with what the write did.
    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError>;

    /// Applies a PATCH. Returns the resource as stored, with what the write did. A patch that changes nothing leaves version and `lastModified` alone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] where the [`capabilities`](Self::capabilities) do not name it, as by default: the service then reads,
    /// applies and replaces, and retries a lost race.
    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        let _ = (cx, request);
        Err(StoreError::Unsupported { what: "does not apply patches" })
    }

    /// Deletes a resource. Returns what the write did.
    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError>;

    /// Starts a transaction: a store whose writes take effect together at `commit`, and not at all when it is dropped.
    ///
    /// Whoever holds a transaction writes through it alone: a write past it may wait for its end.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] where the [`capabilities`](Self::capabilities) do not name transactions, as by default.
    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        let _ = cx;
        Err(StoreError::Unsupported { what: "has no transactions" })
    }

    /// What the store can do, and what it keeps unique beyond the schemas; by default nothing of either.
    ///
    /// A service asks once, when it is made. What they name works, what they do not name answers [`StoreError::Unsupported`]. The
    /// capabilities of a transaction are its own.
    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities::default()
    }

    /// The groups that directly hold these resources, each with who asserts the membership, in any order. An id that nobody has is in
    /// none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] where the [`capabilities`](Self::capabilities) do not name memberships, as by default: then each counts
    /// as asserted by whoever asserts the group.
    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        let _ = (cx, members);
        Err(StoreError::Unsupported { what: "does not tell who asserts memberships" })
    }

    /// A request has said again what `active` is ([`Context::says_active`]), and nothing differs. A store that keeps accounts in
    /// another service makes them follow; the resource, its version and `lastModified` stay as they are.
    async fn reaffirm(&self, cx: &Context, of: &TypeSchema, id: &ResourceId) -> Result<(), StoreError> {
        let _ = (cx, of, id);
        Ok(())
    }

    /// Whether the store can be reached.
    async fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
