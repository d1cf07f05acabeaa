//! A resource on its way out: written as JSON, as far as a response shows it.

use std::sync::Arc;

use super::{Projection, Selection};
use crate::resource::{Document, Resource, ValueRef, write_string};
use crate::schema::{Attribute, MemberKind, Schema, TypeSchema};

/// What responses show beyond what a resource holds, because it depends on where the service is.
pub trait Additions {
    /// The URL of a resource of a type, for its `meta.location`.
    fn location(&self, of: &TypeSchema, id: &str) -> String;

    /// The URL for the `$ref` of a value of an attribute that has one; `None`: it is as it is stored.
    fn reference(&self, attribute: &Attribute, value: ValueRef<'_>) -> Option<String>;

    /// Whether `meta.version` is shown.
    fn shows_versions(&self) -> bool;
}

/// A member that is added to an object, in place of one of its name.
type Added<'a> = Option<(&'a str, String)>;

impl Projection {
    /// Writes what a response shows of a resource: what the client asked for, with what is added on the way out. `schemas` and `id`
    /// are always there. What is left as it is stored is copied.
    ///
    /// ```
    /// use scim_core::{Additions, Attribute, Profile, Projection, Resource, SchemaSet, TypeSchema, ValueRef};
    ///
    /// struct Here;
    ///
    /// impl Additions for Here {
    ///     fn location(&self, of: &TypeSchema, id: &str) -> String {
    ///         format!("https://example.com/scim/v2{}/{id}", of.resource_type().endpoint())
    ///     }
    ///     fn reference(&self, _: &Attribute, _: ValueRef<'_>) -> Option<String> {
    ///         None
    ///     }
    ///     fn shows_versions(&self) -> bool {
    ///         true
    ///     }
    /// }
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let ada: Resource =
    ///     serde_json::from_str(r#"{"id": "7", "userName": "ada", "title": "Countess", "meta": {"resourceType": "User"}}"#)?;
    /// let projection = Projection::new(&["userName", "meta.location"], &[] as &[&str], user, &Profile::rfc())?;
    /// let mut json = String::new();
    /// projection.write(user, &ada, &Here, &mut json);
    /// assert_eq!(json, r#"{"id":"7","meta":{"location":"https://example.com/scim/v2/Users/7"},"userName":"ada"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write(&self, of: &TypeSchema, resource: &Resource, additions: &dyn Additions, out: &mut String) {
        let copied = resource.fitting(of).filter(|_| self.is_default());
        if let Some(head) = copied.filter(|_| additions.shows_versions()).and_then(|document| document.but_location(of))
            && let Some(id) = resource.id()
        {
            out.push_str(head);
            out.push_str(",\"location\":");
            write_string(out, &additions.location(of, &id));
            out.push_str("}}");
            return;
        }
        out.push('{');
        let mut members = of.members();
        match copied.map(Document::walk) {
            None => {
                for (name, value) in resource.members() {
                    if let Some(member) = members.find(&name) {
                        self.write_member(of, resource, &name, &member.kind, value, false, additions, out);
                    }
                }
            }
            Some(mut walk) => {
                // Members that follow each other and need no second look are copied together.
                let mut run = walk.at();
                loop {
                    let (before, passed) = (walk.at(), walk.passed(run));
                    let Some((name, value)) = walk.next() else {
                        copy(out, passed);
                        break;
                    };
                    let (member, value) = (members.find(name), ValueRef::of_text(value));
                    if member.is_some_and(|member| member.is_plain(|name| value.has(name))) {
                        continue;
                    }
                    if before > run {
                        copy(out, passed);
                    }
                    run = walk.at();
                    if let Some(member) = member {
                        self.write_member(of, resource, name, &member.kind, value, true, additions, out);
                    }
                }
            }
        }
        out.push('}');
    }

    /// Whether this is what is returned by default.
    fn is_default(&self) -> bool {
        self.selection == Selection::Default && self.hidden.is_empty()
    }

    #[expect(clippy::too_many_arguments, reason = "a member, and what the whole resource is written with")]
    fn write_member(
        &self,
        of: &TypeSchema,
        resource: &Resource,
        name: &str,
        member: &MemberKind,
        value: ValueRef<'_>,
        is_whole: bool,
        additions: &dyn Additions,
        out: &mut String,
    ) {
        let start = out.len();
        begin(out, name);
        let is_shown = match member {
            MemberKind::Extension(extension) => self.write_extension(extension, value, additions, out),
            MemberKind::Attribute(attribute) if attribute.name() == "meta" => {
                let location = resource.id().map(|id| ("location", additions.location(of, &id)));
                let without = if additions.shows_versions() { None } else { Some("version") };
                if is_whole && without.is_none() && !value.has("location") {
                    append(value, location, out)
                } else {
                    self.wants(None, attribute) && self.write_object(None, attribute, value, location, without, out)
                }
            }
            MemberKind::Attribute(attribute) => self.write_attribute(None, attribute, value, additions, out),
        };
        if !is_shown {
            out.truncate(start);
        }
    }

    fn write_extension(
        &self,
        extension: &Arc<Schema>,
        value: ValueRef<'_>,
        additions: &dyn Additions,
        out: &mut String,
    ) -> bool {
        out.push('{');
        let before = out.len();
        for (name, value) in value.members() {
            let Some(attribute) = extension.attribute(&name) else { continue };
            let start = out.len();
            begin(out, &name);
            if !self.write_attribute(Some(extension), attribute, value, additions, out) {
                out.truncate(start);
            }
        }
        out.push('}');
        out.len() > before + 1
    }

    /// Writes the value of an attribute. `false`: nothing of it is shown.
    fn write_attribute(
        &self,
        extension: Option<&Schema>,
        attribute: &Attribute,
        value: ValueRef<'_>,
        additions: &dyn Additions,
        out: &mut String,
    ) -> bool {
        if !self.wants(extension, attribute) {
            return false;
        }
        if attribute.sub_attributes().is_empty() {
            value.write_json(out);
            return true;
        }
        let refers = attribute.sub_attribute("$ref").is_some();
        let write = |value: ValueRef<'_>, out: &mut String| {
            let url = if refers { additions.reference(attribute, value) } else { None };
            self.write_object(extension, attribute, value, url.map(|url| ("$ref", url)), None, out)
        };
        if !value.is_array() {
            return write(value, out);
        }
        out.push('[');
        let before = out.len();
        for element in value.elements() {
            let start = out.len();
            if start > before {
                out.push(',');
            }
            if !write(element, out) {
                out.truncate(start);
            }
        }
        out.push(']');
        out.len() > before + 1
    }

    /// Writes one value of a complex attribute, with a member added and one left out.
    fn write_object(
        &self,
        extension: Option<&Schema>,
        attribute: &Attribute,
        value: ValueRef<'_>,
        added: Added<'_>,
        without: Option<&str>,
        out: &mut String,
    ) -> bool {
        if !value.is_object() {
            value.write_json(out);
            return true;
        }
        let wants =
            |name: &str| attribute.sub_attribute(name).is_some_and(|sub| self.wants_part(extension, attribute, sub));
        let added = added.filter(|(name, _)| wants(name));
        let before = out.len();
        let replaces = |name: &str| added.as_ref().is_some_and(|(added, _)| *added == name);
        out.push('{');
        for (name, value) in value.members() {
            // A store may know more of a value than the schema has.
            if !replaces(&name) && Some(&*name) != without && wants(&name) {
                begin(out, &name);
                value.write_json(out);
            }
        }
        if let Some((name, text)) = &added {
            begin(out, name);
            write_string(out, text);
        }
        out.push('}');
        out.len() > before + 2
    }
}

/// Copies an object, with a member more.
fn append(object: ValueRef<'_>, added: Added<'_>, out: &mut String) -> bool {
    object.write_json(out);
    if let Some((name, text)) = added {
        out.pop();
        begin(out, name);
        write_string(out, &text);
        out.push('}');
    }
    true
}

/// Copies members that are written already.
fn copy(out: &mut String, members: &str) {
    if !members.is_empty() {
        if !out.ends_with('{') {
            out.push(',');
        }
        out.push_str(members);
    }
}

/// Begins a member of an object.
fn begin(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    write_string(out, name);
    out.push(':');
}
