//! The keys of all issuers that clients have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::oauth::client::Clients;
use crate::oauth::jwt::{CachedKeys, KeyLocation};

/// The cached keys of each location. They outlast a change of the clients, except those of files, which are read anew then.
#[derive(Default)]
pub(super) struct ClientKeys {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clients: Option<Arc<Clients>>,
    caches: HashMap<KeyLocation, Arc<CachedKeys>>,
}

impl ClientKeys {
    /// The keys at a location that one of the clients names.
    pub(super) fn at(&self, location: &KeyLocation, clients: &Arc<Clients>) -> Arc<CachedKeys> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.clients.as_ref().is_some_and(|known| Arc::ptr_eq(known, clients)) {
            let is_named = |location: &KeyLocation| {
                clients.iter().any(|client| client.assertion().is_some_and(|assertion| assertion.keys == *location))
            };
            state.caches.retain(|location, _| matches!(location, KeyLocation::Url(_)) && is_named(location));
            state.clients = Some(clients.clone());
        }
        let new = || Arc::new(CachedKeys::new(location.clone()));
        state.caches.entry(location.clone()).or_insert_with(new).clone()
    }
}
