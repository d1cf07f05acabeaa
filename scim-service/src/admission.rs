//! The two steps of a request: its head is admitted, then its body is served.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use http::header::{ALLOW, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use scim_core::{Quirks, Tolerance};
use scim_filter::Budget;
use tracing::{Instrument, debug_span};

use crate::auth::AuthError;
use crate::call::Call;
use crate::call::{Body, BodyLimit};
use crate::config::TenancyMode;
use crate::context::{Context, Principal};
use crate::gate::Pass;
use crate::observe::{ClientAddress, Exchange, Observer};
use crate::service::ScimService;
use crate::store::Store;
use crate::wire::Route;
use crate::wire::accepted;
use crate::wire::{Failure, list};
use crate::wire::{Format, empty_response, without_body};

/// A request whose head was admitted by [`ScimService::admit`]: its client is known, and its endpoint takes its method.
pub struct Admitted<S> {
    service: ScimService<S>,
    head: Head,
    route: Route,
    principal: Principal,
    /// The quirks that the path needed.
    used: Quirks,
    pass: Pass,
}

/// What is known of a request before anybody looks who sent it.
struct Head {
    parts: Parts,
    format: Format,
    exchange: Exchange,
}

impl Head {
    /// The last thing that happens to any request.
    fn answered(self, response: Response<Bytes>, observer: Option<&dyn Observer>) -> Response<Bytes> {
        let mut response = if self.parts.method == Method::HEAD { without_body(response) } else { response };
        self.exchange.end(&mut response, observer);
        response
    }

    fn refused<S: Store>(mut self, failure: Failure, service: &ScimService<S>) -> Response<Bytes> {
        self.exchange.fail(&failure, service.log_limit());
        let response = failure.into_response(self.format);
        self.answered(response, service.observer())
    }
}

impl<S: Store> ScimService<S> {
    /// The first step of [`handle`](Self::handle): looks at the head of a request, authenticates its client, and says whether
    /// a body is wanted. A host that calls it before it reads the body keeps nothing for clients that nobody knows.
    ///
    /// ```
    /// # use scim_core::SchemaSet;
    /// # use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    ///
    /// # let service = ScimService::new(
    /// #     MemoryStore::new(),
    /// #     SchemaSet::builtin(),
    /// #     ServiceConfig::new("https://example.com/scim/v2")?,
    /// #     BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("okta"))?,
    /// # );
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// // How a server reads at most so many bytes of a body; none where there are more.
    /// async fn read(body: &'static str, limit: usize) -> Option<Bytes> {
    ///     (body.len() <= limit).then(|| Bytes::from(body))
    /// }
    ///
    /// # let serve = async |request: Request<&'static str>| -> Response<Bytes> {
    /// let (parts, body) = request.into_parts();
    /// let admitted = match service.admit(parts).await {
    ///     Ok(admitted) => admitted,
    ///     // Nothing of the body is read. A server that can't skip it closes the connection.
    ///     Err(refusal) => return refusal,
    /// };
    /// match admitted.body_limit() {
    ///     None => admitted.handle(Bytes::new()).await,
    ///     Some(limit) => match read(body, limit).await {
    ///         Some(body) => admitted.handle(body).await,
    ///         None => admitted.body_too_large(),
    ///     },
    /// }
    /// # };
    /// # let request = Request::post("https://example.com/scim/v2/Users").body("{}")?;
    /// # assert_eq!(serve(request).await.status(), 401);
    /// # let request = Request::post("https://example.com/scim/v2/Users")
    /// #     .header("authorization", "Bearer yXh2Qm7vT0w8LbN4")
    /// #     .body(r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}"#)?;
    /// # assert_eq!(serve(request).await.status(), 201);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The response, where the head is enough for one: the request is refused, or asks for the methods of an endpoint
    /// (OPTIONS).
    pub async fn admit(&self, parts: Parts) -> Result<Admitted<S>, Response<Bytes>> {
        let exchange = Exchange::begin(&parts, self.log_limit());
        let (format, acceptable) = match accepted(&parts.headers) {
            Ok(format) => (format, Ok(())),
            Err(failure) => (Format::Scim, Err(failure)),
        };
        let mut head = Head { parts, format, exchange };
        if let Err(failure) = acceptable {
            return Err(head.refused(failure, self));
        }
        let span = head.exchange.span().clone();
        match self.authenticate(&head.parts, &mut head.exchange).instrument(span).await {
            Ok((route, principal, used, pass)) if head.parts.method != Method::OPTIONS => {
                Ok(Admitted { service: self.clone(), head, route, principal, used, pass })
            }
            Ok((route, ..)) => {
                let response = options(route.methods(*self.config().capabilities()));
                Err(head.answered(response, self.observer()))
            }
            Err(failure) => Err(head.refused(failure, self)),
        }
    }

