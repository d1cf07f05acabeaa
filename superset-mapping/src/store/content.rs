//! A resource taken apart: what is kept as a document, and what is kept elsewhere.

use scim_core::{Mutability, Resource, ResourceTypeName, TypeSchema};
use scim_service::{Context, StoreError, reserve_external_id};
use serde_json::{Map, Value};

/// How a resource type is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A document and a row of `ab_user`.
    User,
    /// A document, members, and a row of `ab_group` where there is such a table.
    Group,
    /// A document.
    Other,
}

impl Kind {
    pub(super) fn of(schema: &TypeSchema) -> Self {
        let name = schema.resource_type().name();
        if *name == ResourceTypeName::user() {
            Self::User
        } else if *name == ResourceTypeName::group() {
            Self::Group
        } else {
            Self::Other
        }
    }
}

/// A member as the client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(super) id: String,
    pub(super) kind: Option<String>,
}

/// What a client wants a resource to be.
pub(super) struct Content {
    /// The document: no `id`, no `meta`, nothing that is computed or kept elsewhere.
    pub(super) body: Resource,
    /// The members of a group.
    pub(super) members: Vec<Member>,
    /// The password of a user.
    pub(super) password: Option<String>,
}

impl Content {
    pub(super) fn of(kind: Kind, resource: Resource) -> Self {
        let mut attributes = resource.into_attributes();
        attributes.remove("id");
        attributes.remove("meta");
        let mut content = Self { body: Resource::default(), members: Vec::new(), password: None };
        match kind {
            Kind::User => {
                attributes.remove("groups");
                if let Some(Value::String(password)) = attributes.remove("password") {
                    content.password = Some(password);
                }
            }
            Kind::Group => {
                if let Some(Value::Array(members)) = attributes.remove("members") {
                    content.members = members.iter().filter_map(member).collect();
                }
            }
            Kind::Other => {}
        }
        content.body = Resource::from_attributes(attributes);
        content
    }
}

fn member(element: &Value) -> Option<Member> {
    let text = |name: &str| element.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Member { id: text("value")?, kind: text("type") })
}

/// Refuses an `externalId` whose form the caller may not use. One that is there already stays.
pub(super) fn check_external_id(cx: &Context, old: Option<&Resource>, new: &Resource) -> Result<(), StoreError> {
    let external_id = |body: &Resource| body.get("externalId").and_then(Value::as_str).map(str::to_owned);
    reserve_external_id(cx, old.and_then(external_id).as_deref(), external_id(new).as_deref())
}

/// Keeps what clients can't read back and so can't send again: write-only attributes that `new` does not set (R190).
pub(super) fn keep_write_only(schema: &TypeSchema, old: &Resource, new: &mut Resource) {
    let write_only =
        |attribute: &&std::sync::Arc<scim_core::Attribute>| attribute.mutability() == Mutability::WriteOnly;
    for attribute in schema.base().attributes().iter().filter(write_only) {
        if let Some(value) = old.get(attribute.name()) {
            new.attributes_mut().entry(attribute.name()).or_insert_with(|| value.clone());
        }
    }
    for extension in schema.extensions() {
        let uri = extension.schema.id();
        for attribute in extension.schema.attributes().iter().filter(write_only) {
            let Some(value) = old.get(uri).and_then(|container| container.get(attribute.name())) else { continue };
            let container = new.attributes_mut().entry(uri).or_insert_with(|| Value::Object(Map::new()));
            if let Some(container) = container.as_object_mut() {
                container.entry(attribute.name()).or_insert_with(|| value.clone());
            }
        }
    }
    let schemas = schema.schemas_of(new.attributes());
    new.attributes_mut().insert("schemas".into(), schemas);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource(value: Value) -> Resource {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_document_of_a_user_has_no_password_and_nothing_computed() {
        let user = json!({"id": "1", "meta": {}, "userName": "a", "password": "p", "groups": [{"value": "g"}]});
        let content = Content::of(Kind::User, resource(user));
        assert_eq!(content.body, resource(json!({"userName": "a"})));
        assert_eq!(content.password.as_deref(), Some("p"));
    }

    #[test]
    fn the_document_of_a_group_has_no_members() {
        let members = json!([{"value": "u", "type": "User", "display": "x"}, {"display": "nobody"}]);
        let content = Content::of(Kind::Group, resource(json!({"displayName": "A", "members": members})));
        assert_eq!(content.body, resource(json!({"displayName": "A"})));
        assert_eq!(content.members, [Member { id: "u".into(), kind: Some("User".into()) }]);
    }
}
