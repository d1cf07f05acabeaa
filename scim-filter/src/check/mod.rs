//! Does a filter fit the schema? From [`Filter`](crate::Filter) to [`Predicate`](crate::Predicate).

mod checker;
mod error;
mod rules;

pub use checker::{check, check_any, check_element};
pub use error::FilterError;
pub(crate) use error::FilterErrorKind;
pub(crate) use rules::{refuse_never_returned, to_default_sub_attribute};