    /// Which endpoint a request is for, whose it is, which quirks its path needed, and what it holds of the limits of traffic.
    async fn authenticate(
        &self,
        parts: &Parts,
        exchange: &mut Exchange,
    ) -> Result<(Route, Principal, Quirks, Pass), Failure> {
        let config = self.config();
        if parts.uri.path_and_query().is_some_and(|text| text.as_str().len() > config.limits().url) {
            return Err(Failure::UrlTooLong { limit: config.limits().url });
        }
        let addressed = config.address(parts);
        let mut tolerance = Tolerance::new(config.profile());
        let route = match &addressed {
            Ok(addressed) => Route::of(addressed.path, self.schemas(), &mut tolerance),
            Err(_) => Err(Failure::UnknownEndpoint),
        };
        if let (Ok(route), Some(_)) = (&route, self.observer()) {
            exchange.is_for(route.template());
        }
        let gate = self.gate();
        if !route.as_ref().is_ok_and(Route::is_health) {
            gate.admit_address(parts)?;
        }
        let open = route.as_ref().is_ok_and(|route| {
            route.is_public()
                || (route.is_discovery() && config.anonymous_discovery())
                || parts.method == Method::OPTIONS
        });
        let (principal, pass) = if open {
            (Principal::new("anonymous"), Pass::default())
        } else {
            gate.admit_credentials(parts)?;
            let authenticator = self.authenticator();
            let authenticated = authenticator.authenticate(parts).instrument(debug_span!("authenticate")).await;
            let principal = authenticated.map_err(|error| {
                if matches!(error, AuthError::Invalid) {
                    gate.note_failure(parts);
                }
                let challenges = authenticator.challenges(&error);
                Failure::Auth { error, challenges }
            })?;
            exchange.is_of(&principal);
            let pass = gate.admit_request(&principal)?;
            (principal, pass)
        };
        let route = route?;
        let principal = addressed?.confine(principal).ok_or(Failure::UnknownEndpoint)?;
        if !open {
            exchange.is_of(&principal);
        }
        let one_tenant = matches!(config.tenancy(), TenancyMode::Principal);
        if !one_tenant && !open && principal.tenant().is_none() {
            return Err(Failure::NoTenant);
        }
        if route == Route::Me && !self.has_me() {
            return Err(Failure::NotImplemented { endpoint: "/Me" });
        }
        route.admit(&parts.method, *config.capabilities())?;
        Ok((route, principal, tolerance.used(), pass))
    }
}

impl<S: Store> Admitted<S> {
    /// The client.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The largest body that the request may have, in bytes: [`ServiceLimits::body`](crate::ServiceLimits::body), for groups
    /// [`ServiceLimits::group_body`](crate::ServiceLimits::group_body), for `/Bulk` [`ServiceLimits::bulk_payload`](crate::ServiceLimits::bulk_payload). `None` where the method gives no meaning to a body (GET, HEAD
    /// and DELETE): there is nothing to read then.
    pub fn body_limit(&self) -> Option<usize> {
        self.limit().map(BodyLimit::bytes)
    }

    fn limit(&self) -> Option<BodyLimit> {
        let has_body = matches!(self.head.parts.method, Method::POST | Method::PUT | Method::PATCH);
        has_body.then(|| BodyLimit::of(&self.route, self.service.config()))
    }

    /// The answer to a request whose body is larger than [`body_limit`](Self::body_limit), for a host that stops reading
    /// there: 413.
    pub fn body_too_large(self) -> Response<Bytes> {
        let failure = self.limit().map_or(Failure::BodyTooLarge { limit: 0 }, BodyLimit::failure);
        self.refuse(failure)
    }

    /// Answers without having served the request.
    pub(crate) fn refuse(self, failure: Failure) -> Response<Bytes> {
        self.head.refused(failure, &self.service)
    }

    /// The second step of [`ScimService::handle`]: serves the request. A body that the method gives no meaning to is ignored.
    ///
    /// Cancel safety: as [`ScimService::handle`].
    pub async fn handle(self, body: Bytes) -> Response<Bytes> {
        let body = match self.limit() {
            Some(limit) if body.len() > limit.bytes() => return self.refuse(limit.failure()),
            Some(_) => body,
            None => Bytes::new(),
        };
        // The last is held until the request is answered.
        let Self { service, mut head, route, principal, used, pass: _pass } = self;
        let config = &*service.config().of_tenant(principal.tenant());
        let mut tolerance = Tolerance::new(config.profile());
        tolerance.record(used);
        let mut call = Call {
            store: service.store(),
            can: service.can(),
            schemas: service.schemas(),
            advertised: service.advertised(),
            config,
            authorizer: service.authorizer(),
            parts: &head.parts,
            body: Body::Text(body),
            in_bulk: false,
            format: head.format,
            cx: Context {
                principal,
                request_id: head.exchange.request_id().clone(),
                now: Utc::now(),
                says_active: false,
                address: head.exchange.address().map(ClientAddress::ip),
                budget: Arc::new(Budget::new(config.limits().steps)),
            },
            tolerance,
            refused: Vec::new(),
        };
        let span = head.exchange.span().clone();
        let response = service.serve(&mut call, route).instrument(span).await;
        let refused = std::mem::take(&mut call.refused);
        let quirks = call.tolerance.used();
        if !quirks.is_empty() {
            let (request_id, principal) = (&*call.cx.request_id, call.cx.principal.name());
            tracing::info!(request_id, principal, ?quirks, "compatibility quirks were used");
            head.exchange.needed(quirks);
        }
        head.exchange.refused(refused);
        match response {
            Ok(response) => head.answered(response, service.observer()),
            Err(failure) => head.refused(failure, &service),
        }
    }
}

fn options(allowed: &[Method]) -> Response<Bytes> {
    let mut response = empty_response(204);
    if let Ok(value) = HeaderValue::from_str(&list(allowed)) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

impl<S> fmt::Debug for Admitted<S> {
    /// Shows no headers: one holds the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted")
            .field("method", &self.head.parts.method)
            .field("route", &self.route)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}
