//! The language of rules files: one rule, the file around it, and what is wrong with either.

mod binding;
mod condition;
mod contradiction;
mod group_pattern;
mod role_template;
mod rule;
mod rule_error;
mod rule_file;
mod rule_index;
mod rule_reader;
mod rule_set;
mod shadowing;
mod spanned_error;

pub use binding::Binding;
pub use condition::Condition;
pub use group_pattern::{GroupPattern, MAX_MATCHED_NAME_LEN, MAX_PATTERN_LEN};
pub use role_template::{MAX_ROLE_LEN, RoleTemplate};
pub use rule::Rule;
pub(crate) use rule::protects;
pub use rule_error::RuleError;
pub use rule_file::MAX_RULES;
pub use rule_reader::{MAX_RULES_LEN, RuleReader};
pub use rule_set::{RuleSet, UnknownGroups};
