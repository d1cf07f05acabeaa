//! How a rule recognises a group.

use crate::rules::language::group_pattern::GroupPattern;
use crate::rules::subject::GroupRef;

/// How a rule recognises a group. All of them regard case, as Flask-AppBuilder's own `AUTH_ROLES_MAPPING` does; a pattern may
/// say `(?i)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Binding {
    /// By `displayName`. Clients choose and change it, so such a rule never grants a protected role.
    DisplayName(String),
    /// By the form of the `displayName`; the same holds for it.
    Pattern(GroupPattern),
    /// By the group's identifier with whoever asserts it ([`GroupRef::identifier`]): the `externalId` that a SCIM client sends, the
    /// identity provider's own name for a group of logins.
    ExternalId(String),
    /// By the SCIM `id`, which the service issues.
    Id(String),
}

impl Binding {
    /// The key of the rules file.
    pub fn key(&self) -> &'static str {
        match self {
            Self::DisplayName(_) => "group",
            Self::Pattern(_) => "group_pattern",
            Self::ExternalId(_) => "group_external_id",
            Self::Id(_) => "group_id",
        }
    }

    /// The name, pattern or identifier.
    pub fn value(&self) -> &str {
        match self {
            Self::DisplayName(value) | Self::ExternalId(value) | Self::Id(value) => value,
            Self::Pattern(pattern) => pattern.as_str(),
        }
    }

    /// Whether the group is recognised by an identifier, which nobody changes by renaming it.
    pub fn is_identifier(&self) -> bool {
        matches!(self, Self::ExternalId(_) | Self::Id(_))
    }

    /// Whether the rule means this group.
    pub fn matches(&self, group: &GroupRef) -> bool {
        match self {
            Self::DisplayName(name) => group.display_name == *name,
            Self::Pattern(pattern) => pattern.matches(&group.display_name),
            Self::ExternalId(id) => group.identifier() == Some(id),
            Self::Id(id) => group.id.as_str() == id,
        }
    }
}
