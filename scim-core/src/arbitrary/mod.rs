//! Random values made from bytes: for fuzz targets, property tests and other harnesses (feature `arbitrary`).
//!
//! Bytes that are chosen at random rarely form a resource that gets past the first check. The functions here take the schema
//! of a resource type, so what they make fits it and reaches the code behind the check:
//!
//! | function | makes |
//! |---|---|
//! | [`attribute`], [`path`], [`spelling`] | references to attributes that the type has, and paths that lead to them |
//! | [`near_miss`] | paths that look like those of the type and lead nowhere |
//! | [`body`] | the JSON that a client sends to create a resource |
//! | [`resource`] | the same as [`Checker`](crate::Checker) leaves it |
//! | [`stored`] | a resource as a store keeps it, with `id`, `meta` and what else only the service writes |
//! | [`value`], [`element`] | values of one attribute |
//! | [`json()`], [`text`] | JSON and strings that fit nothing in particular |
//!
//! Types that need no schema implement [`Arbitrary`](::arbitrary::Arbitrary): [`AttrName`](crate::AttrName),
//! [`AttrPath`](crate::AttrPath), [`ExternalId`](crate::ExternalId), [`ResourceId`](crate::ResourceId),
//! [`Version`](crate::Version), [`Profile`](crate::Profile), [`PatchOp`](crate::message::PatchOp) and others. `scim-filter` has
//! random filters, `scim-patch` random PATCH messages, under the same feature.
//!
//! The same bytes always make the same value, and bytes that run out make small values, never an error. Schemas bound the depth
//! of what is made; [`MAX_TEXT`] and [`MAX_VALUES`] bound its size.
//!
//! ```
//! use arbitrary::Unstructured;
//! use scim_core::{Checker, SchemaSet, Tolerance};
//!
//! let schemas = SchemaSet::builtin();
//! let users = schemas.user().unwrap();
//!
//! // A fuzzer or a property test supplies the bytes.
//! let mut bytes = Unstructured::new(b"any bytes at all");
//! let body = scim_core::arbitrary::body(users, &mut bytes)?;
//! let resource = Checker::new(users, &mut Tolerance::rfc()).resource(body).unwrap();
//! assert!(resource.get("userName").is_some());
//!
//! let path = scim_core::arbitrary::path(users, &mut bytes)?;
//! assert!(users.resolve(&path, &mut Tolerance::rfc()).is_ok());
//! # Ok::<(), arbitrary::Error>(())
//! ```
//!
//! # Errors
//!
//! Functions that take a schema fail with [`Error::EmptyChoose`](::arbitrary::Error::EmptyChoose) where the schema has nothing
//! to choose from, whatever the bytes are.

mod json;
mod names;
mod odds;
mod path;
mod resource;
mod simple;
mod text;
mod value;
mod words;

pub use json::{MAX_JSON_DEPTH, json};
pub use path::{attribute, near_miss, path, spelling};
pub use resource::{body, resource, stored};
pub use text::{MAX_TEXT, text};
pub use value::{MAX_VALUES, element, value};
