//! The SCIM 2.0 protocol over [`http::Request`] and [`http::Response`] (RFC 7644), for any storage and any HTTP server.
//!
//! A host implements [`Store`] for its data (or takes [`MemoryStore`]), builds a [`ScimService`], and mounts it in the
//! server it has: [`ScimService::handle`] takes a request with its whole body and gives the response. Hosts that read bodies
//! themselves go in two steps, so that none is read of a client that is refused: [`ScimService::admit`] takes the head,
//! [`Admitted::handle`] the body. With the feature `tower` the service is a `tower_service::Service` over any body, which
//! does that and reads no more than the configured limit. No runtime, no listener and no database comes with it.
//!
//! What the service does, [`ScimService`] shows in an example; what a store guarantees, [`Store`] lists by number.
//!
//! | piece | for |
//! |---|---|
//! | [`ServiceConfig`], [`Capabilities`], [`BulkAtomicity`], [`ServiceLimits`] | base URL, profile, switches, sizes: also what `/ServiceProviderConfig` prints |
//! | [`Authenticator`], [`BearerTokens`], [`Principal`] | who is there |
//! | [`Scope`], [`Scopes`] | what the token of a client allows |
//! | `oauth`: `ClientRegistry`, `TokenEndpoint`, `RegisteredClients`, `JwtAuthenticator` | clients with OAuth 2.0 credentials |
//! | [`Admitted`] | a request whose client is known, before its body is read |
//! | [`Authorizer`], [`Access`], [`AccessDecision`], [`AccessScope`] | what they may do and see |
//! | [`MeResolver`], [`MeAnswer`] | which resource the client itself is |
//! | [`TenancyMode`] | where a request names its tenant |
//! | [`CursorKey`] | what the cursors of long walks are encrypted with (RFC 9865) |
//! | [`Store`], [`StoreExt`], [`MemoryStore`], [`finish`](store::finish), [`PageBuilder`](store::PageBuilder), [`unique_values`](store::unique_values), [`keep_write_only`](store::keep_write_only), [`AuthorityChange`](store::AuthorityChange) | where resources live |
//! | [`tables`]: [`TableStore`](tables::TableStore), [`Table`](tables::Table), [`MemberTable`](tables::MemberTable), [`Database`](tables::Database) | a store over your own tables |
//! | [`Create`], [`Read`], [`List`], [`Replace`], [`Modify`], [`Delete`] | what is asked of them |
//! | [`Written`], [`Change`], [`AccessChange`] | what a write did |
//! | [`Pace`] | long work in slices, so that others are served in between |
//! | [`Context`] | what a store call knows of its request |
//! | [`Observer`](observe::Observer), [`Served`](observe::Served), [`ObservedStore`](observe::ObservedStore) | what the host hears of each request and each write, and writes that it holds back |
//! | [`brake`]: [`Brake`](brake::Brake), [`Threshold`](brake::Threshold), [`Holds`](brake::Holds) | clients that do too much, whose writes are held back until an operator has looked |
//! | `traffic`: `TrafficLimits`, `Rate` | how many requests a client or an address may send |
//! | [`ClientAddress`](observe::ClientAddress), [`request_id()`](observe::request_id()), [`LogLimit`](observe::LogLimit) | what an operator sees |
//!
//! # What an operator sees
//!
//! The service writes to the log by [`tracing`](https://docs.rs/tracing); the host chooses where to, and in which form. It never writes a
//! credential, the value of an attribute, a query string or a body.
//!
//! | level | event | fields |
//! |---|---|---|
//! | error | `the store failed`, `the policy failed`, `credentials could not be checked`: behind each 500 and 503 | `request_id`, `error` with its causes |
//! | error | `the writes of a client are held back until an operator releases them`, of a [`Brake`](brake::Brake) | `client`, `tenant`, `kind`, `count`, `threshold`, `window`, `hold` |
//! | warn | `authentication refused` | `request_id`, `address`, `method`, `path`, `reason` |
//! | warn | `too many requests` | `request_id`, `principal`, `tenant`, `address`, `method`, `path`, `reason` |
//! | warn | `the same again, not logged one by one` | `address`, `reason`, `times`, `seconds` |
//! | info | `served`: one for each request | `request_id`, `principal`, `tenant`, `address`, `method`, `path`, `status`, `scim_type` and `reason` of an error, `duration_ms` |
//! | info | `compatibility quirks were used` | `request_id`, `principal`, `quirks` |
//!
//! A host that shows warnings sees all that went wrong; with the level info it has an access log besides. Clients that nobody
//! knows, or that send too much, cannot fill it: of what repeats at an address only the first is a line of its own, the others are summed up every
//! [`LOG_LIMIT_PERIOD`](observe::LOG_LIMIT_PERIOD) ([`LogLimit`](observe::LogLimit)).
//!
//! Each request has an id: that of its header `x-request-id` if it can be used ([`request_id()`](observe::request_id())), else a new one. It is in
//! the response, in every event, and in [`Context::request_id`], from where a store takes it to its audit. What store and
//! hooks log by `tracing` is inside of a span `request`.
//!
//! | level | span | fields |
//! |---|---|---|
//! | error | `request`: from the head to the answer | `id`, `method`, `path`, `principal`, `tenant` |
//! | debug | `authenticate`: the call of the [`Authenticator`] | |
//! | debug | `store`: a call of the [`Store`] | `call`, such as `list`; `resource_type` |
//! | debug | `token`: a request for an access token (feature `oauth`) | |
//!
//! A span that nobody subscribes to costs a comparison. For traces in OpenTelemetry's form the host adds a layer to its subscriber; the
//! service is the same, with `opentelemetry-otlp`, `opentelemetry_sdk` and `tracing-opentelemetry` of one generation:
//!
//! ```text
//! let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
//! let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().with_batch_exporter(exporter).build();
//! tracing_subscriber::registry()
//!     .with(tracing_subscriber::fmt::layer().with_filter(LevelFilter::WARN))
//!     .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("scim")).with_filter(LevelFilter::DEBUG))
//!     .init();
//! ```
//!
//! With the feature `metrics` an observer counts and measures: `observe::metrics`.
//!
//! The address comes from the host: it adds a [`ClientAddress`](observe::ClientAddress) to the extensions of the request.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `cursor` (default) | pagination by cursor (RFC 9865), with `chacha20poly1305` |
//! | `metrics` | `observe::metrics`: an observer that counts requests, changes, refusals and quirks for a recorder of the host's choice, by the facade `metrics` |
//! | `memory` (default) | [`MemoryStore`], with `imbl` and `async-lock` |
//! | `tables` (default) | [`tables`]: a store over your own tables, with `async-lock` |
//! | `conformance` | `store_conformance!` and `conformance::http_conformance`: tests for stores and for mounts |
//! | `limits` | `traffic`: rates and concurrency of clients and addresses, with `governor` |
//! | `oauth` | `oauth`: registered clients, a token endpoint for `client_credentials`, access tokens, and tokens of other issuers; with `jsonwebtoken` over `aws-lc-rs` |
//! | `tower` | `tower_service::Service` for [`ScimService`], over any `http_body::Body` |

