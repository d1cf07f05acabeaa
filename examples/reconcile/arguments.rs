//! The command line.

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use scim_examples::{AuditKeyFlags, read_rules, read_secret_line};
use superset_mapping::reconcile::DriftOptions;
use superset_mapping::{RuleReader, RuleSet};

/// Keeps rules, SCIM and a Superset equal
#[derive(Parser)]
#[command(mut_arg("audit_key_file", |key| key.global(true)))]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) database: DatabaseFlags,
    #[command(flatten)]
    pub(crate) audit_key: AuditKeyFlags,
    /// File with the rules that give roles: TOML, or JSON if the name ends in .json
    #[arg(long, global = true)]
    rules: Option<PathBuf>,
    /// Only this tenant; for leavers the tenant whose people the directory has
    #[arg(long, global = true)]
    pub(crate) tenant: Option<String>,
    /// Account that is meant to be local, by its username: may be given several times
    #[arg(long, global = true, value_name = "NAME", num_args = 1..)]
    local: Vec<String>,
    /// How many findings of each kind are shown and repaired in one run; the others are counted
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 10_000)]
    most: usize,
    /// The form of the report
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// File for the report; standard output unless given
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make Superset's tables in an empty database with forty people, to try things: the rules are examples/reconcile/demo.toml
    Demo,
    /// Say what differs, and change nothing
    Drift {
        /// File for what was found as metrics, for the textfile collector of Prometheus' node exporter: its name ends in .prom
        #[arg(long, value_name = "FILE")]
        metrics_file: Option<PathBuf>,
    },
    /// Repair what differs
    Repair {
        /// Say what would be done, and write nothing
        #[arg(long)]
        dry_run: bool,
        /// Take away what a person granted in Superset, and activate whom a person deactivated there
        #[arg(long)]
        revoke_by_hand: bool,
        /// Deactivate accounts that no SCIM user claims
        #[arg(long)]
        deactivate_unmanaged: bool,
    },
    /// Say who is active in SCIM and unknown, or inactive, in the source of truth
    Leavers {
        #[command(flatten)]
        source: Source,
        /// Deactivate them
        #[arg(long)]
        deactivate: bool,
        /// The largest share of active people that may leave at once, from 0 to 1; 0 means nobody
        #[arg(long, default_value_t = 0.1)]
        max_share: f64,
        /// So many may leave whatever their share, unless that is 0
        #[arg(long, value_name = "PEOPLE", default_value_t = 3)]
        floor: u64,
    },
}

#[derive(Args)]
pub(crate) struct Source {
    /// CSV if the name ends in .csv, with commas, semicolons or tabs, else JSON lines: userName, externalId, active. Exports of Okta and
    /// Entra ID are taken with their own columns
    #[arg(long, value_name = "FILE", conflicts_with = "scim")]
    pub(crate) export: Option<PathBuf>,
    /// Base URL of a SCIM service
    #[arg(long, value_name = "URL", requires = "token_file")]
    pub(crate) scim: Option<String>,
    /// File whose first line is the bearer token for it
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct DatabaseFlags {
    /// Superset's metadata database, as a URL with the scheme postgres, mysql or sqlite
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    /// File whose first line is that URL, so that its password is in no list of processes
    #[arg(long, value_name = "FILE", global = true)]
    database_file: Option<PathBuf>,
}

/// The form of a report.
#[derive(ValueEnum, Clone, Copy)]
pub(crate) enum Format {
    /// Aligned text
    Table,
    /// JSON
    Json,
    /// One HTML page
    Html,
}

impl DatabaseFlags {
    pub(crate) fn url(&self) -> Result<String, Box<dyn Error>> {
        match (&self.database, &self.database_file) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(path)) => Ok(read_secret_line(path, "database URL")?),
            (None, None) => Err("expected `--database URL` or `--database-file FILE`".into()),
        }
    }
}

impl Arguments {
    /// The rules; what is wrong with them is shown with the line that it is on.
    pub(crate) fn rules(&self) -> Result<RuleSet, String> {
        let path =
            self.rules.as_ref().ok_or("expected `--rules FILE`: without rules every role would be one too many")?;
        read_rules(&RuleReader::new(), path)
    }

    /// What the rules are called in a report.
    pub(crate) fn rules_name(&self) -> String {
        self.rules.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }

    pub(crate) fn drift_options(&self) -> DriftOptions {
        let options = DriftOptions::new().with_findings_per_kind(self.most);
        let options = self.local.iter().fold(options, |options, name| options.with_local(name));
        match &self.tenant {
            Some(tenant) => options.with_tenant(tenant),
            None => options,
        }
    }
}
