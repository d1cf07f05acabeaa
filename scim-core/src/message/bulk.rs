//! The messages of bulk jobs (RFC 7644 section 3.7).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::message::error::{Members, MessageError};
use crate::urn;

/// A job: operations to be done in one request.
///
/// ```
/// use scim_core::urn;
/// use scim_core::message::{BulkMethod, BulkRequest};
/// use serde_json::json;
///
/// let request = BulkRequest::from_json(json!({
///     "schemas": [urn::BULK_REQUEST],
///     "failOnErrors": 1,
///     "Operations": [{"method": "POST", "path": "/Users", "bulkId": "ada", "data": {"userName": "ada"}}]
/// }))?;
/// let operation = request.operations[0].as_ref().unwrap();
/// assert_eq!(operation.method, BulkMethod::Post);
/// assert_eq!(operation.bulk_id.as_deref(), Some("ada"));
/// # Ok::<(), scim_core::message::MessageError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BulkRequest {
    /// After how many errors the service stops; at least 1. `None`: every operation is tried.
    pub fail_on_errors: Option<u64>,
    /// The operations in the order of the message. One that is no operation fails by itself, the others are done (R206).
    pub operations: Vec<Result<BulkOperation, Box<InvalidOperation>>>,
}

/// One operation. `Debug` hides the data, which may hold a password.
#[derive(Clone, PartialEq)]
pub struct BulkOperation {
    /// What is done.
    pub method: BulkMethod,
    /// To what: a path below the base URL such as `/Users` or `/Users/2819c223`, unparsed.
    pub path: String,
    /// The client's name for the resource within the job; always there with [`BulkMethod::Post`].
    pub bulk_id: Option<String>,
    /// The version that the resource must have, as an entity tag, unparsed.
    pub version: Option<String>,
    /// The body that the operation would have as a request of its own, an object; there but for [`BulkMethod::Delete`]. With
    /// [`BulkMethod::Patch`] also an array, the operations alone.
    pub data: Option<Value>,
}

/// What an operation does. Closed by the RFC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BulkMethod {
    /// Creates a resource.
    Post,
    /// Replaces a resource.
    Put,
    /// Modifies a resource.
    Patch,
    /// Deletes a resource.
    Delete,
}

/// A member of `Operations` that is no operation, with as much as a response repeats of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct InvalidOperation {
    /// The method, where it is a text.
    pub method: Option<String>,
    /// The path, where it is a text.
    pub path: Option<String>,
    /// The client's name, where it is a text.
    pub bulk_id: Option<String>,
    /// What is wrong.
    pub error: MessageError,
}

/// What became of a job: one result for each operation that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BulkResponse {
    schemas: Vec<String>,
    /// The results.
    #[serde(rename = "Operations", default)]
    pub operations: Vec<BulkResult>,
}

/// What became of one operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkResult {
    /// The method, as the operation has it; absent only where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The client's name, as the operation has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    /// The version of the resource afterwards, as an entity tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The URL of the resource; absent where a POST failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The HTTP status that the operation would have had as a request of its own. A text on the wire (R207).
    #[serde(with = "status_text")]
    pub status: u16,
    /// The body of that response. Always there where the operation failed: an error message (R208).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

impl BulkMethod {
    /// The word of the wire format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl FromStr for BulkMethod {
    type Err = MessageError;

    /// Reads `POST`, `PUT`, `PATCH` or `DELETE`. HTTP methods regard case.
    fn from_str(word: &str) -> Result<Self, MessageError> {
        let known = [Self::Post, Self::Put, Self::Patch, Self::Delete];
        let found = known.into_iter().find(|method| method.as_str() == word);
        found.ok_or_else(|| MessageError::value("method", "`POST`, `PUT`, `PATCH` or `DELETE`"))
    }
}

