//! Opening the store.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use scim_service::{Context, StoreError};
use thiserror::Error;

use crate::driver::{Database, DatabaseError};
use crate::rules::RuleSet;
use crate::sql::Fragment;
use crate::store::contract::Sessions;
use crate::store::schema_probe::{self, SecurityTables};
use crate::store::session::{Held, Session};
use crate::store::side_tables;

/// A SCIM store over the metadata database of Apache Superset.
///
/// Users are rows of `ab_user`, groups rows of `ab_group` where that table exists, and roles are granted in `ab_user_role`
/// by the [`RuleSet`], all in one transaction with the SCIM resource. What Superset has no column for is kept in tables of
/// our own, whose names start with `scim_`; the structure of Superset's tables is never touched.
///
/// - **Deactivation and deletion** take the same things away: `active`, roles, groups and API keys. The row of a deleted user
///   stays, because dashboards and logs refer to it; whoever is provisioned with the same `userName` later gets it back.
/// - **The client's word counts.** A change of a user writes all that SCIM knows to the row, `active` included.
/// - **Local accounts**, which somebody made in Superset, are never adopted: their name and e-mail address are taken.
/// - **Roles granted by hand** stay, until the user is deactivated.
/// - **The last active administrator** can't be deactivated, deleted or lose the role; in a transaction, by its end.
/// - **Passwords** are stored as Superset's own hashes, in `ab_user` alone. Without one, nobody can log in by password.
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
/// create_demo_schema(&url).await?;
/// let rules: RuleSet = r#"default_roles = ["Gamma"]"#.parse()?;
/// let store = SupersetStore::connect(&url, rules).await?;
/// assert!(store.missing_roles().await?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SupersetStore {
    pub(super) database: Database,
    pub(super) tables: SecurityTables,
    pub(super) rules: Arc<RuleSet>,
}

/// The store can't be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none, or names an engine that this build does not have.
    #[error("expected a database URL such as `sqlite:///var/lib/superset/superset.db`")]
    Url,
    /// There is no database at the URL.
    #[error("there is no database: run `superset db upgrade` and `superset init` first")]
    NoDatabase(#[source] Box<dyn Error + Send + Sync>),
    /// The database is there, but Superset's tables are not.
    #[error(
        "the database holds no Superset security tables ({missing} not found): run `superset db upgrade` and `superset init` \
         first"
    )]
    NoSecurityTables {
        /// What was looked for, such as `ab_user.email`.
        missing: String,
    },
    /// A newer version of this library has been at work here.
    #[error("the `scim_` tables have version {found}, this library knows {known}: use the version that made them")]
    Newer {
        /// The version of the tables.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The database failed.
    #[error("the database failed while it was being opened")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl From<DatabaseError> for ConnectError {
    fn from(error: DatabaseError) -> Self {
        if error.is_missing_file() { Self::NoDatabase(Box::new(error)) } else { Self::Database(Box::new(error)) }
    }
}

impl SupersetStore {
    /// Opens the metadata database of a Superset: `sqlite:///absolute/path` or `sqlite://relative/path`.
    ///
    /// Looks which security tables there are, and creates or upgrades our own beside them. Several processes may do this at
    /// the same time.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], which says what to do.
    pub async fn connect(url: &str, rules: RuleSet) -> Result<Self, ConnectError> {
        if !url.starts_with("sqlite:") {
            return Err(ConnectError::Url);
        }
        let database = Database::open(url, false).await?;
        let mut transaction = database.write().await?;
        let tables = schema_probe::probe(&transaction.tables().await?)?;
        side_tables::upgrade(&mut transaction).await?;
        transaction.commit().await?;
        let store = Self { database, tables, rules: Arc::new(rules) };
        for role in store.missing_roles().await.map_err(|error| ConnectError::Database(Box::new(error)))? {
            tracing::warn!(role, "a rule grants a role that Superset does not have");
        }
        Ok(store)
    }

    /// The rules by which roles are granted.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The roles that the rules name and Superset does not have. They are granted to nobody until somebody creates them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn missing_roles(&self) -> Result<Vec<String>, StoreError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.rows(Fragment::new("SELECT name FROM ab_role")).await?;
        let known = rows.iter().map(|row| row.text(0)).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(self.rules.roles().into_iter().filter(|role| !known.contains(*role)).map(str::to_owned).collect())
    }

    /// Closes the connections. Calls that are under way end first; later ones fail.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

impl Sessions for SupersetStore {
    async fn reading<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        Ok(Session::new(Held::Own(self.database.read().await?), self, tenant_of(cx), cx.now))
    }

    async fn writing<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        let mut session = Session::new(Held::Own(self.database.write().await?), self, tenant_of(cx), cx.now);
        session.admin = session.has_admin().await?;
        Ok(session)
    }
}

/// The tenant of a call as the tables have it; the only tenant is the empty text.
pub(super) fn tenant_of(cx: &Context) -> &str {
    cx.tenant().unwrap_or_default()
}
