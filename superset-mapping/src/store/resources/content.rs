//! A resource taken apart: what is kept as a document, and what is kept elsewhere.

use std::borrow::Cow;

use scim_core::{Resource, ResourceTypeName, TypeSchema};
use scim_service::store::reserve_external_id;
use scim_service::{Context, StoreError};
use serde_json::Value;

use crate::store::password::Password;

/// How a resource type is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    /// A document and a row of `ab_user`.
    User,
    /// A document, members, and a row of `ab_group` where there is such a table.
    Group,
    /// A document.
    Other,
}

impl Kind {
    pub(in crate::store) fn of(schema: &TypeSchema) -> Self {
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
    pub(in crate::store) id: String,
    pub(in crate::store) kind: Option<String>,
}

impl Member {
    /// The resource with this id, of this type where that is known.
    pub(crate) fn of(id: String, kind: Option<String>) -> Self {
        Self { id, kind }
    }
}

/// What a client wants a resource to be.
pub(in crate::store) struct Content {
    /// The document: no `id`, no `meta`, nothing that is computed or kept elsewhere.
    pub(in crate::store) body: Resource,
    /// The members of a group.
    pub(in crate::store) members: Vec<Member>,
    /// What happens to the password of a user.
    pub(in crate::store) password: Password,
}

impl Content {
    pub(in crate::store) fn of(kind: Kind, resource: Resource) -> Self {
        let mut attributes = resource.into_attributes();
        attributes.remove("id");
        attributes.remove("meta");
        let mut content = Self { body: Resource::default(), members: Vec::new(), password: Password::Kept };
        match kind {
            Kind::User => {
                attributes.remove("groups");
                content.password = match attributes.remove("password") {
                    Some(Value::String(password)) => Password::Set { password, hash: None },
                    Some(Value::Null) => Password::Removed,
                    _ => Password::Kept,
                };
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
pub(in crate::store) fn check_external_id(
    cx: &Context,
    old: Option<&Resource>,
    new: &Resource,
) -> Result<(), StoreError> {
    let external_id = |body: &Resource| body.text("externalId").map(Cow::into_owned);
    reserve_external_id(cx, old.and_then(external_id).as_deref(), external_id(new).as_deref())
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
        assert!(matches!(content.password, Password::Set { password, hash: None } if password == "p"));
    }

    #[test]
    fn p9_a_password_that_is_null_goes() {
        let password = |user| Content::of(Kind::User, resource(user)).password;
        assert!(matches!(password(json!({"userName": "a", "password": null})), Password::Removed));
        assert!(matches!(password(json!({"userName": "a"})), Password::Kept));
    }

    #[test]
    fn the_document_of_a_group_has_no_members() {
        let members = json!([{"value": "u", "type": "User", "display": "x"}, {"display": "nobody"}]);
        let content = Content::of(Kind::Group, resource(json!({"displayName": "A", "members": members})));
        assert_eq!(content.body, resource(json!({"displayName": "A"})));
        assert_eq!(content.members, [Member { id: "u".into(), kind: Some("User".into()) }]);
    }
}
