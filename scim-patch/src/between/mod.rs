//! The patch that turns one resource into another.

mod align;
mod message;
mod parts;

pub use message::DifferenceError;
