//! Where an operation points: the one walker for paths and for the keys of values without a path.

use std::sync::Arc;

use scim_core::{
    AttrName, Attribute, AttributeType, InteropRule, Leniencies, Leniency, Mutability, Profile, TypeSchema,
};
use scim_filter::{Comparison, Filter, Limits, Literal, Operator, PatchPath, check_element, parse_path};

use crate::error::PatchProblem;
use crate::operation::{Place, Selector};

/// A resolved path: an attribute, elements of it, a part of it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) place: Place,
    /// Which elements; `None` without brackets.
    pub(crate) selector: Option<Selector>,
    pub(crate) sub: Option<Arc<Attribute>>,
}

/// Looks paths up in the schemas of a type.
pub(crate) struct Resolver<'a> {
    pub(crate) schema: &'a TypeSchema,
    pub(crate) profile: &'a Profile,
}

impl Resolver<'_> {
    /// The target of an operation's path (R138-R140).
    pub(crate) fn path(&self, text: &str, used: &mut Leniencies) -> Result<Target, PatchProblem> {
        let path = parse_path(text, &Limits::default()).map_err(|error| {
            // Without a closing bracket there is no filter, only a broken path.
            let in_filter = error.is_in_filter() && text.contains(']');
            if in_filter { PatchProblem::Filter(error.to_string()) } else { PatchProblem::Path(error.to_string()) }
        })?;
        self.resolve(&path, used)
    }

    /// The target of a key of a value without a path. Plain names are looked up as they are; `name.givenName`,
    /// `emails[type eq "work"].value` and `urn:...:User:department` are paths where the profile takes them (R172).
    ///
    /// `Ok(None)`: no schema defines the attribute, and the profile drops such members.
    pub(crate) fn key(&self, key: &str, used: &mut Leniencies) -> Result<Option<Target>, PatchProblem> {
        let whole = |place| Ok(Some(Target { place, selector: None, sub: None }));
        if let Some(extension) = self.schema.extension(key) {
            return whole(Place { extension: Some(extension.clone()), attribute: None });
        }
        if let Some(attribute) = self.schema.top_level(key) {
            return whole(Place { extension: None, attribute: Some(attribute.clone()) });
        }
        let leniency = if key.contains(':') { Leniency::QualifiedKey } else { Leniency::DottedKey };
        let plain = key.parse::<AttrName>().is_ok();
        let found = if plain || self.profile.allows(leniency) {
            self.path(key, used)
        } else {
            Err(PatchProblem::UnknownAttribute(format!("`{key}` is not the name of an attribute")))
        };
        match found {
            Ok(target) => {
                if !plain {
                    used.insert(leniency);
                }
                Ok(Some(target))
            }
            Err(PatchProblem::UnknownAttribute(_)) if self.profile.take(Leniency::UnknownAttribute, used) => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    fn resolve(&self, path: &PatchPath, used: &mut Leniencies) -> Result<Target, PatchProblem> {
        let unknown = |message: String| PatchProblem::UnknownAttribute(message);
        let found = self.schema.resolve(&path.attribute, self.profile, used).map_err(|e| unknown(e.to_string()))?;
        let place = Place { extension: found.extension, attribute: found.attribute };
        let Some(attribute) = &place.attribute else {
            return if path.filter.is_none() {
                Ok(Target { place, selector: None, sub: None })
            } else {
                Err(PatchProblem::NotSelectable)
            };
        };
        let Some(filter) = &path.filter else {
            return Ok(Target { place, selector: None, sub: found.sub });
        };
        if found.sub.is_some() || attribute.kind() != AttributeType::Complex {
            return Err(PatchProblem::NotSelectable);
        }
        let checked = check_element(filter, attribute, self.profile, used);
        let checked = checked.map_err(|error| PatchProblem::Filter(error.to_string()))?;
        let sub =
            match &path.sub {
                None => None,
                Some(name) => Some(attribute.sub_attribute(name.as_str()).cloned().ok_or_else(|| {
                    unknown(format!("attribute `{}` has no sub-attribute `{name}`", attribute.name()))
                })?),
            };
        let strict = self.profile.requires(InteropRule::ValuePathNamesSubAttribute);
        if strict && sub.is_none() {
            return Err(PatchProblem::SubAttributeRequired);
        }
        let selector = Selector { filter: Some(checked), value: only_value(filter), single: strict };
        Ok(Target { place, selector: Some(selector), sub })
    }
}

/// The text of `value eq "text"`, when the filter is nothing else.
fn only_value(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Compare(Comparison { path, operator: Operator::Eq, value: Literal::String(text) })
            if path.uri().is_none() && path.sub().is_none() && path.name()?.eq_ignore_ascii_case("value") =>
        {
            Some(text.clone())
        }
        _ => None,
    }
}

impl Target {
    /// The attribute or sub-attribute that is written.
    pub(crate) fn leaf(&self) -> Option<&Arc<Attribute>> {
        self.sub.as_ref().or(self.place.attribute.as_ref())
    }

    /// Whether a client may not write here at all (R167).
    pub(crate) fn is_read_only(&self) -> bool {
        let read_only = |attribute: &Arc<Attribute>| attribute.mutability() == Mutability::ReadOnly;
        self.place.attribute.as_ref().is_some_and(read_only) || self.sub.as_ref().is_some_and(read_only)
    }
}
