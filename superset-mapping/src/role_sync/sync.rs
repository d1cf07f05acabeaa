//! The store in which roles follow every write.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{Profile, Projection, Provenance, Resource, ResourceId, SchemaSet, TypeSchema};
use scim_service::{
    AccessChange, Change, Context, Create, Delete, List, ListPage, Membership, Modify, Pace, Position, Read, Replace,
    Start, Store, StoreCapabilities, StoreError, Transaction, Written,
};

use super::core::Core;
use super::follow::id_of;
use super::target::RoleTarget;
use super::transaction::RoleTransaction;
use super::turns::{Turn, Turns};
use super::write::{Progress, Writing};
use crate::rules::{RoleMapper, WriterError};

/// How many users are reconciled between two looks at the store.
const PAGE: u64 = 100;

/// How often a write that another transaction was in the way of is tried.
const ATTEMPTS: u32 = 32;

/// A store whose users hold the roles that rules give: a wrapper around any [`Store`], with a [`RoleTarget`] for the roles.
///
/// After every write it reads the write's [`Change`], decides about each user whom it touched, and gives and takes what differs:
///
/// - a user who is created, changed, activated, deactivated or deleted,
/// - who came into a group, or left it, directly or with a group within it,
/// - everybody in a group that is renamed, has another `externalId`, is asserted by somebody else, or is deleted.
///
/// It looks at nobody else: one member more or less costs the same in a group of any size. What people came to be allowed is in
/// [`Change::access`], for audit and events.
///
/// The rules decide as they do over Superset: the same [`RoleMapper`], the same belief in sources, the same care for protected roles.
/// Roles that somebody granted manually stay, and are never the rules' to take; who is inactive or deleted keeps nothing. An `externalId`
/// that rules are bound to is one group's alone: whoever claims it for another is refused with 409. Where two groups have one that gives
/// protected roles, because the rules are newer than the groups, it counts for the older one.
///
/// Whom rules believe that name no source: what one and the same source asserts. List `sources` in the rules as soon as several programs
/// write, and call [`check_writers`](Self::check_writers).
///
/// # When what fails
///
/// | store and target | what happens |
/// |---|---|
/// | transactions, and the target writes [in them](RoleTarget::in_transaction) | each write is one transaction with the roles that follow: all or nothing. One that another transaction is in the way of ([`StoreError::is_conflict`]) is tried up to 32 times |
/// | transactions, target elsewhere | the target is told just before the commit, what is taken first. Where it fails, the write is rolled back; where the commit fails, the target is changed back |
/// | no transactions | the target is told after the write, what is taken first; of a user who is deleted before it. Where it fails, the write has happened and the call fails |
///
/// In the last two cases a call that is dropped halfway, or a target that cannot be reached to change back, leaves roles that are not what
/// the rules say. They are remembered, and settled before the tenant's next write. What a process takes along when it ends,
/// [`reconcile`](Self::reconcile) and [`reconcile_all`](Self::reconcile_all) mend; writers of a tenant take turns, within one process.
///
/// # Isolation
///
/// Roles depend on more than the row that is written: on other memberships of a user, on groups around a group, on who else has an
/// `externalId` or a role. Two transactions that do not see each other can each decide rightly and be wrong together, such as two that
/// each take a user out of one of two groups with the same role. So the transactions of a store in which the target writes have to take
/// turns, as those of `MemoryStore`, `SupersetStore` and SQLite do, or be `SERIALIZABLE`. `REPEATABLE READ` and `READ COMMITTED` are not
/// enough.
///
/// ```
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::{Context, Create, MemoryStore, Store};
/// use serde_json::{from_value, json};
/// use superset_mapping::{MemoryRoles, RoleSync, RuleSet};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let rules: RuleSet = "[[rule]]\ngroup = \"editors\"\nroles = [\"Editor\"]".parse()?;
/// let schemas = SchemaSet::builtin();
/// let store = RoleSync::new(MemoryStore::new(), MemoryRoles::new(), rules, &schemas)?;
///
/// let (users, groups) = (schemas.user().ok_or("no users")?, schemas.group().ok_or("no groups")?);
/// let cx = Context::internal("example", Utc::now());
/// let ada = store.create(&cx, Create::new(users, from_value(json!({"userName": "ada"}))?)).await?.change.id;
/// let editors = json!({"displayName": "editors", "members": [{"value": ada}]});
/// let change = store.create(&cx, Create::new(groups, from_value(editors)?)).await?.change;
///
/// assert_eq!(change.access.gained[0].name, "Editor");
/// assert_eq!(change.access.gained[0].rule.as_deref(), Some("rule 1, by the group `editors`"));
/// assert_eq!(store.target().roles_of(&ada), ["Editor"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RoleSync<S, T> {
    pub(super) core: Arc<Core<S, T>>,
}

