//! A store over a host's own tables.

mod condition;
mod database;
mod layout;
mod list;
mod members;
mod order;
mod record;
mod session;
mod statement;
mod store;
mod table;
mod write;

pub use database::{Access, Connection, Database, DatabaseError};
pub use statement::{Cell, CellKind, Statement};
pub use store::{ATTEMPTS, TableStore};
pub use table::{MappingError, Membership, Table};
