//! What went wrong in one word, for metrics.

use http::StatusCode;
use scim_core::ScimType;

use crate::auth::AuthError;
use crate::store::StoreError;
use crate::wire::fail::Failure;

impl Failure {
    /// A word for what went wrong: the `scimType` of the error, or one for its reason or its status. There are few of them, and they
    /// stay the same: each is a label of metrics.
    pub(crate) fn error_type(&self) -> &'static str {
        match self {
            Self::Auth { error: AuthError::Missing | AuthError::Invalid, .. } => "unauthenticated",
            Self::Auth { error: AuthError::Unavailable(_), .. } => "authentication_unavailable",
            Self::Authorize(_) => "policy_unavailable",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::Denied { .. }
            | Self::HiddenAttribute { .. }
            | Self::OutOfSight
            | Self::Store(StoreError::Refused { .. }) => "denied",
            Self::Store(StoreError::Held { .. }) => "held",
            Self::Store(StoreError::Unavailable(_)) => "store_unavailable",
            Self::Store(StoreError::Internal(_)) => "store_failed",
            Self::TooManyRaces => "lost_race",
            _ => {
                let error = self.to_error();
                error.scim_type().map_or_else(|| of_status(error.status()), ScimType::as_str)
            }
        }
    }
}

fn of_status(status: u16) -> &'static str {
    match StatusCode::from_u16(status) {
        Ok(StatusCode::BAD_REQUEST) => "bad_request",
        Ok(StatusCode::FORBIDDEN) => "forbidden",
        Ok(StatusCode::NOT_FOUND) => "not_found",
        Ok(StatusCode::METHOD_NOT_ALLOWED) => "method_not_allowed",
        Ok(StatusCode::NOT_ACCEPTABLE) => "not_acceptable",
        Ok(StatusCode::REQUEST_TIMEOUT) => "timeout",
        Ok(StatusCode::CONFLICT) => "conflict",
        Ok(StatusCode::PRECONDITION_FAILED) => "precondition_failed",
        Ok(StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG) => "too_large",
        Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE) => "unsupported_media_type",
        Ok(StatusCode::TOO_MANY_REQUESTS) => "rate_limited",
        Ok(StatusCode::NOT_IMPLEMENTED) => "not_implemented",
        Ok(StatusCode::SERVICE_UNAVAILABLE) => "unavailable",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scope::Scope;

    #[test]
    fn what_an_operator_watches_has_a_word_of_its_own() {
        let held = StoreError::Held { reason: "later".to_owned(), retry_after: Duration::ZERO };
        for (failure, expected) in [
            (Failure::Auth { error: AuthError::Missing, challenges: Vec::new() }, "unauthenticated"),
            (Failure::InsufficientScope { needed: Scope::Users }, "insufficient_scope"),
            (Failure::Denied { reason: "no".to_owned() }, "denied"),
            (Failure::Store(held), "held"),
            (Failure::Store(StoreError::Unavailable("gone".into())), "store_unavailable"),
            (Failure::Store(StoreError::Uniqueness { attribute: "userName".to_owned() }), "uniqueness"),
            (Failure::Store(StoreError::NotFound), "not_found"),
            (Failure::UnknownEndpoint, "not_found"),
            (Failure::BodyTooLarge { limit: 1 }, "too_large"),
        ] {
            assert_eq!(failure.error_type(), expected, "{failure:?}");
        }
    }
}
