//! Finding what differs.

use std::collections::BTreeSet;

use scim_service::{Create, StoreError};
use serde_json::json;
use superset_mapping::reconcile::{Drift, DriftOptions, Finding, FindingKind, Stage};

use crate::harness::{Case, cases};
use crate::reconcile::faults::plant;
use crate::reconcile::population::{Population, options};
use crate::support::{Superset, id_of};

pub(crate) const CASES: &[Case] = cases![
    drift_finds_the_planted_faults_and_nothing_else,
    after_random_scim_writes_nothing_differs,
    a_role_that_superset_does_not_have_is_one_finding,
    an_adopted_account_keeps_its_name_and_address_until_it_is_changed,
    a_tenant_is_compared_by_itself,
    an_older_superset_without_groups_is_compared_too,
    findings_beyond_the_limit_are_counted,
];

/// A finding as a line: kind, whom it is about, and what.
pub(crate) fn line(finding: &Finding) -> String {
    let name = finding.who.name.as_deref().unwrap_or("-");
    format!("{} {name} {}", finding.kind, finding.what.as_deref().unwrap_or("-"))
}

pub(crate) fn lines(drift: &Drift) -> Vec<String> {
    let mut lines: Vec<String> = drift.findings.iter().map(line).collect();
    lines.sort();
    lines
}

async fn drift_finds_the_planted_faults_and_nothing_else() {
    let population = Population::new().await;
    let drift = population.superset.store.drift(&options(), &()).await.unwrap();
    assert_eq!(lines(&drift), Vec::<String>::new());
    let expected = plant(&population).await;
    assert!(expected.len() >= 30);
    let drift = population.superset.store.drift(&options(), &()).await.unwrap();
    assert_eq!(lines(&drift), expected);
    let kinds: BTreeSet<FindingKind> = drift.findings.iter().map(|finding| finding.kind).collect();
    let missing: Vec<_> = FindingKind::ALL.into_iter().filter(|kind| !kinds.contains(kind)).collect();
    assert_eq!(missing, [FindingKind::RoleUnknown], "which is a case of its own");
    println!("{} faults of {} kinds", expected.len(), kinds.len());
}

