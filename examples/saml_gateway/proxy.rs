//! Passing requests on to Superset, in the name of whoever is logged in.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::Utc;
use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, FORWARDED, HOST, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, InvalidUri, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Limited;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scim_service::StoreError;
use scim_service::observe::metrics::{DeprovisionedAttempt, attempted};
use superset_mapping::login::ReplayStore as _;
use thiserror::Error;

use crate::Gateway;
use crate::page::page;
use crate::person;
use crate::seen::chain;
use crate::session::Cookies;

/// How long Superset may take to begin an answer.
const ANSWER_TIME: Duration = Duration::from_mins(5);

/// Headers of one connection, which no proxy passes on (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// How long a connection to Superset may be idle and still be used: gunicorn closes them after two seconds, and what was sent on one
/// that is being closed is lost.
const IDLE_TIME: Duration = Duration::from_secs(1);

/// What is passed on. `TRACE` would show headers that the gateway adds, `CONNECT` is for proxies of another kind.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Superset behind the gateway.
pub(crate) struct Superset {
    client: Client<HttpConnector, Body>,
    authority: Authority,
    public_host: HeaderValue,
    public_scheme: HeaderValue,
    max_upload: usize,
}

/// An address that requests can't be passed on to.
#[derive(Debug, Error)]
pub(crate) enum AddressError {
    #[error("`{0}`: expected `http://` with a host and no path: the gateway stands beside Superset")]
    Superset(String),
    #[error("`{0}`: expected `https://` or `http://` with a host and no path")]
    Public(String),
}

impl Superset {
    pub(crate) fn new(url: &str, public: &str, max_upload: usize) -> Result<Self, AddressError> {
        let root = |url: &str| -> Result<Option<(Scheme, Authority)>, InvalidUri> {
            let parts = url.parse::<Uri>()?.into_parts();
            let path = parts.path_and_query.is_none_or(|path| path == "/");
            Ok(parts.scheme.zip(parts.authority).filter(|_| path))
        };
        let superset = || AddressError::Superset(url.to_owned());
        let (scheme, authority) = root(url).map_err(|_| superset())?.ok_or_else(superset)?;
        if scheme != Scheme::HTTP {
            return Err(superset());
        }
        let not_public = || AddressError::Public(public.to_owned());
        let (public_scheme, public_host) = root(public).map_err(|_| not_public())?.ok_or_else(not_public)?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| not_public());
        Ok(Self {
            client: Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIME)
                .build_http(),
            authority,
            public_host: value(public_host.as_str())?,
            public_scheme: value(public_scheme.as_str())?,
            max_upload,
        })
    }

    /// Sends a request to Superset, and brings back the answer.
    async fn send(&self, request: Request<Body>) -> Response {
        let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > self.max_upload) {
            return page(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "What was sent is larger than is passed on.");
        }
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let Ok(uri) =
            Uri::builder().scheme(Scheme::HTTP).authority(self.authority.clone()).path_and_query(path).build()
        else {
            return page(StatusCode::BAD_REQUEST, "Not understood", "The address is not one of Superset's.");
        };
        parts.uri = uri;
        parts.version = http::Version::HTTP_11;
        // Only what changes nothing is sent twice: whether the first one arrived nobody knows (RFC 9110, section 9.2.2).
        let again = (parts.method.is_safe() && body.is_end_stream()).then(|| parts.clone());
        let body = Body::new(Limited::new(body, self.max_upload));
        let sent = async {
            match (self.client.request(Request::from_parts(parts, body)).await, again) {
                // What could not be connected does not get better by haste.
                (Err(error), Some(parts)) if !error.is_connect() => {
                    self.client.request(Request::from_parts(parts, Body::empty())).await
                }
                (outcome, _) => outcome,
            }
        };
        match tokio::time::timeout(ANSWER_TIME, sent).await {
            Ok(Ok(mut answer)) => {
                drop_hop_by_hop(answer.headers_mut());
                answer.map(Body::new)
            }
            Ok(Err(error)) => {
                tracing::error!(error = chain(&error), "Superset could not be asked");
                page(StatusCode::BAD_GATEWAY, "Superset does not answer", "Please try again in a minute.")
            }
            Err(_) => {
                tracing::error!("Superset did not answer in time");
                page(StatusCode::GATEWAY_TIMEOUT, "Superset does not answer in time", "Please try again in a minute.")
            }
        }
    }
}

