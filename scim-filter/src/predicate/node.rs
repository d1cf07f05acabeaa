//! The tree of a checked filter.

use scim_core::AttributeRef;

use crate::predicate::any_of::AnyOf;
use crate::predicate::prefetch::{Slot, Visit};
use crate::predicate::test::Test;
use crate::predicate::view::SeenElement;

/// The tree behind both. Chains are flat: no `And` stands directly in an `And`, no `Or` in an `Or`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// What an attribute that the type lacks leaves of a test (R094).
    Constant(bool),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test(Test, Slot),
    /// Tests in an `or` that differ only in the text that they compare with.
    AnyOf(AnyOf, Slot),
    Presence(Presence, Slot),
    ValuePath {
        path: AttributeRef,
        slot: Slot,
        filter: Box<ElementPredicate>,
    },
}

/// A `pr` test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) path: AttributeRef,
    /// Sub-attributes that are never returned: they do not count, or `pr` would tell of them (R096).
    pub(crate) hidden: Vec<Box<str>>,
}

/// The body of a value path, resolved against the sub-attributes of one complex attribute. Made by
/// [`check_element`](crate::check_element).
#[derive(Clone, Debug, PartialEq)]
pub struct ElementPredicate {
    /// The attribute whose elements it is about.
    pub(crate) of: AttributeRef,
    pub(crate) node: Node,
    /// What is seen of an element beyond what is stored.
    pub(crate) seen: Option<SeenElement>,
    /// Whether the elements are simple values, which `value` names.
    pub(crate) simple: bool,
}

impl Node {
    /// Visits the path of every test, without the bodies of value paths.
    pub(crate) fn each_path(&mut self, visit: &mut Visit<'_>) {
        match self {
            Self::Constant(_) => {}
            Self::And(nodes) | Self::Or(nodes) => nodes.iter_mut().for_each(|node| node.each_path(visit)),
            Self::Not(node) => node.each_path(visit),
            Self::Test(test, slot) => visit(&test.path, slot),
            Self::AnyOf(any, slot) => any.path().into_iter().for_each(|path| visit(path, slot)),
            Self::Presence(presence, slot) => visit(&presence.path, slot),
            Self::ValuePath { path, slot, .. } => visit(path, slot),
        }
    }

    /// Everything that the node looks at.
    pub(crate) fn targets(&self) -> Vec<AttributeRef> {
        let mut found = Vec::new();
        self.add_targets(&mut found);
        found
    }

    /// The tests of the tree; those that are taken together count once.
    pub(super) fn tests(&self) -> u64 {
        match self {
            Self::Constant(_) => 0,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().map(Self::tests).sum(),
            Self::Not(node) => node.tests(),
            Self::Test(..) | Self::AnyOf(..) | Self::Presence(..) => 1,
            Self::ValuePath { filter, .. } => 1 + filter.node.tests(),
        }
    }

    pub(super) fn mentions(&self, attribute: &str) -> bool {
        match self {
            Self::Constant(_) => false,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(|node| node.mentions(attribute)),
            Self::Not(node) => node.mentions(attribute),
            Self::Test(test, _) => test.path.is_in(attribute),
            Self::AnyOf(any, _) => any.path().is_some_and(|path| path.is_in(attribute)),
            Self::Presence(presence, _) => presence.path.is_in(attribute),
            Self::ValuePath { path, .. } => path.is_in(attribute),
        }
    }

    fn add_targets(&self, found: &mut Vec<AttributeRef>) {
        match self {
            Self::Constant(_) => {}
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.add_targets(found)),
            Self::Not(node) => node.add_targets(found),
            Self::Test(test, _) => found.push(test.path.clone()),
            Self::AnyOf(any, _) => found.extend(any.path().cloned()),
            Self::Presence(presence, _) => found.push(presence.path.clone()),
            Self::ValuePath { path, filter, .. } => {
                found.push(path.clone());
                filter.node.add_targets(found);
            }
        }
    }
}
