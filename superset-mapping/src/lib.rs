//! SCIM provisioning of Apache Superset: role rules, and a store over Superset's own metadata database.
//!
//! Superset has no SCIM. Here its tables become the storage of a SCIM service: people are rows of `ab_user`, groups rows of
//! `ab_group`, and what a person may do is decided by rules that name groups.
//!
//! ```
//! use scim_core::Resource;
//! use superset_mapping::{GroupRef, RuleSet, Subject};
//!
//! let rules: RuleSet = r#"
//!     default_roles = ["Gamma"]
//!
//!     [[rule]]
//!     group = "analytics-team"
//!     roles = ["Alpha", "sql_lab"]
//!
//!     [[rule]]
//!     group_external_id = "grp-exec"
//!     roles = ["Admin"]
//!     grants_protected = true
//! "#.parse()?;
//!
//! let group = GroupRef::new("g-1".parse()?, "Admin");
//! let decision = rules.decide(&Subject { user: &Resource::default(), groups: vec![group] });
//! // Calling a group `Admin` makes nobody an administrator.
//! assert_eq!(decision.roles().collect::<Vec<_>>(), ["Gamma"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | piece | for |
//! |---|---|
//! | [`RuleSet`], [`Subject`], [`Decision`], [`Explanation`] | which roles a person gets, and why: pure functions |
//! | [`RoleMapper`] | the host's own code in place of rules |
//! | `RoleSync`, `RoleTarget` (feature `roles`) | roles of a host's own that follow what is written to any `scim_service::Store`, by the same rules |
//! | `JitLogin`, `AttributeMapping`, `IdentityProvider` (feature `jit`) | logins that create people on the spot, by the same rules |
//! | `SamlVerifier` (feature `saml`) | SAML responses, verified |
//! | `FabConfig` (feature `jit`) | the same rules as settings of Superset's own login |
//! | `SupersetStore` (with a database feature) | a `scim_service::Store` over Superset's metadata database |
//! | `StoreOptions`, `Adoption` | what happens to local accounts, and to the rows of deleted users |
//! | `SupersetStore::drift`, `repair`, `leavers`, `Directory` (with a database feature) | what differs from rules and SCIM, its repair, who has left |
//! | `SupersetStore::undo` (with a database feature) | what a client did, taken back by the audit |
//! | `create_demo_schema` (with a database feature) | Superset's security tables in an empty database, to try it all out |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `postgres` | `SupersetStore` on `PostgreSQL`, by sqlx on tokio |
//! | `mysql` | the same on `MySQL` and `MariaDB` |
//! | `sqlite` | the same on `SQLite` |
//! | `roles` | roles over any `scim_service::Store`, in a host's own tables |
//! | `conformance` | `role_conformance!`: tests for whoever implements a `RoleTarget` |
//! | `metrics` | [`metrics`]: logins, drift, batches of writes and connections, counted for a recorder of the host's choice |
//! | `memory` | logins over `scim_service::MemoryStore` |
//! | `jit` | login just in time over any `scim_service::Store`, and settings for Flask-AppBuilder |
//! | `saml` | verification of SAML responses, by `saml-rs` with AWS-LC |
//!
//! # Traces
//!
//! What the store does is in spans of [`tracing`](https://docs.rs/tracing) at the level debug, inside of those of `scim-service`. None has
//! a value of a request.
//!
//! | span | fields |
//! |---|---|
//! | `wait for turn`: until a write has its turn | |
//! | `batch`: a transaction of one write or several, in a trace of its own | |
//! | `transaction`: its beginning, which waits for a connection and for the lock of a writer, and its commit | `db.system.name`, `db.operation.name`, `access` |
//! | `statement` | `db.system.name`, `db.query.text` with `?` for each value |
//! | `hash password` | |
//!
//! For TLS to a database server the host enables one of the `tls-*` features of `sqlx` 0.9.

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "_store")]
pub mod demo;
#[cfg(feature = "_store")]
mod driver;
#[cfg(feature = "jit")]
pub mod fab_config;
#[cfg(any(feature = "jit", feature = "roles"))]
mod group_reader;
#[cfg(feature = "jit")]
pub mod login;
#[cfg(feature = "metrics")]
pub mod metrics;
mod origin;
#[cfg(any(feature = "_store", feature = "roles"))]
mod protected_role;
#[cfg(feature = "_store")]
pub mod reconcile;
#[cfg(feature = "roles")]
pub mod role_sync;
pub mod rules;
#[cfg(feature = "saml")]
pub mod saml;
#[cfg(feature = "_store")]
mod sql;
#[cfg(feature = "_store")]
pub mod store;
#[cfg(feature = "_store")]
pub mod terminal;
#[cfg(feature = "_store")]
pub mod undo;

#[cfg(feature = "_store")]
pub use demo::create_demo_schema;
#[cfg(feature = "jit")]
pub use login::{AttributeMapping, IdentityProvider, JitLogin, Login, LoginError, People};
#[cfg(feature = "roles")]
pub use role_sync::{MemoryRoles, RoleContext, RoleGrant, RoleSync, RoleTarget};
pub use rules::{Decision, Explanation, GroupRef, RoleMapper, RuleError, RuleReader, RuleSet, Subject};
#[cfg(feature = "_store")]
pub use store::{Adoption, ConnectError, StoreOptions, SupersetStore};
