//! Projection: which attributes a response holds (RFC 7644 section 3.9, RFC 7643 section 7 "returned").

mod write;

use thiserror::Error;

use crate::name::AttrPath;
use crate::schema::{Attribute, AttributeRef, Mutability, Returned, Schema, TypeSchema};
use crate::tolerance::Profile;
use crate::tolerance::Tolerance;

pub use write::Additions;

/// The attributes that a client asks for, or asks to leave out.
///
/// ```
/// use scim_core::{Profile, Projection, SchemaSet};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let projection = Projection::new(&["userName"], &[] as &[&str], user, &Profile::rfc())?;
/// assert!(projection.wants(None, user.top_level("userName").unwrap()));
/// assert!(!projection.wants(None, user.top_level("emails").unwrap()));
/// # Ok::<(), scim_core::ProjectionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    selection: Selection,
    /// What the client has just written: attributes that are returned on request come back after a write (R106).
    written: Vec<AttributeRef>,
    /// What is left out whatever the client asks for.
    hidden: Vec<AttributeRef>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Selection {
    /// What is returned by default.
    #[default]
    Default,
    /// The minimum and these.
    Only(Vec<AttributeRef>),
    /// The default without these.
    Except(Vec<AttributeRef>),
}

/// `attributes` and `excludedAttributes` came together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("`attributes` and `excludedAttributes` exclude each other: expected one of them")]
pub struct ProjectionError;

impl Projection {
    /// The projection that a request asks for. Names that lead to no attribute are ignored (R111).
    ///
    /// # Errors
    ///
    /// [`ProjectionError`] when both lists have names (R109).
    pub fn new<A: AsRef<str>, E: AsRef<str>>(
        attributes: &[A],
        excluded: &[E],
        schema: &TypeSchema,
        profile: &Profile,
    ) -> Result<Self, ProjectionError> {
        let selection = match (attributes.is_empty(), excluded.is_empty()) {
            (true, true) => Selection::Default,
            (false, true) => Selection::Only(targets(attributes, schema, profile)),
            (true, false) => Selection::Except(targets(excluded, schema, profile)),
            (false, false) => return Err(ProjectionError),
        };
        Ok(Self { selection, written: Vec::new(), hidden: Vec::new() })
    }

    /// Records what the client has just written.
    #[must_use]
    pub fn after_writing(mut self, written: &[AttributeRef]) -> Self {
        self.written = written.to_vec();
        self
    }

    /// Leaves these attributes and sub-attributes out, whatever the client asks for: a service's policy. `schemas` and `id`
    /// stay.
    #[must_use]
    pub fn hiding(mut self, hidden: &[AttributeRef]) -> Self {
        self.hidden.extend_from_slice(hidden);
        self
    }

    /// Whether the response may hold the attribute or some of it. A store need not load what is not wanted.
    pub fn wants(&self, extension: Option<&Schema>, attribute: &Attribute) -> bool {
        if self.hidden.iter().any(|target| covers(target, extension, attribute)) {
            return extension.is_none() && matches!(attribute.name(), "id" | "schemas");
        }
        match attribute.returned() {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Request => self.selected(extension, attribute) || self.just_written(extension, attribute),
            Returned::Default => match &self.selection {
                Selection::Default => true,
                Selection::Only(_) => self.selected(extension, attribute),
                Selection::Except(targets) => !targets.iter().any(|target| covers(target, extension, attribute)),
            },
        }
    }

    /// Whether the response may hold a sub-attribute of an attribute that it [wants](Self::wants).
    fn wants_part(&self, extension: Option<&Schema>, attribute: &Attribute, sub: &Attribute) -> bool {
        let named = |targets: &[AttributeRef]| {
            targets.iter().any(|target| same(target, extension, attribute) && target.sub() == Some(sub.name()))
        };
        if named(&self.hidden) {
            return false;
        }
        match (sub.returned(), &self.selection) {
            (Returned::Always, _) | (Returned::Default, Selection::Default) => true,
            (Returned::Never, _) => false,
            (Returned::Request, Selection::Only(targets)) if named(targets) => true,
            (Returned::Request, _) => {
                sub.mutability() != Mutability::ReadOnly && self.just_written(extension, attribute)
            }
            // R104: the whole attribute brings every part; a part brings itself.
            (Returned::Default, Selection::Only(targets)) => {
                targets.iter().any(|target| covers(target, extension, attribute)) || named(targets)
            }
            (Returned::Default, Selection::Except(targets)) => !named(targets),
        }
    }

    fn selected(&self, extension: Option<&Schema>, attribute: &Attribute) -> bool {
        match &self.selection {
            Selection::Only(targets) => {
                targets.iter().any(|target| covers(target, extension, attribute) || same(target, extension, attribute))
            }
            _ => false,
        }
    }

