//! Access tokens of an authorization server of somebody else.

use bytes::Bytes;
use http::Request;
use scim_core::SchemaSet;
use scim_service::oauth::{JwtAuthenticator, KeyLocation};
use scim_service::{MemoryStore, ScimService, ServiceConfig};
use serde_json::{Value, json};

use crate::issuer::{Key, Shown};
use crate::lab::{ENTRA, ENTRA_KEYS, claims, header};

fn service(shown: &Shown, change: impl FnOnce(JwtAuthenticator) -> JwtAuthenticator) -> ScimService<MemoryStore> {
    let keys = KeyLocation::Url(ENTRA_KEYS.to_owned());
    let authenticator = change(JwtAuthenticator::new(ENTRA, "api://app", keys, shown.clone()));
    let config = ServiceConfig::new("https://scim.example.com").unwrap();
    ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, authenticator)
}

async fn status(service: &ScimService<MemoryStore>, method: &str, token: &str) -> u16 {
    let request = Request::builder()
        .method(method)
        .uri("https://scim.example.com/Users")
        .header("authorization", format!("Bearer {token}"));
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}).to_string();
    service.handle(request.body(Bytes::from(body)).unwrap()).await.status().as_u16()
}

#[tokio::test]
async fn a_token_of_the_issuer_is_used_as_often_as_its_bearer_likes() {
    let (key, shown) = (Key::p256(), Shown::default());
    let sign = |changes: Value| key.sign(&header("ES256", "k"), &claims(&changes));
    let service = service(&shown, |authenticator| authenticator);
    assert_eq!(status(&service, "GET", &sign(json!({"scope": "scim"}))).await, 503, "no keys yet");
    shown.put(ENTRA_KEYS, &[key.jwk("k")]);
    let service = self::service(&shown, |authenticator| authenticator);
    let token = sign(json!({"scope": "openid scim", "jti": "1"}));
    for _ in 0..3 {
        assert_eq!(status(&service, "GET", &token).await, 200);
    }
    let reader = sign(json!({"scope": "scim.read"}));
    assert_eq!((status(&service, "GET", &reader).await, status(&service, "POST", &reader).await), (200, 403));
    assert_eq!(status(&service, "GET", &sign(json!({}))).await, 403, "no scope allows nothing");
    for (changes, what) in [
        (json!({"scope": "scim", "aud": "api://other"}), "audience"),
        (json!({"scope": "scim", "iss": "https://other"}), "issuer"),
        (json!({"scope": "scim", "exp": 0}), "expired"),
        (json!({"scope": "scim", "exp": null}), "without expiry"),
        (json!({"scope": "scim", "sub": null}), "nobody"),
        (json!({"scope": "scim", "sub": ""}), "nobody"),
    ] {
        assert_eq!(status(&service, "GET", &sign(changes)).await, 401, "{what}");
    }
    assert_eq!(
        status(&service, "GET", &Key::p256().sign(&header("ES256", "k"), &claims(&json!({"scope": "scim"})))).await,
        401
    );
}

#[tokio::test]
async fn the_claims_are_those_of_the_issuer() {
    let (key, shown) = (Key::ed25519(), Shown::default());
    shown.put(ENTRA_KEYS, &[key.jwk("k")]);
    let service = service(&shown, |authenticator| {
        authenticator.with_name_claim("azp").with_scope_claim("roles").in_tenant("acme")
    });
    let sign = |changes: Value| key.sign(&header("EdDSA", "k"), &claims(&changes));
    assert_eq!(status(&service, "POST", &sign(json!({"azp": "okta", "roles": ["x", "scim.users"]}))).await, 201);
    assert_eq!(status(&service, "GET", &sign(json!({"azp": "okta", "roles": ["scim.groups"]}))).await, 403);
    assert_eq!(status(&service, "GET", &sign(json!({"roles": ["scim"]}))).await, 401, "`azp` is missing");
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_certificate_is_good_with_it_alone() {
    use scim_service::oauth::PeerCertificate;
    let (key, shown) = (Key::p256(), Shown::default());
    shown.put(ENTRA_KEYS, &[key.jwk("k")]);
    let service = service(&shown, |authenticator| authenticator);
    // The SHA-256 of `test`.
    let thumbprint = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
    for (confirmation, certificate, expected) in [
        (json!({"x5t#S256": thumbprint}), Some("test"), 200),
        (json!({"x5t#S256": thumbprint}), Some("other"), 401),
        (json!({"x5t#S256": thumbprint}), None, 401),
        (json!({"jkt": thumbprint}), Some("test"), 401),
    ] {
        let token = key.sign(&header("ES256", "k"), &claims(&json!({"scope": "scim", "cnf": confirmation})));
        let mut request = Request::get("https://scim.example.com/Users")
            .header("authorization", format!("Bearer {token}"))
            .body(Bytes::new())
            .unwrap();
        request.extensions_mut().extend(
            certificate
                .map(|der| {
                    let mut extensions = http::Extensions::new();
                    extensions.insert(PeerCertificate::of_der(der.as_bytes()));
                    extensions
                })
                .unwrap_or_default(),
        );
        assert_eq!(service.handle(request).await.status(), expected, "{confirmation} {certificate:?}");
    }
}
