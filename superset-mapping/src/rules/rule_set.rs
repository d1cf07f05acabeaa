//! The rules file.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use scim_filter::fold;
use serde::Deserialize;
use thiserror::Error;
use toml::de::{DeTable, DeValue};

use crate::rules::rule::{Rule, RuleEntry};

/// The rules by which groups become Superset roles.
///
/// Read from TOML; unknown keys are refused, because a rule that is only half understood grants the wrong roles.
///
/// ```
/// use superset_mapping::RuleSet;
///
/// let rules: RuleSet = r#"
///     default_roles = ["Gamma"]          # for a provisioned person whom no rule matches
///     protected_roles = ["Admin"]        # the default
///
///     [[rule]]
///     group = "analytics-team"           # display name: exact, with regard to case
///     roles = ["Alpha", "sql_lab"]
///
///     [[rule]]
///     group_external_id = "grp-exec"     # or group_id: what the client can't simply rename
///     roles = ["Admin"]
///     grants_protected = true
/// "#.parse()?;
/// assert_eq!(rules.rules().len(), 2);
///
/// let error = "[[rule]]\ngroup = \"Admin\"\nroles = [\"Admin\"]".parse::<RuleSet>().unwrap_err();
/// assert_eq!((error.line(), error.column()), (Some(3), Some(9)));
/// # Ok::<(), superset_mapping::RuleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RuleFile")]
pub struct RuleSet {
    default_roles: Vec<String>,
    protected_roles: Vec<String>,
    rules: Vec<Rule>,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[serde(default)]
    default_roles: Vec<String>,
    #[serde(default = "protected_by_default")]
    protected_roles: Vec<String>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleEntry>,
}

fn protected_by_default() -> Vec<String> {
    vec!["Admin".to_owned()]
}

/// The rules can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", place(*.position))]
pub struct RuleError {
    /// Line and column, both 1-based; the column counts characters.
    position: Option<(usize, usize)>,
    message: String,
}

fn place(position: Option<(usize, usize)>) -> String {
    position.map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: "))
}

impl RuleError {
    /// The 1-based line; `None` where the rules did not come as text.
    pub fn line(&self) -> Option<usize> {
        self.position.map(|(line, _)| line)
    }

    /// The 1-based column, in characters.
    pub fn column(&self) -> Option<usize> {
        self.position.map(|(_, column)| column)
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn in_text(message: impl Into<String>, text: &str, span: Option<Range<usize>>) -> Self {
        let position = span.map(|span| {
            let before = text.get(..span.start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let column = before.get(line_start..).unwrap_or_default().chars().count();
            (before.matches('\n').count() + 1, column + 1)
        });
        Self { position, message: message.into() }
    }
}

/// What is wrong with a file whose form is right, and where: a rule by its 0-based index, a key.
struct Fault {
    rule: Option<usize>,
    key: Option<&'static str>,
    message: String,
}

impl Default for RuleSet {
    /// No rules and no default roles: nobody gets a role.
    fn default() -> Self {
        Self { default_roles: Vec::new(), protected_roles: protected_by_default(), rules: Vec::new() }
    }
}

impl RuleSet {
    /// The roles for whom no rule matches.
    pub fn default_roles(&self) -> &[String] {
        &self.default_roles
    }

    /// The roles that only a rule with `grants_protected` may give.
    pub fn protected_roles(&self) -> &[String] {
        &self.protected_roles
    }

    /// The rules in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this 1-based number.
    pub fn rule(&self, number: usize) -> Option<&Rule> {
        self.rules.get(number.checked_sub(1)?)
    }

    /// Every role that can be given, default roles included.
    pub fn roles(&self) -> BTreeSet<&str> {
        let of_rules = self.rules.iter().flat_map(Rule::roles);
        of_rules.chain(&self.default_roles).map(String::as_str).collect()
    }

    /// The rules with their 1-based numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &Rule)> {
        self.rules.iter().enumerate().map(|(index, rule)| (index + 1, rule))
    }
}

impl RuleFile {
    fn check(self) -> Result<RuleSet, Fault> {
        // Without regard to case, because MySQL finds the role `Admin` by the name `admin` too.
        let protected: BTreeSet<String> = self.protected_roles.iter().map(|role| fold(role).into_owned()).collect();
        let is_protected = |role: &str| protected.contains(&*fold(role));
        let top = |key, message| Fault { rule: None, key: Some(key), message };
        for (key, roles) in [("default_roles", &self.default_roles), ("protected_roles", &self.protected_roles)] {
            if roles.iter().any(String::is_empty) {
                return Err(top(key, format!("`{key}` names a role without a name")));
            }
        }
        if let Some(role) = self.default_roles.iter().find(|role| is_protected(role)) {
            let message = format!("the role `{role}` is protected: it can't be a default role");
            return Err(top("default_roles", message));
        }
        let rules = self.rules.into_iter().enumerate().map(|(index, entry)| {
            let place =
                |fault: super::rule::RuleFault| Fault { rule: Some(index), key: fault.key, message: fault.message };
            entry.check(is_protected).map_err(place)
        });
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(RuleSet { default_roles: self.default_roles, protected_roles: self.protected_roles, rules })
    }
}

impl TryFrom<RuleFile> for RuleSet {
    type Error = RuleError;

