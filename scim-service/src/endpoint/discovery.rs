//! `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes` (RFC 7644 section 4) and `/.well-known/scim-configuration`.

use bytes::Bytes;
use http::Response;
use scim_core::Quirk;
use scim_core::message::{AuthenticationScheme, ListResponse};
use scim_core::schema::{ResourceType, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::wire::Failure;
use crate::wire::search_request;
use crate::wire::{Format, ResourceHeaders, json_response, with_resource_headers};

pub(crate) fn service_provider_config<S: ?Sized>(
    call: &mut Call<'_, S>,
    schemes: Vec<AuthenticationScheme>,
) -> Result<Response<Bytes>, Failure> {
    refuse_filter(call)?;
    let mut config = call.config.service_provider_config(schemes);
    // What is undefined cannot be changed.
    config.change_password.supported &= call.schemas.types().any(|of| of.base().attribute("password").is_some());
    let location = format!("{}/ServiceProviderConfig", call.config.base_url());
    Ok(one(call, &described(&config, "ServiceProviderConfig", &location)))
}

pub(crate) fn schemas<S: ?Sized>(call: &mut Call<'_, S>, uri: Option<&str>) -> Result<Response<Bytes>, Failure> {
    refuse_filter(call)?;
    let base_url = call.config.base_url();
    let show = |schema: &Schema| described(schema, "Schema", &format!("{base_url}/Schemas/{}", schema.id()));
    match uri {
        // Clients take what is listed for what they can provision: the schemas of the discovery resources themselves
        // answer by their URI alone.
        None => Ok(everything(call, call.advertised.schemas().map(|schema| show(schema)).collect())),
        Some(uri) => {
            let mut known = call.advertised.schemas().chain(scim_core::schema::discovery_schemas());
            let schema = known.find(|schema| schema.id().eq_ignore_ascii_case(uri));
            Ok(one(call, &show(schema.ok_or(Failure::UnknownDiscoveryResource)?)))
        }
    }
}

pub(crate) fn resource_types<S: ?Sized>(
    call: &mut Call<'_, S>,
    name: Option<&str>,
) -> Result<Response<Bytes>, Failure> {
    refuse_filter(call)?;
    let base_url = call.config.base_url();
    let show = |of: &ResourceType| described(of, "ResourceType", &format!("{base_url}/ResourceTypes/{}", of.id()));
    let mut all = call.schemas.types().map(|of| of.resource_type());
    match name {
        None => Ok(everything(call, all.map(show).collect())),
        Some(name) => {
            let registered = all.find(|of| of.id() == name || of.name().as_str() == name);
            let of = match registered {
                Some(of) => Some(of),
                None => in_any_case(call, name),
            };
            let of = show(of.ok_or(Failure::UnknownDiscoveryResource)?);
            Ok(one(call, &of))
        }
    }
}

/// The resource type whose name differs from `name` in case alone.
fn in_any_case<'s, S: ?Sized>(call: &mut Call<'s, S>, name: &str) -> Option<&'s ResourceType> {
    let same = |of: &&ResourceType| of.id().eq_ignore_ascii_case(name) || of.name().as_str().eq_ignore_ascii_case(name);
    let found = call.schemas.types().map(|of| of.resource_type()).find(same)?;
    call.tolerance.take(Quirk::EndpointCase).then_some(found)
}

/// Where a client finds everything else: the base URL and the discovery endpoints.
pub(crate) fn well_known<S: ?Sized>(call: &Call<'_, S>) -> Response<Bytes> {
    let base_url = call.config.base_url();
    let body = json!({
        "baseUrl": base_url,
        "serviceProviderConfig": format!("{base_url}/ServiceProviderConfig"),
        "resourceTypes": format!("{base_url}/ResourceTypes"),
        "schemas": format!("{base_url}/Schemas"),
    });
    json_response(200, &body, Format::Json)
}

/// R228: discovery does not filter; paging and sorting are ignored.
fn refuse_filter<S: ?Sized>(call: &Call<'_, S>) -> Result<(), Failure> {
    let filtered = search_request(call.parts.uri.query()).is_ok_and(|request| request.filter.is_some());
    if filtered { Err(Failure::DiscoveryFilter) } else { Ok(()) }
}

/// R231: the resource with its `meta`.
fn described(resource: &impl Serialize, resource_type: &str, location: &str) -> Value {
    let mut value = serde_json::to_value(resource).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.insert("meta".into(), json!({"resourceType": resource_type, "location": location}));
    }
    value
}

fn one<S: ?Sized>(call: &Call<'_, S>, resource: &Value) -> Response<Bytes> {
    let location = resource.get("meta").and_then(|meta| meta.get("location")?.as_str()).map(str::to_owned);
    let headers = ResourceHeaders { location, ..ResourceHeaders::default() };
    with_resource_headers(json_response(200, resource, call.format), headers)
}

fn everything<S: ?Sized>(call: &Call<'_, S>, resources: Vec<Value>) -> Response<Bytes> {
    json_response(200, &ListResponse::new(resources.len() as u64, 1, resources), call.format)
}
