//! `GET /health`: whether the store can be reached. For load balancers, so it asks for no credentials.

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
        Ok(()) => Ok(json_response(200, &json!({"status": "up"}), Format::Json)),
        Err(StoreError::Internal(source) | StoreError::Unavailable(source)) => {
            Err(StoreError::Unavailable(source).into())
        }
        Err(other) => Err(StoreError::Unavailable(other.into()).into()),
    }
}
