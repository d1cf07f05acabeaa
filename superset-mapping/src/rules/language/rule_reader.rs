//! Reading rules.

use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use scim_core::{SchemaSet, TypeSchema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::rules::language::rule::Ground;
use crate::rules::language::rule_error::RuleError;
use crate::rules::language::rule_file::RuleFile;
use crate::rules::language::rule_set::RuleSet;
use crate::rules::language::spanned_error::SpannedError;

/// Longest text of a rules file, in bytes.
pub const MAX_RULES_LEN: usize = 4 << 20;

static USER: LazyLock<Option<Arc<TypeSchema>>> = LazyLock::new(|| SchemaSet::builtin().user().cloned());

/// Reads rules with regard to what the host knows: the roles that Superset has, the schema of its users.
///
/// Without either, `text.parse::<RuleSet>()` reads TOML.
///
/// ```
/// use superset_mapping::RuleReader;
///
/// let reader = RuleReader::new().with_known_roles(["Admin", "Alpha", "Gamma"]);
/// assert!(reader.toml("default_roles = ['Gamma']").is_ok());
///
/// let error = reader.json(r#"{"default_roles": ["gamma"]}"#).unwrap_err();
/// assert_eq!(error.to_string(), "line 1, column 20: unknown role `gamma`; did you mean `Gamma`?");
/// ```
#[derive(Clone, Debug, Default)]
pub struct RuleReader {
    known_roles: Option<BTreeSet<String>>,
    user: Option<Arc<TypeSchema>>,
}

/// A language that rules are written in.
#[derive(Clone, Copy)]
enum Language {
    Toml,
    Json,
}

impl RuleReader {
    /// A reader that takes every role, and conditions over users of RFC 7643 with the enterprise extension.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses rules that name another role. Roles with captures are known only when somebody is in such a group.
    #[must_use]
    pub fn with_known_roles<R: Into<String>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        Self { known_roles: Some(roles.into_iter().map(Into::into).collect()), ..self }
    }

    /// Checks conditions against this schema of users.
    #[must_use]
    pub fn with_user_schema(self, user: Arc<TypeSchema>) -> Self {
        Self { user: Some(user), ..self }
    }

    /// Reads TOML.
    ///
    /// # Errors
    ///
    /// [`RuleError`] with line and column.
    pub fn toml(&self, text: &str) -> Result<RuleSet, RuleError> {
        self.read(text, Language::Toml)
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// [`RuleError`] with line and column.
    pub fn json(&self, text: &str) -> Result<RuleSet, RuleError> {
        self.read(text, Language::Json)
    }

    fn read(&self, text: &str, language: Language) -> Result<RuleSet, RuleError> {
        if text.len() > MAX_RULES_LEN {
            return Err(RuleError::new(format!("the rules are longer than {MAX_RULES_LEN} bytes")));
        }
        let file: RuleFile = match language {
            Language::Toml => toml::from_str(text)
                .map_err(|error| RuleError::in_text(one_line(error.message()), text, error.span()))?,
            Language::Json => serde_json::from_str(text).map_err(|error| {
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or(&message);
                RuleError::in_text(message, text, Some(offset(text, error.line(), error.column())))
            })?,
        };
        self.check(file).map_err(|fault| {
            let place = match language {
                Language::Toml => fault.in_toml(text),
                Language::Json => fault.in_json(text),
            };
            RuleError::in_text(&fault.message, text, place)
        })
    }

    fn check(&self, file: RuleFile) -> Result<RuleSet, SpannedError> {
        let user = self.user.as_ref().or(USER.as_ref()).ok_or_else(|| SpannedError::new("no schema of users"))?;
        let (protected, sources) = (file.protected_roles().to_vec(), file.sources()?);
        let creates = file.template().is_some();
        let known = self.known_roles.as_ref();
        file.check(&Ground { protected: &protected, known, creates, user, sources: sources.as_deref() })
    }
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(", ")
}

/// The byte before which `serde_json` stopped, from its 1-based line and column, which counts bytes.
fn offset(text: &str, line: usize, column: usize) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut offset = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset..text.len()
}

impl Serialize for RuleSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RuleFile::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RuleSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RuleReader::new().check(RuleFile::deserialize(deserializer)?).map_err(|fault| {
            let rule = fault.rule().map_or_else(String::new, |index| format!("rule {}: ", index + 1));
            D::Error::custom(format_args!("{rule}{}", fault.message))
        })
    }
}

impl FromStr for RuleSet {
    type Err = RuleError;

    /// Reads the TOML text of a rules file.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RuleReader::new().toml(text)
    }
}
