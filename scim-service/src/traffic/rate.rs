//! How often something may happen.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;

/// The most that a rate or a burst can be: far more than a service answers, and few enough for times to stay times.
const MOST: NonZeroU32 = NonZeroU32::MIN.saturating_add(999_999);

/// How often something may happen, and how often at once after a pause.
///
/// ```
/// use std::num::NonZeroU32;
///
/// use scim_service::traffic::Rate;
///
/// let number = |number| NonZeroU32::new(number).unwrap();
/// // One request every 40 ms; after a pause of two seconds fifty at once.
/// let rate = Rate::per_second(number(25)).with_burst(number(50));
/// # let _ = rate;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    interval: Duration,
    burst: NonZeroU32,
}

impl Rate {
    /// So often a second, and as often at once. More than 1,000,000 count as 1,000,000.
    pub fn per_second(times: NonZeroU32) -> Self {
        Self::per(Duration::from_secs(1), times)
    }

    /// So often a minute, and as often at once. More than 1,000,000 count as 1,000,000.
    pub fn per_minute(times: NonZeroU32) -> Self {
        Self::per(Duration::from_mins(1), times)
    }

    fn per(period: Duration, times: NonZeroU32) -> Self {
        let times = times.min(MOST);
        Self { interval: period / times.get(), burst: times }
    }

    /// The same, so often at once after a pause that was long enough. More than 1,000,000 count as 1,000,000.
    #[must_use]
    pub fn with_burst(self, times: NonZeroU32) -> Self {
        Self { burst: times.min(MOST), ..self }
    }

    pub(super) fn quota(self) -> Quota {
        let quota = Quota::with_period(self.interval).unwrap_or(Quota::per_second(self.burst));
        quota.allow_burst(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_an_interval_and_a_burst() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let quota = Rate::per_second(number(25)).with_burst(number(50)).quota();
        assert_eq!((quota.replenish_interval(), quota.burst_size()), (Duration::from_millis(40), number(50)));
        let quota = Rate::per_minute(number(10)).quota();
        assert_eq!((quota.replenish_interval(), quota.burst_size()), (Duration::from_secs(6), number(10)));
        let quota = Rate::per_second(NonZeroU32::MAX).with_burst(NonZeroU32::MAX).quota();
        assert_eq!((quota.replenish_interval(), quota.burst_size()), (Duration::from_micros(1), MOST));
    }
}
