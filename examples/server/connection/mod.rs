//! Connections with limits: how many there may be, and how long each may take over what.
//!
//! A connection that has sent nothing costs a server as much as one that works. So those that wait for the rest of a head are
//! closed after a few seconds, and at once, the oldest first, where a new client finds all places taken.

mod accept;
mod activity;
mod bodies;
mod limits;
mod stream;
mod table;

pub use accept::{serve_connections, serve_connections_with_tls};
pub use bodies::TimedBody;
pub use limits::{ConnectionLimits, ConnectionLimitsError};
