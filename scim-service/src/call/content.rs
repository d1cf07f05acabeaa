//! What a request says: its body, and what its URL and headers ask.

use scim_core::json::parse_json_with;
use scim_core::{AttributeRef, Projection, ResourceId, TypeSchema};
use serde_json::Value;

use crate::call::body::Body;
use crate::call::permit::written;
use crate::call::reference::complete;
use crate::call::request::Call;
use crate::store::{Precondition, StoreError};
use crate::wire::{Failure, check_content_encoding, check_content_type, precondition, search_request};

impl<S: ?Sized> Call<'_, S> {
    /// The JSON of the body, which can be had once.
    pub(crate) fn json(&mut self) -> Result<Value, Failure> {
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

    /// What a body writes, where somebody asks: a policy, a projection with attributes that come back after they were written, or
    /// what may not be changed.
    pub(crate) fn asked_of(&self, body: &Value, of: &TypeSchema) -> Vec<AttributeRef> {
        let is_asked = self.authorizer.is_some() || of.has_requested() || !self.config.capabilities().change_password;
        if is_asked { written(body, of) } else { Vec::new() }
    }

    /// The JSON of the body of a write, with its references completed.
    pub(crate) fn json_of(&mut self, of: &TypeSchema) -> Result<Value, Failure> {
        let mut body = self.json()?;
        complete(&mut body, of, self.schemas, self.config);
        Ok(body)
    }

    /// The JSON of a resource that is written, its members where their keys lead.
    pub(crate) fn resource_of(&mut self, of: &TypeSchema) -> Result<Value, Failure> {
        let mut body = self.json_of(of)?;
        if let Some(members) = body.as_object_mut() {
            of.nest(members, &mut self.tolerance);
        }
        Ok(body)
    }

    /// What the URL asks to see of a resource. The bool says whether it asks at all.
    pub(crate) fn projection(&self, of: &TypeSchema) -> Result<(Projection, bool), Failure> {
        let request = search_request(self.parts.uri.query())?;
        self.config.limits().check_names(&request)?;
        let asked = !request.attributes.is_empty() || !request.excluded_attributes.is_empty();
        let profile = self.config.profile();
        Ok((Projection::new(&request.attributes, &request.excluded_attributes, of, profile)?, asked))
    }

    /// What `If-Match` and `If-None-Match` ask of a write; nothing where resources have no versions (R202).
    pub(crate) fn precondition(&self) -> Result<Precondition, Failure> {
        if self.config.capabilities().etag { precondition(&self.parts.headers) } else { Ok(Precondition::None) }
    }

    /// Refuses a change of `password` where the service has none.
    pub(crate) fn check_password_change(&self, written: &[AttributeRef]) -> Result<(), Failure> {
        let password = written.iter().any(|target| target.is_in("password"));
        if password && !self.config.capabilities().change_password { Err(Failure::PasswordChange) } else { Ok(()) }
    }
}

/// The id in a path. What cannot be an id is not found.
pub(crate) fn resource_id(text: &str) -> Result<ResourceId, Failure> {
    text.parse().map_err(|_| Failure::Store(StoreError::NotFound))
}
