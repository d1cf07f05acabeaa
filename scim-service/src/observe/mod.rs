//! What an operator sees of requests and writes: their ids, what the log says of them, and what observers hear.

pub mod brake;
mod client_address;
mod exchange;
mod log_limit;
#[cfg(feature = "metrics")]
pub mod metrics;
mod observer;
pub mod ocsf;
mod pending;
mod refused_operation;
mod request_id;
mod shortened;
mod store;

pub use client_address::ClientAddress;
pub(crate) use exchange::Exchange;
#[cfg(feature = "oauth")]
pub(crate) use exchange::log_sums;
pub use log_limit::{LOG_LIMIT_PERIOD, LogLimit, LogSum, MAX_LOGGED_ADDRESSES};
pub use observer::{Observer, Served};
pub use pending::PendingWrites;
pub use refused_operation::RefusedOperation;
pub use request_id::{MAX_REQUEST_ID_LEN, REQUEST_ID_HEADER, request_id};
pub use store::ObservedStore;
