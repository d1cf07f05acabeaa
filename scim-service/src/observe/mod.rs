//! What an operator sees of requests: their ids, and what the log says of them.

mod client_address;
mod exchange;
mod log_limit;
mod request_id;

pub use client_address::ClientAddress;
pub(crate) use exchange::Exchange;
#[cfg(feature = "oauth")]
pub(crate) use exchange::log_sums;
pub use log_limit::{LOG_LIMIT_PERIOD, LogLimit, LogSum, MAX_LOGGED_ADDRESSES};
pub use request_id::{MAX_REQUEST_ID_LEN, REQUEST_ID_HEADER, request_id};
