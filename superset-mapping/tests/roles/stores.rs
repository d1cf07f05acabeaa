//! Stores and targets that lack something, or fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_core::{Resource, ResourceId};
use scim_service::{
    Change, Context, Create, Delete, List, ListPage, Membership, MemoryStore, Modify, Read, Replace, Store,
    StoreCapabilities, StoreError, Transaction, Written,
};
use superset_mapping::{MemoryRoles, RoleContext, RoleGrant, RoleTarget};

/// A store with only these capabilities.
pub(crate) struct Lacking {
    pub(crate) store: MemoryStore,
    pub(crate) capabilities: StoreCapabilities,
    pub(crate) fails_to_commit: Arc<AtomicBool>,
    /// So many commits find another transaction in the way.
    pub(crate) conflicts: Arc<AtomicI64>,
    /// So many reads go well before one fails.
    pub(crate) reads: AtomicI64,
    /// What was asked for: `read Group`, `list User`.
    pub(crate) calls: Arc<Mutex<Vec<String>>>,
}

impl Lacking {
    pub(crate) fn only(capabilities: StoreCapabilities) -> Self {
        let (fails_to_commit, conflicts, calls) = (Arc::default(), Arc::default(), Arc::default());
        Self {
            store: MemoryStore::new(),
            capabilities,
            fails_to_commit,
            conflicts,
            reads: AtomicI64::new(i64::MAX),
            calls,
        }
    }

    /// A store that lacks nothing.
    pub(crate) fn nothing() -> Self {
        Self::only(MemoryStore::new().capabilities())
    }
}

/// A store that passes everything on to another, within its capabilities, but for what the braces say.
macro_rules! forwarding {
    ($store:ident by $inner:ident { $($own:tt)* }) => {
        #[async_trait]
        impl Store for $store {
            async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
                self.$inner.create(cx, request).await
            }

            async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
                self.$inner.replace(cx, request).await
            }

            async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
                self.$inner.delete(cx, request).await
            }

            async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
                self.$inner.list(cx, request).await
            }

            async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
                if !self.capabilities().patch {
                    return Err(StoreError::Unsupported { what: "does not apply patches" });
                }
                self.$inner.patch(cx, request).await
            }

            async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
                if !self.capabilities().memberships {
                    return Err(StoreError::Unsupported { what: "does not tell who asserts memberships" });
                }
                self.$inner.memberships(cx, members).await
            }

            $($own)*
        }
    };
}

forwarding!(Lacking by store {
    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        if self.reads.fetch_sub(1, Ordering::Relaxed) == 0 {
            return Err(StoreError::Unavailable("the connection is gone".into()));
        }
        self.store.read(cx, request).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.capabilities.clone()
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        if !self.capabilities.transactions {
            return Err(StoreError::Unsupported { what: "has no transactions" });
        }
        let inner = self.store.begin(cx).await?;
        let mut capabilities = self.capabilities.clone();
        capabilities.transactions = false;
        let (fails, conflicts) = (self.fails_to_commit.clone(), self.conflicts.clone());
        Ok(Box::new(LackingTransaction { inner, capabilities, fails, conflicts, calls: self.calls.clone() }))
    }
});

struct LackingTransaction {
    inner: Box<dyn Transaction>,
    capabilities: StoreCapabilities,
    fails: Arc<AtomicBool>,
    conflicts: Arc<AtomicI64>,
    calls: Arc<Mutex<Vec<String>>>,
}

forwarding!(LackingTransaction by inner {
    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        let members = request.of.base().attribute("members").is_some_and(|members| request.want.wants(None, members));
        let members = if members { " with members" } else { "" };
        self.calls.lock().unwrap().push(format!("read {}{members}", request.of.resource_type().name()));
        self.inner.read(cx, request).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.capabilities.clone()
    }
});

#[async_trait]
impl Transaction for LackingTransaction {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if self.conflicts.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Err(StoreError::conflict("could not serialize access"));
        }
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::internal("the commit fails"));
        }
        self.inner.commit().await
    }
}

type Grants = BTreeMap<(ResourceId, String), RoleGrant>;

/// A store whose database has a table of grants, too.
#[derive(Default)]
pub(crate) struct OwnStore {
    store: MemoryStore,
    grants: Arc<Mutex<Grants>>,
}

