//! The resources, filters and sorts that every store answers alike.

use std::collections::{BTreeMap, HashMap};

use scim_core::Resource;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::trial::{Trial, id_of, ids_of};
use super::values::{put, value_for};
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
        let mut corpus: Self = serde_json::from_str(include_str!("corpus.json")).expect("the corpus is well formed");
        let mut ids: HashMap<String, String> = HashMap::new();
        let mut create = |of: &str, name: &str, resource: Value| {
            let created = trial.create(of, resource).expect("promise 1: a resource of the corpus can be created");
            ids.insert(name.to_owned(), id_of(&created));
            ids.clone()
        };
        let mut known = HashMap::new();
        let own = trial.own_attributes("User");
        for (number, user) in corpus.users.iter().enumerate() {
            let mut user = user.clone();
            // Every third user has none.
            for target in own.iter().filter(|_| number % 3 != 2) {
                put(&mut user, target, value_for(target.attribute(), &format!("Own {number}")));
            }
            known = create("User", user["userName"].as_str().unwrap_or_default(), user.clone());
        }
        let has_groups = trial.has("Group", "displayName");
        for group in corpus.groups.iter().filter(|_| has_groups) {
            let members = group.members.iter().chain(&group.groups);
            let members = members.map(|name| json!({"value": known.get(name).unwrap_or(name)})).collect();
            let mut attributes = group.attributes.clone();
            let name = attributes["displayName"].as_str().unwrap_or_default().to_owned();
            attributes.insert("members".to_owned(), Value::Array(members));
            known = create("Group", &name, Value::Object(attributes));
        }
        if !has_groups {
            corpus.filters.remove("Group");
            corpus.sorts.remove("Group");
        }
        for target in &own {
            let filters = corpus.filters.entry("User".to_owned()).or_default();
            filters.extend([format!("{target} pr"), format!("not ({target} pr)")]);
            let value = value_for(target.attribute(), "Own 1");
            if !value.is_array() && !value.is_object() {
                filters.extend([format!("{target} eq {value}"), format!("{target} ne {value}")]);
                filters.push(format!("{target} co \"OWN\""));
                corpus.sorts.entry("User".to_owned()).or_default().push(target.to_string());
            }
        }
        let groups = if has_groups { corpus.groups.len() } else { 0 };
        for (of, made) in [("User", corpus.users.len()), ("Group", groups)].into_iter().filter(|(_, made)| *made > 0) {
            let listed = trial.list(List::new(trial.of(of), 1000)).resources.len();
            assert_eq!(listed, made, "promise 7: without a filter a list of {of} holds all that was created");
        }
        corpus
    }

    /// Every resource of a type, as `get` has it, in the order of the ids.
    pub(super) fn resources(trial: &Trial<'_>, of: &str) -> Vec<Resource> {
        let ids = ids_of(&trial.list(List::new(trial.of(of), 1000)));
        ids.iter().map(|id| trial.read(of, id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use scim_core::{SchemaSet, Tolerance};
    use scim_filter::{Filter, check};

    use super::*;

    /// What the built-in schemas do not know would never be tried.
    #[test]
    fn the_built_in_schemas_have_all_that_the_corpus_names() {
        let corpus: Corpus = serde_json::from_str(include_str!("corpus.json")).unwrap();
        let schemas = SchemaSet::builtin();
        for (of, filters) in &corpus.filters {
            let of = schemas.of(&of.as_str().into()).unwrap();
            for filter in filters {
                let parsed: Filter = filter.parse().unwrap();
                assert!(check(&parsed, of, &mut Tolerance::rfc()).is_ok(), "{filter}");
            }
            for path in corpus.sorts.get(of.resource_type().name().as_str()).unwrap() {
                assert!(of.resolve(&path.parse().unwrap(), &mut Tolerance::rfc()).is_ok(), "{path}");
            }
        }
    }
}
