//! Limits of traffic: how many requests a client or an address may send, and how many at a time.
//!
//! Set by [`ScimService::with_traffic_limits`](crate::ScimService::with_traffic_limits) and, where clients get tokens here,
//! `TokenEndpoint::with_traffic_limits`; nothing is limited that is not set. A request beyond a limit is answered with 429 (RFC 6585
//! section 4) and `Retry-After` (RFC 9110 section 10.2.3) in whole seconds, as a SCIM error, before anything of its body is read. Whoever
//! waits that long and has the limit to itself is served.
//!
//! | limit | counts | asked |
//! |---|---|---|
//! | [rate of an address](TrafficLimits::with_rate_per_address) | every request but those of health | first of all |
//! | [failed authentication](TrafficLimits::with_failed_authentications) | credentials of an address that were looked at and refused | before credentials are looked at |
//! | [concurrency of a client](TrafficLimits::with_concurrency_per_client) | requests from the end of authentication to their answer, the time in which their body is read among it | after authentication |
//! | [rate of a client](TrafficLimits::with_rate_per_client) | requests, those for tokens among them | after authentication |
//!
//! # Who counts as one
//!
//! A client is the name and the tenant that the [`Authenticator`](crate::Authenticator) gave its
//! [`Principal`](crate::Principal), so that each tenant has limits of its own where each has a client of its own. A client that is not confined to a tenant has
//! one budget for all tenants that it enters: otherwise it would get another one by naming another tenant.
//!
//! An address is what the host says by [`ClientAddress`](crate::observe::ClientAddress); in IPv6 the 64 bits of its network, all of which
//! one host has. Requests of which the host says no address count as those of one address, so that nobody escapes by hiding it. Behind a
//! proxy the host has to say the address that the proxy reports, or all clients are one to these limits.
//!
//! # What counts
//!
//! - A **bulk request counts as one**, as identity providers count their requests (Entra ID: 25 a second for a tenant). What one may hold is
//!   bounded by [`ServiceLimits::bulk_operations`](crate::ServiceLimits::bulk_operations), and how many run at a time by the limit of
//!   concurrency.
//! - **Discovery and OPTIONS** count as what they are: of an address always, of a client where it has to authenticate for them.
//! - **Health** (`/health`, `/health/live`, `/health/ready`) is never limited: a load balancer that is refused would take the service for
//!   broken, and a flood of clients with unknown addresses could bring that about.
//! - What is refused for its form alone (406, 414) costs as little as a 429, and is not counted.
//! - A request that is refused takes nothing from any limit that comes after the one that refused it, and nothing from that one.
//! - A request **without credentials** fails no authentication. One with wrong credentials does, be they a token, a secret or an assertion.
//!
//! # Bounds
//!
//! Each limit remembers who has used it lately: at most 65,536 clients or addresses, whoever has paused long enough to be as new is
//! forgotten. Beyond that, clients and addresses that come anew share 65,536 budgets among them, by a hash that nobody can foretell. So a
//! flood of addresses takes no more than a few megabytes, gives nobody more than one budget, and keeps others out only once it is
//! 65,536 times as large as what one address may send.
//!
//! Limits are kept by each instance of a service for itself.
//!
//! # Why inside the service
//!
//! A layer around the service knows neither the client, whom the service authenticates, nor which requests are about health or for
//! anybody, nor how the client wants its errors; and a request that it refuses is missing in the log and to
//! [`Observer`](crate::observe::Observer)s. So there is none: this is the way, over any server and any runtime, because no limit waits for
//! anything.
//!
//! ```
//! use std::num::{NonZeroU32, NonZeroUsize};
//!
//! use bytes::Bytes;
//! use http::Request;
//! use scim_core::SchemaSet;
//! use scim_service::traffic::{Rate, TrafficLimits};
//! use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let number = |number| NonZeroU32::new(number).unwrap();
//! let limits = TrafficLimits::new()
//!     .with_rate_per_client(Rate::per_second(number(25)).with_burst(number(2)))
//!     .with_rate_per_address(Rate::per_second(number(100)))
//!     .with_failed_authentications(Rate::per_minute(number(10)))
//!     .with_concurrency_per_client(NonZeroUsize::new(16).unwrap());
//! let service = ScimService::new(
//!     MemoryStore::new(),
//!     SchemaSet::builtin(),
//!     ServiceConfig::new("https://example.com/scim/v2")?,
//!     BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("okta"))?,
//! )
//! .with_traffic_limits(limits);
//!
//! let mut answers = Vec::new();
//! for _ in 0..3 {
//!     let request = Request::get("https://example.com/scim/v2/Users")
//!         .header("authorization", "Bearer yXh2Qm7vT0w8LbN4")
//!         .body(Bytes::new())?;
//!     answers.push(service.handle(request).await);
//! }
//! assert_eq!((answers[0].status(), answers[1].status(), answers[2].status().as_u16()), (200.try_into()?, 200.try_into()?, 429));
//! assert_eq!(answers[2].headers()["retry-after"], "1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budgets;
mod clock;
mod limits;
mod places;
mod rate;

pub use limits::TrafficLimits;
pub(crate) use places::Place;
pub use rate::Rate;
