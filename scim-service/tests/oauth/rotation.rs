//! Credentials that are replaced, expire, and are taken away.

use scim_service::oauth::Clients;
use serde_json::{Value, json};

use crate::lab::{Lab, clients, hash, in_seconds, post};

/// The registry with one client.
fn only(client: Value) -> Clients {
    let mut client = client;
    client["id"] = "okta".into();
    if client.get("scopes").is_none() {
        client["scopes"] = json!(["scim"]);
    }
    Clients::try_from(json!({"client": [client]})).unwrap()
}

async fn gets_token(lab: &Lab, secret: &str) -> bool {
    let form = [("grant_type", "client_credentials"), ("client_id", "okta"), ("client_secret", secret)];
    lab.ask(post(&form)).await.0.status() == 200
}

#[tokio::test]
async fn e3_o12_two_secrets_and_two_tokens_leave_no_gap_while_one_takes_the_place_of_the_other() {
    let lab = Lab::new();
    let set = |values: &[&str]| values.iter().map(|value| json!({"sha256": hash(value)})).collect::<Vec<_>>();
    for (held, old, new) in [(&["old"][..], true, false), (&["old", "new"], true, true), (&["new"], false, true)] {
        lab.registry.replace(only(json!({"secrets": set(held), "tokens": set(held)})));
        assert_eq!((gets_token(&lab, "old").await, gets_token(&lab, "new").await), (old, new), "{held:?}");
        assert_eq!((lab.status("old").await == 200, lab.status("new").await == 200), (old, new), "{held:?}");
    }
}

#[tokio::test]
async fn e3_nothing_is_honoured_after_its_expiry() {
    let lab = Lab::new();
    for (seconds, live) in [(-1, false), (60, true)] {
        let expiring = |value: &str| json!([{"sha256": hash(value), "expires": in_seconds(seconds).to_rfc3339()}]);
        lab.registry.replace(only(json!({"secrets": expiring("one"), "tokens": expiring("two")})));
        assert_eq!(gets_token(&lab, "one").await, live);
        assert_eq!(lab.status("two").await, if live { 200 } else { 401 });
    }
}

#[tokio::test]
async fn an_access_token_ends_with_its_client_and_with_its_scope() {
    let lab = Lab::new();
    let (okta, reader) = (lab.token("okta").await, lab.token("reader").await);
    assert_eq!((lab.status(&okta).await, lab.status(&reader).await), (200, 200));
    let secrets = json!([{"sha256": hash("new")}]);
    lab.registry.replace(only(json!({"secrets": secrets, "scopes": ["scim.read", "scim.users"]})));
    assert_eq!((lab.status(&okta).await, lab.status(&reader).await), (401, 401), "a scope and a client are gone");
    lab.registry.replace(Clients::try_from(clients()).unwrap());
    assert_eq!((lab.status(&okta).await, lab.status(&reader).await), (200, 200), "and are back");
    lab.registry.replace(Clients::default());
    assert_eq!((lab.status(&okta).await, lab.status("static-token").await), (401, 401));
}

#[tokio::test]
async fn an_access_token_is_for_the_tenant_that_its_client_had() {
    let lab = Lab::new();
    let of = |tenant: &str| only(json!({"secrets": [{"sha256": hash("new")}], "tenant": tenant}));
    lab.registry.replace(of("acme"));
    let form = [("grant_type", "client_credentials"), ("client_id", "okta"), ("client_secret", "new")];
    let answer = lab.ask(post(&form)).await.json();
    let token = answer["access_token"].as_str().unwrap();
    assert_ne!(lab.status(token).await, 401);
    lab.registry.replace(of("beta"));
    assert_eq!(lab.status(token).await, 401);
}

#[tokio::test]
async fn a_client_of_one_service_is_none_of_another() {
    let (one, other) = (Lab::new(), Lab::new());
    assert_eq!(other.status(&one.token("okta").await).await, 401);
}
