//! The endpoints, one file each.

mod bulk;
mod create;
mod delete;
mod discovery;
mod groups_on_user;
mod health;
mod integrity;
mod list;
mod me;
mod merge;
mod page;
mod patch;
mod read;
mod replace;
mod root_filter;
mod search;
mod visible;
mod walk;

pub(crate) use bulk::bulk;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use discovery::{resource_types, schemas, service_provider_config, well_known};
pub(crate) use health::health;
pub(crate) use list::{list, list_all};
pub(crate) use me::{me, redirect, with_location};
pub(crate) use patch::patch;
pub(crate) use read::read;
pub(crate) use replace::replace;
pub(crate) use search::{search, search_all};

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response};
use scim_core::json::parse_json_with;
use scim_core::{AttributeRef, Projection, Resource, ResourceId, TypeSchema};
use scim_filter::{Comparison, Filter, Literal, Operator, Predicate, View};
use serde_json::Value;

use crate::body::Body;
use crate::fail::Failure;
use crate::negotiate::{check_content_encoding, check_content_type};
use crate::precondition::precondition;
use crate::query::search_request;
use crate::reference::complete;
use crate::render::{Rendering, Urls};
use crate::respond::{ResourceHeaders, body_response, with_resource_headers};
use crate::service::Call;
use crate::store::{Precondition, StoreError};

/// A filter of the service's own: resources one of whose attributes has one of these values.
fn one_of<V: AsRef<str>>(of: &TypeSchema, attributes: &[&str], values: &[V]) -> Result<Predicate, Failure> {
    let mut tests = Vec::with_capacity(attributes.len() * values.len());
    for attribute in attributes {
        for value in values {
            let path = attribute.parse().map_err(StoreError::internal)?;
            let value = Literal::String(value.as_ref().to_owned());
            tests.push(Filter::Compare(Comparison { path, operator: Operator::Eq, value }));
        }
    }
    Ok(Filter::Or(tests).check(of)?)
}

impl<S: ?Sized> Call<'_, S> {
    /// The JSON of the body, which can be had once.
    fn json(&mut self) -> Result<Value, Failure> {
        match std::mem::take(&mut self.body) {
            Body::Text(text) => {
                check_content_encoding(&self.parts.headers)?;
                check_content_type(&self.parts.headers)?;
                let limits = self.config.limits();
                let body = parse_json_with(&text, &limits.json)?;
                limits.check_values(&body)?;
                Ok(body)
            }
            Body::Json(value) => Ok(value),
        }
    }

    /// The JSON of the body of a write, with its references completed.
    fn json_of(&mut self, of: &TypeSchema) -> Result<Value, Failure> {
        let mut body = self.json()?;
        complete(&mut body, of, self.schemas, self.config);
        Ok(body)
    }

    /// The JSON of a resource that is written, its members where their keys lead.
    fn resource_of(&mut self, of: &TypeSchema) -> Result<Value, Failure> {
        let mut body = self.json_of(of)?;
        if let Some(members) = body.as_object_mut() {
            of.nest(members, &mut self.tolerance);
        }
        Ok(body)
    }

    /// What the URL asks to see of a resource. The bool says whether it asks at all.
    fn projection(&self, of: &TypeSchema) -> Result<(Projection, bool), Failure> {
        let request = search_request(self.parts.uri.query())?;
        self.config.limits().check_names(&request)?;
        let asked = !request.attributes.is_empty() || !request.excluded_attributes.is_empty();
        let profile = self.config.profile();
        Ok((Projection::new(&request.attributes, &request.excluded_attributes, of, profile)?, asked))
    }

    /// What `If-Match` and `If-None-Match` ask of a write; nothing where resources have no versions (R202).
    fn precondition(&self) -> Result<Precondition, Failure> {
        if self.config.capabilities().etag { precondition(&self.parts.headers) } else { Ok(Precondition::None) }
    }

    /// What a response shows beyond what is stored, for whatever asks for it.
    fn view(&self, of: &TypeSchema) -> Arc<dyn View> {
        Rendering::view(of, self.schemas, self.config.base_url())
    }

    /// What responses show beyond what is stored.
    fn urls(&self) -> Urls<'_> {
        let versions = self.config.capabilities().etag;
        Urls { schemas: self.schemas, base_url: self.config.base_url(), versions }
    }

    /// Refuses a change of `password` where the service has none.
    fn check_password_change(&self, written: &[AttributeRef]) -> Result<(), Failure> {
        let password = written.iter().any(|target| target.is_in("password"));
        if password && !self.config.capabilities().change_password { Err(Failure::PasswordChange) } else { Ok(()) }
    }

    /// The response that shows a resource. What was written is written: where the answer to a write would be too large, it
    /// leaves out what refers to other resources.
    fn show(
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

    fn written_alone(&self, of: &TypeSchema, resource: &Resource, projection: &Projection) -> String {
        let mut body = String::with_capacity(resource.as_value().json_size() + 256);
        projection.write(of, resource, &self.urls(), &mut body);
        body
    }

    /// What the headers of a response say of a resource.
    fn headers_of(&self, of: &TypeSchema, resource: &Resource) -> ResourceHeaders {
        ResourceHeaders::of(of, resource, &self.urls())
    }
}

/// The id in a path. What cannot be an id is not found.
fn resource_id(text: &str) -> Result<ResourceId, Failure> {
    text.parse().map_err(|_| Failure::Store(StoreError::NotFound))
}