/// A transaction over resources and grants.
pub(crate) struct OwnTransaction {
    inner: Box<dyn Transaction>,
    /// The grants as the transaction sees them.
    grants: Mutex<Grants>,
    committed: Arc<Mutex<Grants>>,
}

forwarding!(OwnStore by store {
    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.store.read(cx, request).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.store.capabilities()
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        let inner = self.store.begin(cx).await?;
        let (grants, committed) = (Mutex::new(self.grants.lock().unwrap().clone()), self.grants.clone());
        Ok(Box::new(OwnTransaction { inner, grants, committed }))
    }
});

forwarding!(OwnTransaction by inner {
    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.inner.read(cx, request).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.inner.capabilities()
    }
});

#[async_trait]
impl Transaction for OwnTransaction {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        // Before the resources: with them the next writer begins.
        *self.committed.lock().unwrap() = self.grants.into_inner().unwrap();
        self.inner.commit().await
    }
}

/// The grants of [`OwnStore`], in its transactions. Grants refer to users: one of somebody who is gone is an error, as with a foreign key.
pub(crate) struct OwnRoles;

#[async_trait]
impl RoleTarget for OwnRoles {
    fn in_transaction(&self) -> bool {
        true
    }

    async fn held(&self, cx: &RoleContext<'_>, user: &ResourceId) -> Result<Vec<RoleGrant>, StoreError> {
        let grants = cx.transaction::<OwnTransaction>()?.grants.lock().unwrap();
        Ok(grants.iter().filter(|((holder, _), _)| holder == user).map(|(_, grant)| grant.clone()).collect())
    }

    async fn give(&self, cx: &RoleContext<'_>, user: &ResourceId, grants: &[RoleGrant]) -> Result<(), StoreError> {
        let mut held = cx.transaction::<OwnTransaction>()?.grants.lock().unwrap();
        held.extend(grants.iter().map(|grant| ((user.clone(), grant.role.clone()), grant.clone())));
        Ok(())
    }

    async fn take(&self, cx: &RoleContext<'_>, user: &ResourceId, roles: &[String]) -> Result<(), StoreError> {
        let transaction = cx.transaction::<OwnTransaction>()?;
        let users = scim_core::SchemaSet::builtin();
        transaction
            .inner
            .read(cx.cx(), Read::new(users.user().unwrap(), user))
            .await
            .map_err(|_| StoreError::internal("a grant of somebody who is gone"))?;
        transaction.grants.lock().unwrap().retain(|(holder, role), _| holder != user || !roles.contains(role));
        Ok(())
    }
}

/// Grants in memory that can be told to fail.
#[derive(Default)]
pub(crate) struct Failing {
    pub(crate) roles: MemoryRoles,
    /// Fails to give this role.
    pub(crate) give: Mutex<Option<&'static str>>,
    /// Fails to take anything.
    pub(crate) take: AtomicBool,
    /// Fails whatever is asked.
    pub(crate) all: AtomicBool,
}

impl Failing {
    fn check(&self, failing: bool) -> Result<(), StoreError> {
        let failing = failing || self.all.load(Ordering::Relaxed);
        if failing { Err(StoreError::Unavailable("the roles cannot be reached".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl RoleTarget for Failing {
    async fn held(&self, cx: &RoleContext<'_>, user: &ResourceId) -> Result<Vec<RoleGrant>, StoreError> {
        self.check(false)?;
        self.roles.held(cx, user).await
    }

    async fn give(&self, cx: &RoleContext<'_>, user: &ResourceId, grants: &[RoleGrant]) -> Result<(), StoreError> {
        let role = *self.give.lock().unwrap();
        self.check(role.is_some_and(|role| grants.iter().any(|grant| grant.role == role)))?;
        self.roles.give(cx, user, grants).await
    }

    async fn take(&self, cx: &RoleContext<'_>, user: &ResourceId, roles: &[String]) -> Result<(), StoreError> {
        self.check(self.take.load(Ordering::Relaxed))?;
        self.roles.take(cx, user, roles).await
    }

    async fn is_held_by_others(
        &self,
        cx: &RoleContext<'_>,
        role: &str,
        except: &BTreeSet<ResourceId>,
    ) -> Result<bool, StoreError> {
        self.roles.is_held_by_others(cx, role, except).await
    }
}
