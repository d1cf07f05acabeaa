//! Requests for a token that nobody may get: each refused for its reason, which only the log has.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::Utc;
use http::Request;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use crate::issuer::Key;
use crate::lab::{ENTRA, JWT_BEARER, Lab, basic, claims, entra, from, header, post, secret, with_authorization};
use crate::log::Log;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// HMAC with SHA-256.
fn hmac(key: &[u8], message: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
    URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, message.as_bytes()))
}

/// Assertions that are wrong by themselves, with the reason for each.
fn assertions(lab: &Lab) -> Vec<(&'static str, String)> {
    let now = Utc::now().timestamp();
    let fit = header("RS256", "rsa");
    let of = |changes: Value| lab.rsa.sign(&fit, &claims(&changes));
    let headed = |header: Value| lab.rsa.sign(&header, &claims(&json!({})));
    let good = of(json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let joined = |header: &str, claims: &str, signature: &str| [header, claims, signature].join(".");
    let public = lab.rsa.jwk("rsa")["n"].as_str().unwrap().to_owned();
    let hs256 = joined(&encoded(&header("HS256", "rsa")), parts[1], "");
    let (hs256, _) = hs256.rsplit_once('.').unwrap();
    let none = |alg: &str, signature: &str| joined(&encoded(&header(alg, "rsa")), parts[1], signature);
    let stranger = Key::p256();
    let too_long = "the token lives longer than 24 hours";
    vec![
        ("the token has expired", of(json!({"exp": now - 61}))),
        ("the token has expired", of(json!({"exp": 0}))),
        ("the token has expired", of(json!({"exp": -1}))),
        ("`exp` is missing", of(json!({"exp": null}))),
        ("`exp` is not a whole number", of(json!({"exp": format!("{}", now + 60)}))),
        ("`exp` is not a whole number", of(json!({"exp": 1e300}))),
        (too_long, of(json!({"exp": now + 25 * 3_600}))),
        (too_long, of(json!({"exp": i64::MAX}))),
        (too_long, of(json!({"iat": now - 48 * 3_600}))),
        ("the token is not yet valid", of(json!({"nbf": now + 120}))),
        ("`nbf` is not a whole number", of(json!({"nbf": "soon"}))),
        ("the token was issued in the future", of(json!({"iat": now + 120}))),
        ("the audience is another", of(json!({"aud": "api://other"}))),
        ("the audience is another", of(json!({"aud": null}))),
        ("the audience is another", of(json!({"aud": ["api://other", "api://app/"]}))),
        ("the audience is another", of(json!({"aud": {"api://app": true}}))),
        ("the issuer is another", of(json!({"iss": "https://login.microsoftonline.com/0000/v2.0"}))),
        ("the issuer is another", of(json!({"iss": format!("{ENTRA}/")}))),
        ("the issuer is another", of(json!({"iss": [ENTRA]}))),
        ("the subject is another", of(json!({"sub": "0b1d"}))),
        ("the subject is another", of(json!({"sub": null}))),
        ("the issuer has no such key", lab.rsa.sign(&header("RS256", "unknown"), &claims(&json!({})))),
        ("the issuer has no such key", headed(json!({"alg": "RS256"}))),
        (
            "the issuer has no such key",
            stranger.sign(&json!({"alg": "ES256", "kid": "x", "jwk": stranger.jwk("x")}), &claims(&json!({}))),
        ),
        ("the signature is not that of the key", stranger.sign(&header("ES256", "p256"), &claims(&json!({})))),
        ("the signature is not that of the key", joined(parts[0], &encoded(&claims(&json!({"x": 1}))), parts[2])),
        ("the signature is not that of the key", joined(parts[0], parts[1], "")),
        ("the signature is not that of the key", headed(header("RS384", "rsa"))),
        ("the key does not fit the algorithm", lab.p256.sign(&header("RS256", "p256"), &claims(&json!({})))),
        ("the key does not fit the algorithm", headed(header("ES256", "rsa"))),
        ("the key does not fit the algorithm", lab.p256.sign(&header("ES384", "p256"), &claims(&json!({})))),
        ("the algorithm is not allowed", none("none", "")),
        ("the algorithm is not allowed", none("None", parts[2])),
        ("the algorithm is not allowed", none("rs256", parts[2])),
        ("the algorithm is not allowed", format!("{hs256}.{}", hmac(public.as_bytes(), hs256))),
        ("the algorithm is not allowed", format!("{hs256}.{}", hmac(&URL_SAFE_NO_PAD.decode(&public).unwrap(), hs256))),
        (
            "the header has critical parameters",
            headed(json!({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": false})),
        ),
        ("the header is not Base64", joined("e30=", parts[1], parts[2])),
        ("the header is not a JSON object with `alg`", joined(&encoded(&json!({})), parts[1], parts[2])),
        (
            "the header is not a JSON object with `alg`",
            joined(&URL_SAFE_NO_PAD.encode("{\"alg\":"), parts[1], parts[2]),
        ),
        ("the claims are not Base64", joined(parts[0], "!!!!", parts[2])),
        ("the claims are not a JSON object", joined(parts[0], &URL_SAFE_NO_PAD.encode("[1]"), parts[2])),
        (
            "the claims are not a JSON object",
            joined(parts[0], &URL_SAFE_NO_PAD.encode([b"{\"a\":".repeat(500), vec![b'1']].concat()), parts[2]),
        ),
        ("the signature is not Base64", joined(parts[0], parts[1], "a+/b")),
        ("the token does not have three parts", "x".to_owned()),
        ("the token does not have three parts", format!("{}.{}", parts[0], parts[1])),
        ("the token does not have three parts", format!("{good}.x.y")),
        ("the token is longer than 8 KiB", of(json!({"x": "y".repeat(8 * 1024)}))),
    ]
}

/// Requests whose client is refused, with the reason for each.
fn refused_clients(lab: &Lab) -> Vec<(&'static str, Request<Bytes>)> {
    let with_secret = |client: &str, secret: &str| post(&[GRANT, ("client_id", client), ("client_secret", secret)]);
    let assertion = lab.rsa.sign(&header("RS256", "rsa"), &claims(&json!({})));
    let asserted = |client: &str| {
        post(&[GRANT, ("client_id", client), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)])
    };
    let wrong_secret = "the secret is not one that the client has now";
    let broken_basic = "the Basic credentials are not Base64 of an id and a secret";
    let mut cases = vec![
        ("the request has no credentials", post(&[GRANT])),
        ("the request has no credentials", post(&[GRANT, ("client_id", "okta"), ("client_secret", "")])),
        ("the client is unknown", with_secret("nobody", &secret("okta"))),
        ("the client is unknown", with_secret("OKTA", &secret("okta"))),
        ("the client is unknown", asserted("nobody")),
        ("the client is unknown", with_authorization(post(&[GRANT]), &basic("nobody", "x"))),
        (wrong_secret, with_secret("okta", "wrong")),
        (wrong_secret, with_secret("okta", &secret("users"))),
        (wrong_secret, with_secret("okta", &crate::lab::hash(&secret("okta")))),
        (wrong_secret, with_secret("old", &secret("old"))),
        (wrong_secret, with_secret("entra", "x")),
        (wrong_secret, with_secret("static", "static-token")),
        (wrong_secret, with_authorization(post(&[GRANT]), &basic("okta", "wrong"))),
        (broken_basic, with_authorization(post(&[GRANT]), "Basic !!!")),
        (broken_basic, with_authorization(post(&[GRANT]), &format!("Basic {}", STANDARD.encode("okta")))),
        (broken_basic, with_authorization(post(&[GRANT]), &format!("Basic {}", STANDARD.encode([b'a', b':', 0xff])))),
        ("the scheme of `Authorization` is neither Basic nor Bearer", with_authorization(post(&[GRANT]), "Digest x")),
        ("the client has no assertions", asserted("okta")),
        ("the issuer is another", {
            let assertion = format!("Bearer {assertion}");
            with_authorization(post(&[GRANT, ("client_id", "ipsie")]), &assertion)
        }),
        ("the assertion is in the header, where this client has none", {
            with_authorization(post(&[GRANT, ("client_id", "entra")]), &format!("Bearer {assertion}"))
        }),
        ("the credentials are in the body, where this client has none", with_secret("ipsie", &secret("ipsie"))),
        (
            "the request does not come from the networks of the client",
            from(with_secret("near", &secret("near")), "192.0.2.9"),
        ),
    ];
    cases.extend(assertions(lab).into_iter().map(|(reason, assertion)| (reason, entra(&assertion))));
    cases
}

#[tokio::test]
async fn a_client_that_is_refused_learns_nothing_and_the_log_has_the_reason() {
    let lab = Lab::new();
    let cases = refused_clients(&lab);
    assert!(cases.len() >= 40);
    for (index, (reason, request)) in cases.into_iter().enumerate() {
        // What repeats at one address is not logged again, so each endpoint refuses one request.
        let (log, _guard) = Log::start(LevelFilter::WARN);
        let answer = Lab::new_beside(&lab).ask(request).await;
        let seen = (answer.0.status().as_u16(), answer.0.headers().clone(), answer.json());
        assert_eq!((seen.0, &seen.2), (401, &json!({"error": "invalid_client"})), "{index}: {reason}");
        assert_eq!(seen.1["www-authenticate"], "Basic realm=\"scim\", charset=\"UTF-8\"");
        // A bearer token is challenged for as well.
        let others = seen.1.len() - seen.1.get_all("www-authenticate").iter().count();
        assert_eq!((&seen.1["cache-control"], others), (&"no-store".parse().unwrap(), 3), "{index}: {reason}");
        assert_eq!(seen.1["pragma"], "no-cache");
        let events = log.events("token refused");
        assert_eq!((events.len(), &events[0]["reason"]), (1, &json!(reason)), "{index}\n{}", log.text());
    }
}

#[tokio::test]
async fn an_assertion_with_an_id_is_used_once() {
    let lab = Lab::new();
    let (log, _guard) = Log::start(LevelFilter::WARN);
    let sign = |id: &str| lab.rsa.sign(&header("RS256", "rsa"), &claims(&json!({"jti": id})));
    let (one, other) = (sign("1"), sign("2"));
    assert_eq!(lab.ask(entra(&one)).await.0.status(), 200);
    assert_eq!(lab.ask(entra(&one)).await.error(), (401, "invalid_client".to_owned()));
    assert_eq!(log.events("token refused")[0]["reason"], "the assertion was used before");
    assert_eq!(lab.ask(entra(&sign("1"))).await.error().0, 401, "signed anew");
    assert_eq!(lab.ask(entra(&other)).await.0.status(), 200);
    let numbered = lab.rsa.sign(&header("RS256", "rsa"), &claims(&json!({"jti": 7})));
    assert_eq!(lab.ask(entra(&numbered)).await.error().0, 401);
    assert_eq!(log.events("token refused").last().unwrap()["reason"], "`jti` is no string");
    let without = lab.rsa.sign(&header("RS256", "rsa"), &claims(&json!({})));
    assert_eq!(
        (lab.ask(entra(&without)).await.0.status(), lab.ask(entra(&without)).await.0.status()),
        (http::StatusCode::OK, http::StatusCode::OK)
    );
}

#[tokio::test]
async fn a_request_with_two_credentials_or_one_parameter_twice_is_malformed() {
    let lab = Lab::new();
    let assertion = lab.rsa.sign(&header("RS256", "rsa"), &claims(&json!({})));
    let okta = [GRANT, ("client_id", "okta"), ("client_secret", &secret("okta"))];
    let basic = basic("okta", &secret("okta"));
    let with = |more: &[(&str, &str)]| post(&[&okta[..], more].concat());
    let two = "the request has credentials of two kinds";
    for (reason, request) in [
        (two, with_authorization(with(&[]), &basic)),
        (two, with(&[("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)])),
        (two, with_authorization(entra(&assertion), &self::basic("entra", "x"))),
        (two, with_authorization(entra(&assertion), &format!("Bearer {assertion}"))),
        (
            "the request has two `Authorization` headers",
            with_authorization(with_authorization(post(&[GRANT]), &basic), &basic),
        ),
        ("a parameter is there more than once", with(&[("client_id", "okta")])),
        ("a parameter is there more than once", with(&[("scope", "scim"), ("scope", "scim")])),
        ("a parameter is there more than once", with(&[("x", "1"), ("x", "1")])),
        ("`client_secret` without `client_id`", post(&[GRANT, ("client_secret", &secret("okta"))])),
        (
            "`client_id` is not that of the Basic credentials",
            with_authorization(post(&[GRANT, ("client_id", "users")]), &basic),
        ),
        (
            "`client_assertion_type` is not that of RFC 7523",
            post(&[GRANT, ("client_id", "entra"), ("client_assertion", &assertion)]),
        ),
        ("`grant_type` is missing", post(&okta[1..])),
    ] {
        let (log, _guard) = Log::start(LevelFilter::WARN);
        let answer = Lab::new_beside(&lab).ask(request).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{reason}");
        assert_eq!(log.events("token refused")[0]["reason"], reason);
    }
}

#[tokio::test]
async fn a_flood_of_refusals_is_one_line() {
    let lab = Lab::new();
    let (log, _guard) = Log::start(LevelFilter::WARN);
    for attempt in 0..1_000 {
        let guess = attempt.to_string();
        let answer = lab.ask(post(&[GRANT, ("client_id", "okta"), ("client_secret", &guess)])).await;
        assert_eq!(answer.error().0, 401);
    }
    let events = log.events("token refused");
    assert_eq!((events.len(), &events[0]["client"]), (1, &json!("okta")));
}
