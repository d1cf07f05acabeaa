//! A database of its own for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Row};
use superset_mapping::create_demo_schema;
use tempfile::TempDir;

use crate::engine::{Engine, Kind};

/// Connections with which a test looks at the tables with its own eyes.
#[derive(Clone, Debug)]
pub(crate) enum Tables {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    MySql(MySqlPool),
}

/// A new database with Superset's security tables.
pub(crate) struct Database {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// Makes Superset's tables in a new database.
    pub(crate) async fn create(engine: &Engine) -> Self {
        let database = Self::empty(engine).await;
        create_demo_schema(&database.url).await.unwrap();
        database
    }

    /// Makes a database with nothing in it.
    pub(crate) async fn empty(engine: &Engine) -> Self {
        if engine.kind == Kind::Sqlite {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}/superset.db", folder.path().display());
            return Self { url, _folder: Some(folder) };
        }
        let name = format!("scim_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let sql = Tables::open(&engine.url).await;
        sql.run(&match engine.kind {
            Kind::MySql => format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            Kind::Sqlite | Kind::Postgres => format!("CREATE DATABASE {name}"),
        })
        .await;
        sql.close().await;
        let (server, _) = engine.url.rsplit_once('/').unwrap();
        Self { url: format!("{server}/{name}"), _folder: None }
    }
}

impl Tables {
    pub(crate) async fn open(url: &str) -> Self {
        match url.split(':').next().unwrap() {
            "sqlite" => Self::Sqlite(SqlitePool::connect(url).await.unwrap()),
            "mysql" => Self::MySql(MySqlPool::connect(url).await.unwrap()),
            _ => Self::Postgres(PgPool::connect(url).await.unwrap()),
        }
    }

    /// One connection, with an open transaction that the test ends by itself.
    pub(crate) async fn begin(&self) -> Self {
        macro_rules! one {
            ($options:expr, $pool:expr) => {
                $options.max_connections(1).connect_with((*$pool.connect_options()).clone()).await.unwrap()
            };
        }
        let one = match self {
            Self::Sqlite(pool) => Self::Sqlite(one!(SqlitePoolOptions::new(), pool)),
            Self::Postgres(pool) => Self::Postgres(one!(PgPoolOptions::new(), pool)),
            Self::MySql(pool) => Self::MySql(one!(MySqlPoolOptions::new(), pool)),
        };
        one.run("BEGIN").await;
        one
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
            Self::MySql(pool) => pool.close().await,
        }
    }

    /// Runs several statements.
    pub(crate) async fn run(&self, sql: &str) {
        let statements = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(pool) => drop(statements.execute(pool).await.unwrap()),
            Self::Postgres(pool) => drop(statements.execute(pool).await.unwrap()),
            Self::MySql(pool) => drop(statements.execute(pool).await.unwrap()),
        }
    }

    /// The first column of every row, as text. `raw_sql` asks servers for text.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        self.columns(sql, 0).await
    }

    /// The same of another column, counted from 0.
    pub(crate) async fn columns(&self, sql: &str, column: usize) -> Vec<String> {
        macro_rules! texts {
            ($pool:expr) => {{
                let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all($pool).await.unwrap();
                rows.iter().map(|row| row.try_get_unchecked::<Option<String>, _>(column).unwrap()).collect::<Vec<_>>()
            }};
        }
        let texts = match self {
            Self::Sqlite(pool) => texts!(pool),
            Self::Postgres(pool) => texts!(pool),
            Self::MySql(pool) => texts!(pool),
        };
        texts.into_iter().map(|text| text.unwrap_or_else(|| "NULL".to_owned())).collect()
    }

    /// A row that a person makes in Superset, with an id from where Superset takes it.
    pub(crate) async fn insert(&self, table: &str, columns: &str, values: &str) {
        let (id, next) = match self {
            Self::Postgres(_) => ("id, ", format!("nextval('{table}_id_seq'), ")),
            Self::Sqlite(_) | Self::MySql(_) => ("", String::new()),
        };
        self.run(&format!("INSERT INTO {table} ({id}{columns}) VALUES ({next}{values})")).await;
    }
}
