//! Who asserts a row, and what becomes of that when others write.

use chrono::Utc;
use scim_core::{Resource, ResourceId, SchemaSet, Source};
use scim_service::{Context, Create, Principal, Read, Replace, Store, StoreError};
use serde_json::{Value, json};

use super::{RUNTIME, empty};

fn resource(value: Value) -> Resource {
    serde_json::from_value(value).unwrap()
}

#[test]
fn the_table_keeps_who_asserts_a_row() {
    RUNTIME.block_on(async {
        let (store, _folder) = empty().await;
        let schemas = SchemaSet::builtin();
        let users = schemas.user().unwrap();
        let by = |principal: Principal| Context::new(principal, "test", Utc::now());
        let (okta, entra, staff) = (Principal::new("okta"), Principal::new("entra"), Principal::provider("staff"));
        let create = async |principal: &Principal, name: &str| -> ResourceId {
            let user = resource(json!({"userName": name, "active": true}));
            store.create(&by(principal.clone()), Create::new(users, user)).await.unwrap().change.id
        };
        let owner = async |id: &ResourceId| {
            let user = store.read(&by(Principal::host("test")), Read::new(users, id)).await.unwrap();
            user.provenance().map(|provenance| provenance.source().clone())
        };
        let replace = async |principal: &Principal, id: &ResourceId, user: Value| {
            store.replace(&by(principal.clone()), Replace::new(users, id, resource(user))).await.map(drop)
        };

        let ada = create(&okta, "ada").await;
        assert_eq!(owner(&ada).await, Some(Source::client("okta")));
        replace(&entra, &ada, json!({"userName": "ada", "active": false})).await.unwrap();
        assert_eq!(owner(&ada).await, Some(Source::client("okta")), "`active` alone says nothing of who somebody is");
        replace(&entra, &ada, json!({"userName": "ada", "title": "Dr"})).await.unwrap();
        assert_eq!(owner(&ada).await, Some(Source::client("entra")), "whoever wrote the content last asserts it");

        let bea = create(&staff, "bea").await;
        assert_eq!(owner(&bea).await, Some(Source::provider("staff")));
        let refused = replace(&okta, &bea, json!({"userName": "bea", "title": "Dr"})).await;
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
        assert_eq!(owner(&bea).await, Some(Source::provider("staff")));

        let cal = create(&Principal::host("import"), "cal").await;
        assert_eq!(owner(&cal).await, Some(Source::Host), "the application's own rows are its own");
        replace(&okta, &cal, json!({"userName": "cal", "title": "Dr"})).await.unwrap();
        assert_eq!(owner(&cal).await, Some(Source::client("okta")));
    });
}
