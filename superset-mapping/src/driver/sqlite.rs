//! `SQLite`.

use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _, Sqlite};

use crate::driver::address::{Address, OpenError};
use crate::driver::catalogue::Catalogue;
use crate::driver::error::{CONNECTION_WAIT, DatabaseError, HEALTH_WAIT, LOCK_WAIT, READERS};
use crate::driver::pool::trying_idle_connections;
use crate::sql::{Dialect, Fragment, Param};

/// How a point in time stands in Superset's tables: as `SQLAlchemy` writes it. Any other form breaks Superset's list of
/// users.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// How long a writer's turn proves that the file can be reached.
const PROOF: Duration = Duration::from_secs(1);

/// How many rows the thread of a connection reads ahead. With few, the two threads wait for each other at every row.
const ROWS_AHEAD: usize = 1024;

/// The connections to a file.
///
/// `SQLite` has one writer at a time. Superset and other processes are waited for by the busy timeout.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(super) address: Address,
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    /// For the question whether the database can be reached, so that it waits behind no query.
    pub(super) watcher: SqlitePool,
    /// When a writer last got the file's lock.
    locked: Arc<Mutex<Option<Instant>>>,
}

impl Pools {
    /// Opens an existing file; a missing one is not made unless `create` says so.
    pub(crate) async fn open(url: &str, create: bool) -> Result<Self, OpenError> {
        let options =
            SqliteConnectOptions::from_str(url).map_err(|error| Address::of_file(Path::new(url)).failed(error))?;
        let address = Address::of_file(options.get_filename());
        let options = options
            .create_if_missing(create)
            .foreign_keys(true)
            .busy_timeout(LOCK_WAIT)
            .row_buffer_size(ROWS_AHEAD)
            .disable_statement_logging();
        let pool = |size| {
            trying_idle_connections(SqlitePoolOptions::new()).max_connections(size).acquire_timeout(CONNECTION_WAIT)
        };
        drop(address.first_look(options.connect()).await?);
        let writer = pool(1).connect_lazy_with(options.clone());
        let readers = pool(READERS).connect_lazy_with(options.clone());
        let watcher = pool(1).acquire_timeout(HEALTH_WAIT).connect_lazy_with(options);
        Ok(Self { address, writer, readers, watcher, locked: Arc::default() })
    }

    pub(crate) async fn write(&self) -> Result<Transaction, DatabaseError> {
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        *self.locked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(Transaction(transaction))
    }

    /// The write lock is held from the start, so of several instances one does the work.
    pub(crate) async fn migrate(&self) -> Result<Transaction, DatabaseError> {
        self.write().await
    }

    pub(crate) async fn read(&self) -> Result<Transaction, DatabaseError> {
        Ok(Transaction(self.readers.begin().await?))
    }

    /// Asks whether the file can be reached. A reader waits for each commit, and between two commits its next try may come too
    /// late: beside many writers, a writer's turn answers in its place.
    pub(crate) async fn reach(&self, question: Fragment) -> Result<(), DatabaseError> {
        let locked = *self.locked.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.writer.is_closed() && locked.is_some_and(|at| at.elapsed() < PROOF) {
            return Ok(());
        }
        Transaction(self.watcher.begin().await?).row(question).await?;
        Ok(())
    }
}

/// The one place where text becomes SQL of this engine. [`Fragment`] keeps values out of its text.
fn query(statement: Fragment) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    let (text, params) = statement.into_parts(Dialect::Sqlite);
    let query = sqlx::query(AssertSqlSafe(text));
    params.into_iter().fold(query, |query, param| match param {
        Param::Bool(value) => query.bind(value),
        Param::Integer(number) => query.bind(number),
        Param::Text(text) => query.bind(text),
        Param::Time(time) => query.bind(time.format(TIME).to_string()),
    })
}

transactions!(Sqlite);
rows!(SqliteRow);

impl Transaction {
    /// Nothing was locked but the file.
    pub(crate) async fn migrated(self) -> Result<(), DatabaseError> {
        self.commit().await
    }

    pub(crate) async fn catalogue(&mut self) -> Result<Catalogue, DatabaseError> {
        let statement = Fragment::new(
            "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
        );
        let mut catalogue = Catalogue::default();
        for row in self.rows(statement).await? {
            let (Some(table), Some(column)) = (row.optional_text(0)?, row.optional_text(1)?) else { continue };
            // The row's own number.
            catalogue.own_ids.insert(table.clone());
            catalogue.add(table, column);
        }
        Ok(catalogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_and_no_zone() {
        let time = |text| scim_core::json::parse_date_time(text).unwrap().naive_utc().format(TIME).to_string();
        assert_eq!(time("2026-11-24T01:02:03.0045Z"), "2026-11-24 01:02:03.004500");
        assert_eq!(time("2026-11-24T01:02:03Z"), "2026-11-24 01:02:03.000000");
    }
}
