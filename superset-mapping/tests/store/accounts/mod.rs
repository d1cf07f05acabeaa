//! Users as accounts of Superset.

pub(crate) mod adoption;
pub(crate) mod closed;
pub(crate) mod conflicts;
pub(crate) mod names;
pub(crate) mod purge;
pub(crate) mod reports;
pub(crate) mod secrets;
pub(crate) mod users;
