//! The endpoints.

mod bulk;
mod discovery;
mod health;
mod me;
mod query;
mod read;
mod write;

pub(crate) use bulk::bulk;
pub(crate) use discovery::{resource_types, schemas, service_provider_config, well_known};
pub(crate) use health::{health, live, ready};
pub(crate) use me::{me, redirect, with_location};
pub(crate) use query::{list, list_all, search, search_all};
pub(crate) use read::read;
pub(crate) use write::{create, delete, patch, replace};
