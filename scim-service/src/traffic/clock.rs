//! The time that limits go by.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use governor::clock::Clock;
use governor::nanos::Nanos;

/// The last moment that is told apart from the next, in nanoseconds: after 146 years. Half of what there is, so that nothing that is
/// added to it is too much.
const LAST: u64 = u64::MAX / 4;

/// A clock of the host, or the system's. It goes forward alone.
#[derive(Clone)]
pub(super) struct Time(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Time {
    pub(super) fn new(since: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(since))
    }

    pub(super) fn of_system() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }
}

impl Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        u64::try_from((self.0)().as_nanos()).unwrap_or(LAST).min(LAST).into()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&Clock::now(self)).finish()
    }
}
