//! Database engines: how each is opened, how a transaction starts, how values get in and out.

mod error;
mod sqlite;

pub(crate) use error::DatabaseError;
pub(crate) use sqlite::{Database, Row, Transaction};
