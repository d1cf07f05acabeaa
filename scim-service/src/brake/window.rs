//! What was done in a time that slides.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::brake::kind::{Kind, Tally};

/// In how many parts a window slides: what is older than it counts for at most one part longer.
const PARTS: i64 = 32;

/// Counts of each kind in the last while, in bounded memory.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// How long a part is, in milliseconds.
    part: i64,
    parts: VecDeque<Part>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    index: i64,
    counts: [Count; Kind::ALL.len()],
}

/// How often, and when for the first and the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) number: u64,
    pub(super) times: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Count {
    fn and(self, other: Self) -> Self {
        let times = match (self.times, other.times) {
            (Some((first, last)), Some((other_first, other_last))) => {
                Some((first.min(other_first), last.max(other_last)))
            }
            (times, None) | (None, times) => times,
        };
        Self { number: self.number.saturating_add(other.number), times }
    }
}

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        let millis = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        Self { part: (millis / PARTS).max(1), parts: VecDeque::new() }
    }

    /// Counts what was done.
    pub(super) fn add(&mut self, tally: Tally, now: DateTime<Utc>) {
        self.slide(now);
        let index = self.index(now);
        // A clock that goes back, or a request that waited, counts in the last part.
        if self.parts.back().is_none_or(|part| part.index < index) {
            self.parts.push_back(Part { index, ..Part::default() });
        }
        let Some(part) = self.parts.back_mut() else { return };
        for (kind, count) in Kind::ALL.into_iter().zip(&mut part.counts) {
            let number = tally.get(kind);
            if number > 0 {
                *count = count.and(Count { number, times: Some((now, now)) });
            }
        }
    }

    /// What was done of a kind.
    pub(super) fn count(&mut self, kind: Kind, now: DateTime<Utc>) -> Count {
        self.slide(now);
        let counts = self.parts.iter().filter_map(|part| part.counts.get(kind as usize).copied());
        counts.fold(Count::default(), Count::and)
    }

    pub(super) fn is_empty(&mut self, now: DateTime<Utc>) -> bool {
        self.slide(now);
        self.parts.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.parts.clear();
    }

    fn index(&self, now: DateTime<Utc>) -> i64 {
        now.timestamp_millis().div_euclid(self.part)
    }

    fn slide(&mut self, now: DateTime<Utc>) {
        let oldest = self.index(now).saturating_sub(PARTS);
        while self.parts.front().is_some_and(|part| part.index < oldest) {
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn one(kind: Kind) -> Tally {
        let mut tally = Tally::default();
        tally.add(kind, 1);
        tally
    }

    #[test]
    fn what_is_older_than_the_window_no_longer_counts() {
        let (mut window, start) = (Window::new(Duration::from_hours(1)), Utc::now());
        let at = |seconds| start + TimeDelta::seconds(seconds);
        for second in [0, 10, 1_800] {
            window.add(one(Kind::Deletions), at(second));
        }
        assert_eq!(window.count(Kind::Creations, at(1_800)).number, 0);
        let all = window.count(Kind::Deletions, at(3_600));
        assert_eq!((all.number, all.times), (3, Some((at(0), at(1_800)))));
        assert_eq!(window.count(Kind::Deletions, at(3_600 + 10 + 2 * 113)).number, 1);
        assert!(!window.is_empty(at(1_800 + 3_599)));
        assert!(window.is_empty(at(1_800 + 3_600 + 2 * 113)));
    }

    #[test]
    fn memory_does_not_grow_with_what_is_done() {
        let (mut window, start) = (Window::new(Duration::from_mins(1)), Utc::now());
        for millisecond in 0..100_000 {
            window.add(one(Kind::Creations), start + TimeDelta::milliseconds(millisecond));
        }
        assert!(window.parts.len() <= 34, "{}", window.parts.len());
        let number = window.count(Kind::Creations, start + TimeDelta::milliseconds(100_000)).number;
        assert!((60_000..=62_000).contains(&number), "{number}");
    }

    #[test]
    fn a_clock_that_goes_back_loses_nothing() {
        let (mut window, start) = (Window::new(Duration::from_mins(1)), Utc::now());
        window.add(one(Kind::Creations), start);
        window.add(one(Kind::Creations), start - TimeDelta::seconds(300));
        assert_eq!(window.count(Kind::Creations, start).number, 2);
    }
}
