//! In which order operations run so that each finds what it needs (RFC 7644 section 3.7.1).

#![expect(
    clippy::indexing_slicing,
    reason = "every index is an operation, and every table has an entry for each of them"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::components::components;

/// What an operation needs of another, or of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    /// The index of the other operation.
    pub(crate) on: usize,
    pub(crate) kind: NeedKind,
}

/// How firmly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NeedKind {
    /// The resource that the other creates exists. Where that cannot be, this operation runs without the values that refer
    /// to it, and is completed as soon as it exists.
    Deferrable,
    /// The other has run, and the resource that it creates exists.
    Exists,
    /// The other is done with, completed where it was deferred.
    Done,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The operation runs, without its references to the `deferred` ones.
    Run { operation: usize, deferred: Vec<usize> },
    /// The operation, which ran without some references, gets them.
    Complete(usize),
    /// The operation fails: it and others wait for each other.
    Refuse(usize),
}

/// Orders operations by what they need. Every operation is run or refused once, and those that run with something deferred
/// are completed once.
///
/// The order is that of the operations themselves, but for those that have to wait: an operation is put off, never brought
/// forward, until everything it needs is there (R213). Operations that need each other in a circle start at the first that
/// can run with something deferred (R214). Needs on operations that do not exist are ignored.
///
/// Time is linear in operations and needs but for the logarithm of a heap; nothing recurses.
pub(crate) fn order(mut needs: Vec<Vec<Need>>) -> Vec<Step> {
    let count = needs.len();
    for needs in &mut needs {
        needs.retain(|need| need.on < count);
        needs.sort_unstable();
        needs.dedup();
    }
    let refused = refuse_deadlocks(&mut needs);
    Schedule::new(needs, refused).run()
}

/// Refuses what no deferring can help: operations in a circle of firm needs. Those of the circle that need something behind
/// them are taken out, so that the rest can go forward. They are left without needs.
fn refuse_deadlocks(needs: &mut [Vec<Need>]) -> Vec<bool> {
    let firm = |need: &&Need| need.kind != NeedKind::Deferrable;
    let successors: Vec<Vec<usize>> =
        needs.iter().map(|needs| needs.iter().filter(firm).map(|need| need.on).collect()).collect();
    let component = components(&successors);
    let mut refused = vec![false; needs.len()];
    for (operation, needs) in needs.iter_mut().enumerate() {
        let stuck = |need: &Need| component[need.on] == component[operation] && need.on >= operation;
        if needs.iter().filter(firm).any(stuck) {
            refused[operation] = true;
            needs.clear();
        }
    }
    refused
}

/// Operations under way.
struct Schedule {
    needs: Vec<Vec<Need>>,
    component: Vec<usize>,
    refused: Vec<bool>,
    state: Vec<State>,
    /// The operations that wait for this one to exist, and whether they could defer it.
    on_existing: Vec<Vec<(usize, bool)>>,
    /// The operations that wait for this one to be done.
    on_done: Vec<Vec<usize>>,
    /// Operations that can run, and those that can be completed, the first ones first.
    ready: BinaryHeap<Reverse<(usize, bool)>>,
    /// Operations that wait only for what they can defer.
    deferrable: BinaryHeap<Reverse<usize>>,
    /// Operations that wait for the completion of another. Where nothing else can go on, that waits for them.
    stuck: BinaryHeap<Reverse<(usize, usize)>>,
    steps: Vec<Step>,
}

#[derive(Clone, Default)]
struct State {
    /// What has to be there before the operation runs.
    firm: usize,
    /// What else it would rather have; once it has run, what its completion waits for.
    soft: usize,
    started: bool,
    incomplete: bool,
}

impl Schedule {
    fn new(needs: Vec<Vec<Need>>, refused: Vec<bool>) -> Self {
        let successors: Vec<Vec<usize>> =
            needs.iter().map(|needs| needs.iter().map(|need| need.on).collect()).collect();
        let component = components(&successors);
        let mut schedule = Self {
            state: vec![State::default(); needs.len()],
            on_existing: vec![Vec::new(); needs.len()],
            on_done: vec![Vec::new(); needs.len()],
            ready: BinaryHeap::new(),
            deferrable: BinaryHeap::new(),
            stuck: BinaryHeap::new(),
            steps: Vec::with_capacity(needs.len()),
            needs: Vec::new(),
            component,
            refused,
        };
        for (operation, needs) in needs.iter().enumerate() {
            for need in needs {
                let soft = schedule.is_soft(operation, need);
                match need.kind {
                    NeedKind::Done => schedule.on_done[need.on].push(operation),
                    _ => schedule.on_existing[need.on].push((operation, soft)),
                }
                let state = &mut schedule.state[operation];
                if soft { state.soft += 1 } else { state.firm += 1 }
            }
        }
        schedule.needs = needs;
        schedule
    }