impl fmt::Display for BulkMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BulkOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkOperation")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("bulk_id", &self.bulk_id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl BulkRequest {
    /// Reads the message. Member names regard no case. How many operations there may be is for the service to limit.
    ///
    /// # Errors
    ///
    /// [`MessageError`] where `schemas` does not name the message, `Operations` is no array of objects, or
    /// `failOnErrors` no number of at least 1. What is wrong within an operation is that operation's error.
    pub fn from_json(message: Value) -> Result<Self, MessageError> {
        let mut members = Members::of(message, None)?;
        members.expect_schema(urn::BULK_REQUEST)?;
        let fail_on_errors = match members.take("failOnErrors") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let count = value.as_u64().filter(|count| *count > 0);
                Some(count.ok_or_else(|| MessageError::value("failOnErrors", "a whole number of at least 1"))?)
            }
        };
        let Some(Value::Array(operations)) = members.take("Operations") else {
            return Err(MessageError::syntax("Operations", "an array of operations"));
        };
        if let Some(index) = operations.iter().position(|operation| !operation.is_object()) {
            return Err(MessageError::syntax(format!("Operations[{index}]"), "a JSON object"));
        }
        let operations = operations.into_iter().enumerate();
        let operations = operations.map(|(index, operation)| BulkOperation::from_json(operation, index));
        Ok(Self { fail_on_errors, operations: operations.collect() })
    }
}

impl BulkOperation {
    fn from_json(operation: Value, index: usize) -> Result<Self, Box<InvalidOperation>> {
        let named = |name: &str| {
            let members = operation.as_object()?;
            let (_, value) = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            value.as_str().map(str::to_owned)
        };
        let (method, path, bulk_id) = (named("method"), named("path"), named("bulkId"));
        let read = Members::of(operation, Some(index)).and_then(Self::from_members);
        read.map_err(|error| Box::new(InvalidOperation { method, path, bulk_id, error }))
    }

    fn from_members(mut members: Members) -> Result<Self, MessageError> {
        let missing = |members: &Members, name: &str, expected: &str| MessageError::value(members.name(name), expected);
        let word = members.text("method")?.unwrap_or_default();
        let method = word.parse().map_err(|error: MessageError| missing(&members, error.member(), error.expected()))?;
        let path = members.text("path")?;
        let path = path.ok_or_else(|| missing(&members, "path", "a path such as `/Users`"))?;
        let bulk_id = members.text("bulkId")?;
        if bulk_id.as_deref() == Some("") || (method == BulkMethod::Post && bulk_id.is_none()) {
            return Err(missing(&members, "bulkId", "a text that is not empty, which every POST has"));
        }
        let version = members.text("version")?;
        let data = members.take("data").filter(|data| !data.is_null());
        // The RFC's own example has the operations of a PATCH without the message around them.
        let fits = |data: &Value| data.is_object() || (method == BulkMethod::Patch && data.is_array());
        if method != BulkMethod::Delete && !data.as_ref().is_some_and(fits) {
            return Err(missing(&members, "data", "a JSON object, which every operation but DELETE has"));
        }
        Ok(Self { method, path, bulk_id, version, data })
    }
}

impl BulkResponse {
    /// The answer with these results.
    pub fn new(operations: Vec<BulkResult>) -> Self {
        Self { schemas: vec![urn::BULK_RESPONSE.to_owned()], operations }
    }
}

