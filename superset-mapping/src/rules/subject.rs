//! Whom a decision is about.

use scim_core::{ExternalId, Resource, ResourceId};
use serde_json::{Value, json};

/// A group that a person is in, directly or through other groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRef {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// The `externalId`.
    pub external_id: Option<ExternalId>,
    /// The `displayName`.
    pub display_name: String,
}

/// A person and the groups that speak for them.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The User resource. Its own `groups` are not looked at.
    pub user: &'a Resource,
    /// All groups, indirect ones included, each once.
    pub groups: Vec<GroupRef>,
}

/// The user with these groups as `groups`, for conditions that ask about them: `value` and `display` of each.
pub(super) fn user_in<'a>(user: &Resource, groups: impl Iterator<Item = &'a GroupRef>) -> Resource {
    let elements: Vec<Value> =
        groups.map(|group| json!({"value": group.id.as_str(), "display": group.display_name})).collect();
    let mut user = user.clone();
    user.attributes_mut().remove("groups");
    if !elements.is_empty() {
        user.attributes_mut().insert("groups".to_owned(), Value::Array(elements));
    }
    user
}
