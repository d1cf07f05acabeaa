//! A brake on what clients do, in the example servers.

mod flags;
mod watched;

pub use flags::BrakeFlags;
pub use watched::WatchedBrake;
