//! The body of a request, which has to arrive in time.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// So many bytes earn a client one more second.
const BYTES_A_SECOND: u64 = 16 * 1024;

/// A body that fails with [`io::ErrorKind::TimedOut`] where it takes too long. The time begins when it is first asked for,
/// because a client may wait for that (`Expect: 100-continue`).
#[derive(Debug)]
pub struct TimedBody<B> {
    body: B,
    limit: Duration,
    started: Option<(Instant, Pin<Box<Sleep>>)>,
    received: u64,
}

impl<B> TimedBody<B> {
    /// `body` has to arrive within `limit`, and one second more for each 16 KiB of it.
    pub fn new(body: B, limit: Duration) -> Self {
        Self { body, limit, started: None, received: 0 }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, io::Error>>> {
        let this = self.get_mut();
        let (start, sleep) = this.started.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + this.limit)))
        });
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Buf::remaining);
                this.received = this.received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
                let earned = Duration::from_secs(this.received / BYTES_A_SECOND);
                sleep.as_mut().reset(*start + this.limit + earned);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => sleep.as_mut().poll(context).map(|()| Some(Err(io::ErrorKind::TimedOut.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
