//! Opening the store.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use chrono::Utc;
use scim_service::{Context, StoreError};
use thiserror::Error;

use crate::driver::{Database, DatabaseError, OpenError};
use crate::rules::{RoleMapper, RuleSet, WriterError};
use crate::sql::{Dialect, Fragment};
use crate::store::contract::Sessions;
use crate::store::held::Held;
use crate::store::options::StoreOptions;
use crate::store::schema_probe::{self, SecurityTables};
use crate::store::session::Session;
use crate::store::side_tables;
use crate::store::writers::Writers;

/// A SCIM store over the metadata database of Apache Superset, on `PostgreSQL`, `MySQL`, `MariaDB` or `SQLite`.
///
/// Users are rows of `ab_user`, groups rows of `ab_group` where that table exists, and roles are granted by the [`RuleSet`],
/// all in one transaction with the SCIM resource and its audit record. What Superset has no column for is kept in tables of
/// our own, whose names start with `scim_`; the structure of Superset's tables is never touched.
///
/// - **Roles** that a rule gives for a group alone are granted to the group (`ab_group_role`), where Superset has groups,
///   and each membership is one row (`ab_user_group`). Other roles are granted to the user (`ab_user_role`).
/// - **Deactivation and deletion** take the same things away: `active`, roles, groups and API keys. The row of a deleted user
///   stays, because dashboards and logs refer to it; only the same person, by `externalId` and
///   source, gets it back with the same `userName`.
///   [`StoreOptions::with_hard_delete`] removes it instead.
/// - **Reactivation** gives the roles of the groups that the user is in now. Sessions and tokens from before come back to life
///   until they expire: Superset signs them, keeps no list of them, and asks only whether the user is active.
/// - **The client's word counts.** A change of a user writes all that SCIM knows to the row, `active` included.
/// - **Local accounts**, which somebody made in Superset, are adopted only where [`StoreOptions::with_adoption`] says so:
///   their name and e-mail address are taken.
/// - **What was granted by hand** stays: roles until the user is deactivated, memberships in groups too.
/// - **The last active administrator** can't be deactivated, deleted or lose the role; in a transaction, by its end.
/// - **Passwords** are stored as Superset's own hashes, in `ab_user` alone. Without one, nobody can log in by password. As
///   many are hashed at once as there are cores; whoever waits for longer than five seconds gets
///   [`StoreError::Unavailable`]. No write waits for a hash, so none is made in a [`Transaction`](scim_service::Transaction):
///   a password in one is [`StoreError::Refused`].
///
/// Writers of one database take turns, whichever process they are in. A write that loses against another program's
/// transaction is repeated up to five times.
///
/// Cloning is cheap; clones share their connections.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
///
/// # let folder = tempfile::tempdir()?;
/// let url = format!("sqlite://{}/superset.db", folder.path().display());
/// # #[cfg(feature = "sqlite")] {
/// create_demo_schema(&url).await?;
/// let rules: RuleSet = r#"default_roles = ["Gamma"]"#.parse()?;
/// let store = SupersetStore::connect(&url, rules).await?;
/// assert!(store.missing_roles().await?.is_empty());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SupersetStore {
    pub(crate) database: Database,
    pub(crate) tables: Arc<SecurityTables>,
    pub(crate) rules: Arc<dyn RoleMapper>,
    pub(crate) known: Arc<Writers>,
    pub(crate) options: Arc<StoreOptions>,
}

/// The store can't be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none, or names an engine that this build does not have.
    #[error(
        "expected a database URL such as `postgres://user:password@host/superset`, `mysql://user:password@host/superset` or \
         `sqlite:///var/lib/superset/superset.db`, of an engine that this build has"
    )]
    Url,
    /// Nobody answers where the database should be.
    #[error("no database answers at `{place}`: check host, port and network, and whether the server runs")]
    Unreachable {
        /// Host and port, or the socket.
        place: String,
        /// What the network says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server is there and does not let us in.
    #[error("the database server at `{place}` refuses the login: check user name and password in the URL")]
    Denied {
        /// Host and port, or the socket.
        place: String,
        /// What the server says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no database at the URL.
    #[error("there is no database {at}: check its name, or run `superset db upgrade` and `superset init` first")]
    NoDatabase {
        /// Where it was looked for: its name and its server, or its file.
        at: String,
        /// What the server says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database is there, but Superset's tables are not.
    #[error(
        "the database holds no Superset security tables ({missing} not found): run `superset db upgrade` and `superset init` \
         first"
    )]
    NoSecurityTables {
        /// What was looked for, such as `ab_user.email`.
        missing: String,
    },
    /// Users can't be removed from this database.
    #[error("a hard delete is not possible here: {reason}")]
    HardDelete {
        /// Why not.
        reason: &'static str,
    },
    /// Nobody in Superset has the name of the successor.
    #[error("`{username}`, who is to take over what others leave, is not a user of Superset")]
    NoSuccessor {
        /// The name.
        username: String,
    },
    /// Roles are to be made after one that is not there.
    #[error("the rules make roles after `{role}`, which is not a role of Superset")]
    NoTemplateRole {
        /// The name.
        role: String,
    },
    /// A newer version of this library has been at work here.
    #[error("the `scim_` tables have version {found}, this library knows {known}: use the version that made them")]
    Newer {
        /// The version of the tables.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Not everybody who could write is somebody whom the rules know.
    #[error(transparent)]
    Writers(#[from] WriterError),
    /// The database failed.
    #[error("the database failed while it was being opened")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl From<OpenError> for ConnectError {
    fn from(OpenError { at, cause }: OpenError) -> Self {
        let place = at.place().to_owned();
        if cause.is_misconfigured() {
            Self::Url
        } else if cause.is_missing() {
            Self::NoDatabase { at: at.to_string(), source: Box::new(cause) }
        } else if cause.is_denied() {
            Self::Denied { place, source: Box::new(cause) }
        } else if cause.is_unreachable() {
            Self::Unreachable { place, source: Box::new(cause) }
        } else {
            Self::Database(Box::new(cause))
        }
    }
}

impl From<DatabaseError> for ConnectError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(Box::new(error))
    }
}

