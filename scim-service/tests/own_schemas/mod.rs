//! Schemas of hosts, other than the built-in ones.

use scim_core::SchemaSet;
use serde_json::json;

/// A directory of its own: users with few attributes, some of them unknown elsewhere, and one that is required; teams without more.
pub(crate) fn own() -> SchemaSet {
    let user = json!({"id": "urn:example:1.0:User", "name": "User", "attributes": [
        {"name": "userName", "type": "string", "required": true, "uniqueness": "server"},
        {"name": "nickName", "type": "string"},
        {"name": "level", "type": "integer"},
        {"name": "grade", "type": "string", "required": true, "canonicalValues": ["junior", "senior"]},
        {"name": "active", "type": "string", "description": "not what it is elsewhere"},
        {"name": "groups", "type": "complex", "multiValued": true, "mutability": "readOnly", "subAttributes": [
            {"name": "value", "type": "string", "mutability": "readOnly"},
            {"name": "display", "type": "string", "mutability": "readOnly"},
            {"name": "type", "type": "string", "mutability": "readOnly"}
        ]}
    ]});
    let badge = json!({"id": "urn:example:1.0:Badge", "name": "Badge", "attributes": [
        {"name": "number", "type": "string", "required": true},
        {"name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value", "type": "string"}, {"name": "until", "type": "dateTime"}
        ]}
    ]});
    let schemas = SchemaSet::builtin();
    let group = schemas.group().unwrap().base().clone();
    let types = [
        json!({"name": "User", "endpoint": "/Users", "schema": "urn:example:1.0:User",
            "schemaExtensions": [{"schema": "urn:example:1.0:Badge", "required": true}]}),
        json!({"name": "Group", "endpoint": "/Groups", "schema": group.id()}),
    ];
    let schemas = [serde_json::from_value(user).unwrap(), serde_json::from_value(badge).unwrap(), group];
    SchemaSet::default().with(schemas, types.map(|of| serde_json::from_value(of).unwrap())).unwrap()
}

#[allow(dead_code, reason = "not every test has a use for it")]
/// Users alone, of whom there is nothing to change but the name.
pub(crate) fn least() -> SchemaSet {
    let user = json!({"id": "urn:example:1.0:User", "name": "User", "attributes": [
        {"name": "userName", "type": "string", "required": true, "uniqueness": "server"}
    ]});
    let of = json!({"name": "User", "endpoint": "/Users", "schema": "urn:example:1.0:User"});
    let user: std::sync::Arc<scim_core::schema::Schema> = serde_json::from_value(user).unwrap();
    SchemaSet::default().with([user], [serde_json::from_value(of).unwrap()]).unwrap()
}
