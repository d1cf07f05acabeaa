//! How many requests of a client are under way.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places for the requests of each client. A client without requests takes no memory.
#[derive(Debug)]
pub(super) struct Places {
    most: NonZeroUsize,
    taken: Mutex<HashMap<u64, usize>>,
}

/// The place of a request, which is free again once this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    key: u64,
}

impl Places {
    pub(super) fn new(most: NonZeroUsize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<u64, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more request, if there is one.
    pub(super) fn take(self: &Arc<Self>, key: u64) -> Option<Place> {
        let mut taken = self.taken();
        let count = taken.entry(key).or_default();
        if *count >= self.most.get() {
            return None;
        }
        *count += 1;
        Some(Place { places: self.clone(), key })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_and_nothing_is_remembered() {
        let places = Places::new(NonZeroUsize::new(2).unwrap());
        let (first, second) = (places.take(1).unwrap(), places.take(1).unwrap());
        assert!(places.take(1).is_none());
        let other = places.take(2).unwrap();
        drop(first);
        let third = places.take(1).unwrap();
        assert!(places.take(1).is_none());
        drop((second, third, other));
        assert!(places.taken().is_empty());
    }
}