pub(super) fn failed(error: StoreError) -> ConnectError {
    ConnectError::Database(Box::new(error))
}

impl SupersetStore {
    /// Opens the metadata database of a Superset: `postgres://user:password@host/database`,
    /// `mysql://user:password@host/database`, `sqlite:///absolute/path` or `sqlite://relative/path`. Superset's own URIs, which
    /// name a driver of Python too, are taken: `postgresql+psycopg2://`, `mysql+mysqldb://`, `mysql+pymysql://`.
    ///
    /// Looks which security tables there are, and creates or upgrades our own beside them. Several processes may do this at
    /// the same time.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says what to do.
    pub async fn connect(url: &str, rules: RuleSet) -> Result<Self, ConnectError> {
        Self::connect_with(url, rules, StoreOptions::new()).await
    }

    /// The same, with options.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says what to do.
    pub async fn connect_with(url: &str, rules: RuleSet, options: StoreOptions) -> Result<Self, ConnectError> {
        let database = Database::open(url, false).await?.ok_or(ConnectError::Url)?;
        if database.dialect() == Dialect::Sqlite && options.successor().is_some() {
            let reason = "SQLite would give the id of the deleted user, and with it open sessions, to the next one";
            return Err(ConnectError::HardDelete { reason });
        }
        let mut transaction = database.migrate().await?;
        let tables = schema_probe::probe(&transaction.catalogue().await?, database.dialect())?;
        side_tables::upgrade(&mut transaction).await?;
        transaction.migrated().await?;
        let rules: Arc<dyn RoleMapper> = Arc::new(rules);
        let known = Arc::new(Writers::new(rules.clone()));
        let store = Self { database, tables: tables.into(), rules, known, options: options.into() };
        store.pin_claims().await.map_err(failed)?;
        for username in store.options.successor().into_iter().chain(store.options.reports_to()) {
            if !store.has_account(username).await.map_err(failed)? {
                return Err(ConnectError::NoSuccessor { username: username.to_owned() });
            }
        }
        if let Some(role) = store.rules.template_role()
            && !store.has_role(&role).await.map_err(failed)?
        {
            return Err(ConnectError::NoTemplateRole { role });
        }
        for role in store.missing_roles().await.map_err(failed)? {
            tracing::warn!(role, "a rule grants a role that Superset does not have");
        }
        Ok(store)
    }

    async fn has_role(&self, name: &str) -> Result<bool, StoreError> {
        let statement = Fragment::new("SELECT 1 FROM ab_role WHERE name = ?").bind(name);
        Ok(self.database.read().await?.row(statement).await?.is_some())
    }

    async fn has_account(&self, username: &str) -> Result<bool, StoreError> {
        let statement = Fragment::new("SELECT 1 FROM ab_user WHERE username = ?").bind(username);
        Ok(self.database.read().await?.row(statement).await?.is_some())
    }

    /// Where the database is, for people: its name and its server, or its file. No password is in it.
    pub fn address(&self) -> String {
        self.database.address().to_string()
    }

    /// Has roles decided by the host's own code in place of the rules. Clones made before keep what they have.
    #[must_use]
    pub fn deciding_by(self, rules: impl RoleMapper) -> Self {
        let rules: Arc<dyn RoleMapper> = Arc::new(rules);
        Self { known: Arc::new(Writers::new(rules.clone())), rules, ..self }
    }

    /// What decides over roles.
    pub fn rules(&self) -> &dyn RoleMapper {
        &*self.rules
    }

    /// The roles that the rules name and Superset neither has nor gets. They are granted to nobody until somebody creates them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn missing_roles(&self) -> Result<Vec<String>, StoreError> {
        let cx = Context::internal("roles", Utc::now());
        let mut session = self.reading(&cx).await?;
        session.role_ids().await?;
        Ok(self.rules.possible_roles().into_iter().filter(|role| !session.has_role(role)).collect())
    }

    /// The roles of Superset, by name.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn roles(&self) -> Result<BTreeSet<String>, StoreError> {
        let cx = Context::internal("roles", Utc::now());
        let mut session = self.reading(&cx).await?;
        Ok(session.role_ids().await?.keys().cloned().collect())
    }

    /// Closes the connections. Calls that are under way end first; later ones fail.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl Sessions for SupersetStore {
    const ATTEMPTS: u32 = 5;
    const IN_TRANSACTION: bool = false;

    async fn reading<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        Ok(Session::new(Held::Own(self.database.read().await?), self, cx))
    }

    async fn writing<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        let mut session = Session::new(Held::Own(self.database.write().await?), self, cx);
        session.know_writers().await?;
        Ok(session)
    }
}
