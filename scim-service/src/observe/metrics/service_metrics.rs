//! The observer that measures.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Label, SharedString, counter};
use scim_core::ResourceTypeName;

use crate::change::Change;
use crate::context::{Context, Principal};
use crate::observe::metrics::by_change::{ChangeKind, counted};
use crate::observe::metrics::metric::{ATTEMPTS, CHANGES, METRICS, Metric, OPERATION_ERRORS, QUIRKS, REFUSALS};
use crate::observe::metrics::record::{DeprovisionedAttempt, attempted, request_served};
use crate::observe::{Observer, Served};

/// How many clients are told apart in labels. Those beyond are `_OTHER`: an issuer outside could name any number.
pub const MAX_MEASURED_CLIENTS: usize = 256;

/// The client of whoever is one too many.
const OTHER: &str = "_OTHER";

/// Why a request was refused for who sent it, or how many there were. Other errors are in `error.type` of the duration.
const REASONS: [&str; 5] = ["unauthenticated", "insufficient_scope", "denied", "rate_limited", "held"];

/// Measures requests and writes: an [`Observer`] for the service and its store.
///
/// Make it once the recorder is installed: it describes the [metrics](METRICS), and begins those at 0 whose first event would
/// otherwise be missed, because Prometheus sees no growth in a series that was not there before.
///
/// ```
/// use std::sync::Arc;
///
/// use scim_core::SchemaSet;
/// use scim_service::observe::ObservedStore;
/// use scim_service::observe::metrics::ServiceMetrics;
/// use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
///
/// let measures = Arc::new(ServiceMetrics::new().with_protected_roles(|role| role == "Admin"));
/// measures.introduce("okta");
/// let service = ScimService::new(
///     ObservedStore::new(MemoryStore::new(), measures.clone()),
///     SchemaSet::builtin(),
///     ServiceConfig::new("https://example.com/scim/v2")?,
///     BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("okta"))?,
/// )
/// .with_observer(measures);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ServiceMetrics {
    clients: Mutex<BTreeSet<Arc<str>>>,
    is_protected: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

impl ServiceMetrics {
    /// Measures, and takes no role for protected.
    pub fn new() -> Self {
        METRICS.iter().for_each(Metric::describe);
        for attempt in DeprovisionedAttempt::ALL {
            counter!(ATTEMPTS, "attempt" => attempt.as_str()).increment(0);
        }
        counter!(REFUSALS, "reason" => "unauthenticated").increment(0);
        Self { clients: Mutex::default(), is_protected: Box::new(|_| false) }
    }

    /// Says which roles are protected, by their names: their grants are a kind of change of their own.
    #[must_use]
    pub fn with_protected_roles(self, is_protected: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { is_protected: Box::new(is_protected), ..self }
    }

    /// Begins the series of a client at 0. A host does so for each client that it knows; any other is met with its first request.
    pub fn introduce(&self, client: &str) {
        self.label_of(client);
    }

    /// What a client is called in labels.
    fn label_of(&self, client: &str) -> SharedString {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients.get(client) {
            return known.clone().into();
        }
        let name: Arc<str> = if clients.len() < MAX_MEASURED_CLIENTS { client.into() } else { OTHER.into() };
        if clients.insert(name.clone()) {
            begin(&name);
        }
        name.into()
    }
}

/// Begins the series of a client whose growth is watched.
fn begin(client: &Arc<str>) {
    let types = [ResourceTypeName::user(), ResourceTypeName::group()];
    for kind in ChangeKind::ALL {
        for of in types.iter().filter(|of| kind.concerns(of)) {
            let (of, client) = (of.as_str().to_owned(), SharedString::from(client.clone()));
            counter!(CHANGES, "kind" => kind.as_str(), "resource_type" => of, "client" => client).increment(0);
        }
    }
    for reason in REASONS.into_iter().skip(1) {
        counter!(REFUSALS, "reason" => reason, "client" => SharedString::from(client.clone())).increment(0);
    }
}

/// Counts what was refused, where it was for who sent it or how many there were.
fn refused(error: &'static str, client: Option<&SharedString>) {
    if REASONS.contains(&error) {
        series(REFUSALS, ("reason", error.into()), client).increment(1);
    }
}

/// The series with a label and, where it is known, the client.
fn series(name: &'static str, (label, value): (&'static str, SharedString), client: Option<&SharedString>) -> Counter {
    let mut labels = vec![Label::new(label, value)];
    labels.extend(client.map(|client| Label::new("client", client.clone())));
    counter!(name, labels)
}

impl Observer for ServiceMetrics {
    fn served(&self, request: &Served<'_>) {
        request_served(request.method, request.route, request.status, request.error_type, request.duration);
        let client = request.principal.map(Principal::name).map(|client| self.label_of(client));
        if let Some(error) = request.error_type {
            refused(error, client.as_ref());
        }
        for operation in request.refused_operations {
            refused(operation.error_type, client.as_ref());
            series(OPERATION_ERRORS, ("error.type", operation.error_type.into()), client.as_ref()).increment(1);
        }
        for quirk in request.quirks.iter() {
            series(QUIRKS, ("quirk", format!("{quirk:?}").into()), client.as_ref()).increment(1);
        }
    }

    fn wrote(&self, cx: &Context, change: &Change) {
        let client = self.label_of(&change.principal);
        for (kind, count) in counted(change, &*self.is_protected) {
            let of = change.resource_type.as_str().to_owned();
            let series = counter!(CHANGES, "kind" => kind.as_str(), "resource_type" => of, "client" => client.clone());
            series.increment(u64::try_from(count).unwrap_or(u64::MAX));
            if kind == ChangeKind::Activate && cx.principal.source().is_client() {
                attempted(DeprovisionedAttempt::Activation);
            }
        }
    }
}

impl Default for ServiceMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ServiceMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceMetrics").field("clients", &self.clients).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_without_number_are_one_in_the_end() {
        let measures = ServiceMetrics::new();
        for number in 0..MAX_MEASURED_CLIENTS {
            let name = format!("client-{number}");
            assert_eq!(&*measures.label_of(&name), name);
        }
        assert_eq!(&*measures.label_of("one too many"), OTHER);
        assert_eq!(&*measures.label_of("client-7"), "client-7");
        assert_eq!(measures.clients.lock().unwrap().len(), MAX_MEASURED_CLIENTS + 1);
    }
}
