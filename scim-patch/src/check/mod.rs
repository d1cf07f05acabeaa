//! From a message to checked operations.

mod checker;
mod remove;
mod target;
mod write;
