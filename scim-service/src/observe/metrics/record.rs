//! What hosts tell the recorder themselves.

use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Label, counter, histogram};

use crate::observe::metrics::metric::{ATTEMPTS, AUDIT_FAILURES, REQUEST_DURATION};

/// Records how long a request took (`http.server.request.duration`), for a host that serves more than SCIM.
///
/// `route` is a template such as `/Users/{id}`, never the path of a request: each value is a series of its own. `error` is a word for
/// what went wrong, from a small set.
pub fn request_served(
    method: &Method,
    route: Option<&str>,
    status: StatusCode,
    error: Option<&'static str>,
    duration: Duration,
) {
    let mut labels = Vec::with_capacity(4);
    labels.push(Label::from_static_parts("http.request.method", known(method)));
    if let Some(route) = route {
        labels.push(Label::new("http.route", route.to_owned()));
    }
    labels.push(Label::new("http.response.status_code", status.as_str().to_owned()));
    if let Some(error) = error {
        labels.push(Label::from_static_parts("error.type", error));
    }
    histogram!(REQUEST_DURATION, labels).record(duration.as_secs_f64());
}

/// The methods that OpenTelemetry tells apart; clients may invent others.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

/// What was tried for somebody who was deprovisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeprovisionedAttempt {
    /// A login of somebody who is inactive, which was refused.
    Login,
    /// A request in a session of somebody who may not log in any more, which was refused.
    Session,
    /// A client activated somebody who was inactive.
    Activation,
}

impl DeprovisionedAttempt {
    pub(super) const ALL: [Self; 3] = [Self::Login, Self::Session, Self::Activation];

    /// The word for it in the label `attempt`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Session => "session",
            Self::Activation => "activation",
        }
    }
}

/// Counts an attempt of, or for, somebody who was deprovisioned (`scim.deprovisioned.attempts`).
pub fn attempted(attempt: DeprovisionedAttempt) {
    counter!(ATTEMPTS, "attempt" => attempt.as_str()).increment(1);
}

/// Counts a record that could not be written (`scim.audit.failures`). `audit` is a word for which audit it was, from a small set.
pub fn audit_failed(audit: &'static str) {
    counter!(AUDIT_FAILURES, "audit" => audit).increment(1);
}

/// Counts a request for an access token. The client is one that is registered.
#[cfg(feature = "oauth")]
pub(crate) fn token_requested(client: Option<&str>, outcome: &'static str) {
    let mut labels = vec![Label::from_static_parts("outcome", outcome)];
    if let Some(client) = client {
        labels.push(Label::new("client", client.to_owned()));
    }
    counter!(super::metric::TOKEN_REQUESTS, labels).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_invents_a_method() {
        assert_eq!(known(&Method::PATCH), "PATCH");
        for other in ["patch", "PROPFIND", "s3cret"] {
            assert_eq!(known(&Method::from_bytes(other.as_bytes()).unwrap()), "_OTHER");
        }
    }
}
