//! The body of a request: how large it may be, and what it is by the time an endpoint asks for it.

use bytes::Bytes;
use scim_core::TypeSchema;
use serde_json::Value;

use crate::call::reference::holds_members;
use crate::config::ServiceConfig;
use crate::wire::BulkError;
use crate::wire::Failure;
use crate::wire::Route;

/// A body.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// As it came.
    Text(Bytes),
    /// Already read: the data of an operation of a bulk request.
    Json(Value),
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(Bytes::new())
    }
}

/// The largest body that an endpoint takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLimit {
    Any(usize),
    Bulk(usize),
}

/// Whether resources of the type have members, as groups do.
fn has_members(of: &TypeSchema) -> bool {
    of.base().attributes().iter().any(|attribute| holds_members(attribute))
}

impl BodyLimit {
    pub(crate) fn of(route: &Route, config: &ServiceConfig) -> Self {
        match (route, config.bulk()) {
            (Route::Bulk, Some(_)) => Self::Bulk(config.limits().bulk_payload),
            (Route::Collection(of) | Route::Resource(of, _), _) if has_members(of) => {
                Self::Any(config.limits().group_body)
            }
            _ => Self::Any(config.limits().body),
        }
    }

    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Any(limit) | Self::Bulk(limit) => limit,
        }
    }

    /// What a client is told whose body is larger.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Any(limit) => Failure::BodyTooLarge { limit },
            Self::Bulk(limit) => BulkError::PayloadTooLarge { limit }.into(),
        }
    }
}
