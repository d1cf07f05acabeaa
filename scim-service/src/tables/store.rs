//! The store itself: a transaction for each call, and one for several.

use std::fmt;
use std::sync::Arc;

use async_lock::Mutex;
use async_trait::async_trait;
use scim_core::{Resource, SchemaSet};

use super::database::{AccessMode, Connection, Database, Fault};
use super::layout::Layouts;
use super::record::set;
use super::session::Session;
use super::statement::{Cell, Statement};
use super::table::{MemberTable, Table, TableMappingError};
use super::write::{Write, written};
use crate::change::{Change, Written};
use crate::context::Context;
use crate::pace::Pace;
use crate::store::{
    Create, Delete, List, ListPage, Modify, Read, Replace, Store, StoreCapabilities, StoreError, Transaction,
    patch_by_replacing, write_only,
};

/// How often a call that another transaction was in the way of is tried.
pub const ATTEMPTS: usize = 32;

/// A [`Store`] over a host's own tables. [The module](super) shows one.
///
/// Each call is one transaction of the [`Database`], but for a patch that sets a secret, which reads before it hashes and writes
/// afterwards. A write compares the version of the row in the statement that changes it, so that of two writers under one version one
/// wins whatever the isolation of the database is.
///
/// Cancel safety: a dropped future of a writing method leaves all of the write or nothing, because a dropped [`Connection`] is rolled back.
#[derive(Debug)]
pub struct TableStore<D> {
    database: Arc<D>,
    layouts: Arc<Layouts>,
}

impl<D: Database> TableStore<D> {
    /// A store over these tables, one for each resource type that the service has; who is in which group is in the table of
    /// `membership`. Without it there are no memberships.
    ///
    /// # Errors
    ///
    /// [`TableMappingError`] where a path leads to no attribute that a column can hold, or an attribute that must be unique has no column that
    /// compares as SCIM does.
    pub fn new(
        database: D,
        schemas: &SchemaSet,
        tables: impl IntoIterator<Item = Table>,
        membership: impl Into<Option<MemberTable>>,
    ) -> Result<Self, TableMappingError> {
        let layouts = Arc::new(Layouts::new(tables, membership.into(), schemas)?);
        Ok(Self { database: Arc::new(database), layouts })
    }

    /// The host's database.
    pub fn database(&self) -> &D {
        &self.database
    }

    /// The tenant as the tables have it.
    fn tenant<'c>(&self, cx: &'c Context) -> Result<&'c str, StoreError> {
        match cx.tenant() {
            None => Ok(""),
            Some(tenant) if self.layouts.has_tenants() => Ok(tenant),
            Some(_) => Err(StoreError::Unsupported { what: "has no tenants" }),
        }
    }

    async fn write(&self, cx: &Context, write: Write<'_>) -> Result<(Option<Resource>, Change), StoreError> {
        let (tenant, write) = (self.tenant(cx)?, hashed(&*self.database, write).await?);
        for _ in 1..ATTEMPTS {
            match self.write_once(cx, tenant, write.clone()).await {
                Err(fault) if fault.is_conflict() => Pace::new(&cx.budget).pause().await,
                outcome => return outcome.map_err(Fault::into_store_error),
            }
        }
        self.write_once(cx, tenant, write).await.map_err(Fault::into_store_error)
    }

    async fn write_once(
        &self,
        cx: &Context,
        tenant: &str,
        write: Write<'_>,
    ) -> Result<(Option<Resource>, Change), Fault> {
        let mut connection = self.database.begin(AccessMode::Write).await?;
        let mut session = Session { connection: &mut connection, layouts: &self.layouts, cx, tenant };
        let outcome = session.perform(write).await?;
        connection.commit().await?;
        Ok(outcome)
    }
}

/// The same write with the hash of each secret in the place of it.
async fn hashed<'w, D: Database>(database: &D, mut write: Write<'w>) -> Result<Write<'w>, StoreError> {
    let (of, resource) = match &mut write {
        Write::Create(request) => (request.of, &mut request.resource),
        Write::Replace(request) => (request.of, &mut request.resource),
        Write::Patch(_) | Write::Delete(_) => return Ok(write),
    };
    for target in write_only(of) {
        let Some(value) = resource.at(&target).filter(|value| !value.is_null()) else { continue };
        let secret = value.as_str().map_or_else(|| value.to_string(), Into::into);
        let hash = database.hash(&secret).await?;
        set(resource.attributes_mut(), &target, Some(hash.into()));
    }
    Ok(write)
}

/// Whether a patch writes a secret, which is hashed outside of the transaction.
fn sets_secret(request: &Modify<'_>) -> bool {
    let targets = request.patch.targets();
    write_only(request.of).any(|secret| targets.iter().any(|target| target.overlaps(&secret)))
}

