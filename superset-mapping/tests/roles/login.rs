//! Logins over a store whose roles follow.

use std::sync::Arc;

use chrono::Utc;
use scim_core::SchemaSet;
use scim_service::{MemoryStore, Store};
use superset_mapping::login::{Assertion, Domains, JsonLines};
use superset_mapping::{
    AttributeMapping, IdentityProvider, JitLogin, MemoryRoles, People, RoleSync, RoleTarget, RuleSet,
};

use crate::stores::{OwnRoles, OwnStore};

const RULES: &str = r#"
    sources = ["provider:partners"]
    default_roles = ["Everybody"]
    [[rule]]
    group = "readers"
    roles = ["Reader"]
"#;

async fn logins<S: Store, T: RoleTarget>(store: S, target: T) -> [Vec<String>; 2] {
    let rules: RuleSet = RULES.parse().unwrap();
    let sync = RoleSync::new(store, target, rules.clone(), &SchemaSet::builtin()).unwrap();
    let audit = JsonLines::new(std::io::sink());
    let logins = JitLogin::new(Arc::new(sync), SchemaSet::builtin(), Arc::new(rules), audit);
    let people = People::Created(Domains::new(["example.com"]).unwrap());
    let partners = IdentityProvider::new("partners", AttributeMapping::okta(), people).unwrap();
    let mut held = Vec::new();
    for (id, group) in [("1", "readers"), ("2", "others")] {
        let assertion = Assertion {
            id: id.to_owned(),
            subject: "ada@example.com".to_owned(),
            attributes: [("groups".to_owned(), vec![group.to_owned()])].into(),
        };
        held.push(logins.login(&partners, &assertion, Utc::now()).await.unwrap().roles);
    }
    held.try_into().unwrap()
}

#[tokio::test]
async fn a_login_gives_roles_by_its_groups() {
    let expected = [vec!["Reader".to_owned()], vec!["Everybody".to_owned()]];
    assert_eq!(logins(MemoryStore::new(), MemoryRoles::new()).await, expected);
    assert_eq!(logins(OwnStore::default(), OwnRoles).await, expected);
}
