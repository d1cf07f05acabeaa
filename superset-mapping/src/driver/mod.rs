//! Database engines: how each is opened, how a transaction starts, how values get in and out.

#[macro_use]
mod statements;

mod address;
mod catalogue;
mod database;
mod error;
#[cfg(feature = "mysql")]
mod mysql;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_statistics;
#[cfg(feature = "sqlite")]
mod sqlite;

pub(crate) use address::OpenError;
pub(crate) use catalogue::Catalogue;
pub(crate) use database::{Database, Row, Transaction};
pub(crate) use error::{CONNECTION_WAIT, DatabaseError};
