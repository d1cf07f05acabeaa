//! Tests for whoever implements a [`Store`](crate::Store) or mounts a [`ScimService`](crate::ScimService).
//!
//! # Stores
//!
//! [`store_conformance!`](crate::store_conformance) makes one `#[test]` of each case below. A case has the number of the
//! guarantee it holds the store to (they are listed at [`Store`](crate::Store)) at the start of its name, `p04_...`, and at
//! the start of what it says when it fails, `guarantee 4: ...`. Give it a way to make an empty store, and a way to wait for
//! a future:
//!
//! ```
//! use scim_service::MemoryStore;
//! use std::sync::LazyLock;
//! use tokio::runtime::Runtime;
//!
//! static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
//!
//! scim_service::store_conformance!(async || MemoryStore::new(), |future| RUNTIME.block_on(future));
//! # fn main() {}
//! ```
//!
//! - The factory is called once for each case, and what it makes is empty. It may also make a pair of a store and
//!   something to keep until the case ends, such as a temporary folder.
//! - Waiting is asked for from several threads at once and over and over, so a store that is tied to a runtime needs one
//!   that lives as long as the tests: a `static`, as above.
//! - The cases use the built-in `User`, `EnterpriseUser` and `Group`; no two users of a case have an e-mail address in
//!   common, and no two groups a name, because many systems forbid it. A service with schemas of its own names them as a third argument: the
//!   cases then try what these have, give what they require, and add filters and sorts of the attributes that nobody else has. Where a case has
//!   nothing to try it says so in its output (`cargo test -- --nocapture`).
//! - What all cases rely on is looked at first, once. If a user cannot be created, or an attribute of the schemas is lost, one case fails and
//!   names the cause ([`Suite`]).
//!
//! ```
//! # use std::sync::LazyLock;
//! # use tokio::runtime::Runtime;
//! use scim_core::{ResourceTypeName, SchemaSet};
//! use scim_core::schema::Uniqueness;
//! use scim_service::MemoryStore;
//!
//! # static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
//! fn schemas() -> SchemaSet {
//!     let external_id = "externalId".parse().unwrap();
//!     SchemaSet::builtin().with_uniqueness(&ResourceTypeName::user(), &external_id, Uniqueness::Server).unwrap()
//! }
//!
//! scim_service::store_conformance!(async || MemoryStore::new(), |future| RUNTIME.block_on(future), schemas());
//! # fn main() {}
//! ```
//!
//! # My store fails this: now what?
//!
//! | guarantee | what is usually wrong |
//! |---|---|
//! | 1 | `create` answers with the draft, not with what was stored; `meta` is missing or takes the time from a clock instead of `Context::now`; an id is looked up without its type |
//! | 2 | a statement lacks the condition on the tenant; look-ups of members and of uniqueness need it too |
//! | 3 | the value is compared as typed: index [`unique_values`](crate::store::unique_values), which are folded; check and insert are two steps: let a unique index of the database decide |
//! | 4 | only the written row gets a new version: the users in a changed group, those in groups below it, and the groups of a renamed user show something else too |
//! | 5 | the version is compared before the transaction that writes |
//! | 6 | an error after the first statement leaves the others in place: one transaction per call |
//! | 7 | SQL compares otherwise than the evaluator (case, `NULL`, `LIKE` metacharacters, time zones): push down only what agrees, leave the rest to [`finish`](crate::store::finish()) |
//! | 8 | members are kept as the JSON that came, or lose ids that nobody has; `groups` follows only one step |
//! | 9 | the new content replaces the row as a whole, and the secret with it; or a secret that is `null` in it, or gone after a patch, is kept like one that is absent: see [`keep_write_only`](crate::store::keep_write_only) |
//! | 10 | the row is only marked: some method still finds it, or its unique values still stand in the way |
//! | 11 | a page is found by offset, or by the key without the id that breaks ties; missing values have no place in the order; a collation of the database is not the order of bytes |
//! | 12 | reads in the transaction go to another connection; a failed call in it has spoilt it: use a savepoint |
//! | 13 | members are read, changed and written back as a whole: write the difference, or compare the version |
//! | 14 | the [`Change`](crate::Change) is made of the request, not of what the transaction found: compare the documents with `Differences::between`, take members from the statements that moved them, the versions from the row before and after |
//!
//! # Mounts
//!
//! [`http_conformance`] plays the rules of the protocol that a framework can get in the way of (base path, headers,
//! `HEAD`, percent-encoding, status codes) against whatever answers HTTP requests.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a case fails by a panic, as tests do"
)]

pub mod changes;
pub mod concurrency;
mod fixture;
mod http;
pub mod lifecycle;
pub mod listing;
pub mod membership;
pub mod positions;
mod suite;
pub mod tenancy;
pub mod transactions;
pub mod uniqueness;
pub mod versions;

pub use fixture::Trial;
pub use http::http_conformance;
#[doc(hidden)]
pub use suite::builtin;
pub use suite::{CASES, Case, StoreUnderTest, Suite, run};
