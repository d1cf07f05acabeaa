//! Responses that real identity provider libraries made, good ones and attacks: `tests/data/saml`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod metadata;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use scim_core::SchemaSet;
use scim_core::json::parse_date_time;
use scim_service::MemoryStore;
use serde::Deserialize;
use superset_mapping::login::{
    AssertionError, AssertionVerifier, AuditError, Domains, GroupClaim, LoginAudit, LoginOutcome, LoginRecord,
    LoginRequest, LoginResponse, MemoryReplays, Refusal, ReplayStore, TrustedProvider,
};
use superset_mapping::saml::{SamlIdentityProvider, SamlServiceProvider, SamlVerifier, SignedPart};
use superset_mapping::{AttributeMapping, IdentityProvider, JitLogin, LoginError, People, RuleSet};

const IDP: &str = "https://idp.test/metadata";
const SP: &str = "https://superset.test/saml/metadata";
const ACS: &str = "https://superset.test/saml/acs";

/// A response, and what becomes of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    xml: String,
    /// `accepted`, or the word for the refusal.
    expect: String,
    #[serde(default = "ten_o_clock")]
    now: String,
    #[serde(default = "request")]
    request: Option<String>,
    #[serde(default = "relay_state")]
    relay_state: Option<String>,
    #[serde(default)]
    unsolicited: bool,
    #[serde(default)]
    response_signature: bool,
}

fn ten_o_clock() -> String {
    "2026-01-15T10:00:00Z".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "the field can be null")]
fn request() -> Option<String> {
    Some("_request-1".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "the field can be null")]
fn relay_state() -> Option<String> {
    Some("/dashboard".to_owned())
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../data/saml/responses.json")).unwrap()
}

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

impl Case {
    fn now(&self) -> DateTime<Utc> {
        time(&self.now)
    }

    fn response(&self) -> LoginResponse {
        let request = self.request.clone().map(|id| LoginRequest { id, relay_state: relay_state() });
        let (message, relay_state) = (STANDARD.encode(&self.xml), self.relay_state.clone());
        LoginResponse { message, relay_state, request, request_id: Some("r-1".into()), address: None }
    }

    fn verifier(&self, replays: Arc<dyn ReplayStore>) -> SamlVerifier {
        let signed = if self.response_signature { SignedPart::AssertionOrResponse } else { SignedPart::Assertion };
        let service = SamlServiceProvider::accepting(SP, ACS, signed).unwrap();
        let metadata = include_str!("../data/saml/idp_metadata.xml");
        let provider = SamlIdentityProvider::from_metadata(IDP, metadata, self.now()).unwrap();
        let verifier = SamlVerifier::new(service, provider, replays);
        if self.unsolicited { verifier.accepting_unsolicited() } else { verifier }
    }
}

fn time(text: &str) -> DateTime<Utc> {
    parse_date_time(text).unwrap()
}

/// A verifier of responses by this identity provider, with the assertion signed.
fn partners_verifier(provider: SamlIdentityProvider) -> SamlVerifier {
    SamlVerifier::new(SamlServiceProvider::new(SP, ACS).unwrap(), provider, Arc::new(MemoryReplays::new()))
}

#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<LoginRecord>>>);

#[async_trait]
impl LoginAudit for Records {
    async fn record(&self, record: &LoginRecord) -> Result<(), AuditError> {
        self.0.lock().unwrap().push(record.clone());
        Ok(())
    }
}

fn partners() -> IdentityProvider {
    // samlp sends the plain names, pysaml2 those of its basic format.
    let names = ["", "urn:mace:dir:attribute-def:"].into_iter().flat_map(|prefix| {
        [("givenName", "name.givenName"), ("sn", "name.familyName"), ("mail", "emails")]
            .map(|(name, path)| (format!("{prefix}{name}"), path))
    });
    let mapping = names.fold(AttributeMapping::new(), |mapping, (name, path)| mapping.with(&name, path).unwrap());
    let mapping = mapping.with_groups(GroupClaim::new("groups"));
    let people = People::Created(Domains::new(["example.com"]).unwrap());
    IdentityProvider::new("partners", mapping, people).unwrap()
}

/// Logs in with a response; what the record says.
async fn outcome(case: &Case) -> (String, LoginRecord) {
    let rules: RuleSet = "[[rule]]\ngroup = \"board\"\nroles = [\"Alpha\"]".parse().unwrap();
    let records = Records::default();
    let logins = JitLogin::new(Arc::new(MemoryStore::new()), SchemaSet::builtin(), Arc::new(rules), records.clone());
    let trusted = TrustedProvider::new(partners(), case.verifier(Arc::new(MemoryReplays::new())));
    let login = logins.authenticate(&trusted, &case.response(), case.now()).await;
    let record = records.0.lock().unwrap().pop().unwrap();
    let outcome = match (&login, &record.outcome) {
        (Ok(login), LoginOutcome::LoggedIn { .. }) => {
            assert_eq!(login.user.get("userName").unwrap(), "ada@example.com", "{}", case.name);
            assert_eq!(login.user.get("name").unwrap().get("givenName").unwrap(), "Ada", "{}", case.name);
            let board = !case.name.contains("without groups");
            assert_eq!(login.decision.grants("Alpha"), board, "{}", case.name);
            assert_eq!(login.groups.joined.len(), if board { 2 } else { 0 }, "{}", case.name);
            "accepted".to_owned()
        }
        (Err(LoginError::Refused(Refusal::Assertion(error))), LoginOutcome::Refused { reason, detail }) => {
            assert_eq!((error.code(), &error.to_string()), (*reason, detail));
            assert_eq!((&record.subject, &record.user), (&None, &None));
            (*reason).to_owned()
        }
        other => panic!("{}: {other:?}", case.name),
    };
    (outcome, record)
}

