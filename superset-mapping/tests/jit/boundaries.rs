//! What a login must never do: make or be a person whom the identity provider is not authoritative for.

use serde_json::json;
use superset_mapping::login::{Domains, GroupClaim, LoginOutcome, MAX_ASSERTED_GROUPS, NameCase};
use superset_mapping::{AttributeMapping, IdentityProvider, People};

use crate::support::{RULES, anybody, houses, in_groups, mapping, partners, roles, says, staff};

#[tokio::test]
async fn x1_an_identity_provider_creates_people_of_its_own_domains_alone() {
    for house in houses(RULES).await {
        for subject in [
            "cfo2@corp.test",
            "cfo2",
            "cfo2@example.com.corp.test",
            "cfo2@corp.test@example.com",
            "cfo2@sub.example.com",
            "cfo2@notexample.com",
            "cfo2@example.com.",
            "cfo2@example.com ",
            " cfo2@example.com",
            "cfo2@exаmple.com", // the first `a` is Cyrillic
            "cfo2@ｅxample.com",
            "@example.com",
        ] {
            let reason = house.refused(&partners(), &says(subject, json!({}))).await;
            // A name with space around it is no user name at all.
            let expected = if subject.trim() == subject { "domain" } else { "mapping" };
            assert_eq!(reason, expected, "{subject:?}");
        }
        assert_eq!(house.users().await, 0);
        let record = serde_json::to_value(house.records.last()).unwrap();
        assert_eq!(
            record["detail"],
            "`userName` is outside of the domains in which this identity provider may create users"
        );
        assert_eq!((&record["subject"], record.get("user")), (&json!("@example.com"), None));
        // Nor by an attribute: whatever a SCIM client could match somebody by.
        let named = mapping().with("login", "userName").unwrap();
        let named =
            IdentityProvider::new("partners", named, People::Created(Domains::new(["example.com"]).unwrap())).unwrap();
        for (subject, said) in [
            ("00u7", json!({"login": "cfo2@corp.test"})),
            ("ada@example.com", json!({"login": "cfo2@corp.test"})),
            ("cfo2@corp.test", json!({"login": "ada@example.com"})),
            ("ada@example.com", json!({"email": "cfo2@corp.test"})),
            ("ada@example.com", json!({"email": ["ada@example.com", "cfo2@corp.test"]})),
        ] {
            assert_eq!(house.refused(&named, &says(subject, said.clone())).await, "domain", "{subject} {said}");
        }
        assert_eq!(house.users().await, 0);
        let said = json!({"login": "Ada@EXAMPLE.com", "email": "ada@example.com"});
        assert!(house.login(&named, &says("00u7", said)).await.unwrap().created);
        // A later login does not rename anybody out of the domains.
        assert_eq!(house.refused(&named, &says("00u7", json!({"login": "cfo2@corp.test"}))).await, "domain");
    }
}

#[tokio::test]
async fn x12_a_login_is_the_provisioned_person_by_the_very_name() {
    let exact = || staff().with_name_case(NameCase::Sensitive);
    for house in houses(RULES).await {
        house.provision("User", json!({"userName": "mike@example.com"})).await;
        for subject in [
            "mi\u{212a}e@example.com", // the Kelvin sign
            "ｍｉｋｅ@example.com",
            "mike@example.com ",
            " mike@example.com",
            "mike@example.com\u{a0}",
            "mike\u{200b}@example.com",
            "m\u{131}ke@example.com",
            "mike@example.com\u{301}",
        ] {
            for provider in [staff(), exact()] {
                let reason = house.refused(&provider, &says(subject, json!({}))).await;
                // What has in it what nobody sees is no user name at all.
                assert!(["mapping", "not_provisioned", "spelling"].contains(&&*reason), "{subject:?}: {reason}");
            }
        }
        assert!(house.login(&exact(), &says("mike@example.com", json!({}))).await.is_ok());
        // ASCII case counts for nothing where the provider says so, and for a name where it does not.
        assert!(house.login(&staff(), &says("MIKE@example.com", json!({}))).await.is_ok());
        assert_eq!(house.refused(&exact(), &says("MIKE@example.com", json!({}))).await, "spelling");
        let LoginOutcome::Refused { detail, .. } = house.records.last().outcome else { panic!() };
        assert!(detail.contains("another spelling"), "{detail}");
    }
}

#[tokio::test]
async fn x12_an_address_links_by_the_very_address() {
    let linking = IdentityProvider::new("partners", mapping(), anybody()).unwrap().linking_by_email();
    for house in houses(RULES).await {
        let emails = json!([{"value": "mike@example.com", "type": "work"}]);
        let id = house.provision("User", json!({"userName": "mike", "emails": emails})).await;
        for address in ["mi\u{212a}e@example.com", "ｍｉｋｅ@example.com", "mike@ｅxample.com"] {
            let reason = house.refused(&linking, &says("00u7", json!({ "email": address }))).await;
            assert!(["spelling", "taken", "value"].contains(&&*reason), "{address}: {reason}");
        }
        let login = house.login(&linking, &says("00u7", json!({"email": "Mike@example.com"}))).await.unwrap();
        assert_eq!(login.user.id().as_deref(), Some(&*id));
    }
}

#[tokio::test]
async fn x1_who_is_provisioned_is_nobody_whom_a_login_created() {
    for house in houses(RULES).await {
        let made = house.login(&partners(), &says("ada@example.com", json!({}))).await.unwrap();
        if made.user.provenance().is_none() {
            continue;
        }
        assert_eq!(house.refused(&staff(), &says("ada@example.com", json!({}))).await, "taken");
    }
}

