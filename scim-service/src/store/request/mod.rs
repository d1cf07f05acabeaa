//! What a caller asks of a store: one request for each operation of the protocol.

mod query;
mod write;

pub use query::{List, Read};
pub use write::{Create, Delete, Modify, Replace};

use std::sync::LazyLock;

use scim_core::Projection;

use crate::store::Precondition;

/// What a request wants by default: everything that is returned by default.
static DEFAULT: LazyLock<Projection> = LazyLock::new(Projection::default);

/// What a request asks of the stored version by default: nothing.
const NONE: &Precondition = &Precondition::None;
