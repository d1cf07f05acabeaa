//! Where in the data of an operation references to resources stand.
//!
//! The schemas say it, never the text: a `displayName` of `bulkId:1` is a name. A text names a resource where it is
//!
//! - the value of an attribute or sub-attribute of type `reference` whose `referenceTypes` name a resource type, or that has
//!   none: a URL, such as `$ref`; not where the types are only `external` and `uri`;
//! - the sub-attribute `value` beside such a `$ref`, or a text attribute with `referenceTypes` that name a resource type, or
//!   the `value` of a complex attribute with such: an id, such as `members.value` and `manager.value`;
//! - a text that stands for such a complex attribute (`"manager": "2819c223"`), which some profiles take;
//! - in the filter of a value path or a key of PATCH, what such a sub-attribute is compared with by `eq` or `ne`.
//!
//! What is read-only holds none: a client's value does not count there.

use scim_core::schema::{AttributeType, Mutability, Resolved, Schema};
use scim_core::{Attribute, Profile, Tolerance, TypeSchema};
use scim_filter::{Comparison, Filter, FilterLimits, Literal, Operator, parse_path};
use serde_json::{Map, Value};

use super::reference::Form;

/// One text that names a resource.
pub(crate) struct Position<'a> {
    pub(crate) text: &'a mut String,
    pub(crate) form: Form,
    /// The attribute that refers.
    pub(crate) attribute: &'a Attribute,
    /// Whether the resource would lack something required without the attribute.
    pub(super) required: bool,
}

/// What looks at positions, and may change their texts.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(Position<'_>);

/// Visits the references in the body of POST or PUT.
pub(crate) fn in_resource(of: &TypeSchema, profile: &Profile, data: &mut Value, visit: Visit<'_>) {
    if let Some(members) = data.as_object_mut() {
        Paths { of, profile }.in_members(members, visit);
    }
}

/// Visits the references in the body of PATCH: in values, in the filters of paths, and in those of keys.
pub(crate) fn in_patch(of: &TypeSchema, profile: &Profile, data: &mut Value, visit: Visit<'_>) {
    let Some(operations) = data.as_object_mut().and_then(|data| member(data, "Operations")) else { return };
    for operation in operations.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        let paths = Paths { of, profile };
        let target = match member(operation, "path") {
            Some(Value::String(path)) => match paths.at(path, visit) {
                Some(target) => Some(target),
                // Nobody knows what is there: the operation is refused when it is served.
                None => continue,
            },
            _ => None,
        };
        let Some(value) = member(operation, "value") else { continue };
        match (target, value) {
            (Some(found), value) => in_found(&found, of, value, visit),
            (None, Value::Object(members)) => paths.in_members(members, visit),
            _ => {}
        }
    }
}

/// Visits the references in the value of an attribute: one value or an array.
pub(crate) fn in_attribute(attribute: &Attribute, required: bool, value: &mut Value, visit: Visit<'_>) {
    if attribute.mutability() == Mutability::ReadOnly {
        return;
    }
    match value {
        Value::Array(elements) => {
            for element in elements {
                in_attribute(attribute, required, element, visit);
            }
        }
        Value::Object(members) if attribute.kind() == AttributeType::Complex => {
            for (key, value) in members {
                if let Some(sub) = attribute.sub_attribute(key) {
                    in_leaf(attribute, form_of(sub, Some(attribute)), required, value, visit);
                } else if key.eq_ignore_ascii_case(attribute.name()) {
                    // Some clients repeat the name around a list of members to remove (R174).
                    in_attribute(attribute, required, value, visit);
                }
            }
        }
        Value::String(_) => {
            let value_of = attribute.sub_attribute("value").map(|sub| form_of(sub, Some(attribute)));
            in_leaf(attribute, value_of.unwrap_or_else(|| form_of(attribute, None)), required, value, visit);
        }
        _ => {}
    }
}

fn in_leaf(attribute: &Attribute, form: Option<Form>, required: bool, value: &mut Value, visit: Visit<'_>) {
    let Some(form) = form else { return };
    match value {
        Value::String(text) => visit(Position { text, form, attribute, required }),
        Value::Array(elements) => {
            for text in elements
                .iter_mut()
                .filter_map(|element| if let Value::String(text) = element { Some(text) } else { None })
            {
                visit(Position { text, form, attribute, required });
            }
        }
        _ => {}
    }
}

fn in_container(of: &TypeSchema, extension: &Schema, container: &mut Value, visit: Visit<'_>) {
    let required = of.extensions().iter().any(|known| known.required && known.schema.id() == extension.id());
    for (key, value) in container.as_object_mut().into_iter().flatten() {
        if let Some(attribute) = extension.attribute(key) {
            in_attribute(attribute, required || attribute.required(), value, visit);
        }
    }
}

