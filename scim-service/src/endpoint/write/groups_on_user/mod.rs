//! `groups` in what a client writes of a User, where the profile has [`Quirk::GroupsOnUser`].
//!
//! The service then works with schemas in which `groups` is written. What a message says of it never reaches the store with
//! the user: it becomes memberships, each changed as a PATCH of its group by the same client would, in one transaction with
//! the user where the store has any. A message that also sets a password is the exception: the user is then written first,
//! once it is known that its groups may be changed, and a new one is deleted again if they can't be.
//!
//! | message | the user's direct groups |
//! |---|---|
//! | POST, PUT with `groups` | exactly those that are named |
//! | POST, PUT without | stay |
//! | PATCH | what the operations make of them |
//!
//! Groups that the client may not see are not there: they can neither be joined nor left. Groups that the user is in through
//! other groups follow from those.

mod change;
mod names;
mod write;

pub(super) use change::GroupChange;
pub(super) use write::Write;

use std::sync::Arc;

use scim_core::TypeSchema;

use crate::call::Call;
use crate::store::StoreError;
use crate::wire::Failure;

impl<S: ?Sized> Call<'_, S> {
    fn group_type(&self) -> Option<Arc<TypeSchema>> {
        self.schemas.group().cloned()
    }
}

fn invalid(expected: String) -> Failure {
    StoreError::InvalidValue { attribute: "groups.value".to_owned(), expected }.into()
}
