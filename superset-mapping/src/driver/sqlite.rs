//! SQLite.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _, Sqlite};

use crate::driver::error::{CONNECTION_WAIT, DatabaseError, LOCK_WAIT};
use crate::sql::{Fragment, Param};

/// Most connections that read at the same time.
const READERS: u32 = 4;

/// An open database.
///
/// SQLite has one writer at a time, so all writes of this process queue for one connection: a fair queue, where the lock of
/// the file itself knows only retries. Other processes, Superset among them, are waited for by the busy timeout.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Database {
    /// Opens an existing file; a missing one is not made unless `create` says so.
    pub(crate) async fn open(url: &str, create: bool) -> Result<Self, DatabaseError> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(create)
            .foreign_keys(true)
            .busy_timeout(LOCK_WAIT)
            .disable_statement_logging();
        let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(CONNECTION_WAIT);
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(READERS).connect_lazy_with(options);
        Ok(Self { writer, readers })
    }

    /// Starts a transaction that may write, and holds the write lock from its first moment: what it reads stays true.
    pub(crate) async fn write(&self) -> Result<Transaction, DatabaseError> {
        Ok(Transaction(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// Starts a transaction that reads one state of the database.
    pub(crate) async fn read(&self) -> Result<Transaction, DatabaseError> {
        Ok(Transaction(self.readers.begin().await?))
    }

    /// Closes all connections once they are idle.
    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// A transaction; dropped without [`commit`](Self::commit) it leaves no trace.
#[derive(Debug)]
pub(crate) struct Transaction(sqlx::Transaction<'static, Sqlite>);

/// The one place where text becomes SQL. [`Fragment`] keeps values out of its text.
fn query(statement: Fragment) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    let (text, params) = statement.into_parts();
    let query = sqlx::query(AssertSqlSafe(text));
    params.into_iter().fold(query, |query, param| match param {
        Param::Null => query.bind(None::<i64>),
        Param::Integer(number) => query.bind(number),
        Param::Text(text) => query.bind(text),
    })
}

impl Transaction {
    /// Runs a statement and returns how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: Fragment) -> Result<u64, DatabaseError> {
        Ok(query(statement).execute(&mut *self.0).await?.rows_affected())
    }

    /// Runs several statements without values, such as a migration.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), DatabaseError> {
        sqlx::raw_sql(text).execute(&mut *self.0).await?;
        Ok(())
    }

    /// All rows.
    pub(crate) async fn rows(&mut self, statement: Fragment) -> Result<Vec<Row>, DatabaseError> {
        let rows = query(statement).fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(Row).collect())
    }

    /// The first row.
    pub(crate) async fn row(&mut self, statement: Fragment) -> Result<Option<Row>, DatabaseError> {
        Ok(query(statement).fetch_optional(&mut *self.0).await?.map(Row))
    }

    /// The number in the first column of the first row; 0 without a row or a number.
    pub(crate) async fn number(&mut self, statement: Fragment) -> Result<i64, DatabaseError> {
        let row = self.row(statement).await?;
        Ok(row.map(|row| row.optional_integer(0)).transpose()?.flatten().unwrap_or_default())
    }

    /// The columns of every table.
    pub(crate) async fn tables(&mut self) -> Result<BTreeMap<String, BTreeSet<String>>, DatabaseError> {
        let statement = Fragment::new(
            "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
        );
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in self.rows(statement).await? {
            tables.entry(row.text(0)?).or_default().insert(row.text(1)?);
        }
        Ok(tables)
    }

    /// Makes it all last.
    pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
        Ok(self.0.commit().await?)
    }
}

/// A row of a result; columns count from 0.
///
/// Values are read by what they are, not by what their column is declared as: a `DATETIME` is text here.
#[derive(Debug)]
pub(crate) struct Row(SqliteRow);

impl Row {
    pub(crate) fn integer(&self, column: usize) -> Result<i64, DatabaseError> {
        self.optional_integer(column)?.ok_or_else(|| DatabaseError::corrupt("null where a number is due"))
    }

    pub(crate) fn optional_integer(&self, column: usize) -> Result<Option<i64>, DatabaseError> {
        Ok(self.0.try_get_unchecked(column)?)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, DatabaseError> {
        self.optional_text(column)?.ok_or_else(|| DatabaseError::corrupt("null where a text is due"))
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<String>, DatabaseError> {
        Ok(self.0.try_get_unchecked(column)?)
    }
}
