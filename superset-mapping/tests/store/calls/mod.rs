//! The contract of the calls.

pub(crate) mod audit;
pub(crate) mod batches;
pub(crate) mod chain;
pub(crate) mod concurrency;
pub(crate) mod contract;
pub(crate) mod cost;
pub(crate) mod holds;
pub(crate) mod inspecting;
pub(crate) mod login;
pub(crate) mod opening;
pub(crate) mod races;
pub(crate) mod transactions;
pub(crate) mod walk;
