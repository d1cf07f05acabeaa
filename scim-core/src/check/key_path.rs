//! Keys that are paths: `urn:...:User:department` and `name.givenName` as members of a resource's body (R172).

use serde_json::{Map, Value};

use crate::name::AttrPath;
use crate::schema::{AttributeRef, TypeSchema};
use crate::tolerance::Tolerance;
use crate::tolerance::{Profile, Quirk, Quirks};

impl TypeSchema {
    /// Moves each member of a body whose key is a path to where the path leads, as far as the profile takes such keys:
    /// [`Quirk::QualifiedKey`], [`Quirk::DottedKey`], [`Quirk::BareExtensionAttribute`].
    ///
    /// What leads nowhere stays where it is, and so does what leads to a place that is taken; [`Checker`](crate::Checker)
    /// says what that means. A second call changes nothing.
    ///
    /// ```
    /// use scim_core::{SchemaSet, Tolerance, urn};
    /// use serde_json::json;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let users = schemas.user().unwrap();
    /// let mut body = json!({"userName": "ada", format!("{}:department", urn::ENTERPRISE_USER): "R"});
    /// users.nest(body.as_object_mut().unwrap(), &mut Tolerance::compatible());
    /// assert_eq!(body, json!({"userName": "ada", urn::ENTERPRISE_USER: {"department": "R"}}));
    /// ```
    pub fn nest(&self, body: &mut Map<String, Value>, tolerance: &mut Tolerance) {
        let paths = body.keys().filter(|key| self.extension(key).is_none() && self.top_level(key).is_none());
        let found = paths.filter_map(|key| Some((key.clone(), self.spelled(&key.parse().ok()?, tolerance.profile())?)));
        let mut found: Vec<(String, (AttributeRef, Quirks))> = found.collect();
        // Parts of an attribute go into what another key may have put there.
        found.sort_by_key(|(_, (target, _))| target.sub().is_some());
        for (key, (target, needed)) in found {
            let Some(value) = body.remove(&key) else { continue };
            match place_in_resource(body, &target, value) {
                None => tolerance.record(needed),
                Some(value) => {
                    body.insert(key, value);
                }
            }
        }
        for extension in self.extensions() {
            let uri = extension.schema.id();
            let container = body.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(uri));
            let Some(container) = container.and_then(|(_, container)| container.as_object_mut()) else { continue };
            let dotted: Vec<String> =
                container.keys().filter(|key| extension.schema.attribute(key).is_none()).cloned().collect();
            for key in dotted {
                let target = if key.parse::<AttrPath>().is_ok_and(|path| path.uri().is_none() && path.sub().is_some()) {
                    format!("{uri}:{key}").parse().ok().and_then(|path| self.spelled(&path, tolerance.profile()))
                } else {
                    None
                };
                if let Some((target, _)) = target
                    && tolerance.take(Quirk::DottedKey)
                    && let Some(value) = container.remove(&key)
                    && let Some(value) = place(container, &target, value)
                {
                    container.insert(key, value);
                }
            }
        }
    }

    /// Where a path leads that is the key of a member, and what that needs; `None` where the profile takes no such key.
    pub(crate) fn spelled(&self, path: &AttrPath, profile: &Profile) -> Option<(AttributeRef, Quirks)> {
        let mut tolerance = Tolerance::new(profile);
        let quirk = match (path.uri(), path.sub()) {
            (Some(_), _) => Some(Quirk::QualifiedKey),
            (None, Some(_)) => Some(Quirk::DottedKey),
            (None, None) => None,
        };
        if quirk.is_some_and(|quirk| !tolerance.take(quirk)) {
            return None;
        }
        let target = self.resolve(path, &mut tolerance).ok()?.attribute()?;
        let in_every_value = target.sub().is_some() && target.attribute().multi_valued();
        (!in_every_value).then_some((target, tolerance.used()))
    }
}

/// Puts a value where an attribute of a resource is; gives it back where something is there already.
fn place_in_resource(body: &mut Map<String, Value>, target: &AttributeRef, value: Value) -> Option<Value> {
    let container = match target.uri() {
        None => Some(body),
        Some(uri) => object_at(body, uri),
    };
    match container {
        Some(container) => place(container, target, value),
        None => Some(value),
    }
}

/// The same among the attributes of the schema that defines it.
fn place(container: &mut Map<String, Value>, target: &AttributeRef, value: Value) -> Option<Value> {
    match target.sub() {
        None => insert_new(container, target.name(), value),
        Some(sub) => match object_at(container, target.name()) {
            Some(object) => insert_new(object, sub, value),
            None => Some(value),
        },
    }
}

/// The object under a name, in any case; a new one where there is nothing.
fn object_at<'m>(members: &'m mut Map<String, Value>, name: &str) -> Option<&'m mut Map<String, Value>> {
    let key = members.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    let value = members.entry(key.unwrap_or_else(|| name.to_owned())).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

fn insert_new(members: &mut Map<String, Value>, name: &str, value: Value) -> Option<Value> {
    if members.keys().any(|key| key.eq_ignore_ascii_case(name)) {
        return Some(value);
    }
    members.insert(name.to_owned(), value);
    None
}
