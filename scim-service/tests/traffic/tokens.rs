//! The same limits at the token endpoint.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use scim_core::SchemaSet;
use scim_service::oauth::{
    AccessTokens, ClientRegistry, Clients, KeyFetcher, KeyLocation, RegisteredClients, TokenEndpoint,
};
use scim_service::observe::ClientAddress;
use scim_service::traffic::TrafficLimits;
use scim_service::{MemoryStore, ScimService, ServiceConfig};
use serde_json::{Value, json};

use crate::lab::{Clock, HOME, Service, get, per_minute, per_second, refused};

/// No client here has assertions.
struct NoKeys;

#[async_trait]
impl KeyFetcher for NoKeys {
    async fn fetch(&self, location: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
        Err(format!("cannot fetch `{location}`").into())
    }
}

struct Lab {
    endpoint: TokenEndpoint,
    service: Service,
}

/// Two clients whose secret is `test`; service and endpoint with the same limits.
fn lab(limits: &TrafficLimits) -> Lab {
    let secret = json!({"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"});
    let client = |id: &str| json!({"id": id, "scopes": ["scim"], "secrets": [secret.clone()]});
    let clients = json!({"client": [client("okta"), client("entra")]});
    let registry = ClientRegistry::new(Clients::try_from(clients).unwrap());
    let tokens = AccessTokens::new("https://example.com");
    let endpoint = TokenEndpoint::new(registry.clone(), tokens.clone(), NoKeys).with_traffic_limits(limits.clone());
    let config = ServiceConfig::new("https://example.com/scim").unwrap();
    let authenticator = RegisteredClients::new(registry, tokens);
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, authenticator);
    Lab { endpoint, service: service.with_traffic_limits(limits.clone()) }
}

impl Lab {
    async fn ask(&self, client: &str, secret: &str, address: &str) -> Response<Bytes> {
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let mut request = Request::post("https://example.com/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .unwrap();
        request.extensions_mut().insert(ClientAddress::from(address.parse::<IpAddr>().unwrap()));
        self.endpoint.handle(request).await
    }
}

fn token(response: &Response<Bytes>) -> String {
    let answer: Value = serde_json::from_slice(response.body()).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_address_at_its_rate_gets_no_token_until_its_time_has_come() {
    let clock = Clock::default();
    let lab = lab(&clock.limits().with_rate_per_address(per_second(1, 2)));
    let granted = token(&lab.ask("okta", "test", HOME).await);
    assert_eq!(lab.ask("okta", "test", HOME).await.status(), 200);
    let response = lab.ask("okta", "test", HOME).await;
    let wait = refused(&response);
    assert_eq!(serde_json::from_slice::<Value>(response.body()).unwrap(), json!({"error": "temporarily_unavailable"}));
    assert_eq!(response.headers()["cache-control"], "no-store");
    refused(&get(&lab.service, &granted, HOME).await);
    assert_eq!(lab.ask("okta", "test", "198.51.100.9").await.status(), 200);
    clock.advance(wait);
    assert_eq!(lab.ask("okta", "test", HOME).await.status(), 200);
}

#[tokio::test]
async fn failed_authentication_counts_at_both_doors() {
    let clock = Clock::default();
    let lab = lab(&clock.limits().with_failed_authentications(per_minute(4)));
    let granted = token(&lab.ask("okta", "test", HOME).await);
    for secret in ["", "wrong"] {
        let response = lab.ask("okta", secret, HOME).await;
        assert_eq!(response.status(), 401, "without a secret it is no attempt");
    }
    assert_eq!(lab.ask("nobody", "test", HOME).await.status(), 401);
    for _ in 0..2 {
        assert_eq!(get(&lab.service, "wrong", HOME).await.status(), 401);
    }
    refused(&get(&lab.service, &granted, HOME).await);
    let wait = refused(&lab.ask("okta", "test", HOME).await);
    assert_eq!(lab.ask("okta", "test", "198.51.100.9").await.status(), 200);
    clock.advance(wait);
    assert_eq!(lab.ask("okta", "test", HOME).await.status(), 200);
    assert_eq!(get(&lab.service, &granted, HOME).await.status(), 200);
}

#[tokio::test]
async fn a_request_for_a_token_is_one_of_the_clients_and_of_nobody_who_only_names_it() {
    let clock = Clock::default();
    let lab = lab(&clock.limits().with_rate_per_client(per_second(1, 3)));
    for _ in 0..10 {
        assert_eq!(lab.ask("okta", "wrong", HOME).await.status(), 401);
    }
    let granted = token(&lab.ask("okta", "test", HOME).await);
    assert_eq!(lab.ask("okta", "test", HOME).await.status(), 200);
    assert_eq!(get(&lab.service, &granted, HOME).await.status(), 200);
    refused(&get(&lab.service, &granted, HOME).await);
    assert_eq!(refused(&lab.ask("okta", "test", HOME).await), Duration::from_secs(1));
    assert_eq!(lab.ask("entra", "test", HOME).await.status(), 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(lab.ask("okta", "test", HOME).await.status(), 200);
}
