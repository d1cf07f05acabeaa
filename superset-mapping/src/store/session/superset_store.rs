//! The store itself: what every call is made of.

use std::sync::Arc;

use crate::driver::Database;
use crate::rules::RoleMapper;
use crate::store::session::batch::WriteQueue;
use crate::store::session::known_writers::Writers;
use crate::store::session::options::StoreOptions;
use crate::store::session::schema_probe::SecurityTables;

/// A SCIM store over the metadata database of Apache Superset, on `PostgreSQL`, `MySQL`, `MariaDB` or `SQLite`.
///
/// Users are rows of `ab_user`, groups rows of `ab_group` where that table exists, and roles are granted by the [`RuleSet`](crate::RuleSet),
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
///   [`StoreError::Unavailable`](scim_service::StoreError::Unavailable). No write waits for a hash, so none is made in a [`Transaction`](scim_service::Transaction):
///   a password in one is [`StoreError::Refused`](scim_service::StoreError::Refused).
///
/// Writers of one database take turns, whichever process they are in. Those of one process that wait at the same time are served
/// together: one transaction, in which each has a savepoint of its own, and one commit, after which each is answered. A write that comes
/// alone waits for nobody. A write that loses against another program's transaction is repeated up to five times.
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
    /// The writes that wait for the lock of the database.
    pub(crate) queue: Arc<WriteQueue>,
}