#[tokio::test]
async fn s11_a_subject_in_another_case_is_the_same_person_where_the_provider_says_so() {
    for house in houses(RULES).await {
        let first = house.login(&partners(), &says("Ada@Example.com", json!({}))).await.unwrap();
        assert!(first.created);
        for subject in ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com"] {
            let login = house.login(&partners(), &says(subject, json!({}))).await.unwrap();
            assert!(!login.created, "{subject}");
            assert_eq!(login.user.id(), first.user.id());
        }
        assert_eq!(house.users().await, 1);
    }
    // A provider whose names are case-sensitive is told the true reason.
    let exact = || partners().with_name_case(NameCase::Sensitive);
    for house in houses(RULES).await {
        let first = house.login(&exact(), &says("Ada@Example.com", json!({}))).await.unwrap();
        assert_eq!(house.refused(&exact(), &says("ada@example.com", json!({}))).await, "spelling");
        // And where it turns out that they are not, nobody is locked out.
        let login = house.login(&partners(), &says("ADA@example.com", json!({}))).await.unwrap();
        assert_eq!(login.user.id(), first.user.id());
    }
    // An opaque subject is compared exactly, whatever is said of names.
    let entra = AttributeMapping::entra_id();
    let entra = IdentityProvider::new("entra", entra, anybody()).unwrap();
    let name = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
    for house in houses(RULES).await {
        let first = house.login(&entra, &says("Xb3", json!({name: "ada@example.com"}))).await.unwrap();
        assert_eq!(first.user.external_id().unwrap().as_str(), "jit:entra:Xb3");
        assert_eq!(house.refused(&entra, &says("xB3", json!({name: "ada@example.com"}))).await, "spelling");
        let other = house.login(&entra, &says("xB3", json!({name: "bob@example.com"}))).await.unwrap();
        assert!(other.created);
    }
}

#[tokio::test]
async fn x9_a_login_in_more_groups_than_the_bound_is_refused_with_the_reason() {
    let names = |count: usize| (0..count).map(|n| format!("g{n}")).collect::<Vec<_>>();
    let many = names(MAX_ASSERTED_GROUPS + 1);
    for house in houses(RULES).await {
        let said = says("ada@example.com", json!({ "groups": many }));
        assert_eq!(house.refused(&partners(), &said).await, "mapping");
        let LoginOutcome::Refused { detail, .. } = house.records.last().outcome else { panic!() };
        assert_eq!(detail, "the assertion names more than 200 groups");
        let said = says("ada@example.com", json!({ "groups": [many.join(",")] }));
        let claim = GroupClaim::new("groups").separated_by(',');
        let joined = IdentityProvider::new("partners", mapping().with_groups(claim), anybody()).unwrap();
        assert_eq!(house.refused(&joined, &said).await, "mapping");
        assert_eq!(house.users().await, 0);
    }
}

#[tokio::test]
async fn x9_as_many_groups_as_may_be_asserted_come_and_go() {
    let names: Vec<String> = (0..MAX_ASSERTED_GROUPS).map(|n| format!("g{n}")).collect();
    for house in houses(RULES).await {
        let all = says("ada@example.com", json!({ "groups": names }));
        let login = house.login(&partners(), &all).await.unwrap();
        assert_eq!(login.groups.joined, names);
        assert_eq!(login.user.get("groups").unwrap().elements().count(), MAX_ASSERTED_GROUPS);
        let again = house.login(&partners(), &all).await.unwrap();
        assert!(again.groups.joined.is_empty() && again.groups.left.is_empty() && !again.changed);
        assert_eq!(again.user.version(), login.user.version());
        let one = house.login(&partners(), &in_groups(&["g7"])).await.unwrap();
        assert_eq!(one.groups.left.len(), MAX_ASSERTED_GROUPS - 1);
        assert_eq!(one.user.get("groups").unwrap().to_value()[0]["display"], "g7");
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn s4_whose_account_was_deactivated_manually_is_refused() {
    for closed in [
        "UPDATE ab_user SET active = 0 WHERE username LIKE 'ada%'",
        "UPDATE ab_user SET active = NULL WHERE username LIKE 'ada%'",
    ] {
        for house in houses(RULES).await {
            house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
            house.provision("User", json!({"userName": "ada2"})).await;
            if house.superset(closed).await.is_none() {
                continue;
            }
            let before = house.get("User", &house.records.last().user.unwrap()).await;
            assert_eq!(house.refused(&partners(), &in_groups(&["sql"])).await, "inactive");
            let record = house.records.last();
            assert_eq!(record.user.as_deref(), before.id().as_deref());
            let LoginOutcome::Refused { detail, .. } = record.outcome else { panic!() };
            assert_eq!(detail, "the account was deactivated manually");
            assert_eq!(house.get("User", &before.id().unwrap()).await, before);
            assert_eq!(house.refused(&staff(), &says("ada2", json!({}))).await, "inactive");
        }
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn s6_a_login_reconciles_the_roles_and_records_what_superset_holds() {
    let changed = RULES.replace("roles = [\"Alpha\"]", "roles = [\"sql_lab\", \"Nowhere\"]");
    for house in houses(RULES).await {
        house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        let id = house.provision("User", json!({"userName": "bob", "title": "boss"})).await;
        let Some(house) = house.with_rules(&changed).await else { continue };
        let login = house.login(&partners(), &in_groups(&["analysts"])).await.unwrap();
        assert!(!login.changed && login.groups.joined.is_empty());
        // A role that Superset does not have is nobody's.
        assert_eq!(roles(&login), ["sql_lab"]);
        let login = house.login(&staff(), &says("bob", json!({}))).await.unwrap();
        assert_eq!((roles(&login), login.user.id().as_deref()), (vec!["sql_lab"], Some(&*id)));
        let LoginOutcome::LoggedIn { roles, .. } = house.records.last().outcome else { panic!() };
        assert_eq!(roles, ["sql_lab"]);
    }
}