mod admission;
mod auth;
mod authorize;
pub mod brake;
mod bulk;
mod call;
pub mod change;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod cursor;
mod endpoint;
mod gate;
mod me;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "oauth")]
pub mod oauth;
pub mod observe;
mod pace;
mod scope;
mod service;
pub mod store;
#[cfg(feature = "tables")]
pub mod tables;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "limits")]
pub mod traffic;
mod wire;

pub use admission::Admitted;
pub use auth::{AuthError, Authenticator, BearerTokens, TokenError};
pub use authorize::{Access, AccessDecision, AccessScope, AuthorizeError, Authorizer, Operation};
pub use change::{AccessChange, Change, ChangeRecord, Grant, GrantKind, Written};
pub use config::{
    BulkAtomicity, Capabilities, ConfigError, PatchResponse, ServiceConfig, ServiceLimits, TenancyMode, TenantOf,
};
pub use context::{Context, Principal};
#[cfg(feature = "cursor")]
pub use cursor::{CursorKey, CursorKeyError};
pub use me::{Me, MeAnswer, MeResolver};
#[cfg(feature = "memory")]
pub use memory::MemoryStore;
pub use pace::Pace;
pub use scope::{Scope, ScopeError, Scopes};
pub use service::ScimService;
pub use store::{
    Create, Delete, List, ListPage, Membership, Modify, Position, Precondition, Read, Replace, Start, Store,
    StoreCapabilities, StoreError, StoreExt, Transaction,
};
