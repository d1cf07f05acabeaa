//! What is wrong with a value that a client sent.

use serde_json::Value;
use thiserror::Error;

use crate::scim_error::ScimType;

/// A value that does not fit its schema: where, what was wrong, and what was expected.
///
/// The message names the path and never repeats the value, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{problem}", place(.path))]
pub struct CheckError {
    path: String,
    problem: CheckProblem,
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{path}`: ") }
}

/// What can be wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckProblem {
    /// The body of a resource is no JSON object.
    #[error("a resource is a JSON object")]
    NotAnObject,
    /// The value has another JSON type than the attribute.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What the attribute takes.
        expected: String,
        /// The JSON type that came.
        found: &'static str,
    },
    /// The text is not of the form that the attribute's type has.
    #[error("expected {expected}")]
    Form {
        /// The form.
        expected: &'static str,
    },
    /// A required attribute is absent or empty.
    #[error("a required attribute is missing or empty")]
    Missing,
    /// No schema of the resource type defines the attribute.
    #[error("no schema of the resource type defines this attribute")]
    UnknownAttribute,
    /// Two members of one object are equal up to case.
    #[error("the object has this member twice, the second time as `{key}`")]
    RepeatedMember {
        /// The second spelling.
        key: String,
    },
    /// `schemas` is absent or empty.
    #[error("expected an array that holds `{base}`")]
    SchemasMissing {
        /// The base schema.
        base: String,
    },
    /// `schemas` does not list the base schema.
    #[error("the base schema `{base}` is not listed")]
    BaseSchemaMissing {
        /// The base schema.
        base: String,
    },
    /// `schemas` lists a schema that the resource type does not have.
    #[error("`{uri}` is no schema of resource type `{resource_type}`")]
    UnknownSchema {
        /// The URI.
        uri: String,
        /// The resource type.
        resource_type: String,
    },
    /// The value is longer than the limit.
    #[error("longer than the limit of {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The attribute has more values than the limit.
    #[error("more than the limit of {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// The resource is larger than the limit.
    #[error("the resource is larger than the limit of {limit} bytes, relations such as `members` aside")]
    TooLarge {
        /// The limit, in bytes of JSON.
        limit: usize,
    },
    /// More than one element has `primary` true.
    #[error("at most one element can have `primary` true")]
    PrimaryTwice,
}

impl CheckProblem {
    /// The problem at a place.
    pub(crate) fn at(self, path: &str) -> CheckError {
        CheckError { path: path.to_owned(), problem: self }
    }

    /// The value's JSON type is wrong.
    pub(crate) fn type_mismatch(expected: impl Into<String>, found: &Value) -> Self {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Self::Type { expected: expected.into(), found }
    }
}

impl CheckError {
    /// The path of the attribute at fault, such as `emails[1].primary`; empty for the body as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn problem(&self) -> &CheckProblem {
        &self.problem
    }

    /// The keyword for the client.
    pub fn scim_type(&self) -> ScimType {
        match self.problem {
            CheckProblem::NotAnObject
            | CheckProblem::UnknownAttribute
            | CheckProblem::RepeatedMember { .. }
            | CheckProblem::SchemasMissing { .. } => ScimType::InvalidSyntax,
            _ => ScimType::InvalidValue,
        }
    }

    /// The same error of a sub-attribute or element, seen from the attribute.
    pub(crate) fn inside(mut self, parent: &str) -> Self {
        if self.path.is_empty() {
            parent.clone_into(&mut self.path);
        } else if !parent.is_empty() {
            self.path = format!("{parent}.{}", self.path);
        }
        self
    }

    /// The same error of an extension's attribute.
    pub(crate) fn qualified(mut self, uri: &str) -> Self {
        self.path = format!("{uri}:{}", self.path);
        self
    }
}
