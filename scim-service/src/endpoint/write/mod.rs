//! Writes of one resource (RFC 7644 sections 3.3, 3.5 and 3.6).

mod attempt;
mod create;
mod delete;
mod groups_on_user;
mod integrity;
mod patch;
mod replace;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use patch::patch;
pub(crate) use replace::replace;
