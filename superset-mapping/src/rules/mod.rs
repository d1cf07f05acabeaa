//! Who gets which role, decided in one place and without side effects.
//!
//! [`RuleSet::decide`] is a pure function of a [`Subject`]: whoever provisions (SCIM), logs in (just in time) or checks
//! (reconciliation) asks it, so that the three can't disagree.
//!
//! A rule believes only the sources that it may believe: it asks who asserts the user, the group, and the memberships between
//! them. Which programs may write at all is checked when they start ([`RuleSet::check_writers`]).
//!
//! A rules file is checked when it is read, each rule by itself and all of them together; a [`RuleError`] shows the place in
//! the text.

mod decide;
mod language;
mod subject;

#[cfg(any(feature = "_store", feature = "roles"))]
pub(crate) use decide::Settlement;
pub use decide::{Bound, Decision, Explanation, IgnoredGroup, Reason, RoleMapper, WhyIgnored, WriterError};
#[cfg(feature = "_store")]
pub(crate) use language::protects;
pub use language::{
    Binding, Condition, GroupPattern, MAX_MATCHED_NAME_LEN, MAX_PATTERN_LEN, MAX_ROLE_LEN, MAX_RULES, MAX_RULES_LEN,
    RoleTemplate, Rule, RuleError, RuleReader, RuleSet, UnknownGroups,
};
#[cfg(any(feature = "_store", feature = "jit", feature = "roles"))]
pub(crate) use subject::Edges;
pub use subject::{Belief, Believed, Doubt, GroupRef, Subject};
