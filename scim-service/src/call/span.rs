//! Spans around the calls of the store.

use scim_core::TypeSchema;
use tracing::instrument::Instrumented;
use tracing::{Instrument, debug_span};

/// A call of the store in a span of its own. No value of a request is in it.
pub(crate) trait InSpan: Future + Sized {
    /// In a span `store` with the name of the call.
    fn in_span(self, call: &'static str) -> Instrumented<Self> {
        self.instrument(debug_span!("store", call))
    }

    /// The same with the resource type that the call is about.
    fn in_span_about(self, call: &'static str, of: &TypeSchema) -> Instrumented<Self> {
        self.instrument(debug_span!("store", call, resource_type = of.resource_type().name().as_str()))
    }
}

impl<F: Future> InSpan for F {}
