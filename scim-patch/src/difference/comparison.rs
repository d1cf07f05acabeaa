//! Two states of a resource, compared as far as somebody asks.

use std::sync::{Arc, OnceLock};

use scim_core::schema::{AttributeType, Schema};
use scim_core::{Attribute, AttributeRef, Resource, TypeSchema, ValueRef};

use crate::difference::one::Difference;

/// Two states of a resource of one type.
#[derive(Clone)]
pub(crate) struct Comparison {
    of: TypeSchema,
    before: Resource,
    after: Resource,
    all: OnceLock<Vec<Difference>>,
}

/// An attribute, and its values before and after.
type Compared<'a> = (Option<&'a Arc<Schema>>, &'a Arc<Attribute>, Option<ValueRef<'a>>, Option<ValueRef<'a>>);

impl Comparison {
    /// The two states, if they can be kept for later: a copy costs nothing, and no secret outlives the write.
    pub(crate) fn kept(of: &TypeSchema, before: &Resource, after: &Resource) -> Option<Self> {
        let is_cheap = |resource: &Resource| resource.is_compact() || resource.members().next().is_none();
        let fits = |resource: &Resource| is_cheap(resource) && !of.may_hold_secret(resource);
        let copy = || Self { of: of.clone(), before: before.clone(), after: after.clone(), all: OnceLock::new() };
        (fits(before) && fits(after)).then(copy)
    }

    /// What differs, in order. It is looked for once.
    pub(crate) fn all(&self) -> &[Difference] {
        self.all.get_or_init(|| differences(&self.of, &self.before, &self.after))
    }

    /// Whether anything differs.
    pub(crate) fn differs(&self) -> bool {
        let compare = || unequal(&self.of, &self.before, &self.after).any(is_difference);
        self.all.get().map_or_else(compare, |all| !all.is_empty())
    }
}

/// What differs, in order.
pub(crate) fn differences(of: &TypeSchema, before: &Resource, after: &Resource) -> Vec<Difference> {
    let mut all = Vec::new();
    for compared in unequal(of, before, after) {
        add(compared, &mut all);
    }
    all.sort_by(|a, b| a.target().cmp(b.target()));
    all
}

/// The attributes whose values are not the same.
fn unequal<'a>(
    of: &'a TypeSchema,
    before: &'a Resource,
    after: &'a Resource,
) -> impl Iterator<Item = Compared<'a>> + use<'a> {
    let unlike = before.members_unlike(after, |name| !matches!(name, "id" | "meta" | "schemas")).into_iter();
    unlike.flat_map(move |(name, old, new)| {
        let attribute = of.top_level(&name).filter(|attribute| attribute.name() == name);
        let schema = of.extensions().iter().map(|extension| &extension.schema).find(|schema| schema.id() == name);
        let extended = schema.into_iter().flat_map(move |schema| {
            schema.attributes().iter().map(move |attribute| {
                let part = |values: Option<ValueRef<'a>>| values.and_then(|values| values.get(attribute.name()));
                (Some(schema), attribute, part(old), part(new))
            })
        });
        let own = attribute.map(|attribute| (None, attribute, old, new));
        own.into_iter().chain(extended.filter(|(_, _, old, new)| old != new))
    })
}

/// Whether values that are not the same count as a difference. Another order of references does not, nor does an attribute that the
/// schema lacks.
fn is_difference(compared: Compared<'_>) -> bool {
    let attribute = compared.1;
    let is_composed = attribute.kind() == AttributeType::Complex && !attribute.multi_valued();
    if !attribute.is_multi_valued_reference() && !is_composed {
        return true;
    }
    let mut found = Vec::new();
    add(compared, &mut found);
    !found.is_empty()
}

/// Adds what differs of one attribute.
fn add((extension, attribute, old, new): Compared<'_>, all: &mut Vec<Difference>) {
    let (old, new) = (old.map(ValueRef::to_value), new.map(ValueRef::to_value));
    Difference::of_whole(&AttributeRef::new(extension, attribute), old, new.as_ref(), all);
}
