//! What is wrong with a message.

use std::collections::HashSet;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::scim_error::ScimType;

/// A message that does not have the shape of its schema.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{member}`: expected {expected}")]
pub struct MessageError {
    member: String,
    expected: String,
    scim_type: ScimType,
}

impl MessageError {
    pub(crate) fn syntax(member: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { member: member.into(), expected: expected.into(), scim_type: ScimType::InvalidSyntax }
    }

    pub(crate) fn value(member: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { member: member.into(), expected: expected.into(), scim_type: ScimType::InvalidValue }
    }

    /// The same error with another keyword.
    pub(crate) fn with_scim_type(self, scim_type: ScimType) -> Self {
        Self { scim_type, ..self }
    }

    /// The member at fault, such as `Operations[2].op`.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// What could have stood there.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The keyword for the client.
    pub fn scim_type(&self) -> ScimType {
        self.scim_type
    }
}

/// The members of a message by caseless name (R137).
pub(crate) struct Members {
    members: Map<String, Value>,
    /// Which of the operations it is, where it is one.
    operation: Option<usize>,
}

/// Most members whose names are compared one with the other.
const FEW: usize = 8;

impl Members {
    /// Takes the message apart; refuses members whose names are equal up to case (R003).
    pub(crate) fn of(message: Value, operation: Option<usize>) -> Result<Self, MessageError> {
        let Value::Object(members) = message else {
            let place = operation.map_or_else(|| "body".to_owned(), |index| format!("Operations[{index}]"));
            return Err(MessageError::syntax(place, "a JSON object"));
        };
        if let Some(name) = repeated(&members) {
            let place = operation.map(|index| format!("Operations[{index}]")).unwrap_or_default();
            return Err(MessageError::syntax(format!("{place}{name}"), "each member once"));
        }
        Ok(Self { members, operation })
    }

    /// The full name of a member, for errors.
    pub(crate) fn name(&self, name: &str) -> String {
        match self.operation {
            Some(index) => format!("Operations[{index}].{name}"),
            None => name.to_owned(),
        }
    }

    /// Takes a member out. `null` counts as absent only where the caller says so.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        if let Some(value) = self.members.remove(name) {
            return Some(value);
        }
        let key = self.members.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
        self.members.remove(&key)
    }

    /// A member that is a text or absent.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, MessageError> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(MessageError::syntax(self.name(name), "a string")),
        }
    }

    /// A member that is an array of texts or absent.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, MessageError> {
        let value = self.take(name);
        self.as_texts(name, value)
    }

    /// The value of a member as an array of texts.
    pub(crate) fn as_texts(&self, name: &str, value: Option<Value>) -> Result<Vec<String>, MessageError> {
        let wrong = || MessageError::syntax(self.name(name), "an array of strings");
        match value {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(elements)) => elements
                .into_iter()
                .map(|element| if let Value::String(text) = element { Ok(text) } else { Err(wrong()) })
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// Asks that `schemas` names the message.
    pub(crate) fn expect_schema(&mut self, urn: &str) -> Result<(), MessageError> {
        let named = self.texts("schemas")?.iter().any(|uri| uri.eq_ignore_ascii_case(urn));
        if named { Ok(()) } else { Err(MessageError::syntax("schemas", format!("an array that holds `{urn}`"))) }
    }
}

/// The first name that is that of a member before it, up to case.
fn repeated(members: &Map<String, Value>) -> Option<&String> {
    if members.len() <= FEW {
        let is_repeated = |(index, name): &(usize, &String)| {
            members.keys().take(*index).any(|before| before.eq_ignore_ascii_case(name))
        };
        return members.keys().enumerate().find(is_repeated).map(|(_, name)| name);
    }
    let mut seen = HashSet::new();
    members.keys().find(|name| !seen.insert(name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_repeated_whatever_its_case_and_however_many_there_are() {
        let members = |names: &[String]| names.iter().map(|name| (name.clone(), Value::Null)).collect::<Map<_, _>>();
        for count in [0, 1, FEW - 1, FEW, 3 * FEW] {
            let mut names: Vec<String> = (0..count).map(|number| format!("n{number}")).collect();
            assert_eq!(repeated(&members(&names)), None, "{count}");
            names.push("Op".to_owned());
            assert_eq!(repeated(&members(&names)), None, "{count}");
            names.push("oP".to_owned());
            assert_eq!(repeated(&members(&names)), Some(&"oP".to_owned()), "{count}");
        }
    }
}
