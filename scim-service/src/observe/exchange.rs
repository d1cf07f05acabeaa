//! One request and its answer, as the log has them.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, Uri};
use scim_core::{Quirks, ScimType};
use tracing::field::{DisplayValue, Empty, display};
use tracing::{Span, error_span, info, warn};

use crate::auth::AuthError;
use crate::context::Principal;
use crate::observe::shortened::{first_line, shortened};
use crate::observe::{ClientAddress, LogLimit, Observer, REQUEST_ID_HEADER, RefusedOperation, Served, request_id};
use crate::wire::Failure;

/// Why a request was not served.
struct Refusal {
    scim_type: Option<&'static str>,
    /// The first line of the error's `detail`.
    reason: String,
    error_type: &'static str,
}

/// A request that is being served.
pub(crate) struct Exchange {
    request_id: Arc<str>,
    method: Method,
    uri: Uri,
    address: Option<ClientAddress>,
    began: Instant,
    /// Which endpoint it is for, once that is known: its [template](crate::wire::Route::template).
    route: Option<Cow<'static, str>>,
    /// Who sent it, once that is known.
    principal: Option<Principal>,
    /// Why it was not served.
    refusal: Option<Refusal>,
    /// The quirks that it needed.
    quirks: Quirks,
    /// What of a bulk request was not done.
    refused_operations: Vec<RefusedOperation>,
    span: Span,
}

impl Exchange {
    /// A request has come. It is the moment, too, to say what was counted and not logged.
    pub(crate) fn begin(parts: &Parts, limit: &LogLimit) -> Self {
        let began = Instant::now();
        log_sums(limit, began);
        let request_id = request_id(&parts.headers);
        // Of the level of errors, so that they are seen inside of it whatever else is not.
        let span = error_span!(
            "request",
            id = &*request_id,
            method = parts.method.as_str(),
            path = logged_path(&parts.uri),
            principal = Empty,
            tenant = Empty
        );
        Self {
            request_id,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            address: parts.extensions.get::<ClientAddress>().copied(),
            began,
            route: None,
            principal: None,
            refusal: None,
            quirks: Quirks::default(),
            refused_operations: Vec::new(),
            span,
        }
    }

    pub(crate) fn request_id(&self) -> &Arc<str> {
        &self.request_id
    }

    /// What the store and the hooks of the host log in.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The request is for this endpoint.
    pub(crate) fn is_for(&mut self, template: Cow<'static, str>) {
        self.route = Some(template);
    }

    /// The request is of this client.
    pub(crate) fn is_of(&mut self, principal: &Principal) {
        // A field that is recorded twice is shown twice.
        if self.principal.is_none() {
            self.span.record("principal", principal.name());
        }
        if let (None, Some(tenant)) = (self.principal.as_ref().and_then(Principal::tenant), principal.tenant()) {
            self.span.record("tenant", tenant);
        }
        self.principal = Some(principal.clone());
    }

    /// The request needed these quirks.
    pub(crate) fn needed(&mut self, quirks: Quirks) {
        self.quirks = quirks;
    }

    /// These operations of the request were not done.
    pub(crate) fn refused(&mut self, operations: Vec<RefusedOperation>) {
        self.refused_operations = operations;
    }

    /// The request is not served: says so to the operator. What clients that nobody knows can cause is limited.
    pub(crate) fn fail(&mut self, failure: &Failure, limit: &LogLimit) {
        let error = failure.to_error();
        self.refusal = Some(Refusal {
            scim_type: error.scim_type().map(ScimType::as_str),
            reason: first_line(error.detail()),
            error_type: failure.error_type(),
        });
        if let Failure::Auth { error: error @ (AuthError::Missing | AuthError::Invalid), .. } = failure {
            let reason = match error {
                AuthError::Missing => "the request has no credentials",
                _ => "the credentials are not valid",
            };
            if limit.admits(self.address, reason, self.began) {
                let (request_id, method, path) = (&*self.request_id, self.method.as_str(), logged_path(&self.uri));
                warn!(request_id, address = self.logged_address(), method, path, reason, "authentication refused");
            }
        } else if let Failure::TooManyRequests(excess) = failure {
            let reason = excess.reason;
            if limit.admits(self.address, reason, self.began) {
                let (request_id, method, path) = (&*self.request_id, self.method.as_str(), logged_path(&self.uri));
                let principal = self.principal.as_ref();
                let (principal, tenant) = (principal.map(Principal::name), principal.and_then(Principal::tenant));
                let address = self.logged_address();
                warn!(request_id, principal, tenant, address, method, path, reason, "too many requests");
            }
        } else if let Some(fault) = failure.fault()
            && (self.principal.is_some() || limit.admits(self.address, fault, self.began))
        {
            self.span.in_scope(|| failure.log(&self.request_id));
        }
    }

    /// The request has been answered.
    pub(crate) fn end(self, response: &mut Response<Bytes>, observer: Option<&dyn Observer>) {
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            response.headers_mut().insert(REQUEST_ID_HEADER, value);
        }
        let (principal, refusal) = (self.principal.as_ref(), self.refusal.as_ref());
        let duration = self.began.elapsed();
        info!(
            request_id = &*self.request_id,
            principal = principal.map(Principal::name),
            tenant = principal.and_then(Principal::tenant),
            address = self.logged_address(),
            method = self.method.as_str(),
            path = logged_path(&self.uri),
            status = response.status().as_u16(),
            scim_type = refusal.and_then(|refusal| refusal.scim_type),
            reason = refusal.map(|refusal| refusal.reason.as_str()),
            duration_ms = duration.as_secs_f64() * 1000.0,
            "served"
        );
        if let Some(observer) = observer {
            observer.served(&Served {
                request_id: &self.request_id,
                method: &self.method,
                path: logged_path(&self.uri),
                route: self.route.as_deref(),
                principal,
                address: self.address.map(ClientAddress::ip),
                status: response.status(),
                scim_type: refusal.and_then(|refusal| refusal.scim_type),
                reason: refusal.map(|refusal| refusal.reason.as_str()),
                error_type: refusal.map(|refusal| refusal.error_type),
                quirks: self.quirks,
                refused_operations: &self.refused_operations,
                duration,
            });
        }
    }

    /// Where the request came from, if the host said so.
    pub(crate) fn address(&self) -> Option<ClientAddress> {
        self.address
    }

    fn logged_address(&self) -> Option<DisplayValue<IpAddr>> {
        self.address.map(|address| display(address.ip()))
    }
}

/// What the log has of a path.
fn logged_path(uri: &Uri) -> &str {
    shortened(uri.path())
}

/// Says what was counted and not logged one by one.
pub(crate) fn log_sums(limit: &LogLimit, now: Instant) {
    for sum in limit.sums(now) {
        let (address, reason, times, seconds) = (sum.source.as_deref(), sum.reason, sum.times, sum.seconds);
        warn!(address, reason, times, seconds, "the same again, not logged one by one");
    }
}