/// How the attribute, a sub-attribute of `parent` if it is one, names resources; `None` where it does not.
fn form_of(leaf: &Attribute, parent: Option<&Attribute>) -> Option<Form> {
    let names_types =
        |attribute: &Attribute| attribute.reference_types().iter().any(|of| !matches!(of.as_str(), "external" | "uri"));
    if leaf.mutability() == Mutability::ReadOnly {
        return None;
    }
    match leaf.kind() {
        AttributeType::Reference if leaf.reference_types().is_empty() || names_types(leaf) => Some(Form::Url),
        AttributeType::String if names_types(leaf) => Some(Form::Id),
        AttributeType::String if leaf.name() == "value" => {
            let parent = parent?;
            let beside = parent.sub_attribute("$ref").is_some_and(|reference| form_of(reference, None).is_some());
            (beside || names_types(parent)).then_some(Form::Id)
        }
        _ => None,
    }
}

/// The member of this name, in any case.
fn member<'a>(members: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    members.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The values at what a path of PATCH leads to.
fn in_found(found: &Resolved, of: &TypeSchema, value: &mut Value, visit: Visit<'_>) {
    match found {
        Resolved::Extension(extension) => in_container(of, extension, value, visit),
        Resolved::Attribute(target) => {
            let attribute = target.attribute();
            match target.sub_attribute() {
                None => in_attribute(attribute, attribute.required(), value, visit),
                Some(sub) if attribute.mutability() != Mutability::ReadOnly => {
                    in_leaf(attribute, form_of(sub, Some(attribute)), attribute.required(), value, visit);
                }
                Some(_) => {}
            }
        }
    }
}

/// Looks at paths, and at keys that are paths.
struct Paths<'a> {
    of: &'a TypeSchema,
    profile: &'a Profile,
}

impl Paths<'_> {
    /// What the path leads to, its filter visited; `None` where it leads nowhere.
    fn at(&self, text: &mut String, visit: Visit<'_>) -> Option<Resolved> {
        let mut path = parse_path(text, &FilterLimits::default()).ok()?;
        let found = self.of.resolve(&path.attribute, &mut Tolerance::new(self.profile)).ok()?;
        let Resolved::Attribute(target) = found else { return Some(found) };
        if let Some(filter) = &mut path.filter {
            let before = filter.clone();
            in_filter(target.attribute(), filter, visit);
            if *filter != before {
                *text = path.to_string();
            }
        }
        // The sub-attribute behind the brackets.
        let sub = path.sub.as_ref().and_then(|sub| target.attribute().sub_attribute(sub.as_str()));
        Some(Resolved::Attribute(match sub {
            Some(sub) => target.clone().with_sub(sub),
            None => target,
        }))
    }

    /// The members of a resource, or of a value without a path (R142): each key is a name or a path.
    fn in_members(&self, members: &mut Map<String, Value>, visit: Visit<'_>) {
        let mut renamed = Vec::new();
        for (key, value) in members.iter_mut() {
            let mut path = key.clone();
            if let Some(extension) = self.of.extension(key) {
                in_container(self.of, extension, value, visit);
            } else if let Some(attribute) = self.of.top_level(key) {
                in_attribute(attribute, attribute.required(), value, visit);
            } else if let Some(found) = self.at(&mut path, visit) {
                in_found(&found, self.of, value, visit);
                if path != *key {
                    renamed.push((key.clone(), path));
                }
            }
        }
        for (key, path) in renamed {
            if let Some(value) = members.remove(&key) {
                members.insert(path, value);
            }
        }
    }
}

