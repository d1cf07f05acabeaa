//! A store over your own tables.
//!
//! You have `users`, `teams` and `team_members`, and want SCIM clients to maintain them. [`TableStore`] is a [`Store`](crate::Store) over
//! them. It needs to know two things:
//!
//! - which column has which attribute: a [`Table`] for each resource type, and a [`MemberTable`] for who is in which group;
//! - how to run a statement: the traits [`Database`] and [`Connection`], with whichever driver you have.
//!
//! Everything that the guarantees of a store ask for beyond that is done here: ids, versions and preconditions, uniqueness, members and the
//! groups above them, write-only values, PATCH, pages, and the [`Change`](crate::Change) of each write. `examples/own_tables` is such a store
//! over SQLite in less than 150 lines, and passes the whole suite of `store_conformance!`.
//!
//! ```
//! use async_trait::async_trait;
//! use scim_core::SchemaSet;
//! use scim_service::Store;
//! use scim_service::tables::{
//!     AccessMode, Cell, Connection, Database, DatabaseError, MemberTable, Statement, Table, TableStore,
//! };
//!
//! struct Application; // with a pool of connections
//! struct Transaction; // with a transaction of the driver, which is rolled back when it is dropped
//!
//! #[async_trait]
//! impl Database for Application {
//!     type Connection = Transaction;
//!
//!     async fn begin(&self, access: AccessMode) -> Result<Transaction, DatabaseError> {
//!         Err(DatabaseError::Unavailable("this example has no driver".into()))
//!     }
//! }
//!
//! #[async_trait]
//! impl Connection for Transaction {
//!     async fn query(&mut self, statement: Statement) -> Result<Vec<Vec<Cell>>, DatabaseError> {
//!         // Bind `statement.values`, run `statement.text`, read `statement.columns`.
//!         Ok(Vec::new())
//!     }
//!     async fn execute(&mut self, statement: Statement) -> Result<u64, DatabaseError> {
//!         Ok(0)
//!     }
//!     async fn commit(self) -> Result<(), DatabaseError> {
//!         Ok(())
//!     }
//! }
//!
//! let users = Table::new("User", "users")
//!     .with_column("userName", "login")
//!     .with_folded("userName", "login_folded")
//!     .with_column("name.givenName", "first")
//!     .with_column("emails.value", "email");
//! let teams = Table::new("Group", "teams").with_column("displayName", "name");
//! let members = MemberTable::new("team_members", "team_id", "user_id");
//! let store = TableStore::new(Application, &SchemaSet::builtin(), [users, teams], members)?;
//! assert!(store.capabilities().patch);
//! # Ok::<(), scim_service::tables::TableMappingError>(())
//! ```
//!
//! # What the tables need
//!
//! A few columns for SCIM, which [`Table`] lists, and an index on each column that clients look things up by. Rows that are there already
//! become resources when they get a `scim_id`, and folded forms where there are columns for them:
//!
//! ```sql
//! UPDATE users SET scim_id = lower(hex(randomblob(16))), login_folded = lower(login) WHERE scim_id IS NULL
//! ```
//!
//! (`lower` will do for names in ASCII; for others fold with [`scim_filter::fold`].) A deletion deletes the row, so what refers to it has to
//! allow that: `ON DELETE CASCADE`, or a trigger.
//!
//! # What costs what
//!
//! | a query | how |
//! |---|---|
//! | `id eq`, `userName eq`, `externalId eq`, `displayName eq` with a column, `members.value eq`, several of them joined by `or` | one look-up in an index |
//! | `sw`, `gt`, `pr`, `meta.lastModified gt`; pages and sorts by a column | by the database |
//! | `co`, `ew` on a folded column | by the database, at most four of them |
//! | the rest of a filter, or a sort without a column | the evaluator, over what the database leaves, 500 rows at a time, within the [budget](crate::Context::budget) of the request |
//!
//! A member comes or goes by statements whose number does not depend on how many members the group has. The `version` of each user whose `groups`
//! change moves with it, so a renamed group costs an update of all users below it.
//!
//! # Tenants
//!
//! A table with a [tenant column](Table::with_tenant) holds all tenants, and each statement has a condition on the column; a request without a
//! tenant has the empty string there. Tables without it are for services without tenants: a request of a tenant is answered with
//! [`StoreError::Unsupported`](crate::StoreError::Unsupported). A host with a database for each tenant makes a store for each.
//!
//! # Who asserts a row, and roles that follow
//!
//! With a [source column](Table::with_source) a table tells who wrote the content of a row last, and resources have a
//! [provenance](scim_core::Resource::provenance). What a login of an identity provider has made, SCIM clients do not take over: their
//! content is [refused](crate::StoreError::Refused), but for `active` alone. A host's own statements run in a transaction of the store
//! too ([`TableTransaction`]): in the example `own_tables` a table of roles follows what clients write, by the rules of
//! `superset-mapping`.
//!
//! Who added a member is not kept: a membership counts as asserted by whoever asserts its group, so every client that may change a group
//! of another says who is in it. Where that matters, let an [`Authorizer`](crate::Authorizer) keep clients to their own groups.
//!
//! # Transactions and races
//!
//! A call is one transaction. The statement that changes a row compares the version that was read, so no write is lost under any
//! isolation; a call that was overtaken, or that the database reports as a [`Conflict`](DatabaseError::Conflict), is repeated up to
//! [`ATTEMPTS`] times. All-or-nothing bulk requests work: statements named `SAVEPOINT`, `ROLLBACK TO SAVEPOINT` and `RELEASE SAVEPOINT` let one call in a
//! transaction fail without the others.
//!
//! # Which databases
//!
//! The statements are those that SQLite, PostgreSQL, MySQL 8 and MariaDB have in common: `LIMIT` and `OFFSET`, `IN`, `UNION ALL`, savepoints. The
//! tests run on SQLite. For PostgreSQL take [`Statement::numbered`]. A string with U+0000 for a column is refused with
//! [`InvalidValue`](crate::StoreError::InvalidValue), because databases differ in what they make of it.

mod condition;
mod database;
mod layout;
mod list;
mod members;
mod order;
mod pairs;
mod record;
mod references;
mod session;
mod statement;
mod store;
mod table;
mod write;

pub use database::{AccessMode, Connection, Database, DatabaseError};
pub use statement::{Cell, CellKind, Statement};
pub use store::{ATTEMPTS, TableStore, TableTransaction};
pub use table::{MemberTable, Table, TableMappingError};
