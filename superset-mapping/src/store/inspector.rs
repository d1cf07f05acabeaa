//! A look at a database that changes nothing, for programs that check a set-up.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use scim_core::Source;
use scim_service::StoreError;

use crate::driver::{Database, Transaction};
use crate::sql::{Dialect, Fragment, auxiliary_tables};
use crate::store::access::SOURCES;
use crate::store::session::{ConnectError, SecurityTables, failed, probe, read_source};

/// Looks at a metadata database of Superset and changes nothing in it: neither are tables made or upgraded, as
/// [`SupersetStore::connect`](crate::SupersetStore::connect) does, nor are identifiers pinned.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// use superset_mapping::create_demo_schema;
/// use superset_mapping::store::Inspector;
///
/// # let folder = tempfile::tempdir()?;
/// let url = format!("sqlite://{}/superset.db", folder.path().display());
/// # #[cfg(feature = "sqlite")] {
/// create_demo_schema(&url).await?;
/// let inspector = Inspector::open(&url).await?;
/// assert_eq!(inspector.engine().await?.name, "SQLite");
/// assert_eq!(inspector.auxiliary_version().await?, None, "no server was here yet");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inspector {
    database: Database,
}

/// What a database server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Engine {
    /// Its name: `PostgreSQL`, `MySQL`, `MariaDB` or `SQLite`.
    pub name: &'static str,
    /// Its version, as it writes it.
    pub version: String,
    /// The isolation level of transactions that ask for none, as it writes it. A store asks for the level that it needs. Nothing for
    /// `SQLite`, which has one level.
    pub isolation: Option<String>,
}

/// How many users and groups a Superset has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountCounts {
    /// Users of Superset.
    pub users: i64,
    /// Those who may log in.
    pub active_users: i64,
    /// Those whom neither a client nor a login has made or taken over.
    pub unprovisioned_users: i64,
    /// Groups of Superset; 0 where it has none.
    pub groups: i64,
    /// Those that neither a client nor a login has made or taken over.
    pub unprovisioned_groups: i64,
}

impl Inspector {
    /// Opens the database at a URL, in the forms that [`SupersetStore::connect`](crate::SupersetStore::connect) takes.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says what to do.
    pub async fn open(url: &str) -> Result<Self, ConnectError> {
        Ok(Self { database: Database::open(url, false).await?.ok_or(ConnectError::Url)? })
    }

    /// Where the database is, for people: its name and its server, or its file. No password is in it.
    pub fn address(&self) -> String {
        self.database.address().to_string()
    }

    /// What the server says of itself.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails, as for all that follows.
    pub async fn engine(&self) -> Result<Engine, StoreError> {
        let mut transaction = self.database.read().await?;
        let dialect = self.database.dialect();
        let (version, isolation) = match dialect {
            Dialect::Sqlite => ("SELECT sqlite_version()", None),
            Dialect::Postgres => (
                "SELECT current_setting('server_version')",
                Some("SELECT '', current_setting('default_transaction_isolation')"),
            ),
            Dialect::MySql => (
                "SELECT version()",
                Some("SHOW GLOBAL VARIABLES WHERE variable_name IN ('transaction_isolation', 'tx_isolation')"),
            ),
        };
        let version = match transaction.row(Fragment::new(version)).await? {
            Some(row) => row.text(0)?,
            None => String::new(),
        };
        let isolation = match isolation {
            Some(statement) => transaction.row(Fragment::new(statement)).await?.map(|row| row.text(1)).transpose()?,
            None => None,
        };
        let name = match dialect {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
            Dialect::MySql if version.contains("MariaDB") => "MariaDB",
            Dialect::MySql => "MySQL",
        };
        Ok(Engine { name, version, isolation })
    }

    /// The clock of the server, in whole seconds. `SQLite` has that of this machine.
    ///
    /// # Errors
    ///
    /// As [`engine`](Self::engine).
    pub async fn clock(&self) -> Result<DateTime<Utc>, StoreError> {
        let seconds = match self.database.dialect() {
            Dialect::Sqlite => "SELECT CAST(strftime('%s', 'now') AS INTEGER)",
            Dialect::Postgres => "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint",
            Dialect::MySql => "SELECT CAST(unix_timestamp() AS SIGNED)",
        };
        let seconds = self.database.read().await?.number(Fragment::new(seconds)).await?;
        Ok(DateTime::from_timestamp(seconds, 0).unwrap_or_default())
    }

    /// Checks that the security tables of Superset are there.
    ///
    /// # Errors
    ///
    /// [`ConnectError::NoSecurityTables`], which names what is missing.
    pub async fn check_security_tables(&self) -> Result<(), ConnectError> {
        let mut transaction = self.database.read().await?;
        self.security_tables(&mut transaction).await.map(drop)
    }

    async fn security_tables(&self, transaction: &mut Transaction) -> Result<SecurityTables, ConnectError> {
        probe(&transaction.catalogue().await?, self.database.dialect())
    }

