//! Which nodes of a graph are on cycles together: its strongly connected components.

#![expect(clippy::indexing_slicing, reason = "every index is a node, and every table has an entry for each node")]

/// The number of the component of each node. Two nodes have the same number where each can be reached from the other.
///
/// `successors` names only nodes of the graph. Tarjan's algorithm with a stack of its own: a client chooses the graph, so its
/// depth must not become that of the call stack. Linear in nodes and edges.
pub(super) fn components(successors: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let mut index = vec![NONE; successors.len()];
    let mut low = vec![NONE; successors.len()];
    let mut component = vec![NONE; successors.len()];
    let (mut indices, mut components) = (0, 0);
    // Nodes that belong to no component yet, and the nodes under visit with how many successors were looked at.
    let mut waiting = Vec::new();
    let mut path = Vec::new();
    for root in 0..successors.len() {
        if index[root] == NONE {
            path.push((root, 0));
        }
        while let Some((node, seen)) = path.pop() {
            if index[node] == NONE {
                index[node] = indices;
                low[node] = indices;
                indices += 1;
                waiting.push(node);
            }
            if let Some(&to) = successors[node].get(seen) {
                path.push((node, seen + 1));
                if index[to] == NONE {
                    path.push((to, 0));
                } else if component[to] == NONE {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            if low[node] == index[node] {
                while let Some(member) = waiting.pop() {
                    component[member] = components;
                    if member == node {
                        break;
                    }
                }
                components += 1;
            }
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[node]);
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
