//! What a connection is doing, as its stream and its requests see it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use http_body::{Body, Frame, SizeHint};

use super::limits::ConnectionLimits;

/// How long a client has to close a connection that is closed to it.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(1);

/// What is awaited of a connection. The first one is the first to be done without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The client's end: it has its last answer.
    Closing,
    /// The rest of a head, or the first byte of a new connection.
    Head,
    /// The next request, of which nothing has come.
    Idle,
    /// The answer to a request.
    Serving,
}

#[derive(Clone, Copy, Debug)]
struct State {
    stage: Stage,
    since: Instant,
    /// Since when the client takes nothing of what it is sent.
    blocked: Option<Instant>,
}

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

impl Activity {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { stage: Stage::Head, since: Instant::now(), blocked: None }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stage: Stage) {
        let mut state = self.state();
        *state = State { stage, since: Instant::now(), blocked: state.blocked };
    }

    /// Bytes came from the client.
    pub(super) fn received(&self) {
        let idle = self.state().stage == Stage::Idle;
        if idle {
            self.enter(Stage::Head);
        }
    }

    /// The client took bytes, or did not.
    pub(super) fn sent(&self, taken: bool) {
        let mut state = self.state();
        let now = Instant::now();
        if taken {
            state.blocked = None;
            // The end of an answer may still be on its way when its request is done.
            if state.stage == Stage::Idle {
                state.since = now;
            }
        } else {
            state.blocked.get_or_insert(now);
        }
    }

    /// Nothing more is sent.
    pub(super) fn closing(&self) {
        let closing = self.state().stage == Stage::Closing;
        if !closing {
            self.enter(Stage::Closing);
        }
    }

    /// How easily the connection can be done without, the least first; not at all while it is served.
    pub(super) fn expendable(&self) -> Option<(Stage, Instant)> {
        let state = self.state();
        (state.stage != Stage::Serving).then_some((state.stage, state.since))
    }

    /// Whether the client has taken too long.
    pub(super) fn is_overdue(&self, limits: &ConnectionLimits, now: Instant) -> bool {
        let state = self.state();
        let over = |since: Instant, limit| now.saturating_duration_since(since) > limit;
        let stage = match state.stage {
            Stage::Closing => over(state.since, CLOSING),
            Stage::Head => over(state.since, limits.head_timeout()),
            Stage::Idle => over(state.since, limits.idle_timeout()),
            Stage::Serving => false,
        };
        stage || state.blocked.is_some_and(|since| over(since, limits.idle_timeout()))
    }
}

/// A request that is served. The connection is idle once this is dropped.
#[derive(Debug)]
pub(super) struct Serving(Arc<Activity>);

impl Serving {
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        activity.enter(Stage::Serving);
        Self(activity)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let serving = self.0.state().stage == Stage::Serving;
        if serving {
            self.0.enter(Stage::Idle);
        }
    }
}

/// The body of an answer, which is served until it was written.
#[derive(Debug)]
pub(super) struct Answer<B> {
    body: B,
    _serving: Serving,
}

impl<B> Answer<B> {
    pub(super) fn new(body: B, serving: Serving) -> Self {
        Self { body, _serving: serving }
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
