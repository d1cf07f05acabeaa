//! What a person reads when something is in the way.

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use superset_mapping::LoginError;
use superset_mapping::login::{AssertionError, Refusal};

/// Where a page leads.
const LOG_IN: &str = r#"<p><a href="/saml/login">Log in</a></p>"#;
const LOG_OUT: &str = r#"<form method="post" action="/saml/logout"><button>Log out</button></form>"#;

/// A page with a heading, a sentence and the way to a login.
pub(crate) fn page(status: StatusCode, heading: &str, sentence: &str) -> Response {
    with_way_on(status, heading, sentence, LOG_IN)
}

/// Asks whether somebody wants to log out. A link alone must not do it: any page could have browsers follow one.
pub(crate) fn ask_to_log_out() -> Response {
    with_way_on(StatusCode::OK, "Log out", "You can end your session with Superset here.", LOG_OUT)
}

fn with_way_on(status: StatusCode, heading: &str, sentence: &str, way_on: &str) -> Response {
    let text = include_str!("page.html")
        .replace("{heading}", heading)
        .replace("{sentence}", sentence)
        .replace("{way_on}", way_on);
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ),
    ];
    (status, headers, Html(text)).into_response()
}

/// Why somebody is not logged in, as far as it helps them. The record has the rest.
pub(crate) fn refusal(error: &LoginError) -> Response {
    let (status, sentence) = match error {
        LoginError::Refused(Refusal::Assertion(error)) => (StatusCode::FORBIDDEN, not_believed(error)),
        LoginError::Refused(Refusal::Inactive | Refusal::Closed) => {
            (StatusCode::FORBIDDEN, "Your account is not active.")
        }
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

/// Why an answer is not accepted, for whoever brought it.
fn not_believed(error: &AssertionError) -> &'static str {
    match error {
        AssertionError::Unsolicited => {
            "This login began at your identity provider, or too long ago, or in another browser. Logins begin here: please try again."
        }
        AssertionError::InResponseTo | AssertionError::RelayState => {
            "The answer of your identity provider is not one to the login that began here last. Please try again."
        }
        AssertionError::Time => "The answer of your identity provider took too long. Please try again.",
        AssertionError::Replayed => "This answer of your identity provider was used before. Please try again.",
        AssertionError::Status(_) => "Your identity provider refused the login. Please ask its administrator.",
        AssertionError::MetadataExpired(_) => {
            "Logins are not possible, because what is known here of your identity provider has expired. Please tell your administrator."
        }
        _ => {
            "The answer of your identity provider could not be accepted. Your administrator finds the reason in the record of logins."
        }
    }
}
