//! Whom a decision is about.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::{ExternalId, Provenance, Resource, ResourceId, Source};
use serde_json::{Value, json};

/// A group that a person is in, directly or through other groups, and who says so.
///
/// ```
/// use std::sync::Arc;
///
/// use scim_core::{Provenance, Source};
/// use superset_mapping::GroupRef;
///
/// let group = GroupRef::new("g-1".parse()?, "analytics-team")
///     .with_external_id("grp-7")
///     .asserted_by(Arc::new(Provenance::new(Source::client("okta"))));
/// assert_eq!(group.identifier(), Some("grp-7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupRef {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// The `externalId`.
    pub external_id: Option<ExternalId>,
    /// The `displayName`.
    pub display_name: String,
    /// Who asserts the group.
    pub provenance: Option<Arc<Provenance>>,
    /// Who asserts the memberships between the person and the group: for each way from one to the other its sources. Empty
    /// where they are those of the group.
    pub chains: Vec<BTreeSet<Source>>,
    /// Whether the `externalId` is that of another group, which claimed it first: rules do not look at it.
    pub contested: bool,
}

impl GroupRef {
    /// A group of which nothing else is known.
    pub fn new(id: ResourceId, display_name: &str) -> Self {
        Self {
            id,
            external_id: None,
            display_name: display_name.to_owned(),
            provenance: None,
            chains: Vec::new(),
            contested: false,
        }
    }

    /// The same group with an `externalId`.
    #[must_use]
    pub fn with_external_id(self, external_id: impl Into<ExternalId>) -> Self {
        Self { external_id: Some(external_id.into()), ..self }
    }

    /// The same group, asserted by `provenance`.
    #[must_use]
    pub fn asserted_by(self, provenance: Arc<Provenance>) -> Self {
        Self { provenance: Some(provenance), ..self }
    }

    /// The same group, with the sources of each way of memberships from the person to it.
    #[must_use]
    pub fn asserted_through(self, chains: Vec<BTreeSet<Source>>) -> Self {
        Self { chains, ..self }
    }

    /// The same group, whose `externalId` is another's.
    #[must_use]
    pub fn contested(self) -> Self {
        Self { contested: true, ..self }
    }

    /// What whoever asserts the group calls it: the `externalId`, of a group that logins made without the part before the
    /// identity provider's own identifier.
    ///
    /// `None` where the form of the `externalId` belongs to an identity provider that does not assert the group, and where the
    /// group is contested.
    pub fn identifier(&self) -> Option<&str> {
        if self.contested {
            return None;
        }
        let external_id = self.external_id.as_ref()?.as_str();
        let prefix = self.provenance.as_ref().map(|provenance| provenance.source().prefix()).unwrap_or_default();
        match external_id.strip_prefix(&*prefix) {
            Some(own) if !prefix.is_empty() => Some(own),
            _ if external_id.starts_with(Source::BY_LOGIN) => None,
            _ => Some(external_id),
        }
    }
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
pub(in crate::rules) fn user_in<'a>(user: &Resource, groups: impl Iterator<Item = &'a GroupRef>) -> Resource {
    let elements: Vec<Value> =
        groups.map(|group| json!({"value": group.id.as_str(), "display": group.display_name})).collect();
    let mut user = user.clone();
    user.set("groups", (!elements.is_empty()).then_some(Value::Array(elements)));
    user
}
