//! What each client or address may still do, in bounded memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

use crate::traffic::clock::Time;
use crate::traffic::rate::Rate;

/// How many budgets of their own are remembered at a time.
const MAX_OWN: usize = 1 << 16;

/// How many budgets all others share.
const SHARED: usize = 1 << 16;

/// How often those who are as new are forgotten, where there is no room for others.
const SWEEP: Duration = Duration::from_secs(1);

/// A budget for each key, all of one rate. A key is a hash that nobody can foretell.
pub(super) struct Budgets {
    limiter: RateLimiter<Asked, Table, Time, NoOpMiddleware<Nanos>>,
    clock: Time,
    /// When there was no room the last time, and some was made.
    swept: Mutex<Option<Nanos>>,
}

/// A question about a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    key: u64,
    /// Whether something is taken from it.
    takes: bool,
}

impl Budgets {
    pub(super) fn new(rate: Rate, clock: &Time) -> Self {
        let limiter = RateLimiter::new(rate.quota(), Table::default(), clock.clone());
        Self { limiter, clock: clock.clone(), swept: Mutex::default() }
    }

    /// Takes one from a budget. Where nothing is left: how long until there is.
    pub(super) fn take(&self, key: u64) -> Result<(), Duration> {
        if self.limiter.len() >= MAX_OWN {
            self.make_room();
        }
        self.ask(Asked { key, takes: true })
    }

    /// The same, and nothing is taken.
    pub(super) fn look(&self, key: u64) -> Result<(), Duration> {
        self.ask(Asked { key, takes: false })
    }

    fn ask(&self, asked: Asked) -> Result<(), Duration> {
        self.limiter.check_key(&asked).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets whose budgets are full again, now and then: looking at all of them takes a while.
    fn make_room(&self) {
        let now = self.clock.now();
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.is_none_or(|swept| Duration::from(now.duration_since(swept)) >= SWEEP) {
            *swept = Some(now);
            self.limiter.retain_recent();
        }
    }
}

/// The state of each budget: when it is full again, if nothing more is taken.
#[derive(Default)]
struct Table(Mutex<States>);

#[derive(Default)]
struct States {
    own: HashMap<u64, Nanos>,
    /// Those that have no room of their own, by their hash. There are none until then.
    shared: Vec<Option<Nanos>>,
}

impl Table {
    fn states(&self) -> MutexGuard<'_, States> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    /// The shared budget of a key, where it has none of its own and there is no room for one.
    fn shared(&mut self, key: u64) -> Option<&mut Option<Nanos>> {
        if self.own.len() < MAX_OWN || self.own.contains_key(&key) {
            return None;
        }
        self.shared.resize(SHARED, None);
        let place = usize::try_from(key % SHARED as u64).unwrap_or_default();
        self.shared.get_mut(place)
    }
}

impl StateStore for Table {
    type Key = Asked;

    fn measure_and_replace<T, F, E>(&self, asked: &Asked, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut states = self.states();
        if let Some(state) = states.shared(asked.key) {
            let (outcome, next) = measure(*state)?;
            if asked.takes {
                *state = Some(next);
            }
            return Ok(outcome);
        }
        let (outcome, next) = measure(states.own.get(&asked.key).copied())?;
        if asked.takes {
            states.own.insert(asked.key, next);
        }
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<Asked> for Table {
    fn retain_recent(&self, drop_below: Nanos) {
        self.states().own.retain(|_, state| *state > drop_below);
    }

    fn len(&self) -> usize {
        self.states().own.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgets").field("remembered", &self.limiter.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn budgets(rate: u32, burst: u32) -> (Budgets, FakeRelativeClock) {
        let (clock, number) = (FakeRelativeClock::default(), |number| NonZeroU32::new(number).unwrap());
        let time = Time::new({
            let clock = clock.clone();
            move || clock.now().into()
        });
        (Budgets::new(Rate::per_second(number(rate)).with_burst(number(burst)), &time), clock)
    }

    #[test]
    fn a_budget_is_a_burst_and_then_its_rate() {
        let (budgets, clock) = budgets(25, 50);
        assert_eq!((0..60).filter(|_| budgets.take(1).is_ok()).count(), 50);
        assert_eq!(budgets.take(1), Err(Duration::from_millis(40)));
        assert_eq!(budgets.take(2), Ok(()), "another has its own");
        clock.advance(Duration::from_millis(39));
        assert_eq!(budgets.take(1), Err(Duration::from_millis(1)), "what is refused takes nothing");
        clock.advance(Duration::from_millis(1));
        assert_eq!((budgets.take(1), budgets.take(1)), (Ok(()), Err(Duration::from_millis(40))));
        let taken = (0..1_000).filter(|_| {
            clock.advance(Duration::from_millis(4));
            budgets.take(1).is_ok()
        });
        assert_eq!(taken.count(), 100, "ten times as many as the rate for four seconds");
        clock.advance(Duration::from_secs(2));
        assert_eq!((0..60).filter(|_| budgets.take(1).is_ok()).count(), 50, "as new");
    }

    #[test]
    fn a_look_takes_nothing() {
        let (budgets, clock) = budgets(1, 2);
        assert!((0..10).all(|_| budgets.look(1).is_ok()));
        assert_eq!((budgets.take(1), budgets.take(1)), (Ok(()), Ok(())));
        assert_eq!((budgets.look(1), budgets.look(2)), (Err(Duration::from_secs(1)), Ok(())));
        clock.advance(Duration::from_secs(1));
        assert_eq!((budgets.look(1), budgets.look(1)), (Ok(()), Ok(())));
    }

    /// Keys as they are: of 100,000 and more addresses.
    fn flood(count: u64) -> Vec<u64> {
        let hasher = RandomState::new();
        (0..count).map(|address| hasher.hash_one(address)).collect()
    }

    #[test]
    fn a_flood_of_addresses_unlimits_nobody_and_locks_nobody_out() {
        let (budgets, clock) = budgets(20, 20);
        let known = flood(1)[0];
        assert!((0..20).all(|_| budgets.take(known).is_ok()));
        let addresses = flood(3 * MAX_OWN as u64);
        for address in &addresses {
            let _ = budgets.take(*address);
        }
        assert!(budgets.limiter.len() <= MAX_OWN + 1, "{}", budgets.limiter.len());
        assert!(budgets.take(known).is_err(), "its budget is remembered");
        // Two of three have no budget of their own. Each may do what one address may, or less.
        let last = *addresses.last().unwrap();
        assert!((0..100).filter(|_| budgets.take(last).is_ok()).count() < 20);
        // Somebody who comes now shares a budget with two of them on average, which leaves most of it to nearly everybody: with whom, a
        // hash tells that nobody can foretell.
        let served = flood(1_000).iter().filter(|newcomer| budgets.take(**newcomer).is_ok()).count();
        assert!(served >= 980, "{served} of 1,000 newcomers are served");
        // When they are gone, all are as new.
        clock.advance(Duration::from_secs(2));
        assert!((0..20).all(|_| budgets.take(last).is_ok()));
        assert_eq!(budgets.limiter.len(), 1);
    }
}
