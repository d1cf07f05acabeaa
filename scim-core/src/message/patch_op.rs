//! The message of PATCH (RFC 7644 section 3.5.2).

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::Value;

use crate::message::error::{Members, MessageError};
use crate::tolerance::Quirk;
use crate::tolerance::Tolerance;
use crate::urn;

/// A list of operations, as it came: what they mean is for `scim-patch` to check. Serialises as the message that a client
/// sends.
///
/// ```
/// use scim_core::message::{PatchOp, PatchOperation};
///
/// let patch = PatchOp { operations: vec![PatchOperation::replace("active", false)] };
/// assert_eq!(
///     serde_json::to_string(&patch)?,
///     r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatchOp {
    /// The operations, at least one when read by [`PatchOp::from_json`].
    pub operations: Vec<PatchOperation>,
}

/// One operation. `Debug` hides the value, which may be a password.
#[derive(Clone, PartialEq, serde::Serialize)]
pub struct PatchOperation {
    /// The word after `op`, unchecked.
    pub op: String,
    /// The path, unparsed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The value; `Some(Value::Null)` where the message says `null`, `None` where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl fmt::Debug for PatchOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchOperation").field("op", &self.op).field("path", &self.path).finish_non_exhaustive()
    }
}

impl PatchOp {
    /// Reads the message. Member names regard no case (R137).
    ///
    /// # Errors
    ///
    /// [`MessageError`] where `schemas` does not name the message, `Operations` is no array of 1 to `max_operations`
    /// objects, or a member has another type (R134, R135).
    pub fn from_json(message: Value, tolerance: &mut Tolerance, max_operations: usize) -> Result<Self, MessageError> {
        let mut members = Members::of(message, None)?;
        if let Err(error) = members.expect_schema(urn::PATCH_OP)
            && !tolerance.take(Quirk::MissingPatchSchema)
        {
            return Err(error);
        }
        let Some(Value::Array(operations)) = members.take("Operations") else {
            return Err(MessageError::syntax("Operations", "an array of operations"));
        };
        if operations.is_empty() {
            return Err(MessageError::syntax("Operations", "at least one operation"));
        }
        if operations.len() > max_operations {
            return Err(MessageError::value("Operations", format!("at most {max_operations} operations")));
        }
        let operations = operations.into_iter().enumerate();
        let operations = operations.map(|(index, operation)| PatchOperation::from_json(operation, index));
        Ok(Self { operations: operations.collect::<Result<_, _>>()? })
    }

    /// The message body.
    pub fn to_value(&self) -> Value {
        // Texts and JSON values always serialise.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Serialize for PatchOp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut message = serializer.serialize_struct("PatchOp", 2)?;
        message.serialize_field("schemas", &[urn::PATCH_OP])?;
        message.serialize_field("Operations", &self.operations)?;
        message.end()
    }
}

impl PatchOperation {
    /// Adds a value (RFC 7644 section 3.5.2.1).
    pub fn add(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { op: "add".to_owned(), path: Some(path.into()), value: Some(value.into()) }
    }

    /// Removes what the path names (RFC 7644 section 3.5.2.2).
    pub fn remove(path: impl Into<String>) -> Self {
        Self { op: "remove".to_owned(), path: Some(path.into()), value: None }
    }

    /// Replaces what the path names (RFC 7644 section 3.5.2.3).
    pub fn replace(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { op: "replace".to_owned(), path: Some(path.into()), value: Some(value.into()) }
    }

    fn from_json(operation: Value, index: usize) -> Result<Self, MessageError> {
        let mut members = Members::of(operation, Some(index))?;
        let op = members.text("op")?;
        let op = op.ok_or_else(|| MessageError::syntax(members.name("op"), "`add`, `remove` or `replace`"))?;
        Ok(Self { op, path: members.text("path")?, value: members.take("value") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance::Profile;
    use serde_json::json;

    fn read(message: Value, profile: &Profile) -> Result<PatchOp, MessageError> {
        PatchOp::from_json(message, &mut Tolerance::new(profile), 3)
    }

    #[test]
    fn r137_member_names_regard_no_case() {
        let message =
            json!({"Schemas": [urn::PATCH_OP], "operations": [{"OP": "add", "Path": "title", "VALUE": null}]});
        let patch = read(message, &Profile::rfc()).unwrap();
        assert_eq!(patch.operations[0].path.as_deref(), Some("title"));
        assert_eq!(patch.operations[0].value, Some(Value::Null));
    }

    #[test]
    fn r134_r135_shapes_are_checked() {
        let op = json!({"op": "add"});
        for bad in [
            json!({"Operations": [op]}),
            json!({"schemas": [urn::PATCH_OP]}),
            json!({"schemas": [urn::PATCH_OP], "Operations": []}),
            json!({"schemas": [urn::PATCH_OP], "Operations": {}}),
            json!({"schemas": [urn::PATCH_OP], "Operations": ["add"]}),
            json!({"schemas": [urn::PATCH_OP], "Operations": [{"path": "x"}]}),
            json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": 1}]}),
            json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "add", "OP": "add"}]}),
            json!({"schemas": [urn::PATCH_OP], "Operations": [op, op, op, op]}),
        ] {
            assert!(read(bad.clone(), &Profile::compatible()).is_err(), "{bad}");
        }
        let lenient = Profile::rfc().with(Quirk::MissingPatchSchema);
        assert!(read(json!({"Operations": [op]}), &lenient).is_ok());
    }

    #[test]
    fn a_message_is_written_as_it_is_read() {
        let patch = PatchOp {
            operations: vec![
                PatchOperation::add("members", json!([{"value": "a"}])),
                PatchOperation::remove("title"),
                PatchOperation { op: "replace".into(), path: None, value: Some(Value::Null) },
            ],
        };
        assert_eq!(read(patch.to_value(), &Profile::rfc()).unwrap(), patch);
    }
}
