//! People from files.

use std::borrow::Cow;
use std::collections::BTreeMap;

use scim_core::{Resource, ValueRef, urn};
use serde_json::Value;
use superset_mapping::rules::Binding;
use superset_mapping::{GroupRef, RuleSet, Subject};

/// A User resource, and the groups that it lists.
pub(crate) struct Person {
    user: Resource,
    groups: Vec<GroupRef>,
}

/// The `externalId` of groups by their ids. `None` for a group that has none.
pub(crate) type ExternalIds = BTreeMap<String, Option<String>>;

/// Reads a User resource.
pub(crate) fn person(text: &str, groups: &ExternalIds) -> Result<Person, String> {
    let value = serde_json::from_str(text).map_err(|error| format!("not a SCIM User: {error}"))?;
    Person::new(one(value, urn::USER, "User")?, groups)
}

/// Reads a User resource from each line that is not empty, with its 1-based number.
pub(crate) fn people<'t>(
    text: &'t str,
    groups: &'t ExternalIds,
) -> impl Iterator<Item = (usize, Result<Person, String>)> + 't {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(move |(index, line)| (index + 1, person(line, groups)))
}

/// Reads Group resources, for what the `groups` of a user leave out: a `ListResponse`, an array, or one on each line.
pub(crate) fn groups(text: &str) -> Result<ExternalIds, String> {
    let not = |error: serde_json::Error| format!("not SCIM Groups: {error}");
    let values = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(groups)) => groups,
        Ok(Value::Object(mut list)) if list.contains_key("Resources") => match list.remove("Resources") {
            Some(Value::Array(groups)) => groups,
            _ => return Err("not a ListResponse: `Resources` is no array".to_owned()),
        },
        Ok(group) => vec![group],
        Err(_) => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(serde_json::from_str).collect::<Result<_, _>>().map_err(not)?
        }
    };
    let mut external_ids = ExternalIds::new();
    for value in values {
        let group = one(value, urn::GROUP, "Group")?;
        let id = group.id().ok_or("a Group without `id`")?.into_owned();
        external_ids.insert(id, group.external_id().map(|id| id.as_str().to_owned()));
    }
    Ok(external_ids)
}

/// A resource of the type that is wanted, and nothing that looks like one.
fn one(value: Value, schema: &str, kind: &str) -> Result<Resource, String> {
    let Value::Object(object) = value else { return Err(format!("expected a SCIM {kind}: a JSON object")) };
    let schemas: Vec<&str> =
        object.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    if object.contains_key("Resources") || schemas.iter().any(|found| found.eq_ignore_ascii_case(urn::LIST_RESPONSE)) {
        return Err(format!("a ListResponse: expected one {kind}, such as an element of `Resources`"));
    }
    if !schemas.is_empty() && !schemas.iter().any(|found| found.eq_ignore_ascii_case(schema)) {
        return Err(format!("`schemas` says {}: expected a SCIM {kind}", schemas.join(", ")));
    }
    let name = if kind == "User" { "userName" } else { "displayName" };
    if object.get(name).is_none_or(|value| value.as_str().is_none_or(str::is_empty)) {
        return Err(format!("expected a SCIM {kind}: it has no `{name}`"));
    }
    Ok(Resource::from_attributes(object))
}

impl Person {
    /// A User resource whose groups may have an `externalId` each; else it is looked for by the id of the group.
    pub(crate) fn new(user: Resource, known: &ExternalIds) -> Result<Self, String> {
        let elements = user.get("groups").into_iter().flat_map(ValueRef::elements);
        let groups = elements.map(|element| {
            let text = |name: &str| element.get(name).and_then(ValueRef::as_str);
            let id = text("value").ok_or("a group without `value`")?;
            let external_id = text("externalId").or_else(|| known.get(&*id)?.as_deref().map(Cow::Borrowed));
            let id = id.parse().map_err(|error| format!("group `{id}`: {error}"))?;
            let mut group = GroupRef::new(id, &text("display").unwrap_or_default());
            group.external_id = external_id.map(Into::into);
            // Who asserts the person asserts the groups, as far as a file can tell.
            group.provenance = user.provenance().cloned();
            Ok(group)
        });
        let groups = groups.collect::<Result<_, String>>()?;
        Ok(Self { user, groups })
    }

    /// What rules decide about.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { user: &self.user, groups: self.groups.clone() }
    }

    /// What to call the person.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        self.user.text("userName").or(self.user.id()).unwrap_or("(no name)".into())
    }

    /// Whether the person may have roles at all. Absent means that nobody said otherwise.
    pub(crate) fn is_active(&self) -> bool {
        self.user.get("active").and_then(ValueRef::as_bool).unwrap_or(true)
    }

    /// The groups whose `externalId` nobody has told, where rules ask for one: what is said of them may be wrong.
    pub(crate) fn unsure(&self, rules: &RuleSet, known: &ExternalIds) -> Vec<&GroupRef> {
        let asked = rules.rules().iter().any(|rule| matches!(rule.binding(), Some(Binding::ExternalId(_))));
        let untold = |group: &&GroupRef| group.external_id.is_none() && !known.contains_key(group.id.as_str());
        self.groups.iter().filter(|_| asked).filter(untold).collect()
    }
}
