//! What a patch may cost, and what it may leave behind.

use std::sync::Arc;

use scim_core::ValueLimits;
use scim_filter::Budget;

/// Bounds of a patch, which it keeps wherever it is applied.
///
/// ```
/// use std::sync::Arc;
///
/// use scim_core::{Profile, SchemaSet};
/// use scim_core::message::{PatchOp, PatchOperation};
/// use scim_filter::Budget;
/// use scim_patch::{PatchLimits, Patch};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let message = PatchOp { operations: vec![PatchOperation::replace("title", "Guide")] };
/// let limits = PatchLimits { budget: Some(Arc::new(Budget::new(10_000))), ..PatchLimits::default() };
/// assert!(Patch::check_within(&message, user, &Profile::rfc(), limits).is_ok());
/// ```
#[derive(Clone, Debug, Default)]
pub struct PatchLimits {
    /// Bounds of values, of attributes and of the resource as a whole. What is beyond them already may stay, not grow.
    pub value: ValueLimits,
    /// The steps that the patch may take, however often it is applied: a look at an element is one. Unless set, each
    /// application has [`Budget::DEFAULT`].
    pub budget: Option<Arc<Budget>>,
}