/// Passes a request on, if somebody is logged in who is still active, or if it needs no login. That is looked up for every request,
/// so that whoever leaves is out with the next one.
pub(crate) async fn forward(State(gateway): State<Arc<Gateway>>, mut request: Request<Body>) -> Response {
    if !METHODS.contains(request.method()) {
        let allowed = METHODS.each_ref().map(Method::as_str).join(", ");
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, allowed)]).into_response();
    }
    if gateway.anonymous.lets_through(request.uri(), request.headers()) {
        clean(request.headers_mut(), &gateway);
        // Superset's own session is somebody's, whom the gateway has not looked up.
        request.headers_mut().remove(COOKIE);
        return gateway.superset.send(request).await;
    }
    let username = match username(&gateway, request.headers()).await {
        Ok(Some(username)) => username,
        Ok(None) => return ask_to_log_in(&request),
        Err(error) => {
            tracing::error!(error = chain(&error), "the session could not be looked up");
            return page(StatusCode::SERVICE_UNAVAILABLE, "Not now", "Please try again in a minute.");
        }
    };
    let Some(name) = person::value(&username) else {
        return page(
            StatusCode::FORBIDDEN,
            "You can't use Superset here",
            "Your user name has spaces around it or control characters. Please ask your administrator for another one.",
        );
    };
    clean(request.headers_mut(), &gateway);
    request.headers_mut().insert(person::REMOTE_USER, name);
    gateway.superset.send(request).await
}

/// Takes away what is not for Superset, and says where the request came in.
fn clean(headers: &mut HeaderMap, gateway: &Gateway) {
    // A length beside a coding says nothing (RFC 9112, section 6.3).
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    drop_hop_by_hop(headers);
    person::strip(headers);
    keep_cookies(headers, &gateway.cookies);
    for name in ["x-forwarded-for", "x-forwarded-port", "x-forwarded-prefix", "x-real-ip"] {
        headers.remove(name);
    }
    headers.remove(FORWARDED);
    let superset = &gateway.superset;
    headers.insert(HOST, superset.public_host.clone());
    headers.insert("x-forwarded-host", superset.public_host.clone());
    headers.insert("x-forwarded-proto", superset.public_scheme.clone());
}

/// The username of whoever the session is of, for as long as they may log in.
async fn username(gateway: &Gateway, headers: &HeaderMap) -> Result<Option<String>, StoreError> {
    let now = Utc::now();
    let jar = gateway.cookies.jar(headers);
    let Some(session) = gateway.cookies.session(&jar, now) else { return Ok(None) };
    let Some(user) = session.user() else { return Ok(None) };
    if gateway.sessions.was_used(&session.key(), now).await? {
        return Ok(None);
    }
    let account = gateway.store.session_of(&gateway.context(now), &user).await?;
    if account.is_none() && gateway.measures {
        attempted(DeprovisionedAttempt::Session);
    }
    if let Some(account) = account.filter(|account| session.is_of(account)) {
        return Ok(Some(account.username));
    }
    // For good: whoever is let in again logs in again, by whatever means they were locked out.
    gateway.sessions.first_use(&session.key(), session.until(), now).await?;
    Ok(None)
}

/// Pages lead to the login, and back; programs are told.
fn ask_to_log_in(request: &Request<Body>) -> Response {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if request.method() == Method::GET && accept.contains("text/html") {
        let to = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let to = utf8_percent_encode(to, NON_ALPHANUMERIC);
        return ([(CACHE_CONTROL, "no-store")], Redirect::to(&format!("/saml/login?to={to}"))).into_response();
    }
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (StatusCode::UNAUTHORIZED, headers, r#"{"message": "log in at /saml/login"}"#).into_response()
}

/// Removes what is of the connection alone, and what the connection header names so.
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// Leaves Superset its own cookies, and keeps those of the gateway from it.
fn keep_cookies(headers: &mut HeaderMap, cookies: &Cookies) {
    let pairs: Vec<String> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|pair| !cookies.owns(pair.split('=').next().unwrap_or_default().trim()))
        .map(str::to_owned)
        .collect();
    headers.remove(COOKIE);
    if let (false, Ok(value)) = (pairs.is_empty(), HeaderValue::from_str(&pairs.join("; "))) {
        headers.insert(COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use axum_extra::extract::cookie::Key;

    use super::*;

    #[test]
    fn what_is_of_the_connection_ends_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("upgrade", "websocket"),
            ("etag", "1"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        drop_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["etag"]);
    }

    #[test]
    fn superset_does_not_see_the_cookies_of_the_gateway() {
        let cookies = Cookies::new(Key::generate(), 1, false);
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("saml_session=a; session=b"));
        headers.append(COOKIE, HeaderValue::from_static(" saml_login =c;d=e"));
        keep_cookies(&mut headers, &cookies);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["session=b; d=e"]);
    }

    #[test]
    fn superset_stands_beside_the_gateway() {
        assert!(Superset::new("http://127.0.0.1:8088", "https://superset.example.com", 1).is_ok());
        for (superset, public) in [
            ("https://127.0.0.1", "https://a.test"),
            ("http://a.test/x", "https://a.test"),
            ("a.test", "https://a.test"),
            ("http://a.test", "https://a.test/superset"),
        ] {
            assert!(Superset::new(superset, public, 1).is_err(), "{superset} {public}");
        }
    }
}
