//! The service: one request in, one response out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response};
use scim_core::{Quirk, SchemaSet};

use crate::auth::Authenticator;
use crate::authorize::{Authorizer, Operation};
use crate::call::{Call, Can};
use crate::config::{BulkAtomicity, ServiceConfig};
use crate::endpoint;
use crate::gate::Gate;
use crate::me::{MeAnswer, MeResolver};
use crate::observe::{LogLimit, Observer};
use crate::store::Store;
#[cfg(feature = "limits")]
use crate::traffic::TrafficLimits;
use crate::wire::Failure;
use crate::wire::Route;

/// A SCIM service over a store. It has no listener of its own: a host hands it requests and sends its responses.
///
/// Infallible: every error becomes a SCIM error response. Cheap to clone.
///
/// ```
/// use bytes::Bytes;
/// use http::Request;
/// use scim_core::SchemaSet;
/// use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let service = ScimService::new(
///     MemoryStore::new(),
///     SchemaSet::builtin(),
///     ServiceConfig::new("https://example.com/scim/v2")?,
///     BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("okta"))?,
/// );
/// let request = Request::post("https://example.com/scim/v2/Users")
///     .header("authorization", "Bearer yXh2Qm7vT0w8LbN4")
///     .header("content-type", "application/scim+json")
///     .body(Bytes::from(r#"{
///         "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com"
///     }"#))?;
/// let response = service.handle(request).await;
/// assert_eq!(response.status(), 201);
/// assert!(response.headers()["location"].to_str()?.starts_with("https://example.com/scim/v2/Users/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ScimService<S> {
    shared: Arc<Shared>,
    store: Arc<S>,
}

#[derive(Clone)]
struct Shared {
    schemas: SchemaSet,
    /// The schemas with what the store asks beyond them.
    advertised: SchemaSet,
    /// What the store can do.
    can: Can,
    config: ServiceConfig,
    authenticator: Arc<dyn Authenticator>,
    authorizer: Option<Arc<dyn Authorizer>>,
    me: Option<(Arc<dyn MeResolver>, MeAnswer)>,
    log_limit: Arc<LogLimit>,
    observer: Option<Arc<dyn Observer>>,
    gate: Gate,
    /// Whether the service is about to stop.
    stopping: Arc<AtomicBool>,
}

impl<S: Store> ScimService<S> {
    /// A service that keeps resources in `store`.
    ///
    /// What the store [can](Store::capabilities) is asked now: over one without transactions, bulk requests that were to be
    /// [all or nothing](BulkAtomicity::AllOrNothing) are off, which is logged, and `/ServiceProviderConfig` says so.
    ///
    /// A store that others use too is given as an `Arc`, and one that is chosen at run time as an `Arc<dyn Store>`.
    pub fn new(store: S, schemas: SchemaSet, config: ServiceConfig, authenticator: impl Authenticator) -> Self {
        let capabilities = store.capabilities();
        let config = match config.bulk() {
            Some(BulkAtomicity::AllOrNothing) if !capabilities.transactions => {
                tracing::warn!(
                    "the store has no transactions: bulk requests, which were to be all or nothing, are off"
                );
                config.without_bulk()
            }
            _ => config,
        };
        // What clients write, and what `/Schemas` says that they may.
        let written_groups = config.profile().allows(Quirk::GroupsOnUser);
        let schemas = if written_groups { schemas.with_written_groups() } else { schemas };
        let shared = Shared {
            advertised: capabilities.advertised(&schemas),
            schemas,
            can: Can::of(&capabilities),
            config,
            authenticator: Arc::new(authenticator),
            authorizer: None,
            me: None,
            log_limit: Arc::default(),
            observer: None,
            gate: Gate::default(),
            stopping: Arc::default(),
        };
        Self { shared: Arc::new(shared), store: Arc::new(store) }
    }

    /// Asks `authorizer` what clients may do; without one, everybody who is authenticated may do everything.
    #[must_use]
    pub fn with_authorizer(mut self, authorizer: impl Authorizer) -> Self {
        Arc::make_mut(&mut self.shared).authorizer = Some(Arc::new(authorizer));
        self
    }

    /// Answers `/Me` for the resource that `resolver` names; without one, with 501.
    #[must_use]
    pub fn with_me(mut self, resolver: impl MeResolver, answer: MeAnswer) -> Self {
        Arc::make_mut(&mut self.shared).me = Some((Arc::new(resolver), answer));
        self
    }