impl<S: Store, T: RoleTarget> RoleSync<S, T> {
    /// Makes the roles in `target` follow what is written to `store`, by these rules.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] where the schemas lack users or groups.
    pub fn new(store: S, target: T, rules: impl RoleMapper, schemas: &SchemaSet) -> Result<Self, StoreError> {
        let (Some(users), Some(groups)) = (schemas.user().cloned(), schemas.group().cloned()) else {
            return Err(StoreError::Unsupported { what: "has no users or no groups for roles to follow" });
        };
        let (rules, kept, turns) = (Arc::new(rules), BTreeSet::new(), Turns::default());
        Ok(Self { core: Arc::new(Core { store, target, rules, users, groups, kept, turns }) })
    }

    /// Refuses every write after which nobody active would hold this role who held it before: usually that of administrators.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] where the store has no transactions: it has written by the time when a role is taken.
    /// [`StoreError::Internal`] while a transaction is open.
    pub fn with_last_holder_kept(mut self, role: &str) -> Result<Self, StoreError> {
        if !self.core.has_transactions() {
            return Err(StoreError::Unsupported {
                what: "has no transactions, and cannot keep the last holder of a role",
            });
        }
        let core = Arc::get_mut(&mut self.core);
        core.ok_or_else(|| StoreError::internal("a transaction is open"))?.kept.insert(role.to_owned());
        Ok(self)
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.core.store
    }

    /// The grants.
    pub fn target(&self) -> &T {
        &self.core.target
    }

    /// The rules.
    pub fn rules(&self) -> &dyn RoleMapper {
        &*self.core.rules
    }

    /// Checks that everybody who can write is somebody whom the rules know: for a program to call before it serves anybody. See
    /// [`RuleSet::check_writers`](crate::RuleSet::check_writers).
    ///
    /// # Errors
    ///
    /// [`WriterError`], which says what to add to the rules.
    pub fn check_writers(&self, writers: &[Provenance]) -> Result<(), WriterError> {
        self.core.rules.check_writers(writers, &[])
    }

    /// Makes the roles of one user what the rules say now, and tells what differed. Of a user who is gone all is taken.
    ///
    /// # Errors
    ///
    /// Those of the store and of the target.
    pub async fn reconcile(&self, cx: &Context, user: &ResourceId) -> Result<AccessChange, StoreError> {
        if self.core.has_transactions() {
            let transaction = self.open(cx).await?;
            let access = transaction.reconcile(cx, user).await?;
            Box::new(transaction).commit().await?;
            return Ok(access);
        }
        let (mut turn, mut progress) = (self.core.turn(cx).await, Progress::default());
        self.writing(&mut turn, &mut progress).reconcile(cx, user).await
    }

