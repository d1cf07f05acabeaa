//! `MySQL` and `MariaDB`.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, MySql, Row as _};

use crate::driver::address::{Address, OpenError};
use crate::driver::catalogue::Catalogue;
use crate::driver::error::{CONNECTION_WAIT, DatabaseError, HEALTH_WAIT, LOCK_WAIT, READERS};
use crate::driver::pool::trying_idle_connections;
use crate::sql::{Dialect, Fragment, Param};

/// The name of the lock of whoever defines tables. The locks of a server are shared by its databases.
const LOCK: &str = "concat('scim side tables of ', left(database(), 40))";

/// What every connection is told first: how long it waits for a row that another one holds.
fn settings() -> String {
    format!("SET SESSION innodb_lock_wait_timeout = {}", LOCK_WAIT.as_secs())
}

/// The connections to a database.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(super) address: Address,
    pub(super) writer: MySqlPool,
    pub(super) readers: MySqlPool,
    /// For the question whether the database can be reached, so that it waits behind no query.
    pub(super) watcher: MySqlPool,
}

impl Pools {
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let options =
            MySqlConnectOptions::from_str(url).map_err(|error| Address::of_server("", 0, None, None).failed(error))?;
        let address = Address::of_server(
            options.get_host(),
            options.get_port(),
            options.get_socket().map(PathBuf::as_path),
            options.get_database(),
        );
        let options = options.disable_statement_logging();
        let pool = |size, isolation: &'static str| {
            let told = trying_idle_connections(MySqlPoolOptions::new()).after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(AssertSqlSafe(settings())).await?;
                    connection.execute(isolation).await?;
                    Ok(())
                })
            });
            told.max_connections(size).acquire_timeout(CONNECTION_WAIT)
        };
        // Each statement after the lock sees what the holders before it did.
        let write = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE";
        let read = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        drop(address.first_look(options.connect()).await?);
        let writer = pool(1, write).connect_lazy_with(options.clone());
        let readers = pool(READERS, read).connect_lazy_with(options.clone());
        let watcher = pool(1, read).acquire_timeout(HEALTH_WAIT).connect_lazy_with(options);
        Ok(Self { address, writer, readers, watcher })
    }

    pub(crate) async fn write(&self) -> Result<Transaction, DatabaseError> {
        let mut transaction = Transaction::of(self.writer.begin().await?);
        transaction.row(Fragment::new("SELECT id FROM scim_lock WHERE id = 1 FOR UPDATE")).await?;
        Ok(transaction)
    }

    /// Definitions of tables commit by themselves and let go of row locks, so this lock is one of the connection.
    pub(crate) async fn migrate(&self) -> Result<Transaction, DatabaseError> {
        let mut transaction = Transaction::of(self.writer.begin().await?);
        let lock = Fragment::new("SELECT get_lock(").then(Fragment::new(LOCK)).then(Fragment::new(", ?)"));
        let wait = i64::try_from(CONNECTION_WAIT.as_secs()).unwrap_or(i64::MAX);
        let row = transaction.row(lock.bind(wait)).await?;
        let locked = row.map(|row| row.optional_integer(0)).transpose()?.flatten();
        if locked == Some(1) { Ok(transaction) } else { Err(DatabaseError::from(sqlx::Error::PoolTimedOut)) }
    }

    pub(crate) async fn read(&self) -> Result<Transaction, DatabaseError> {
        Ok(Transaction::of(self.readers.begin().await?))
    }

    /// Asks whether the server can be reached.
    pub(crate) async fn reach(&self, question: Fragment) -> Result<(), DatabaseError> {
        Transaction::of(self.watcher.begin().await?).row(question).await?;
        Ok(())
    }
}

/// The one place where text becomes SQL of this engine. [`Fragment`] keeps values out of its text.
fn query(statement: Fragment) -> sqlx::query::Query<'static, MySql, MySqlArguments> {
    let (text, params) = statement.into_parts(Dialect::MySql);
    let query = sqlx::query(AssertSqlSafe(text));
    params.into_iter().fold(query, |query, param| match param {
        Param::Bool(value) => query.bind(value),
        Param::Integer(number) => query.bind(number),
        Param::Text(text) => query.bind(text),
        Param::Time(time) => query.bind(time),
    })
}