    /// The revisions of Superset's own migrations (`alembic_version`): one, where they are complete. None in tables that Superset did
    /// not make.
    ///
    /// # Errors
    ///
    /// As [`engine`](Self::engine).
    pub async fn superset_revisions(&self) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.database.read().await?;
        if !transaction.catalogue().await?.tables.contains_key("alembic_version") {
            return Ok(Vec::new());
        }
        texts(&mut transaction, Fragment::new("SELECT version_num FROM alembic_version ORDER BY version_num")).await
    }

    /// The version of our auxiliary tables; nothing where there are none.
    ///
    /// # Errors
    ///
    /// As [`engine`](Self::engine).
    pub async fn auxiliary_version(&self) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.database.read().await?;
        if !transaction.catalogue().await?.tables.contains_key("scim_schema_version") {
            return Ok(None);
        }
        Ok(Some(transaction.number(Fragment::new("SELECT max(version) FROM scim_schema_version")).await?))
    }

    /// The version of the auxiliary tables that this library makes.
    pub fn known_auxiliary_version(&self) -> i64 {
        i64::try_from(auxiliary_tables(self.database.dialect()).len()).unwrap_or(i64::MAX)
    }

    /// How many users and groups there are.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] where the tables are not there, or the database fails.
    pub async fn counts(&self) -> Result<AccountCounts, ConnectError> {
        let mut transaction = self.database.read().await?;
        let catalogue = transaction.catalogue().await?;
        let tables = probe(&catalogue, self.database.dialect())?;
        let known = catalogue.tables.contains_key("scim_resource");
        let users = transaction.number(Fragment::new("SELECT count(*) FROM ab_user")).await?;
        let active = Fragment::new("SELECT count(*) FROM ab_user WHERE active = ").then(Fragment::new("?").bind(true));
        let active_users = transaction.number(active).await?;
        let unprovisioned_users =
            if known { transaction.number(Fragment::new(UNPROVISIONED_USERS)).await? } else { users };
        let (mut groups, mut unprovisioned_groups) = (0, 0);
        if tables.groups {
            groups = transaction.number(Fragment::new("SELECT count(*) FROM ab_group")).await?;
            unprovisioned_groups =
                if known { transaction.number(Fragment::new(UNPROVISIONED_GROUPS)).await? } else { groups };
        }
        Ok(AccountCounts { users, active_users, unprovisioned_users, groups, unprovisioned_groups })
    }

    /// What shows that a database is not one for demonstrations: that Superset itself has made it, or a number of users whom no
    /// client has provisioned. Nothing where everything in it may go.
    ///
    /// # Errors
    ///
    /// As [`engine`](Self::engine).
    pub async fn real_data(&self) -> Result<Option<String>, StoreError> {
        let mut transaction = self.database.read().await?;
        let tables = transaction.catalogue().await?.tables;
        if tables.contains_key("alembic_version") {
            return Ok(Some("Superset's own table `alembic_version`".to_owned()));
        }
        if !tables.contains_key("ab_user") {
            return Ok(None);
        }
        let known = tables.contains_key("scim_resource") && tables.contains_key("scim_tombstone");
        let statement = if known { UNPROVISIONED_USERS } else { "SELECT count(*) FROM ab_user" };
        let others = transaction.number(Fragment::new(statement)).await?;
        Ok((others > 0).then(|| format!("users whom no client has provisioned: {others}")))
    }

    /// The roles of Superset, by name.
    ///
    /// # Errors
    ///
    /// As [`engine`](Self::engine).
    pub async fn roles(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut transaction = self.database.read().await?;
        Ok(texts(&mut transaction, Fragment::new("SELECT name FROM ab_role")).await?.into_iter().collect())
    }

    /// The usernames of those who hold a role in person or with a group, and may log in.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] where the tables are not there, or the database fails.
    pub async fn holders(&self, role: &str) -> Result<BTreeSet<String>, ConnectError> {
        let mut transaction = self.database.read().await?;
        let tables = self.security_tables(&mut transaction).await?;
        let in_person = "SELECT u.username FROM ab_user u JOIN ab_user_role ur ON ur.user_id = u.id \
                         JOIN ab_role r ON r.id = ur.role_id WHERE r.name = ";
        let by_group = "SELECT u.username FROM ab_user u JOIN ab_user_group ug ON ug.user_id = u.id \
                        JOIN ab_group_role gr ON gr.group_id = ug.group_id JOIN ab_role r ON r.id = gr.role_id WHERE r.name = ";
        let mut holders = BTreeSet::new();
        for (select, there) in [(in_person, true), (by_group, tables.group_roles)] {
            if there {
                let statement = Fragment::new(select).then(Fragment::new("?").bind(role));
                let statement = statement.then(Fragment::new(" AND u.active = ")).then(Fragment::new("?").bind(true));
                holders.extend(texts(&mut transaction, statement).await.map_err(failed)?);
            }
        }
        Ok(holders)
    }

    /// The sources that ever wrote through this library, in the order in which they first did.
    ///
    /// # Errors
    ///
    /// As [`engine`](Self::engine).
    pub async fn writers(&self) -> Result<Vec<Source>, StoreError> {
        let mut transaction = self.database.read().await?;
        if !transaction.catalogue().await?.tables.contains_key("scim_source") {
            return Ok(Vec::new());
        }
        let sources = texts(&mut transaction, Fragment::new(SOURCES)).await?;
        Ok(sources.iter().map(|source| read_source(source)).collect::<Result<_, _>>()?)
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// Users whom nothing of ours knows, neither as they are nor as deleted.
const UNPROVISIONED_USERS: &str = "SELECT count(*) FROM ab_user u WHERE NOT EXISTS \
     (SELECT 1 FROM scim_resource r WHERE r.resource_type = 'User' AND r.local_id = u.id) AND NOT EXISTS \
     (SELECT 1 FROM scim_tombstone t WHERE t.resource_type = 'User' AND t.local_id = u.id)";

const UNPROVISIONED_GROUPS: &str = "SELECT count(*) FROM ab_group g WHERE NOT EXISTS \
     (SELECT 1 FROM scim_resource r WHERE r.resource_type = 'Group' AND r.local_id = g.id)";

/// The first column of all rows.
async fn texts(transaction: &mut Transaction, statement: Fragment) -> Result<Vec<String>, StoreError> {
    let rows = transaction.rows(statement).await?;
    Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
}
