//! Who has left, by an export and by a SCIM service, and the safety threshold.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use scim_core::SchemaSet;
use scim_service::{BearerTokens, Create, MemoryStore, Principal, ScimService, ServiceConfig, Store};
use serde_json::json;
use superset_mapping::reconcile::{
    DeprovisionedUsers, DeprovisionedUsersError, Directory, Export, SafetyThreshold, SafetyThresholdError,
    ScimDirectory, Transport,
};

use crate::harness::{Case, cases};
use crate::support::Superset;

pub(crate) const CASES: &[Case] = cases![
    an_export_says_who_has_left,
    a_scim_service_says_who_has_left,
    the_threshold_refuses_before_anything_is_written,
    hostile_names_are_escaped,
];

async fn people(superset: &Superset, count: usize) {
    for number in 0..count {
        let user = json!({"userName": format!("user{number}"), "externalId": format!("E{number}")});
        superset.user(user).await;
    }
}

fn names(leavers: &DeprovisionedUsers) -> Vec<String> {
    leavers.leavers.iter().map(|leaver| format!("{}: {}", leaver.who.name.as_deref().unwrap(), leaver.why)).collect()
}

async fn find(superset: &Superset, directory: &dyn Directory) -> DeprovisionedUsers {
    superset.store.leavers(&superset.cx(), directory, &()).await.unwrap()
}

async fn deactivate(
    superset: &Superset,
    leavers: &mut DeprovisionedUsers,
    threshold: SafetyThreshold,
) -> Result<(), DeprovisionedUsersError> {
    superset.store.deactivate_leavers(&superset.cx(), leavers, &threshold, &()).await
}

async fn an_export_says_who_has_left() {
    let superset = Superset::start().await;
    people(&superset, 6).await;
    superset.user(json!({"userName": "off", "active": false})).await;
    // A partner, whom no directory of one's own has.
    let partner = superset.resource("User", json!({"userName": "partner", "externalId": "jit:partners:partner"}));
    let cx = superset.cx().with_principal(Principal::provider("partners"));
    superset.store.create(&cx, Create::new(superset.of("User"), partner)).await.unwrap();
    let csv = "userName,externalId,active\nrenamed,E0,true\nUSER1,,true\nuser2,E2,false\nuser3,other,\nuser4,E4,true\n";
    let lines = r#"{"userName": "renamed", "externalId": "E0"}
{"userName": "USER1"}
{"userName": "user2", "externalId": "E2", "active": false}
{"userName": "user3", "externalId": "other"}
{"userName": "user4", "externalId": "E4", "active": true}"#;
    let expected = ["user2: the directory says inactive", "user5: the directory does not have the person"];
    assert_eq!(names(&find(&superset, &Export::json_lines(lines).unwrap()).await), expected);
    let mut leavers = find(&superset, &Export::csv(csv.as_bytes()).unwrap()).await;
    assert_eq!(names(&leavers), expected);
    assert_eq!((leavers.directory, leavers.active), (5, 6));
    deactivate(&superset, &mut leavers, SafetyThreshold::new()).await.unwrap();
    assert!(!superset.account("user2").await.active && superset.roles("user5").await.is_empty());
    assert_eq!(superset.list("User", "active eq false").await.resources.len(), 3);
    let audited = "SELECT count(*) FROM scim_audit WHERE action = 'deactivate'";
    assert_eq!(superset.value(audited).await, "2");
    // A second host that found the same finds nothing to do.
    deactivate(&superset, &mut leavers, SafetyThreshold::new()).await.unwrap();
    assert!(leavers.leavers.iter().all(|leaver| leaver.outcome.as_deref() == Some("already gone")));
    assert_eq!(superset.value(audited).await, "2");
    assert!(find(&superset, &Export::csv(csv.as_bytes()).unwrap()).await.is_clean());
}

/// The service of the source of truth, in this process.
struct InProcess(ScimService<MemoryStore>);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>> {
        request.headers_mut().insert("authorization", "Bearer secret-token".parse()?);
        Ok(self.0.handle(request).await)
    }
}