    /// Only what is on a circle with the operation is worth deferring; anything else comes if one waits.
    fn is_soft(&self, operation: usize, need: &Need) -> bool {
        need.kind == NeedKind::Deferrable && self.component[operation] == self.component[need.on]
    }

    fn run(mut self) -> Vec<Step> {
        for operation in 0..self.needs.len() {
            self.look_at(operation);
        }
        loop {
            if let Some(Reverse((operation, completes))) = self.ready.pop() {
                if completes {
                    self.state[operation].incomplete = false;
                    self.steps.push(Step::Complete(operation));
                    self.done(operation);
                } else {
                    self.start(operation);
                }
            } else if let Some(Reverse(operation)) = self.deferrable.pop() {
                if !self.state[operation].started {
                    self.start(operation);
                }
            } else if let Some(Reverse((operation, on))) = self.stuck.pop() {
                if !self.state[operation].started && self.state[on].incomplete {
                    self.refused[operation] = true;
                    self.start(operation);
                }
            } else {
                return self.steps;
            }
        }
    }

    /// Notes that the operation can run, if it can.
    fn look_at(&mut self, operation: usize) {
        let state = &self.state[operation];
        match (state.started, state.firm, state.soft) {
            (false, 0, 0) => self.ready.push(Reverse((operation, false))),
            (false, 0, _) => self.deferrable.push(Reverse(operation)),
            _ => {}
        }
    }

    fn start(&mut self, operation: usize) {
        let refused = self.refused[operation];
        let missing = |need: &&Need| !refused && self.is_soft(operation, need) && !self.state[need.on].started;
        let deferred: Vec<usize> = self.needs[operation].iter().filter(missing).map(|need| need.on).collect();
        let incomplete = !deferred.is_empty();
        let state = &mut self.state[operation];
        (state.started, state.incomplete) = (true, incomplete);
        self.steps.push(if refused { Step::Refuse(operation) } else { Step::Run { operation, deferred } });
        self.exists(operation);
        if incomplete {
            self.stuck.extend(self.on_done[operation].iter().map(|waiting| Reverse((*waiting, operation))));
        } else {
            self.done(operation);
        }
    }

    fn exists(&mut self, operation: usize) {
        for (waiting, soft) in std::mem::take(&mut self.on_existing[operation]) {
            let state = &mut self.state[waiting];
            if soft {
                state.soft -= 1;
            } else {
                state.firm -= 1;
            }
            if state.incomplete && state.soft == 0 {
                self.ready.push(Reverse((waiting, true)));
            }
            self.look_at(waiting);
        }
    }

