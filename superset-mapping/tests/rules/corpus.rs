//! Each case is a person with groups, the roles they get under the rules of the file, and the whole explanation.

use std::fs;
use std::path::Path;

use scim_core::{Resource, ResourceId};
use serde::Deserialize;
use superset_mapping::{GroupRef, RoleMapper, RuleSet, Subject};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: String,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    user: Resource,
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
    Whole { id: String, external_id: Option<String>, display_name: String },
}

impl Group {
    fn reference(self, position: usize) -> GroupRef {
        let id = |id: String| id.parse::<ResourceId>().unwrap();
        match self {
            Self::Name(display_name) => {
                GroupRef { id: id(format!("group-{position}")), external_id: None, display_name }
            }
            Self::Whole { id: own, external_id, display_name } => {
                GroupRef { id: id(own), external_id: external_id.as_deref().map(Into::into), display_name }
            }
        }
    }
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
        let rules: RuleSet = file.rules.parse().unwrap_or_else(|error| panic!("{name}: {error:#}"));
        // Written by serde and read again, the rules decide the same.
        let again: RuleSet = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
        for case in file.case {
            cases += 1;
            let groups = case.groups.into_iter().enumerate().map(|(position, group)| group.reference(position));
            let subject = Subject { user: &case.user, groups: groups.collect() };
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
