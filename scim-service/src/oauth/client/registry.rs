//! The clients that count at the moment.

use std::sync::{Arc, PoisonError, RwLock};

use crate::oauth::client::clients::Clients;

/// The registered clients, shared by the token endpoint and the authenticator, and replaceable while both are in use.
///
/// ```
/// use scim_service::oauth::{ClientRegistry, Clients};
///
/// let registry = ClientRegistry::new(Clients::default());
/// // Later, when the file has changed: from the next request on these are the clients, and no token of others is accepted.
/// registry.replace(Clients::default());
/// ```
#[derive(Clone, Debug)]
pub struct ClientRegistry {
    current: Arc<RwLock<Arc<Clients>>>,
}

impl ClientRegistry {
    /// A registry with these clients.
    pub fn new(clients: Clients) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(clients))) }
    }

    /// Puts other clients in the place of those that are there. Access tokens of clients that are gone, or have lost a scope that
    /// the token names, are refused from now on.
    pub fn replace(&self, clients: Clients) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(clients);
    }

    /// The clients at the moment.
    pub fn current(&self) -> Arc<Clients> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