    fn just_written(&self, extension: Option<&Schema>, attribute: &Attribute) -> bool {
        self.written.iter().any(|target| covers(target, extension, attribute) || same(target, extension, attribute))
    }
}

/// Whether the target is the whole attribute.
fn covers(target: &AttributeRef, extension: Option<&Schema>, attribute: &Attribute) -> bool {
    target.sub().is_none() && same(target, extension, attribute)
}

/// Whether the target is in the attribute.
fn same(target: &AttributeRef, extension: Option<&Schema>, attribute: &Attribute) -> bool {
    target.name() == attribute.name() && target.uri() == extension.map(Schema::id)
}

/// The attributes that names lead to; those that lead nowhere are left out.
fn targets<A: AsRef<str>>(names: &[A], schema: &TypeSchema, profile: &Profile) -> Vec<AttributeRef> {
    let paths = names.iter().filter_map(|name| name.as_ref().parse::<AttrPath>().ok());
    let found = paths.filter_map(|path| schema.resolve(&path, &mut Tolerance::new(profile)).ok());
    found.flat_map(|found| found.attributes()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Resource, SchemaSet, ValueRef};
    use serde_json::{Value, json};

    /// Adds nothing but what says so.
    struct Nowhere;

    impl Additions for Nowhere {
        fn location(&self, _: &TypeSchema, id: &str) -> String {
            format!("here/{id}")
        }

        fn reference(&self, _: &Attribute, value: ValueRef<'_>) -> Option<String> {
            Some(format!("here/{}", value.get("value")?.as_str()?))
        }

        fn shows_versions(&self) -> bool {
            false
        }
    }

    /// What is shown of a resource, in either form of it.
    fn shown(projection: &Projection, of: &TypeSchema, resource: &Value) -> Value {
        let mut resource: Resource = serde_json::from_value(resource.clone()).unwrap();
        let mut tree = String::new();
        projection.write(of, &resource, &Nowhere, &mut tree);
        resource.compact();
        let mut text = String::new();
        projection.write(of, &resource, &Nowhere, &mut text);
        let [tree, text] = [tree, text].map(|json| serde_json::from_str::<Value>(&json).unwrap());
        assert_eq!(tree, text);
        if resource.get("unknown").is_none() {
            resource.compact_as(of);
            let mut copied = String::new();
            projection.write(of, &resource, &Nowhere, &mut copied);
            assert_eq!(serde_json::from_str::<Value>(&copied).unwrap(), text);
        }
        text
    }

    const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn project(attributes: &[&str], excluded: &[&str]) -> Value {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let resource = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENT],
            "id": "1", "userName": "bjensen", "password": "x",
            "name": {"givenName": "Barbara", "familyName": "Jensen"},
            "emails": [{"type": "work", "value": "a@example.com"}, {"type": "home"}],
            ENT: {"department": "D", "costCenter": "C"}
        });
        let projection = Projection::new(attributes, excluded, user, &Profile::rfc()).unwrap();
        let mut members = shown(&projection, user, &resource);
        let members = members.as_object_mut().unwrap();
        members.remove("schemas");
        assert_eq!(members.remove("id"), Some(json!("1")), "R040: the id is always there");
        Value::Object(std::mem::take(members))
    }

    #[test]
    fn r102_the_default_is_everything_but_what_is_never_returned() {
        let all = project(&[], &[]);
        assert_eq!(all.as_object().unwrap().len(), 4);
        assert_eq!(all.get("password"), None, "R048");
    }

    #[test]
    fn r103_r104_attributes_names_what_comes_with_the_minimum() {
        assert_eq!(project(&["USERNAME"], &[]), json!({"userName": "bjensen"}));
        assert_eq!(project(&["name"], &[]), json!({"name": {"givenName": "Barbara", "familyName": "Jensen"}}));
        assert_eq!(project(&["name.givenName"], &[]), json!({"name": {"givenName": "Barbara"}}));
        assert_eq!(project(&["emails.value"], &[]), json!({"emails": [{"value": "a@example.com"}]}));
        assert_eq!(project(&["password"], &[]), json!({}), "R107");
        assert_eq!(project(&["nope"], &[]), json!({}), "R111");
    }

    #[test]
    fn r105_excluded_attributes_go_except_the_minimum() {
        let shown = project(&[], &["id", "emails", "name.givenName"]);
        assert_eq!(shown.get("emails"), None);
        assert_eq!(shown["name"], json!({"familyName": "Jensen"}));
        assert_eq!(shown["userName"], "bjensen");
    }

    #[test]
    fn r110_names_may_be_qualified_and_an_extension_uri_names_its_container() {
        assert_eq!(project(&[&format!("{ENT}:department")], &[]), json!({ENT: {"department": "D"}}));
        assert_eq!(project(&[ENT], &[]), json!({ENT: {"department": "D", "costCenter": "C"}}));
        assert_eq!(project(&[], &[ENT]).get(ENT), None);
    }

    #[test]
    fn what_is_hidden_is_never_shown() {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let hidden = ["id", "userName", "name.givenName", "emails.value", &format!("{ENT}:department")];
        let hidden = targets(&hidden, user, &Profile::rfc());
        let resource = json!({
            "id": "1", "userName": "a", "name": {"givenName": "b", "familyName": "c"},
            "emails": [{"value": "d", "type": "work"}, {"value": "e"}], ENT: {"department": "f", "costCenter": "g"}
        });
        let expected = json!({
            "id": "1", "name": {"familyName": "c"}, "emails": [{"type": "work"}], ENT: {"costCenter": "g"}
        });
        for asked in [vec![], vec!["userName", "name", "name.givenName", "emails", ENT]] {
            let none: [&str; 0] = [];
            let projection = Projection::new(&asked, &none, user, &Profile::rfc()).unwrap().hiding(&hidden);
            assert_eq!(shown(&projection, user, &resource), expected, "{asked:?}");
        }
    }

    #[test]
    fn locations_and_references_are_added_where_they_are_shown() {
        let schemas = SchemaSet::builtin();
        let (user, group) = (schemas.user().unwrap(), schemas.group().unwrap());
        let meta = json!({"resourceType": "User", "version": "W/\"1\""});
        let resource = json!({"id": "1", "meta": meta, ENT: {"manager": {"value": "2", "$ref": "old"}}, "unknown": 1});
        let show = |of: &TypeSchema, asked: &[&str], resource: &Value| {
            let none: [&str; 0] = [];
            shown(&Projection::new(asked, &none, of, &Profile::rfc()).unwrap(), of, resource)
        };
        assert_eq!(
            show(user, &[], &resource),
            json!({"id": "1", "meta": {"resourceType": "User", "location": "here/1"},
                ENT: {"manager": {"value": "2", "$ref": "here/2"}}})
        );
        assert_eq!(show(user, &["meta.location"], &resource), json!({"id": "1", "meta": {"location": "here/1"}}));
        assert_eq!(
            show(user, &[&format!("{ENT}:manager.value")], &resource),
            json!({"id": "1", ENT: {"manager": {"value": "2"}}})
        );
        let members = json!({"id": "1", "members": [{"value": "2", "type": "User"}, {"display": "nobody"}, {}]});
        assert_eq!(
            show(group, &[], &members),
            json!({"id": "1", "members": [{"value": "2", "type": "User", "$ref": "here/2"}, {"display": "nobody"}]})
        );
        assert_eq!(show(group, &["members.$ref"], &members), json!({"id": "1", "members": [{"$ref": "here/2"}]}));
        assert_eq!(
            show(group, &["members.type"], &json!({"id": "1", "members": [{"value": "2"}]})),
            json!({"id": "1"})
        );
    }

    #[test]
    fn r109_both_lists_are_refused() {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        assert_eq!(Projection::new(&["a"], &["b"], user, &Profile::rfc()), Err(ProjectionError));
    }

    #[test]
    fn r106_r108_request_and_always_sub_attributes() {
        let schema: Arc<Schema> = serde_json::from_value(json!({
            "id": "urn:e:1.0:T", "name": "T", "attributes": [
                {"name": "req", "returned": "request"},
                {"name": "list", "type": "complex", "multiValued": true, "subAttributes": [
                    {"name": "value", "returned": "always"}, {"name": "type"}
                ]}
            ]
        }))
        .unwrap();
        let resource_type =
            serde_json::from_value(json!({"name": "T", "endpoint": "/Ts", "schema": "urn:e:1.0:T"})).unwrap();
        let schemas = SchemaSet::default().with([schema], [resource_type]).unwrap();
        let of = schemas.of(&"T".into()).unwrap();
        let body = json!({"schemas": [], "req": "r", "list": [{"value": "v", "type": "t"}]});
        let show = |projection: Projection| shown(&projection, of, &body);
        let none: [&str; 0] = [];
        let only = |names: &[&str]| Projection::new(names, &none, of, &Profile::rfc()).unwrap();
        assert_eq!(show(Projection::default()).get("req"), None);
        assert_eq!(show(only(&["req"]))["req"], "r");
        assert_eq!(show(Projection::default().after_writing(&targets(&["req"], of, &Profile::rfc())))["req"], "r");
        assert_eq!(show(only(&["list.type"]))["list"], json!([{"value": "v", "type": "t"}]));
    }
}
