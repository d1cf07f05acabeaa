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
use scim_service::{Context, Create, Store};
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
    shown(0, arguments)
}

/// What is printed with this status.
fn shown(status: i32, arguments: &[&str]) -> String {
    let output = rules(arguments);
    assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What an error says.
fn refused(arguments: &[&str]) -> String {
    let output = rules(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
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
    let shown = "new.toml: line 11, column 10: unknown role `sql_lab`\nroles = [\"sql_lab\"]\n         ^\n";
    assert_eq!(refused(&["check", "new.toml", "--roles", "Admin,Alpha,Gamma"]), format!("error: {shown}"));
}

#[test]
fn explain_gives_the_reasons() {
    assert_eq!(
        printed(&["explain", "new.toml", "--user", "ada.json"]),
        r#"Alpha: rule 1 (group = "analytics-team") matches the group "analytics-team"
Team data: rule 3 (group_pattern = "company:(?<team>[a-z-]+)-team") matches the group "company:data-team"
group "Company:ML-team" is ignored: no rule names it
the `externalId` of "analytics-team", "company:data-team", "Company:ML-team" is not known, and rules ask for it: what they give is left out here. Give `--groups` or `--database`
"#
    );
}

#[test]
fn s9_explain_knows_what_scim_json_leaves_out_or_says_that_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, value: &Value| -> String {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let in_group = json!([{"value": "g-9", "display": "Executives", "type": "direct"}]);
    let user = file("user.json", &json!({"userName": "eve", "groups": in_group}));
    let alone = printed(&["explain", "new.toml", "--user", &user]);
    assert!(alone.contains("the `externalId` of \"Executives\" is not known"), "{alone}");
    let group =
        json!({"schemas": [scim_core::urn::GROUP], "id": "g-9", "displayName": "Executives", "externalId": "grp-exec"});
    for groups in
        [group.clone(), json!([group]), json!({"schemas": [scim_core::urn::LIST_RESPONSE], "Resources": [group]})]
    {
        let groups = file("groups.json", &groups);
        let explained = printed(&["explain", "new.toml", "--user", &user, "--groups", &groups]);
        assert_eq!(explained, "Admin: rule 4 (group_external_id = \"grp-exec\") matches the group \"Executives\"\n");
    }
    let inactive = file("inactive.json", &json!({"userName": "eve", "active": false}));
    assert!(printed(&["explain", "new.toml", "--user", &inactive]).contains("the person is inactive"));
    for (value, told) in [
        (json!({}), "it has no `userName`"),
        (json!([]), "a JSON object"),
        (json!({"userName": ""}), "it has no `userName`"),
        (json!({"Resources": [{"userName": "eve"}]}), "a ListResponse"),
        (json!({"schemas": [scim_core::urn::LIST_RESPONSE], "userName": "x"}), "a ListResponse"),
        (json!({"schemas": [scim_core::urn::GROUP], "displayName": "g", "userName": "x"}), "expected a SCIM User"),
    ] {
        let user = file("no-user.json", &value);
        let error = refused(&["explain", "new.toml", "--user", &user]);
        assert!(error.contains(told) && error.contains("no-user.json"), "{error}");
    }
}

#[test]
fn s8_explain_and_diff_tell_roles_that_superset_does_not_have() {
    let known = ["--roles", "Admin,Alpha,Gamma,sql_lab"];
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path().join("user.json");
    let in_group = json!([{"value": "g-2", "display": "company:zzz-team", "externalId": "e"}]);
    std::fs::write(&user, json!({"userName": "ada", "groups": in_group}).to_string()).unwrap();
    let user = user.to_str().unwrap();
    assert_eq!(
        printed(&[&["explain", "new.toml", "--user", user], &known[..]].concat()),
        "Gamma: default role, because no rule gives a role that exists\n\
         Team zzz is missing, so that it gives nothing: rule 3 (group_pattern = \"company:(?<team>[a-z-]+)-team\") matches the group \
         \"company:zzz-team\"\n"
    );
    let diff = printed(&[&["diff", "new.toml", "new.toml", "--users", user], &known[..]].concat());
    assert!(diff.contains("role \"Team zzz\" is missing in Superset: the new rules give it to 1"), "{diff}");
    assert!(diff.lines().any(|line| line.split_whitespace().eq(["ada", "Gamma"])), "{diff}");
}

/// S23: the status says whether anybody would have other roles.
#[test]
fn s23_diff_shows_everybody_and_ends_with_a_status() {
    assert_eq!(
        printed(&["diff", "old.toml", "old.toml", "--users", "users.jsonl"]).lines().last().unwrap(),
        "0 of 5 people would have other roles"
    );
    assert_eq!(
        shown(1, &["diff", "old.toml", "new.toml", "--users", "users.jsonl"]),
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
            let created =
                store.create(&cx, Create::new(of, serde_json::from_value(resource).unwrap())).await.unwrap().resource;
            json!({"value": created.id().unwrap()})
        };
        let ada = create(ResourceTypeName::user(), json!({"userName": "ada", "active": true})).await;
        let eve = create(ResourceTypeName::user(), json!({"userName": "eve", "active": true})).await;
        create(ResourceTypeName::user(), json!({"userName": "left", "active": false})).await;
        create(ResourceTypeName::group(), json!({"displayName": "company:data-team", "members": [ada]})).await;
        create(ResourceTypeName::group(), json!({"displayName": "analytics-team", "members": [ada]})).await;
        let board = json!({"displayName": "Board", "externalId": "grp-exec", "members": [eve]});
        create(ResourceTypeName::group(), board).await;
        store.close().await;
    });
    let shown = shown(1, &["diff", "old.toml", "new.toml", "--database", &url]);
    let mut lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.remove(0), "user  gained  lost     unchanged");
    assert_eq!(lines.pop().unwrap(), "1 of 3 people would have other roles");
    assert_eq!(
        lines.pop().unwrap(),
        "role \"Team data\" is missing in Superset: the new rules give it to 1, who get nothing by it"
    );
    lines.sort_unstable();
    assert_eq!(lines, ["ada           sql_lab  Alpha", "eve                    Admin", "left"]);
    assert!(refused(&["diff", "old.toml", "new.toml"]).contains("expected `--users FILE`"));
    // The rules are checked against the roles of the database, and a person is explained by it.
    assert!(printed(&["check", "new.toml", "--database", &url]).starts_with("new.toml: 4 rules"));
    let unknown = folder.path().join("unknown.json");
    std::fs::write(&unknown, r#"{"default_roles": ["gamma"]}"#).unwrap();
    let refusal = refused(&["check", unknown.to_str().unwrap(), "--database", &url]);
    assert!(refusal.contains("unknown role `gamma`; did you mean `Gamma`?"), "{refusal}");
    let eve = printed(&["explain", "new.toml", "--user-name", "eve", "--database", &url]);
    assert_eq!(eve, "Admin: rule 4 (group_external_id = \"grp-exec\") matches the group \"Board\" of host\n");
    assert!(refused(&["explain", "new.toml", "--user-name", "nobody", "--database", &url]).contains("`nobody`"));
}

#[test]
fn s23_fab_config_reads_json_rules_and_knows_presets_by_either_name() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, certificate) = (folder.path().join("rules.json"), folder.path().join("idp.crt"));
    std::fs::write(&rules, r#"{"rule": [{"group_external_id": "e-1", "roles": ["Alpha"]}]}"#).unwrap();
    std::fs::write(&certificate, "MIIB").unwrap();
    let flags = "--entity-id e --single-sign-on https://idp.example.com/sso --superset https://superset.example.com";
    for preset in ["entra", "entra-id"] {
        let files = [rules.to_str().unwrap(), "--certificate", certificate.to_str().unwrap(), "--from", preset];
        let output = run("fab_config", &files.into_iter().chain(flags.split_whitespace()).collect::<Vec<_>>());
        let fragment = String::from_utf8(output.stdout).unwrap();
        assert!(
            fragment.contains("    \"e-1\": [\"Alpha\"],"),
            "{fragment}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
