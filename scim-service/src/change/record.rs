//! A change as text: what an audit table, lines of a log and an undo agree on.

use std::str::FromStr;

use scim_patch::{Difference, Secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::change::Change;

/// The [format](ChangeRecord::format) that this version of the library writes.
pub const CHANGE_RECORD_FORMAT: u32 = 1;

/// The longest text of a [`ChangeRecord`], in bytes. What would be longer is written [without values](ChangeRecord::truncated).
pub const MAX_CHANGE_RECORD: usize = 4 * 1024 * 1024;

/// A [`Change`] to be kept: what a write did to a resource, with the values before and after.
///
/// As JSON it is
///
/// ```json
/// {"format": 1, "before": "W/\"3\"", "after": "W/\"4\"",
///  "set": [{"path": "title", "before": "Dr", "after": "Prof"}, {"path": "password", "secret": "set"}],
///  "members": {"added": [], "removed": ["2819c223"]},
///  "quirks": ["StringBoolean"]}
/// ```
///
/// Members that are empty or have no value are left out, but for `format`. It holds no secret. A reader ignores members that it
/// does not know: a change of meaning is another format.
///
/// ```
/// use chrono::Utc;
/// use scim_core::{Resource, SchemaSet};
/// use scim_patch::Differences;
/// use scim_service::change::ChangeRecord;
/// use scim_service::{Change, Context};
/// use serde_json::{from_value, json};
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().ok_or("no users")?;
/// let before: Resource = from_value(json!({"userName": "ada", "title": "Dr"}))?;
/// let after: Resource = from_value(json!({"userName": "ada", "title": "Prof"}))?;
/// let change = Change::new(&Context::internal("example", Utc::now()), users, "2819c223".parse()?)
///     .with_differences(Differences::between(users, &before, &after));
///
/// let text = ChangeRecord::of(&change).to_json();
/// assert_eq!(text, r#"{"format":1,"set":[{"path":"title","before":"Dr","after":"Prof"}]}"#);
/// assert_eq!(text.parse::<ChangeRecord>()?, ChangeRecord::of(&change));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangeRecord {
    /// Which form this is: [`CHANGE_RECORD_FORMAT`].
    pub format: u32,
    /// The version before, as an entity tag; `None` where there was no resource, or the version is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The version after; `None` where there is no resource any more, or the version is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The attributes that differ, in order, each once. Of a resource that was created or deleted they are all that it had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<AttributeRecord>,
    /// Who joined the group, and who left it.
    #[serde(default, skip_serializing_if = "MemberRecord::is_empty")]
    pub members: MemberRecord,
    /// The ids of the groups that a deleted resource was a member of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The ids of the users whose sessions have ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions_ended: Vec<String>,
    /// The ids of the users whose API keys have ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys_ended: Vec<String>,
    /// The names of the quirks that applying a PATCH needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<String>,
    /// Whether values and ids were left out, because the text would have been longer than [`MAX_CHANGE_RECORD`]. `set` still names
    /// the attributes. Nobody can undo the change by such a record.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
}

/// An attribute, or a sub-attribute of a singular complex attribute, that a write set, changed or removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttributeRecord {
    /// The path, such as `name.givenName` or `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
    pub path: String,
    /// The value before; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after; `None` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Whether `before` and `after` are not the whole value, but the elements that went and those that came: so it is of attributes
    /// whose elements refer to other resources.
    #[serde(default, skip_serializing_if = "is_false")]
    pub elements: bool,
    /// What became of a value that is never returned; `None` where the attribute has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRecord>,
}

/// What is kept of a value that is never returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SecretRecord {
    /// It was set.
    Set,
    /// It was removed.
    Removed,
    /// It is a part of the attribute, and in neither value.
    Part,
}

/// Members that came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MemberRecord {
    /// The ids of those that joined the group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// The ids of those that left it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

/// A text is no record of a change that this version of the library reads.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChangeRecordError {
    /// It is not JSON, or not of this form.
    #[error("expected the record of a change as a JSON object")]
    Unreadable(#[source] serde_json::Error),
    /// A newer version of the library wrote it.
    #[error("the record of a change has the format {found}: expected {CHANGE_RECORD_FORMAT}")]
    Format {
        /// Its format.
        found: u32,
    },
}

impl ChangeRecord {
    /// What a write did.
    pub fn of(change: &Change) -> Self {
        Self {
            before: change.before.as_ref().map(ToString::to_string),
            after: change.after.as_ref().map(ToString::to_string),
            set: change.differences.all().iter().map(AttributeRecord::of).collect(),
            sessions_ended: change.access.sessions_ended.iter().map(ToString::to_string).collect(),
            keys_ended: change.access.keys_ended.iter().map(ToString::to_string).collect(),
            quirks: change.quirks.iter().map(|quirk| format!("{quirk:?}")).collect(),
            ..Self::of_members(&change.members_added, &change.members_removed)
        }
    }

    /// That members, by their ids, joined a group and left it.
    pub fn of_members(added: &[String], removed: &[String]) -> Self {
        Self {
            format: CHANGE_RECORD_FORMAT,
            before: None,
            after: None,
            set: Vec::new(),
            members: MemberRecord { added: added.to_vec(), removed: removed.to_vec() },
            groups: Vec::new(),
            sessions_ended: Vec::new(),
            keys_ended: Vec::new(),
            quirks: Vec::new(),
            truncated: false,
        }
    }

