//! Why a patch is refused.

use scim_core::{CheckError, ScimType};
use scim_filter::BudgetExceeded;
use thiserror::Error;

/// A patch that cannot be checked or applied. The resource is as it was.
///
/// The message names the operation as the message has it (`Operations[0]` is the first) and its path, of which it shows
/// 256 bytes at most; it never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`Operations[{operation}]`{}: {kind}", place(.path.as_deref()))]
pub struct PatchError {
    operation: usize,
    path: Option<String>,
    kind: PatchErrorKind,
}

fn place(path: Option<&str>) -> String {
    path.map(|path| format!(", path `{}`", shown(path))).unwrap_or_default()
}

/// A client's text as far as a message repeats it: in one line.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 256;
    let start = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default();
    start.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// What is wrong with an operation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// `op` is no operation (R135).
    #[error("unknown operation `{found}`: expected `add`, `remove` or `replace`")]
    Operation {
        /// What stood there, or the start of it.
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
    /// The value of an extension as a whole is no object (R171).
    #[error("the value of an extension must be an object of its attributes")]
    ExtensionNotAnObject,
    /// The value has no part that a client may write (R167).
    #[error("the value has no part that a client may write")]
    NothingToWrite,
    /// Two members of a value are equal up to case (R003).
    #[error("the value has the member `{key}` twice, up to case")]
    RepeatedMember {
        /// The second spelling, or the start of it.
        key: String,
    },
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
    /// The value of `remove` names nothing that could be removed (R174).
    #[error("the value names nothing to remove: expected one value at least, or no value to remove all")]
    NothingToRemove,
    /// More than one value would be primary (R163, R164).
    #[error("at most one element can have `primary` true")]
    PrimaryTwice,
    /// The patch needs more work than it may cause: operations times elements.
    #[error("{0}: expected fewer operations, or paths that select values by `eq`")]
    Budget(BudgetExceeded),
    /// The attribute would have more values than the limit.
    #[error("the attribute would have more than the limit of {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// The resource would be larger than the limit.
    #[error("the resource would be larger than the limit of {limit} bytes, relations such as `members` aside")]
    TooLarge {
        /// The limit, in bytes of JSON.
        limit: usize,
    },
    /// The value does not fit the attribute (R175).
    #[error(transparent)]
    Value(CheckError),
}

impl From<BudgetExceeded> for PatchErrorKind {
    fn from(exceeded: BudgetExceeded) -> Self {
        Self::Budget(exceeded)
    }
}

impl PatchErrorKind {
    /// The problem of an operation, counted from 0.
    pub(crate) fn at(self, operation: usize, path: Option<&str>) -> PatchError {
        PatchError { operation, path: path.map(str::to_owned), kind: self }
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
    pub fn kind(&self) -> &PatchErrorKind {
        &self.kind
    }

    /// The keyword for the client (RFC 7644 table 9).
    pub fn scim_type(&self) -> ScimType {
        match &self.kind {
            PatchErrorKind::Operation { .. }
            | PatchErrorKind::PathRequired
            | PatchErrorKind::RepeatedMember { .. }
            | PatchErrorKind::RemoveWithValue => ScimType::InvalidSyntax,
            PatchErrorKind::RemoveWithoutPath | PatchErrorKind::NoTarget => ScimType::NoTarget,
            PatchErrorKind::Path(_)
            | PatchErrorKind::UnknownAttribute(_)
            | PatchErrorKind::NotSelectable
            | PatchErrorKind::SubAttributeRequired => ScimType::InvalidPath,
            PatchErrorKind::Filter(_) | PatchErrorKind::TooManyMatches => ScimType::InvalidFilter,
            PatchErrorKind::ReadOnly
            | PatchErrorKind::NothingToWrite
            | PatchErrorKind::Immutable
            | PatchErrorKind::Required => ScimType::Mutability,
            PatchErrorKind::ValueMissing
            | PatchErrorKind::ValueNotAnObject
            | PatchErrorKind::ExtensionNotAnObject
            | PatchErrorKind::NothingToRemove
            | PatchErrorKind::TooManyValues { .. }
            | PatchErrorKind::TooLarge { .. }
            | PatchErrorKind::PrimaryTwice => ScimType::InvalidValue,
            PatchErrorKind::Budget(_) => ScimType::TooMany,
            PatchErrorKind::Value(error) => error.scim_type(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_operation_and_its_path() {
        let error = PatchErrorKind::NoTarget.at(2, Some("emails[type eq \"x\"]"));
        assert_eq!(error.to_string(), "`Operations[2]`, path `emails[type eq \"x\"]`: the path selects no value");
        assert_eq!(PatchErrorKind::ValueMissing.at(0, None).to_string(), "`Operations[0]`: a value is missing");
    }

    #[test]
    fn a_long_path_is_shown_in_part() {
        let error = PatchErrorKind::NoTarget.at(0, Some(&"é".repeat(10_000)));
        assert!(error.to_string().len() < 400);
    }
}
