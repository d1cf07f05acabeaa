//! All connections of a server, and which of them has to go.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use scim_service::observe::ClientAddress;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::activity::Activity;
use super::limits::ConnectionLimits;

/// How long a new connection waits for a place. One that was closed to make room takes microseconds to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connections of a server.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    limits: Arc<ConnectionLimits>,
    /// One permit for each place. A connection has it until it is really closed.
    places: Arc<Semaphore>,
    table: Arc<Mutex<Table>>,
}

/// The connections by the order of their coming. A number is given once.
#[derive(Debug, Default)]
struct Table {
    last: u64,
    entries: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    network: IpAddr,
    activity: Arc<Activity>,
    task: Option<AbortHandle>,
}

/// The place of a connection. It is free again once this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    connections: Connections,
    activity: Arc<Activity>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(limits: Arc<ConnectionLimits>) -> Self {
        let places = Arc::new(Semaphore::new(limits.max_connections));
        Self { limits, places, table: Arc::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection with `peer`. Where there is none, the oldest connection that is not being served is closed;
    /// where all are, the new one waits for a moment. `trusted` peers may have all places.
    pub(super) async fn place(&self, peer: IpAddr, trusted: bool) -> Option<Place> {
        let network = ClientAddress::from(peer).network();
        let at_limit = || {
            let table = self.table();
            let of_network = table.entries.values().filter(|entry| entry.network == network).count();
            of_network >= self.limits.max_connections_per_address
        };
        if !trusted && at_limit() && !self.evict(|entry| entry.network == network) {
            return None;
        }
        if self.table().entries.len() >= self.limits.max_connections {
            self.evict(|_| true);
        }
        // The one that was closed ends in a moment; where all are being served, one of them may.
        let permit = timeout(PATIENCE, self.places.clone().acquire_owned()).await.ok()?.ok()?;
        let activity = Arc::new(Activity::new());
        let mut table = self.table();
        table.last = table.last.wrapping_add(1);
        let number = table.last;
        table.entries.insert(number, Entry { network, activity: activity.clone(), task: None });
        drop(table);
        Some(Place { number, connections: self.clone(), activity, _permit: permit })
    }

    /// Closes one connection of those that `which` selects, and says whether there was one.
    fn evict(&self, which: impl Fn(&Entry) -> bool) -> bool {
        let entries = &mut self.table().entries;
        let candidates = entries.iter().filter(|(_, entry)| entry.task.is_some() && which(entry));
        let first = candidates
            .filter_map(|(number, entry)| entry.activity.expendable().map(|order| (order, *number)))
            .min()
            .map(|(_, number)| number);
        let evicted = first.and_then(|number| entries.remove(&number)).and_then(|entry| entry.task);
        if let Some(task) = &evicted {
            task.abort();
        }
        evicted.is_some()
    }

    /// Closes the connections whose clients have taken too long.
    pub(super) fn close_overdue(&self, now: Instant) {
        self.table().entries.retain(|_, entry| {
            let overdue = entry.task.as_ref().filter(|_| entry.activity.is_overdue(&self.limits, now));
            overdue.inspect(|task| task.abort()).is_none()
        });
    }
}

impl Place {
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Runs a connection in this place, until it ends or has to go.
    pub(super) fn spawn(self, connection: impl Future<Output = ()> + Send + 'static) {
        let (number, connections) = (self.number, self.connections.clone());
        let task = tokio::spawn(async move {
            connection.await;
            drop(self);
        });
        if let Some(entry) = connections.table().entries.get_mut(&number) {
            entry.task = Some(task.abort_handle());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.table().entries.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::super::activity::Serving;
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn connections(flags: &[&str]) -> Connections {
        Connections::new(Arc::new(ConnectionLimits::from_flags(flags)))
    }

    /// Takes a place and stays there. What the connection does can be told from outside.
    async fn stay(connections: &Connections, peer: IpAddr) -> Option<Arc<Activity>> {
        let place = connections.place(peer, false).await?;
        let activity = place.activity().clone();
        place.spawn(pending());
        Some(activity)
    }

    /// Whose connections still have their place.
    fn left(connections: &Connections) -> Vec<u64> {
        connections.table().entries.keys().copied().collect()
    }

    #[tokio::test]
    async fn x5_where_all_places_are_taken_the_oldest_that_waits_for_a_head_goes() {
        let connections = connections(&["--max-connections", "3"]);
        let first = stay(&connections, ONE).await.unwrap();
        let _ = stay(&connections, ONE).await.unwrap();
        let third = stay(&connections, OTHER).await.unwrap();
        // The first has been served and waits for its next request.
        drop(Serving::new(first.clone()));
        let _ = stay(&connections, ONE).await.unwrap();
        assert_eq!(left(&connections), [1, 3, 4], "the second was the oldest without a request");
        let serving = Serving::new(third);
        let _ = stay(&connections, ONE).await.unwrap();
        assert_eq!(left(&connections), [1, 3, 5]);
        let _ = stay(&connections, ONE).await.unwrap();
        drop(serving);
        assert_eq!(left(&connections), [1, 3, 6]);
    }

    #[tokio::test]
    async fn x5_a_connection_that_is_served_keeps_its_place() {
        let connections = connections(&["--max-connections", "2"]);
        let (a, b) = (stay(&connections, ONE).await.unwrap(), stay(&connections, OTHER).await.unwrap());
        let serving = (Serving::new(a), Serving::new(b));
        assert!(stay(&connections, ONE).await.is_none());
        drop(serving);
        assert!(stay(&connections, ONE).await.is_some());
    }

    #[tokio::test]
    async fn x5_an_address_takes_places_from_itself_alone() {
        let connections = connections(&["--max-connections", "10", "--max-connections-per-address", "2"]);
        let _ = stay(&connections, OTHER).await.unwrap();
        for _ in 0..20 {
            let _ = stay(&connections, ONE).await.unwrap();
        }
        assert_eq!(left(&connections), [1, 20, 21]);
        let trusted = connections.place(ONE, true).await.unwrap();
        assert_eq!(left(&connections), [1, 20, 21, 22]);
        drop(trusted);
        assert_eq!(left(&connections), [1, 20, 21]);
    }

    #[tokio::test]
    async fn x5_what_takes_too_long_is_closed() {
        let connections = connections(&["--head-timeout", "10", "--idle-timeout", "75"]);
        let [_, idle, serving, blocked] = [
            stay(&connections, ONE).await.unwrap(),
            stay(&connections, ONE).await.unwrap(),
            stay(&connections, ONE).await.unwrap(),
            stay(&connections, ONE).await.unwrap(),
        ];
        drop(Serving::new(idle));
        let _serving = [Serving::new(serving), Serving::new(blocked.clone())];
        blocked.sent(false);
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        connections.close_overdue(after(9));
        assert_eq!(left(&connections), [1, 2, 3, 4]);
        connections.close_overdue(after(11));
        assert_eq!(left(&connections), [2, 3, 4], "no head came");
        connections.close_overdue(after(76));
        assert_eq!(left(&connections), [3], "nothing moved on the second, and the fourth did not take its answer");
    }
}
