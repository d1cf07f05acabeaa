//! The service as a `tower_service::Service`, over any body.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tower_service::Service;

use crate::fail::Failure;
use crate::respond::Format;
use crate::service::ScimService;
use crate::store::Store;

impl<S, B> Service<Request<B>> for ScimService<S>
where
    S: Store + ?Sized,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// Reads the body, at most as much as the limit for its path, and serves the request. What exceeds the limit is refused
    /// with 413, by its `Content-Length` before anything is read (R217).
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let limit = service.body_limit(&parts.uri);
            if body.size_hint().lower() > limit as u64 {
                return Ok(service.body_too_large(&parts.uri).map(Full::new));
            }
            let uri = parts.uri.clone();
            let response = match Limited::new(body, limit).collect().await {
                Ok(body) => service.handle(Request::from_parts(parts, body.to_bytes())).await,
                Err(error) if error.is::<LengthLimitError>() => service.body_too_large(&uri),
                Err(error) => {
                    tracing::info!(%error, "a request broke off");
                    Failure::BodyBrokeOff.into_response(Format::Scim)
                }
            };
            Ok(response.map(Full::new))
        })
    }
}
