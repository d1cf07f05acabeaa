//! The application's tables as a SCIM store: which column has which attribute, and how the database runs a statement. What a
//! store guarantees, `TableStore` keeps.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use scim_core::SchemaSet;
use scim_service::tables::{
    AccessMode, Cell, CellKind, Connection, Database, DatabaseError, MemberTable, Statement, Table, TableMappingError,
    TableStore,
};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Error, Row as _, Sqlite};

/// The store over the tables of `tables.sql`. Attributes that no column has are in `scim_rest`.
pub(crate) fn store<D: Database>(database: D, schemas: &SchemaSet) -> Result<TableStore<D>, TableMappingError> {
    let users = Table::new("User", "users")
        .with_tenant("org")
        .with_source("scim_source")
        .with_column("userName", "login")
        .with_folded("userName", "login_folded")
        .with_column("externalId", "external_id")
        .with_column("name.givenName", "first")
        .with_column("name.familyName", "last")
        .with_column("emails.value", "email")
        // `active` is `NOT NULL` here: who is not said to be inactive may log in.
        .with_column_or("active", "active", true)
        .with_column("password", "password_hash");
    let teams = Table::new("Group", "teams")
        .with_tenant("org")
        .with_source("scim_source")
        .with_column("displayName", "name")
        .with_folded("displayName", "name_folded")
        .with_column("externalId", "external_id");
    let members = MemberTable::new("team_members", "team_id", "user_id").with_others("scim_team_members");
    TableStore::new(database, schemas, [users, teams], members)
}

/// The application's database. SQLite has one writer at a time, so writers queue for one connection; readers wait for nobody.
pub(crate) struct Application {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Application {
    /// Opens the database, and makes its tables if it is new.
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        if sqlx::query("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetch_optional(&writer).await?.is_none() {
            sqlx::raw_sql(include_str!("tables.sql")).execute(&writer).await?;
        }
        Ok(Self { writer, readers: SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options) })
    }
}

#[async_trait]
impl Database for Application {
    type Connection = Transaction;

    async fn begin(&self, access: AccessMode) -> Result<Transaction, DatabaseError> {
        let begun = match access {
            AccessMode::Read => self.readers.begin().await,
            AccessMode::Write => self.writer.begin_with("BEGIN IMMEDIATE").await,
        };
        begun.map(Transaction).map_err(failed)
    }

    // `hash` belongs here, where people log in with passwords: without it a password that a client sends is not kept.
}

/// A transaction of the application's database.
pub(crate) struct Transaction(sqlx::Transaction<'static, Sqlite>);

#[async_trait]
impl Connection for Transaction {
    async fn query(&mut self, statement: Statement) -> Result<Vec<Vec<Cell>>, DatabaseError> {
        let kinds = statement.columns.clone();
        let rows = bound(statement).fetch_all(&mut *self.0).await.map_err(failed)?;
        let read = |row: &SqliteRow| kinds.iter().enumerate().map(|(index, kind)| cell(row, index, *kind)).collect();
        rows.iter().map(read).collect::<Result<_, Error>>().map_err(failed)
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, DatabaseError> {
        Ok(bound(statement).execute(&mut *self.0).await.map_err(failed)?.rows_affected())
    }

    // `written` belongs here, where something is to follow each change in the same transaction: an outbox, or roles.

    async fn commit(self) -> Result<(), DatabaseError> {
        self.0.commit().await.map_err(failed)
    }
}

/// The statement with its values. Its text has none of them in it.
fn bound(statement: Statement) -> Query<'static, Sqlite, SqliteArguments> {
    statement.values.into_iter().fold(sqlx::query(AssertSqlSafe(statement.text)), |query, value| match value {
        Cell::Bool(value) => query.bind(value),
        Cell::Integer(number) => query.bind(number),
        Cell::Text(text) => query.bind(text),
    })
}

fn cell(row: &SqliteRow, index: usize, kind: CellKind) -> Result<Cell, Error> {
    Ok(match kind {
        CellKind::Bool => Cell::Bool(row.try_get(index)?),
        CellKind::Integer => Cell::Integer(row.try_get(index)?),
        CellKind::Text => Cell::Text(row.try_get(index)?),
    })
}

/// What went wrong, in the words of the store.
fn failed(error: Error) -> DatabaseError {
    match &error {
        Error::Database(found) if found.is_unique_violation() => {
            DatabaseError::Unique { what: found.message().to_owned() }
        }
        // `SQLITE_BUSY`, with and without a snapshot that is too old.
        Error::Database(found) if matches!(found.code().as_deref(), Some("5" | "517")) => {
            DatabaseError::Conflict(error.into())
        }
        Error::PoolTimedOut | Error::Io(_) => DatabaseError::Unavailable(error.into()),
        _ => DatabaseError::Failed(error.into()),
    }
}
