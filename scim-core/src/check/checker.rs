//! JSON to resource: the one check at the edge (RFC 7643 sections 2, 3 and 7).
//!
//! Names become those of the schema, types are checked, read-only input is dropped, and what is unassigned (`null`, `[]`,
//! an object of nothing) disappears. Inside the services nothing is checked again.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::check::error::{CheckError, CheckProblem};
use crate::check::limits::ValueLimits;
use crate::check::simple_value::{check_primary, simple_value};
use crate::json::parse_json;
use crate::resource::{Resource, ValueRef};
use crate::schema::{Attribute, AttributeType, Mutability, Schema, TypeSchema};
use crate::tolerance::Quirk;
use crate::tolerance::Tolerance;

/// Checks what clients send against the schemas of one resource type.
///
/// ```
/// use scim_core::{Checker, SchemaSet, Tolerance};
/// use serde_json::json;
///
/// let schemas = SchemaSet::builtin();
/// let mut tolerance = Tolerance::rfc();
/// let mut checker = Checker::new(schemas.user().unwrap(), &mut tolerance);
/// let body = json!({
///     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
///     "USERNAME": "bjensen",
///     "id": "chosen by the client",
///     "title": null
/// });
/// let user = checker.resource(body)?;
/// assert_eq!(user.get("userName").unwrap(), "bjensen");
/// assert_eq!((user.get("id"), user.get("title")), (None, None));
/// # Ok::<(), scim_core::CheckError>(())
/// ```
#[derive(Debug)]
pub struct Checker<'a> {
    schema: &'a TypeSchema,
    tolerance: &'a mut Tolerance,
    limits: ValueLimits,
}

impl<'a> Checker<'a> {
    /// A checker for resources of one type.
    pub fn new(schema: &'a TypeSchema, tolerance: &'a mut Tolerance) -> Self {
        Self { schema, tolerance, limits: ValueLimits::default() }
    }

    /// The same with other limits than the default ones.
    #[must_use]
    pub fn with_limits(self, limits: ValueLimits) -> Self {
        Self { limits, ..self }
    }

    /// Checks the body of POST or PUT and makes a resource of it: without `id`, `meta` and whatever else is read-only,
    /// with `schemas` listing the base schema and the extensions that have values.
    ///
    /// # Errors
    ///
    /// [`CheckError`] with the path of the first attribute at fault.
    pub fn resource(&mut self, body: Value) -> Result<Resource, CheckError> {
        let Value::Object(mut members) = body else {
            return Err(CheckProblem::NotAnObject.at(""));
        };
        self.schema.nest(&mut members, self.tolerance);
        let mut attributes = Map::new();
        let mut schemas = None;
        let mut seen = Vec::new();
        for (key, value) in members {
            if let Some(extension) = self.schema.extension(&key) {
                once(&mut seen, extension.id(), &key)?;
                if let Some(container) = self.container(extension, value)? {
                    attributes.insert(extension.id().to_owned(), container);
                }
                continue;
            }
            let Some(attribute) = self.schema.top_level(&key) else {
                self.unknown_key(&key, &key)?;
                continue;
            };
            once(&mut seen, attribute.name(), &key)?;
            if attribute.name() == "schemas" {
                schemas = Some(value);
            } else if attribute.mutability() != Mutability::ReadOnly
                && let Some(value) = self.value(attribute, attribute.name(), value)?
            {
                attributes.insert(attribute.name().to_owned(), value);
            }
        }
        self.listed_schemas(schemas)?;
        self.required(&attributes)?;
        attributes.insert("schemas".into(), self.schema.schemas_of(&attributes));
        let resource = Resource::from_attributes(attributes);
        if resource.json_size(self.schema) > self.limits.resource {
            return Err(CheckProblem::TooLarge { limit: self.limits.resource }.at(""));
        }
        Ok(resource)
    }

