//! What the programs beside Superset share: where its database is, and how rules are read.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use superset_mapping::{RuleReader, RuleSet};

use crate::secret_file::{SecretFileError, read_secret_line};

/// Flags that say where Superset's metadata database is.
#[derive(Args, Clone)]
#[group(required = true, multiple = false)]
pub struct DatabaseFlags {
    /// Superset's metadata database, as a URL with the scheme postgres, mysql or sqlite
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// File whose first line is that URL, so that its password is in no list of processes
    #[arg(long, value_name = "FILE")]
    database_file: Option<PathBuf>,
}

/// A URL may hold a password.
impl std::fmt::Debug for DatabaseFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseFlags").field("database_file", &self.database_file).finish_non_exhaustive()
    }
}

impl DatabaseFlags {
    /// The URL of the database.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or that everybody can.
    pub fn url(&self) -> Result<String, SecretFileError> {
        match (&self.database, &self.database_file) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(path)) => read_secret_line(path, "database URL"),
            (None, None) => Ok(String::new()),
        }
    }
}

/// Flags that say which rules give roles.
#[derive(Args, Clone, Debug)]
pub struct RulesFlags {
    /// File with the rules that give roles: TOML, or JSON if the name ends in .json
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Give nobody a role, and take back each that was given by rules before
    #[arg(long, conflicts_with = "rules")]
    no_rules: bool,
}

impl RulesFlags {
    /// The rules. To have none is a decision: it takes every role that was granted by rules from whoever is touched next.
    ///
    /// # Errors
    ///
    /// Neither a file nor the word that there is none, a file that cannot be read, and rules that cannot be used.
    pub fn read(&self, reader: &RuleReader) -> Result<RuleSet, String> {
        match &self.rules {
            Some(path) => read_rules(reader, path),
            None if self.no_rules => Ok(RuleSet::default()),
            None => {
                Err("expected `--rules FILE`: without rules every role that was granted is taken back from the next \
                         person or group that changes. `--no-rules` says that this is meant"
                    .to_owned())
            }
        }
    }
}

/// Reads a file; an error names what was to be read, and from where.
///
/// # Errors
///
/// A file that cannot be read.
pub fn read_file(path: &Path, what: &str) -> io::Result<String> {
    fs::read_to_string(path)
        .map_err(|error| io::Error::other(format!("cannot read {what} `{}`: {error}", path.display())))
}

/// Reads rules: TOML, or JSON if the name ends in `.json`. What is wrong with them is shown with the line that it is on.
///
/// # Errors
///
/// A file that cannot be read, or rules that cannot be used.
pub fn read_rules(reader: &RuleReader, path: &Path) -> Result<RuleSet, String> {
    let text = read_file(path, "rules").map_err(|error| error.to_string())?;
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let rules = if json { reader.json(&text) } else { reader.toml(&text) };
    rules.map_err(|error| format!("{}: {error:#}", path.display()))
}
