//! What a login asks of a store beyond resources.

use async_trait::async_trait;
use scim_core::{ResourceId, TypeSchema};
#[cfg(feature = "memory")]
use scim_service::MemoryStore;
use scim_service::{Context, Store, StoreError, Transaction};

use crate::rules::Decision;

/// What a user may do in the service that a store provisions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginAccess {
    /// What the rules decide.
    pub decision: Decision,
    /// The roles that the user holds there now, in order: those that the rules gave, and those that were granted manually. A role that
    /// the rules give and the service does not have is not among them.
    pub roles: Vec<String>,
    /// Which generation of the user it is. Whatever a login opens is of this one, and over once the user has another: since somebody
    /// else asserts the user, or SCIM deactivated the user or let them in again.
    pub generation: i64,
}

/// A store that people log in by.
///
/// A store of resources alone says so by an empty implementation: roles are then what the rules decide, and nobody but SCIM closes an
/// account.
///
/// An implementation guarantees:
///
/// 1. **Closed accounts.** [`is_closed`](Self::is_closed) looks at the account itself, not at the resource.
/// 2. **Reconciled access.** After [`reconcile_access`](Self::reconcile_access) the user holds what the rules give now, whatever held
///    before.
/// 3. **One step.** [`move_user`](Self::move_user) happens as a whole or not at all.
#[async_trait]
pub trait LoginStore: Store {
    /// Whether the account of a user was closed in the service itself, whatever SCIM says of the user.
    async fn is_closed(&self, cx: &Context, user: &ResourceId) -> Result<bool, StoreError> {
        let _ = (cx, user);
        Ok(false)
    }

    /// Makes the access of a user what the rules say now. `None` where the store keeps none.
    async fn reconcile_access(&self, cx: &Context, user: &ResourceId) -> Result<Option<LoginAccess>, StoreError> {
        let _ = (cx, user);
        Ok(None)
    }

    /// Takes a user out of groups and puts it into others. Those to leave may be gone. `false` where the store has no such step: each
    /// membership is then a patch of its group.
    async fn move_user(
        &self,
        cx: &Context,
        group: &TypeSchema,
        user: &ResourceId,
        leave: &[ResourceId],
        join: &[ResourceId],
    ) -> Result<bool, StoreError> {
        let _ = (cx, group, user, leave, join);
        Ok(false)
    }

    /// Begins the transaction of one login: everything that the login reads and writes happens in it. `None` where the store has no
    /// such transaction: each call of the login is then one of its own.
    ///
    /// Inside, the access of the user need follow at [`reconcile_access`](Self::reconcile_access) alone, so that a login decides roles
    /// once. A login that fails with a [conflict](StoreError::is_conflict) is repeated in a new transaction.
    async fn begin_login(&self, cx: &Context) -> Result<Option<Box<dyn LoginTransaction>>, StoreError> {
        let _ = cx;
        Ok(None)
    }
}

/// A transaction that people log in by.
pub trait LoginTransaction: LoginStore + Transaction {}

impl<T: LoginStore + Transaction> LoginTransaction for T {}

#[cfg(feature = "memory")]
impl LoginStore for MemoryStore {}