rows!(MySqlRow);

/// A transaction; dropped without [`commit`](Self::commit) it leaves no trace.
///
/// Each statement runs to its end in a task of its own: the connection does not survive one that is broken off, as a statement is whose
/// caller goes away. A transaction whose statement is still under way is none any more: it is undone when the statement has ended.
#[derive(Debug)]
pub(crate) struct Transaction(Option<sqlx::Transaction<'static, MySql>>);

impl Transaction {
    fn of(transaction: sqlx::Transaction<'static, MySql>) -> Self {
        Self(Some(transaction))
    }

    async fn run<T, F>(&mut self, work: impl FnOnce(sqlx::Transaction<'static, MySql>) -> F) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        F: Future<Output = (sqlx::Transaction<'static, MySql>, Result<T, sqlx::Error>)> + Send + 'static,
    {
        let gone = || DatabaseError::gone("a statement of the transaction was broken off");
        let transaction = self.0.take().ok_or_else(gone)?;
        let (transaction, outcome) = tokio::spawn(work(transaction)).await.map_err(|_| gone())?;
        self.0 = Some(transaction);
        Ok(outcome?)
    }

    /// Runs a statement and returns how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: Fragment) -> Result<u64, DatabaseError> {
        let done = self.run(|mut transaction| async {
            let done = query(statement).execute(&mut *transaction).await;
            (transaction, done)
        });
        Ok(done.await?.rows_affected())
    }

    /// Runs several statements without values, such as a migration.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), DatabaseError> {
        let done = self.run(move |mut transaction| async move {
            let done = sqlx::raw_sql(text).execute(&mut *transaction).await;
            (transaction, done)
        });
        done.await.map(drop)
    }

    /// All rows.
    pub(crate) async fn rows(&mut self, statement: Fragment) -> Result<Vec<Row>, DatabaseError> {
        let rows = self.run(|mut transaction| async {
            let rows = query(statement).fetch_all(&mut *transaction).await;
            (transaction, rows)
        });
        Ok(rows.await?.into_iter().map(Row).collect())
    }

    /// The first row.
    pub(crate) async fn row(&mut self, statement: Fragment) -> Result<Option<Row>, DatabaseError> {
        let row = self.run(|mut transaction| async {
            let row = query(statement).fetch_optional(&mut *transaction).await;
            (transaction, row)
        });
        Ok(row.await?.map(Row))
    }

    /// Makes it all last.
    pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
        let gone = || DatabaseError::gone("a statement of the transaction was broken off");
        Ok(self.0.ok_or_else(gone)?.commit().await?)
    }

    /// Commits, then lets others define tables.
    pub(crate) async fn migrated(mut self) -> Result<(), DatabaseError> {
        self.script("COMMIT").await?;
        let unlock = Fragment::new("SELECT release_lock(").then(Fragment::new(LOCK)).then(Fragment::new(")"));
        self.row(unlock).await?;
        self.commit().await
    }

    pub(crate) async fn catalogue(&mut self) -> Result<Catalogue, DatabaseError> {
        let columns = "SELECT table_name, column_name, extra, coalesce(character_set_name, 'utf8mb4') \
                       FROM information_schema.columns WHERE table_schema = database()";
        let mut catalogue = Catalogue::default();
        for row in self.rows(Fragment::new(columns)).await? {
            let (Some(table), Some(column)) = (row.optional_text(0)?, row.optional_text(1)?) else { continue };
            let extra = row.optional_text(2)?.unwrap_or_default();
            if column == "id" && extra.contains("auto_increment") {
                catalogue.own_ids.insert(table.clone());
            }
            if row.optional_text(3)?.as_deref() != Some("utf8mb4") {
                catalogue.narrow.insert(format!("{table}.{column}"));
            }
            catalogue.add(table, column);
        }
        let sequences = "SELECT table_name FROM information_schema.tables WHERE table_schema = database() \
                         AND table_type = 'SEQUENCE'";
        for row in self.rows(Fragment::new(sequences)).await? {
            catalogue.sequences.extend(row.optional_text(0)?);
        }
        Ok(catalogue)
    }
}
