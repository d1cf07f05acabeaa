//! `PostgreSQL`.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Postgres, Row as _};

use crate::driver::address::{Address, OpenError};
use crate::driver::catalogue::Catalogue;
use crate::driver::error::{CONNECTION_WAIT, DatabaseError, HEALTH_WAIT, LOCK_WAIT, READERS};
use crate::driver::pool::trying_idle_connections;
use crate::sql::{Dialect, Fragment, Param};

/// The key of the lock by which writers take turns: "SCIM". Advisory locks belong to a database.
const LOCK: i64 = 0x5343_494d;

/// The connections to a database.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(super) address: Address,
    pub(super) writer: PgPool,
    pub(super) readers: PgPool,
    /// For the question whether the database can be reached, so that it waits behind no query.
    pub(super) watcher: PgPool,
}

impl Pools {
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let options =
            PgConnectOptions::from_str(url).map_err(|error| Address::of_server("", 0, None, None).failed(error))?;
        let address = Address::of_server(
            options.get_host(),
            options.get_port(),
            options.get_socket().map(PathBuf::as_path),
            options.get_database(),
        );
        let options = options
            .application_name("scim")
            // Compiling a statement takes longer than any of ours, whatever the planner estimates.
            .options([("lock_timeout", LOCK_WAIT.as_millis().to_string()), ("jit", "off".to_owned())])
            .disable_statement_logging();
        let pool =
            |size| trying_idle_connections(PgPoolOptions::new()).max_connections(size).acquire_timeout(CONNECTION_WAIT);
        drop(address.first_look(options.connect()).await?);
        let writer = pool(1).connect_lazy_with(options.clone());
        let readers = pool(READERS).connect_lazy_with(options.clone());
        let watcher = pool(1).acquire_timeout(HEALTH_WAIT).connect_lazy_with(options);
        Ok(Self { address, writer, readers, watcher })
    }

    /// `READ COMMITTED`, whatever the server's default: each statement after the lock sees what the holders before it did.
    /// A snapshot of the whole transaction would be older than the lock.
    pub(crate) async fn write(&self) -> Result<Transaction, DatabaseError> {
        let mut transaction =
            Transaction(self.writer.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?);
        transaction.row(Fragment::new("SELECT pg_advisory_xact_lock(?)").bind(LOCK)).await?;
        Ok(transaction)
    }

    pub(crate) async fn migrate(&self) -> Result<Transaction, DatabaseError> {
        self.write().await
    }

    pub(crate) async fn read(&self) -> Result<Transaction, DatabaseError> {
        Ok(Transaction(self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?))
    }

    /// Asks whether the server can be reached.
    pub(crate) async fn reach(&self, question: Fragment) -> Result<(), DatabaseError> {
        Transaction(self.watcher.begin().await?).row(question).await?;
        Ok(())
    }
}

/// The one place where text becomes SQL of this engine. [`Fragment`] keeps values out of its text.
fn query(statement: Fragment) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let (text, params) = statement.into_parts(Dialect::Postgres);
    let query = sqlx::query(AssertSqlSafe(text));
    params.into_iter().fold(query, |query, param| match param {
        Param::Bool(value) => query.bind(value),
        Param::Integer(number) => query.bind(number),
        Param::Text(text) => query.bind(text),
        Param::Time(time) => query.bind(time),
    })
}

transactions!(Postgres);
rows!(PgRow);

impl Transaction {
    /// What sqlx began, without the lock.
    pub(super) fn of(transaction: sqlx::Transaction<'static, Postgres>) -> Self {
        Self(transaction)
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// The lock ends with the transaction.
    pub(crate) async fn migrated(self) -> Result<(), DatabaseError> {
        self.commit().await
    }

    pub(crate) async fn catalogue(&mut self) -> Result<Catalogue, DatabaseError> {
        let columns = "SELECT table_name::text, column_name::text, (column_default IS NOT NULL OR is_identity = 'YES') \
                       FROM information_schema.columns WHERE table_schema = ANY(current_schemas(false))";
        let mut catalogue = Catalogue::default();
        for row in self.rows(Fragment::new(columns)).await? {
            let (Some(table), Some(column)) = (row.optional_text(0)?, row.optional_text(1)?) else { continue };
            if column == "id" && row.optional_boolean(2)? == Some(true) {
                catalogue.own_ids.insert(table.clone());
            }
            catalogue.add(table, column);
        }
        let sequences = "SELECT sequencename::text FROM pg_sequences WHERE schemaname = ANY(current_schemas(false))";
        for row in self.rows(Fragment::new(sequences)).await? {
            catalogue.sequences.extend(row.optional_text(0)?);
        }
        Ok(catalogue)
    }
}
