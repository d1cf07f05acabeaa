//! What a response shows of a resource.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response};
use scim_core::{Projection, Resource, TypeSchema};
use scim_filter::View;

use crate::call::request::Call;
use crate::wire::{Failure, Rendering, ResourceHeaders, Urls, body_response, empty_response, with_resource_headers};

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
        if self.in_bulk {
            return Ok(self.headed(empty_response(status), of, resource));
        }
        let limit = self.config.limits().response;
        let body = self.written_alone(of, resource, projection);
        if body.len() <= limit {
            return Ok(self.headed(body_response(status, body, self.format), of, resource));
        }
        if matches!(self.parts.method, Method::GET | Method::HEAD) {
            return Err(self.too_large(resource));
        }
        let attributes = of.attributes().filter(|attribute| attribute.extension().is_none());
        let refers: Vec<_> =
            attributes.filter(|attribute| attribute.attribute().sub_attribute("$ref").is_some()).collect();
        tracing::info!(request_id = %self.cx.request_id, limit, "an answer was too large and leaves out references");
        let body = self.written_alone(of, resource, &projection.clone().hiding(&refers));
        Ok(self.headed(body_response(status, body, self.format), of, resource))
    }

    pub(crate) fn written_alone(&self, of: &TypeSchema, resource: &Resource, projection: &Projection) -> String {
        // Just as large as a resource of which nothing but its location is added: what is larger is copied once more.
        let location = self.urls().location_len(of, &resource.id().unwrap_or_default());
        let added = ",\"location\":\"\"".len() + location;
        let mut body = String::with_capacity(resource.as_value().json_size() + added);
        projection.write(of, resource, &self.urls(), &mut body);
        body
    }

    /// The response with what is known of its resource: in headers, or for a bulk request as an extension.
    pub(crate) fn headed(
        &self,
        mut response: Response<Bytes>,
        of: &TypeSchema,
        resource: &Resource,
    ) -> Response<Bytes> {
        let headers = ResourceHeaders::of(of, resource, &self.urls());
        if self.in_bulk {
            response.extensions_mut().insert(headers.with_id(resource));
            return response;
        }
        with_resource_headers(response, headers)
    }

    /// Why a resource cannot be sent.
    pub(crate) fn too_large(&self, resource: &Resource) -> Failure {
        let largest = resource.members().max_by_key(|(_, value)| value.json_size());
        let attribute = largest.map(|(name, _)| name.into_owned()).unwrap_or_default();
        Failure::ResponseTooLarge { limit: self.config.limits().response, attribute }
    }
}
