//! The application's database with somebody between it and the store: who notes each statement, and fails one when asked to.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::Utc;
use scim_core::{Resource, ResourceId, SchemaSet, TypeSchema};
use scim_filter::Filter;
use scim_service::store::StoreError;
use scim_service::tables::{AccessMode, Cell, Connection, Database, DatabaseError, Statement, TableStore};
use scim_service::{Change, Context, Create, List, Read, Store, Written};
use serde_json::Value;
use sqlx::Row as _;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::store::{Application, Transaction, store};

/// What is to happen to the statement with a number, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Conflict,
    Failure,
}

#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Every statement since the last orders.
    pub(crate) statements: Vec<Statement>,
    pub(crate) trouble: Option<(usize, Trouble)>,
    /// What another program does just before the statement with this number.
    pub(crate) meanwhile: Option<(usize, &'static str)>,
    /// The statement with this number never ends; the test is notified when it begins.
    pub(crate) hangs: Option<(usize, Arc<Notify>)>,
    /// Whether the host's rule forbids every change.
    pub(crate) refuses: bool,
    /// What the host was told of.
    pub(crate) told: Vec<Change>,
}

pub(crate) struct Probe {
    pub(crate) inner: Application,
    orders: Arc<Mutex<Orders>>,
}

pub(crate) struct ProbedTransaction {
    inner: Transaction,
    orders: Arc<Mutex<Orders>>,
}

impl ProbedTransaction {
    async fn note(&mut self, statement: &Statement) -> Result<(), DatabaseError> {
        let hangs = {
            let orders = self.orders.lock().unwrap();
            orders.hangs.clone().filter(|(at, _)| *at == orders.statements.len())
        };
        if let Some((_, begins)) = hangs {
            begins.notify_one();
            std::future::pending::<()>().await;
        }
        if let Some(meanwhile) = self.noted(statement)? {
            self.inner.execute(Statement::new(meanwhile)).await?;
        }
        Ok(())
    }

    fn noted(&self, statement: &Statement) -> Result<Option<&'static str>, DatabaseError> {
        let mut orders = self.orders.lock().unwrap();
        let number = orders.statements.len();
        orders.statements.push(statement.clone());
        match orders.trouble {
            Some((at, Trouble::Conflict)) if at == number => Err(DatabaseError::Conflict("deadlock".into())),
            Some((at, Trouble::Failure)) if at == number => Err(DatabaseError::Failed("the disk is full".into())),
            _ => Ok(orders.meanwhile.take_if(|(at, _)| *at == number).map(|(_, meanwhile)| meanwhile)),
        }
    }
}

#[async_trait]
impl Database for Probe {
    type Connection = ProbedTransaction;

    async fn begin(&self, access: AccessMode) -> Result<ProbedTransaction, DatabaseError> {
        Ok(ProbedTransaction { inner: self.inner.begin(access).await?, orders: self.orders.clone() })
    }

    async fn hash(&self, secret: &str) -> Result<String, StoreError> {
        Ok(format!("hash of {} characters", secret.len()))
    }
}

#[async_trait]
impl Connection for ProbedTransaction {
    async fn query(&mut self, statement: Statement) -> Result<Vec<Vec<Cell>>, DatabaseError> {
        self.note(&statement).await?;
        self.inner.query(statement).await
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, DatabaseError> {
        self.note(&statement).await?;
        self.inner.execute(statement).await
    }

    async fn written(&mut self, change: &Change) -> Result<(), StoreError> {
        let mut orders = self.orders.lock().unwrap();
        orders.told.push(change.clone());
        if orders.refuses { Err(StoreError::Refused { reason: "not today".to_owned() }) } else { Ok(()) }
    }

    async fn commit(self) -> Result<(), DatabaseError> {
        self.inner.commit().await
    }
}

/// A store under the eyes of a test.
pub(crate) struct Bench {
    pub(crate) store: TableStore<Probe>,
    pub(crate) schemas: SchemaSet,
    pub(crate) cx: Context,
    _folder: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        let inner = Application::open(&url).await.unwrap();
        let schemas = SchemaSet::builtin();
        let store = store(Probe { inner, orders: Arc::default() }, &schemas).unwrap();
        Self { store, schemas, cx: Context::internal("test", Utc::now()), _folder: folder }
    }

    pub(crate) fn of(&self, name: &str) -> &Arc<TypeSchema> {
        self.schemas.of(&name.into()).unwrap()
    }

    /// Gives new orders, and says what became of the last.
    pub(crate) fn order(&self, orders: Orders) -> Orders {
        std::mem::replace(&mut self.store.database().orders.lock().unwrap(), orders)
    }

    pub(crate) async fn create(&self, of: &str, resource: Value) -> Result<Written, StoreError> {
        self.store.create(&self.cx, Create::new(self.of(of), resource_of(resource))).await
    }

    /// Creates a resource, and returns its id.
    pub(crate) async fn new_id(&self, of: &str, resource: Value) -> ResourceId {
        self.create(of, resource).await.unwrap().resource.id().unwrap().parse().unwrap()
    }

    pub(crate) async fn read(&self, of: &str, id: &ResourceId) -> Resource {
        self.store.read(&self.cx, Read::new(self.of(of), id)).await.unwrap()
    }

    /// The names of the users that a filter selects.
    pub(crate) async fn named(&self, filter: &str) -> Vec<String> {
        let filter = filter.parse::<Filter>().unwrap().check(self.of("User")).unwrap();
        let list = List::new(self.of("User"), 1000).with_filter(&filter);
        let page = self.store.list(&self.cx, list).await.unwrap();
        let mut names: Vec<String> =
            page.resources.iter().map(|user| user.text("userName").unwrap().into_owned()).collect();
        assert_eq!(page.total_results, Some(names.len() as u64));
        names.sort();
        names
    }

    /// Runs a statement of the application's own.
    pub(crate) async fn run(&self, statement: &'static str) {
        sqlx::raw_sql(statement).execute(&self.store.database().inner.writer).await.unwrap();
    }

    /// Everything that is in the database, as text.
    pub(crate) async fn dump(&self) -> String {
        let mut dump = String::new();
        for (table, columns) in [
            (
                "users",
                "id || '|' || org || '|' || login || '|' || coalesce(first, '-') || '|' || coalesce(last, '-') || '|' || \
              coalesce(email, '-') || '|' || active || '|' || coalesce(password_hash, '-') || '|' || \
              coalesce(login_folded, '-') || '|' || coalesce(external_id, '-') || '|' || coalesce(scim_id, '-') || '|' || \
              scim_version || '|' || coalesce(scim_created, '-') || '|' || coalesce(scim_modified, '-') || '|' || \
              coalesce(scim_rest, '-')",
            ),
            (
                "teams",
                "id || '|' || org || '|' || name || '|' || name_folded || '|' || scim_version || '|' || scim_modified || \
              '|' || scim_rest",
            ),
            ("team_members", "team_id || '|' || user_id"),
            (
                "scim_team_members",
                "group_id || '|' || member_id || '|' || member_folded || '|' || coalesce(member_type, '-')",
            ),
        ] {
            let query = sqlx::AssertSqlSafe(format!("SELECT {columns} FROM {table} ORDER BY 1"));
            for row in sqlx::query(query).fetch_all(&self.store.database().inner.readers).await.unwrap() {
                writeln!(dump, "{table}: {}", row.get::<String, _>(0)).unwrap();
            }
        }
        dump
    }
}

pub(crate) fn resource_of(resource: Value) -> Resource {
    serde_json::from_value(resource).unwrap()
}
