//! A brake on what a client does: too many deactivations, deletions, creations or grants of protected roles within a time, and its writes
//! are held back until an operator has looked.
//!
//! An export at an identity provider that goes wrong may deactivate everybody. A [`Brake`] is an [`Observer`](crate::observe::Observer) that
//! counts what each client did in a [window that slides](Threshold), and holds all writes of the client back once that reaches a threshold: 503
//! with `Retry-After` and the id of the [`Hold`]. Reads are served. A hold is an event of the level error in the log and a
//! [call of the host](Brake::with_alert); nothing but [`Holds::release`] ends it.
//!
//! ```
//! use std::sync::Arc;
//!
//! use chrono::Utc;
//! use scim_core::SchemaSet;
//! use scim_service::brake::{Brake, Holds, MemoryHolds, Release};
//! use scim_service::observe::ObservedStore;
//! use scim_service::{Context, Create, Delete, MemoryStore, Principal, Store, StoreError};
//! use serde_json::{from_value, json};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let holds = MemoryHolds::default();
//! let brake = Brake::new(["deletions=2/1h".parse()?], holds.clone());
//! brake.sync(Utc::now()).await?;
//! let (store, schemas) = (ObservedStore::new(MemoryStore::new(), brake.clone()), SchemaSet::builtin());
//!
//! let users = schemas.user().ok_or("no users")?;
//! let cx = Context::new(Principal::new("okta"), "r-1", Utc::now());
//! for name in ["ada", "bob"] {
//!     let user = Create::new(users, from_value(json!({ "userName": name }))?);
//!     let id = store.create(&cx, user).await?.resource.id().ok_or("no id")?.parse()?;
//!     store.delete(&cx, Delete::new(users, &id)).await?;
//! }
//! let eve = || Ok::<_, serde_json::Error>(Create::new(users, from_value(json!({"userName": "eve"}))?));
//! assert!(matches!(store.create(&cx, eve()?).await, Err(StoreError::Held { .. })));
//!
//! // An operator has looked.
//! brake.sync(Utc::now()).await?;
//! let hold = &brake.holds()[0];
//! assert_eq!((hold.count, hold.refused), (2, 1));
//! holds.release(&hold.id, Release::new(Utc::now())).await?;
//! brake.sync(Utc::now()).await?;
//! store.create(&cx, eve()?).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is counted
//!
//! - A client is the name of a [principal](crate::Principal) in a tenant. Logins of identity providers and the host itself are neither
//!   counted nor held back.
//! - A write counts once it is committed. The one that reaches a threshold is done; the next one is refused, whatever it is.
//! - What an [open transaction](crate::Store::begin) would do counts for that transaction alone: the write that would exceed a threshold is
//!   refused, and the transaction with it, so that a bulk request that is to be done as a whole is refused as a whole. The client is
//!   held then, although nothing was done. A transaction that ends otherwise without a commit leaves nothing.
//! - Writes that are under way while a threshold is reached are done, too: as many as a host serves at once, of one bulk request 32 at most,
//!   and a transaction of each.
//! - What is older than the window counts for up to a thirty-second of it longer. Counts are in the memory of a server: servers
//!   that share their holds count each for itself, and from nothing after a restart.
//! - Of [`MAX_CLIENTS`] clients each is counted apart, of more all others together.

mod client;
mod hold;
mod holds;
mod kind;
mod observer;
mod state;
mod threshold;
mod window;

pub use client::MAX_CLIENTS;
pub use hold::{Allowance, Done, Hold, MAX_SAMPLE, Release, Sample};
pub use holds::{HoldNews, Holds, MemoryHolds};
pub use kind::{Kind, KindError};
pub use observer::{Brake, RETRY_AFTER};
pub use threshold::{LEAST_OF_SHARE, MAX_WINDOW, MIN_WINDOW, Threshold, ThresholdError, parse_duration};
