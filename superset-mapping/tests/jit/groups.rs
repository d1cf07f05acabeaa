//! Groups follow the assertion at each login.

use serde_json::json;
use superset_mapping::login::{GroupClaim, GroupScope};
use superset_mapping::{AttributeMapping, IdentityProvider};

use crate::support::{RULES, anybody, houses, in_groups, partners, roles, says};

#[tokio::test]
async fn roles_come_and_go_with_the_groups_of_each_login() {
    for house in houses(RULES).await {
        let login = house.login(&partners(), &in_groups(&["analysts", "sql"])).await.unwrap();
        assert_eq!(roles(&login), ["Alpha", "sql_lab"]);
        assert_eq!(login.groups.joined, ["analysts", "sql"]);
        let login = house.login(&partners(), &in_groups(&["sql"])).await.unwrap();
        assert_eq!(roles(&login), ["sql_lab"]);
        assert_eq!((&*login.groups.joined, &*login.groups.left), (&[][..], &["analysts".to_owned()][..]));
        // No groups, in a list or without one, take the roles away.
        let login = house.login(&partners(), &in_groups(&[])).await.unwrap();
        assert_eq!(roles(&login), ["Gamma"]);
        house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        let login = house.login(&partners(), &says("ada@example.com", json!({}))).await.unwrap();
        assert_eq!(roles(&login), ["Gamma"]);
        assert_eq!(login.groups.left, ["analysts"]);
    }
}

#[tokio::test]
async fn a_mapping_without_groups_leaves_them_alone() {
    let provider = IdentityProvider::new("partners", AttributeMapping::new(), anybody()).unwrap();
    for house in houses(RULES).await {
        let login = house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        assert_eq!(roles(&login), ["Alpha"]);
        let login = house.login(&provider, &in_groups(&[])).await.unwrap();
        assert_eq!(roles(&login), ["Alpha"]);
    }
}

/// Rules that say whom they believe. `host` stands for whoever provisions here.
const SOURCES: &str = r#"
    sources = ["host", "provider:partners", "provider:entra"]
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    provider = "partners"
    roles = ["Alpha"]
    [[rule]]
    group = "sql"
    from = "host"
    provider = "partners"
    roles = ["sql_lab"]
    [[rule]]
    group_external_id = "grp-exec"
    from = "host"
    roles = ["Admin"]
    grants_protected = true
"#;

#[tokio::test]
async fn groups_that_somebody_else_made_are_neither_joined_nor_left() {
    for house in houses(SOURCES).await {
        let board = json!({"displayName": "board", "externalId": "grp-exec"});
        let board = house.provision("Group", board).await;
        let sql = house.provision("Group", json!({"displayName": "sql"})).await;
        let login = house.login(&partners(), &in_groups(&["board", "analysts"])).await.unwrap();
        assert_eq!(roles(&login), ["Alpha"]);
        // What the identity provider calls `board` is a group of its own.
        assert!(login.groups.not_joined.is_empty());
        assert!(house.get("Group", &board).await.get("members").is_none());
        // Nor does it help to assert the identifier.
        let login = house.login(&partners(), &in_groups(&["grp-exec"])).await.unwrap();
        assert_eq!(roles(&login), ["Gamma"]);
        // What a SCIM client put the person into stays.
        let id = login.user.id().unwrap().into_owned();
        let team = json!({"displayName": "team", "members": [{"value": id, "type": "User"}]});
        let team = house.provision("Group", team).await;
        let login = house.login(&partners(), &in_groups(&[])).await.unwrap();
        assert_eq!(login.groups.left, ["grp-exec"]);
        assert!(house.get("Group", &team).await.get("members").is_some());
        assert!(house.get("Group", &sql).await.get("members").is_none());
    }
}

#[tokio::test]
async fn an_identity_provider_of_the_house_shares_its_groups() {
    let shared = partners().with_groups(GroupScope::Shared);
    for house in houses(SOURCES).await {
        let sql = house.provision("Group", json!({"displayName": "sql"})).await;
        let login = house.login(&shared, &in_groups(&["sql", "analysts"])).await.unwrap();
        assert_eq!(roles(&login), ["Alpha", "sql_lab"]);
        assert!(house.get("Group", &sql).await.get("members").is_some());
        let login = house.login(&shared, &in_groups(&["analysts"])).await.unwrap();
        assert_eq!(roles(&login), ["Alpha"]);
        assert!(house.get("Group", &sql).await.get("members").is_none());
    }
}

#[tokio::test]
async fn identifiers_of_groups_are_external_ids() {
    let mapping = AttributeMapping::new().with_groups(GroupClaim::new("groups").of_external_ids());
    let entra = IdentityProvider::new("entra", mapping, anybody()).unwrap();
    let ada = json!({ "groups": ["grp-exec"] });
    for house in houses(SOURCES).await {
        house.provision("Group", json!({"displayName": "board", "externalId": "grp-exec"})).await;
        // Of its own groups this is another one.
        let login = house.login(&entra, &says("ada", ada.clone())).await.unwrap();
        assert_eq!(roles(&login), ["Gamma"]);
    }
    let both = SOURCES.replace(
        "from = \"host\"\n    roles = [\"Admin\"]",
        "from = \"host\"\n    provider = \"entra\"\n    roles = [\"Admin\"]",
    );
    for house in houses(&both).await {
        house.provision("Group", json!({"displayName": "board", "externalId": "grp-exec"})).await;
        let shared = entra.clone().with_groups(GroupScope::Shared);
        let login = house.login(&shared, &says("ada", ada.clone())).await.unwrap();
        assert_eq!(roles(&login), ["Admin"]);
        assert_eq!(login.groups.joined, ["board"]);
    }
}

#[tokio::test]
async fn s18_an_identity_providers_own_identifier_gives_a_protected_role() {
    let rules = "sources = ['scim', 'provider:partners']\n[[rule]]\ngroup_external_id = 'grp-exec'\nprovider = 'partners'\n\
                 roles = ['Admin']\ngrants_protected = true";
    for house in houses(rules).await {
        let login = house.login(&partners(), &in_groups(&["grp-exec"])).await.unwrap();
        assert_eq!(roles(&login), ["Admin"]);
    }
}

#[tokio::test]
async fn unknown_groups_are_refused_where_the_rules_say_so() {
    let rules = format!("unknown_groups = \"refuse\"\n{RULES}");
    for house in houses(&rules).await {
        house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        assert_eq!(house.refused(&partners(), &in_groups(&["analysts", "x"])).await, "unknown_group");
        let login = house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        assert_eq!(roles(&login), ["Alpha"]);
    }
}

#[tokio::test]
async fn groups_within_groups_count() {
    for house in houses(SOURCES).await {
        let login = house.login(&partners(), &in_groups(&["inner"])).await.unwrap();
        let inner = login.user.get("groups").unwrap().to_value()[0]["value"].as_str().unwrap().to_owned();
        let outer = json!({"displayName": "sql", "members": [{"value": inner, "type": "Group"}]});
        house.provision("Group", outer).await;
        let login = house.login(&partners(), &in_groups(&["inner"])).await.unwrap();
        assert_eq!(roles(&login), ["sql_lab"]);
        let login = house.login(&partners(), &in_groups(&[])).await.unwrap();
        assert_eq!(roles(&login), ["Gamma"]);
    }
}
