//! Whoever changes the audit by hand is found out.

use std::time::Duration;

use scim_service::Context;
use serde_json::json;
use superset_mapping::store::audit::{AuditFinding, AuditKey, AuditVerification, Checkpoint};
use superset_mapping::{StoreOptions, SupersetStore};

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset};

pub(crate) const CASES: &[Case] = cases![
    an_altered_a_removed_and_an_inserted_row_are_named,
    a_chain_whose_end_is_gone_is_not_that_of_a_checkpoint,
    without_a_key_what_was_sealed_shows,
    a_purge_leaves_a_chain_that_goes_on,
    two_servers_make_one_chain,
];

const KEY: &str = "kq3Yw0mB8yqJf2dJt0nVZz1xhR7cP5aE";

async fn keyed() -> Superset {
    let options = StoreOptions::new().with_audit_key(AuditKey::new(KEY).unwrap());
    Superset::with_options(RULES, "", options).await
}

/// Some rows, sealed.
async fn populate(superset: &Superset) -> Checkpoint {
    for number in 0..5 {
        superset.named(&format!("user{number}")).await;
    }
    superset.store.seal_audit().await.unwrap().unwrap()
}

async fn verify(store: &SupersetStore, checkpoints: &[Checkpoint]) -> AuditVerification {
    store.verify_audit(checkpoints).await.unwrap()
}

/// A row like another one at a position that was free.
async fn insert(superset: &Superset, like: i64, position: i64) {
    let columns =
        "happened_at, tenant, principal, request_id, action, resource_type, resource_id, version, detail, mac";
    let always = if superset.kind() == crate::engine::Kind::Postgres { "OVERRIDING SYSTEM VALUE" } else { "" };
    let insert = format!(
        "INSERT INTO scim_audit (position, {columns}) {always} SELECT {position}, {columns} FROM scim_audit WHERE position = {like}"
    );
    superset.run(&insert).await;
}

async fn an_altered_a_removed_and_an_inserted_row_are_named() {
    let superset = keyed().await;
    let checkpoint = populate(&superset).await;
    assert!(superset.value("SELECT mac FROM scim_audit ORDER BY position DESC").await.starts_with("hmac-sha256:"));
    let clean = verify(&superset.store, std::slice::from_ref(&checkpoint)).await;
    assert!(clean.is_clean() && clean.rows == 10 && clean.unsealed == 0, "{clean:?}");
    superset.named("late").await;
    let unsealed = verify(&superset.store, std::slice::from_ref(&checkpoint)).await;
    assert!(unsealed.is_clean() && unsealed.unsealed == 2, "{unsealed:?}");

    superset.run("UPDATE scim_audit SET principal = 'somebody' WHERE position = 2").await;
    superset.run("DELETE FROM scim_audit WHERE position = 5").await;
    insert(&superset, 6, 40).await;
    let found = verify(&superset.store, &[]).await.findings;
    let expected = [
        AuditFinding::Altered { position: 2 },
        AuditFinding::Removed { position: 5 },
        AuditFinding::Inserted { position: 40 },
    ];
    // The copy of a row has the code of that row, with the number that is used once.
    assert_eq!(found, expected);
    superset.run("UPDATE scim_audit SET detail = '{}' WHERE position = 40").await;
    assert_eq!(verify(&superset.store, &[]).await.findings, expected);
    superset.run("DELETE FROM scim_audit_chain WHERE number = 7").await;
    let found = verify(&superset.store, &[checkpoint]).await.findings;
    assert!(found.contains(&AuditFinding::LinksRemoved { from: 7, to: 7 }), "{found:?}");
    assert!(found.contains(&AuditFinding::Inserted { position: 7 }), "{found:?}");
}