    /// The record as JSON, of at most [`MAX_CHANGE_RECORD`] bytes.
    pub fn to_json(&self) -> String {
        let text = json_of(self);
        if text.len() <= MAX_CHANGE_RECORD {
            return text;
        }
        let text = json_of(&self.without_values());
        if text.len() <= MAX_CHANGE_RECORD {
            return text;
        }
        // Paths are as long as somebody made the schemas.
        json_of(&Self { set: Vec::new(), quirks: Vec::new(), ..self.without_values() })
    }

    fn without_values(&self) -> Self {
        let named = |set: &AttributeRecord| AttributeRecord {
            path: set.path.clone(),
            before: None,
            after: None,
            elements: false,
            secret: set.secret,
        };
        Self {
            before: self.before.clone(),
            after: self.after.clone(),
            set: self.set.iter().map(named).collect(),
            quirks: self.quirks.clone(),
            truncated: true,
            ..Self::of_members(&[], &[])
        }
    }
}

impl AttributeRecord {
    fn of(difference: &Difference) -> Self {
        let secret = match difference.secret() {
            Some(Secret::Set) => Some(SecretRecord::Set),
            Some(Secret::Removed) => Some(SecretRecord::Removed),
            None => difference.is_secret().then_some(SecretRecord::Part),
        };
        Self {
            path: difference.target().to_string(),
            before: difference.before().cloned(),
            after: difference.after().cloned(),
            elements: difference.tells_elements(),
            secret,
        }
    }
}

impl MemberRecord {
    /// Whether nobody came and nobody went.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Nothing in a record can fail to become JSON: it has texts as keys alone.
fn json_of(record: &ChangeRecord) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

/// Reads what [`ChangeRecord::to_json`] wrote.
impl FromStr for ChangeRecord {
    type Err = ChangeRecordError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format: found } = serde_json::from_str(text).map_err(ChangeRecordError::Unreadable)?;
        if found != CHANGE_RECORD_FORMAT {
            return Err(ChangeRecordError::Format { found });
        }
        serde_json::from_str(text).map_err(ChangeRecordError::Unreadable)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use scim_core::schema::Schema;
    use scim_core::{Resource, SchemaSet, Version};
    use scim_patch::Differences;
    use serde_json::{from_value, json};

    use super::*;
    use crate::context::Context;

    fn change(before: Value, after: Value) -> Change {
        let schemas = SchemaSet::builtin();
        let users = schemas.user().unwrap();
        let (before, after): (Resource, Resource) = (from_value(before).unwrap(), from_value(after).unwrap());
        let differences = Differences::between(users, &before, &after);
        Change::new(&Context::internal("test", Utc::now()), users, "u".parse().unwrap()).with_differences(differences)
    }

    #[test]
    fn a_record_has_values_and_of_secrets_a_word() {
        let before = json!({"userName": "ada", "password": "old horse", "emails": [{"value": "a@b"}]});
        let after = json!({"userName": "ada", "password": "new horse", "name": {"givenName": "Ada"}});
        let change = change(before, after).with_versions(Some(Version::new(1)), Some(Version::new(2)));
        let text = ChangeRecord::of(&change).to_json();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({"format": 1, "before": "W/\"1\"", "after": "W/\"2\"", "set": [
                {"path": "emails", "before": [{"value": "a@b"}]},
                {"path": "name.givenName", "after": "Ada"},
                {"path": "password", "secret": "set"}
            ]})
        );
        assert_eq!(text.parse::<ChangeRecord>().unwrap(), ChangeRecord::of(&change));
    }

    #[test]
    fn what_is_too_long_is_written_without_values() {
        let long = "x".repeat(MAX_CHANGE_RECORD);
        let change = change(json!({"userName": "ada", "title": long}), json!({"userName": "ada"}));
        let text = ChangeRecord::of(&change).to_json();
        assert_eq!(text, r#"{"format":1,"set":[{"path":"title"}],"truncated":true}"#);
        let ids: Vec<String> = (0..MAX_CHANGE_RECORD / 8).map(|number| format!("{number:08}")).collect();
        assert_eq!(ChangeRecord::of_members(&ids, &[]).to_json(), r#"{"format":1,"truncated":true}"#);
    }

    #[test]
    fn a_foreign_text_is_refused_with_what_was_expected() {
        let error = |text: &str| text.parse::<ChangeRecord>().unwrap_err().to_string();
        assert_eq!(error("[]"), "expected the record of a change as a JSON object");
        assert_eq!(error(r#"{"format": 2}"#), "the record of a change has the format 2: expected 1");
        let newer: ChangeRecord = r#"{"format": 1, "colour": "red", "members": {"added": ["u"]}}"#.parse().unwrap();
        assert_eq!(newer, ChangeRecord::of_members(&["u".to_owned()], &[]));
    }

    #[test]
    fn parts_that_are_secret_are_in_neither_value() {
        let schema: Schema = from_value(json!({"id": "urn:example:Key", "name": "Key", "attributes": [
            {"name": "keys", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "label"}, {"name": "token", "mutability": "writeOnly", "returned": "never"}]}]}))
        .unwrap();
        let kind = from_value(json!({"name": "Key", "endpoint": "/Keys", "schema": "urn:example:Key"})).unwrap();
        let schemas = SchemaSet::builtin().with([schema.into()], [kind]).unwrap();
        let of = schemas.of(&"Key".into()).unwrap();
        let after: Resource = from_value(json!({"keys": [{"label": "a", "token": "planted"}]})).unwrap();
        let differences = Differences::between(of, &Resource::default(), &after);
        let change = Change::new(&Context::internal("test", Utc::now()), of, "k".parse().unwrap());
        let text = ChangeRecord::of(&change.with_differences(differences)).to_json();
        assert_eq!(text, r#"{"format":1,"set":[{"path":"keys","after":[{"label":"a"}],"secret":"part"}]}"#);
    }
}
