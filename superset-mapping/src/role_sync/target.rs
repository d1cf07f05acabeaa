//! Where roles are kept: the trait that a host implements over its own grants.

use std::any::{Any, type_name};
use std::collections::BTreeSet;

use async_trait::async_trait;
use scim_core::{ResourceId, Source};
use scim_service::{Context, StoreError, Transaction};

/// A role that a user holds, or is to hold.
///
/// ```
/// use scim_core::Source;
/// use superset_mapping::RoleGrant;
///
/// let given = RoleGrant::by_rules("Editor", Source::client("okta"));
/// assert!(!given.is_manual() && RoleGrant::manual("Editor").is_manual());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleGrant {
    /// The name of the role.
    pub role: String,
    /// By whose word the rules gave it; `None` where somebody granted it manually.
    pub source: Option<Source>,
    /// The rule that gives it, in words for an audit; a target need not keep it.
    pub rule: Option<String>,
}

impl RoleGrant {
    /// A role that somebody granted manually. Rules leave it alone.
    pub fn manual(role: impl Into<String>) -> Self {
        Self { role: role.into(), source: None, rule: None }
    }

    /// A role that the rules gave, by this source's word.
    pub fn by_rules(role: impl Into<String>, source: Source) -> Self {
        Self { role: role.into(), source: Some(source), rule: None }
    }

    /// Whether somebody granted it manually.
    pub fn is_manual(&self) -> bool {
        self.source.is_none()
    }
}

/// In which request, and in which transaction of the store, a [`RoleTarget`] is asked.
#[derive(Clone, Copy)]
pub struct RoleContext<'a> {
    cx: &'a Context,
    transaction: Option<&'a (dyn Transaction + 'static)>,
}

impl<'a> RoleContext<'a> {
    /// Outside of any transaction.
    pub fn new(cx: &'a Context) -> Self {
        Self { cx, transaction: None }
    }

    /// In a transaction of the store.
    pub fn within(cx: &'a Context, transaction: &'a (dyn Transaction + 'static)) -> Self {
        Self { cx, transaction: Some(transaction) }
    }

    /// The request: tenant, principal, time.
    pub fn cx(&self) -> &'a Context {
        self.cx
    }

    /// The transaction of the store, as the type that the store's [`begin`](scim_service::Store::begin) makes: for a target whose grants
    /// are in the same database. `cx.transaction::<OwnTransaction>()?` is then what runs its statements.
    ///
    /// # Errors
    ///
    /// [`StoreError::Internal`] where there is none, or it is of another type. Then the target stands over another store than it was
    /// written for.
    pub fn transaction<T: Transaction>(&self) -> Result<&'a T, StoreError> {
        let transaction = self.transaction.map(|transaction| transaction as &dyn Any);
        transaction.and_then(<dyn Any>::downcast_ref).ok_or_else(|| {
            StoreError::internal(format!(
                "the roles are asked for outside of a transaction of type {}",
                type_name::<T>()
            ))
        })
    }
}

impl std::fmt::Debug for RoleContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let in_transaction = self.transaction.is_some();
        f.debug_struct("RoleContext").field("cx", self.cx).field("in_transaction", &in_transaction).finish()
    }
}