    fn done(&mut self, operation: usize) {
        for waiting in std::mem::take(&mut self.on_done[operation]) {
            self.state[waiting].firm -= 1;
            self.look_at(waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn need(on: usize, kind: NeedKind) -> Need {
        Need { on, kind }
    }

    /// `3`, `3-1` (without what refers to 1), `+3` (completed), `!3` (refused).
    fn shown(needs: Vec<Vec<Need>>) -> String {
        let steps = order(needs).into_iter().map(|step| match step {
            Step::Run { operation, deferred } => {
                deferred.iter().fold(operation.to_string(), |text, on| format!("{text}-{on}"))
            }
            Step::Complete(operation) => format!("+{operation}"),
            Step::Refuse(operation) => format!("!{operation}"),
        });
        steps.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn r213_what_waits_for_nothing_keeps_its_place() {
        assert_eq!(shown(vec![vec![]; 4]), "0 1 2 3");
        let forward = vec![vec![need(2, NeedKind::Exists)], vec![], vec![], vec![need(0, NeedKind::Done)]];
        assert_eq!(shown(forward), "1 2 0 3");
    }

    #[test]
    fn r214_a_circle_starts_with_something_deferred_and_is_completed() {
        let pair = |kind| vec![vec![need(1, kind)], vec![need(0, kind)]];
        assert_eq!(shown(pair(NeedKind::Deferrable)), "0-1 1 +0");
        assert_eq!(shown(vec![vec![need(0, NeedKind::Deferrable)]]), "0-0 +0", "itself");
        let three = vec![
            vec![need(1, NeedKind::Deferrable), need(3, NeedKind::Deferrable)],
            vec![need(2, NeedKind::Deferrable)],
            vec![need(0, NeedKind::Deferrable)],
            vec![],
        ];
        assert_eq!(shown(three), "3 0-1 2 1 +0", "what is on no circle is waited for");
    }

    #[test]
    fn r214_the_side_that_can_be_deferred_is() {
        assert_eq!(shown(vec![vec![need(1, NeedKind::Exists)], vec![need(0, NeedKind::Deferrable)]]), "1-0 0 +1");
    }

    #[test]
    fn r214_a_circle_that_cannot_be_deferred_is_refused_where_it_looks_ahead() {
        assert_eq!(shown(vec![vec![need(1, NeedKind::Exists)], vec![need(0, NeedKind::Exists)], vec![]]), "!0 1 2");
        assert_eq!(shown(vec![vec![need(0, NeedKind::Exists)]]), "!0");
    }

    #[test]
    fn r214_what_waits_for_a_completion_that_waits_for_it_is_refused() {
        let needs = vec![
            vec![need(1, NeedKind::Done)],
            vec![need(2, NeedKind::Deferrable)],
            vec![need(0, NeedKind::Exists)],
            vec![need(2, NeedKind::Exists)],
        ];
        assert_eq!(shown(needs), "1-2 !0 2 +1 3");
    }

    #[test]
    fn what_follows_on_a_resource_waits_for_its_completion() {
        let needs = vec![
            vec![need(2, NeedKind::Deferrable)],
            vec![need(0, NeedKind::Done)],
            vec![need(0, NeedKind::Deferrable)],
        ];
        assert_eq!(shown(needs), "0-2 2 +0 1");
    }

    #[test]
    fn long_chains_and_circles_need_no_call_stack() {
        let count = 100_000;
        let ahead = |kind: NeedKind| (0..count).map(|i| vec![need((i + 1) % count, kind)]).collect::<Vec<_>>();
        let steps = order(ahead(NeedKind::Deferrable));
        assert_eq!(steps.len(), count + 1);
        assert_eq!(steps[0], Step::Run { operation: 0, deferred: vec![1] });
        assert_eq!(
            order(ahead(NeedKind::Exists)).iter().filter(|step| matches!(step, Step::Refuse(_))).count(),
            count - 1
        );
    }

    fn any_needs() -> impl Strategy<Value = Vec<Vec<Need>>> {
        let kind = prop_oneof![Just(NeedKind::Deferrable), Just(NeedKind::Exists), Just(NeedKind::Done)];
        let need = (0..14_usize, kind).prop_map(|(on, kind)| Need { on, kind });
        prop::collection::vec(prop::collection::vec(need, 0..4), 0..12)
    }

    proptest! {
        #[test]
        fn every_operation_runs_after_what_it_needs(needs in any_needs()) {
            let steps = order(needs.clone());
            let place = |wanted: &dyn Fn(&Step) -> bool| steps.iter().position(wanted);
            let runs = |on: usize| place(&|step| matches!(step, Step::Run { operation, .. } if *operation == on));
            let refused = |on: usize| place(&|step| *step == Step::Refuse(on));
            let completed = |on: usize| place(&|step| *step == Step::Complete(on));
            let known = |need: &&Need| need.on < needs.len();
            for (operation, needs) in needs.iter().enumerate() {
                prop_assert!(runs(operation).is_some() != refused(operation).is_some());
                let Some(at) = runs(operation) else { continue };
                let Some(Step::Run { deferred, .. }) = steps.get(at) else { continue };
                prop_assert_eq!(completed(operation).is_some(), !deferred.is_empty());
                for need in needs.iter().filter(known) {
                    let there = runs(need.on).or(refused(need.on)).unwrap();
                    match need.kind {
                        NeedKind::Deferrable if deferred.contains(&need.on) => {}
                        NeedKind::Done => prop_assert!(completed(need.on).unwrap_or(there) < at),
                        _ => prop_assert!(there < at),
                    }
                }
            }
            let total = steps.iter().filter(|step| !matches!(step, Step::Complete(_))).count();
            prop_assert_eq!(total, needs.len());
        }

        /// Without circles nothing is refused or deferred, whatever the order.
        #[test]
        fn what_can_be_satisfied_is(needs in any_needs(), order_of in Just((0..14_usize).collect::<Vec<_>>()).prop_shuffle()) {
            // Each operation needs only those of a lower rank: no circles.
            let rank = |operation: usize| order_of[operation];
            let acyclic: Vec<Vec<Need>> = needs
                .iter()
                .enumerate()
                .map(|(i, needs)| needs.iter().copied().filter(|need| rank(need.on) < rank(i)).collect())
                .collect();
            let plain = |step: &Step| matches!(step, Step::Run { deferred, .. } if deferred.is_empty());
            prop_assert!(order(acyclic).iter().all(plain));
        }

        /// Circles of what can be deferred are never refused.
        #[test]
        fn what_can_be_deferred_is_never_refused(needs in any_needs()) {
            let soft = |need: Need| Need { kind: NeedKind::Deferrable, ..need };
            let needs: Vec<Vec<Need>> =
                needs.into_iter().map(|needs| needs.into_iter().map(soft).collect()).collect();
            prop_assert!(!order(needs).iter().any(|step| matches!(step, Step::Refuse(_))));
        }
    }
}