/// The filter over the elements of `attribute`. It nests as deep as the limits of filters let it.
fn in_filter(attribute: &Attribute, filter: &mut Filter, visit: Visit<'_>) {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => {
            for term in terms {
                in_filter(attribute, term, visit);
            }
        }
        Filter::Not(inner) => in_filter(attribute, inner, visit),
        Filter::Compare(Comparison { path, operator: Operator::Eq | Operator::Ne, value: Literal::String(text) })
            if path.uri().is_none() && path.sub().is_none() =>
        {
            let sub = path.name().and_then(|name| attribute.sub_attribute(name));
            if let Some(form) = sub.and_then(|sub| form_of(sub, Some(attribute))) {
                visit(Position { text, form, attribute, required: true });
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::{ResourceTypeName, SchemaSet, urn};
    use serde_json::json;

    fn schemas() -> SchemaSet {
        let thing = json!({"id": "urn:e:1.0:Thing", "name": "Thing", "attributes": [
            {"name": "label"},
            {"name": "owner", "referenceTypes": ["User"], "required": true},
            {"name": "home", "type": "reference", "referenceTypes": ["external"]},
            {"name": "site", "type": "reference", "referenceTypes": ["uri"]},
            {"name": "any", "type": "reference"},
            {"name": "team", "type": "reference", "referenceTypes": ["Group", "external"], "multiValued": true},
            {"name": "tags", "type": "complex", "multiValued": true, "subAttributes": [{"name": "value"}]},
            {"name": "parts", "type": "complex", "referenceTypes": ["Thing"], "multiValued": true, "subAttributes": [{"name": "value"}]},
            {"name": "seen", "type": "reference", "mutability": "readOnly"}
        ]});
        let thing = serde_json::from_value(thing).unwrap();
        let of = serde_json::from_value(json!({"name": "Thing", "endpoint": "/Things", "schema": "urn:e:1.0:Thing"}));
        SchemaSet::builtin().with([thing], [of.unwrap()]).unwrap()
    }

    /// The texts found, in the order of the walk; each is replaced by `new`.
    fn visit(of: &str, is_patch: bool, data: &mut Value) -> Vec<String> {
        let schemas = schemas();
        let of = schemas.of(&ResourceTypeName::from(of)).unwrap();
        let mut found = Vec::new();
        let mut note = |position: Position<'_>| {
            found.push(std::mem::replace(position.text, "new".into()));
        };
        if is_patch {
            in_patch(of, &Profile::compatible(), data, &mut note);
        } else {
            in_resource(of, &Profile::compatible(), data, &mut note);
        }
        found.sort();
        found
    }

    #[test]
    fn r211_only_where_the_schema_has_references_is_one_found() {
        let mut thing = json!({
            "label": "bulkId:1", "owner": "bulkId:2", "home": "bulkId:3", "site": "bulkId:4", "any": "bulkId:5",
            "TEAM": ["bulkId:6", "/Groups/bulkId:7", 5], "tags": [{"value": "bulkId:8"}], "parts": [{"value": "bulkId:9"}],
            "seen": "bulkId:10", "unknown": "bulkId:11", "externalId": "bulkId:12"
        });
        assert_eq!(
            visit("Thing", false, &mut thing),
            ["/Groups/bulkId:7", "bulkId:2", "bulkId:5", "bulkId:6", "bulkId:9"]
        );
        assert_eq!(thing["TEAM"], json!(["new", "new", 5]));
        assert_eq!(thing["label"], "bulkId:1");
    }

    #[test]
    fn r211_members_and_managers_are_references() {
        let mut group = json!({"displayName": "bulkId:n", "members": [
            {"value": "bulkId:a", "display": "bulkId:d", "type": "bulkId:t"}, {"$REF": "../Users/bulkId:b"}, "bulkId:c"
        ]});
        assert_eq!(visit("Group", false, &mut group), ["../Users/bulkId:b", "bulkId:a", "bulkId:c"]);
        let uri = urn::ENTERPRISE_USER;
        let mut user =
            json!({ uri: {"manager": {"value": "bulkId:m"}, "department": "bulkId:d"}, "nickName": "bulkId:n" });
        assert_eq!(visit("User", false, &mut user), ["bulkId:m"]);
        assert_eq!(visit("User", false, &mut json!({ uri: {"manager": "bulkId:m"} })), ["bulkId:m"]);
        assert_eq!(visit("User", false, &mut json!({ format!("{uri}:manager.value"): "bulkId:m" })), ["bulkId:m"]);
        assert_eq!(visit("User", false, &mut json!({"groups": [{"value": "bulkId:g"}]})), [""; 0], "read-only");
    }

    #[test]
    fn r211_patch_has_them_in_values_paths_and_keys() {
        let uri = urn::ENTERPRISE_USER;
        let mut data = json!({"operations": [
            {"op": "add", "path": "members", "value": [{"value": "bulkId:a"}]},
            {"op": "remove", "Path": "members[value eq \"bulkId:b\" or type eq \"bulkId:t\"]"},
            {"op": "replace", "path": "displayName", "value": "bulkId:n"},
            {"op": "add", "VALUE": {"members": {"value": "bulkId:c"}, "members[value eq \"bulkId:d\"].display": "bulkId:e"}},
            {"op": "remove", "path": "members", "value": {"members": [{"value": "bulkId:f"}]}},
            {"op": "add", "path": "nope", "value": "bulkId:x"}, {"op": "add", "path": "members[", "value": "bulkId:y"}, 7
        ]});
        assert_eq!(visit("Group", true, &mut data), ["bulkId:a", "bulkId:b", "bulkId:c", "bulkId:d", "bulkId:f"]);
        assert_eq!(data["operations"][1]["Path"], "members[value eq \"new\" or type eq \"bulkId:t\"]");
        assert_eq!(data["operations"][3]["VALUE"]["members[value eq \"new\"].display"], "bulkId:e");
        let mut user = json!({"Operations": [
            {"op": "add", "path": format!("{uri}:manager"), "value": "bulkId:a"},
            {"op": "add", "path": format!("{uri}:manager.value"), "value": "bulkId:b"},
            {"op": "add", "path": uri, "value": {"manager": {"value": "bulkId:c"}}},
            {"op": "add", "value": { format!("{uri}:manager.value"): "bulkId:d", "manager": {"value": "bulkId:e"} }}
        ]});
        assert_eq!(visit("User", true, &mut user), ["bulkId:a", "bulkId:b", "bulkId:c", "bulkId:d", "bulkId:e"]);
    }
}
