//! An open database of any engine.

use tracing::{Instrument, Span, debug_span};

use crate::driver::address::{Address, OpenError, without_driver};
use crate::driver::catalogue::Catalogue;
use crate::driver::error::DatabaseError;
#[cfg(feature = "mysql")]
use crate::driver::mysql;
#[cfg(feature = "metrics")]
use crate::driver::pool::PoolUse;
#[cfg(feature = "postgres")]
use crate::driver::postgres;
#[cfg(feature = "sqlite")]
use crate::driver::sqlite;
use crate::sql::{Dialect, Fragment};

/// Does the same with whichever engine it is.
macro_rules! each {
    ($kind:ident, $value:expr, $inner:ident => $action:expr) => {
        match $value {
            #[cfg(feature = "sqlite")]
            $kind::Sqlite($inner) => $action,
            #[cfg(feature = "postgres")]
            $kind::Postgres($inner) => $action,
            #[cfg(feature = "mysql")]
            $kind::MySql($inner) => $action,
        }
    };
}

/// The same, with the outcome in an enum of the engines again.
macro_rules! each_into {
    ($from:ident, $into:ident, $value:expr, $inner:ident => $action:expr) => {
        match $value {
            #[cfg(feature = "sqlite")]
            $from::Sqlite($inner) => $into::Sqlite($action),
            #[cfg(feature = "postgres")]
            $from::Postgres($inner) => $into::Postgres($action),
            #[cfg(feature = "mysql")]
            $from::MySql($inner) => $into::MySql($action),
        }
    };
}

/// An open database.
///
/// All writers of a database take turns, by a lock that every instance knows; within a process they queue for one
/// connection, which is fair. What a writer reads therefore stays true until it commits, as far as SCIM is concerned;
/// Superset itself knows nothing of the lock. Readers see one state of the database and wait for nobody.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Pools),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Pools),
    #[cfg(feature = "mysql")]
    MySql(mysql::Pools),
}

/// A transaction; dropped without [`commit`](Self::commit) it leaves no trace.
#[derive(Debug)]
pub(crate) enum Transaction {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Transaction),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Transaction),
    #[cfg(feature = "mysql")]
    MySql(mysql::Transaction),
}

/// A row of a result; columns count from 0.
#[derive(Debug)]
pub(crate) enum Row {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Row),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Row),
    #[cfg(feature = "mysql")]
    MySql(mysql::Row),
}

impl Database {
    /// Opens a database that exists; `None` for a URL of no engine that this build has. `create` makes a missing file of
    /// `SQLite`.
    pub(crate) async fn open(url: &str, create: bool) -> Result<Option<Self>, OpenError> {
        let _ = create;
        let (engine, url) = without_driver(url);
        Ok(match engine {
            #[cfg(feature = "sqlite")]
            "sqlite" => Some(Self::Sqlite(sqlite::Pools::open(&url, create).await?)),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Some(Self::Postgres(postgres::Pools::open(&url).await?)),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => Some(Self::MySql(mysql::Pools::open(&url).await?)),
            _ => None,
        })
    }

    /// Where the database is.
    pub(crate) fn address(&self) -> &Address {
        each!(Self, self, pools => &pools.address)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Self::MySql(_) => Dialect::MySql,
        }
    }

    /// Starts a transaction that may write, once it is its turn: what it reads stays true.
    pub(crate) async fn write(&self) -> Result<Transaction, DatabaseError> {
        let begun = async { Ok(each_into!(Self, Transaction, self, pools => pools.write().await?)) };
        begun.instrument(self.span_of("begin", "write")).await
    }

    /// Starts a transaction that may define tables. Of several instances one does so at a time.
    pub(crate) async fn migrate(&self) -> Result<Transaction, DatabaseError> {
        Ok(each_into!(Self, Transaction, self, pools => pools.migrate().await?))
    }

    /// Starts a transaction that reads one state of the database.
    pub(crate) async fn read(&self) -> Result<Transaction, DatabaseError> {
        let begun = async { Ok(each_into!(Self, Transaction, self, pools => pools.read().await?)) };
        begun.instrument(self.span_of("begin", "read")).await
    }

    /// Waiting for a connection, and for the lock of a transaction that may write.
    fn span_of(&self, operation: &'static str, access: &'static str) -> Span {
        let system = self.dialect().system_name();
        debug_span!("transaction", db.system.name = system, db.operation.name = operation, access)
    }

    /// Asks whether the database can be reached, on a connection that serves nothing else.
    pub(crate) async fn reach(&self, question: Fragment) -> Result<(), DatabaseError> {
        each!(Self, self, pools => pools.reach(question).await)
    }

    /// Has the server look at tables that have grown, where it plans by what it saw last.
    pub(crate) async fn look_at_grown_tables(&self) -> Result<usize, DatabaseError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(pools) => pools.look_at_grown_tables().await,
            // InnoDB counts by itself, and SQLite takes an index wherever there is one.
            #[allow(unreachable_patterns, reason = "`PostgreSQL` may be the only engine")]
            _ => Ok(0),
        }
    }

    /// How many connections there are in each pool.
    #[cfg(feature = "metrics")]
    pub(crate) fn pools(&self) -> [PoolUse; 3] {
        each!(Self, self, pools => [
            PoolUse::of("writer", &pools.writer),
            PoolUse::of("readers", &pools.readers),
            PoolUse::of("watcher", &pools.watcher),
        ])
    }

    /// Closes all connections once they are idle.
    pub(crate) async fn close(&self) {
        each!(Self, self, pools => {
            pools.writer.close().await;
            pools.readers.close().await;
            pools.watcher.close().await;
        });
    }
}

