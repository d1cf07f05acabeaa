//! The endpoints, one file each.

mod create;
mod delete;
mod discovery;
mod health;
mod list;
mod patch;
mod read;
mod replace;
mod search;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use discovery::{resource_types, schemas, service_provider_config, well_known};
pub(crate) use health::health;
pub(crate) use list::{list, list_all};
pub(crate) use patch::patch;
pub(crate) use read::read;
pub(crate) use replace::replace;
pub(crate) use search::{search, search_all};

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::{Projection, Resource, ResourceId, TypeSchema, parse_json};
use serde_json::Value;

use crate::fail::Failure;
use crate::negotiate::check_content_type;
use crate::query::search_request;
use crate::render::render;
use crate::respond::{ResourceHeaders, json_response, with_resource_headers};
use crate::service::Call;
use crate::store::StoreError;

impl<S: ?Sized> Call<'_, S> {
    /// The JSON of the body.
    fn json(&self) -> Result<Value, Failure> {
        check_content_type(&self.parts.headers)?;
        Ok(parse_json(&self.body)?)
    }

    /// What the URL asks to see of a resource. The bool says whether it asks at all.
    fn projection(&self, of: &TypeSchema) -> Result<(Projection, bool), Failure> {
        let request = search_request(self.parts.uri.query())?;
        let asked = !request.attributes.is_empty() || !request.excluded_attributes.is_empty();
        let profile = self.config.profile();
        Ok((Projection::new(&request.attributes, &request.excluded_attributes, of, profile)?, asked))
    }

    /// The response that shows a resource.
    fn show(
        &self,
        status: u16,
        of: &Arc<TypeSchema>,
        mut resource: Resource,
        projection: &Projection,
    ) -> Response<Bytes> {
        render(&mut resource, of, self.schemas, self.config.base_url());
        let headers = ResourceHeaders::of(&resource);
        projection.apply(of, &mut resource);
        with_resource_headers(json_response(status, &resource, self.format), &headers, status == 201)
    }
}

/// The id in a path. What cannot be an id is not found.
fn resource_id(text: &str) -> Result<ResourceId, Failure> {
    text.parse().map_err(|_| Failure::Store(StoreError::NotFound))
}