#[async_trait]
impl<D: Database> Store for TableStore<D> {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.write(cx, Write::Create(request)).await.map(written)
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        let tenant = self.tenant(cx)?;
        let mut connection = self.database.begin(AccessMode::Read).await?;
        let mut session = Session { connection: &mut connection, layouts: &self.layouts, cx, tenant };
        session.show(request.of, request.id, request.want).await.map_err(Fault::into_store_error)
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        let tenant = self.tenant(cx)?;
        let mut connection = self.database.begin(AccessMode::Read).await?;
        let mut session = Session { connection: &mut connection, layouts: &self.layouts, cx, tenant };
        session.list(&request).await.map_err(Fault::into_store_error)
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        self.write(cx, Write::Replace(request)).await.map(written)
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        if sets_secret(&request) {
            return patch_by_replacing(self, cx, request).await;
        }
        self.write(cx, Write::Patch(request)).await.map(written)
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.write(cx, Write::Delete(request)).await.map(|(_, change)| change)
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        let tenant = self.tenant(cx)?.to_owned();
        let connection = self.database.begin(AccessMode::Write).await?;
        let state = Mutex::new(Open { connection, is_broken: false });
        let (database, layouts) = (self.database.clone(), self.layouts.clone());
        Ok(Box::new(TableTransaction { database, layouts, tenant, state }))
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.layouts.capabilities()
    }

    async fn health(&self) -> Result<(), StoreError> {
        let mut connection = self.database.begin(AccessMode::Read).await?;
        connection.query(Statement::new("SELECT 1")).await?;
        Ok(())
    }
}

/// A transaction of the host's database as a store: what [`Store::begin`] of a [`TableStore`] makes.
///
/// The host's own statements run in it too, such as those that keep the roles of users.
pub struct TableTransaction<D: Database> {
    database: Arc<D>,
    layouts: Arc<Layouts>,
    tenant: String,
    state: Mutex<Open<D::Connection>>,
}

struct Open<C> {
    connection: C,
    /// A call was dropped before it had put back what it did, or the database refused to read: nothing of the transaction may be committed.
    is_broken: bool,
}

impl<D: Database> fmt::Debug for TableTransaction<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableTransaction").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl<C> Open<C> {
    /// The outcome of reading. A database that refused a statement may have ended the transaction without a word.
    fn told<T>(&mut self, outcome: Result<T, Fault>) -> Result<T, StoreError> {
        self.is_broken |= matches!(outcome, Err(Fault::Database(_)));
        outcome.map_err(Fault::into_store_error)
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is_broken {
            return Err(StoreError::internal("a call in the transaction has been cancelled: it cannot go on"));
        }
        Ok(())
    }
}

impl<D: Database> TableTransaction<D> {
    /// Runs a query of the host's own. It returns rows, as [`Connection::query`] does.
    ///
    /// # Errors
    ///
    /// What the database says, as [`StoreError`], after which the transaction can only be dropped; [`StoreError::Internal`] once a
    /// call in it has been dropped.
    pub async fn query(&self, statement: Statement) -> Result<Vec<Vec<Cell>>, StoreError> {
        let mut open = self.state.lock().await;
        open.check()?;
        let rows = open.connection.query(statement).await;
        open.is_broken = rows.is_err();
        Ok(rows?)
    }

    /// Runs a statement of the host's own. It returns how many rows it changed, as [`Connection::execute`] does.
    ///
    /// # Errors
    ///
    /// What the database says, as [`StoreError`], after which the transaction can only be dropped; [`StoreError::Internal`] once a
    /// call in it has been dropped.
    pub async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        let mut open = self.state.lock().await;
        open.check()?;
        open.is_broken = true;
        let changed = open.connection.execute(statement).await?;
        open.is_broken = false;
        Ok(changed)
    }

    async fn write(&self, cx: &Context, write: Write<'_>) -> Result<(Option<Resource>, Change), StoreError> {
        let write = hashed(&*self.database, write).await?;
        let mut open = self.state.lock().await;
        open.check()?;
        open.is_broken = true;
        let outcome = self.perform(cx, &mut open.connection, write).await?;
        open.is_broken = false;
        outcome
    }

    /// What fails is put back; what cannot be put back is the error outside.
    async fn perform(
        &self,
        cx: &Context,
        connection: &mut D::Connection,
        write: Write<'_>,
    ) -> Result<Result<(Option<Resource>, Change), StoreError>, StoreError> {
        connection.execute(Statement::new("SAVEPOINT scim_call")).await?;
        let mut session = Session { connection, layouts: &self.layouts, cx, tenant: &self.tenant };
        let outcome = session.perform(write).await.map_err(Fault::into_store_error);
        if outcome.is_err() {
            connection.execute(Statement::new("ROLLBACK TO SAVEPOINT scim_call")).await?;
        }
        connection.execute(Statement::new("RELEASE SAVEPOINT scim_call")).await?;
        Ok(outcome)
    }
}

#[async_trait]
impl<D: Database> Store for TableTransaction<D> {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.write(cx, Write::Create(request)).await.map(written)
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        let mut open = self.state.lock().await;
        open.check()?;
        let connection = &mut open.connection;
        let mut session = Session { connection, layouts: &self.layouts, cx, tenant: &self.tenant };
        let outcome = session.show(request.of, request.id, request.want).await;
        open.told(outcome)
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        let mut open = self.state.lock().await;
        open.check()?;
        let connection = &mut open.connection;
        let mut session = Session { connection, layouts: &self.layouts, cx, tenant: &self.tenant };
        let outcome = session.list(&request).await;
        open.told(outcome)
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        self.write(cx, Write::Replace(request)).await.map(written)
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        if sets_secret(&request) {
            return patch_by_replacing(self, cx, request).await;
        }
        self.write(cx, Write::Patch(request)).await.map(written)
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.write(cx, Write::Delete(request)).await.map(|(_, change)| change)
    }

    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities { transactions: false, ..self.layouts.capabilities() }
    }
}

#[async_trait]
impl<D: Database> Transaction for TableTransaction<D> {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let open = self.state.into_inner();
        open.check()?;
        Ok(open.connection.commit().await?)
    }
}
