//! Each way in which a client gets a token.

use http::Request;
use scim_service::oauth::ServerMetadata;
use serde_json::{Value, json};

use crate::issuer::Key;
use crate::lab::{JWT_BEARER, Lab, basic, claims, entra, from, header, post, post_text, secret, with_authorization};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn e4_e5_entra_gets_a_token_for_its_assertion_and_provisions_with_it() {
    let lab = Lab::new();
    let assertion = lab.rsa.sign(&header("RS256", "rsa"), &claims(&json!({})));
    let body = format!(
        "grant_type=client_credentials&client_id=entra&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
         client-assertion-type%3Ajwt-bearer&client_assertion={assertion}&scope=scim"
    );
    let answer = lab.ask(post_text(&body)).await;
    assert_eq!(answer.0.status(), 200, "{}", answer.json());
    assert_eq!(
        (&answer.0.headers()["cache-control"], &answer.0.headers()["content-type"]),
        (&"no-store".parse().unwrap(), &"application/json".parse().unwrap())
    );
    let shown = answer.json();
    assert_eq!(
        (&shown["token_type"], &shown["expires_in"], &shown["scope"]),
        (&json!("Bearer"), &json!(3_600), &json!("scim"))
    );
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
    assert_eq!(lab.scim("POST", "/Users", &answer.token(), &user).await.status(), 201);
    assert_eq!(lab.status(&assertion).await, 401, "the assertion itself is no access token");
}

#[tokio::test]
async fn every_kind_of_key_signs_assertions() {
    let lab = Lab::new();
    let ed = Key::ed25519();
    lab.shown.put(crate::lab::ENTRA_KEYS, &[lab.rsa.jwk("rsa"), lab.p256.jwk("p256"), ed.jwk("ed")]);
    for (key, algorithm, kid) in
        [(&lab.rsa, "RS256", "rsa"), (&lab.rsa, "PS256", "rsa"), (&lab.p256, "ES256", "p256"), (&ed, "EdDSA", "ed")]
    {
        let answer = lab.ask(entra(&key.sign(&header(algorithm, kid), &claims(&json!({}))))).await;
        assert_eq!(answer.0.status(), 200, "{algorithm}: {}", answer.json());
    }
}

#[tokio::test]
async fn the_assertion_alone_can_name_the_client() {
    let lab = Lab::new();
    let assertion = lab.p256.sign(&header("ES256", "p256"), &claims(&json!({"aud": ["x", "api://app"]})));
    let answer = lab.ask(post(&[GRANT, ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)])).await;
    assert_eq!(answer.json()["scope"], "scim", "without a parameter it is all that the client has");
}

#[tokio::test]
async fn e2_secrets_come_in_the_body_or_by_basic() {
    let lab = Lab::new();
    assert_eq!(lab.status(&lab.token("okta").await).await, 200);
    let with_basic = |id: &str, secret: &str| with_authorization(post(&[GRANT]), &basic(id, secret));
    assert_eq!(lab.ask(with_basic("okta", &secret("okta"))).await.0.status(), 200);
    let odd = "a b+c%20";
    assert_eq!(lab.ask(with_basic(odd, &secret(odd))).await.0.status(), 200, "as it is");
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    assert_eq!(lab.ask(with_basic(&encoded(odd), &encoded(&secret(odd)))).await.0.status(), 200, "as RFC 6749 has it");
    let both = with_authorization(post(&[GRANT, ("client_id", "okta")]), &basic("okta", &secret("okta")));
    assert_eq!(lab.ask(both).await.0.status(), 200, "an id is no credential");
}

#[tokio::test]
async fn i1_a_client_of_ipsie_has_its_credentials_in_the_header_alone() {
    let lab = Lab::new();
    let changes = json!({"iss": "https://idp.example", "sub": "ipsie", "aud": "https://scim.example.com"});
    let assertion = lab.rsa.sign(&header("RS256", "rsa"), &claims(&changes));
    let bearer = format!("Bearer {assertion}");
    for request in [
        with_authorization(post(&[GRANT]), &bearer),
        with_authorization(post(&[GRANT, ("client_id", "ipsie"), ("scope", "scim")]), &bearer),
        with_authorization(post(&[GRANT]), &basic("ipsie", &secret("ipsie"))),
    ] {
        let answer = lab.ask(request).await;
        assert_eq!((answer.0.status().as_u16(), &answer.json()["scope"]), (200, &json!("scim")));
    }
    for form in [
        &[GRANT, ("client_id", "ipsie"), ("client_secret", &secret("ipsie"))][..],
        &[GRANT, ("client_id", "ipsie"), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)],
    ] {
        assert_eq!(lab.ask(post(form)).await.error(), (401, "invalid_client".to_owned()));
    }
}

