//! Schemas: which attributes a resource has (RFC 7643 section 7).

mod attribute;
mod attribute_ref;
mod builtin;
mod characteristic;
mod definition;
mod nearest;
mod revision;
mod schema_set;
mod type_schema;

pub use attribute::Attribute;
pub use attribute_ref::{AttributeRef, Resolved};
pub use builtin::{common_attributes, discovery_schemas};
pub use characteristic::{AttributeType, Mutability, Returned, Uniqueness};
pub use definition::Schema;
pub use schema_set::SchemaSet;
pub use type_schema::{TypeExtension, TypeSchema, UnknownAttribute};

pub(crate) use nearest::meant;
pub(crate) use type_schema::{MemberKind, TypeStamp};
