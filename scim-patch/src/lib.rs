//! SCIM PATCH (RFC 7644 section 3.5.2): a message becomes a checked plan, the plan an effect, all or nothing.
//!
//! ```
//! use scim_core::{Quirk, Profile, Resource, SchemaSet, Tolerance};
//! use scim_core::message::PatchOp;
//! use scim_patch::{Patch, apply};
//! use serde_json::json;
//!
//! let schemas = SchemaSet::builtin();
//! let user = schemas.user().unwrap();
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
//! let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 100)?;
//! let patch = Patch::check(&message, user, &profile)?;
//!
//! let mut resource: Resource = serde_json::from_value(json!({"userName": "ada", "active": true}))?;
//! let differences = apply(&patch, &mut resource)?;
//! assert_eq!(resource.get("active").unwrap(), false);
//! assert!(differences.targets().map(ToString::to_string).eq(["active", "name.familyName"]));
//! assert!(differences.quirks().contains(Quirk::StringBoolean));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Stages
//!
//! 1. [`Patch::check`] resolves paths, checks values and guards what a client may not touch. A path, a member of a value
//!    without a path, a dotted key and a qualified key all go through one walker, so that a guard holds however an
//!    attribute is spelled.
//! 2. [`apply`] runs the operations in order on a resource. On an error the resource is as it was.
//! 3. [`Differences`] say what really changed, with the values before and after; a patch that changes nothing is told apart
//!    exactly. [`Differences::between`] compares two resources in the same form.
//!
//! [`Patch::membership_delta`] gives a store the members to add and to remove without the group being read.
//! [`Patch::between`] makes the message that leads from one resource to another.
//!
//! # What departs from the RFC
//!
//! Nothing that the [`Profile`](scim_core::Profile) does not name. Each quirk that a message needs is reported, by
//! [`Patch::quirks`] and [`Differences::quirks`], for a service to log.
//!
//! | client | sends | [`Quirk`](scim_core::Quirk) |
//! |---|---|---|
//! | Entra ID | `"op": "Add"` | `OperationCase` |
//! | Entra ID | `"active": "False"`, `roles[primary eq "True"]` | `StringBoolean` |
//! | Entra ID | add and replace on `emails[type eq "work"].value` where there is none | `AddCreatesElement`, `ReplaceCreatesElement` |
//! | Entra ID | attributes of other applications' schemas | `ForeignAttribute` |
//! | Entra ID | `roles` as JSON text in `value` (`AppRoleAssignmentsComplex`) | `JsonInValue` |
//! | Entra ID | `{"name.givenName": ...}`, `{"urn:...:User:department": ...}` | `DottedKey`, `QualifiedKey` |
//! | Entra ID | remove `members` with a value list | `RemoveByValue` |
//! | Entra ID | `"manager": "id"`, `"manager": ""`, `"manager": [{...}]` | `SimpleForComplex`, `EmptyStringUnassigns`, `ArrayForSingular` |
//! | Entra ID | `department` without its URN | `BareExtensionAttribute` |
//! | `OneLogin` | one object for an array | `SingleForMultiple` |
//! | Okta | `{"id": "...", "displayName": ...}` | `EqualReadOnly` |
//!
//! # Limits
//!
//! [`PatchLimits`] bound what a patch costs, in steps, and what it leaves in a resource. The number of operations is for
//! [`PatchOp::from_json`](scim_core::message::PatchOp::from_json) to limit, the length of a path and
//! the depth of its filter by [`PatchLimits::default`](scim_filter::FilterLimits). Errors repeat 256 bytes of a client's text at most.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `arbitrary` | the module `arbitrary`: random messages about a type, made from bytes, for fuzz targets and property tests |

mod apply;
#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod between;
mod check;
mod difference;
mod error;
mod limits;
mod plan;

/// The crates whose types the signatures here have.
#[doc(no_inline)]
pub use scim_core;
#[doc(no_inline)]
pub use scim_filter;

pub use apply::apply;
pub use between::DifferenceError;
pub use difference::{Difference, Differences, Secret};
pub use error::{PatchError, PatchErrorKind};
pub use limits::PatchLimits;
pub use plan::{Member, MembershipDelta, Patch};
