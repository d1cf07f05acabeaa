//! The service: one request in, one response out.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use http::header::{ALLOW, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, Uri};
use scim_core::{Leniencies, SchemaSet};
use uuid::Uuid;

use crate::auth::Authenticator;
use crate::authorize::{AllowAll, Authorizer};
use crate::body::{Body, BodyLimit};
use crate::config::{ServiceConfig, TenancyMode};
use crate::context::{Context, Principal};
use crate::endpoint;
use crate::fail::{Failure, list};
use crate::me::{MeAnswer, MeResolver};
use crate::negotiate::accepted;
use crate::respond::{Format, empty_response, without_body};
use crate::route::Route;
use crate::store::Store;

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
pub struct ScimService<S: ?Sized> {
    shared: Arc<Shared>,
    store: Arc<S>,
}

#[derive(Clone)]
struct Shared {
    schemas: SchemaSet,
    config: ServiceConfig,
    authenticator: Arc<dyn Authenticator>,
    authorizer: Arc<dyn Authorizer>,
    me: Option<(Arc<dyn MeResolver>, MeAnswer)>,
}

impl<S: Store> ScimService<S> {
    /// A service that keeps resources in `store`.
    pub fn new(store: S, schemas: SchemaSet, config: ServiceConfig, authenticator: impl Authenticator) -> Self {
        Self::with_shared_store(Arc::new(store), schemas, config, authenticator)
    }
}

impl<S: Store + ?Sized> ScimService<S> {
    /// A service over a store that others use too, or that is chosen at run time (`Arc<dyn Store>`).
    pub fn with_shared_store(
        store: Arc<S>,
        schemas: SchemaSet,
        config: ServiceConfig,
        authenticator: impl Authenticator,
    ) -> Self {
        let shared = Shared {
            schemas,
            config,
            authenticator: Arc::new(authenticator),
            authorizer: Arc::new(AllowAll),
            me: None,
        };
        Self { shared: Arc::new(shared), store }
    }

    /// Asks `authorizer` what clients may do; without one, everybody who is authenticated may do everything.
    #[must_use]
    pub fn with_authorizer(mut self, authorizer: impl Authorizer) -> Self {
        Arc::make_mut(&mut self.shared).authorizer = Arc::new(authorizer);
        self
    }

    /// Answers `/Me` for the resource that `resolver` names; without one, with 501.
    #[must_use]
    pub fn with_me(mut self, resolver: impl MeResolver, answer: MeAnswer) -> Self {
        Arc::make_mut(&mut self.shared).me = Some((Arc::new(resolver), answer));
        self
    }

    /// The set-up.
    pub fn config(&self) -> &ServiceConfig {
        &self.shared.config
    }

