//! Bulk jobs, as far as they need no store: what operations mean, what they refer to, in which order they run.
//!
//! | stage | file |
//! |---|---|
//! | one operation, read | `operation` |
//! | where references stand, what they say | `position`, `reference` |
//! | what operations need of each other, and their order | `plan`, `order`, `components` |
//! | what is created first and completed later | `defer` |
//! | what may be under way at once | `together` |
//!
//! `endpoint/bulk.rs` runs the plan.

mod components;
mod defer;
mod operation;
mod order;
mod plan;
mod position;
mod reference;
mod resolve;
mod together;

pub(crate) use operation::{Label, Target, Work, http_method};
pub(crate) use order::Step;
pub(crate) use plan::Plan;
pub(crate) use position::{Position, in_patch, in_resource};
pub(crate) use reference::Form;
pub(crate) use resolve::{Created, Resolver};
pub(crate) use together::{Claim, Together, claims};
