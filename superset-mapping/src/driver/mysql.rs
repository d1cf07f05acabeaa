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
        let mut transaction = Transaction(self.writer.begin().await?);
        transaction.row(Fragment::new("SELECT id FROM scim_lock WHERE id = 1 FOR UPDATE")).await?;
        Ok(transaction)
    }

    /// Definitions of tables commit by themselves and let go of row locks, so this lock is one of the connection.
    pub(crate) async fn migrate(&self) -> Result<Transaction, DatabaseError> {
        let mut transaction = Transaction(self.writer.begin().await?);
        let lock = Fragment::new("SELECT get_lock(").then(Fragment::new(LOCK)).then(Fragment::new(", ?)"));
        let wait = i64::try_from(CONNECTION_WAIT.as_secs()).unwrap_or(i64::MAX);
        let row = transaction.row(lock.bind(wait)).await?;
        let locked = row.map(|row| row.optional_integer(0)).transpose()?.flatten();
        if locked == Some(1) { Ok(transaction) } else { Err(DatabaseError::from(sqlx::Error::PoolTimedOut)) }
    }

    pub(crate) async fn read(&self) -> Result<Transaction, DatabaseError> {
        Ok(Transaction(self.readers.begin().await?))
    }

    /// Asks whether the server can be reached.
    pub(crate) async fn reach(&self, question: Fragment) -> Result<(), DatabaseError> {
        Transaction(self.watcher.begin().await?).row(question).await?;
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

statements!(MySql, MySqlRow);

impl Transaction {
    /// Commits, then lets others define tables.
    pub(crate) async fn migrated(mut self) -> Result<(), DatabaseError> {
        self.0.execute("COMMIT").await?;
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
