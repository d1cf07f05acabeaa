//! Where an operation points: the one walker for paths and for the keys of values without a path.

use std::sync::Arc;

use scim_core::schema::{AttributeType, Mutability, Resolved, Schema};
use scim_core::{AttrName, Attribute, AttributeRef, InteropRule, Quirk, Tolerance, TypeSchema};
use scim_filter::{ElementPredicate, Filter, FilterLimits, PatchPath, check_element, parse_path_with};

use crate::error::{PatchErrorKind, shown};
use crate::plan::Selector;

/// A resolved path.
pub(crate) enum Target {
    /// An extension as a whole (R171).
    Extension(Arc<Schema>),
    /// An attribute or a sub-attribute, of all elements or of those that the brackets select.
    Attribute { target: AttributeRef, selector: Option<Selector> },
    /// Values of a multi-valued sub-attribute of a singular attribute.
    Values { target: AttributeRef, selector: Selector },
}

/// Looks paths up in the schemas of a type.
pub(crate) struct Resolver<'a> {
    pub(crate) schema: &'a TypeSchema,
}

impl Resolver<'_> {
    /// The target of an operation's path (R138-R140).
    ///
    /// `Ok(None)`: the path is of a schema that the type does not have, and the profile ignores such operations.
    pub(crate) fn path(&self, text: &str, tolerance: &mut Tolerance) -> Result<Option<Target>, PatchErrorKind> {
        let path = parse_path_with(text, &FilterLimits::default(), tolerance).map_err(|error| {
            // Without a closing bracket there is no filter, only a broken path.
            let in_filter = error.is_in_filter() && text.contains(']');
            if in_filter { PatchErrorKind::Filter(error.to_string()) } else { PatchErrorKind::Path(error.to_string()) }
        })?;
        if self.schema.is_foreign(&path.attribute) && tolerance.take(Quirk::ForeignAttribute) {
            return Ok(None);
        }
        self.resolve(&path, tolerance).map(Some)
    }

    /// The target of a key of a value without a path. Plain names are looked up as they are; `name.givenName`,
    /// `emails[type eq "work"].value` and `urn:...:User:department` are paths where the profile takes them (R172).
    ///
    /// `Ok(None)`: no schema of the type defines the attribute, and the profile drops such members.
    pub(crate) fn key(&self, key: &str, tolerance: &mut Tolerance) -> Result<Option<Target>, PatchErrorKind> {
        if let Some(extension) = self.schema.extension(key) {
            return Ok(Some(Target::Extension(extension.clone())));
        }
        if let Some(attribute) = self.schema.top_level(key) {
            return Ok(Some(Target::whole(None, attribute)));
        }
        let quirk = if key.contains(':') { Quirk::QualifiedKey } else { Quirk::DottedKey };
        self.spelled(key, key, quirk, tolerance)
    }

    /// The target of a key in an extension's container, where the profile takes dotted keys too.
    pub(crate) fn extension_key(
        &self,
        extension: &Arc<Schema>,
        key: &str,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Target>, PatchErrorKind> {
        if let Some(attribute) = extension.attribute(key) {
            return Ok(Some(Target::whole(Some(extension), attribute)));
        }
        self.spelled(key, &format!("{}:{key}", extension.id()), Quirk::DottedKey, tolerance)
    }

    /// The target of a key that is no attribute's name.
    fn spelled(
        &self,
        key: &str,
        path: &str,
        quirk: Quirk,
        tolerance: &mut Tolerance,
    ) -> Result<Option<Target>, PatchErrorKind> {
        let plain = key.parse::<AttrName>().is_ok();
        let is_foreign = key.parse().is_ok_and(|path| self.schema.is_foreign(&path));
        let found = if plain || is_foreign || tolerance.allows(quirk) {
            self.path(path, tolerance)
        } else {
            Err(PatchErrorKind::UnknownAttribute(format!("`{}` is not the name of an attribute", shown(key))))
        };
        match found {
            Ok(target) => {
                if !plain && !is_foreign {
                    tolerance.take(quirk);
                }
                Ok(target)
            }
            Err(PatchErrorKind::UnknownAttribute(_)) if !is_foreign && tolerance.take(Quirk::UnknownAttribute) => {
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }

    fn resolve(&self, path: &PatchPath, tolerance: &mut Tolerance) -> Result<Target, PatchErrorKind> {
        let unknown = |message: String| PatchErrorKind::UnknownAttribute(message);
        let found = self.schema.resolve(&path.attribute, tolerance).map_err(|e| unknown(e.to_string()))?;
        match (found, &path.filter) {
            (Resolved::Attribute(target), None) => Ok(Target::Attribute { target, selector: None }),
            (Resolved::Attribute(target), Some(filter)) => select(path, target, filter, tolerance),
            (Resolved::Extension(extension), None) => Ok(Target::Extension(extension)),
            (Resolved::Extension(_), Some(_)) => Err(PatchErrorKind::NotSelectable),
        }
    }
}

/// Checks the brackets and what follows them.
fn select(
    path: &PatchPath,
    target: AttributeRef,
    filter: &Filter,
    tolerance: &mut Tolerance,
) -> Result<Target, PatchErrorKind> {
    let leaf = target.leaf();
    if target.sub().is_some() {
        let behind = path.sub.as_ref().is_some_and(|name| !leaf.is_own_value(name.as_str()));
        if target.attribute().multi_valued() || !leaf.multi_valued() || behind {
            return Err(PatchErrorKind::NotSelectable);
        }
        let selector = Selector::new(filter, checked(filter, &target, tolerance)?, false);
        return Ok(Target::Values { target, selector });
    }
    if leaf.kind() != AttributeType::Complex && !leaf.multi_valued() {
        return Err(PatchErrorKind::NotSelectable);
    }
    let checked = checked(filter, &target, tolerance)?;
    let strict = tolerance.requires(InteropRule::ValuePathNamesSubAttribute);
    if strict && path.sub.is_none() {
        return Err(PatchErrorKind::SubAttributeRequired);
    }
    let selector = Some(Selector::new(filter, checked, strict));
    let sub = match &path.sub {
        Some(name) if !leaf.is_own_value(name.as_str()) => {
            Some(leaf.sub_attribute(name.as_str()).ok_or_else(|| {
                let message = format!("attribute `{}` has no sub-attribute `{name}`", leaf.name());
                PatchErrorKind::UnknownAttribute(message)
            })?)
        }
        _ => None,
    };
    let target = match sub {
        Some(sub) => target.clone().with_sub(sub),
        None => target,
    };
    Ok(Target::Attribute { target, selector })
}

fn checked(filter: &Filter, of: &AttributeRef, tolerance: &mut Tolerance) -> Result<ElementPredicate, PatchErrorKind> {
    check_element(filter, of, tolerance).map_err(|error| PatchErrorKind::Filter(error.to_string()))
}

impl Target {
    /// An attribute as a whole.
    pub(crate) fn whole(extension: Option<&Arc<Schema>>, attribute: &Arc<Attribute>) -> Self {
        Self::Attribute { target: AttributeRef::new(extension, attribute), selector: None }
    }

    /// Whether a client may not write here at all (R167).
    pub(crate) fn is_read_only(&self) -> bool {
        let read_only = |attribute: &Attribute| attribute.mutability() == Mutability::ReadOnly;
        match self {
            Self::Extension(_) => false,
            Self::Attribute { target, .. } | Self::Values { target, .. } => {
                read_only(target.attribute()) || read_only(target.leaf())
            }
        }
    }
}
