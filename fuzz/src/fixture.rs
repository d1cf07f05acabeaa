//! What checked texts run over.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use scim_core::schema::{ResourceType, Schema};
use scim_core::{Resource, ResourceTypeName, SchemaSet, TypeSchema};
use serde::Deserialize;

/// Resource types, each with resources that fit.
#[derive(Debug)]
pub struct Fixture {
    /// The built-in types, and one with an attribute of each kind.
    pub types: Vec<(Arc<TypeSchema>, Vec<Resource>)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thing {
    schemas: Vec<Schema>,
    resource_types: Vec<ResourceType>,
}

/// The fixture of the filter's corpus.
pub static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let thing: Thing =
        serde_json::from_str(include_str!("../../scim-filter/tests/data/thing.json")).expect("the schema of Thing");
    let mut resources: HashMap<ResourceTypeName, Vec<Resource>> =
        serde_json::from_str(include_str!("../../scim-filter/tests/data/resources.json")).expect("resources");
    let schemas = SchemaSet::builtin()
        .with(thing.schemas.into_iter().map(Into::into), thing.resource_types)
        .expect("the fixture type registers");
    let types = schemas.types().map(|schema| {
        (schema.clone(), resources.remove(schema.resource_type().name()).expect("resources of each type"))
    });
    Fixture { types: types.collect() }
});
