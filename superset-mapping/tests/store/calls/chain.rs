//! Whoever changes the audit by hand is found out.

use std::time::Duration;

use scim_service::Context;
use serde_json::json;
use sha2::Digest;
use superset_mapping::store::audit::{AuditFinding, AuditKey, AuditVerification, Checkpoint};
use superset_mapping::{StoreOptions, SupersetStore};

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset};

pub(crate) const CASES: &[Case] = cases![
    an_altered_a_removed_and_an_inserted_row_are_named,
    a_chain_whose_end_is_gone_is_not_that_of_a_checkpoint,
    without_a_key_what_was_sealed_shows,
    a_purge_leaves_a_chain_that_goes_on,
    with_a_key_nobody_else_can_make_the_chain_anew,
    a_history_without_the_key_needs_a_checkpoint,
    without_a_key_a_purge_is_known_by_its_checkpoint,
    without_its_key_an_audit_is_neither_sealed_nor_purged,
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

/// A link as everybody can make it.
fn plain_link(values: [&str; 5]) -> String {
    let mut text = Vec::new();
    for value in std::iter::once("scim audit link 1").chain(values) {
        text.push(1);
        text.extend(u64::try_from(value.len()).unwrap().to_be_bytes());
        text.extend(value.as_bytes());
    }
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(&text)))
}

async fn with_a_key_nobody_else_can_make_the_chain_anew() {
    let superset = keyed().await;
    populate(&superset).await;
    superset.run("DELETE FROM scim_audit WHERE position = 5").await;
    superset.run("DELETE FROM scim_audit_chain WHERE position = 5").await;
    for number in 6..=10 {
        superset.run(&format!("UPDATE scim_audit_chain SET number = {} WHERE number = {number}", number - 1)).await;
    }
    let altered = |from| (from..=10).map(|position| AuditFinding::Altered { position }).collect::<Vec<_>>();
    assert_eq!(verify(&superset.store, &[]).await.findings, altered(6));

    // The links made anew from there on, then all of them.
    for from in [5, 1] {
        for number in from..=9 {
            let of = |what: &str, number: i64| {
                format!(
                    "SELECT {what} FROM scim_audit_chain c JOIN scim_audit a ON a.position = c.position WHERE c.number = {number}"
                )
            };
            let before = if number == 1 { String::new() } else { superset.value(&of("c.link", number - 1)).await };
            let position = superset.value(&of("c.position", number)).await;
            let (mac, sealed_at) =
                (superset.value(&of("a.mac", number)).await, superset.value(&of("c.sealed_at", number)).await);
            let link = plain_link([&before, &number.to_string(), &position, &mac, &sealed_at]);
            superset.run(&format!("UPDATE scim_audit_chain SET link = '{link}' WHERE number = {number}")).await;
        }
        let found = verify(&superset.store, &[]).await.findings;
        let all = [1, 2, 3, 4, 6, 7, 8, 9, 10].into_iter().filter(|position| *position >= from);
        let mut expected: Vec<_> = all.map(|position| AuditFinding::Altered { position }).collect();
        expected.push(AuditFinding::WithoutKey { position: 10 });
        assert_eq!(found, expected);
    }
}

async fn a_history_without_the_key_needs_a_checkpoint() {
    let superset = keyed().await;
    let checkpoint = populate(&superset).await;
    // All is made anew as an audit without a key has it, by somebody who has none.
    superset.run("UPDATE scim_audit SET mac = NULL").await;
    superset.run("UPDATE scim_audit SET principal = 'somebody' WHERE position = 3").await;
    superset.run("DELETE FROM scim_audit_chain").await;
    let without = AuditFinding::WithoutKey { position: 10 };
    assert_eq!(verify(&superset.store, &[]).await.findings, std::slice::from_ref(&without));
    let stranger = SupersetStore::connect(&superset.url, RULES.parse().unwrap()).await.unwrap();
    let forged = stranger.seal_audit().await.unwrap().unwrap();
    assert!(forged.signature.starts_with("sha256:"));
    let missed = AuditFinding::CheckpointMissed { number: 10, position: 10 };
    assert_eq!(verify(&superset.store, &[checkpoint]).await.findings, [missed, without.clone()]);
    assert_eq!(verify(&superset.store, std::slice::from_ref(&forged)).await.findings, std::slice::from_ref(&without));
    superset.named("late").await;
    let end = superset.store.seal_audit().await.unwrap().unwrap();
    assert_eq!(verify(&superset.store, &[]).await.findings, [without]);
    // As where the key is new: from this checkpoint on it stays as it is.
    let covered = verify(&superset.store, &[forged, end]).await;
    assert!(covered.is_clean() && covered.without_key == 10, "{covered:?}");
}

async fn without_a_key_a_purge_is_known_by_its_checkpoint() {
    let superset = Superset::start().await;
    let checkpoint = populate(&superset).await;
    superset.named("late").await;
    let at_the_cut = superset.store.seal_audit().await.unwrap().unwrap();
    let kept = superset.named("kept").await;
    let from = superset.value(&format!("SELECT happened_at FROM scim_audit WHERE resource_id = '{kept}'")).await;
    let cx = Context::internal("retention", superset.now());
    let purged = superset.store.purge_audit(&cx, from.parse().unwrap()).await.unwrap();
    assert_eq!((purged.rows, purged.last, at_the_cut.number), (12, 12, 12));
    // Everybody can do as a purge does.
    let found = verify(&superset.store, std::slice::from_ref(&checkpoint)).await.findings;
    assert_eq!(found, [AuditFinding::PurgeUnsigned { position: 12 }]);
    // That the row was there is no word of a purge.
    let found = verify(&superset.store, &[checkpoint.clone(), at_the_cut]).await.findings;
    assert_eq!(found, [AuditFinding::PurgeUnsigned { position: 12 }]);
    let known = verify(&superset.store, &[checkpoint, purged.checkpoint.unwrap()]).await;
    assert!(known.is_clean(), "{known:?}");
    assert!(verify(&superset.store, &[]).await.is_clean());
}

async fn without_its_key_an_audit_is_neither_sealed_nor_purged() {
    let superset = keyed().await;
    let checkpoint = populate(&superset).await;
    let without = SupersetStore::connect(&superset.url, RULES.parse().unwrap()).await.unwrap();
    let unchecked = verify(&without, &[checkpoint]).await;
    assert!(unchecked.is_clean() && unchecked.unchecked == 10, "{unchecked:?}");
    let cx = Context::internal("retention", superset.now());
    for turn in 0..2 {
        without.seal_audit().await.unwrap_err();
        without.purge_audit(&cx, chrono::Utc::now()).await.unwrap_err();
        // With a row that is not sealed, too.
        superset.named(&format!("late{turn}")).await;
    }
    assert_eq!(superset.value("SELECT count(*) FROM scim_audit_chain").await, "10");
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
