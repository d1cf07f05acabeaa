//! Alerts and reports run in the name of an owner: what becomes of them when the owner leaves.

use serde_json::json;
use superset_mapping::{ConnectError, StoreOptions, SupersetStore};

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset};

pub(crate) const CASES: &[Case] =
    cases![s25_reports_that_stop_are_in_the_record, s25_reports_are_handed_over_to_whom_the_host_names,];

const TABLES: &str = "
    CREATE TABLE report_schedule (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(150), active BOOLEAN);
    CREATE TABLE report_schedule_user (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL,
        report_schedule_id INTEGER NOT NULL, FOREIGN KEY (user_id) REFERENCES ab_user (id));
    INSERT INTO report_schedule VALUES (1, 'Daily', TRUE), (2, 'Off', FALSE), (3, 'Shared', TRUE), (4, 'Other', TRUE);";

const OWNED: &str = "INSERT INTO report_schedule_user VALUES (1, 2, 1), (2, 2, 2), (3, 2, 3), (4, 1, 3), (5, 1, 4)";

async fn owners(superset: &Superset) -> Vec<String> {
    superset.column("SELECT concat(report_schedule_id, ':', user_id) FROM report_schedule_user ORDER BY 1").await
}

async fn s25_reports_that_stop_are_in_the_record() {
    let superset = Superset::prepared(RULES, TABLES).await;
    let ada = superset.named("ada").await;
    superset.run(OWNED).await;
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    let detail = "SELECT detail FROM scim_audit WHERE action = 'deactivate'";
    assert_eq!(superset.value(detail).await, r#"{"reports":{"1":"Daily","3":"Shared"},"roles":["Gamma"]}"#);
    assert_eq!(owners(&superset).await, ["1:2", "2:2", "3:1", "3:2", "4:1"], "they stay whose they are");
}

async fn s25_reports_are_handed_over_to_whom_the_host_names() {
    let options = StoreOptions::new().with_reports_to("admin");
    let superset = Superset::with_options(RULES, TABLES, options).await;
    let ada = superset.named("ada").await;
    superset.run(OWNED).await;
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(owners(&superset).await, ["1:1", "2:1", "3:1", "4:1"]);
    let detail = "SELECT detail FROM scim_audit WHERE action = 'delete'";
    assert_eq!(
        superset.value(detail).await,
        r#"{"reports":{"1":"Daily","3":"Shared"},"reports_to":"admin","roles":["Gamma"]}"#
    );
    let options = StoreOptions::new().with_reports_to("nobody");
    let refusal = SupersetStore::connect_with(&superset.url, RULES.parse().unwrap(), options).await.unwrap_err();
    assert!(matches!(&refusal, ConnectError::NoSuccessor { username } if username == "nobody"), "{refusal}");
}
