//! SCIM PATCH (RFC 7644 section 3.5.2): a message becomes a checked plan, the plan an effect, all or nothing.
//!
//! ```
//! use scim_core::{Leniencies, PatchOp, Profile, Resource, ResourceTypeName, SchemaSet};
//! use scim_patch::{Patch, apply};
//! use serde_json::json;
//!
//! let schemas = SchemaSet::builtin();
//! let user = schemas.of(&ResourceTypeName::user()).unwrap();
//! let profile = Profile::compatible();
//!
//! // What Entra ID sends: an operation in capitals, a boolean as a text, a dotted key.
//! let message = json!({
//!     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!     "Operations": [
//!         {"op": "Replace", "path": "active", "value": "False"},
//!         {"op": "add", "value": {"name.familyName": "King"}}
//!     ]
//! });
//! let message = PatchOp::from_json(message, &profile, &mut Leniencies::default(), 100)?;
//! let patch = Patch::check(&message, user, &profile)?;
//!
//! let mut resource: Resource = serde_json::from_value(json!({"userName": "ada", "active": true}))?;
//! let changed = apply(&patch, &mut resource)?;
//! assert_eq!(resource.get("active"), Some(&json!(false)));
//! assert_eq!(changed.paths(), ["active", "name"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Stages
//!
//! 1. [`Patch::check`] resolves paths, checks values and guards what a client may not touch. A path, a member of a value
//!    without a path, a dotted key and a qualified key all go through one walker, so that a guard holds however an
//!    attribute is spelled.
//! 2. [`apply`] runs the operations in order on a resource. On an error the resource is as it was.
//! 3. [`Changed`] says what really changed; a patch that changes nothing is told apart exactly.
//!
//! [`Patch::membership_delta`] gives a store the members to add and to remove without the group being read.

mod apply;
mod assign;
mod changed;
mod check;
mod elements;
mod error;
mod journal;
mod membership;
mod operation;
mod primary;
mod target;

pub use apply::apply;
pub use changed::Changed;
pub use error::{PatchError, PatchProblem};
pub use membership::{Member, MembershipDelta};
pub use operation::Patch;
