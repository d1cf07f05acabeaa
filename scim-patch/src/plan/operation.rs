//! The checked plan: operations on attributes, with checked values.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use scim_core::{Attribute, AttributeRef, Profile, Quirk, Quirks, TypeSchema};
use scim_filter::View;
use serde_json::{Map, Value};

use crate::limits::PatchLimits;
use crate::plan::relate::Relate;
use crate::plan::selector::Selector;

/// A PATCH message, checked against the schemas of a resource type and ready to apply to any resource of that type.
///
/// `Debug` shows places and kinds of effect, never values.
#[derive(Clone)]
pub struct Patch {
    pub(crate) schema: Arc<TypeSchema>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) profile: Profile,
    pub(crate) limits: PatchLimits,
    checked: Quirks,
}

/// One effect on one place. A message's operation without a path yields one for each member of its value; operations on
/// consecutive ids of a relation are one.
#[derive(Clone)]
pub(crate) struct Operation {
    /// The index of the message's operation.
    pub(crate) index: usize,
    /// The path or key as the client wrote it.
    pub(crate) path: Option<String>,
    pub(crate) place: AttributeRef,
    pub(crate) effect: Effect,
}

/// What happens there. Values are checked.
#[derive(Clone)]
pub(crate) enum Effect {
    /// A singular attribute gets this value, or none.
    Assign(Option<Value>),
    /// Parts of a singular complex attribute are written.
    AssignParts(Vec<Part>),
    /// Values are added to a multi-valued attribute.
    AddElements(Vec<Value>),
    /// A multi-valued attribute gets exactly these values.
    ReplaceElements(Vec<Value>),
    /// Parts of the selected elements are written.
    WriteMatching { selector: Selector, parts: Vec<Part>, missing: Missing },
    /// The selected elements become this one, and keep what they were selected for. A member that is `null` says that there
    /// is none.
    ReplaceMatching { selector: Selector, element: Value, missing: Missing },
    /// The selected elements go.
    RemoveMatching(Selector),
    /// The elements equal to one of these go.
    RemoveElements(Vec<Value>),
    /// Elements of a relation come and go by their ids.
    Relate(Relate),
    /// A read-only attribute, or this part of it, must have this value already (R168).
    ExpectEqual { sub: Option<Arc<Attribute>>, value: Value },
}

/// A sub-attribute and what is written to it.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) sub: Arc<Attribute>,
    pub(crate) write: Write,
}

/// How a value is written.
#[derive(Clone)]
pub(crate) enum Write {
    /// It becomes the value; `None` unassigns.
    Set(Option<Value>),
    /// These are added to a multi-valued sub-attribute.
    Append(Vec<Value>),
    /// These are removed from a multi-valued sub-attribute (R174).
    Remove(Vec<Value>),
    /// The selected values of a multi-valued sub-attribute become this one, or go.
    Select { selector: Selector, becomes: Option<Value> },
}

/// What happens when a selector selects nothing.
#[derive(Clone)]
pub(crate) enum Missing {
    /// Nothing (R153).
    Ignore,
    /// `noTarget` (R161).
    Refuse,
    /// An element is made of the template, which is what the selector asks for, by this quirk (R147), if the selector
    /// then selects it.
    Create { quirk: Quirk, template: Map<String, Value> },
}

impl Patch {
    pub(crate) fn new(
        schema: Arc<TypeSchema>,
        operations: Vec<Operation>,
        profile: Profile,
        limits: PatchLimits,
        checked: Quirks,
    ) -> Self {
        Self { schema, operations, profile, limits, checked }
    }

    /// The same patch, whose value paths select elements as responses show them: see
    /// [`Predicate::seen_through`](scim_filter::Predicate::seen_through).
    #[must_use]
    pub fn seen_through(mut self, view: &Arc<dyn View>) -> Self {
        for Operation { effect, .. } in &mut self.operations {
            let (Effect::WriteMatching { selector, .. }
            | Effect::ReplaceMatching { selector, .. }
            | Effect::RemoveMatching(selector)) = effect
            else {
                continue;
            };
            selector.seen_through(view);
        }
        self
    }

    /// The quirks that the check of the message needed. What applying it needs depends on the resource, and comes with its
    /// [differences](crate::Differences::quirks): whether a value path selects something, for one.
    pub fn quirks(&self) -> Quirks {
        self.checked
    }

    /// The attributes that the patch names, in order, each once and as a whole. Not all of them need to change.
    pub fn targets(&self) -> Vec<AttributeRef> {
        let written = self.operations.iter().filter(|operation| !operation.effect.is_expectation());
        written.map(|operation| operation.place.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The members of a resource that applying looks at: attributes, and extensions by their URI. Where one of an extension comes or
    /// goes, `schemas` follows from all of them.
    pub(crate) fn members(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let places = self.operations.iter().map(|operation| &operation.place);
        let extends = places.clone().any(|place| place.extension().is_some());
        let extensions = self.schema.extensions().iter().filter(|_| extends).map(|extension| extension.schema.id());
        let schemas = extends.then_some("schemas");
        for name in places.map(|place| place.uri().unwrap_or(place.name())).chain(extensions).chain(schemas) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Takes out all that the patch does to one attribute of the base schema, and returns it as a patch of its own, for
    /// whoever keeps that attribute elsewhere.
    ///
    /// ```
    /// use scim_core::{Profile, SchemaSet, Tolerance};
    /// use scim_core::message::PatchOp;
    /// use scim_patch::Patch;
    /// use serde_json::json;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let message = json!({
    ///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    ///     "Operations": [{"op": "replace", "value": {"title": "Dr", "photos": [{"value": "https://h/1"}]}}]
    /// });
    /// let message = PatchOp::from_json(message, &mut Tolerance::rfc(), 100)?;
    /// let mut patch = Patch::check(&message, user, &Profile::rfc())?;
    /// let photos = patch.split_off("photos");
    /// let names = |patch: &Patch| patch.targets().iter().map(ToString::to_string).collect::<Vec<_>>();
    /// assert_eq!((names(&patch), names(&photos)), (vec!["title".to_owned()], vec!["photos".to_owned()]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn split_off(&mut self, attribute: &str) -> Self {
        let taken = self.operations.extract_if(.., |operation| operation.place.is_in(attribute));
        Self::new(self.schema.clone(), taken.collect(), self.profile.clone(), self.limits.clone(), Quirks::default())
    }
}

impl Effect {
    /// Whether it regards the elements of an attribute one by one.
    pub(crate) fn is_on_elements(&self) -> bool {
        matches!(
            self,
            Self::AddElements(_)
                | Self::ReplaceElements(_)
                | Self::WriteMatching { .. }
                | Self::ReplaceMatching { .. }
                | Self::RemoveMatching(_)
                | Self::RemoveElements(_)
        )
    }

    pub(crate) fn is_expectation(&self) -> bool {
        matches!(self, Self::ExpectEqual { .. })
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
            Effect::AssignParts(_) => "assign parts",
            Effect::AddElements(_) => "add elements",
            Effect::ReplaceElements(_) => "replace elements",
            Effect::WriteMatching { .. } => "write parts of matching",
            Effect::ReplaceMatching { .. } => "replace matching",
            Effect::RemoveMatching(_) => "remove matching",
            Effect::RemoveElements(_) => "remove elements",
            Effect::Relate(_) => "relate",
            Effect::ExpectEqual { .. } => "expect equal",
        };
        write!(f, "{effect} at `{}`", self.place)
    }
}
