//! People from files.

use scim_core::Resource;
use serde_json::Value;
use superset_mapping::{GroupRef, Subject};

/// A User resource, and the groups that it lists.
pub(crate) struct Person {
    user: Resource,
    groups: Vec<GroupRef>,
}

/// Reads a User resource.
pub(crate) fn person(text: &str) -> Result<Person, String> {
    Person::new(serde_json::from_str(text).map_err(|error| format!("not a SCIM User: {error}"))?)
}

/// Reads a User resource from each line that is not empty, with its 1-based number.
pub(crate) fn people(text: &str) -> impl Iterator<Item = (usize, Result<Person, String>)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| (index + 1, person(line)))
}

impl Person {
    /// A User resource whose groups may have an `externalId` each.
    pub(crate) fn new(user: Resource) -> Result<Self, String> {
        let elements = user.get("groups").and_then(Value::as_array).into_iter().flatten();
        let groups = elements.map(|element| {
            let text = |name: &str| element.get(name).and_then(Value::as_str);
            let id = text("value").ok_or("a group without `value`")?;
            Ok(GroupRef {
                id: id.parse().map_err(|error| format!("group `{id}`: {error}"))?,
                external_id: text("externalId").map(Into::into),
                display_name: text("display").unwrap_or_default().to_owned(),
            })
        });
        let groups = groups.collect::<Result<_, String>>()?;
        Ok(Self { user, groups })
    }

    /// What rules decide about.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { user: &self.user, groups: self.groups.clone() }
    }

    /// What to call the person.
    pub(crate) fn name(&self) -> &str {
        self.user.get("userName").and_then(Value::as_str).or(self.user.id()).unwrap_or("(no name)")
    }

    /// Whether the person may have roles at all. Absent means that nobody said otherwise.
    pub(crate) fn is_active(&self) -> bool {
        self.user.get("active").and_then(Value::as_bool).unwrap_or(true)
    }
}
