//! What a patch really changed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use scim_core::{Attribute, AttributeRef, AttributeType, Leniencies, Mutability, Returned};
use serde_json::Value;

/// The outcome of a patch: for audit, for events, and for the question whether there is anything to write.
///
/// ```
/// use scim_core::{PatchOp, Profile, Resource, SchemaSet, Tolerance};
/// use scim_patch::{Patch, apply};
/// use serde_json::json;
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let message = json!({
///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
///     "Operations": [
///         {"op": "replace", "path": "name.givenName", "value": "Augusta"},
///         {"op": "replace", "path": "active", "value": true},
///         {"op": "replace", "path": "password", "value": "correct horse"}
///     ]
/// });
/// let message = PatchOp::from_json(message, &mut Tolerance::rfc(), 100)?;
/// let patch = Patch::check(&message, user, &Profile::rfc())?;
///
/// let mut ada: Resource =
///     serde_json::from_value(json!({"userName": "ada", "name": {"givenName": "Ada"}, "active": true}))?;
/// let changed = apply(&patch, &mut ada)?;
/// let [name, password] = changed.changes() else { panic!("{changed:?}") };
/// assert_eq!((name.target().to_string().as_str(), name.before()), ("name.givenName", Some(&json!("Ada"))));
/// assert_eq!((password.target().name(), password.is_secret(), password.after()), ("password", true, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    pub(crate) changes: Vec<Change>,
    pub(crate) leniencies: Leniencies,
}

impl Changed {
    /// Whether the resource says just what it said before: version and `lastModified` then stay (R133, R192).
    pub fn is_unchanged(&self) -> bool {
        self.changes.is_empty()
    }

    /// What differs, in order, each attribute once.
    ///
    /// What differs is an attribute or a sub-attribute of a singular complex attribute. `schemas` is
    /// not among them: it follows from the rest. To set a secret is a change whatever it was before, or the answer would
    /// tell whether it was guessed.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What the [changes](Self::changes) are of.
    pub fn targets(&self) -> impl Iterator<Item = &AttributeRef> {
        self.changes.iter().map(Change::target)
    }

    /// The leniencies that the message needed, at the check and when it was applied.
    pub fn leniencies(&self) -> Leniencies {
        self.leniencies
    }
}

/// One path that a patch changed.
///
/// `Debug` shows the values but those of secrets.
#[derive(Clone, PartialEq)]
pub struct Change {
    target: AttributeRef,
    before: Option<Value>,
    after: Option<Value>,
    secret: bool,
    elements: bool,
}

impl Change {
    /// What differs, such as `name.givenName` or `emails`.
    pub fn target(&self) -> &AttributeRef {
        &self.target
    }

    /// The value before; `None` when there was none, or it is secret. Where only elements are told, those that went.
    pub fn before(&self) -> Option<&Value> {
        self.before.as_ref()
    }

    /// The value now; `None` when there is none, or it is secret. Where only elements are told, those that came.
    pub fn after(&self) -> Option<&Value> {
        self.after.as_ref()
    }

    /// Whether there is something that is never returned: the attribute, or a part of it. It is in neither value.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Whether [`before`](Self::before) and [`after`](Self::after) are not the whole value, but the elements that went and
    /// those that came. That is so of attributes whose elements stand for other resources, as `members` does: there may
    /// be very many, and their order means nothing.
    pub fn tells_elements(&self) -> bool {
        self.elements
    }

    fn new(target: AttributeRef, before: Option<Value>, after: Option<&Value>) -> Self {
        let attribute = target.leaf().clone();
        if is_secret(&attribute) {
            return Self { target, before: None, after: None, secret: true, elements: false };
        }
        let secret = attribute.sub_attributes().iter().any(|sub| is_secret(sub));
        let mut change = Self { target, before, after: after.cloned(), secret, elements: false };
        if secret {
            for value in [&mut change.before, &mut change.after].into_iter().flatten() {
                hide(&attribute, value);
            }
        }
        change
    }

    /// What differs where an attribute was remembered as a whole. `Some`: a relation has the same elements in another
    /// order, and this is the former one.
    pub(crate) fn of_whole(
        place: &AttributeRef,
        before: Option<Value>,
        after: Option<&Value>,
        changes: &mut Vec<Self>,
    ) -> Option<Value> {
        let attribute = &**place.attribute();
        if attribute.is_relation() {
            let old = before.as_ref().and_then(Value::as_array).map(|elements| elements.iter().collect());
            let new = after.and_then(Value::as_array).map(|elements| elements.iter().collect());
            let differs = Self::of_elements(place, old.unwrap_or_default(), new.unwrap_or_default(), changes);
            return if differs { None } else { before };
        }
        if attribute.kind() == AttributeType::Complex && !attribute.multi_valued() {
            for sub in attribute.sub_attributes() {
                let old = before.as_ref().and_then(|before| before.get(sub.name()));
                let new = after.and_then(|after| after.get(sub.name()));
                if old != new {
                    changes.push(Self::new(place.clone().with_sub(sub), old.cloned(), new));
                }
            }
        } else if before.as_ref() != after || (is_secret(attribute) && after.is_some()) {
            changes.push(Self::new(place.clone(), before, after));
        }
        None
    }

    /// What differs where parts of an attribute were remembered.
    pub(crate) fn of_parts(
        place: &AttributeRef,
        parts: Vec<(Arc<Attribute>, Option<Value>)>,
        after: Option<&Value>,
        changes: &mut Vec<Self>,
    ) {
        for (sub, before) in parts {
            let after = after.and_then(|after| after.get(sub.name()));
            if before.as_ref() != after || (is_secret(&sub) && after.is_some()) {
                changes.push(Self::new(place.clone().with_sub(&sub), before, after));
            }
        }
    }

    /// What differs where elements of a relation came and went. `false`: nothing but, perhaps, their order.
    pub(crate) fn of_elements(
        place: &AttributeRef,
        mut removed: Vec<&Value>,
        mut added: Vec<&Value>,
        changes: &mut Vec<Self>,
    ) -> bool {
        if !removed.is_empty() && !added.is_empty() {
            cancel(&mut removed, &mut added);
        }
        if removed.is_empty() && added.is_empty() {
            return false;
        }
        let value =
            |elements: Vec<&Value>| (!elements.is_empty()).then(|| elements.into_iter().cloned().collect::<Value>());
        let change = Self::new(place.clone(), value(removed), value(added).as_ref());
        changes.push(Self { elements: true, ..change });
        true
    }
}

/// Takes out what is in both.
fn cancel(removed: &mut Vec<&Value>, added: &mut Vec<&Value>) {
    let mut count: HashMap<&Value, usize> = HashMap::with_capacity(removed.len());
    for element in removed.iter() {
        *count.entry(element).or_default() += 1;
    }
    let mut both: HashMap<&Value, usize> = HashMap::new();
    added.retain(|element| match count.get_mut(element) {
        Some(left) if *left > 0 => {
            *left -= 1;
            *both.entry(element).or_default() += 1;
            false
        }
        _ => true,
    });
    removed.retain(|element| match both.get_mut(element) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
}

/// Whether no response ever shows the attribute.
fn is_secret(attribute: &Attribute) -> bool {
    attribute.mutability() == Mutability::WriteOnly || attribute.returned() == Returned::Never
}

/// Takes the secret parts out of a value.
fn hide(attribute: &Attribute, value: &mut Value) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                hide(attribute, element);
            }
        }
        Value::Object(object) => {
            object.retain(|name, _| attribute.sub_attribute(name).is_none_or(|sub| !is_secret(sub)));
        }
        _ => {}
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            Some(value) => value.to_string(),
            None if self.secret => "(hidden)".to_owned(),
            None => "none".to_owned(),
        };
        write!(f, "`{}`: {} -> {}", self.target, shown(&self.before), shown(&self.after))
    }
}
