//! The resources of a list on their way out: as many as a response holds.

use std::sync::Arc;

use scim_core::{Projection, Resource, TypeSchema, json_size};
use serde_json::value::{RawValue, to_raw_value};

use crate::fail::Failure;
use crate::pace::Pace;
use crate::service::Call;
use crate::store::StoreError;

/// What a list response holds beside its resources at most, cursors included, in bytes.
const ENVELOPE: usize = 16 * 1024;

/// How many resources are written before others get their turn.
const WRITTEN: usize = 16;

/// Resources as they are sent.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) resources: Vec<Box<RawValue>>,
    /// Whether some were left out, because the response would be too large with them.
    pub(super) ends_early: bool,
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
        let mut left = self.page_bytes();
        let mut written = Written::default();
        let mut pace = Pace::new(&self.cx.budget);
        for (of, projection, mut resource) in resources {
            self.render(&mut resource, of);
            projection.apply(of, &mut resource);
            let text = to_raw_value(&resource).map_err(StoreError::internal)?;
            let Some(rest) = left.checked_sub(text.get().len() + 1) else {
                if written.resources.is_empty() {
                    return Err(self.too_large(&resource));
                }
                written.ends_early = true;
                break;
            };
            left = rest;
            written.resources.push(text);
            if written.resources.len().is_multiple_of(WRITTEN) {
                pace.pause().await;
            }
        }
        Ok(written)
    }

    /// Why a resource cannot be sent.
    pub(super) fn too_large(&self, resource: &Resource) -> Failure {
        let largest = resource.attributes().iter().max_by_key(|(_, value)| json_size(value));
        let attribute = largest.map(|(name, _)| name.clone()).unwrap_or_default();
        Failure::ResponseTooLarge { limit: self.config.limits().response, attribute }
    }
}
