//! One walk over a resource for all the attributes that a predicate looks at.

use scim_core::schema::member_order;
use scim_core::{Attribute, AttributeRef, Resource, ValueRef};

use crate::budget::{Budget, BudgetExceeded, steps_through};
use crate::fold::Folded;

/// Most attributes that are prefetched; a predicate that looks at more looks the others up one by one.
const MAX_PREFETCHED: usize = 32;
/// Fewest look-ups for which one walk over the resource is cheaper than looking each of them up.
const MIN_LOOK_UPS: usize = 6;

/// The members of a resource that a predicate looks at, each once, in the order of a compact resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Prefetch {
    names: Vec<Box<str>>,
}

/// The place of a member among the prefetched ones.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Slot(Option<u8>);

/// The values of one resource's prefetched members.
type Values<'r> = [Option<ValueRef<'r>>; MAX_PREFETCHED];

/// What is done with the path of a test and its slot.
pub(super) type Visit<'v> = dyn FnMut(&AttributeRef, &mut Slot) + 'v;

/// What a test takes values from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'s, 'r> {
    of: Of<'s, 'r>,
    /// The text that was folded last.
    pub(crate) folded: &'s Folded<'r>,
}

#[derive(Clone, Copy)]
enum Of<'s, 'r> {
    /// A resource, whose members are looked up one by one as far as they are not prefetched.
    Resource { resource: &'r Resource, prefetched: &'s [Option<ValueRef<'r>>] },
    /// An element that is an object.
    Element(ValueRef<'r>),
    /// An element that is a simple value.
    Simple(ValueRef<'r>),
}

/// What a path reaches in a source: a value, and what is left of the path in it.
#[derive(Clone, Copy)]
pub(crate) struct Reached<'p, 'r> {
    pub(crate) value: Option<ValueRef<'r>>,
    /// The sub-attribute that each value has to be asked for.
    sub: Option<&'p str>,
    /// Whether there may be several values.
    pub(crate) multi_valued: bool,
    /// What it costs to find the values in the text that holds them, in steps.
    pub(crate) steps: u64,
}

impl<'r> Reached<'_, 'r> {
    /// What the path has in one of the values.
    pub(crate) fn sub_in(self, value: ValueRef<'r>) -> Option<ValueRef<'r>> {
        match self.sub {
            Some(sub) => value.get(sub),
            None => Some(value),
        }
    }
}

impl<'s, 'r> Source<'s, 'r> {
    /// An element whose members are looked up one by one.
    pub(crate) fn element(element: ValueRef<'r>, folded: &'s Folded<'r>) -> Self {
        Self { of: Of::Element(element), folded }
    }

    /// An element that is a simple value.
    pub(crate) fn simple(value: ValueRef<'r>, folded: &'s Folded<'r>) -> Self {
        Self { of: Of::Simple(value), folded }
    }

    /// What a path reaches, if the budget allows to look for it.
    pub(crate) fn within<'p>(
        self,
        path: &'p AttributeRef,
        slot: Slot,
        budget: &Budget,
    ) -> Result<Reached<'p, 'r>, BudgetExceeded> {
        let reached = self.reach(path, slot);
        budget.spend(reached.steps)?;
        Ok(reached)
    }

    /// What a path reaches.
    fn reach<'p>(self, path: &'p AttributeRef, slot: Slot) -> Reached<'p, 'r> {
        let within = |value, leaf: &Attribute| Reached {
            value,
            sub: None,
            multi_valued: leaf.multi_valued(),
            steps: steps_through(value),
        };
        let (resource, prefetched) = match self.of {
            Of::Resource { resource, prefetched } => (resource, prefetched),
            Of::Element(element) => return within(path.sub().and_then(|sub| element.get(sub)), path.leaf()),
            Of::Simple(value) => return Reached { value: Some(value), sub: None, multi_valued: false, steps: 0 },
        };
        let member = match slot.0.and_then(|slot| prefetched.get(usize::from(slot))) {
            Some(member) => *member,
            None => resource.get(member(path)),
        };
        let (value, container) = match path.uri() {
            None => (member, None),
            Some(_) => (member.and_then(|container| container.get(path.name())), member),
        };
        let steps = steps_through(container) + steps_through(value);
        Reached { value, sub: path.sub(), multi_valued: path.attribute().multi_valued(), steps }
    }
}

impl Prefetch {
    /// Plans the walk for the tests that `each_path` visits, and tells each its slot. Value paths count as one look-up: their body
    /// runs over elements.
    pub(super) fn plan(each_path: &mut dyn FnMut(&mut Visit<'_>)) -> Self {
        let mut names: Vec<Box<str>> = Vec::new();
        each_path(&mut |path, _| names.push(member(path).into()));
        if names.len() < MIN_LOOK_UPS {
            each_path(&mut |_, slot| *slot = Slot::default());
            return Self::default();
        }
        names.sort_unstable_by(|a, b| member_order(a, b));
        names.dedup();
        names.truncate(MAX_PREFETCHED);
        each_path(&mut |path, slot| {
            let place = names.binary_search_by(|name| member_order(name, member(path))).ok();
            *slot = Slot(place.and_then(|place| u8::try_from(place).ok()));
        });
        Self { names }
    }

    /// Runs `test` over a resource, whose members are prefetched first where that pays.
    pub(crate) fn over<'r, T>(&self, resource: &'r Resource, test: impl FnOnce(Source<'_, 'r>) -> T) -> T {
        let folded = Folded::default();
        if self.names.is_empty() {
            return test(Source { of: Of::Resource { resource, prefetched: &[] }, folded: &folded });
        }
        let mut values: Values<'r> = [None; MAX_PREFETCHED];
        resource.get_all(&self.names, &mut values);
        test(Source { of: Of::Resource { resource, prefetched: &values }, folded: &folded })
    }
}

/// The member of the resource that a path starts at.
fn member(path: &AttributeRef) -> &str {
    path.uri().unwrap_or(path.name())
}

#[cfg(test)]
mod tests {
    use scim_core::{SchemaSet, Tolerance};
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::check;
    use crate::{Filter, Predicate};

    fn predicate(filter: &str) -> Predicate {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let filter: Filter = filter.parse().unwrap();
        check(&filter, user, &mut Tolerance::rfc()).unwrap()
    }

    const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn a_walk_finds_what_look_ups_find() {
        let terms = [
            "title pr".to_owned(),
            "emails.value eq \"a@x\"".to_owned(),
            "active eq false".to_owned(),
            "nickName eq \"n\"".to_owned(),
            "emails[type eq \"work\" and value sw \"b\"]".to_owned(),
            format!("{ENT}:department eq \"R\""),
            format!("{ENT} pr"),
            "userName eq \"zoe\"".to_owned(),
            "addresses pr".to_owned(),
        ];
        let resource: Resource = serde_json::from_value(json!({
            "userName": "zoe", "active": true, "emails": [{"type": "work", "value": "b@x"}], "zzz": 1,
            ENT: {"department": "R"}
        }))
        .unwrap();
        let together = predicate(&terms.join(" or "));
        assert!(!together.prefetched.names.is_empty());
        for term in &terms {
            // Each term alone decides a chain in which all others are negated or absent.
            let alone = predicate(term);
            assert!(term.starts_with(ENT) || alone.prefetched.names.is_empty());
            let others = "and not (displayName pr) and not (locale pr) and not (timezone pr) and not (photos pr) and \
                          not (ims pr) and not (profileUrl pr)";
            let chain = predicate(&format!("{term} {others}"));
            assert!(!chain.prefetched.names.is_empty());
            assert_eq!(chain.matches(&resource), alone.matches(&resource), "{term}");
            // Where nothing is prefetched, the slots count for nothing.
            let plain = Predicate { prefetched: Prefetch::default(), ..chain };
            assert_eq!(plain.matches(&resource), alone.matches(&resource), "{term}");
        }
        assert!(together.matches(&resource));
    }

    #[test]
    fn more_attributes_than_slots_are_looked_up() {
        let names: Vec<String> = (0..100).map(|index| format!("a{index:03}")).collect();
        let attributes: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        let schema = serde_json::from_value(json!({"id": "urn:e:1.0:T", "name": "T", "attributes": attributes}));
        let of = json!({"name": "T", "endpoint": "/Ts", "schema": "urn:e:1.0:T"});
        let schemas = SchemaSet::default().with([schema.unwrap()], [serde_json::from_value(of).unwrap()]).unwrap();
        let thing = schemas.of(&"T".into()).unwrap();
        let all = names.iter().map(|name| format!("{name} eq \"x\"")).collect::<Vec<_>>().join(" and ");
        let filter: Filter = all.parse().unwrap();
        let predicate = check(&filter, thing, &mut Tolerance::rfc()).unwrap();
        let full: Map<String, Value> = names.iter().map(|name| (name.clone(), "x".into())).collect();
        assert!(predicate.matches(&Resource::from_attributes(full.clone())));
        for name in &names {
            let mut less = full.clone();
            less.remove(name);
            assert!(!predicate.matches(&Resource::from_attributes(less)), "{name}");
        }
    }
}
