//! One request on its way through the service: what it says, what it may do, and what its response shows.

mod body;
mod content;
mod filter;
mod limit;
mod permit;
mod reference;
mod request;
mod show;
mod span;
mod visible;

pub(crate) use body::{Body, BodyLimit};
pub(crate) use content::resource_id;
pub(crate) use filter::one_of;
pub(crate) use permit::Permit;
pub(crate) use reference::{References, complete_paths, holds_members};
pub(crate) use request::{Call, Can};
pub(crate) use span::InSpan;
