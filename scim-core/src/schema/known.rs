//! What requests ask of a type again and again, found out once.

use std::sync::Arc;

use crate::schema::attribute::Attribute;
use crate::schema::{Mutability, Returned, Schema, common_attributes};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The common and base attributes, by their names.
    top_level: Vec<(NameKey, Arc<Attribute>)>,
    /// The base attributes that a resource must have.
    pub(super) required: Vec<Arc<Attribute>>,
    /// The multi-valued references such as `members`, by name.
    pub(super) multi_valued_references: Vec<String>,
    /// The members that can hold what no response shows.
    pub(super) secret: Vec<String>,
    /// Whether there are attributes that are returned on request.
    pub(super) has_requested: bool,
}

/// Tells most names from each other, whatever their case: the length, the first byte and the last.
type NameKey = u32;

fn name_key(name: &str) -> NameKey {
    let bytes = name.as_bytes();
    let fold = |byte: Option<&u8>| NameKey::from(byte.map_or(0, u8::to_ascii_lowercase));
    let length = NameKey::from(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
    length << 16 | fold(bytes.first()) << 8 | fold(bytes.last())
}

impl Known {
    pub(super) fn of(base: &Schema, extensions: &[&Schema]) -> Self {
        let own: Vec<&Arc<Attribute>> = common_attributes().iter().chain(base.attributes()).collect();
        let named = |is: fn(&Attribute) -> bool| -> Vec<String> {
            let found = own.iter().filter(|attribute| is(attribute));
            found.map(|attribute| attribute.name().to_owned()).collect()
        };
        let extended = |is: fn(&Attribute) -> bool| {
            let having =
                extensions.iter().filter(move |extension| extension.attributes().iter().any(|attribute| is(attribute)));
            having.map(|extension| extension.id().to_owned())
        };
        Self {
            top_level: own.iter().map(|attribute| (name_key(attribute.name()), Arc::clone(attribute))).collect(),
            required: base.attributes().iter().filter(|attribute| attribute.required()).cloned().collect(),
            multi_valued_references: named(Attribute::is_multi_valued_reference),
            secret: named(has_secret).into_iter().chain(extended(has_secret)).collect(),
            has_requested: !named(has_requested).is_empty() || extended(has_requested).next().is_some(),
        }
    }

    pub(super) fn top_level(&self, name: &str) -> Option<&Arc<Attribute>> {
        let wanted = name_key(name);
        let is_it = |(key, attribute): &&(NameKey, Arc<Attribute>)| {
            *key == wanted && (attribute.name() == name || attribute.name().eq_ignore_ascii_case(name))
        };
        self.top_level.iter().find(is_it).map(|(_, attribute)| attribute)
    }
}

fn in_whole_or_part(attribute: &Attribute, is: fn(&Attribute) -> bool) -> bool {
    is(attribute) || attribute.sub_attributes().iter().any(|sub| is(sub))
}

fn has_secret(attribute: &Attribute) -> bool {
    in_whole_or_part(attribute, |part| part.mutability() == Mutability::WriteOnly || part.returned() == Returned::Never)
}

fn has_requested(attribute: &Attribute) -> bool {
    in_whole_or_part(attribute, |part| part.returned() == Returned::Request)
}
