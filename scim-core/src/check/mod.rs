//! From JSON to a resource: the check at the edge (RFC 7643 sections 2, 3 and 7).

mod checker;
mod error;
mod form;
mod key_path;
mod limits;
mod simple_value;

pub use checker::Checker;
pub use error::{CheckError, CheckProblem};
pub use limits::ValueLimits;
