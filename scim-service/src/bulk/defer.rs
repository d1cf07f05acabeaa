//! Creating a resource first and giving it what it refers to afterwards (RFC 7644 section 3.7.1).

use std::collections::HashSet;

use scim_core::{Attribute, TypeSchema, urn};
use serde_json::{Map, Value, json};

use super::position::{Position, in_attribute};
use super::reference::Reference;

/// Takes out of the body of a POST whatever refers to `deferred` resources of the job, and gives the PATCH that adds it.
///
/// Of a multi-valued attribute the elements that refer go, of another the whole value: half a value would say something else.
pub(super) fn defer(of: &TypeSchema, data: &mut Value, deferred: &HashSet<&str>) -> Value {
    let mut additions = Vec::new();
    if let Some(members) = data.as_object_mut() {
        take(members, |key| of.top_level(key).map(|attribute| (&**attribute, None)), deferred, &mut additions);
        for (key, value) in members.iter_mut() {
            let (Some(extension), Some(container)) = (of.extension(key), value.as_object_mut()) else { continue };
            let known = |key: &str| extension.attribute(key).map(|attribute| (&**attribute, Some(extension.id())));
            take(container, known, deferred, &mut additions);
        }
    }
    json!({"schemas": [urn::PATCH_OP], "Operations": additions})
}

/// The same for the attributes of one schema, which `known` finds with the URI that their path begins with.
fn take<'s>(
    members: &mut Map<String, Value>,
    known: impl Fn(&str) -> Option<(&'s Attribute, Option<&'s str>)>,
    deferred: &HashSet<&str>,
    additions: &mut Vec<Value>,
) {
    members.retain(|key, value| {
        let Some((attribute, uri)) = known(key) else { return true };
        let Some(taken) = take_from(attribute, value, deferred) else { return true };
        let path = uri.map_or_else(|| attribute.name().to_owned(), |uri| format!("{uri}:{}", attribute.name()));
        additions.push(json!({"op": "add", "path": path, "value": taken}));
        !value.is_null()
    });
}

/// What of a value refers; what does not stays, `null` where that is nothing.
fn take_from(attribute: &Attribute, value: &mut Value, deferred: &HashSet<&str>) -> Option<Value> {
    if attribute.multi_valued()
        && let Value::Array(elements) = value
    {
        let taken: Vec<Value> = elements.extract_if(.., |element| refers(attribute, element, deferred)).collect();
        return (!taken.is_empty()).then_some(Value::Array(taken));
    }
    refers(attribute, value, deferred).then(|| value.take())
}

fn refers(attribute: &Attribute, value: &mut Value, deferred: &HashSet<&str>) -> bool {
    let mut refers = false;
    in_attribute(attribute, false, value, &mut |position: Position<'_>| {
        if let Reference::Bulk(bulk_id) = Reference::read(position.text, position.form) {
            refers |= deferred.contains(&*bulk_id);
        }
    });
    refers
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::SchemaSet;

    #[test]
    fn r214_what_refers_is_taken_out_and_added_later() {
        let schemas = SchemaSet::builtin();
        let group = schemas.group().unwrap();
        let mut data = json!({"displayName": "bulkId:a", "members": [
            {"value": "bulkId:a", "type": "Group"}, {"value": "1"}, {"$ref": "/Groups/bulkId:a"}, {"value": "bulkId:b"}
        ]});
        let patch = defer(group, &mut data, &HashSet::from(["a"]));
        assert_eq!(data, json!({"displayName": "bulkId:a", "members": [{"value": "1"}, {"value": "bulkId:b"}]}));
        assert_eq!(patch["Operations"][0]["path"], "members");
        assert_eq!(patch["Operations"][0]["value"][0], json!({"value": "bulkId:a", "type": "Group"}));
        assert_eq!(patch["Operations"][0]["value"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn r214_a_single_value_is_taken_out_as_a_whole() {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let uri = urn::ENTERPRISE_USER;
        let mut data =
            json!({"userName": "u", uri: {"manager": {"value": "bulkId:m", "displayName": "x"}, "department": "d"}});
        let patch = defer(user, &mut data, &HashSet::from(["m"]));
        assert_eq!(data, json!({"userName": "u", uri: {"department": "d"}}));
        assert_eq!(patch["Operations"][0]["path"], format!("{uri}:manager"));
    }
}
