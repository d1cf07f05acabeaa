//! Who may send how much: limits of traffic, where clients really are, and which of them are let in.

mod door;
mod flags;
mod forwarded;

pub(crate) use door::guarded;
pub use flags::{TrafficError, TrafficFlags};
pub use forwarded::ForwardedHeader;
