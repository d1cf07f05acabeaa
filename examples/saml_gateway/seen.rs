//! What an operator sees of the gateway: ids of requests, how they were answered, and logins that were refused.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::request::Parts;
use scim_service::observe::metrics::request_served;
use scim_service::observe::{ClientAddress, LogLimit, REQUEST_ID_HEADER, request_id};
use superset_mapping::LoginError;
use tracing::field::display;
use tracing::{Instrument as _, error, error_span, info, warn};

use crate::Gateway;

/// Gives each request its id, in the answer and in what Superset gets, and logs how it was answered.
pub(crate) async fn note(State(gateway): State<Arc<Gateway>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    for sum in gateway.log_limit.sums(began) {
        let (address, reason, times, seconds) = (sum.source.as_deref(), sum.reason, sum.times, sum.seconds);
        warn!(address, reason, times, seconds, "the same again, not logged one by one");
    }
    let id = request_id(request.headers());
    let header = HeaderValue::from_str(&id).ok();
    if let Some(header) = &header {
        request.headers_mut().insert(REQUEST_ID_HEADER, header.clone());
    }
    let address = address(request.extensions()).map(|address| display(address.ip()));
    let measured = request.method().clone();
    let (method, path) = (measured.as_str(), request.uri().path().to_owned());
    let span = error_span!("request", id = &*id, method, path = path.as_str());
    let mut response = next.run(request).instrument(span).await;
    if let Some(header) = header {
        response.headers_mut().insert(REQUEST_ID_HEADER, header);
    }
    let (status, duration_ms) = (response.status().as_u16(), began.elapsed().as_secs_f64() * 1000.0);
    info!(request_id = &*id, address, method, path, status, duration_ms, "served");
    if gateway.measures {
        request_served(&measured, Some(route(&path)), response.status(), None, began.elapsed());
    }
    response
}

/// What stands for a path in metrics: the gateway's own paths, or all that is passed on.
fn route(path: &str) -> &'static str {
    const OWN: [&str; 4] = ["/saml/login", "/saml/acs", "/saml/metadata", "/saml/logout"];
    OWN.into_iter().find(|own| *own == path).unwrap_or("/{path}")
}

/// Says to the operator why somebody is not logged in. Anybody can try, so that what repeats at an address is only counted.
pub(crate) fn log_refusal(limit: &LogLimit, head: &Parts, error: &LoginError) {
    let address = address(&head.extensions);
    let reason = match error {
        LoginError::Refused(refusal) => refusal.code(),
        _ => "the login failed",
    };
    if !limit.admits(address, reason, Instant::now()) {
        return;
    }
    let (request_id, address) = (&*request_id(&head.headers), address.map(|address| display(address.ip())));
    match error {
        LoginError::Refused(refusal) => warn!(request_id, address, reason, detail = %refusal, "login refused"),
        failure => error!(request_id, address, error = chain(failure), "the login failed"),
    }
}

pub(crate) fn address(extensions: &http::Extensions) -> Option<ClientAddress> {
    extensions.get().copied()
}

/// An error with its causes.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
