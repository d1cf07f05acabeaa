//! How the service is, for load balancers and whoever starts it, so nobody is asked for credentials.
//!
//! `GET /health/live`: the process answers, and need not be started anew. `GET /health/ready`: the store can be reached, and the service
//! is not about to stop, so that requests may be sent to it. `GET /health`: the store can be reached. None of them says more, and HEAD
//! says as much.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use crate::call::Call;
use crate::call::InSpan;
use crate::store::{Store, StoreError};
use crate::wire::Failure;
use crate::wire::{Format, json_response};

pub(crate) async fn health<S: Store + ?Sized>(call: &mut Call<'_, S>) -> Result<Response<Bytes>, Failure> {
    match call.store.health().in_span("health").await {
        Ok(()) => Ok(up()),
        Err(StoreError::Internal(source) | StoreError::Unavailable(source)) => {
            Err(StoreError::Unavailable(source).into())
        }
        Err(other) => Err(StoreError::Unavailable(other.into()).into()),
    }
}

pub(crate) fn live() -> Response<Bytes> {
    up()
}

pub(crate) async fn ready<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    is_stopping: bool,
) -> Result<Response<Bytes>, Failure> {
    if is_stopping { Err(Failure::Stopping) } else { health(call).await }
}

fn up() -> Response<Bytes> {
    json_response(200, &json!({"status": "up"}), Format::Json)
}
