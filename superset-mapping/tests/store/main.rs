//! `SupersetStore` through the `Store` trait, on a SQLite file, with every effect checked in Superset's own tables.

mod access;
#[cfg(test)]
mod concurrency;
mod conflicts;
mod contract;
mod groups;
mod opening;
mod roles;
mod secrets;
#[cfg(test)]
mod support;
#[cfg(test)]
mod transactions;
mod users;
#[cfg(test)]
mod walk;
