//! Which comparisons of a filter are taken together.

use std::collections::HashMap;

use scim_core::{Attribute, AttributeRef};

use crate::ast::Operator;
use crate::predicate::any_of::{AnyOf, key};
use crate::predicate::node::Node;
use crate::predicate::prefetch::Slot;
use crate::predicate::test::Test;

/// The same tree with tests taken together: those of an `or`, and those of an `and` that ask one value to differ from many.
/// `in_element`: the paths are about one element, not about all of a resource.
pub(crate) fn grouped(mut node: Node, in_element: bool) -> Node {
    group(&mut node, in_element);
    node
}

/// From the leaves up. A tree may be [as deep](crate::FilterLimits::MAX_DEPTH) as a thread's stack allows, so this frame is small.
fn group(node: &mut Node, in_element: bool) {
    match node {
        Node::Or(nodes) | Node::And(nodes) => {
            for node in nodes {
                group(node, in_element);
            }
        }
        Node::Not(inner) => return group(inner, in_element),
        _ => return,
    }
    group_children(node, in_element);
}

fn group_children(node: &mut Node, in_element: bool) {
    *node = match std::mem::replace(node, Node::Constant(false)) {
        Node::Or(nodes) => {
            let mut nodes = together(nodes, |_| true, Node::AnyOf);
            if nodes.len() == 1 { nodes.pop().unwrap_or(Node::Constant(false)) } else { Node::Or(nodes) }
        }
        Node::And(nodes) => {
            // Of a multi-valued attribute, `ne` asks for one element that differs: the elements may be others for each.
            let has_one_value = |path: &AttributeRef| {
                let multi_valued = |attribute: &Attribute| attribute.multi_valued();
                if in_element {
                    path.sub().is_none() || !multi_valued(path.leaf())
                } else {
                    path.sub().is_none() && !multi_valued(path.attribute())
                }
            };
            let excludes = |test: &Test| test.operator == Operator::Ne && has_one_value(&test.path);
            let differs = |any: AnyOf, slot| Node::Not(Box::new(Node::AnyOf(any.negated(), slot)));
            let mut nodes = together(nodes, excludes, differs);
            if nodes.len() == 1 { nodes.pop().unwrap_or(Node::Constant(true)) } else { Node::And(nodes) }
        }
        other => other,
    };
}

/// Puts one node in the place of all tests that are alike, where the first of them was.
fn together(nodes: Vec<Node>, fits: impl Fn(&Test) -> bool, join: impl Fn(AnyOf, Slot) -> Node) -> Vec<Node> {
    enum Part {
        Other(Node),
        Tests(Vec<Test>),
    }
    let mut places = HashMap::new();
    let mut parts: Vec<Part> = Vec::new();
    for node in nodes {
        let key = match &node {
            Node::Test(test, _) if fits(test) => key(test),
            _ => None,
        };
        match (node, key) {
            (Node::Test(test, _), Some(key)) => {
                let place = *places.entry(key).or_insert(parts.len());
                match parts.get_mut(place) {
                    Some(Part::Tests(tests)) => tests.push(test),
                    _ => parts.push(Part::Tests(vec![test])),
                }
            }
            (node, _) => parts.push(Part::Other(node)),
        }
    }
    let node = |part| match part {
        Part::Other(node) => node,
        Part::Tests(mut tests) => match (tests.len(), tests.first().map(|test| test.operator)) {
            (2.., Some(operator)) => join(AnyOf::new(tests, operator), Slot::default()),
            _ => tests.pop().map_or(Node::Constant(false), |test| Node::Test(test, Slot::default())),
        },
    };
    parts.into_iter().map(node).collect()
}
