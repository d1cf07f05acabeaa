//! Repairing what differs, once.

use std::collections::BTreeMap;

use scim_service::Context;
use serde_json::json;
use superset_mapping::reconcile::{DriftOptions, Outcome, RepairOptions, RepairReport};
use superset_mapping::{Adoption, StoreOptions, SupersetStore};

use crate::harness::{Case, cases};
use crate::reconcile::drift::{line, lines};
use crate::reconcile::faults::plant;
use crate::reconcile::population::{Population, RULES, name, options};
use crate::support::Superset;

pub(crate) const CASES: &[Case] = cases![
    repair_leaves_nothing_and_writes_down_each_fault_once,
    what_one_run_leaves_out_the_next_repairs,
    what_a_person_did_is_kept_unless_the_options_say_otherwise,
    a_dry_run_says_what_would_be_done_and_writes_nothing,
    two_repairs_at_once_repair_each_fault_once,
    the_last_administrator_stays_and_the_rest_is_repaired,
    an_adopted_account_keeps_its_name_and_address,
];

const TABLES: [&str; 12] = [
    "ab_user",
    "ab_group",
    "ab_user_role",
    "ab_user_group",
    "ab_group_role",
    "ab_api_key",
    "scim_resource",
    "scim_unique",
    "scim_member",
    "scim_tombstone",
    "scim_grant",
    "scim_audit",
];

fn everything() -> RepairOptions {
    RepairOptions::new(options()).with_by_hand_revoked().with_unmanaged_deactivated()
}

async fn repair(superset: &Superset, options: &RepairOptions) -> RepairReport {
    superset.store.repair(&superset.cx(), options, &()).await.unwrap()
}

fn with(report: &RepairReport, outcome: Outcome) -> Vec<String> {
    let mut lines: Vec<String> =
        report.repairs.iter().filter(|repair| repair.outcome == outcome).map(|repair| line(&repair.finding)).collect();
    lines.sort();
    lines
}

async fn audited(superset: &Superset) -> Vec<String> {
    superset.column("SELECT concat(principal, ' ', detail) FROM scim_audit WHERE action = 'repair'").await
}

