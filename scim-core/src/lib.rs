//! SCIM 2.0: schemas, resources, protocol messages and errors (RFC 7643, RFC 7644).
//!
//! The ground that the other crates of the family stand on. It is synchronous, does no I/O and reads no clock.
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
//! assert!(tolerance.used().contains(scim_core::Leniency::StringBoolean));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | stage | type |
//! |---|---|
//! | names and paths | [`AttrName`], [`AttrPath`] |
//! | what there can be | [`Schema`], [`Attribute`], [`ResourceType`], [`SchemaSet`], [`TypeSchema`] |
//! | JSON in | [`parse_json`], [`parse_json_with`], [`Checker`] with the [`Tolerance`] of a [`Profile`] |
//! | inside | [`Resource`], [`Provenance`], [`ResourceId`], [`ExternalId`], [`Meta`], [`Version`]; views [`User`], [`Group`], [`EnterpriseUser`] |
//! | JSON out | [`Projection`], [`ListResponse`], [`ScimError`], [`ServiceProviderConfig`] |
//! | messages | [`SearchRequest`], [`PatchOp`], [`BulkRequest`], [`BulkResponse`] |
//!
//! # Limits
//!
//! [`JsonLimits`] bound the depth, arrays and texts of JSON; a path has at most [`MAX_ATTR_PATH_LEN`] bytes, an id [`MAX_ID_LEN`]. Sizes of bodies
//! and lists are for the service to limit.
//!
//! # Features
//!
//! Both are for harnesses and off by default. Neither changes what the rest of the crate does.
//!
//! | feature | adds |
//! |---|---|
//! | `arbitrary` | the module `arbitrary`: random paths, values and resources of a type, made from bytes, for fuzz targets and property tests |
//! | `population` | the module `population`: made-up users and groups, as many as asked for, for benchmarks, tests and load programs |

mod active;
#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod attr_name;
mod attr_path;
mod check;
mod check_error;
mod datetime;
mod error;
mod external_id;
mod identifier;
mod json;
mod key_path;
mod message;
mod meta;
#[cfg(feature = "population")]
pub mod population;
mod profile;
mod projection;
mod provenance;
mod resource;
mod resource_id;
mod resource_type;
mod schema;
mod scim_error;
mod serialise;
mod service_provider_config;
mod tolerance;
mod typed;
pub mod urn;
mod value;
mod value_check;
mod value_limits;
mod version;

pub use attr_name::{AttrName, AttrNameError};
pub use attr_path::{AttrPath, AttrPathError, MAX_ATTR_PATH_LEN};
pub use check::Checker;
pub use check_error::{CheckError, CheckProblem};
pub use datetime::{DateTimeError, format_date_time, parse_date_time};
pub use error::RegistrationError;
pub use external_id::ExternalId;
pub use json::{JsonError, JsonLimits, parse_json, parse_json_with};
pub use message::{
    BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, InvalidOperation, ListResponse, MessageError,
    PatchOp, PatchOperation, SearchRequest, SortOrder,
};
pub use meta::Meta;
pub use profile::{InteropRule, Leniencies, Leniency, Profile};
pub use projection::{Additions, Projection, ProjectionError};
pub use provenance::{Provenance, Source, SourceError};
pub use resource::{Resource, ValueElements, ValueKind, ValueMembers, ValueRef};
#[doc(hidden)]
pub use resource::{Unlike, member_order};
pub use resource_id::{MAX_ID_LEN, ResourceId, ResourceIdError};
pub use resource_type::{ResourceType, ResourceTypeName, SchemaExtension};
pub use schema::{
    Attribute, AttributeRef, AttributeType, Mutability, Resolved, Returned, Schema, SchemaSet, TypeExtension,
    TypeSchema, Uniqueness, UnknownAttribute, common_attributes, discovery_schemas,
};
pub use scim_error::{ScimError, ScimType};
pub use service_provider_config::{
    AuthenticationScheme, BulkSupport, FilterSupport, Pagination, PaginationMethod, SchemeKind, ServiceProviderConfig,
    Supported,
};
pub use tolerance::Tolerance;
pub use typed::{Address, EnterpriseUser, Group, Manager, MultiValue, Name, Password, TypedError, User};
pub use value_check::ValueCheck;
#[doc(hidden)]
pub use value_limits::members_size;
pub use value_limits::{ValueLimits, json_size};
pub use version::{Version, VersionError};
