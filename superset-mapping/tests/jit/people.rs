//! Who is logged in, and as whom.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::SchemaSet;
use scim_service::MemoryStore;
use serde_json::{Value, json};
use superset_mapping::login::{
    Assertion, AssertionError, AssertionVerifier, AuditError, LoginAudit, LoginRecord, LoginResponse, TrustedProvider,
};
use superset_mapping::{AttributeMapping, IdentityProvider, JitLogin, LoginError, RuleSet};

use crate::support::{RULES, anybody, houses, in_groups, mapping, now, partners, roles, says, staff, trusted};

#[tokio::test]
async fn a_partner_is_created_on_the_first_login_and_brought_up_to_date_later() {
    for house in houses(RULES).await {
        let said = json!({"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "groups": ["analysts"]});
        let login = house.login(&partners(), &says("ada@example.com", said)).await.unwrap();
        assert!(login.created && !login.changed);
        assert_eq!(roles(&login), ["Alpha"]);
        let user = login.user;
        assert_eq!(user.get("userName").unwrap(), "ada@example.com");
        assert_eq!(user.get("name").unwrap(), json!({"givenName": "Ada", "familyName": "Byron"}));
        assert_eq!(user.external_id().unwrap().as_str(), "jit:partners:ada@example.com");
        // What the identity provider does not speak of stays.
        house.change(&user.id().unwrap(), json!({"nickName": "Countess"})).await;
        let said = json!({"firstName": "Augusta", "groups": ["analysts"], "title": "boss"});
        let login = house.login(&partners(), &says("ada@example.com", said)).await.unwrap();
        assert!(!login.created && login.changed);
        assert_eq!(login.user.get("name").unwrap(), json!({"givenName": "Augusta", "familyName": "Byron"}));
        assert_eq!(login.user.get("nickName").unwrap(), "Countess");
        assert_eq!(login.user.id(), user.id());
        let said = json!({"firstName": "Augusta", "groups": ["analysts"], "title": "boss"});
        let login = house.login(&partners(), &says("ada@example.com", said)).await.unwrap();
        assert!(!login.created && !login.changed);
    }
}

#[tokio::test]
async fn every_login_is_recorded_with_its_assertion() {
    for house in houses(RULES).await {
        let login = house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        let record = house.records.last();
        assert_eq!(record.assertion.as_deref(), Some("_assertion-1"));
        assert_eq!(record.user.as_deref(), login.user.id().as_deref());
        let json: Value = serde_json::to_value(&record).unwrap();
        assert_eq!(
            json,
            json!({
                "at": "2026-01-15T10:00:00.000Z", "identityProvider": "partners", "assertion": "_assertion-1",
                "subject": "ada@example.com", "user": login.user.id(), "outcome": "loggedIn", "created": true,
                "changed": false, "joined": ["analysts"], "left": [], "notJoined": [], "roles": ["Alpha"]
            })
        );
        assert_eq!(house.refused(&staff(), &says("nobody", json!({}))).await, "not_provisioned");
        assert_eq!(house.records.last().assertion.as_deref(), Some("_assertion-1"));
    }
}

#[tokio::test]
async fn provisioned_people_are_logged_in_and_not_changed() {
    for house in houses(RULES).await {
        let id = house.provision("User", json!({"userName": "Ada@example.com", "title": "boss"})).await;
        let group = json!({"displayName": "sql", "members": [{"value": id, "type": "User"}]});
        house.provision("Group", group).await;
        let before = house.get("User", &id).await;
        let said = json!({"firstName": "Eve", "title": "x", "groups": ["analysts"]});
        let login = house.login(&staff(), &says("ada@EXAMPLE.com", said)).await.unwrap();
        assert!(!login.created && !login.changed);
        assert_eq!(roles(&login), ["Alpha", "sql_lab"]);
        assert_eq!(house.get("User", &id).await, before);
        assert_eq!(house.refused(&staff(), &says("bob@example.com", json!({}))).await, "not_provisioned");
        assert_eq!(house.users().await, 1);
    }
}

#[tokio::test]
async fn p8_who_is_inactive_is_refused_and_stays_so() {
    for house in houses(RULES).await {
        let login = house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        let id = &*login.user.id().unwrap();
        house.change(id, json!({"active": false})).await;
        let before = house.get("User", id).await;
        assert_eq!(house.refused(&partners(), &in_groups(&["sql"])).await, "inactive");
        assert_eq!(house.get("User", id).await, before);
        let id = house.provision("User", json!({"userName": "bob", "active": false})).await;
        assert_eq!(house.refused(&staff(), &says("bob", json!({}))).await, "inactive");
        assert_eq!(house.records.last().user.as_deref(), Some(&*id));
    }
}

#[tokio::test]
async fn no_name_makes_somebody_another_person() {
    for house in houses(RULES).await {
        house.provision("User", json!({"userName": "root", "externalId": "00u1"})).await;
        // Neither by the subject, in whatever case,
        assert_eq!(house.refused(&trusted(), &says("ROOT", json!({}))).await, "taken");
        // nor by an attribute,
        let by_mail = AttributeMapping::okta().with("email", "userName").unwrap();
        let by_mail = IdentityProvider::new("partners", by_mail, anybody()).unwrap();
        assert_eq!(house.refused(&by_mail, &says("x", json!({"email": "root"}))).await, "taken");
        // nor by what another identity provider calls the same.
        house.login(&partners(), &in_groups(&[])).await.unwrap();
        let others = IdentityProvider::new("others", mapping(), anybody()).unwrap();
        assert_eq!(house.refused(&others, &in_groups(&[])).await, "taken");
        // A provider whose name is the beginning of another's is another one.
        let partner = IdentityProvider::new("partner", mapping(), anybody()).unwrap();
        assert_eq!(house.refused(&partner, &in_groups(&[])).await, "taken");
        assert_eq!(house.users().await, 2);
    }
}

#[tokio::test]
async fn an_address_links_people_only_where_the_identity_provider_may_do_so() {
    for house in houses(RULES).await {
        let emails = json!([{"value": "ada@example.com", "type": "work"}]);
        let id = house.provision("User", json!({"userName": "ada", "emails": emails})).await;
        let said = says("00u7", json!({"email": "ada@example.com"}));
        let linking = trusted().linking_by_email();
        if house.unique_groups {
            // Superset has one user for an address.
            assert_eq!(house.refused(&trusted(), &said).await, "taken");
        } else {
            let login = house.login(&trusted(), &says("00u6", json!({"email": "x@example.com"}))).await.unwrap();
            assert!(login.created);
        }
        let login = house.login(&linking, &said).await.unwrap();
        assert_eq!(login.user.id().as_deref(), Some(&*id));
        assert_eq!(login.user.external_id().unwrap().as_str(), "jit:partners:00u7");
        // Once a source asserts the user, no other may.
        let others = IdentityProvider::new("others", mapping(), anybody()).unwrap().linking_by_email();
        assert_eq!(house.refused(&others, &says("00u8", json!({"email": "ada@example.com"}))).await, "taken");
    }
}

#[tokio::test]
async fn two_first_logins_at_once_make_one_user() {
    for house in houses(RULES).await {
        let house = Arc::new(house);
        let logins = (0..4).map(|_| {
            let house = house.clone();
            tokio::spawn(
                async move { house.login(&partners(), &in_groups(&["analysts"])).await.map(|login| login.created) },
            )
        });
        let mut created = 0;
        for login in logins.collect::<Vec<_>>() {
            created += usize::from(login.await.unwrap().unwrap());
        }
        assert_eq!(created, 1);
        assert_eq!(house.users().await, 1);
    }
}

#[tokio::test]
async fn a_value_that_superset_can_not_hold_is_refused_by_name() {
    for house in houses(RULES).await.into_iter().filter(|house| house.unique_groups) {
        let said = says("ada", json!({"firstName": "é".repeat(65)}));
        assert_eq!(house.refused(&trusted(), &said).await, "value");
        assert_eq!(house.users().await, 0);
    }
}

#[tokio::test]
async fn an_identity_provider_keeps_to_its_tenant() {
    for house in houses(RULES).await {
        house.login(&partners().in_tenant("a"), &in_groups(&["analysts"])).await.unwrap();
        assert_eq!(house.users().await, 0);
    }
}

struct Broken;

#[async_trait]
impl LoginAudit for Broken {
    async fn record(&self, _: &LoginRecord) -> Result<(), AuditError> {
        Err(AuditError::new("the disk is full"))
    }
}

#[tokio::test]
async fn without_a_record_nobody_is_logged_in() {
    let rules: RuleSet = RULES.parse().unwrap();
    let logins = JitLogin::new(Arc::new(MemoryStore::new()), SchemaSet::builtin(), Arc::new(rules), Broken);
    let refusal = logins.login(&partners(), &in_groups(&[]), now()).await.unwrap_err();
    assert!(matches!(refusal, LoginError::Audit(_)), "{refusal:?}");
}

#[tokio::test]
async fn records_are_lines_of_json() {
    let path = tempfile::NamedTempFile::new().unwrap();
    let file = path.reopen().unwrap();
    let rules: RuleSet = RULES.parse().unwrap();
    let audit = superset_mapping::login::JsonLines::new(file);
    let logins = JitLogin::new(Arc::new(MemoryStore::new()), SchemaSet::builtin(), Arc::new(rules), audit);
    logins.login(&partners(), &in_groups(&[]), now()).await.unwrap();
    logins.login(&staff(), &says("nobody", json!({})), now()).await.unwrap_err();
    let text = std::fs::read_to_string(path.path()).unwrap();
    let outcomes: Vec<Value> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["outcome"].clone()).collect();
    assert_eq!(outcomes, ["loggedIn", "refused"]);
}

/// Believes everything to be this assertion.
struct Says(Assertion);

#[async_trait]
impl AssertionVerifier for Says {
    async fn verify(&self, _: &LoginResponse, _: DateTime<Utc>) -> Result<Assertion, AssertionError> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn x13_a_login_is_recorded_with_the_id_of_its_request() {
    for house in houses(RULES).await {
        let trusted = TrustedProvider::new(partners(), Says(in_groups(&["analysts"])));
        for request_id in [Some("r-1"), None] {
            let response = LoginResponse {
                message: String::new(),
                relay_state: None,
                request: None,
                request_id: request_id.map(Into::into),
                address: Some([192, 0, 2, 7].into()),
            };
            house.logins.authenticate(&trusted, &response, now()).await.unwrap();
            assert_eq!(house.records.last().request_id.as_deref(), request_id);
            assert_eq!(house.records.last().address, Some([192, 0, 2, 7].into()));
        }
    }
}
