//! Logging in and out.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::PrivateCookieJar;
use chrono::Utc;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use scim_service::observe::{ClientAddress, request_id};
use serde::Deserialize;
use superset_mapping::login::{LoginResponse, ReplayStore as _};

use crate::Gateway;
use crate::page::{ask_to_log_out, page, refusal};
use crate::seen::{address, chain, log_refusal};

/// Longest path that a person is brought back to, in bytes.
const MAX_PATH_LEN: usize = 2_000;

/// Ends whatever session Superset itself has with the browser: it is another person's, perhaps.
const NO_SUPERSET_SESSION: &str = "session=; Path=/; Max-Age=0; HttpOnly";

const NO_STORE: [(http::HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

#[derive(Deserialize)]
pub(crate) struct Wish {
    to: Option<String>,
}

/// Sends the browser to the identity provider.
pub(crate) async fn begin(
    State(gateway): State<Arc<Gateway>>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let now = Utc::now();
    let started = gateway.idp.service().begin(&gateway.idp.current(now).saml, None);
    let Ok((url, request)) = started else {
        return page(
            StatusCode::BAD_GATEWAY,
            "You can't log in",
            "The identity provider is not set up for logins from here.",
        );
    };
    let to = wish.to.filter(|to| is_local(to)).unwrap_or_else(|| "/".to_owned());
    let jar = gateway.cookies.with_pending(gateway.cookies.jar(&headers), request, to, now);
    (NO_STORE, jar, Redirect::to(&url)).into_response()
}

/// What the identity provider has the browser post.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(rename = "SAMLResponse")]
    response: String,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

/// Takes the answer of the identity provider.
pub(crate) async fn finish(State(gateway): State<Arc<Gateway>>, head: Parts, Form(answer): Form<Answer>) -> Response {
    let jar = gateway.cookies.jar(&head.headers);
    let now = Utc::now();
    let pending = gateway.cookies.pending(&jar, now);
    let (request, to) = match pending {
        Some(pending) => (Some(pending.request), pending.to),
        None => (None, "/".to_owned()),
    };
    let response = LoginResponse {
        message: answer.response,
        relay_state: answer.relay_state.filter(|relay_state| !relay_state.is_empty()),
        request,
        request_id: Some(request_id(&head.headers)),
        address: address(&head.extensions).map(ClientAddress::ip),
    };
    let outcome = gateway.logins.authenticate(&gateway.idp.current(now).trusted, &response, now).await;
    let login = match outcome {
        Ok(login) => login,
        Err(error) => {
            log_refusal(&gateway.log_limit, &head, &error);
            return refusal(&error);
        }
    };
    let Some(user) = login.user.id() else {
        return page(StatusCode::SERVICE_UNAVAILABLE, "You are not logged in", "Please try again in a minute.");
    };
    changed(gateway.cookies.with_session(jar, &user, login.generation, now), &to)
}

/// The metadata of the gateway, for the administrator of the identity provider.
pub(crate) async fn metadata(State(gateway): State<Arc<Gateway>>) -> Response {
    ([(CONTENT_TYPE, "application/samlmetadata+xml")], gateway.idp.service().metadata().to_owned()).into_response()
}

/// Asks somebody who followed a link to log out. Superset's own way out leads here.
pub(crate) async fn ask() -> Response {
    ask_to_log_out()
}

/// Ends the session here, on every host. That at the identity provider goes on.
pub(crate) async fn end(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    if !gateway.origin.sent(&headers) {
        return page(StatusCode::FORBIDDEN, "You are not logged out", "Another page asked for it: please do it here.");
    }
    let jar = gateway.cookies.jar(&headers);
    let now = Utc::now();
    if let Some(session) = gateway.cookies.session(&jar, now)
        && let Err(error) = gateway.sessions.first_use(&session.key(), session.until(), now).await
    {
        tracing::error!(error = chain(&error), "the end of a session could not be recorded");
        return page(StatusCode::SERVICE_UNAVAILABLE, "You are not logged out", "Please try again in a minute.");
    }
    let mut answer =
        page(StatusCode::OK, "You are logged out", "Your session at the identity provider may still be open.");
    for cookie in changed(gateway.cookies.without_session(jar), "/").headers().get_all(SET_COOKIE) {
        answer.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    answer
}

/// Another session from now on.
fn changed(jar: PrivateCookieJar, to: &str) -> Response {
    let mut answer = (NO_STORE, jar, Redirect::to(to)).into_response();
    answer.headers_mut().append(SET_COOKIE, http::HeaderValue::from_static(NO_SUPERSET_SESSION));
    answer
}

/// Whether this is a path of the gateway, and nothing that a browser takes for another host.
pub(crate) fn is_local(path: &str) -> bool {
    let printable = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    path.len() <= MAX_PATH_LEN
        && printable
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.starts_with("/saml/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_after_a_login() {
        for path in ["/", "/superset/dashboard/1/?native_filters=(a:1)", "/a//b"] {
            assert!(is_local(path), "{path}");
        }
        for path in
            ["", "x", "//evil.test", "/\\evil.test", "https://evil.test", "/a\n", "/ä", "/saml/logout", "/\t/evil"]
        {
            assert!(!is_local(path), "{path}");
        }
        assert!(!is_local(&format!("/{}", "x".repeat(MAX_PATH_LEN))));
    }
}
