//! SCIM 2.0: schemas, resources, protocol messages and errors (RFC 7643, RFC 7644).
//!
//! Core types for SCIM 2.0: schemas, attribute paths, resources and messages. The crate is synchronous, does no I/O and reads no
//! clock.
//!
//! ```
//! use scim_core::{Checker, SchemaSet, Tolerance, User, parse_json};
//!
//! let schemas = SchemaSet::builtin();
//! let users = schemas.user().unwrap();
//! let body = parse_json(br#"{
//!     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
//!     "userName": "ada@example.com",
//!     "active": "True"
//! }"#)?;
//!
//! let mut tolerance = Tolerance::compatible();
//! let resource = Checker::new(users, &mut tolerance).resource(body)?;
//! let user: User = resource.view()?;
//! assert_eq!(user.active, Some(true));
//! // What the client got away with is known by name.
//! assert!(tolerance.used().contains(scim_core::Quirk::StringBoolean));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | stage | at the root | in a module |
//! |---|---|---|
//! | names and paths | [`AttrName`], [`AttrPath`] | [`urn`] |
//! | what a resource can have | [`SchemaSet`], [`TypeSchema`], [`Attribute`], [`AttributeRef`] | [`schema`]: definitions, characteristics, resource types |
//! | JSON in | [`parse_json`], [`Checker`] with the [`Tolerance`] of a [`Profile`] | [`json`]: limits, times, sizes |
//! | inside | [`Resource`], [`Provenance`], [`ResourceId`], [`ExternalId`], [`Meta`], [`Version`]; as structs [`User`], [`Group`], [`EnterpriseUser`] | [`resource`]: how values are read |
//! | JSON out | [`Projection`], [`ScimError`] | [`message`]: every message of the protocol, [`ServiceProviderConfig`](message::ServiceProviderConfig) |
//!
//! # Limits
//!
//! [`JsonLimits`](json::JsonLimits) bound the depth, arrays and strings of JSON, [`ValueLimits`] what a client can store; a path has at most
//! [`MAX_ATTR_PATH_LEN`] bytes, an id [`MAX_ID_LEN`]. Sizes of bodies and lists are for the service to limit.
//!
//! # Features
//!
//! Both are for harnesses and off by default. Neither changes what the rest of the crate does.
//!
//! | feature | adds |
//! |---|---|
//! | `arbitrary` | the module `arbitrary`: random paths, values and resources of a type, made from bytes, for fuzz targets and property tests |
//! | `population` | the module `population`: made-up users and groups, as many as asked for, for benchmarks, tests and load programs |

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod check;
mod identity;
pub mod json;
pub mod message;
mod name;
#[cfg(feature = "population")]
pub mod population;
mod projection;
pub mod resource;
pub mod schema;
mod scim_error;
mod tolerance;
mod typed;
pub mod urn;

pub use check::{CheckError, CheckProblem, Checker, ValueLimits};
pub use identity::{
    ExternalId, MAX_ID_LEN, Provenance, ResourceId, ResourceIdError, Source, SourceError, Version, VersionError,
};
pub use json::parse_json;
pub use name::{AttrName, AttrNameError, AttrPath, AttrPathError, MAX_ATTR_PATH_LEN};
pub use projection::{Additions, Projection, ProjectionError};
pub use resource::{Meta, Resource, ValueRef};
pub use schema::{Attribute, AttributeRef, ResourceTypeName, SchemaSet, TypeSchema};
pub use scim_error::{ScimError, ScimType};
pub use tolerance::{InteropRule, Profile, Quirk, Quirks, Tolerance, ValueCheck};
pub use typed::{Address, EnterpriseUser, Group, Manager, MultiValue, Name, Password, TypedError, User};
