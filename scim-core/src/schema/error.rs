//! Errors of reading schemas, resource types and identifiers.

use thiserror::Error;

use crate::name::AttrNameError;
use crate::name::meant;

/// A schema or resource type that cannot be registered. Names in messages are as the definition spells them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// An attribute's name is not legal (R002).
    #[error(transparent)]
    Name(#[from] AttrNameError),
    /// A definition has a member that says nothing.
    #[error("{place}: unknown member `{member}`{}", hint(.expected.as_deref()))]
    UnknownMember {
        /// Which definition, such as ``attribute `emails.type` ``.
        place: String,
        /// The member.
        member: String,
        /// The member that was meant, if one is near.
        expected: Option<String>,
    },
    /// A schema defines an attribute that every resource has.
    #[error("schema `{schema}`: attribute `{name}` is one that every resource has, and no schema defines")]
    CommonAttribute {
        /// The schema.
        schema: String,
        /// The attribute.
        name: String,
    },
    /// A schema of a set is to be changed where it has nothing.
    #[error("resource type `{resource_type}`: {problem}")]
    Revision {
        /// The resource type.
        resource_type: String,
        /// What is wrong.
        problem: String,
    },
    /// Two attributes have names that are equal up to case.
    #[error("attribute `{name}` is defined twice")]
    DuplicateAttribute {
        /// The name that came second.
        name: String,
    },
    /// A complex attribute without sub-attributes.
    #[error("complex attribute `{name}` needs sub-attributes")]
    NoSubAttributes {
        /// The attribute.
        name: String,
    },
    /// A simple attribute with sub-attributes.
    #[error("attribute `{name}` has sub-attributes, so its type must be `complex`")]
    SubAttributesOfSimple {
        /// The attribute.
        name: String,
    },
    /// A complex attribute inside a complex one (R018).
    #[error("attribute `{name}` is complex inside a complex attribute")]
    NestedComplex {
        /// The path of the inner attribute.
        name: String,
    },
    /// A schema id that is no absolute URI.
    #[error("schema id `{uri}` is not a URI: expected an absolute URI such as `urn:example:scim:1.0:Thing`")]
    SchemaUri {
        /// The id.
        uri: String,
    },
    /// Two schemas have one id.
    #[error("schema `{uri}` is registered twice")]
    DuplicateSchema {
        /// The id.
        uri: String,
    },
    /// A resource type names a schema that is not there.
    #[error("resource type `{resource_type}` needs schema `{uri}`, which is not registered")]
    MissingSchema {
        /// The resource type.
        resource_type: String,
        /// The schema.
        uri: String,
    },
    /// An endpoint that is no free path segment.
    #[error(
        "endpoint `{endpoint}` is not usable: expected one path segment such as `/Things` that SCIM does not reserve"
    )]
    Endpoint {
        /// The endpoint.
        endpoint: String,
    },
    /// Two resource types have one name or one endpoint.
    #[error("resource type `{resource_type}` repeats the name or the endpoint of another")]
    DuplicateResourceType {
        /// The resource type that came second.
        resource_type: String,
    },
}

fn hint(expected: Option<&str>) -> String {
    expected.map_or_else(String::new, |member| format!("; did you mean `{member}`?"))
}

/// Refuses members that a definition does not have: a misspelt one would leave its default in force, and nobody would see it.
pub(crate) fn refuse_unknown(
    place: impl FnOnce() -> String,
    unknown: &serde_json::Map<String, serde_json::Value>,
    known: &[&str],
) -> Result<(), RegistrationError> {
    match unknown.keys().find(|member| *member != "meta") {
        None => Ok(()),
        Some(member) => Err(RegistrationError::UnknownMember {
            place: place(),
            member: member.clone(),
            expected: meant(known, member).map(str::to_owned),
        }),
    }
}
