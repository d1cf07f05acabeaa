//! The examples `rules` and `fab_config`, run as a person runs them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::path::Path;
use std::process::{Command, Output};

use scim_core::{ResourceTypeName, SchemaSet};
use scim_service::{Context, Store};
use serde_json::{Value, json};

/// Runs an example in the folder of the rules.
fn run(example: &str, arguments: &[&str]) -> Output {
    let cargo = std::env::var("CARGO").unwrap();
    let mut command = Command::new(cargo);
    command.args(["run", "-q", "-p", "scim-examples", "--example", example, "--"]).args(arguments);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).output().unwrap()
}

fn rules(arguments: &[&str]) -> Output {
    run("rules", arguments)
}

fn printed(arguments: &[&str]) -> String {
    let output = rules(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn check_says_what_is_in_a_file() {
    let printed = printed(&["check", "new.toml", "--roles", "Admin,Alpha,Gamma,sql_lab"]);
    assert_eq!(printed, "new.toml: 4 rules, roles: Admin, Alpha, Gamma, sql_lab\n");
}

#[test]
fn s15_roles_may_have_blanks_around_them() {
    let printed = printed(&["check", "new.toml", "--roles", " Admin, Alpha ,Gamma,\tsql_lab"]);
    assert_eq!(printed, "new.toml: 4 rules, roles: Admin, Alpha, Gamma, sql_lab\n");
}

#[test]
fn s2_nobody_starts_without_rules_by_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/superset.db", folder.path().display());
    for (arguments, told) in [
        (vec!["--demo"], "expected `--rules FILE`"),
        (vec!["--demo", "--no-rules", "--rules", "new.toml"], "cannot be used with"),
        (vec!["--no-rules"], "there is no database"),
    ] {
        let arguments = [&["--token", "a-token-for-tests", "--database", &url][..], &arguments].concat();
        let output = run("superset_server", &arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(told), "{error}");
        assert!(!folder.path().join("superset.db").exists(), "nothing was made");
    }
}

#[test]
fn check_shows_the_line_of_a_fault() {
    let output = rules(&["check", "new.toml", "--roles", "Admin,Alpha,Gamma"]);
    assert!(!output.status.success());
    let shown = "new.toml: line 11, column 10: unknown role `sql_lab`\nroles = [\"sql_lab\"]\n         ^\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), shown);
}

#[test]
fn explain_gives_the_reasons() {
    assert_eq!(
        printed(&["explain", "new.toml", "--user", "ada.json"]),
        r#"Alpha: rule 1 (group = "analytics-team") matches the group "analytics-team"
Team data: rule 3 (group_pattern = "company:(?<team>[a-z-]+)-team") matches the group "company:data-team"
group "Company:ML-team" is ignored: no rule names it
"#
    );
}

#[test]
fn diff_shows_everybody() {
    assert_eq!(
        printed(&["diff", "old.toml", "new.toml", "--users", "users.jsonl"]),
        "\
user              gained     lost     unchanged
ada@example.com   Team data  sql_lab  Alpha
bob@example.com                       Alpha, sql_lab
eve@example.com                       Admin
joe@example.com                       Gamma
left@example.com
1 of 5 people would have other roles
"
    );
}

#[test]
fn fab_config_prints_python_and_warns() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("idp.crt");
    std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nMIIB\nabc=\n-----END CERTIFICATE-----\n").unwrap();
    let certificate = certificate.to_str().unwrap();
    let flags = "new.toml --from okta --entity-id http://www.okta.com/exk1 --single-sign-on https://example.okta.com/sso \
                 --superset https://superset.example.com --certificate";
    let arguments: Vec<&str> = flags.split_whitespace().chain([certificate]).collect();
    let output = run("fab_config", &arguments);
    let warnings = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{warnings}");
    assert_eq!(
        warnings,
        "\
warning: rule 2: conditions on the person can't be expressed
warning: rule 3: forms of group names can't be expressed
warning: rule 4: the assertions name groups by display names, not by identifiers
"
    );
    let fragment = String::from_utf8(output.stdout).unwrap();
    for line in [
        "# WARNING: rule 3: forms of group names can't be expressed",
        "    \"analytics-team\": [\"Alpha\"],",
        "            \"x509cert\": \"MIIBabc=\",",
        "            \"groups\": \"role_keys\",",
        "        \"entityId\": \"https://superset.example.com\" + \"/saml/metadata/\",",
    ] {
        assert!(fragment.lines().any(|printed| printed == line), "{line}\n{fragment}");
    }
}

#[test]
fn diff_asks_the_database_for_everyone_provisioned() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/superset.db", folder.path().display());
    let used: superset_mapping::RuleSet = include_str!("../rules/old.toml").parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        superset_mapping::create_demo_schema(&url).await.unwrap();
        let store = superset_mapping::SupersetStore::connect(&url, used).await.unwrap();
        let (cx, schemas) = (Context::internal("test", chrono::Utc::now()), SchemaSet::builtin());
        let create = async |kind: ResourceTypeName, mut resource: Value| -> Value {
            let of = schemas.of(&kind).unwrap();
            resource["schemas"] = json!([of.base().id()]);
            let created = store.create(&cx, of, serde_json::from_value(resource).unwrap()).await.unwrap();
            json!({"value": created.id().unwrap()})
        };
        let ada = create(ResourceTypeName::user(), json!({"userName": "ada", "active": true})).await;
        let eve = create(ResourceTypeName::user(), json!({"userName": "eve", "active": true})).await;
        create(ResourceTypeName::user(), json!({"userName": "left", "active": false})).await;
        create(ResourceTypeName::group(), json!({"displayName": "company:data-team", "members": [ada]})).await;
        let board = json!({"displayName": "Board", "externalId": "grp-exec", "members": [eve]});
        create(ResourceTypeName::group(), board).await;
        store.close().await;
    });
    let shown = printed(&["diff", "old.toml", "new.toml", "--database", &url]);
    let mut lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.remove(0), "user  gained     lost   unchanged");
    assert_eq!(lines.pop().unwrap(), "1 of 3 people would have other roles");
    lines.sort_unstable();
    assert_eq!(lines, ["ada   Team data  Gamma", "eve                     Admin", "left"]);
    assert!(!rules(&["diff", "old.toml", "new.toml"]).status.success(), "neither a file nor a database");
}