    /// Tells `observer` of every request once it is answered. It hears of writes where the store is an
    /// [`ObservedStore`](crate::observe::ObservedStore) with the same observer.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        Arc::make_mut(&mut self.shared).observer = Some(Arc::new(observer));
        self
    }

    /// Answers requests beyond `limits` with 429 before their bodies are read. Without, nothing is limited.
    #[cfg(feature = "limits")]
    #[must_use]
    pub fn with_traffic_limits(mut self, limits: TrafficLimits) -> Self {
        Arc::make_mut(&mut self.shared).gate = Gate::new(limits);
        self
    }

    /// Says that the service is about to stop: from now on `/health/ready` answers 503, here and in all clones, so that load balancers
    /// send their requests elsewhere. All else is served as before; a host that stops waits until they have noticed.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use http::Request;
    /// # use scim_core::SchemaSet;
    /// # use scim_service::{BearerTokens, MemoryStore, ScimService, ServiceConfig};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let config = ServiceConfig::new("https://example.com/scim/v2")?;
    /// # let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, BearerTokens::new());
    /// let status = async |path: &str| {
    ///     let request = Request::get(format!("https://example.com/scim/v2{path}")).body(Bytes::new()).unwrap();
    ///     service.handle(request).await.status().as_u16()
    /// };
    /// assert_eq!((status("/health/live").await, status("/health/ready").await), (200, 200));
    /// service.begin_shutdown();
    /// assert_eq!((status("/health/live").await, status("/health/ready").await), (200, 503));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin_shutdown(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
    }

    /// The set-up.
    pub fn config(&self) -> &ServiceConfig {
        &self.shared.config
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Serves one request. The path may hold the path of the base URL or, where the host has stripped it, not.
    ///
    /// The response has the [id of the request](crate::observe::request_id()) in its [`REQUEST_ID_HEADER`](crate::observe::REQUEST_ID_HEADER).
    /// A host that knows where the request comes from says so by a [`ClientAddress`](crate::observe::ClientAddress) among its
    /// extensions.
    ///
    /// The two steps of it, [`admit`](Self::admit) and [`Admitted::handle`](crate::Admitted::handle), are there for hosts
    /// that read bodies themselves: the first needs none.
    ///
    /// Cancel safety: a request whose future is dropped is either wholly done or not at all; of a bulk request so is each
    /// operation, or with [`BulkAtomicity::AllOrNothing`](crate::BulkAtomicity::AllOrNothing) all of it.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        match self.admit(parts).await {
            Ok(admitted) => admitted.handle(body).await,
            Err(response) => response,
        }
    }

    /// What the store can do.
    pub(crate) fn can(&self) -> Can {
        self.shared.can
    }

    pub(crate) fn schemas(&self) -> &SchemaSet {
        &self.shared.schemas
    }

    /// The schemas with what the store asks beyond them.
    pub(crate) fn advertised(&self) -> &SchemaSet {
        &self.shared.advertised
    }

    pub(crate) fn authenticator(&self) -> &dyn Authenticator {
        &*self.shared.authenticator
    }

    /// The policy; without one, whoever is authenticated may do everything.
    pub(crate) fn authorizer(&self) -> Option<&dyn Authorizer> {
        self.shared.authorizer.as_deref()
    }

    /// What bounds the lines about clients that nobody knows.
    pub(crate) fn log_limit(&self) -> &LogLimit {
        &self.shared.log_limit
    }

    /// Who hears of requests.
    pub(crate) fn observer(&self) -> Option<&dyn Observer> {
        self.shared.observer.as_deref()
    }

    /// What limits the traffic.
    pub(crate) fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// Whether clients stand for resources.
    pub(crate) fn has_me(&self) -> bool {
        self.shared.me.is_some()
    }

    /// Serves a request whose head was admitted.
    pub(crate) async fn serve(&self, call: &mut Call<'_, S>, route: Route) -> Result<Response<Bytes>, Failure> {
        match (&route, &self.shared.me) {
            (Route::Me, Some((resolver, answer))) => self.serve_me(call, &**resolver, *answer).await,
            _ => self.dispatch(call, route).await,
        }
    }

    async fn serve_me(
        &self,
        call: &mut Call<'_, S>,
        resolver: &dyn MeResolver,
        answer: MeAnswer,
    ) -> Result<Response<Bytes>, Failure> {
        let (of, id, location) = endpoint::me(call, resolver).await?;
        if answer == MeAnswer::Redirect {
            let reads = matches!(call.parts.method, Method::GET | Method::HEAD);
            call.check_scope(&of, if reads { Operation::Read } else { Operation::Replace })?;
            return Ok(endpoint::redirect(call, &location));
        }
        let response = self.dispatch(call, Route::Resource(of, id)).await?;
        Ok(endpoint::with_location(response, &location))
    }

    /// The futures of all endpoints but the smallest are boxed: what serves a request is moved several times before it runs.
    async fn dispatch(&self, call: &mut Call<'_, S>, route: Route) -> Result<Response<Bytes>, Failure> {
        match (&call.parts.method, route) {
            (_, Route::Health) => endpoint::health(call).await,
            (_, Route::Live) => Ok(endpoint::live()),
            (_, Route::Ready) => endpoint::ready(call, self.shared.stopping.load(Ordering::Relaxed)).await,
            (_, Route::WellKnown) => Ok(endpoint::well_known(call)),
            (_, Route::ServiceProviderConfig) => {
                endpoint::service_provider_config(call, self.shared.authenticator.schemes())
            }
            (_, Route::Schemas(uri)) => endpoint::schemas(call, uri.as_deref()),
            (_, Route::ResourceTypes(name)) => endpoint::resource_types(call, name.as_deref()),
            (_, Route::Root) => Box::pin(endpoint::list_all(call)).await,
            (_, Route::RootSearch) => Box::pin(endpoint::search_all(call)).await,
            (_, Route::Search(of)) => Box::pin(endpoint::search(call, &of)).await,
            (_, Route::Bulk) => Box::pin(endpoint::bulk(call)).await,
            (&Method::POST, Route::Collection(of)) => Box::pin(endpoint::create(call, &of)).await,
            (_, Route::Collection(of)) => Box::pin(endpoint::list(call, &of)).await,
            (&Method::PUT, Route::Resource(of, id)) => Box::pin(endpoint::replace(call, &of, &id)).await,
            (&Method::PATCH, Route::Resource(of, id)) => Box::pin(endpoint::patch(call, &of, &id)).await,
            (&Method::DELETE, Route::Resource(of, id)) => Box::pin(endpoint::delete(call, &of, &id)).await,
            (_, Route::Resource(of, id)) => endpoint::read(call, &of, &id).await,
            (_, Route::Me) => Err(Failure::NotImplemented { endpoint: "/Me" }),
        }
    }
}

impl<S> Clone for ScimService<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), store: self.store.clone() }
    }
}

impl<S> fmt::Debug for ScimService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimService").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
