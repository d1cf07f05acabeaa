//! The schemas of RFC 7643, kept as JSON data beside the code.

use std::sync::{Arc, LazyLock};

use crate::schema::Schema;
use crate::schema::common_attributes::builtin;
use crate::schema::resource_type::ResourceType;

builtin! {
    /// The User schema of RFC 7643 section 8.7.1.
    USER_SCHEMA: Arc<Schema> = "user.json"
}
builtin! {
    /// The Group schema of RFC 7643 section 8.7.1. `displayName` is required and `members` has a `display`, as sections
    /// 4.2 and 8.4 have it; the listing of section 8.7.1 forgets both. `display` is read-only: what the member is called now.
    GROUP_SCHEMA: Arc<Schema> = "group.json"
}
builtin! {
    /// The enterprise extension of RFC 7643 section 8.7.1.
    ENTERPRISE_USER_SCHEMA: Arc<Schema> = "enterprise_user.json"
}
builtin! {
    /// The schema of `/ServiceProviderConfig`.
    SERVICE_PROVIDER_CONFIG_SCHEMA: Arc<Schema> = "service_provider_config.json"
}
builtin! {
    /// The schema of `/ResourceTypes`.
    RESOURCE_TYPE_SCHEMA: Arc<Schema> = "resource_type.json"
}
builtin! {
    /// The schema of `/Schemas`.
    SCHEMA_SCHEMA: Arc<Schema> = "schema.json"
}
builtin! {
    /// The resource types User and Group of RFC 7643 section 8.6.
    RESOURCE_TYPES: Vec<ResourceType> = "resource_types.json"
}
/// The schemas of the discovery resources (RFC 7643 section 8.7.2): they describe what `/ServiceProviderConfig`,
/// `/ResourceTypes` and `/Schemas` answer, and define no resource that a client could create.
static DISCOVERY_SCHEMAS: LazyLock<[Arc<Schema>; 3]> =
    LazyLock::new(|| [SERVICE_PROVIDER_CONFIG_SCHEMA.clone(), RESOURCE_TYPE_SCHEMA.clone(), SCHEMA_SCHEMA.clone()]);

/// The schemas of the discovery resources.
pub fn discovery_schemas() -> &'static [Arc<Schema>] {
    &*DISCOVERY_SCHEMAS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_file_reads() {
        assert_eq!(USER_SCHEMA.attributes().len(), 21);
        assert_eq!(GROUP_SCHEMA.attributes().len(), 2);
        assert_eq!(ENTERPRISE_USER_SCHEMA.attributes().len(), 6);
        assert_eq!(discovery_schemas().len(), 3);
        assert_eq!(RESOURCE_TYPES.len(), 2);
    }

    #[test]
    fn r226_built_in_schemas_round_trip_to_the_same_definitions() {
        for schema in [&*USER_SCHEMA, &*GROUP_SCHEMA, &*ENTERPRISE_USER_SCHEMA, &*SCHEMA_SCHEMA] {
            let shown = serde_json::to_string(&**schema).unwrap();
            let read: Schema = serde_json::from_str(&shown).unwrap();
            assert_eq!(&read, &**schema);
        }
    }
}