    /// Checks the container of an extension: an object of the extension's attributes.
    ///
    /// # Errors
    ///
    /// [`CheckError`] with the path of the first attribute at fault.
    pub fn container(&mut self, extension: &Schema, value: Value) -> Result<Option<Value>, CheckError> {
        let members = match value {
            Value::Object(members) => members,
            Value::Null => return Ok(None),
            other => return Err(CheckProblem::type_mismatch("an object", &other).at(extension.id())),
        };
        let mut container = Map::new();
        let mut seen = Vec::new();
        for (key, value) in members {
            let Some(attribute) = extension.attribute(&key) else {
                self.unknown_key(&key, &format!("{}:{key}", extension.id()))?;
                continue;
            };
            once(&mut seen, attribute.name(), &key)?;
            if attribute.mutability() == Mutability::ReadOnly {
                continue;
            }
            let checked = self.value(attribute, attribute.name(), value);
            if let Some(value) = checked.map_err(|error| error.qualified(extension.id()))? {
                container.insert(attribute.name().to_owned(), value);
            }
        }
        Ok((!container.is_empty()).then_some(Value::Object(container)))
    }

    /// Checks the whole value of an attribute: an array where it is multi-valued. `None` means unassigned.
    ///
    /// `path` is what an error calls the attribute.
    ///
    /// # Errors
    ///
    /// [`CheckError`] where the value does not fit the attribute.
    pub fn value(&mut self, attribute: &Attribute, path: &str, value: Value) -> Result<Option<Value>, CheckError> {
        if value.is_null() {
            return Ok(None);
        }
        if !attribute.multi_valued() {
            return self.element(attribute, path, value);
        }
        let elements = match value {
            Value::Array(elements) => elements,
            Value::String(text) if text.is_empty() && self.tolerance.take(Quirk::EmptyStringUnassigns) => {
                return Ok(None);
            }
            single if self.tolerance.take(Quirk::SingleForMultiple) => vec![single],
            other => return Err(CheckProblem::type_mismatch("an array", &other).at(path)),
        };
        if !self.limits.allows_elements(attribute, elements.len()) {
            return Err(CheckProblem::TooManyValues { limit: self.limits.elements }.at(path));
        }
        let mut checked: Vec<Value> = Vec::with_capacity(elements.len());
        for (index, element) in elements.into_iter().enumerate() {
            let element = self.element(attribute, "", element);
            let Some(element) = element.map_err(|error| error.inside(&format!("{path}[{index}]")))? else {
                continue;
            };
            checked.push(element);
        }
        drop_repeated(attribute, &mut checked);
        check_primary(&checked).map_err(|problem| problem.at(path))?;
        Ok((!checked.is_empty()).then_some(Value::Array(checked)))
    }

    /// Checks one element of a multi-valued attribute, or the value of a singular one. `None` means unassigned.
    ///
    /// # Errors
    ///
    /// [`CheckError`] where the value does not fit the attribute.
    pub fn element(&mut self, attribute: &Attribute, path: &str, value: Value) -> Result<Option<Value>, CheckError> {
        let value = match value {
            Value::Null => return Ok(None),
            Value::String(text)
                if text.is_empty()
                    && attribute.kind() != AttributeType::String
                    && self.tolerance.take(Quirk::EmptyStringUnassigns) =>
            {
                return Ok(None);
            }
            Value::Array(mut elements) if elements.len() == 1 && self.tolerance.take(Quirk::ArrayForSingular) => {
                elements.pop().unwrap_or_default()
            }
            other => other,
        };
        if attribute.kind() == AttributeType::Complex {
            self.complex(attribute, path, value)
        } else {
            let checked = simple_value(attribute, value, self.tolerance);
            let checked = checked.map_err(|problem| problem.at(path))?;
            let limit = self.limits.longest(attribute);
            if checked.as_ref().and_then(Value::as_str).is_some_and(|text| text.len() > limit) {
                return Err(CheckProblem::TooLong { limit }.at(path));
            }
            for check in self.tolerance.profile().checks() {
                if let Some(value) = &checked {
                    check.check(self.schema, attribute, value).map_err(|problem| problem.at(path))?;
                }
            }
            Ok(checked)
        }
    }

