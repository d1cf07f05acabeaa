//! Reconciliation: what differs is found, and nothing else; what is repaired is repaired once.

mod drift;
mod faults;
mod population;

pub(crate) use drift::CASES as DRIFT;
