//! The SCIM 2.0 protocol over [`http::Request`] and [`http::Response`] (RFC 7644), for any storage and any HTTP server.
//!
//! A host implements [`Store`] for its data (or takes [`MemoryStore`]), builds a [`ScimService`], and mounts it in the
//! server it has: [`ScimService::handle`] takes a request with its whole body and gives the response. Hosts that read bodies
//! themselves go in two steps, so that none is read of a client that is refused: [`ScimService::admit`] takes the head,
//! [`Admitted::handle`] the body. With the feature `tower` the service is a `tower_service::Service` over any body, which
//! does that and reads no more than the configured limit. No runtime, no listener and no database comes with it.
//!
//! What the service does, [`ScimService`] shows in an example; what a store promises, [`Store`] lists by number.
//!
//! | piece | for |
//! |---|---|
//! | [`ServiceConfig`], [`Capabilities`], [`BulkAtomicity`], [`Limits`] | base URL, profile, switches, sizes: also what `/ServiceProviderConfig` prints |
//! | [`Authenticator`], [`BearerTokens`], [`Principal`] | who is there |
//! | [`Admitted`] | a request whose client is known, before its body is read |
//! | [`Authorizer`], [`Access`], [`Verdict`], [`Restriction`] | what they may do and see |
//! | [`MeResolver`], [`MeAnswer`] | which resource the client itself is |
//! | [`TenancyMode`] | where a request names its tenant |
//! | [`CursorKey`] | what the cursors of long walks are sealed with (RFC 9865) |
//! | [`Store`], [`MemoryStore`], [`finish`], [`unique_values`], [`keep_write_only`] | where resources live |
//! | [`Context`] | what a store call knows of its request |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `conformance` | `store_conformance!` and `conformance::http_conformance`: tests for stores and for mounts |
//! | `tower` | `tower_service::Service` for [`ScimService`], over any `http_body::Body` |

mod admission;
mod auth;
mod authorize;
mod body;
mod bulk;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod cursor;
mod endpoint;
mod fail;
mod limit;
mod me;
mod memory;
mod negotiate;
mod precondition;
mod query;
mod reference;
mod render;
mod replacement;
mod respond;
mod route;
mod service;
mod store;
#[cfg(feature = "tower")]
mod tower;

pub use admission::Admitted;
pub use auth::{AuthError, Authenticator, BearerTokens, TokenError};
pub use authorize::{Access, AuthorizeError, Authorizer, Operation, Restriction, Verdict};
pub use config::{
    BulkAtomicity, Capabilities, ConfigError, Limits, PatchResponse, ServiceConfig, TenancyMode, TenantOf,
};
pub use context::{Context, Principal};
pub use cursor::{CursorKey, CursorKeyError};
pub use me::{Me, MeAnswer, MeResolver};
pub use memory::MemoryStore;
pub use service::ScimService;
pub use store::{
    ListPage, ListQuery, Position, Precondition, Start, Store, StoreCapabilities, StoreError, Transaction, UniqueValue,
    finish, keep_write_only, unique_values,
};
