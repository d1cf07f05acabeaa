//! Opening the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Utc;
use scim_service::{Context, StoreError};

use crate::driver::Database;
use crate::rules::{RoleMapper, RuleSet};
use crate::sql::{Dialect, Fragment};
use crate::store::auxiliary_tables::upgrade;
use crate::store::names::catch_up;
use crate::store::session::Sessions;
use crate::store::session::StoreOptions;
use crate::store::session::SupersetStore;
use crate::store::session::Writers;
use crate::store::session::probe;
use crate::store::session::{ConnectError, failed};

impl SupersetStore {
    /// Opens the metadata database of a Superset: `postgres://user:password@host/database`,
    /// `mysql://user:password@host/database`, `sqlite:///absolute/path` or `sqlite://relative/path`. Superset's own URIs, which
    /// name a driver of Python too, are taken: `postgresql+psycopg2://`, `mysql+mysqldb://`, `mysql+pymysql://`.
    ///
    /// Looks which security tables there are, and creates or upgrades our own beside them. Several processes may do this at
    /// the same time. Processes of an older version must be stopped before: they do not write what a newer one looks up.
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
        let tables = probe(&transaction.catalogue().await?, database.dialect())?;
        upgrade(&mut transaction).await?;
        transaction.migrated().await?;
        // Under the lock of those who write.
        let mut transaction = database.write().await?;
        catch_up(&mut transaction).await?;
        transaction.commit().await?;
        let rules: Arc<dyn RoleMapper> = Arc::new(rules);
        let known = Arc::new(Writers::new(rules.clone()));
        let store =
            Self { database, tables: tables.into(), rules, known, options: options.into(), queue: Arc::default() };
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