    fn try_from(file: RuleFile) -> Result<Self, Self::Error> {
        file.check().map_err(|fault| {
            let rule = fault.rule.map_or_else(String::new, |index| format!("rule {}: ", index + 1));
            RuleError { position: None, message: format!("{rule}{}", fault.message) }
        })
    }
}

impl FromStr for RuleSet {
    type Err = RuleError;

    /// Reads the TOML text of a rules file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let file: RuleFile =
            toml::from_str(text).map_err(|error| RuleError::in_text(error.message(), text, error.span()))?;
        file.check().map_err(|fault| RuleError::in_text(&fault.message, text, span_of(text, &fault)))
    }
}

/// Where in the text the fault is: at the value of its key, else at its rule.
fn span_of(text: &str, fault: &Fault) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let table = document.get_ref();
    let in_table = |table: &DeTable<'_>| Some(table.get(fault.key?)?.span());
    let Some(index) = fault.rule else { return in_table(table) };
    let DeValue::Array(rules) = table.get("rule")?.get_ref() else { return None };
    let rule = rules.get(index)?;
    let DeValue::Table(entries) = rule.get_ref() else { return None };
    in_table(entries).or_else(|| Some(rule.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<RuleSet>().unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_protects_admin_and_grants_nothing() {
        let rules: RuleSet = "".parse().unwrap();
        assert_eq!(rules, RuleSet::default());
        assert_eq!(rules.protected_roles(), ["Admin"]);
        assert!(rules.roles().is_empty());
    }

    #[test]
    fn a_rule_bound_by_display_name_never_grants_a_protected_role() {
        let text = "[[rule]]\ngroup = \"x\"\nroles = [\"Alpha\", \"admin\"]\n";
        assert!(refusal(text).starts_with("line 3, column 9: the role `admin` is protected"), "{}", refusal(text));
        let text = "[[rule]]\ngroup = \"x\"\nroles = [\"Admin\"]\ngrants_protected = true\n";
        assert!(refusal(text).starts_with("line 4, column 20: a rule bound by display name"), "{}", refusal(text));
    }

    #[test]
    fn a_rule_bound_by_an_identifier_has_to_say_that_it_grants_protected_roles() {
        let rule = "[[rule]]\ngroup_external_id = \"x\"\nroles = [\"Admin\"]\n";
        assert!(refusal(rule).contains("is protected"));
        let rules: RuleSet = format!("{rule}grants_protected = true\n").parse().unwrap();
        assert!(rules.rules()[0].grants_protected());
    }

    #[test]
    fn a_protected_role_is_no_default_role() {
        let text = "protected_roles = [\"Owner\"]\ndefault_roles = [\"Owner\"]";
        assert_eq!(refusal(text), "line 2, column 17: the role `Owner` is protected: it can't be a default role");
        // What is not protected may be a default role, Admin too.
        assert!("protected_roles = []\ndefault_roles = [\"Admin\"]".parse::<RuleSet>().is_ok());
    }

    #[test]
    fn a_rule_has_exactly_one_binding() {
        for rule in ["roles = [\"Alpha\"]", "group = \"x\"\ngroup_id = \"y\"\nroles = [\"Alpha\"]"] {
            let text = format!("default_roles = []\n[[rule]]\n{rule}");
            assert!(
                refusal(&text).starts_with("line 2, column 1: expected exactly one of `group`"),
                "{}",
                refusal(&text)
            );
        }
        assert!(refusal("[[rule]]\ngroup = \"\"\nroles = [\"Alpha\"]").ends_with("`group` is empty"));
        assert!(refusal("[[rule]]\ngroup = \"x\"\nroles = []").contains("at least one role"));
    }

    #[test]
    fn keys_that_are_not_understood_are_refused_by_name() {
        for (key, line) in [("when = 'active eq true'", 4), ("group_pattern = \"x\"", 4)] {
            let text = format!("[[rule]]\ngroup = \"x\"\nroles = [\"Alpha\"]\n{key}");
            let refusal = refusal(&text);
            assert!(refusal.starts_with(&format!("line {line}, column 1: unknown field")), "{refusal}");
        }
        assert!(refusal("unknown_groups = \"ignore\"").contains("unknown field `unknown_groups`"));
    }

    #[test]
    fn wrong_types_and_bad_syntax_name_their_place() {
        assert!(refusal("[[rule]]\ngroup = \"é\"\nroles = \"Alpha\"").starts_with("line 3, column 9: "));
        assert!(refusal("default_roles = [").starts_with("line 1, column "));
        assert!(refusal("[[rule]]\ngroup = \"x\"").contains("missing field `roles`"));
    }

    #[test]
    fn a_rule_set_from_other_formats_names_the_rule() {
        let json = r#"{"rule": [{"group": "x", "roles": ["Alpha"]}, {"group": "y", "roles": ["Admin"]}]}"#;
        let error = serde_json::from_str::<RuleSet>(json).unwrap_err().to_string();
        assert!(error.contains("rule 2: the role `Admin` is protected"), "{error}");
    }
}