    /// Makes the roles of all users of a tenant what the rules say now, one user after another, and tells what differed: after the rules
    /// were changed, after the host's own tables were, and from time to time.
    ///
    /// # Errors
    ///
    /// Those of the store and of the target. A user who cannot be reconciled keeps nobody else from it: the first such error comes at the
    /// end.
    pub async fn reconcile_all(&self, cx: &Context) -> Result<AccessChange, StoreError> {
        let users = &self.core.users;
        let want = Projection::new(&["id"], &[] as &[&str], users, &Profile::rfc()).map_err(StoreError::internal)?;
        let (mut all, mut failed) = (AccessChange::default(), None);
        let mut start = Start::Index(1);
        loop {
            let list = List::new(users, PAGE).with_want(&want).with_start(start);
            let page = self.core.store.list(cx, list).await?.resources;
            let Some(last) = page.last() else { return failed.map_or(Ok(all), Err) };
            start = Start::After(Position::of(last, None));
            for user in &page {
                match self.reconcile(cx, &id_of(user)?).await {
                    Ok(access) => {
                        all.gained.extend(access.gained);
                        all.lost.extend(access.lost);
                    }
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
    }

    async fn open(&self, cx: &Context) -> Result<RoleTransaction<S, T>, StoreError> {
        RoleTransaction::begin(&self.core, cx).await
    }

    /// The store itself, where it has no transactions.
    fn writing<'a>(&'a self, turn: &'a mut Option<Turn>, progress: &'a mut Progress) -> Writing<'a, S, T> {
        let (core, store, unsettled) = (&*self.core, &self.core.store, turn.as_deref_mut());
        Writing { core, store, transaction: None, progress, at_once: true, unsettled }
    }
}

/// One write: a transaction of its own where the store has transactions, else under the tenant's turn.
macro_rules! followed {
    ($self:ident, $cx:ident, $call:ident, $request:ident) => {{
        if $self.core.has_transactions() {
            let mut attempt = 1;
            loop {
                let transaction = $self.open($cx).await?;
                let outcome = match transaction.$call($cx, $request.clone()).await {
                    Ok(done) => Box::new(transaction).commit().await.map(|()| done),
                    Err(error) => Err(error),
                };
                match outcome {
                    Err(error) if error.is_conflict() && attempt < ATTEMPTS => attempt += 1,
                    outcome => return outcome,
                }
                Pace::new(&$cx.budget).pause().await;
            }
        }
        let (mut turn, mut progress) = ($self.core.turn($cx).await, Progress::default());
        let outcome = $self.writing(&mut turn, &mut progress).$call($cx, $request).await;
        if outcome.is_err()
            && progress.is_broken
            && let Some(turn) = &mut turn
            && let Err(error) = $self.core.settle_interrupted($cx, turn).await
        {
            tracing::error!(%error, users = turn.len(), "roles do not follow a write: they are settled with the next one");
        }
        outcome
    }};
}

#[async_trait]
impl<S: Store, T: RoleTarget> Store for RoleSync<S, T> {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        followed!(self, cx, create, request)
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.core.store.read(cx, request).await
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.core.store.list(cx, request).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        followed!(self, cx, replace, request)
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        if !self.core.store.capabilities().patch {
            return self.core.store.patch(cx, request).await;
        }
        followed!(self, cx, patch, request)
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        followed!(self, cx, delete, request)
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        if !self.core.has_transactions() {
            return self.core.store.begin(cx).await;
        }
        Ok(Box::new(self.open(cx).await?))
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.core.store.memberships(cx, members).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        // Who has a turn here keeps it until the roles are written, too.
        let mut capabilities = self.core.store.capabilities();
        capabilities.batches = false;
        capabilities
    }

    async fn reaffirm(&self, cx: &Context, of: &TypeSchema, id: &ResourceId) -> Result<(), StoreError> {
        self.core.store.reaffirm(cx, of, id).await?;
        self.reconcile(cx, id).await.map(drop)
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.core.store.health().await
    }
}

impl<S, T> std::fmt::Debug for RoleSync<S, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoleSync")
            .field("rules", &self.core.rules)
            .field("kept", &self.core.kept)
            .finish_non_exhaustive()
    }
}