/// A status as text; a number is read too.
mod status_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_json::Value;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
    pub(super) fn serialize<S: Serializer>(status: &u16, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(status)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = value.as_u64().and_then(|number| number.try_into().ok());
        let status = number.or_else(|| value.as_str()?.parse().ok());
        status.ok_or_else(|| D::Error::custom("expected an HTTP status"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim_error::ScimType;
    use serde_json::json;

    fn read(operations: &Value) -> Result<BulkRequest, MessageError> {
        BulkRequest::from_json(json!({"schemas": [urn::BULK_REQUEST], "Operations": operations}))
    }

    fn one(operation: &Value) -> Result<BulkOperation, Box<InvalidOperation>> {
        read(&json!([operation])).unwrap().operations.remove(0)
    }

    #[test]
    fn r205_member_names_regard_no_case() {
        let request = BulkRequest::from_json(json!({
            "SCHEMAS": [urn::BULK_REQUEST], "FailOnErrors": 2,
            "operations": [{"Method": "PUT", "PATH": "/Users/1", "Version": "W/\"1\"", "DATA": {}}]
        }));
        let request = request.unwrap();
        assert_eq!(request.fail_on_errors, Some(2));
        let operation = request.operations[0].as_ref().unwrap();
        assert_eq!((operation.path.as_str(), operation.version.as_deref()), ("/Users/1", Some("W/\"1\"")));
    }

    #[test]
    fn r206_a_malformed_message_is_refused_as_a_whole() {
        let scim_type = |message: Value| BulkRequest::from_json(message).unwrap_err().scim_type();
        for bad in [
            json!([]),
            json!({"Operations": []}),
            json!({"schemas": [urn::BULK_REQUEST]}),
            json!({"schemas": [urn::BULK_REQUEST], "Operations": {}}),
            json!({"schemas": [urn::BULK_REQUEST], "Operations": [{}, "x"]}),
        ] {
            assert_eq!(scim_type(bad.clone()), ScimType::InvalidSyntax, "{bad}");
        }
        for bad in [json!(0), json!(-1), json!("1"), json!(1.5)] {
            let message = json!({"schemas": [urn::BULK_REQUEST], "Operations": [], "failOnErrors": bad});
            assert_eq!(scim_type(message), ScimType::InvalidValue, "{bad}");
        }
    }

    #[test]
    fn r206_each_operation_stands_for_itself() {
        let data = json!({});
        for (bad, member, scim_type) in [
            (json!({"path": "/Users", "bulkId": "a", "data": data}), "method", ScimType::InvalidValue),
            (json!({"method": "GET", "path": "/Users/1"}), "method", ScimType::InvalidValue),
            (
                json!({"method": "post", "path": "/Users", "bulkId": "a", "data": data}),
                "method",
                ScimType::InvalidValue,
            ),
            (json!({"method": 1, "path": "/Users/1"}), "method", ScimType::InvalidSyntax),
            (json!({"method": "DELETE"}), "path", ScimType::InvalidValue),
            (json!({"method": "POST", "path": "/Users", "data": data}), "bulkId", ScimType::InvalidValue),
            (json!({"method": "POST", "path": "/Users", "bulkId": "", "data": data}), "bulkId", ScimType::InvalidValue),
            (json!({"method": "POST", "path": "/Users", "bulkId": 1, "data": data}), "bulkId", ScimType::InvalidSyntax),
            (json!({"method": "PUT", "path": "/Users/1"}), "data", ScimType::InvalidValue),
            (json!({"method": "PUT", "path": "/Users/1", "data": [1]}), "data", ScimType::InvalidValue),
            (json!({"method": "DELETE", "path": "/Users/1", "version": 1}), "version", ScimType::InvalidSyntax),
        ] {
            let error = one(&bad).unwrap_err().error;
            assert_eq!((error.member(), error.scim_type()), (&*format!("Operations[0].{member}"), scim_type), "{bad}");
        }
        let twice = one(&json!({"method": "PUT", "path": "/Users/1", "PATH": "/Users/2", "bulkId": "a"})).unwrap_err();
        assert_eq!(twice.error.scim_type(), ScimType::InvalidSyntax);
        assert_eq!((twice.method.as_deref(), twice.bulk_id.as_deref()), (Some("PUT"), Some("a")), "for the response");
        assert!(one(&json!({"method": "DELETE", "path": "/Users/1", "data": null})).is_ok());
    }

    #[test]
    fn r207_the_status_is_a_text() {
        let result = BulkResult { method: Some("POST".into()), status: 201, ..BulkResult::default() };
        let shown = serde_json::to_value(BulkResponse::new(vec![result.clone()])).unwrap();
        assert_eq!(
            shown,
            json!({"schemas": [urn::BULK_RESPONSE], "Operations": [{"method": "POST", "status": "201"}]})
        );
        assert_eq!(serde_json::from_value::<BulkResponse>(shown).unwrap().operations, [result]);
        assert!(serde_json::from_value::<BulkResult>(json!({"status": 409})).is_ok());
        assert!(serde_json::from_value::<BulkResult>(json!({"status": "x"})).is_err());
    }

    #[test]
    fn debug_hides_the_data() {
        let operation = one(&json!({"method": "PUT", "path": "/Users/1", "data": {"password": "s3cret"}})).unwrap();
        assert!(!format!("{operation:?}").contains("s3cret"));
    }
}