    fn complex(&mut self, attribute: &Attribute, path: &str, value: Value) -> Result<Option<Value>, CheckError> {
        let members = match value {
            Value::Object(members) => members,
            Value::String(text)
                if attribute.sub_attribute("value").is_some() && self.tolerance.take(Quirk::SimpleForComplex) =>
            {
                Map::from_iter([("value".to_owned(), Value::String(text))])
            }
            other => return Err(CheckProblem::type_mismatch("an object", &other).at(path)),
        };
        let members = self.unwrapped(attribute, members);
        let mut object = Map::new();
        let mut seen = Vec::new();
        for (key, value) in members {
            let Some(sub) = attribute.sub_attribute(&key) else {
                self.unknown(&format!("{path}.{key}"), Quirk::UnknownAttribute)?;
                continue;
            };
            once(&mut seen, sub.name(), &key).map_err(|error| error.inside(path))?;
            if sub.mutability() == Mutability::ReadOnly {
                continue;
            }
            let checked = self.value(sub, sub.name(), value);
            if let Some(value) = checked.map_err(|error| error.inside(path))? {
                object.insert(sub.name().to_owned(), value);
            }
        }
        if object.is_empty() {
            return Ok(None);
        }
        for sub in attribute.sub_attributes() {
            if missing(sub, object.get(sub.name())) {
                return Err(CheckProblem::Missing.at(sub.name()).inside(path));
            }
        }
        Ok(Some(Value::Object(object)))
    }

    /// The element that the text of a `value` is the JSON of, where the profile takes it so.
    fn unwrapped(&mut self, attribute: &Attribute, members: Map<String, Value>) -> Map<String, Value> {
        let is_text = |sub: &Arc<Attribute>| sub.kind() == AttributeType::String && !sub.multi_valued();
        let wraps = attribute.multi_valued()
            && !attribute.is_multi_valued_reference()
            && members.len() == 1
            && attribute.sub_attribute("value").is_some_and(is_text);
        let text = members.iter().next().filter(|(key, _)| wraps && key.eq_ignore_ascii_case("value"));
        let Some((_, Value::String(text))) = text else { return members };
        match parse_json(text.as_bytes()) {
            Ok(Value::Object(inner))
                if inner.get("value").is_some_and(Value::is_string) && self.tolerance.take(Quirk::JsonInValue) =>
            {
                inner
            }
            _ => members,
        }
    }

    /// A key of a resource or of an extension's container that is no attribute's name.
    fn unknown_key(&mut self, key: &str, path: &str) -> Result<(), CheckError> {
        let Ok(parsed) = path.parse() else { return self.unknown(path, Quirk::UnknownAttribute) };
        match self.schema.spelled(&parsed, self.tolerance.profile()) {
            // The key is a path, and was left where it is: another key names the same.
            Some((target, _)) => Err(CheckProblem::RepeatedMember { key: key.to_owned() }.at(&target.to_string())),
            None if self.schema.is_foreign(&parsed) => self.unknown(path, Quirk::ForeignAttribute),
            None => self.unknown(path, Quirk::UnknownAttribute),
        }
    }

    fn unknown(&mut self, path: &str, quirk: Quirk) -> Result<(), CheckError> {
        if self.tolerance.take(quirk) {
            return Ok(());
        }
        Err(CheckProblem::UnknownAttribute.at(path))
    }

