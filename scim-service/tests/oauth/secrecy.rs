//! No secret, token or assertion is shown to anybody who does not have it.

use serde_json::json;
use tracing_subscriber::filter::LevelFilter;

use crate::lab::{Lab, basic, claims, entra, hash, header, post, secret, with_authorization};
use crate::log::Log;

#[tokio::test]
async fn what_is_planted_is_in_no_log_no_answer_and_no_debug_output() {
    let lab = Lab::new();
    let (log, _guard) = Log::start(LevelFilter::TRACE);
    let grant = ("grant_type", "client_credentials");
    let good = lab.rsa.sign(&header("RS256", "rsa"), &claims(&json!({"jti": "planted-jti"})));
    let bad = lab.rsa.sign(&header("RS256", "planted-kid"), &claims(&json!({"sub": "planted-subject"})));
    let mut answers = Vec::new();
    let mut issued = Vec::new();
    for request in [
        entra(&good),
        post(&[grant, ("client_id", "okta"), ("client_secret", &secret("okta"))]),
        with_authorization(post(&[grant]), &basic("users", &secret("users"))),
    ] {
        issued.push(lab.ask(request).await.token());
    }
    for request in [
        entra(&good),
        entra(&bad),
        post(&[grant, ("client_id", "okta"), ("client_secret", "planted-secret")]),
        post(&[grant, ("client_id", "planted-client"), ("client_secret", &secret("okta"))]),
        with_authorization(post(&[grant]), &basic("planted-client", "planted-secret")),
        with_authorization(post(&[grant]), "planted-scheme planted-secret"),
        post(&[("grant_type", "planted-grant"), ("client_id", "okta"), ("client_secret", &secret("okta"))]),
        post(&[grant, ("client_id", "okta"), ("client_secret", &secret("okta")), ("scope", "planted-scope")]),
    ] {
        answers.push(String::from_utf8(lab.ask(request).await.0.into_body().to_vec()).unwrap());
    }
    for token in issued.iter().map(String::as_str).chain(["static-token", "planted-token", good.as_str()]) {
        answers.push(format!("{:?}", lab.scim("GET", "/Users", token, &json!(null)).await));
    }
    answers.push(log.text());
    answers.push(format!("{:?} {:?} {:?}", lab.registry, lab.endpoint, lab.service));
    let mut planted = vec!["planted-".to_owned(), "s3cret".to_owned(), "static-token".to_owned(), good, bad];
    planted.extend([hash(&secret("okta")), hash("static-token")]);
    planted.extend(issued);
    for shown in &answers {
        for secret in &planted {
            assert!(!shown.contains(secret.as_str()), "{secret} is in {shown}");
        }
    }
    assert!(log.text().contains("token granted") && log.text().contains("token refused"));
}
