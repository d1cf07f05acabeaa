//! Who gets which role, decided in one place and without side effects.
//!
//! [`RuleSet::decide`] is a pure function of a [`Subject`]: whoever provisions (SCIM), logs in (just in time) or checks
//! (reconciliation) asks it, so that the three can't disagree.
//!
//! Every answer asks whom it believes ([`belief`]): who asserts the person, the group, and the memberships between them. Which
//! programs may write at all is checked when they start ([`writers`]).
//!
//! A file is read by [`rule_reader`] into [`rule_file`], whose entries are checked one by one ([`rule`]) and together ([`reach`]);
//! what is wrong is a [`fault`], which finds its place in the text and becomes a [`rule_error`].

mod belief;
mod binding;
#[cfg(any(feature = "_store", feature = "jit", feature = "roles"))]
mod chains;
mod condition;
mod contradiction;
mod decide;
mod decision;
mod explain;
mod fault;
mod group_pattern;
mod reach;
mod role_mapper;
mod role_template;
mod rule;
mod rule_error;
mod rule_file;
mod rule_index;
mod rule_reader;
mod rule_set;
#[cfg(any(feature = "_store", feature = "roles"))]
mod settlement;
mod subject;
mod writers;

pub use belief::{Belief, Believed, Doubt};
pub use binding::Binding;
#[cfg(any(feature = "_store", feature = "jit", feature = "roles"))]
pub(crate) use chains::Edges;
pub use condition::Condition;
pub use decision::{Decision, IgnoredGroup, Reason, WhyIgnored};
pub use explain::Explanation;
pub use group_pattern::{GroupPattern, MAX_MATCHED_NAME_LEN, MAX_PATTERN_LEN};
pub use role_mapper::{Bound, RoleMapper};
pub use role_template::{MAX_ROLE_LEN, RoleTemplate};
pub use rule::Rule;
#[cfg(feature = "_store")]
pub(crate) use rule::protects;
pub use rule_error::RuleError;
pub use rule_file::MAX_RULES;
pub use rule_reader::{MAX_RULES_LEN, RuleReader};
pub use rule_set::{RuleSet, UnknownGroups};
#[cfg(any(feature = "_store", feature = "roles"))]
pub(crate) use settlement::Settlement;
pub use subject::{GroupRef, Subject};
pub use writers::WriterError;