    /// R028-R030: `schemas` names the base schema, and nothing that the resource type does not have.
    fn listed_schemas(&mut self, schemas: Option<Value>) -> Result<(), CheckError> {
        let base = self.schema.base().id();
        let listed = match schemas {
            Some(Value::Array(listed)) if !listed.is_empty() => listed,
            None | Some(Value::Null | Value::Array(_)) => {
                return Err(CheckProblem::SchemasMissing { base: base.to_owned() }.at("schemas"));
            }
            Some(other) => return Err(CheckProblem::type_mismatch("an array of URIs", &other).at("schemas")),
        };
        let mut has_base = false;
        for uri in &listed {
            let Some(uri) = uri.as_str() else {
                return Err(CheckProblem::type_mismatch("an array of URIs", uri).at("schemas"));
            };
            let is_base = uri.eq_ignore_ascii_case(base);
            has_base |= is_base;
            let known = is_base || self.schema.extension(uri).is_some();
            if !known && !self.tolerance.take(Quirk::UnknownSchema) {
                let resource_type = self.schema.resource_type().name().to_string();
                return Err(CheckProblem::UnknownSchema { uri: uri.to_owned(), resource_type }.at("schemas"));
            }
        }
        if has_base { Ok(()) } else { Err(CheckProblem::BaseSchemaMissing { base: base.to_owned() }.at("schemas")) }
    }

    /// R034, R035: required attributes and extensions are there.
    fn required(&self, attributes: &Map<String, Value>) -> Result<(), CheckError> {
        for attribute in self.schema.required() {
            if missing(attribute, attributes.get(attribute.name())) {
                return Err(CheckProblem::Missing.at(attribute.name()));
            }
        }
        for extension in self.schema.extensions() {
            let schema = &extension.schema;
            let Some(container) = attributes.get(schema.id()) else {
                if extension.required {
                    return Err(CheckProblem::Missing.at(schema.id()));
                }
                continue;
            };
            for attribute in schema.attributes() {
                if missing(attribute, container.get(attribute.name())) {
                    return Err(CheckProblem::Missing.at(attribute.name()).qualified(schema.id()));
                }
            }
        }
        Ok(())
    }
}

impl TypeSchema {
    /// Whether `schemas` of a resource is [what it is to be](Self::schemas_of).
    #[doc(hidden)]
    pub fn lists_schemas_of(&self, resource: &Resource) -> bool {
        let extensions = self.extensions().iter().map(|extension| extension.schema.id());
        let mut wanted = std::iter::once(self.base().id()).chain(extensions.filter(|uri| resource.get(uri).is_some()));
        let listed = resource.get("schemas").filter(|listed| listed.is_array());
        listed.is_some_and(|listed| {
            listed.elements().all(|uri| wanted.next().is_some_and(|wanted| uri == wanted)) && wanted.next().is_none()
        })
    }

    /// The value of `schemas` for a resource with these attributes: the base schema, and the extensions that have values
    /// (R028, R032, R170).
    pub fn schemas_of<'v>(&self, attributes: impl Into<ValueRef<'v>>) -> Value {
        let attributes = attributes.into();
        let extensions = self.extensions().iter().map(|extension| extension.schema.id());
        let present = extensions.filter(|uri| attributes.get(uri).is_some());
        std::iter::once(self.base().id()).chain(present).map(Value::from).collect()
    }
}

/// Whether a required attribute that a client must give is absent or an empty text.
fn missing(attribute: &Attribute, value: Option<&Value>) -> bool {
    attribute.required()
        && attribute.mutability() != Mutability::ReadOnly
        && value.is_none_or(|value| value.as_str() == Some(""))
}

/// R003: refuses a second member whose name is equal up to case.
fn once<'n>(seen: &mut Vec<&'n str>, name: &'n str, key: &str) -> Result<(), CheckError> {
    if seen.contains(&name) {
        return Err(CheckProblem::RepeatedMember { key: key.to_owned() }.at(name));
    }
    seen.push(name);
    Ok(())
}

/// R021: of equal elements only the first stays; of elements that stand for one resource too (R146).
fn drop_repeated(attribute: &Attribute, elements: &mut Vec<Value>) {
    if elements.len() < 2 {
        return;
    }
    let mut seen = HashSet::with_capacity(elements.len());
    elements.retain(|element| {
        let id = element.get("value").filter(|_| attribute.is_multi_valued_reference());
        seen.insert(id.unwrap_or(element).clone())
    });
}
