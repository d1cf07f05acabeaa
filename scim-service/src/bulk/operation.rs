//! One operation of a job: what it is to do, or why it will not.

use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use http::header::{HeaderMap, HeaderValue, IF_MATCH};
use scim_core::message::{BulkMethod, BulkOperation, InvalidOperation};
use scim_core::{Profile, SchemaSet, Tolerance, TypeSchema, urn};
use serde_json::{Value, json};

use super::position::{Visit, in_patch, in_resource};
use super::reference::Reference;
use crate::config::ServiceConfig;
use crate::wire::BulkError;
use crate::wire::Failure;
use crate::wire::Route;
use crate::wire::precondition;

/// What a result repeats of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) bulk_id: Option<String>,
}

/// What an operation does, checked as far as it can be without the store.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) method: BulkMethod,
    pub(crate) of: Arc<TypeSchema>,
    pub(crate) target: Target,
    /// The version that the resource must have, as `If-Match` has it (R216).
    pub(crate) version: Option<HeaderValue>,
    pub(crate) data: Value,
}

/// Which resource an operation is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// One that it creates.
    New,
    /// The one with this id.
    Id(String),
    /// The one that the operation with this `bulkId` creates (R212).
    Bulk(String),
}

impl Label {
    /// Whether the operation means to create.
    pub(crate) fn creates(&self) -> bool {
        self.method.as_deref() == Some(BulkMethod::Post.as_str())
    }
}

/// Reads an operation.
pub(super) fn read(
    operation: Result<BulkOperation, Box<InvalidOperation>>,
    schemas: &SchemaSet,
    config: &ServiceConfig,
    tolerance: &mut Tolerance,
) -> (Label, Result<Work, Failure>) {
    match operation {
        Ok(operation) => {
            let label = Label {
                method: Some(operation.method.as_str().to_owned()),
                path: Some(operation.path.clone()),
                bulk_id: operation.bulk_id.clone(),
            };
            (label, Work::of(operation, schemas, config, tolerance))
        }
        Err(invalid) => {
            let InvalidOperation { method, path, bulk_id, error } = *invalid;
            (Label { method, path, bulk_id }, Err(Failure::Message(error)))
        }
    }
}

impl Work {
    fn of(
        operation: BulkOperation,
        schemas: &SchemaSet,
        config: &ServiceConfig,
        tolerance: &mut Tolerance,
    ) -> Result<Self, Failure> {
        let BulkOperation { method, path, bulk_id: _, version, data } = operation;
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return Err(BulkError::Path.into());
        }
        let route = Route::of(&path, schemas, tolerance)?;
        if matches!(route, Route::Collection(_) | Route::Resource(..)) {
            route.admit(&http_method(method), *config.capabilities())?;
        }
        let (of, target) = match route {
            Route::Collection(of) => (of, Target::New),
            Route::Resource(of, id) => match Reference::of_segment(Cow::Owned(id)) {
                Reference::Bulk(bulk_id) => (of, Target::Bulk(bulk_id.into_owned())),
                Reference::Id(id) => (of, Target::Id(id.into_owned())),
            },
            _ => return Err(BulkError::Path.into()),
        };
        let version = version.filter(|_| config.capabilities().etag);
        let version = version.map(|version| entity_tag(&version)).transpose()?;
        let mut data = data.unwrap_or_default();
        if method == BulkMethod::Patch {
            data = patch_message(data);
        }
        Ok(Self { method, of, target, version, data })
    }

    /// Visits the references in the data.
    pub(super) fn each_reference(&mut self, profile: &Profile, visit: Visit<'_>) {
        match self.method {
            BulkMethod::Post | BulkMethod::Put => in_resource(&self.of, profile, &mut self.data, visit),
            BulkMethod::Patch => in_patch(&self.of, profile, &mut self.data, visit),
            BulkMethod::Delete => {}
        }
    }
}

/// The method of the request that an operation stands for.
pub(crate) fn http_method(method: BulkMethod) -> Method {
    match method {
        BulkMethod::Post => Method::POST,
        BulkMethod::Put => Method::PUT,
        BulkMethod::Patch => Method::PATCH,
        BulkMethod::Delete => Method::DELETE,
    }
}

/// A `version` as a header has it. A malformed one is refused here, where its error can name the member.
fn entity_tag(version: &str) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(version).map_err(|_| BulkError::Version)?;
    let headers = HeaderMap::from_iter([(IF_MATCH, value.clone())]);
    precondition(&headers).map_err(|_| BulkError::Version)?;
    Ok(value)
}

/// R220: the message may lack its `schemas`, and may be nothing but the list of operations, as in the RFC's own example.
fn patch_message(data: Value) -> Value {
    match data {
        Value::Object(mut members) => {
            if !members.keys().any(|key| key.eq_ignore_ascii_case("schemas")) {
                members.insert("schemas".to_owned(), json!([urn::PATCH_OP]));
            }
            Value::Object(members)
        }
        operations => json!({"schemas": [urn::PATCH_OP], "Operations": operations}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::message::BulkRequest;

    fn status(operation: &Value) -> Result<Target, u16> {
        let message = json!({"schemas": [urn::BULK_REQUEST], "Operations": [operation]});
        let operation = BulkRequest::from_json(message).unwrap().operations.remove(0);
        let config = ServiceConfig::new("https://example.com/scim/v2").unwrap();
        let (_, work) = read(operation, &SchemaSet::builtin(), &config, &mut Tolerance::new(config.profile()));
        work.map(|work| work.target).map_err(|failure| failure.to_error().status())
    }

    #[test]
    fn r212_a_path_may_name_a_resource_of_the_job() {
        let delete = |path: &str| status(&json!({"method": "DELETE", "path": path}));
        assert_eq!(delete("/Users/1"), Ok(Target::Id("1".into())));
        assert_eq!(delete("/Users/bulkId:a"), Ok(Target::Bulk("a".into())));
        assert_eq!(delete("/Users/bulkId%3Aa%2Fb"), Ok(Target::Bulk("a/b".into())));
        assert_eq!(status(&json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": {}})), Ok(Target::New));
    }

    #[test]
    fn r218_what_is_no_resource_is_refused() {
        for (path, expected) in [
            ("/Bulk", 400),
            ("/Schemas", 400),
            ("/ServiceProviderConfig", 400),
            ("/Users/.search", 400),
            ("/.search", 400),
            ("/", 400),
            ("/Me", 400),
            ("https://example.com/scim/v2/Users", 400),
            ("//example.com/Users", 404),
            ("Users", 400),
            ("/Users?attributes=id", 400),
            ("", 400),
            ("/Nope", 404),
            ("/v1/Users", 400),
            ("/Users/1", 405),
        ] {
            let operation = json!({"method": "POST", "path": path, "bulkId": "a", "data": {}});
            assert_eq!(status(&operation), Err(expected), "{path}");
        }
        assert_eq!(status(&json!({"method": "GET", "path": "/Users/1"})), Err(400));
        assert_eq!(status(&json!({"method": "DELETE", "path": "/Users"})), Err(405));
    }

    #[test]
    fn r216_a_version_is_an_entity_tag() {
        let delete = |version: &str| status(&json!({"method": "DELETE", "path": "/Users/1", "version": version}));
        assert!(delete("W/\"1\"").is_ok() && delete("*").is_ok());
        for bad in ["1", "", "W/\"1", "\n"] {
            assert_eq!(delete(bad), Err(400), "{bad}");
        }
    }
}
