//! Why a patch is refused.

use scim_core::{CheckError, ScimType};
use thiserror::Error;

/// A patch that cannot be checked or applied. The resource is as it was.
///
/// The message names the operation, counted from 1 as people count, and its path; it never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("operation {}{}: {problem}", .operation + 1, place(.path.as_deref()))]
pub struct PatchError {
    operation: usize,
    path: Option<String>,
    problem: PatchProblem,
}

fn place(path: Option<&str>) -> String {
    path.map(|path| format!(" (`{path}`)")).unwrap_or_default()
}

/// What is wrong with an operation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatchProblem {
    /// `op` is no operation (R135).
    #[error("unknown operation `{found}`: expected `add`, `remove` or `replace`")]
    Operation {
        /// What stood there.
        found: String,
    },
    /// `remove` without a path (R148).
    #[error("remove needs a path")]
    RemoveWithoutPath,
    /// The profile asks for a path (R180).
    #[error("every operation needs a path")]
    PathRequired,
    /// `add` or `replace` without a value (R141).
    #[error("a value is missing")]
    ValueMissing,
    /// The value without a path is no object (R142, R155).
    #[error("without a path the value must be an object of attributes")]
    ValueNotAnObject,
    /// The path is malformed (R139).
    #[error("{0}")]
    Path(String),
    /// The filter in the path's brackets is malformed or does not fit the schema (R139).
    #[error("{0}")]
    Filter(String),
    /// The path leads to no attribute (R140).
    #[error("{0}")]
    UnknownAttribute(String),
    /// A sub-attribute has no further parts, or brackets stand behind a simple attribute.
    #[error("the attribute has no parts to select")]
    NotSelectable,
    /// The profile asks for a sub-attribute behind the brackets (R180).
    #[error("a value path must name a sub-attribute")]
    SubAttributeRequired,
    /// The profile allows one match only (R180).
    #[error("the value path selects more than one value")]
    TooManyMatches,
    /// The attribute is read-only (R167, R168).
    #[error("the attribute is read-only")]
    ReadOnly,
    /// The attribute is immutable and has another value (R169).
    #[error("the attribute is immutable: expected the value it has")]
    Immutable,
    /// A required attribute would be unassigned (R154, R162).
    #[error("a required attribute cannot be removed")]
    Required,
    /// The value path selects nothing (R147, R161).
    #[error("the path selects no value")]
    NoTarget,
    /// `remove` came with a value (R174).
    #[error("remove takes no value: select the values to remove with a filter in the path")]
    RemoveWithValue,
    /// More than one value would be primary (R163, R164).
    #[error("at most one element can have `primary` true")]
    PrimaryTwice,
    /// The value does not fit the attribute (R175).
    #[error(transparent)]
    Value(CheckError),
}

impl PatchProblem {
    /// The problem of an operation, counted from 0.
    pub(crate) fn at(self, operation: usize, path: Option<&str>) -> PatchError {
        PatchError { operation, path: path.map(str::to_owned), problem: self }
    }
}

impl PatchError {
    /// The operation at fault: its index in the message, from 0.
    pub fn operation(&self) -> usize {
        self.operation
    }

    /// The path of the operation as the client wrote it, or the key within a value without a path.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// What is wrong.
    pub fn problem(&self) -> &PatchProblem {
        &self.problem
    }

    /// The keyword for the client (RFC 7644 table 9).
    pub fn scim_type(&self) -> ScimType {
        match &self.problem {
            PatchProblem::Operation { .. } | PatchProblem::PathRequired | PatchProblem::RemoveWithValue => {
                ScimType::InvalidSyntax
            }
            PatchProblem::RemoveWithoutPath | PatchProblem::NoTarget => ScimType::NoTarget,
            PatchProblem::Path(_)
            | PatchProblem::UnknownAttribute(_)
            | PatchProblem::NotSelectable
            | PatchProblem::SubAttributeRequired => ScimType::InvalidPath,
            PatchProblem::Filter(_) | PatchProblem::TooManyMatches => ScimType::InvalidFilter,
            PatchProblem::ReadOnly | PatchProblem::Immutable | PatchProblem::Required => ScimType::Mutability,
            PatchProblem::ValueMissing | PatchProblem::ValueNotAnObject | PatchProblem::PrimaryTwice => {
                ScimType::InvalidValue
            }
            PatchProblem::Value(error) => error.scim_type(),
        }
    }
}