async fn a_chain_whose_end_is_gone_is_not_that_of_a_checkpoint() {
    let superset = keyed().await;
    let checkpoint = populate(&superset).await;
    assert_eq!(checkpoint.to_string().parse::<Checkpoint>().unwrap(), checkpoint);
    superset.run("DELETE FROM scim_audit WHERE position > 8").await;
    superset.run("DELETE FROM scim_audit_chain WHERE position > 8").await;
    assert!(verify(&superset.store, &[]).await.is_clean());
    let missed = AuditFinding::CheckpointMissed { number: 10, position: 10 };
    assert_eq!(verify(&superset.store, std::slice::from_ref(&checkpoint)).await.findings, [missed]);
    let forged = checkpoint.to_string().replace("\"number\":10", "\"number\":8").parse().unwrap();
    let found = verify(&superset.store, &[forged]).await.findings;
    assert_eq!(found, [AuditFinding::CheckpointUnsigned { number: 8 }]);
}

async fn without_a_key_what_was_sealed_shows() {
    let superset = Superset::start().await;
    let checkpoint = populate(&superset).await;
    assert!(superset.value("SELECT mac FROM scim_audit").await.starts_with("sha256:"));
    superset.run("UPDATE scim_audit SET request_id = 'x' WHERE position = 3").await;
    // Its hash made anew, as everybody can.
    let hash = "UPDATE scim_audit SET mac = (SELECT b.mac FROM (SELECT mac FROM scim_audit WHERE position = 4) AS b) WHERE position = 4";
    superset.run(hash).await;
    assert_eq!(verify(&superset.store, &[checkpoint]).await.findings, [AuditFinding::Altered { position: 3 }]);
}

async fn a_purge_leaves_a_chain_that_goes_on() {
    let superset = keyed().await;
    let checkpoint = populate(&superset).await;
    let cx = Context::internal("retention", superset.now());
    let kept = superset.named("kept").await;
    let from = superset.value(&format!("SELECT happened_at FROM scim_audit WHERE resource_id = '{kept}'")).await;
    let purged = superset.store.purge_audit(&cx, from.parse().unwrap()).await.unwrap();
    assert_eq!((purged.rows, purged.last), (10, 10));
    assert_eq!(superset.store.purge_audit(&cx, from.parse().unwrap()).await.unwrap().rows, 0);
    superset.set("User", &kept, "title", json!("Dr")).await.unwrap();
    let end = superset.store.seal_audit().await.unwrap().unwrap();
    let after = verify(&superset.store, &[checkpoint, end]).await;
    assert!(after.is_clean() && after.rows == 4, "{after:?}");
    let told = superset.value("SELECT principal || ' ' || detail FROM scim_audit WHERE action = 'purge audit'").await;
    assert!(told.starts_with("retention {") && told.contains("\"rows\":10"), "{told}");
    superset.run("UPDATE scim_audit_chain SET signature = 'sha256:x' WHERE number = 10").await;
    assert_eq!(verify(&superset.store, &[]).await.findings, [AuditFinding::PurgeUnsigned { position: 10 }]);
    // All that is older than now, but for the newest row.
    superset.run("UPDATE scim_audit_chain SET signature = NULL WHERE number = 10").await;
    let all = superset.store.purge_audit(&cx, chrono::Utc::now() + chrono::TimeDelta::days(3650)).await.unwrap();
    assert_eq!(all.rows, 3);
    assert_eq!(superset.value("SELECT count(*) FROM scim_audit").await, "2", "the newest, and that of the purge");
    superset.store.seal_audit().await.unwrap();
    assert!(verify(&superset.store, &[]).await.is_clean());
}

async fn two_servers_make_one_chain() {
    let superset = keyed().await;
    let options = StoreOptions::new().with_audit_key(AuditKey::new(KEY).unwrap());
    let other = SupersetStore::connect_with(&superset.url, RULES.parse().unwrap(), options).await.unwrap();
    let sealing = |store: SupersetStore| {
        tokio::spawn(async move {
            for _ in 0..20 {
                store.seal_audit().await.unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        })
    };
    let sealers = [sealing(superset.store.clone()), sealing(other.clone())];
    for number in 0..15 {
        superset.named(&format!("user{number}")).await;
    }
    for sealer in sealers {
        sealer.await.unwrap();
    }
    other.seal_audit().await.unwrap();
    let clean = verify(&superset.store, &[]).await;
    assert!(clean.is_clean() && clean.unsealed == 0 && clean.rows == 30, "{clean:?}");
    assert_eq!(superset.value("SELECT count(*) FROM scim_audit_chain").await, "30");
}
