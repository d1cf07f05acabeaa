//! Clients that present a certificate: a stolen token, secret or assertion is worthless without it (RFC 8705).

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use scim_service::oauth::{Clients, PeerCertificate};
use serde_json::json;

use crate::lab::{Lab, basic, hash, in_seconds, post, secret, with_authorization};

/// `okta` by the hash of its certificate, `entra` by a name in it, `alone` needs nothing else, `free` has none.
fn lab() -> Lab {
    let lab = Lab::new();
    let secrets = |id: &str| json!([{"sha256": hash(&secret(id))}]);
    let tokens = |id: &str| json!([{"sha256": hash(&format!("{id}-token"))}]);
    let clients = json!({"client": [
        {"id": "okta", "scopes": ["scim"], "secrets": secrets("okta"), "tokens": tokens("okta"),
            "certificates": [{"sha256": hash("okta.der")}, {"sha256": hash("next.der"), "expires": "2099-01-01T00:00:00Z"}]},
        {"id": "entra", "scopes": ["scim"], "secrets": secrets("entra"), "tokens": tokens("entra"),
            "tls_client_auth_san_dns": "entra.example"},
        {"id": "alone", "scopes": ["scim.read"], "certificate_alone": true, "credentials": "header",
            "certificates": [{"sha256": hash("alone.der")}]},
        {"id": "one", "scopes": ["scim"], "certificate_alone": true, "tls_client_auth_san_uri": "spiffe://one"},
        {"id": "two", "scopes": ["scim"], "certificate_alone": true, "tls_client_auth_san_uri": "spiffe://two"},
        {"id": "free", "scopes": ["scim"], "secrets": secrets("free"), "tokens": tokens("free")},
    ]});
    lab.registry.replace(Clients::try_from(clients).unwrap());
    lab
}

/// The certificate with this encoding, and none without one.
fn certificate(der: &str) -> Option<PeerCertificate> {
    (!der.is_empty()).then(|| PeerCertificate::of_der(der.as_bytes()))
}

fn over(mut request: Request<Bytes>, certificate: Option<PeerCertificate>) -> Request<Bytes> {
    if let Some(certificate) = certificate {
        request.extensions_mut().insert(certificate);
    }
    request
}

async fn status(lab: &Lab, token: Option<&str>, certificate: Option<PeerCertificate>) -> u16 {
    let request = Request::get("https://scim.example.com/Users").body(Bytes::new()).unwrap();
    let request = match token {
        Some(token) => with_authorization(request, &format!("Bearer {token}")),
        None => request,
    };
    lab.service.handle(over(request, certificate)).await.status().as_u16()
}

fn by_secret(client: &str) -> Request<Bytes> {
    post(&[("grant_type", "client_credentials"), ("client_id", client), ("client_secret", &secret(client))])
}

fn by_certificate(client: &str) -> Request<Bytes> {
    post(&[("grant_type", "client_credentials"), ("client_id", client)])
}

#[tokio::test]
async fn a_token_is_good_over_a_connection_with_its_clients_certificate_alone() {
    let lab = lab();
    let named = |name: &str| Some(PeerCertificate::of_der(b"x").with_dns_names([name]));
    for (token, certificate, expected) in [
        ("okta-token", certificate("okta.der"), 200),
        ("okta-token", certificate("next.der"), 200),
        ("okta-token", certificate("other.der"), 401),
        ("okta-token", None, 401),
        ("okta-token", named("entra.example"), 401),
        ("entra-token", named("Entra.example"), 200),
        ("entra-token", named("sub.entra.example"), 401),
        ("entra-token", certificate("okta.der"), 401),
        ("free-token", certificate("okta.der"), 200),
        ("free-token", None, 200),
    ] {
        assert_eq!(status(&lab, Some(token), certificate.clone()).await, expected, "{token} {certificate:?}");
    }
}

#[tokio::test]
async fn a_certificate_is_a_credential_where_its_client_says_so() {
    let lab = lab();
    let uri = |uris: &[&str]| Some(PeerCertificate::of_der(b"x").with_uris(uris.iter().copied()));
    for (certificate, expected) in [
        (certificate("alone.der"), 200),
        (uri(&["spiffe://one"]), 200),
        // Of two clients.
        (uri(&["spiffe://one", "spiffe://two"]), 401),
        // `okta` needs its token as well.
        (certificate("okta.der"), 401),
        (certificate("other.der"), 401),
        (None, 401),
    ] {
        assert_eq!(status(&lab, None, certificate.clone()).await, expected, "{certificate:?}");
    }
    // Whoever sends a token is judged by it.
    assert_eq!(status(&lab, Some("wrong"), certificate("alone.der")).await, 401);
    let body =
        Bytes::from(json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"}).to_string());
    let write = Request::post("https://scim.example.com/Users").body(body).unwrap();
    let answer = lab.service.handle(over(write, certificate("alone.der"))).await;
    assert_eq!(answer.status(), 403, "the scopes of the client count");
}

#[tokio::test]
async fn an_expired_certificate_is_none() {
    let lab = lab();
    let until = |expires: DateTime<Utc>| Some(PeerCertificate::of_der(b"alone.der").expiring(expires));
    assert_eq!(status(&lab, None, until(in_seconds(60))).await, 200);
    assert_eq!(status(&lab, None, until(in_seconds(-1))).await, 401);
    let answer = lab.ask(over(by_certificate("alone"), until(in_seconds(-1)))).await;
    assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn the_token_endpoint_wants_the_certificate_and_binds_the_token_to_it() {
    let lab = lab();
    for other in [None, certificate("other.der"), certificate("alone.der")] {
        let answer = lab.ask(over(by_secret("okta"), other)).await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()));
    }
    let token = lab.ask(over(by_secret("okta"), certificate("okta.der"))).await.token();
    assert_eq!(status(&lab, Some(&token), certificate("okta.der")).await, 200);
    // Also one of the client's, but not the one that the token was given for (RFC 8705 section 3).
    assert_eq!(status(&lab, Some(&token), certificate("next.der")).await, 401);
    assert_eq!(status(&lab, Some(&token), None).await, 401);
    let free = lab.ask(over(by_secret("free"), certificate("okta.der"))).await.token();
    assert_eq!(status(&lab, Some(&free), None).await, 200, "a client without certificates has tokens for everywhere");
}

#[tokio::test]
async fn a_client_gets_a_token_by_its_certificate_alone_where_it_may() {
    let lab = lab();
    let answer = lab.ask(over(by_certificate("alone"), certificate("alone.der"))).await;
    let token = answer.token();
    assert_eq!(answer.json()["scope"], "scim.read");
    assert_eq!(status(&lab, Some(&token), certificate("alone.der")).await, 200);
    assert_eq!(status(&lab, Some(&token), certificate("okta.der")).await, 401);
    for (client, presented) in [
        ("alone", None),
        ("alone", certificate("okta.der")),
        ("okta", certificate("okta.der")),
        ("free", certificate("alone.der")),
        ("nobody", certificate("alone.der")),
    ] {
        let answer = lab.ask(over(by_certificate(client), presented)).await;
        assert_eq!(answer.error(), (401, "invalid_client".to_owned()), "{client}");
        assert_eq!(answer.json(), json!({"error": "invalid_client"}), "no detail that tells what was right");
    }
    // Credentials beside the certificate are judged.
    let basic = with_authorization(by_certificate("alone"), &basic("alone", "wrong"));
    assert_eq!(lab.ask(over(basic, certificate("alone.der"))).await.error().0, 401);
}
