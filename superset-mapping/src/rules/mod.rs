//! Who gets which role, decided in one place and without side effects.
//!
//! [`RuleSet::decide`] is a pure function of a [`Subject`]: whoever provisions (SCIM), logs in (just in time) or checks
//! (reconciliation) asks it, so that the three can't disagree.

mod decide;
mod explain;
mod rule;
mod rule_set;

pub use decide::{Decision, GroupRef, IgnoredGroup, Reason, Subject, WhyIgnored};
pub use explain::Explanation;
pub use rule::{Binding, Rule};
pub use rule_set::{RuleError, RuleSet};
