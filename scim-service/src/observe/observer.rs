//! What the host hears of requests and of writes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use scim_core::Quirks;

use crate::authorize::Operation;
use crate::change::Change;
use crate::context::{Context, Principal};
use crate::observe::{PendingWrites, RefusedOperation};
use crate::store::StoreError;

/// One request, once it is answered.
///
/// Holds nothing that a client keeps secret: no credentials, no query, no body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Served<'a> {
    /// The [id of the request](crate::observe::request_id()), as the response has it.
    pub request_id: &'a Arc<str>,
    /// The method.
    pub method: &'a Method,
    /// The path as the client wrote it, cut after 512 characters.
    pub path: &'a str,
    /// Which endpoint it was, in a form that is the same for all resources: `/Users/{id}`. `None` where no endpoint has the path.
    pub route: Option<&'a str>,
    /// The client; `None` where it is not known.
    pub principal: Option<&'a Principal>,
    /// Where the request came from, if the host [said so](crate::observe::ClientAddress).
    pub address: Option<IpAddr>,
    /// The status of the response.
    pub status: StatusCode,
    /// The `scimType` of the error.
    pub scim_type: Option<&'a str>,
    /// Why the request was not served: the first line of the error's `detail`.
    pub reason: Option<&'a str>,
    /// What went wrong in a word, such as `unauthenticated`, `held` or the `scimType`: one of few, for metrics. `None` where the
    /// request was served.
    pub error_type: Option<&'static str>,
    /// The compatibility quirks that the request needed.
    pub quirks: Quirks,
    /// The operations of a bulk request that were refused or failed, in the order in which that was known. A request whose operations
    /// all fail is served all the same.
    pub refused_operations: &'a [RefusedOperation],
    /// How long it took to answer.
    pub duration: Duration,
}

/// Hears of every request once it is answered, and of every write once it is committed: for audit, metrics and alerts.
///
/// A service tells of requests ([`ScimService::with_observer`](crate::ScimService::with_observer)), a store of writes
/// ([`ObservedStore`](crate::observe::ObservedStore)). Both wait for the observer: it takes what it needs and leaves what takes long to
/// others.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use scim_service::observe::{Observer, Served};
///
/// #[derive(Default)]
/// struct Refusals(AtomicU64);
///
/// impl Observer for Refusals {
///     fn served(&self, request: &Served<'_>) {
///         if request.status == 401 {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A request was answered.
    fn served(&self, request: &Served<'_>) {
        let _ = request;
    }

    /// A write is about to begin. An error refuses it, and nothing is written: [`StoreError::Held`] for one that may be tried later.
    ///
    /// # Errors
    ///
    /// What the client is told.
    fn writing(&self, cx: &Context, operation: Operation) -> Result<(), StoreError> {
        let _ = (cx, operation);
        Ok(())
    }

    /// A transaction begins. What is returned hears of each write in it at once, and may refuse it: for whoever cannot wait until the
    /// transaction is committed.
    fn began(&self, cx: &Context) -> Option<Box<dyn PendingWrites>> {
        let _ = cx;
        None
    }

    /// A write was committed. `change` may say that nothing [is different](Change::is_unchanged).
    fn wrote(&self, cx: &Context, change: &Change) {
        let _ = (cx, change);
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn served(&self, request: &Served<'_>) {
        (**self).served(request);
    }

    fn writing(&self, cx: &Context, operation: Operation) -> Result<(), StoreError> {
        (**self).writing(cx, operation)
    }

    fn began(&self, cx: &Context) -> Option<Box<dyn PendingWrites>> {
        (**self).began(cx)
    }

    fn wrote(&self, cx: &Context, change: &Change) {
        (**self).wrote(cx, change);
    }
}

/// Several observers, in their order. The first that refuses a write is the last that is asked.
impl<O: Observer> Observer for Vec<O> {
    fn served(&self, request: &Served<'_>) {
        for observer in self {
            observer.served(request);
        }
    }

    fn writing(&self, cx: &Context, operation: Operation) -> Result<(), StoreError> {
        self.iter().try_for_each(|observer| observer.writing(cx, operation))
    }

    fn began(&self, cx: &Context) -> Option<Box<dyn PendingWrites>> {
        let all: Vec<_> = self.iter().filter_map(|observer| observer.began(cx)).collect();
        if all.is_empty() { None } else { Some(Box::new(all)) }
    }

    fn wrote(&self, cx: &Context, change: &Change) {
        for observer in self {
            observer.wrote(cx, change);
        }
    }
}