    /// The store.
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    /// Serves one request. The path may hold the path of the base URL or, where the host has stripped it, not.
    ///
    /// Cancel safety: a request whose future is dropped is either wholly done or not at all; of a bulk request so is each
    /// operation, or with [`BulkAtomicity::AllOrNothing`](crate::BulkAtomicity::AllOrNothing) all of it.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let request_id: Arc<str> = Uuid::new_v4().to_string().into();
        let response = match accepted(&parts.headers) {
            Ok(format) => match self.serve(&parts, body, format, &request_id).await {
                Ok(response) => response,
                Err(failure) => failure.into_response(format),
            },
            Err(failure) => failure.into_response(Format::Scim),
        };
        tracing::info!(
            %request_id, method = %parts.method, path = parts.uri.path(), status = response.status().as_u16(), "served"
        );
        if parts.method == Method::HEAD { without_body(response) } else { response }
    }

    /// The largest body that a request to this URL may have, in bytes: [`Limits::body`](crate::Limits::body), for `/Bulk`
    /// [`Limits::bulk_payload`](crate::Limits::bulk_payload).
    pub fn body_limit(&self, uri: &Uri) -> usize {
        self.limit_of(uri).bytes()
    }

    /// The answer to a request whose body is larger than [`body_limit`](Self::body_limit), for a host that stops reading
    /// there: 413.
    pub fn body_too_large(&self, uri: &Uri) -> Response<Bytes> {
        self.limit_of(uri).failure().into_response(Format::Scim)
    }

    fn limit_of(&self, uri: &Uri) -> BodyLimit {
        let (_, path) = self.config().split_path(uri.path());
        BodyLimit::of(&Route::of(path, &self.shared.schemas).unwrap_or(Route::Root), self.config())
    }

    async fn serve(
        &self,
        parts: &Parts,
        body: Bytes,
        format: Format,
        request_id: &Arc<str>,
    ) -> Result<Response<Bytes>, Failure> {
        let config = &self.shared.config;
        if parts.uri.path_and_query().is_some_and(|text| text.as_str().len() > config.limits().url) {
            return Err(Failure::UrlTooLong { limit: config.limits().url });
        }
        let addressed = config.address(parts);
        let route = match &addressed {
            Ok(addressed) => Route::of(addressed.path, &self.shared.schemas),
            Err(_) => Err(Failure::UnknownEndpoint),
        };
        let open = route.as_ref().is_ok_and(|route| {
            route.is_public()
                || (route.is_discovery() && config.anonymous_discovery())
                || parts.method == Method::OPTIONS
        });
        let principal = if open {
            Principal::new("anonymous")
        } else {
            let authenticator = &self.shared.authenticator;
            authenticator.authenticate(parts).await.map_err(|error| {
                let challenges = authenticator.challenges(&error);
                Failure::Auth { error, challenges }
            })?
        };
        let route = route?;
        let principal = addressed?.confine(principal).ok_or(Failure::UnknownEndpoint)?;
        let one_tenant = matches!(config.tenancy(), TenancyMode::Principal);
        if !one_tenant && !open && principal.tenant().is_none() {
            return Err(Failure::NoTenant);
        }
        let config = &*config.of_tenant(principal.tenant());
        if route == Route::Me && self.shared.me.is_none() {
            return Err(Failure::NotImplemented { endpoint: "/Me" });
        }
        let allowed = route.admit(&parts.method, *config.capabilities())?;
        if parts.method == Method::OPTIONS {
            return Ok(options(allowed));
        }
        let limit = BodyLimit::of(&route, config);
        if body.len() > limit.bytes() {
            return Err(limit.failure());
        }
        let mut call = Call {
            store: &*self.store,
            schemas: &self.shared.schemas,
            config,
            authorizer: &*self.shared.authorizer,
            parts,
            body: Body::Text(body),
            format,
            cx: Context { principal, request_id: request_id.clone(), now: Utc::now() },
            used: Leniencies::default(),
        };
        let response = match (&route, &self.shared.me) {
            (Route::Me, Some((resolver, answer))) => self.serve_me(&mut call, &**resolver, *answer).await,
            _ => self.dispatch(&mut call, route).await,
        };
        if !call.used.is_empty() {
            tracing::info!(%request_id, principal = call.cx.principal.name(), leniencies = ?call.used, "taken leniently");
        }
        response
    }

    async fn serve_me(
        &self,
        call: &mut Call<'_, S>,
        resolver: &dyn MeResolver,
        answer: MeAnswer,
    ) -> Result<Response<Bytes>, Failure> {
        let (of, id, location) = endpoint::me(call, resolver).await?;
        if answer == MeAnswer::Redirect {
            return Ok(endpoint::redirect(call, &location));
        }
        let response = self.dispatch(call, Route::Resource(of, id)).await?;
        Ok(endpoint::with_location(response, &location))
    }

    async fn dispatch(&self, call: &mut Call<'_, S>, route: Route) -> Result<Response<Bytes>, Failure> {
        match (&call.parts.method, route) {
            (_, Route::Health) => endpoint::health(call).await,
            (_, Route::WellKnown) => Ok(endpoint::well_known(call)),
            (_, Route::ServiceProviderConfig) => {
                endpoint::service_provider_config(call, self.shared.authenticator.schemes())
            }
            (_, Route::Schemas(uri)) => endpoint::schemas(call, uri.as_deref()),
            (_, Route::ResourceTypes(name)) => endpoint::resource_types(call, name.as_deref()),
            (_, Route::Root) => endpoint::list_all(call).await,
            (_, Route::RootSearch) => endpoint::search_all(call).await,
            (_, Route::Search(of)) => endpoint::search(call, &of).await,
            (_, Route::Bulk) => endpoint::bulk(call).await,
            (&Method::POST, Route::Collection(of)) => endpoint::create(call, &of).await,
            (_, Route::Collection(of)) => endpoint::list(call, &of).await,
            (&Method::PUT, Route::Resource(of, id)) => endpoint::replace(call, &of, &id).await,
            (&Method::PATCH, Route::Resource(of, id)) => endpoint::patch(call, &of, &id).await,
            (&Method::DELETE, Route::Resource(of, id)) => endpoint::delete(call, &of, &id).await,
            (_, Route::Resource(of, id)) => endpoint::read(call, &of, &id).await,
            (_, Route::Me) => Err(Failure::NotImplemented { endpoint: "/Me" }),
        }
    }
}

/// One request on its way through an endpoint.
pub(crate) struct Call<'a, S: ?Sized> {
    pub(crate) store: &'a S,
    pub(crate) schemas: &'a SchemaSet,
    pub(crate) config: &'a ServiceConfig,
    pub(crate) authorizer: &'a dyn Authorizer,
    pub(crate) parts: &'a Parts,
    pub(crate) body: Body,
    pub(crate) format: Format,
    pub(crate) cx: Context,
    /// The leniencies that the request needed so far.
    pub(crate) used: Leniencies,
}

fn options(allowed: &[Method]) -> Response<Bytes> {
    let mut response = empty_response(204);
    if let Ok(value) = HeaderValue::from_str(&list(allowed)) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

impl<S: ?Sized> Clone for ScimService<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), store: self.store.clone() }
    }
}

impl<S: ?Sized> fmt::Debug for ScimService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimService").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
