//! A service with limits, and a clock.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};
use scim_core::SchemaSet;
use scim_service::observe::ClientAddress;
use scim_service::traffic::{Rate, TrafficLimits};
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, TenancyMode};
use serde_json::Value;

pub(crate) const HOME: &str = "192.0.2.7";

/// Time that goes by when a test says so.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn limits(&self) -> TrafficLimits {
        let clock = self.0.clone();
        TrafficLimits::by_clock(move || Duration::from_millis(clock.load(Ordering::Relaxed)))
    }
}

pub(crate) fn per_second(rate: u32, burst: u32) -> Rate {
    Rate::per_second(number(rate)).with_burst(number(burst))
}

pub(crate) fn per_minute(rate: u32) -> Rate {
    Rate::per_minute(number(rate))
}

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

pub(crate) fn at_a_time(requests: usize) -> NonZeroUsize {
    NonZeroUsize::new(requests).unwrap()
}

pub(crate) type Service = ScimService<MemoryStore>;

/// Clients with a token each: `okta`, `entra`, and `hr` in two tenants. `hub` may enter every tenant.
pub(crate) fn service(limits: TrafficLimits, tenancy: TenancyMode) -> Service {
    let config = ServiceConfig::new("https://example.com/scim").unwrap().with_tenancy(tenancy);
    let mut tokens = BearerTokens::new();
    for (token, principal) in [
        ("okta-token", Principal::new("okta")),
        ("entra-token", Principal::new("entra")),
        ("acme-token", Principal::new("hr").in_tenant("acme")),
        ("other-token", Principal::new("hr").in_tenant("other")),
        ("hub-token", Principal::new("hub")),
    ] {
        tokens = tokens.with_token(token, principal).unwrap();
    }
    ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens).with_traffic_limits(limits)
}

/// The head of a request by this client, if it says who it is, from this address, if it is known.
pub(crate) fn head(method: &Method, path: &str, token: Option<&str>, address: Option<&str>) -> Parts {
    let mut request = Request::builder().method(method).uri(format!("https://example.com/scim{path}"));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut parts = request.body(()).unwrap().into_parts().0;
    if let Some(address) = address {
        parts.extensions.insert(ClientAddress::from(address.parse::<IpAddr>().unwrap()));
    }
    parts
}

/// What the head of a request is answered with, or the whole of it without a body where the head is admitted.
pub(crate) async fn send(service: &Service, parts: Parts) -> Response<Bytes> {
    match service.admit(parts).await {
        Ok(admitted) => admitted.handle(Bytes::new()).await,
        Err(refusal) => refusal,
    }
}

pub(crate) async fn get(service: &Service, token: &str, address: &str) -> Response<Bytes> {
    send(service, head(&Method::GET, "/Users", Some(token), Some(address))).await
}

/// Checks that a response says when to come again, and gives that time.
pub(crate) fn refused(response: &Response<Bytes>) -> Duration {
    assert_eq!(response.status(), 429, "{response:?}");
    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(seconds >= 1);
    Duration::from_secs(seconds)
}

/// The `detail` of a SCIM error.
pub(crate) fn detail(response: &Response<Bytes>) -> String {
    let error: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(error["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    assert_eq!(error["status"], response.status().as_u16().to_string());
    error["detail"].as_str().unwrap().to_owned()
}
