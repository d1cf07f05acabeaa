//! What a person reads when something is in the way.

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use superset_mapping::{LoginError, Refusal};

/// A page with a heading, a sentence and a way on.
pub(crate) fn page(status: StatusCode, heading: &str, sentence: &str) -> Response {
    let text = include_str!("page.html").replace("{heading}", heading).replace("{sentence}", sentence);
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ];
    (status, headers, Html(text)).into_response()
}

/// Why somebody is not logged in, as far as it helps them. The record has the rest.
pub(crate) fn refusal(error: &LoginError) -> Response {
    let (status, sentence) = match error {
        LoginError::Refused(Refusal::Assertion(_)) => (
            StatusCode::FORBIDDEN,
            "The answer of your identity provider could not be accepted. It may have taken too long: please try again.",
        ),
        LoginError::Refused(Refusal::Inactive) => (StatusCode::FORBIDDEN, "Your account is not active."),
        LoginError::Refused(Refusal::NotProvisioned) => {
            (StatusCode::FORBIDDEN, "You have no account here yet. Your administrator can assign you to Superset.")
        }
        LoginError::Refused(_) => (
            StatusCode::FORBIDDEN,
            "Your identity provider knows you, but Superset can't let you in as what it says. Please ask your administrator.",
        ),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "The login could not be completed. Please try again in a minute."),
    };
    page(status, "You are not logged in", sentence)
}
