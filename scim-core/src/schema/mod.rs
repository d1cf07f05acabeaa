//! Schemas: which attributes a resource has (RFC 7643 section 7).

mod attribute;
mod attribute_ref;
mod builtin;
mod characteristic;
mod common_attributes;
mod definition;
mod error;
mod known;
mod members;
mod resource_type;
mod revision;
mod schema_set;
mod type_schema;

pub use attribute::Attribute;
pub use attribute_ref::{AttributeRef, Resolved};
pub use builtin::discovery_schemas;
pub use characteristic::{AttributeType, Mutability, Returned, Uniqueness};
pub use common_attributes::common_attributes;
pub use definition::Schema;
pub use error::RegistrationError;
#[doc(hidden)]
pub use members::member_order;
pub(crate) use members::{MemberKind, TypeStamp, rank};
pub use resource_type::{ResourceType, ResourceTypeName, SchemaExtension};
pub use schema_set::SchemaSet;
pub use type_schema::{TypeExtension, TypeSchema, UnknownAttribute};
