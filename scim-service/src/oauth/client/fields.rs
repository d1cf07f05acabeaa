//! What a file of clients says, read so that an error names the client and the key, and never a value that may be secret.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use thiserror::Error;

/// The member in which TOML hands a date to whoever reads any value.
const TOML_DATE: &str = "$__toml_private_datetime";

/// The clients can't be used: which one, which key, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{client}`{key}`: expected {expected}", client = self.client.as_ref().map(|client| format!("client `{client}`, ")).unwrap_or_default())]
pub struct RegistrationError {
    client: Option<String>,
    key: String,
    expected: String,
}

impl RegistrationError {
    pub(super) fn new(client: Option<&str>, key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { client: client.map(str::to_owned), key: key.into(), expected: expected.into() }
    }

    /// The client: its id, or its number from 1 on where it has none.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// The key, such as `secrets[0].sha256`.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// One object of the file: each key is taken out, and none may be left.
pub(super) struct Fields {
    /// Whose it is.
    client: Option<String>,
    /// What stands before each key, such as `secrets[0].`.
    path: String,
    values: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    /// The keys of an object at `path`, the empty text for the whole of it.
    pub(super) fn of(client: Option<&str>, path: &str, value: Value) -> Result<Self, RegistrationError> {
        let Value::Object(values) = value else {
            return Err(RegistrationError::new(client, path, "a table"));
        };
        let path = if path.is_empty() { String::new() } else { format!("{path}.") };
        Ok(Self { client: client.map(str::to_owned), path, values, known: Vec::new() })
    }

    /// From now on errors are about this client.
    pub(super) fn is_of(&mut self, client: &str) {
        self.client = Some(client.to_owned());
    }

    pub(super) fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    pub(super) fn error(&self, key: &str, expected: impl Into<String>) -> RegistrationError {
        RegistrationError::new(self.client(), format!("{}{key}", self.path), expected)
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.values.remove(key)
    }

    /// A string that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<String>, RegistrationError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(self.error(key, "a string that is not empty")),
        }
    }

    pub(super) fn required(&mut self, key: &'static str) -> Result<String, RegistrationError> {
        self.text(key)?.ok_or_else(|| self.error(key, "a string, which is missing"))
    }

    /// An array; the empty one where the key is missing.
    pub(super) fn array(&mut self, key: &'static str) -> Result<Vec<Value>, RegistrationError> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => Ok(values),
            Some(_) => Err(self.error(key, "an array")),
        }
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<String>, RegistrationError> {
        let text = |fields: &Self, value| match value {
            Value::String(text) => Ok(text),
            _ => Err(fields.error(key, "an array of strings")),
        };
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values.into_iter().map(|value| text(self, value)).collect(),
            Some(_) => Err(self.error(key, "an array of strings")),
        }
    }

    /// The tables of an array.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, RegistrationError> {
        let values = self.array(key)?.into_iter().enumerate();
        let table = |(index, value)| Self::of(self.client(), &format!("{}{key}[{index}]", self.path), value);
        values.map(table).collect()
    }

    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, RegistrationError> {
        let path = format!("{}{key}", self.path);
        self.take(key).map(|value| Self::of(self.client(), &path, value)).transpose()
    }

    /// A truth value; false where the key is missing.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<bool, RegistrationError> {
        match self.take(key) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(value),
            Some(_) => Err(self.error(key, "`true` or `false`")),
        }
    }

    /// A time with its offset: a date of TOML, or a string as RFC 3339 has it.
    pub(super) fn time(&mut self, key: &'static str) -> Result<Option<DateTime<Utc>>, RegistrationError> {
        let text = match self.take(key) {
            None => return Ok(None),
            Some(Value::String(text)) => Some(text),
            Some(Value::Object(mut date)) => match date.remove(TOML_DATE) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            },
            Some(_) => None,
        };
        let time = text.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        let time = time.ok_or_else(|| self.error(key, "a time with its offset, such as 2027-11-01T00:00:00Z"))?;
        Ok(Some(time.with_timezone(&Utc)))
    }

    /// Refuses keys that nobody asked for: a misspelt one would mean nothing.
    pub(super) fn end(self) -> Result<(), RegistrationError> {
        match self.values.keys().next() {
            Some(unknown) => Err(self.error(unknown, format!("one of the keys `{}`", self.known.join("`, `")))),
            None => Ok(()),
        }
    }
}
