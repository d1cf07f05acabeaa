//! A bound on what the log says of clients that nobody knows.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::observe::ClientAddress;

/// How long the same is only counted once it was logged.
pub const LOG_LIMIT_PERIOD: Duration = Duration::from_secs(10);

/// How many addresses are counted apart. What comes from more than these is counted together.
pub const MAX_LOGGED_ADDRESSES: usize = 512;

/// Bounds the lines that clients without valid credentials can cause: of what happens again at the same address for the same
/// reason only the first occurrence is logged, the others are counted and summed up every [`LOG_LIMIT_PERIOD`].
///
/// The addresses of one IPv6 network of 64 bits count as one, because one host has them all. Memory is bounded by
/// [`MAX_LOGGED_ADDRESSES`]. There is no clock inside: sums are asked for, whenever something is about to be logged anyway.
///
/// [`ScimService`](crate::ScimService) has one of its own for refused authentication. A host that authenticates people itself
/// can have another.
///
/// ```
/// use std::time::Instant;
///
/// use scim_service::observe::{LOG_LIMIT_PERIOD, LogLimit};
///
/// let (limit, now) = (LogLimit::new(), Instant::now());
/// assert!(limit.admits(None, "the password is wrong", now));
/// assert!(!limit.admits(None, "the password is wrong", now), "counted, not logged");
/// let sums = limit.sums(now + LOG_LIMIT_PERIOD);
/// assert_eq!((sums[0].reason, sums[0].times), ("the password is wrong", 1));
/// ```
#[derive(Debug, Default)]
pub struct LogLimit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counted: HashMap<Key, Count>,
    /// When the next of them is due; until then nothing needs to be looked at.
    due: Option<Instant>,
}

/// What was not logged one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogSum {
    /// Where it came from, such as `192.0.2.7`, `2001:db8::/64` or `other addresses`; `None` where no address is known.
    pub source: Option<String>,
    /// What happened.
    pub reason: &'static str,
    /// How often it happened without being logged.
    pub times: u64,
    /// In how long a time, in whole seconds.
    pub seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: Source,
    reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    Unknown,
    /// As [`ClientAddress::network`] has it.
    Network(IpAddr),
    /// All that there was no room for.
    Others,
}

#[derive(Debug)]
struct Count {
    since: Instant,
    times: u64,
}

impl LogLimit {
    /// Nothing was logged yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether this is to be logged now. What is not is counted for [`sums`](Self::sums).
    pub fn admits(&self, address: Option<ClientAddress>, reason: &'static str, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = Key { source: Source::of(address), reason };
        if !state.counted.contains_key(&key) && state.counted.len() >= MAX_LOGGED_ADDRESSES {
            key.source = Source::Others;
        }
        if let Some(count) = state.counted.get_mut(&key) {
            count.times += 1;
            return false;
        }
        state.counted.insert(key, Count { since: now, times: 0 });
        state.due.get_or_insert(now + LOG_LIMIT_PERIOD);
        true
    }

    /// What was counted and is due to be logged: once for each period, as long as it goes on.
    pub fn sums(&self, now: Instant) -> Vec<LogSum> {
        let mut sums = Vec::new();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.due.is_none_or(|due| now < due) {
            return sums;
        }
        state.counted.retain(|key, count| {
            let elapsed = now.saturating_duration_since(count.since);
            if elapsed < LOG_LIMIT_PERIOD {
                return true;
            }
            if count.times == 0 {
                return false;
            }
            let (source, times, seconds) = (key.source.name(), count.times, elapsed.as_secs());
            sums.push(LogSum { source, reason: key.reason, times, seconds });
            *count = Count { since: now, times: 0 };
            true
        });
        state.due = state.counted.values().map(|count| count.since + LOG_LIMIT_PERIOD).min();
        sums
    }
}

impl Source {
    fn of(address: Option<ClientAddress>) -> Self {
        address.map_or(Self::Unknown, |address| Self::Network(address.network()))
    }

    fn name(self) -> Option<String> {
        match self {
            Self::Unknown => None,
            Self::Network(IpAddr::V4(address)) => Some(address.to_string()),
            Self::Network(IpAddr::V6(network)) => Some(format!("{network}/64")),
            Self::Others => Some("other addresses".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(limit: &LogLimit, address: &str, reason: &'static str, now: Instant) -> bool {
        limit.admits(Some(address.parse::<IpAddr>().unwrap().into()), reason, now)
    }

    #[test]
    fn x13_a_flood_is_one_line_and_one_sum_for_each_period() {
        let (limit, start) = (LogLimit::new(), Instant::now());
        let mut lines = 0;
        let mut sums = Vec::new();
        for millisecond in 0..30_000 {
            let now = start + Duration::from_millis(millisecond);
            sums.extend(limit.sums(now));
            lines += usize::from(admits(&limit, "192.0.2.7", "invalid", now));
        }
        let times: Vec<u64> = sums.iter().map(|sum| sum.times).collect();
        assert_eq!((lines, times), (1, vec![9_999, 10_000]));
        assert_eq!(sums[0].source.as_deref(), Some("192.0.2.7"));
        // Afterwards the rest is summed up, and the address is forgotten.
        let later = start + Duration::from_secs(40);
        assert_eq!(limit.sums(later).len(), 1);
        assert!(limit.sums(later + LOG_LIMIT_PERIOD).is_empty());
        assert!(limit.state.lock().unwrap().counted.is_empty());
        assert!(admits(&limit, "192.0.2.7", "invalid", later + LOG_LIMIT_PERIOD));
    }

    #[test]
    fn x13_reasons_and_addresses_are_counted_apart_and_a_network_of_64_bits_together() {
        let (limit, now) = (LogLimit::new(), Instant::now());
        assert!(admits(&limit, "192.0.2.7", "missing", now));
        assert!(admits(&limit, "192.0.2.7", "invalid", now));
        assert!(admits(&limit, "192.0.2.8", "invalid", now));
        assert!(limit.admits(None, "invalid", now));
        assert!(!admits(&limit, "::ffff:192.0.2.8", "invalid", now));
        assert!(admits(&limit, "2001:db8::1", "invalid", now));
        assert!(!admits(&limit, "2001:db8::2:3", "invalid", now));
        assert!(admits(&limit, "2001:db8:0:1::1", "invalid", now));
        let sums = limit.sums(now + LOG_LIMIT_PERIOD);
        let mut sources: Vec<_> = sums.iter().filter_map(|sum| sum.source.as_deref()).collect();
        sources.sort_unstable();
        assert_eq!(sources, ["192.0.2.8", "2001:db8::/64"]);
    }

    #[test]
    fn x13_a_flood_from_everywhere_needs_bounded_memory() {
        let (limit, now) = (LogLimit::new(), Instant::now());
        let lines = (0..100_000_u32).filter(|n| {
            let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            limit.admits(Some(address.into()), "invalid", now)
        });
        assert_eq!(lines.count(), MAX_LOGGED_ADDRESSES + 1);
        assert_eq!(limit.state.lock().unwrap().counted.len(), MAX_LOGGED_ADDRESSES + 1);
        let sums = limit.sums(now + LOG_LIMIT_PERIOD);
        assert_eq!(sums.len(), 1);
        assert_eq!((sums[0].source.as_deref(), sums[0].times), (Some("other addresses"), 99_487));
    }
}