impl Transaction {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Self::MySql(_) => Dialect::MySql,
        }
    }

    /// The statement as it is prepared; values are never part of its text.
    fn span_of(&self, statement: &Fragment) -> Span {
        debug_span!("statement", db.system.name = self.dialect().system_name(), db.query.text = statement.text())
    }

    /// Runs a statement and returns how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: Fragment) -> Result<u64, DatabaseError> {
        let span = self.span_of(&statement);
        async { each!(Self, self, transaction => transaction.execute(statement).await) }.instrument(span).await
    }

    /// Runs several statements without values, such as a migration.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), DatabaseError> {
        each!(Self, self, transaction => transaction.script(text).await)
    }

    /// All rows.
    pub(crate) async fn rows(&mut self, statement: Fragment) -> Result<Vec<Row>, DatabaseError> {
        let span = self.span_of(&statement);
        let rows = async {
            Ok(match self {
                #[cfg(feature = "sqlite")]
                Self::Sqlite(it) => it.rows(statement).await?.into_iter().map(Row::Sqlite).collect(),
                #[cfg(feature = "postgres")]
                Self::Postgres(it) => it.rows(statement).await?.into_iter().map(Row::Postgres).collect(),
                #[cfg(feature = "mysql")]
                Self::MySql(it) => it.rows(statement).await?.into_iter().map(Row::MySql).collect(),
            })
        };
        rows.instrument(span).await
    }

    /// The first row.
    pub(crate) async fn row(&mut self, statement: Fragment) -> Result<Option<Row>, DatabaseError> {
        let span = self.span_of(&statement);
        let row = async {
            Ok(match self {
                #[cfg(feature = "sqlite")]
                Self::Sqlite(it) => it.row(statement).await?.map(Row::Sqlite),
                #[cfg(feature = "postgres")]
                Self::Postgres(it) => it.row(statement).await?.map(Row::Postgres),
                #[cfg(feature = "mysql")]
                Self::MySql(it) => it.row(statement).await?.map(Row::MySql),
            })
        };
        row.instrument(span).await
    }

    /// The number in the first column of the first row; 0 without a row or a number.
    pub(crate) async fn number(&mut self, statement: Fragment) -> Result<i64, DatabaseError> {
        let row = self.row(statement).await?;
        Ok(row.map(|row| row.optional_integer(0)).transpose()?.flatten().unwrap_or_default())
    }

    /// What the database says of its tables.
    pub(crate) async fn catalogue(&mut self) -> Result<Catalogue, DatabaseError> {
        each!(Self, self, transaction => transaction.catalogue().await)
    }

    /// Makes it all last.
    pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
        let system = self.dialect().system_name();
        let span = debug_span!("transaction", db.system.name = system, db.operation.name = "commit");
        async { each!(Self, self, transaction => transaction.commit().await) }.instrument(span).await
    }

    /// Ends what [`Database::migrate`] started.
    pub(crate) async fn migrated(self) -> Result<(), DatabaseError> {
        each!(Self, self, transaction => transaction.migrated().await)
    }
}

impl Row {
    pub(crate) fn integer(&self, column: usize) -> Result<i64, DatabaseError> {
        self.optional_integer(column)?.ok_or_else(|| DatabaseError::corrupt("null where a number is due"))
    }

    pub(crate) fn optional_integer(&self, column: usize) -> Result<Option<i64>, DatabaseError> {
        each!(Self, self, row => row.optional_integer(column))
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, DatabaseError> {
        self.optional_text(column)?.ok_or_else(|| DatabaseError::corrupt("null where a text is due"))
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<String>, DatabaseError> {
        each!(Self, self, row => row.optional_text(column))
    }

    /// A truth value; null is false.
    pub(crate) fn boolean(&self, column: usize) -> Result<bool, DatabaseError> {
        Ok(each!(Self, self, row => row.optional_boolean(column))?.unwrap_or_default())
    }
}
