//! The resources, filters and sorts that every store answers alike.

use std::collections::{BTreeMap, HashMap};

use scim_core::Resource;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::trial::{Trial, id_of, ids_of};
use crate::store::List;

#[derive(Deserialize)]
pub(super) struct Corpus {
    users: Vec<Value>,
    groups: Vec<Group>,
    /// By resource type.
    pub(super) filters: BTreeMap<String, Vec<String>>,
    /// Paths, by resource type.
    pub(super) sorts: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Group {
    /// Users by name; what is no user's name is an id that nobody has.
    #[serde(default)]
    members: Vec<String>,
    /// Groups before this one, by name.
    #[serde(default)]
    groups: Vec<String>,
    #[serde(flatten)]
    attributes: Map<String, Value>,
}

impl Corpus {
    /// Reads the corpus and creates its resources.
    pub(super) fn in_store(trial: &Trial<'_>) -> Self {
        let corpus: Self = serde_json::from_str(include_str!("corpus.json")).expect("the corpus is well formed");
        let mut ids: HashMap<String, String> = HashMap::new();
        let mut create = |of: &str, name: &str, resource: Value| {
            let created = trial.create(of, resource).expect("guarantee 1: a resource of the corpus can be created");
            ids.insert(name.to_owned(), id_of(&created));
            ids.clone()
        };
        let mut known = HashMap::new();
        for user in &corpus.users {
            known = create("User", user["userName"].as_str().unwrap_or_default(), user.clone());
        }
        for group in &corpus.groups {
            let members = group.members.iter().chain(&group.groups);
            let members = members.map(|name| json!({"value": known.get(name).unwrap_or(name)})).collect();
            let mut attributes = group.attributes.clone();
            let name = attributes["displayName"].as_str().unwrap_or_default().to_owned();
            attributes.insert("members".to_owned(), Value::Array(members));
            known = create("Group", &name, Value::Object(attributes));
        }
        for (of, made) in [("User", corpus.users.len()), ("Group", corpus.groups.len())] {
            let listed = trial.list(List::new(trial.of(of), 1000)).resources.len();
            assert_eq!(listed, made, "guarantee 7: without a filter a list of {of} holds all that was created");
        }
        corpus
    }

    /// Every resource of a type, as `get` has it, in the order of the ids.
    pub(super) fn resources(trial: &Trial<'_>, of: &str) -> Vec<Resource> {
        let ids = ids_of(&trial.list(List::new(trial.of(of), 1000)));
        ids.iter().map(|id| trial.read(of, id)).collect()
    }
}
