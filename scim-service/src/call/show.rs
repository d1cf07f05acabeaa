//! What a response shows of a resource.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response};
use scim_core::{Projection, Resource, TypeSchema};
use scim_filter::View;

use crate::call::request::Call;
use crate::wire::{Failure, Rendering, ResourceHeaders, Urls, body_response, with_resource_headers};

impl<S: ?Sized> Call<'_, S> {
    /// What a response shows beyond what is stored, for whatever asks for it.
    pub(crate) fn view(&self, of: &TypeSchema) -> Arc<dyn View> {
        Rendering::view(of, self.schemas, self.config.base_url())
    }

    /// What responses show beyond what is stored.
    pub(crate) fn urls(&self) -> Urls<'_> {
        let versions = self.config.capabilities().etag;
        Urls { schemas: self.schemas, base_url: self.config.base_url(), versions }
    }

    /// The response that shows a resource. What was written is written: where the answer to a write would be too large, it
    /// leaves out what refers to other resources.
    pub(crate) fn show(
        &self,
        status: u16,
        of: &Arc<TypeSchema>,
        resource: &Resource,
        projection: &Projection,
    ) -> Result<Response<Bytes>, Failure> {
        let headers = self.headers_of(of, resource);
        let limit = self.config.limits().response;
        let body = self.written_alone(of, resource, projection);
        if body.len() <= limit {
            return Ok(with_resource_headers(body_response(status, body, self.format), &headers));
        }
        if matches!(self.parts.method, Method::GET | Method::HEAD) {
            return Err(self.too_large(resource));
        }
        let attributes = of.attributes().filter(|attribute| attribute.extension().is_none());
        let refers: Vec<_> =
            attributes.filter(|attribute| attribute.attribute().sub_attribute("$ref").is_some()).collect();
        tracing::info!(request_id = %self.cx.request_id, limit, "an answer was too large and leaves out references");
        let body = self.written_alone(of, resource, &projection.clone().hiding(&refers));
        Ok(with_resource_headers(body_response(status, body, self.format), &headers))
    }

    pub(crate) fn written_alone(&self, of: &TypeSchema, resource: &Resource, projection: &Projection) -> String {
        let mut body = String::with_capacity(resource.as_value().json_size() + 256);
        projection.write(of, resource, &self.urls(), &mut body);
        body
    }

    /// What the headers of a response say of a resource.
    pub(crate) fn headers_of(&self, of: &TypeSchema, resource: &Resource) -> ResourceHeaders {
        ResourceHeaders::of(of, resource, &self.urls())
    }

    /// Why a resource cannot be sent.
    pub(crate) fn too_large(&self, resource: &Resource) -> Failure {
        let largest = resource.members().max_by_key(|(_, value)| value.json_size());
        let attribute = largest.map(|(name, _)| name.into_owned()).unwrap_or_default();
        Failure::ResponseTooLarge { limit: self.config.limits().response, attribute }
    }
}
