//! `superset-scim audit`: who did what, when and why.

mod shown;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use scim_examples::{DatabaseFlags, append_checkpoint, audit_key, read_file};
use scim_service::Context;
use superset_mapping::store::audit::{AuditQuery, AuditVerification, Checkpoint};
use superset_mapping::{RuleSet, StoreOptions, SupersetStore};

/// What to ask of the audit.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct AuditArguments {
    #[command(flatten)]
    database: DatabaseFlags,
    /// Only what this client, identity provider or program did
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only what happened to this user or group, by id, userName or displayName; coming into groups and leaving them included
    #[arg(long, value_name = "ID|NAME")]
    resource: Option<String>,
    /// Only what happened in this time, as 2026-11-24..2026-11-25T12:00:00Z; either end may be left out
    #[arg(long, value_name = "FROM..TO")]
    when: Option<Span>,
    /// Only this, such as create, update, delete, members, grant or revoke: may be given several times
    #[arg(long, value_name = "ACTION")]
    action: Vec<String>,
    /// Only what this request did, or a rule with this in its words
    #[arg(long, value_name = "REQUEST|RULE")]
    why: Option<String>,
    /// Newest first
    #[arg(long)]
    newest: bool,
    /// Lines of JSON, as they are anyway where the output is no terminal
    #[arg(long)]
    json: bool,
    /// Verify that nobody changed the audit; ends with status 1 if somebody did
    #[arg(long, conflicts_with_all = ["who", "resource", "when", "action", "why", "newest"])]
    verify: bool,
    /// Seal what was committed since the server did
    #[arg(long, conflicts_with_all = ["who", "resource", "when", "action", "why", "newest"])]
    seal: bool,
    /// Remove what is older, where a verification before finds nothing; adds a checkpoint to `--audit-checkpoints`
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with_all = ["who", "resource", "when", "action", "why", "newest"])]
    purge_before: Option<DateTime<Utc>>,
    /// File with the key of the audit, as the server has it
    #[arg(long, value_name = "FILE")]
    audit_key_file: Option<PathBuf>,
    /// File with checkpoints of the chain: `--verify` compares all that are in it, `--seal` and `--purge-before` add one
    #[arg(long, value_name = "FILE")]
    audit_checkpoints: Option<PathBuf>,
}

/// A time from one moment to before another.
#[derive(Clone, Copy)]
struct Span {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").ok_or("expected FROM..TO, with either left out if there is no bound")?;
        let bound = |text: &str| if text.is_empty() { Ok(None) } else { time(text).map(Some) };
        Ok(Self { from: bound(from)?, to: bound(to)? })
    }
}

/// A time, or a day, which is the moment when it begins in UTC.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let day: Result<NaiveDate, _> = text.parse();
    let midnight = day.ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    midnight
        .map(|time| time.and_utc())
        .ok_or_else(|| "expected a time such as 2026-11-24T10:00:00Z, or a day".to_owned())
}

pub(crate) async fn run(arguments: AuditArguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut options = StoreOptions::new();
    if let Some(path) = &arguments.audit_key_file {
        options = options.with_audit_key(audit_key(path)?);
    }
    // Rules decide nothing here: nobody is written.
    let store = SupersetStore::connect_with(&arguments.database.url()?, RuleSet::default(), options).await?;
    let json = arguments.json || !io::stdout().is_terminal();
    let mut clean = true;
    let kept = match &arguments.audit_checkpoints {
        Some(path) if arguments.verify || (arguments.purge_before.is_some() && path.exists()) => checkpoints(path)?,
        _ => Vec::new(),
    };
    if arguments.seal {
        seal(&store, arguments.audit_checkpoints.as_deref()).await?;
    }
    if arguments.verify || arguments.purge_before.is_some() {
        let verification = store.verify_audit(&kept).await?;
        clean = verification.is_clean();
        let shown = if json { serde_json::to_string(&verification)? } else { shown::verification(&verification) };
        if arguments.verify || !clean {
            writeln!(io::stdout(), "{shown}")?;
        }
        if let Some(before) = arguments.purge_before {
            purge(&store, &verification, before, arguments.audit_checkpoints.as_deref()).await?;
        }
    }
    if !arguments.verify && !arguments.seal && arguments.purge_before.is_none() {
        list(&store, &arguments, json).await?;
    }
    store.close().await;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// All entries that were asked for, page by page.
async fn list(store: &SupersetStore, arguments: &AuditArguments, json: bool) -> Result<(), Box<dyn Error>> {
    let query = query(arguments);
    let mut after = None;
    let mut output = io::stdout().lock();
    loop {
        let entries = store.audit(&query, after).await?;
        let Some(last) = entries.last() else { return Ok(()) };
        after = Some(last.position);
        let lines = if json {
            entries.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?
        } else {
            shown::table(&entries)
        };
        match writeln!(output, "{}", lines.join("\n")) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            outcome => outcome?,
        }
    }
}

