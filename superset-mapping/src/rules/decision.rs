//! The decision: which roles a person gets, and why.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::subject::GroupRef;

/// Why a role is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// A rule means this person.
    Rule {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The display name of the group that it recognised; `None` where it asks about the person alone.
        group: Option<String>,
    },
    /// No rule gave a role, and this one is among the default roles.
    Default,
    /// What a [`RoleMapper`](crate::RoleMapper) of the host says.
    Host(String),
}

/// Why a group gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyIgnored {
    /// No rule names it.
    NoRule,
    /// A rule names it in another case, and names regard case.
    OtherCase {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The name as the rule has it.
        name: String,
    },
    /// It is not among the allowed groups.
    NotAllowed,
    /// A rule names it, but the person does not fulfil the rule's condition.
    Condition {
        /// The 1-based number of the first such rule.
        rule: usize,
    },
    /// A rule names it, but the group's name makes of its role what must not be given.
    Withheld {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The role that the name would have made.
        role: String,
    },
    /// A group that is unknown withholds what this one gives by its name.
    Refused,
}

/// A group that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredGroup {
    /// The group.
    pub group: GroupRef,
    /// Why.
    pub why: WhyIgnored,
}

/// The roles of a person, each with its reasons.
///
/// A [`RoleMapper`](crate::RoleMapper) of the host makes one with [`with_role`](Self::with_role):
///
/// ```
/// use superset_mapping::{Decision, Reason};
///
/// let decision = Decision::default().with_role("Alpha", Reason::Host("on call".to_owned()));
/// assert!(decision.grants("Alpha"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    pub(super) roles: BTreeMap<String, BTreeSet<Reason>>,
    pub(super) ignored: Vec<IgnoredGroup>,
    pub(super) refused_by: Vec<String>,
}

impl Decision {
    /// The decision with one more role, or one more reason for it.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>, reason: Reason) -> Self {
        self.roles.entry(role.into()).or_default().insert(reason);
        self
    }

    /// The roles in the order of their names.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// Whether the role is given.
    pub fn grants(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// The reasons for a role: rules in the order of the file.
    pub fn reasons(&self, role: &str) -> impl Iterator<Item = &Reason> {
        self.roles.get(role).into_iter().flatten()
    }

    /// The groups that gave nothing.
    pub fn ignored(&self) -> &[IgnoredGroup] {
        &self.ignored
    }

    /// Whether the person is in a group that is unknown, and the rules refuse such people: they are not logged in just in time,
    /// and have no roles but those that identifiers of other groups give. So whatever a group is renamed to, nobody gains or
    /// loses a protected role by it.
    pub fn is_refused(&self) -> bool {
        !self.refused_by.is_empty()
    }

    /// The display names of the groups for which the person is refused.
    pub fn refused_by(&self) -> &[String] {
        &self.refused_by
    }
}