/// The grants of a host: which roles a user holds, to give and to take. [`RoleSync`](crate::RoleSync) makes them follow the rules.
///
/// A target guarantees:
///
/// 1. **Provenance.** [`held`](Self::held) tells of each role whether the rules gave it, and by whose word, as
///    [`give`](Self::give) was told, or whether somebody granted it manually. A column `given_by` that is `NULL` for manual grants does.
/// 2. **Upsert.** To give a role again changes by whose word it is held, and nothing else. To take a role that is not held is no error.
/// 3. **Atomicity.** An error means that the call changed nothing.
/// 4. **One transaction.** Where [`in_transaction`](Self::in_transaction) says so, all three work in the store's transaction
///    ([`RoleContext::transaction`]): what they do takes effect with it, and not at all when it is rolled back. `held` then sees what the
///    transaction gave and took, and keeps others from changing the grants of the user until the transaction ends, as
///    `SELECT ... FOR UPDATE` of the user's row does; a database whose writers take turns, such as `SQLite`, needs nothing for it.
///
/// [`MemoryRoles`](crate::MemoryRoles) is one. With the feature `conformance`, `role_conformance!` tests a target over its store.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::{Mutex, PoisonError};
///
/// use async_trait::async_trait;
/// use chrono::Utc;
/// use scim_core::{ResourceId, SchemaSet, Source};
/// use scim_service::{Context, Create, MemoryStore, Store, StoreError};
/// use serde_json::{from_value, json};
/// use superset_mapping::{RoleContext, RoleGrant, RoleSync, RoleTarget, RuleSet};
///
/// /// The table `user_roles (user_id, role, given_by)`; `given_by` is `NULL` for manual grants.
/// #[derive(Default)]
/// struct UserRoles(Mutex<BTreeMap<(ResourceId, String), Option<Source>>>);
///
/// #[async_trait]
/// impl RoleTarget for UserRoles {
///     // SELECT role, given_by FROM user_roles WHERE user_id = ?
///     async fn held(&self, _: &RoleContext<'_>, user: &ResourceId) -> Result<Vec<RoleGrant>, StoreError> {
///         let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         let rows = rows.iter().filter(|((holder, _), _)| holder == user);
///         Ok(rows
///             .map(|((_, role), given_by)| match given_by {
///                 Some(source) => RoleGrant::by_rules(role, source.clone()),
///                 None => RoleGrant::manual(role),
///             })
///             .collect())
///     }
///
///     // INSERT INTO user_roles VALUES (?, ?, ?) ON CONFLICT (user_id, role) DO UPDATE SET given_by = excluded.given_by
///     async fn give(&self, _: &RoleContext<'_>, user: &ResourceId, grants: &[RoleGrant]) -> Result<(), StoreError> {
///         let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         rows.extend(grants.iter().map(|grant| ((user.clone(), grant.role.clone()), grant.source.clone())));
///         Ok(())
///     }
///
///     // DELETE FROM user_roles WHERE user_id = ? AND role = ?
///     async fn take(&self, _: &RoleContext<'_>, user: &ResourceId, roles: &[String]) -> Result<(), StoreError> {
///         let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         rows.retain(|(holder, role), _| holder != user || !roles.contains(role));
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let rules: RuleSet = "[[rule]]\nwhen = 'title eq \"editor\"'\nroles = [\"Editor\"]".parse()?;
/// let schemas = SchemaSet::builtin();
/// let store = RoleSync::new(MemoryStore::new(), UserRoles::default(), rules, &schemas)?;
/// let cx = Context::internal("example", Utc::now());
/// let ada = from_value(json!({"userName": "ada", "title": "editor"}))?;
/// let ada = store.create(&cx, Create::new(schemas.user().ok_or("no users")?, ada)).await?.change.id;
///
/// let held = store.target().held(&RoleContext::new(&cx), &ada).await?;
/// assert_eq!(held, [RoleGrant::by_rules("Editor", Source::Host)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait RoleTarget: Send + Sync + 'static {
    /// Whether the grants are in the store's transaction. `false` for grants in another system: they are then changed just before the
    /// store commits, and changed back where it does not.
    fn in_transaction(&self) -> bool {
        false
    }

    /// Which of these roles there are. A role that is not there gives nothing, and whoever is left without any has the default roles
    /// ([`Decision::among`](crate::Decision::among)). By default every role is there: a target that makes roles as they are given need
    /// not say so.
    async fn existing(&self, cx: &RoleContext<'_>, roles: &BTreeSet<String>) -> Result<BTreeSet<String>, StoreError> {
        let _ = cx;
        Ok(roles.clone())
    }

    /// The roles that a user holds, each once; none for an id that the target does not know.
    async fn held(&self, cx: &RoleContext<'_>, user: &ResourceId) -> Result<Vec<RoleGrant>, StoreError>;

    /// Gives roles to a user. Each has a source, but for manual grants that were taken from somebody who is deactivated, and come back
    /// because the store did not commit the deactivation.
    async fn give(&self, cx: &RoleContext<'_>, user: &ResourceId, grants: &[RoleGrant]) -> Result<(), StoreError>;

    /// Takes roles from a user.
    async fn take(&self, cx: &RoleContext<'_>, user: &ResourceId, roles: &[String]) -> Result<(), StoreError>;

    /// Whether an active user besides these holds a role. Asked only of roles that somebody has to hold
    /// ([`RoleSync::with_last_holder_kept`](crate::RoleSync::with_last_holder_kept)).
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] by default.
    async fn is_held_by_others(
        &self,
        cx: &RoleContext<'_>,
        role: &str,
        except: &BTreeSet<ResourceId>,
    ) -> Result<bool, StoreError> {
        let _ = (cx, role, except);
        Err(StoreError::Unsupported { what: "cannot tell who else holds a role" })
    }
}
