//! The resources of a list on their way out: as many as a response holds.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::message::ListResponse;
use scim_core::{Projection, Resource, TypeSchema};

use crate::call::Call;
use crate::pace::Pace;
use crate::store::StoreError;
use crate::wire::Failure;
use crate::wire::body_response;

/// What a list response holds beside its resources at most, cursors included, in bytes.
const ENVELOPE: usize = 16 * 1024;

/// How many resources are written before others get their turn.
const WRITTEN: usize = 16;

/// Resources as they are sent.
/// The bytes that a resource grows by when it is written: about as many as its URL has.
const ADDED: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Written {
    /// One after the other, with commas between them.
    json: String,
    /// Where each ends.
    ends: Vec<usize>,
    /// Whether some were left out, because the response would be too large with them.
    pub(super) ends_early: bool,
}

impl Written {
    /// How many resources there are.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    #[cfg(feature = "cursor")]
    /// The same in the opposite order.
    pub(super) fn reversed(self) -> Self {
        let mut reversed = Self { ends_early: self.ends_early, ..Self::default() };
        reversed.json.reserve(self.json.len());
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end + 1));
        let ranges: Vec<_> = starts.zip(&self.ends).collect();
        for (start, end) in ranges.into_iter().rev() {
            if !reversed.json.is_empty() {
                reversed.json.push(',');
            }
            reversed.json.push_str(self.json.get(start..*end).unwrap_or_default());
            reversed.ends.push(reversed.json.len());
        }
        reversed
    }
}

impl<S: ?Sized> Call<'_, S> {
    /// The most bytes of JSON that the resources of a page have together.
    pub(super) fn page_bytes(&self) -> usize {
        let limit = self.config.limits().response;
        limit.saturating_sub(ENVELOPE.min(limit / 8))
    }

    /// Writes resources in this order until the response is full.
    ///
    /// # Errors
    ///
    /// [`Failure::ResponseTooLarge`] where not even the first one fits.
    pub(super) async fn written<'p>(
        &self,
        resources: impl Iterator<Item = (&'p Arc<TypeSchema>, &'p Projection, Resource)> + Send,
    ) -> Result<Written, Failure> {
        let (limit, urls) = (self.page_bytes(), self.urls());
        let mut written = Written::default();
        let most = resources.size_hint().0;
        let mut pace = Pace::new(&self.cx.budget);
        for (of, projection, resource) in resources {
            let before = written.json.len();
            if before > 0 {
                written.json.push(',');
            }
            if before == 0 {
                // Resources of a page are about as large as the first.
                let first = resource.as_value().json_size() + ADDED;
                written.json.reserve(first.saturating_mul(most).min(limit));
            }
            projection.write(of, &resource, &urls, &mut written.json);
            if written.json.len() > limit {
                if before == 0 {
                    return Err(self.too_large(&resource));
                }
                written.json.truncate(before);
                written.ends_early = true;
                break;
            }
            written.ends.push(written.json.len());
            if written.count().is_multiple_of(WRITTEN) {
                pace.pause().await;
            }
        }
        Ok(written)
    }

    /// The response with a page: `page` as it is without its resources.
    pub(super) fn page_response(
        &self,
        mut page: ListResponse<()>,
        written: &Written,
    ) -> Result<Response<Bytes>, Failure> {
        page.items_per_page = written.count() as u64;
        let envelope = serde_json::to_string(&page).map_err(StoreError::internal)?;
        // `Resources` is its last member, and an empty array.
        let (before, after) = envelope.split_at_checked(envelope.len().saturating_sub(2)).unwrap_or_default();
        let mut body = String::with_capacity(envelope.len() + written.json.len());
        body.push_str(before);
        body.push_str(&written.json);
        body.push_str(after);
        Ok(body_response(200, body, self.format))
    }
}
