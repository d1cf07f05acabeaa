//! In AWS Lambda, behind an API gateway, a load balancer or a function URL. `SCIM_BASE_URL` and `SCIM_TOKEN` configure it.
//!
//! A function keeps nothing between two starts: put a store over a database in the place of the one in memory.

use std::env;
use std::net::IpAddr;

use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};
use scim_service::observe::ClientAddress;
use scim_service::{ScimService, Store};

/// One event through the service.
pub(crate) async fn handle<S: Store>(service: &ScimService<S>, event: Request) -> Response<Body> {
    let address = client_address(&event);
    let mut request = event.map(|body| match body {
        Body::Text(text) => text.into(),
        Body::Binary(bytes) => bytes.into(),
        _ => bytes::Bytes::new(),
    });
    if let Some(address) = address {
        request.extensions_mut().insert(address);
    }
    // SCIM is JSON, hence text: as a binary body, API Gateway would get it in base64.
    service.handle(request).await.map(|body| match String::from_utf8(body.into()) {
        Ok(text) => Body::Text(text),
        Err(error) => Body::Binary(error.into_bytes()),
    })
}

/// Where the event comes from, for the log: API Gateway says so, a load balancer adds it to a header.
fn client_address(event: &Request) -> Option<ClientAddress> {
    let address = match event.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?,
        _ => event.headers().get("x-forwarded-for")?.to_str().ok()?.rsplit(',').next()?.trim(),
    };
    Some(address.parse::<IpAddr>().ok()?.into())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let service = scim_mounts::service(&env::var("SCIM_BASE_URL")?, &env::var("SCIM_TOKEN")?)?;
    let service = &service;
    run(service_fn(move |event| async move { Ok::<_, Error>(handle(service, event).await) })).await
}
