//! Rules that are not taken: each case has the whole message, with the line and its caret.

use serde::Deserialize;
use superset_mapping::RuleReader;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    known_roles: Vec<String>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default = "yes")]
    known: bool,
    #[serde(default)]
    json: bool,
    rules: String,
    error: String,
}

fn yes() -> bool {
    true
}

#[test]
fn what_is_wrong_is_said_with_line_column_and_caret() {
    let file: File = toml::from_str(include_str!("../data/rules/refusals.toml")).unwrap();
    let mut wrong = Vec::new();
    for case in &file.case {
        let mut reader = RuleReader::new();
        if case.known {
            reader = reader.with_known_roles(file.known_roles.clone());
        }
        let read = if case.json { reader.json(&case.rules) } else { reader.toml(&case.rules) };
        let error = read.map_or_else(|error| format!("{error:#}\n"), |_| "taken\n".to_owned());
        if error != case.error {
            wrong.push(format!("== {}\n{error}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join(""));
    assert!(file.case.len() >= 40);
}
