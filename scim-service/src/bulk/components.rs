//! Which nodes of a graph are on cycles together: its strongly connected components.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

/// The number of the component of each node. Two nodes have the same number where each can be reached from the other.
///
/// Linear in nodes and edges. The algorithm is one without recursion: a client chooses the graph, so its depth must not become
/// that of the call stack.
pub(super) fn components(successors: &[Vec<usize>]) -> Vec<usize> {
    let mut graph = DiGraph::<(), (), usize>::with_capacity(successors.len(), successors.iter().map(Vec::len).sum());
    let nodes: Vec<_> = successors.iter().map(|_| graph.add_node(())).collect();
    for (from, successors) in nodes.iter().zip(successors) {
        graph.extend_with_edges(successors.iter().filter_map(|to| Some((*from, *nodes.get(*to)?))));
    }
    let mut component = vec![0; successors.len()];
    for (number, members) in kosaraju_scc(&graph).into_iter().enumerate() {
        for member in members {
            if let Some(component) = component.get_mut(member.index()) {
                *component = number;
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_on_a_cycle_share_a_component() {
        // 0 -> 1 -> 2 -> 0, 2 -> 3, 3 <-> 4, 5 alone with a loop.
        let found = components(&[vec![1], vec![2], vec![0, 3], vec![4], vec![3], vec![5]]);
        assert!(found[0] == found[1] && found[1] == found[2]);
        assert_eq!(found[3], found[4]);
        assert_ne!(found[0], found[3]);
        assert!(found[5] != found[0] && found[5] != found[3]);
    }

    #[test]
    fn a_chain_of_a_million_nodes_needs_no_call_stack() {
        let last = 999_999;
        let chain: Vec<Vec<usize>> =
            (0..=last).map(|node| if node == last { vec![0] } else { vec![node + 1] }).collect();
        assert!(components(&chain).iter().all(|component| *component == 0));
    }
}
