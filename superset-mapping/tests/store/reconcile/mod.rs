//! Reconciliation: what differs is found, and nothing else; what is repaired is repaired once.

mod drift;
mod faults;
mod leavers;
mod population;
mod repair;

pub(crate) use drift::CASES as DRIFT;
pub(crate) use leavers::CASES as LEAVERS;
pub(crate) use repair::CASES as REPAIR;
