//! The service as a `tower_service::Service`, over any body.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, Version};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tower_service::Service;

use crate::service::ScimService;
use crate::store::Store;
use crate::wire::Failure;

impl<S, B> Service<Request<B>> for ScimService<S>
where
    S: Store,
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

    /// Admits the head, then reads the body, at most as much as the limit for its path, and serves the request. Of a request
    /// that is refused by its head nothing is read, and of one whose `Content-Length` exceeds the limit neither (413, R217);
    /// the connection then ends with the answer, because the body is still to come on it. A body that fails with
    /// [`ErrorKind::TimedOut`] took longer than the host allows (408).
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let unread = Unread { version: parts.version, is_empty: body.is_end_stream() };
            let admitted = match service.admit(parts).await {
                Ok(admitted) => admitted,
                Err(response) => return Ok(unread.closing(response)),
            };
            let Some(limit) = admitted.body_limit() else {
                return Ok(admitted.handle(Bytes::new()).await.map(Full::new));
            };
            if body.size_hint().lower() > limit as u64 {
                return Ok(unread.closing(admitted.body_too_large()));
            }
            match Limited::new(body, limit).collect().await {
                Ok(body) => Ok(admitted.handle(body.to_bytes()).await.map(Full::new)),
                Err(error) if error.is::<LengthLimitError>() => Ok(unread.closing(admitted.body_too_large())),
                Err(error) => {
                    tracing::info!(%error, "a request broke off");
                    let failure = if timed_out(&*error) { Failure::BodyTimedOut } else { Failure::BodyBrokeOff };
                    Ok(unread.closing(admitted.refuse(failure)))
                }
            }
        })
    }
}

/// Whether the host stopped waiting for a body.
fn timed_out(error: &(dyn Error + 'static)) -> bool {
    let is_timeout = |error: &(dyn Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::TimedOut)
    };
    is_timeout(error) || error.source().is_some_and(timed_out)
}

/// A body that is still on its way.
struct Unread {
    version: Version,
    is_empty: bool,
}

impl Unread {
    /// Says to the client of a response to less than the whole request that the connection ends with it (RFC 9112 section
    /// 9.3). HTTP/2 ends the stream alone, and has no such header.
    fn closing(&self, response: Response<Bytes>) -> Response<Full<Bytes>> {
        let mut response = response.map(Full::new);
        if !self.is_empty && self.version <= Version::HTTP_11 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