#[tokio::test]
async fn good_responses_log_in_and_each_attack_is_recorded_with_its_reason() {
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        let (outcome, record) = outcome(case).await;
        assert_eq!(record.request_id.as_deref(), Some("r-1"), "x13: {}", case.name);
        if outcome != case.expect {
            wrong.push(format!("{}\t{}\t{outcome}\t{:?}", case.name, case.expect, record.outcome));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 70, "{}", cases.len());
    let accepted =
        |library: &str| cases.iter().filter(|case| case.expect == "accepted" && case.name.contains(library)).count();
    assert!(accepted("pysaml2") >= 4 && accepted("samlp") >= 3);
}

async fn is_replayed(verifier: &SamlVerifier, case: &Case) -> bool {
    match verifier.verify(&case.response(), case.now()).await {
        Ok(_) => false,
        Err(AssertionError::Replayed) => true,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_response_logs_in_once() {
    let good = case("good: pysaml2, the assertion signed");
    let replays: Arc<dyn ReplayStore> = Arc::new(MemoryReplays::new());
    let verifier = good.verifier(replays.clone());
    assert!(!is_replayed(&verifier, &good).await);
    assert!(is_replayed(&verifier, &good).await);
    // The same assertion in an envelope of another name, and another answer to the same request.
    let mut renamed = case("good: pysaml2, the assertion signed");
    let id = renamed.xml.split(" ID=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    renamed.xml = renamed.xml.replacen(&id, "_another", 1);
    assert!(is_replayed(&good.verifier(replays), &renamed).await);
    assert!(is_replayed(&verifier, &case("good: samlp, the assertion signed")).await);
}

#[tokio::test]
async fn what_was_refused_may_still_be_answered() {
    let good = case("good: pysaml2, the assertion signed");
    let verifier = good.verifier(Arc::new(MemoryReplays::new()));
    let tampered = case("tampered: a group");
    assert_eq!(verifier.verify(&tampered.response(), good.now()).await, Err(AssertionError::Signature));
    assert!(!is_replayed(&verifier, &good).await);
}

#[tokio::test]
async fn s19_a_login_that_began_at_the_identity_provider_is_taken_where_the_service_says_so() {
    let mut begun = case("good: begun at the identity provider, where that is taken");
    // The same browser had been sent away from here before, which the response knows nothing of.
    begun.request = request();
    for state in [None, relay_state(), Some("https://idp.test/app".to_owned())] {
        begun.relay_state = state;
        let verifier = begun.verifier(Arc::new(MemoryReplays::new()));
        assert!(!is_replayed(&verifier, &begun).await);
        assert!(is_replayed(&verifier, &begun).await);
        begun.unsolicited = false;
        let verifier = begun.verifier(Arc::new(MemoryReplays::new()));
        let refusal = verifier.verify(&begun.response(), begun.now()).await.unwrap_err();
        assert!(matches!(refusal, AssertionError::InResponseTo | AssertionError::RelayState), "{refusal:?}");
        begun.unsolicited = true;
    }
    // An answer to a request of somebody else's is not one that began there.
    let mut answer = case("good: pysaml2, the assertion signed");
    answer.unsolicited = true;
    for other in [Some("_another".to_owned()), None] {
        answer.request = other;
        let verifier = answer.verifier(Arc::new(MemoryReplays::new()));
        let refusal = verifier.verify(&answer.response(), answer.now()).await.unwrap_err();
        assert_eq!(refusal, AssertionError::InResponseTo);
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_response_logs_in_once_on_whichever_host() {
    use superset_mapping::create_demo_schema;
    use superset_mapping::store::SqlReplays;

    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/superset.db", folder.path().display());
    create_demo_schema(&url).await.unwrap();
    let good = case("good: pysaml2, the assertion signed");
    let mut accepted = 0;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let verifier = good.verifier(Arc::new(SqlReplays::connect(&url).await.unwrap()));
        let (response, now) = (good.response(), good.now());
        tasks.push(tokio::spawn(async move { verifier.verify(&response, now).await }));
    }
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(error) => assert_eq!(error, AssertionError::Replayed),
        }
    }
    assert_eq!(accepted, 1);
    // What has expired is forgotten.
    let replays = SqlReplays::connect(&url).await.unwrap();
    let (now, hour) = (good.now(), chrono::TimeDelta::hours(1));
    assert!(replays.first_use("x", now + hour, now).await.unwrap());
    assert!(!replays.first_use("x", now + hour, now + hour).await.unwrap());
    assert!(replays.first_use("x", now + hour * 4, now + hour * 2).await.unwrap());
}

#[test]
fn metadata_goes_out_and_comes_in() {
    let service = SamlServiceProvider::new(SP, ACS).unwrap();
    for part in [SP, ACS, "WantAssertionsSigned=\"true\"", "AssertionConsumerService"] {
        assert!(service.metadata().contains(part), "{}", service.metadata());
    }
    let metadata = include_str!("../data/saml/idp_metadata.xml");
    let provider = SamlIdentityProvider::from_metadata(IDP, metadata, time(&ten_o_clock())).unwrap();
    let (url, request) = service.begin(&provider, Some("/dashboard")).unwrap();
    assert!(url.starts_with("https://idp.test/sso?SAMLRequest="), "{url}");
    assert!(url.contains("RelayState=%2Fdashboard"), "{url}");
    assert_eq!(request.relay_state.as_deref(), Some("/dashboard"));
    let another = service.begin(&provider, None).unwrap().1;
    assert_ne!(another.id, request.id);
    // What the host keeps survives its session.
    let kept: LoginRequest = serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
    assert_eq!(kept, request);
    assert!(service.begin(&provider, Some(&"x".repeat(81))).is_err());
}