async fn a_scim_service_says_who_has_left() {
    let superset = Superset::start().await;
    people(&superset, 8).await;
    for cursors in [true, false] {
        let memory = MemoryStore::new();
        for number in 0..450 {
            let active = number != 3;
            let user = json!({"userName": format!("user{}", number + 1), "active": active});
            memory
                .create(&superset.cx(), Create::new(superset.of("User"), superset.resource("User", user)))
                .await
                .unwrap();
        }
        let tokens = BearerTokens::new().with_token("secret-token", Principal::new("nightly")).unwrap();
        let config = ServiceConfig::new("https://idp.example.com/scim/v2").unwrap();
        let service = ScimService::new(memory, SchemaSet::builtin(), config, tokens);
        let transport = Counted { inner: InProcess(service), cursors, asked: Arc::default() };
        let asked = transport.asked.clone();
        let directory = ScimDirectory::new("https://idp.example.com/scim/v2/", transport);
        let leavers = find(&superset, &directory).await;
        assert_eq!(leavers.directory, 450);
        assert!(!leavers.ended_early);
        let expected = ["user0: the directory does not have the person", "user4: the directory says inactive"];
        assert_eq!(names(&leavers), expected);
        assert!(asked.load(std::sync::atomic::Ordering::Relaxed) >= 3);
    }
}

/// Counts requests; without cursors it is a service that refuses them.
struct Counted {
    inner: InProcess,
    cursors: bool,
    asked: Arc<std::sync::atomic::AtomicU32>,
}

#[async_trait]
impl Transport for Counted {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>> {
        if !self.cursors && request.uri().query().unwrap_or_default().contains("cursor=") {
            return Ok(Response::builder().status(400).body(Bytes::new())?);
        }
        self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.inner.send(request).await
    }
}

async fn the_threshold_refuses_before_anything_is_written() {
    let superset = Superset::start().await;
    people(&superset, 20).await;
    let export = |count: usize| {
        let lines: Vec<String> = (0..count).map(|number| format!("{{\"userName\": \"user{number}\"}}")).collect();
        Export::json_lines(&lines.join("\n")).unwrap()
    };
    let before = superset.value("SELECT count(*) FROM scim_audit").await;
    let mut many = find(&superset, &export(16)).await;
    let refused = deactivate(&superset, &mut many, SafetyThreshold::new()).await.unwrap_err();
    assert!(
        matches!(
            refused,
            DeprovisionedUsersError::SafetyThreshold(SafetyThresholdError::Share { leavers: 4, active: 20, most: 3 })
        ),
        "{refused}"
    );
    let mut all = find(&superset, &export(0)).await;
    let refused = deactivate(&superset, &mut all, SafetyThreshold::new().with_max_share(1.0)).await.unwrap_err();
    assert!(matches!(refused, DeprovisionedUsersError::SafetyThreshold(SafetyThresholdError::Empty)), "{refused}");
    all.ended_early = true;
    let refused = deactivate(&superset, &mut all, SafetyThreshold::new().with_max_share(1.0)).await.unwrap_err();
    assert!(matches!(refused, DeprovisionedUsersError::SafetyThreshold(SafetyThresholdError::EndedEarly)), "{refused}");
    assert_eq!(superset.value("SELECT count(*) FROM scim_audit").await, before);
    deactivate(&superset, &mut many, SafetyThreshold::new().with_max_share(0.2)).await.unwrap();
    assert_eq!(superset.list("User", "active eq false").await.resources.len(), 4);
}

async fn hostile_names_are_escaped() {
    let superset = Superset::start().await;
    let hostile = "<img src=x onerror=alert(1)>\"'&";
    let user = json!({"userName": hostile, "displayName": "</script><script>alert(2)</script>"});
    superset.user(user).await;
    superset.run("UPDATE ab_user SET first_name = '<b>bold</b>'").await;
    let drift = superset.store.drift(&superset_mapping::reconcile::DriftOptions::new(), &()).await.unwrap();
    let leavers = find(&superset, &Export::json_lines("{\"userName\": \"x\"}").unwrap()).await;
    for page in [drift.to_html(), leavers.to_html()] {
        assert!(page.contains("&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#38;"), "{page}");
        assert!(!page.contains("<img") && !page.contains("<b>bold") && page.matches("<script>").count() == 1, "{page}");
    }
    let json = serde_json::to_value(&drift).unwrap();
    assert!(json["findings"].as_array().unwrap().iter().any(|finding| finding["who"]["name"] == hostile));
}
