//! The effect of a patch on a resource: all or nothing.

mod assign;
mod elements;
mod index;
mod journal;
mod primary;
mod run;

pub use run::apply;
