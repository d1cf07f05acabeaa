//! The limits, and what they are asked.

use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::context::Principal;
use crate::observe::ClientAddress;
use crate::traffic::budgets::Budgets;
use crate::traffic::clock::Time;
use crate::traffic::places::{Place, Places};
use crate::traffic::rate::Rate;
use crate::wire::Excess;

/// After how long a client comes again that has too many requests under way: nobody knows when the first of them ends.
const AGAIN: Duration = Duration::from_secs(1);

/// How many requests clients and addresses may send. Nothing is limited that is not set.
///
/// Clones count together: give one to the service and one to the token endpoint. The [module](crate::traffic) says what counts, and
/// shows them in use.
#[derive(Clone, Debug)]
pub struct TrafficLimits {
    clock: Time,
    hasher: RandomState,
    clients: Option<Arc<Budgets>>,
    addresses: Option<Arc<Budgets>>,
    failures: Option<Arc<Budgets>>,
    places: Option<Arc<Places>>,
}

impl Default for TrafficLimits {
    fn default() -> Self {
        Self::new()
    }
}

impl TrafficLimits {
    /// No limits yet, by the clock of the system.
    pub fn new() -> Self {
        Self::of_time(Time::of_system())
    }

    /// No limits yet, by a clock that says how much time has gone by since a moment that stays the same: for tests.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use std::time::Duration;
    ///
    /// use scim_service::traffic::TrafficLimits;
    ///
    /// let seconds = Arc::new(AtomicU64::new(0));
    /// let clock = seconds.clone();
    /// let limits = TrafficLimits::by_clock(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
    /// seconds.fetch_add(10, Ordering::Relaxed);
    /// # let _ = limits;
    /// ```
    pub fn by_clock(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self::of_time(Time::new(elapsed))
    }

    fn of_time(clock: Time) -> Self {
        Self { clock, hasher: RandomState::new(), clients: None, addresses: None, failures: None, places: None }
    }

    /// So many requests of each client.
    #[must_use]
    pub fn with_rate_per_client(self, rate: Rate) -> Self {
        Self { clients: Some(Arc::new(Budgets::new(rate, &self.clock))), ..self }
    }

    /// So many requests from each address, whoever sends them.
    #[must_use]
    pub fn with_rate_per_address(self, rate: Rate) -> Self {
        Self { addresses: Some(Arc::new(Budgets::new(rate, &self.clock))), ..self }
    }

    /// So many refused credentials from each address. After that, the address is refused before anybody looks at the credentials that
    /// it sends, right or wrong, until there would be room for one more.
    ///
    /// What is being looked at meanwhile is not stopped: an address can try once more with each request that it has under way.
    #[must_use]
    pub fn with_failed_authentications(self, rate: Rate) -> Self {
        Self { failures: Some(Arc::new(Budgets::new(rate, &self.clock))), ..self }
    }

    /// So many requests of each client at a time. One is over when it is answered, or its future is dropped.
    #[must_use]
    pub fn with_concurrency_per_client(self, requests: NonZeroUsize) -> Self {
        Self { places: Some(Places::new(requests)), ..self }
    }

    /// A request has come from an address.
    pub(crate) fn admit_address(&self, address: Option<ClientAddress>) -> Result<(), Excess> {
        let Some(addresses) = &self.addresses else { return Ok(()) };
        excess(addresses.take(self.address(address)), "too many requests from this address")
    }

    /// Credentials from an address are about to be looked at.
    pub(crate) fn admit_credentials(&self, address: Option<ClientAddress>) -> Result<(), Excess> {
        let Some(failures) = &self.failures else { return Ok(()) };
        excess(failures.look(self.address(address)), "too many failed authentications from this address")
    }

    /// Credentials from an address were refused.
    pub(crate) fn note_failure(&self, address: Option<ClientAddress>) {
        if let Some(failures) = &self.failures {
            // Where nothing is left the address is refused anyway.
            let _ = failures.take(self.address(address));
        }
    }

    /// A request of a client has come, which stays until the place is dropped.
    pub(crate) fn admit_request(&self, client: &Principal) -> Result<Option<Place>, Excess> {
        let place = match &self.places {
            Some(places) => {
                let reason = "too many requests of this client at a time";
                Some(places.take(self.client(client)).ok_or(Excess { reason, retry_after: AGAIN })?)
            }
            None => None,
        };
        self.admit_client(client)?;
        Ok(place)
    }

    /// The same, for what takes no time.
    pub(crate) fn admit_client(&self, client: &Principal) -> Result<(), Excess> {
        let Some(clients) = &self.clients else { return Ok(()) };
        excess(clients.take(self.client(client)), "too many requests of this client")
    }

    fn client(&self, client: &Principal) -> u64 {
        self.key((client.name(), client.tenant()))
    }

    fn address(&self, address: Option<ClientAddress>) -> u64 {
        self.key(address.map(ClientAddress::network))
    }

    /// What clients and addresses are told apart by: of one length whatever theirs, and known to nobody outside.
    fn key(&self, of: impl Hash) -> u64 {
        self.hasher.hash_one(of)
    }
}

fn excess(outcome: Result<(), Duration>, reason: &'static str) -> Result<(), Excess> {
    outcome.map_err(|retry_after| Excess { reason, retry_after })
}
