//! Logins: one transaction, one decision.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scim_core::SchemaSet;
use superset_mapping::login::{Assertion, AuditError, Domains, LoginAudit, LoginRecord, Refusal};
use superset_mapping::{
    AttributeMapping, Decision, GroupRef, IdentityProvider, JitLogin, Login, LoginError, People, RoleMapper,
};
use superset_mapping::{RuleSet, Subject, SupersetStore};

use crate::engine::Kind;
use crate::harness::{Case, cases};
use crate::support::Superset;

pub(crate) const CASES: &[Case] = cases![
    a_login_decides_roles_once_however_many_groups_change,
    a_login_is_one_transaction,
    a_login_that_superset_is_in_the_way_of_is_repeated
];

const RULES: &str = r#"
    default_roles = ["Gamma"]
    [[rule]]
    group = "team-0"
    roles = ["Alpha"]
    [[rule]]
    group = "team-11"
    roles = ["sql_lab"]
"#;

/// The rules, and how often they were asked about a person.
#[derive(Clone, Debug)]
struct Counting {
    rules: Arc<RuleSet>,
    decisions: Arc<AtomicUsize>,
}

impl RoleMapper for Counting {
    fn decide(&self, subject: &Subject<'_>) -> Decision {
        self.decisions.fetch_add(1, Ordering::Relaxed);
        self.rules.decide(subject)
    }

    fn possible_roles(&self) -> Vec<String> {
        self.rules.possible_roles()
    }

    fn roles_of_group(&self, group: &GroupRef) -> std::collections::BTreeSet<String> {
        self.rules.roles_of_group(group)
    }
}

/// Keeps no record.
struct Unrecorded;

#[async_trait::async_trait]
impl LoginAudit for Unrecorded {
    async fn record(&self, _: &LoginRecord) -> Result<(), AuditError> {
        Ok(())
    }
}

async fn log_in(superset: &Superset, logins: &JitLogin<SupersetStore>, teams: Range<usize>) -> Login {
    try_to_log_in(superset, logins, teams).await.unwrap()
}

/// Logs somebody in who is in these teams.
async fn try_to_log_in(
    superset: &Superset,
    logins: &JitLogin<SupersetStore>,
    teams: Range<usize>,
) -> Result<Login, LoginError> {
    let people = People::Created(Domains::any());
    let provider = IdentityProvider::new("partners", AttributeMapping::okta(), people).unwrap();
    let email = ("email".to_owned(), vec!["ada@example.com".to_owned()]);
    let groups = ("groups".to_owned(), teams.map(|team| format!("team-{team}")).collect());
    let (id, subject) = ("_1".to_owned(), "ada@example.com".to_owned());
    let assertion = Assertion { id, subject, attributes: [email, groups].into() };
    logins.login(&provider, &assertion, superset.now()).await
}

fn logins(superset: &Superset) -> (JitLogin<SupersetStore>, Arc<AtomicUsize>) {
    let decisions = Arc::new(AtomicUsize::new(0));
    let rules = Counting { rules: Arc::new(RULES.parse().unwrap()), decisions: decisions.clone() };
    let store = superset.store.clone().deciding_by(rules.clone());
    (JitLogin::new(Arc::new(store), SchemaSet::builtin(), Arc::new(rules), Unrecorded), decisions)
}

async fn a_login_decides_roles_once_however_many_groups_change() {
    let superset = Superset::with_rules(RULES).await;
    let (logins, decisions) = logins(&superset);
    for (teams, joined, left, roles) in [
        (0..0, 0, 0, ["Gamma"].as_slice()),
        (0..10, 10, 0, &["Alpha"]),
        (2..12, 2, 2, &["sql_lab"]),
        (2..12, 0, 0, &["sql_lab"]),
        (0..0, 0, 10, &["Gamma"]),
    ] {
        decisions.store(0, Ordering::Relaxed);
        let login = log_in(&superset, &logins, teams.clone()).await;
        assert_eq!(decisions.load(Ordering::Relaxed), 1, "{teams:?}");
        assert_eq!((login.groups.joined.len(), login.groups.left.len()), (joined, left), "{teams:?}");
        assert_eq!(login.roles, roles, "{teams:?}");
        assert_eq!(superset.roles("ada@example.com").await, roles, "{teams:?}");
    }
}

async fn a_login_is_one_transaction() {
    let superset = Superset::with_rules(RULES).await;
    if superset.kind() != Kind::Postgres {
        // The others count transactions of the whole server.
        return;
    }
    let (logins, _) = logins(&superset);
    log_in(&superset, &logins, 0..10).await;
    let transactions = async || {
        let count =
            "SELECT CAST(xact_commit + xact_rollback AS TEXT) FROM pg_stat_database WHERE datname = current_database()";
        superset.value(count).await.parse::<i64>().unwrap()
    };
    // Connections tell the server what they did after a second without work.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = transactions().await;
    for change in 1..=20 {
        let login = log_in(&superset, &logins, change..change + 10).await;
        assert_eq!((login.groups.joined.len(), login.groups.left.len()), (1, 1));
    }
    let mut done = 0;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        done = transactions().await - before;
        if done >= 20 {
            break;
        }
    }
    // Some of them are the server's own, and the questions.
    assert!((20..60).contains(&done), "{done} transactions");
}

async fn a_login_that_superset_is_in_the_way_of_is_repeated() {
    let superset = Arc::new(Superset::with_rules(RULES).await);
    let other = superset.sql.begin().await;
    let local = "'L', 'L', 'ada@example.com', TRUE, 'l@example.com'";
    other.insert("ab_user", "first_name, last_name, username, active, email", local).await;
    let login = tokio::spawn({
        let superset = superset.clone();
        async move { try_to_log_in(&superset, &logins(&superset).0, 0..10).await }
    });
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!login.is_finished(), "it waits for the other transaction");
    other.run("COMMIT").await;
    let refused = login.await.unwrap().unwrap_err();
    assert!(matches!(refused, LoginError::Refused(Refusal::Taken { .. })), "{refused:?}");
    assert_eq!(superset.value("SELECT count(*) FROM scim_resource").await, "0");
}