fn query(arguments: &AuditArguments) -> AuditQuery {
    let mut query = AuditQuery::new();
    if let Some(who) = &arguments.who {
        query = query.with_principal(who);
    }
    if let Some(resource) = &arguments.resource {
        query = query.with_resource(resource);
    }
    if let Some(Span { from, to }) = arguments.when {
        query = from.into_iter().fold(query, AuditQuery::with_from);
        query = to.into_iter().fold(query, AuditQuery::with_to);
    }
    query = arguments.action.iter().fold(query, AuditQuery::with_action);
    if let Some(why) = &arguments.why {
        query = query.with_why(why);
    }
    if arguments.newest { query.newest_first() } else { query }
}

/// Removes what is older, where nothing is wrong: nobody can verify it later.
async fn purge(
    store: &SupersetStore,
    verification: &AuditVerification,
    before: DateTime<Utc>,
    path: Option<&Path>,
) -> Result<(), Box<dyn Error>> {
    if !verification.is_clean() {
        return Err("the audit is not as the store wrote it, as `--verify` shows: nothing is removed from it".into());
    }
    if verification.unchecked > 0 {
        return Err("the audit has a key, which `--audit-key-file` has to name: nothing is removed from it".into());
    }
    let purged = store.purge_audit(&Context::internal("superset-scim audit", Utc::now()), before).await?;
    writeln!(io::stdout(), "removed {} rows, the last at position {}", purged.rows, purged.last)?;
    purged.checkpoint.map_or(Ok(()), |checkpoint| keep(&checkpoint, path))
}

async fn seal(store: &SupersetStore, path: Option<&Path>) -> Result<(), Box<dyn Error>> {
    store.seal_audit().await?.map_or(Ok(()), |checkpoint| keep(&checkpoint, path))
}

fn keep(checkpoint: &Checkpoint, path: Option<&Path>) -> Result<(), Box<dyn Error>> {
    match path {
        Some(path) => {
            let failed = |error| format!("cannot write to `{}`: {error}", path.display());
            append_checkpoint(path, checkpoint).map_err(failed)?;
        }
        None => writeln!(io::stdout(), "{checkpoint}")?,
    }
    Ok(())
}

/// The checkpoints in a file, one in a line. What is none, such as a line that was cut off when it was written, is told.
fn checkpoints(path: &Path) -> Result<Vec<Checkpoint>, Box<dyn Error>> {
    let text = read_file(path, "checkpoints")?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.filter_map(|(index, line)| {
        let told = |error: &_| eprintln!("warning: {}:{}: {error}", path.display(), index + 1);
        line.parse::<Checkpoint>().inspect_err(told).ok()
    });
    Ok(read.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_two_ends_and_either_may_be_missing() {
        let span: Span = "2026-11-24..2026-11-25T12:00:00+02:00".parse().unwrap();
        let shown = |time: Option<DateTime<Utc>>| time.map(|time| time.to_rfc3339());
        assert_eq!(shown(span.from).as_deref(), Some("2026-11-24T00:00:00+00:00"));
        assert_eq!(shown(span.to).as_deref(), Some("2026-11-25T10:00:00+00:00"));
        let open: Span = "..2026-11-24".parse().unwrap();
        assert!(open.from.is_none() && open.to.is_some());
        for wrong in ["2026-11-24", "yesterday..", "2026-13-01.."] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
