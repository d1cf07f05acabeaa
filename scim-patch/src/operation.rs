//! The checked plan: operations on canonical places, with checked values.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use scim_core::{Attribute, Leniencies, Leniency, Schema, TypeSchema};
use scim_filter::ElementPredicate;
use serde_json::{Map, Value};

use crate::membership::MembershipDelta;

/// A PATCH message, checked against the schemas of a resource type and ready to apply to any resource of that type.
///
/// `Debug` shows places and kinds of effect, never values.
#[derive(Clone)]
pub struct Patch {
    pub(crate) schema: Arc<TypeSchema>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) leniencies: Leniencies,
}

/// One effect on one place. A message's operation without a path yields one for each member of its value.
#[derive(Clone)]
pub(crate) struct Operation {
    /// The index of the message's operation.
    pub(crate) index: usize,
    /// The path or key as the client wrote it.
    pub(crate) path: Option<String>,
    pub(crate) place: Place,
    pub(crate) effect: Effect,
}

/// An attribute of the resource, or an extension as a whole.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) extension: Option<Arc<Schema>>,
    pub(crate) attribute: Option<Arc<Attribute>>,
}

/// What happens there. Values are checked.
#[derive(Clone)]
pub(crate) enum Effect {
    /// A singular attribute gets this value, or none.
    Assign(Option<Value>),
    /// A part of a singular complex attribute gets this value, or none.
    AssignSub { sub: Arc<Attribute>, value: Option<Value> },
    /// Values are added to a multi-valued attribute.
    AddElements(Vec<Value>),
    /// A multi-valued attribute gets exactly these values.
    ReplaceElements(Vec<Value>),
    /// The selected elements get the parts given here, keeping others.
    MergeMatching { selector: Selector, parts: Map<String, Value>, missing: Missing },
    /// The selected elements become this one.
    ReplaceMatching { selector: Selector, element: Value, missing: Missing },
    /// A part of the selected elements gets this value, or none.
    AssignSubOfMatching { selector: Selector, sub: Arc<Attribute>, value: Option<Value>, missing: Missing },
    /// The selected elements go.
    RemoveMatching(Selector),
    /// The elements equal to one of these go.
    RemoveElements(Vec<Value>),
    /// The whole extension goes.
    RemoveExtension,
    /// A read-only attribute must have this value already (R168).
    ExpectEqual(Value),
}

/// What happens when a selector selects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing (R153).
    Ignore,
    /// `noTarget` (R161).
    Refuse,
    /// An element is made of what the selector asks for, by this leniency (R147).
    Create(Leniency),
}

/// Which elements of an attribute.
#[derive(Clone)]
pub(crate) struct Selector {
    /// `None` selects all.
    pub(crate) filter: Option<ElementPredicate>,
    /// The id, where the filter is just `value eq "id"`.
    pub(crate) value: Option<String>,
    /// Whether more than one match is refused (R180).
    pub(crate) single: bool,
}

impl Selector {
    pub(crate) fn selects(&self, element: &Value) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches_element(element))
    }

    /// What a new element needs to be selected.
    pub(crate) fn template(&self) -> Map<String, Value> {
        self.filter.as_ref().map(|filter| filter.eq_terms().into_iter().collect()).unwrap_or_default()
    }
}

impl Place {
    /// The registered path of the attribute, or the URI of the extension.
    pub(crate) fn path(&self) -> String {
        match (&self.extension, &self.attribute) {
            (None, Some(attribute)) => attribute.name().to_owned(),
            (Some(extension), Some(attribute)) => format!("{}:{}", extension.id(), attribute.name()),
            (Some(extension), None) => extension.id().to_owned(),
            (None, None) => String::new(),
        }
    }

    /// The member of the resource that holds the place.
    pub(crate) fn top_level_name(&self) -> &str {
        match (&self.extension, &self.attribute) {
            (Some(extension), _) => extension.id(),
            (None, Some(attribute)) => attribute.name(),
            (None, None) => "",
        }
    }
}

impl Patch {
    /// The leniencies that the message needed.
    pub fn leniencies(&self) -> Leniencies {
        self.leniencies
    }

    /// The attributes that the patch names, by registered path, sorted; each once. Not all of them need to change.
    pub fn paths(&self) -> Vec<String> {
        let written = self.operations.iter().filter(|operation| !matches!(operation.effect, Effect::ExpectEqual(_)));
        written.map(|operation| operation.place.path()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What the patch does to the members of a group, when that is all it does: a store can then write the difference
    /// without reading the group. `None` when the patch does more, or selects members by anything but their id.
    pub fn membership_delta(&self) -> Option<MembershipDelta> {
        MembershipDelta::of(&self.operations)
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.operations).finish()
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::Assign(_) => "assign",
            Effect::AssignSub { .. } => "assign sub-attribute",
            Effect::AddElements(_) => "add elements",
            Effect::ReplaceElements(_) => "replace elements",
            Effect::MergeMatching { .. } => "merge into matching",
            Effect::ReplaceMatching { .. } => "replace matching",
            Effect::AssignSubOfMatching { .. } => "assign sub-attribute of matching",
            Effect::RemoveMatching(_) => "remove matching",
            Effect::RemoveElements(_) => "remove elements",
            Effect::RemoveExtension => "remove extension",
            Effect::ExpectEqual(_) => "expect equal",
        };
        write!(f, "{effect} at `{}`", self.place.path())
    }
}
