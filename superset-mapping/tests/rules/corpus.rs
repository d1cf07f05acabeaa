//! Each case is a person with groups, the roles they get under the rules of the file, and the whole explanation.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use scim_core::{Provenance, Resource, ResourceId, Source};
use serde::Deserialize;
use superset_mapping::{GroupRef, RoleMapper, RuleSet, Subject};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: String,
    /// Which sources ever wrote, in the order in which they first did.
    #[serde(default)]
    writers: Vec<String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    user: Resource,
    /// Who asserts the person.
    by: Option<String>,
    groups: Vec<Group>,
    roles: Vec<String>,
    explanation: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Group {
    /// Only the name is of interest.
    Name(String),
    #[serde(rename_all = "camelCase")]
    Whole {
        id: String,
        external_id: Option<String>,
        display_name: String,
        /// Who asserts the group: a source, and a tenant after a slash.
        by: Option<String>,
        /// Who asserts the memberships on each way to it.
        #[serde(default)]
        through: Vec<Vec<String>>,
    },
}

impl Group {
    fn reference(self, position: usize) -> GroupRef {
        let id = |id: String| id.parse::<ResourceId>().unwrap();
        match self {
            Self::Name(display_name) => GroupRef::new(id(format!("group-{position}")), &display_name),
            Self::Whole { id: own, external_id, display_name, by, through } => {
                let mut group = GroupRef::new(id(own), &display_name);
                group.external_id = external_id.as_deref().map(Into::into);
                group.provenance = by.as_deref().map(provenance);
                let chain = |chain: &Vec<String>| chain.iter().map(|source| source.parse().unwrap()).collect();
                group.asserted_through(through.iter().map(chain).collect())
            }
        }
    }
}

/// `client:okta`, or `client:okta/acme` in a tenant.
fn provenance(text: &str) -> Arc<Provenance> {
    let (source, tenant) = text.split_once('/').map_or((text, None), |(source, tenant)| (source, Some(tenant)));
    Arc::new(Provenance::new(source.parse().unwrap()).in_tenant(tenant))
}

#[test]
fn decisions_and_their_reasons() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rules");
    let (mut cases, mut wrong) = (0, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "refusals.toml" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let writers: Vec<Source> = file.writers.iter().map(|source| source.parse().unwrap()).collect();
        let rules: RuleSet = file.rules.parse().unwrap_or_else(|error| panic!("{name}: {error:#}"));
        // Written by serde and read again, the rules decide the same.
        let again: RuleSet = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
        let (rules, again) = (rules.believing(&writers), again.believing(&writers));
        for case in file.case {
            cases += 1;
            let groups = case.groups.into_iter().enumerate().map(|(position, group)| group.reference(position));
            let user = match &case.by {
                Some(by) => case.user.asserted_by(provenance(by)),
                None => case.user,
            };
            let subject = Subject { user: &user, groups: groups.collect() };
            let decision = rules.decide(&subject);
            assert_eq!(RoleMapper::decide(&again, &subject), decision, "{name}: {}", case.name);
            let explanation: Vec<String> = rules.explain(&decision).to_string().lines().map(str::to_owned).collect();
            let roles: Vec<String> = decision.roles().map(str::to_owned).collect();
            if roles != case.roles || explanation != case.explanation {
                wrong.push(format!("{name}\t{}\t{roles:?}\t{explanation:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases >= 80, "{cases} cases");
}
