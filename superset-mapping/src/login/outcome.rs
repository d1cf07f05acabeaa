//! What a login did.

use scim_core::Resource;

use crate::rules::Decision;

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// The User resource as it is now.
    pub user: Resource,
    /// What the rules decide, with the reasons.
    pub decision: Decision,
    /// The roles that the user holds now in the service behind the store.
    pub roles: Vec<String>,
    /// Which generation of the user a session that begins now is of ([`LoginAccess::generation`](crate::login::LoginAccess::generation)); 0 where the
    /// store has none.
    pub generation: i64,
    /// Whether the user was created by this login.
    pub created: bool,
    /// Whether attributes of the user were changed by it.
    pub changed: bool,
    /// What happened to the groups.
    pub groups: GroupChanges,
}

/// What a login did to the groups of a person, by display name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChanges {
    /// Groups that were joined.
    pub joined: Vec<String>,
    /// Groups that were left.
    pub left: Vec<String>,
    /// Groups of the assertion that were not joined: somebody else made a group of that name, or the store can't have one.
    pub not_joined: Vec<String>,
}