#[tokio::test]
async fn the_scope_is_what_is_asked_for_and_belongs_to_the_client() {
    let lab = Lab::new();
    let ask = async |client: &str, scope: &str| {
        let form = [GRANT, ("client_id", client), ("client_secret", &secret(client)), ("scope", scope)];
        lab.ask(post(&form)).await.json()
    };
    for (client, asked, granted) in [
        ("okta", "scim", "scim"),
        ("okta", "scim.read", "scim.read"),
        ("okta", "openid scim", "scim"),
        ("okta", "", "scim"),
        ("both", "scim.users scim.groups", "scim.users"),
        ("both", "scim.users scim.read scim", "scim.read scim.users"),
    ] {
        assert_eq!(ask(client, asked).await["scope"], granted, "{client}: {asked}");
    }
    for (client, asked) in [("reader", "scim"), ("users", "scim.groups"), ("okta", "api://app/.default"), ("okta", " ")]
    {
        assert_eq!(ask(client, asked).await, json!({"error": "invalid_scope"}), "{client}: {asked}");
    }
}

#[tokio::test]
async fn networks_are_those_of_the_client_at_both_ends() {
    let lab = Lab::new();
    let form = [GRANT, ("client_id", "near"), ("client_secret", &secret("near"))];
    assert_eq!(lab.ask(from(post(&form), "127.0.0.9")).await.0.status(), 200);
    assert_eq!(lab.ask(from(post(&form), "192.0.2.9")).await.error().0, 401);
    assert_eq!(lab.ask(post(&form)).await.error().0, 401, "nobody knows where it comes from");
    let issued = lab.ask(from(post(&form), "127.0.0.9")).await.token();
    for token in ["near-token", &issued] {
        let request = || {
            let request =
                Request::get("https://scim.example.com/Users").header("authorization", format!("Bearer {token}"));
            request.body(bytes::Bytes::new()).unwrap()
        };
        assert_eq!(lab.service.handle(from(request(), "127.0.0.9")).await.status(), 200);
        assert_eq!(lab.service.handle(from(request(), "192.0.2.9")).await.status(), 401);
        assert_eq!(lab.service.handle(request()).await.status(), 401);
    }
}

#[tokio::test]
async fn what_is_no_request_for_a_token_is_refused() {
    let lab = Lab::new();
    let fit = crate::lab::form(&[GRANT, ("client_id", "okta"), ("client_secret", &secret("okta"))]);
    let mut get = post_text("");
    *get.method_mut() = http::Method::GET;
    let answer = lab.ask(get).await;
    assert_eq!(
        (answer.error(), &answer.0.headers()["allow"]),
        ((405, "invalid_request".to_owned()), &"POST".parse().unwrap())
    );
    let mut json_body = post_text(&fit);
    json_body.headers_mut().insert("content-type", "application/json".parse().unwrap());
    assert_eq!(lab.ask(json_body).await.error().0, 400);
    let mut with_charset = post_text(&fit);
    let media_type = "Application/X-WWW-Form-Urlencoded; charset=UTF-8".parse().unwrap();
    with_charset.headers_mut().insert("content-type", media_type);
    assert_eq!(lab.ask(with_charset).await.0.status(), 200);
    let filled = |length: usize| format!("{fit}&x={}", "y".repeat(length - fit.len() - 3));
    assert_eq!(lab.ask(post_text(&filled(16 * 1024))).await.0.status(), 200);
    assert_eq!(lab.ask(post_text(&filled(16 * 1024 + 1))).await.error(), (413, "invalid_request".to_owned()));
    let other = fit.replace("client_credentials", "password");
    assert_eq!(lab.ask(post_text(&other)).await.error(), (400, "unsupported_grant_type".to_owned()));
    assert_eq!(
        lab.ask(post_text(&fit.replace("grant_type", "grant"))).await.error(),
        (400, "invalid_request".to_owned())
    );
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_an_outage_and_no_refusal() {
    let lab = Lab::new();
    let changes = json!({"iss": "https://dark", "sub": "d"});
    let assertion = lab.rsa.sign(&header("RS256", "rsa"), &claims(&changes));
    let form = [GRANT, ("client_id", "dark"), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)];
    let answer = lab.ask(post(&form)).await;
    assert_eq!(answer.error(), (503, "temporarily_unavailable".to_owned()));
    assert!(answer.0.headers().contains_key("retry-after"));
    lab.shown.put_text("https://dark/keys", "<html>");
    assert_eq!(lab.ask(post(&form)).await.error().0, 503, "and is not asked again within a minute");
}

#[tokio::test]
async fn i2_the_metadata_lead_to_the_endpoint() {
    let metadata = ServerMetadata::new("https://scim.example.com", "https://scim.example.com/oauth2/token");
    let answer = metadata.handle(&Request::get("/.well-known/oauth-authorization-server").body(()).unwrap());
    let shown: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(shown["token_endpoint"], "https://scim.example.com/oauth2/token");
    assert_eq!(shown["grant_types_supported"], json!(["client_credentials"]));
    assert_eq!(shown["token_endpoint_auth_methods_supported"][2], "private_key_jwt");
}