async fn repair_leaves_nothing_and_writes_down_each_fault_once() {
    let population = Population::new().await;
    let superset = &population.superset;
    let expected = plant(&population).await;
    let report = repair(superset, &everything()).await;
    assert_eq!(with(&report, Outcome::Repaired), expected);
    assert_eq!(report.repairs.len(), expected.len());
    let drift = superset.store.drift(&options(), &()).await.unwrap();
    assert_eq!(lines(&drift), Vec::<String>::new());
    let audited = audited(superset).await;
    assert_eq!(audited.len(), expected.len());
    assert!(audited.iter().all(|event| event.starts_with("test {\"")), "{audited:?}");
    assert!(audited.iter().any(|event| event.contains(r#""role":"sql_lab""#)));
    assert!(repair(superset, &everything()).await.is_clean());
    // What was repaired works: the members of the group that was gone are in it again, and whose account was gone has one.
    assert_eq!(superset.groups(&name(0)).await, ["analysts", "doomed", "exec"]);
    assert_eq!(superset.groups(&name(2)).await, ["analysts", "renamed"]);
    assert_eq!(superset.roles(&name(10)).await, ["sql_lab"]);
    assert!(superset.account(&name(20)).await.active && !superset.account(&name(39)).await.active);
    assert!(!superset.account("mallory").await.active && superset.account("svc").await.active);
    assert_eq!(superset.roles("svc-off").await, ["Alpha"]);
}

async fn what_one_run_leaves_out_the_next_repairs() {
    let population = Population::new().await;
    let superset = &population.superset;
    let expected = plant(&population).await;
    let few =
        RepairOptions::new(options().with_findings_per_kind(2)).with_by_hand_revoked().with_unmanaged_deactivated();
    let (mut runs, mut repaired) = (0, 0);
    loop {
        let report = repair(superset, &few).await;
        if report.is_clean() {
            break;
        }
        runs += 1;
        assert!(runs <= expected.len(), "{report}");
        repaired += report.count(Outcome::Repaired);
    }
    // A step that repairs one fault of a user may repair another one of theirs that was left out.
    assert!(runs > 1 && repaired > expected.len() / 2, "{runs} runs, {repaired} repaired");
    assert_eq!(lines(&superset.store.drift(&options(), &()).await.unwrap()), Vec::<String>::new());
}

async fn what_a_person_did_is_kept_unless_the_options_say_otherwise() {
    let population = Population::new().await;
    let superset = &population.superset;
    plant(&population).await;
    let report = repair(superset, &RepairOptions::new(options())).await;
    let kept = [
        "group_role_by_hand juniors sql_lab",
        "inactive_in_superset p20 -",
        "inactive_in_superset p21 -",
        "inactive_with_access former role Alpha",
        "leaver_returned p39 -",
        "membership_by_hand p14 analysts",
        "role_by_hand p12 Alpha",
        "role_by_hand p29 Admin",
        "user_unmanaged intern -",
        "user_unmanaged mallory -",
    ];
    assert_eq!(with(&report, Outcome::Kept), kept);
    assert_eq!(report.count(Outcome::Repaired) + kept.len(), report.repairs.len());
    assert_eq!(lines(&superset.store.drift(&options(), &()).await.unwrap()), kept);
    // A profile that is written does not open an account that a person closed.
    superset.run("UPDATE ab_user SET first_name = 'X' WHERE username = 'p20'").await;
    assert_eq!(repair(superset, &RepairOptions::new(options())).await.count(Outcome::Repaired), 1);
    assert!(!superset.account("p20").await.active && superset.account("p20").await.first_name == "Person");
}

async fn dump(superset: &Superset) -> BTreeMap<&'static str, Vec<String>> {
    let mut dump = BTreeMap::new();
    for table in TABLES {
        let columns = match table {
            "ab_user" => "concat(id, username, coalesce(active, 9), email, first_name, coalesce(password, ''))",
            "ab_group" => "concat(id, name)",
            "ab_user_role" => "concat(id, '-', user_id, '-', role_id)",
            "ab_user_group" => "concat(id, '-', user_id, '-', group_id)",
            "ab_group_role" => "concat(id, '-', group_id, '-', role_id)",
            "ab_api_key" => "concat(id, user_id, active)",
            "scim_resource" => "concat(id, coalesce(local_id, 0), version, body)",
            "scim_unique" => "concat(value, resource_id)",
            "scim_member" => "concat(group_id, member_id)",
            "scim_tombstone" => "concat(id, coalesce(local_id, 0))",
            "scim_grant" => "concat(relation, holder_id, '-', held_id)",
            _ => "concat(position, action, detail)",
        };
        let columns = match superset.kind() {
            crate::engine::Kind::Postgres => columns.replace("coalesce(active, 9)", "coalesce(active::text, '9')"),
            _ => columns.to_owned(),
        };
        dump.insert(table, superset.column(&format!("SELECT {columns} FROM {table} ORDER BY 1")).await);
    }
    dump
}

async fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let population = Population::new().await;
    let superset = &population.superset;
    let expected = plant(&population).await;
    let before = dump(superset).await;
    let dry = repair(superset, &everything().with_dry_run()).await;
    assert_eq!(dump(superset).await, before);
    assert_eq!(with(&dry, Outcome::WouldRepair), expected);
    let wet = repair(superset, &everything()).await;
    let actions = |report: &RepairReport| {
        let mut actions: Vec<String> =
            report.repairs.iter().map(|repair| format!("{}: {}", line(&repair.finding), repair.action)).collect();
        actions.sort();
        actions
    };
    assert_eq!(actions(&dry), actions(&wet));
}

async fn two_repairs_at_once_repair_each_fault_once() {
    let population = Population::new().await;
    let superset = &population.superset;
    let expected = plant(&population).await;
    let other = SupersetStore::connect(&superset.url, RULES.parse().unwrap()).await.unwrap();
    let (one_cx, other_cx) = (Context::internal("one", superset.now()), Context::internal("other", superset.now()));
    let options = everything();
    let (one, other) =
        tokio::join!(superset.store.repair(&one_cx, &options, &()), other.repair(&other_cx, &options, &()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.count(Outcome::Failed) + other.count(Outcome::Failed), 0);
    assert_eq!(one.count(Outcome::Repaired) + other.count(Outcome::Repaired), expected.len());
    assert_eq!(audited(superset).await.len(), expected.len());
    assert!(superset.store.drift(&self::options(), &()).await.unwrap().is_clean());
}

async fn the_last_administrator_stays_and_the_rest_is_repaired() {
    let superset = Superset::start().await;
    superset.run("UPDATE ab_user SET active = FALSE WHERE username = 'admin'").await;
    superset.local_account("mallory", "mallory@local").await;
    superset.local_account("eve", "eve@local").await;
    let mallory = superset.row_of("mallory").await;
    superset.by_hand("ab_user_role", "user_id, role_id", &format!("{mallory}, 1")).await;
    let options = RepairOptions::new(DriftOptions::new().with_local("admin")).with_unmanaged_deactivated();
    let report = repair(&superset, &options).await;
    assert_eq!(with(&report, Outcome::Failed), ["user_unmanaged mallory -"]);
    assert!(report.repairs.iter().any(|repair| repair.action.contains("last active user with the role `Admin`")));
    assert_eq!(with(&report, Outcome::Repaired), ["user_unmanaged eve -"]);
    assert!(superset.account("mallory").await.active && !superset.account("eve").await.active);
}

async fn an_adopted_account_keeps_its_name_and_address() {
    let options = StoreOptions::new().with_adoption(Adoption::ByUsername);
    let superset = Superset::with_options("", "", options).await;
    superset.local_account("Ada", "ada@local").await;
    let emails = json!([{"value": "a@example.com"}]);
    superset.user(json!({"userName": "ada", "name": {"givenName": "Augusta"}, "emails": emails})).await;
    superset.run("UPDATE ab_user SET first_name = 'X' WHERE username = 'Ada'").await;
    let options = RepairOptions::new(DriftOptions::new().with_local("admin"));
    let report = repair(&superset, &options).await;
    assert_eq!(with(&report, Outcome::Repaired), ["profile_differs ada first_name"]);
    let account = superset.account("Ada").await;
    assert_eq!((account.first_name.as_str(), account.email.as_str()), ("Augusta", "ada@local"));
    assert!(repair(&superset, &options).await.is_clean());
}