async fn after_random_scim_writes_nothing_differs() {
    let superset = Superset::with_rules(crate::reconcile::population::RULES).await;
    let options = DriftOptions::new().with_local("admin");
    let mut seed = 11_u64;
    let mut roll = |sides: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((seed >> 33) % sides as u64).unwrap()
    };
    let names = ["analysts", "sql", "exec", "north", "south"];
    let (mut users, mut groups): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut changed = 0;
    for step in 0..160 {
        let outcome = match roll(10) {
            0..=2 => {
                let (name, title) = (format!("u{}", roll(40)), ["lead", "x"][roll(2)]);
                let user = json!({"userName": name, "title": title, "active": roll(4) != 0});
                superset.create("User", user).await.map(|user| users.push(id_of(&user)))
            }
            3 => {
                let mut group = json!({"displayName": names[roll(5)]});
                if roll(3) == 0 {
                    group["externalId"] = json!("grp-exec");
                }
                superset.create("Group", group).await.map(|group| groups.push(id_of(&group)))
            }
            4 | 5 if !groups.is_empty() && !users.is_empty() => {
                let member = if roll(4) == 0 { &groups[roll(groups.len())] } else { &users[roll(users.len())] };
                let add = json!([{"op": "add", "path": "members", "value": [{ "value": member }]}]);
                superset.patch("Group", &groups[roll(groups.len())], add).await.map(drop)
            }
            6 if !users.is_empty() => {
                superset.set("User", &users[roll(users.len())], "active", json!(roll(2) == 0)).await.map(drop)
            }
            7 if !groups.is_empty() => {
                let name = json!(format!("{}{}", names[roll(5)], ["", "-2"][roll(2)]));
                superset.set("Group", &groups[roll(groups.len())], "displayName", name).await.map(drop)
            }
            8 if !users.is_empty() => {
                let user = users.swap_remove(roll(users.len()));
                superset.delete("User", &user).await
            }
            9 if groups.len() > 2 => superset.delete("Group", &groups.swap_remove(roll(groups.len()))).await,
            _ => continue,
        };
        match outcome {
            Ok(()) => changed += 1,
            Err(StoreError::Uniqueness { .. } | StoreError::Refused { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        if step % 20 == 19 {
            let drift = superset.store.drift(&options, &()).await.unwrap();
            assert_eq!(lines(&drift), Vec::<String>::new(), "after step {step}");
        }
    }
    println!("nothing differs after {changed} changes");
    assert!(changed > 80);
}

async fn a_role_that_superset_does_not_have_is_one_finding() {
    let superset = Superset::with_rules("default_roles = ['Ghost']").await;
    for name in ["ada", "bob"] {
        superset.named(name).await;
    }
    let drift = superset.store.drift(&DriftOptions::new().with_local("admin"), &()).await.unwrap();
    assert_eq!(lines(&drift), ["role_unknown - Ghost"]);
}

async fn an_adopted_account_keeps_its_name_and_address_until_it_is_changed() {
    use superset_mapping::{Adoption, StoreOptions};
    let options = StoreOptions::new().with_adoption(Adoption::ByUsername);
    let superset = Superset::with_options("", "", options).await;
    superset.local_account("Ada", "ada@local").await;
    let id = superset.named("ada").await;
    let drift = superset.store.drift(&DriftOptions::new().with_local("admin"), &()).await.unwrap();
    assert_eq!(lines(&drift), Vec::<String>::new());
    superset.set("User", &id, "title", json!("Dr")).await.unwrap();
    superset.run("UPDATE ab_user SET username = 'Ada' WHERE username = 'ada'").await;
    let drift = superset.store.drift(&DriftOptions::new().with_local("admin"), &()).await.unwrap();
    assert_eq!(lines(&drift), ["profile_differs ada username"]);
}

async fn a_tenant_is_compared_by_itself() {
    use scim_service::Store;
    let superset = Superset::start().await;
    for tenant in ["acme", "globex"] {
        let user = superset.resource("User", json!({"userName": format!("ada-{tenant}")}));
        superset.store.create(&superset.cx_of(tenant), Create::new(superset.of("User"), user)).await.unwrap();
    }
    superset.run("DELETE FROM ab_user_role").await;
    let found = async |options: &DriftOptions| {
        let steps = std::sync::Mutex::new(Vec::new());
        let note = |stage: Stage, done: u64, total: Option<u64>| steps.lock().unwrap().push((stage, done, total));
        let lines = lines(&superset.store.drift(options, &note).await.unwrap());
        (lines, steps.into_inner().unwrap())
    };
    let (of_acme, steps) = found(&DriftOptions::new().with_tenant("acme")).await;
    assert_eq!(of_acme, ["role_missing ada-acme Gamma"]);
    assert_eq!(steps, [(Stage::Users, 1, Some(1)), (Stage::Accounts, 1, None)]);
    let (of_all, _) = found(&DriftOptions::new()).await;
    assert_eq!(of_all, ["role_missing ada-acme Gamma", "role_missing ada-globex Gamma", "user_unmanaged admin -"]);
}

async fn an_older_superset_without_groups_is_compared_too() {
    let drop_groups = "DROP TABLE ab_group_role; DROP TABLE ab_user_group; DROP TABLE ab_group; DROP TABLE ab_api_key";
    let superset = Superset::prepared(crate::support::RULES, drop_groups).await;
    let ada = superset.named("ada").await;
    superset.group("analysts", &[&ada]).await;
    let options = DriftOptions::new().with_local("admin");
    assert!(superset.store.drift(&options, &()).await.unwrap().is_clean());
    superset.run("DELETE FROM ab_user_role WHERE role_id = 3").await;
    let drift = superset.store.drift(&options, &()).await.unwrap();
    assert_eq!(lines(&drift), ["role_missing ada Alpha"]);
    let why = "rule 1 gives it for the group `analysts` of client:test; somebody took it away in Superset";
    assert_eq!(drift.findings[0].why, why);
}

async fn findings_beyond_the_limit_are_counted() {
    let population = Population::new().await;
    let expected = plant(&population).await;
    let store = &population.superset.store;
    let all = store.drift(&options(), &()).await.unwrap();
    assert!(all.left_out.is_empty());
    let few = store.drift(&options().with_findings_per_kind(1), &()).await.unwrap();
    assert_eq!(few.counts(), all.counts());
    assert_eq!(few.findings.len(), all.counts().len());
    let more = few.left_out[&FindingKind::RoleMissing];
    assert_eq!(more, all.counts()[&FindingKind::RoleMissing] - 1);
    let text = few.to_string();
    assert!(text.starts_with(&format!("{} findings", expected.len())), "{text}");
    assert!(text.contains(&format!("  and {more} more\n")), "{text}");
    assert!(few.to_html().contains(&format!("and {more} more")));
    let none = store.drift(&options().with_findings_per_kind(0), &()).await.unwrap();
    assert!(none.findings.is_empty() && !none.is_clean(), "what is only counted differs too");
}
