//! Taking back what a client did.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use scim_core::SchemaSet;
use scim_core::json::parse_date_time;
use scim_examples::{DatabaseFlags, RulesFlags, audit_key};
use scim_service::observe::brake::parse_duration;
use superset_mapping::undo::UndoOptions;
use superset_mapping::{RuleReader, StoreOptions, SupersetStore};

#[derive(Args)]
pub(crate) struct UndoArguments {
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    rules: RulesFlags,
    /// The client whose changes are taken back, by its name
    #[arg(long, value_name = "NAME")]
    client: String,
    /// What it did at this time or later, such as 2026-11-27T10:00:00Z; or in the last while, such as 90m
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: DateTime<Utc>,
    /// Only what it did before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
    /// What it did in this tenant
    #[arg(long)]
    tenant: Option<String>,
    /// Say what would be done, and write nothing: status 1 if there is something
    #[arg(long)]
    dry_run: bool,
    /// Take back, too, what others have changed since: their changes are lost
    #[arg(long)]
    force: bool,
    /// File with the key of the audit, as the server has it
    #[arg(long, value_name = "FILE")]
    audit_key_file: Option<PathBuf>,
    /// The form of the report
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// The form of a report.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Aligned text
    Table,
    /// JSON
    Json,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Some(ago) = parse_duration(text).and_then(|ago| TimeDelta::from_std(ago).ok()) {
        return Utc::now().checked_sub_signed(ago).ok_or_else(|| format!("`{text}` is too long ago"));
    }
    parse_date_time(text)
        .map_err(|_| "expected a time such as `2026-11-27T10:00:00Z`, or a while such as `90m`".to_owned())
}

pub(crate) async fn run(arguments: UndoArguments) -> Result<ExitCode, Box<dyn Error>> {
    let rules = arguments.rules.read(&RuleReader::new())?;
    let mut store = StoreOptions::new();
    if let Some(path) = &arguments.audit_key_file {
        store = store.with_audit_key(audit_key(path)?);
    }
    let store = SupersetStore::connect_with(&arguments.database.url()?, rules, store).await?;
    // It asserts nothing itself; whom the rules believe has to be clear all the same.
    store.check_writers(&[]).await?;
    let mut options = UndoOptions::new(arguments.client, arguments.since);
    if let Some(until) = arguments.until {
        options = options.with_until(until);
    }
    if let Some(tenant) = arguments.tenant {
        options = options.with_tenant(tenant);
    }
    if arguments.dry_run {
        options = options.with_dry_run();
    }
    if arguments.force {
        options = options.with_force();
    }
    let report = store.undo(&SchemaSet::builtin(), &options).await?;
    store.close().await;
    match arguments.format {
        Format::Table => print!("{report}"),
        Format::Json => println!("{}", serde_json::to_string_pretty(&report)?),
    }
    let found = if options.is_dry_run() { !report.is_empty() } else { report.leaves_something() };
    Ok(ExitCode::from(u8::from(found)))
}
