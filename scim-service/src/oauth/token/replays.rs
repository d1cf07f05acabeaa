//! Assertions that were used already.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// How many assertions of one client are remembered at once. Only such as the client's issuer has signed are, and no client takes up the
/// room of another.
const MAX_REMEMBERED: usize = 100_000;

/// The ids of assertions that were used, until they would be refused anyway (RFC 7523 section 3, `jti`), by client.
#[derive(Debug, Default)]
pub(super) struct Replays {
    used: Mutex<HashMap<String, Used>>,
}

#[derive(Debug, Default)]
struct Used {
    ids: HashSet<[u8; 32]>,
    by_end: BTreeSet<(i64, [u8; 32])>,
}

/// Why an assertion cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replay {
    /// It was used before.
    Used,
    /// There is no room to remember it.
    Full,
}

impl Replays {
    /// Uses the assertion with this id, which is refused by itself from `ends` on, in seconds since 1970.
    pub(super) fn record(&self, client: &str, id: &str, ends: i64, now: DateTime<Utc>) -> Result<(), Replay> {
        let key: [u8; 32] = Sha256::digest(id).into();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let Used { ids, by_end } = used.entry(client.to_owned()).or_default();
        while let Some((_, ended)) = by_end.first().copied().filter(|(ends, _)| *ends <= now.timestamp()) {
            by_end.pop_first();
            ids.remove(&ended);
        }
        if ids.contains(&key) {
            return Err(Replay::Used);
        }
        if ids.len() >= MAX_REMEMBERED {
            return Err(Replay::Full);
        }
        ids.insert(key);
        by_end.insert((ends, key));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_is_used_once_and_forgotten_when_it_has_ended() {
        let (replays, at) = (Replays::default(), |seconds| DateTime::from_timestamp(seconds, 0).unwrap());
        assert_eq!(replays.record("a", "1", 100, at(0)), Ok(()));
        assert_eq!(replays.record("a", "1", 200, at(99)), Err(Replay::Used));
        assert_eq!(replays.record("b", "1", 100, at(99)), Ok(()), "ids are the issuer's own");
        assert_eq!(replays.record("a", "1", 300, at(100)), Ok(()), "the first has ended");
    }

    #[test]
    fn where_nothing_more_can_be_remembered_nothing_is_accepted() {
        let (replays, at) = (Replays::default(), |seconds| DateTime::from_timestamp(seconds, 0).unwrap());
        for id in 0..MAX_REMEMBERED {
            replays.record("a", &id.to_string(), 100, at(0)).unwrap();
        }
        assert_eq!(replays.record("a", "new", 100, at(99)), Err(Replay::Full));
        assert_eq!(replays.record("b", "new", 100, at(99)), Ok(()), "another client has room");
        assert_eq!(replays.record("a", "new", 200, at(100)), Ok(()));
    }
}
