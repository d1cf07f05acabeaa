//! Clients whose writes are held back.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};
use scim_core::json::format_date_time;
use scim_examples::DatabaseFlags;
use scim_service::observe::brake::{Done, Hold, Holds, Release, parse_duration};
use superset_mapping::store::SqlHolds;
use superset_mapping::terminal::plain;
use superset_mapping::{RuleSet, SupersetStore};

/// How many holds are listed.
const MOST: u32 = 1_000;

#[derive(Args)]
pub(crate) struct BrakeArguments {
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the clients whose writes are held back: status 1 if there are any
    List {
        /// Those, too, that were released
        #[arg(long)]
        all: bool,
        /// The form of the list
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Say what a client did, and what was refused since: status 1 while it is held back
    Show {
        /// The id of the hold
        id: String,
        /// The form
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Let the client write again: servers follow within a few seconds
    Release {
        /// The id of the hold
        id: String,
        /// Let so many more pass of what it was held for, before anything counts again
        #[arg(long, value_name = "NUMBER", requires = "until")]
        allow: Option<u64>,
        /// For so long, such as 30m or 1h
        #[arg(long = "for", id = "until", value_name = "DURATION", value_parser = duration, requires = "allow")]
        until: Option<TimeDelta>,
    },
}

/// The form of what is told.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// For people
    Text,
    /// JSON
    Json,
}

fn duration(text: &str) -> Result<TimeDelta, String> {
    let expected = || "expected a time of at most 366d, such as `30m`, `1h` or `1d`".to_owned();
    let duration = parse_duration(text).and_then(|duration| TimeDelta::from_std(duration).ok());
    duration.filter(|duration| *duration <= TimeDelta::days(366)).ok_or_else(expected)
}

pub(crate) async fn run(arguments: BrakeArguments) -> Result<ExitCode, Box<dyn Error>> {
    // Holds depend on no rules, and nothing is provisioned.
    let store = SupersetStore::connect(&arguments.database.url()?, RuleSet::default()).await?;
    let holds = store.holds();
    let found = match arguments.command {
        Command::List { all, format } => list(&holds, all, format).await?,
        Command::Show { id, format } => {
            let hold = holds.find(&id).await?.ok_or_else(|| unknown(&id))?;
            print(&holds, std::slice::from_ref(&hold), format).await?;
            hold.is_held()
        }
        Command::Release { id, allow, until } => {
            release(&holds, &id, allow.zip(until)).await?;
            false
        }
    };
    store.close().await;
    Ok(ExitCode::from(u8::from(found)))
}

fn unknown(id: &str) -> String {
    format!("there is no hold `{id}`: `brake list --all` has those of the last 90 days")
}

async fn list(holds: &SqlHolds, all: bool, format: Format) -> Result<bool, Box<dyn Error>> {
    let found = if all { holds.latest(MOST).await? } else { holds.held(MOST).await? };
    print(holds, &found, format).await?;
    Ok(found.iter().any(Hold::is_held))
}

async fn release(holds: &SqlHolds, id: &str, allowed: Option<(u64, TimeDelta)>) -> Result<(), Box<dyn Error>> {
    let now = Utc::now();
    let release = match allowed {
        Some((number, time)) => Release::new(now).allowing(number, now + time),
        None => Release::new(now),
    };
    if holds.release(id, release).await? {
        println!("released: servers follow within a few seconds");
        return Ok(());
    }
    let why = match holds.find(id).await?.and_then(|hold| hold.release) {
        Some(release) => format!("the hold `{id}` was released at {} already", format_date_time(release.at)),
        None => unknown(id),
    };
    Err(why.into())
}

async fn print(holds: &SqlHolds, shown: &[Hold], format: Format) -> Result<(), Box<dyn Error>> {
    if format == Format::Json {
        println!("{}", serde_json::to_string_pretty(shown)?);
        return Ok(());
    }
    if shown.is_empty() {
        println!("No client is held back");
    }
    for hold in shown {
        let sample: Vec<_> = hold.done.iter().flat_map(|done| done.sample.iter().cloned()).collect();
        let names = holds.names(&sample).await?;
        print!("{}", told(hold, &names));
    }
    Ok(())
}

/// A hold for people.
fn told(hold: &Hold, names: &BTreeMap<String, String>) -> String {
    let mut lines = vec![
        format!("{}  {}", hold.id, plain(&hold.whose())),
        format!("  held since {}: {} (threshold {})", format_date_time(hold.since), hold.reason(), hold.threshold),
    ];
    lines.extend(hold.done.iter().map(|done| done_line(done, names)));
    if hold.done.is_empty() {
        lines.push("  nothing was done within that time".to_owned());
    }
    lines.push(match hold.last_refused {
        Some(last) => format!("  refused since: {} writes, the last at {}", hold.refused, format_date_time(last)),
        None => "  refused since: nothing".to_owned(),
    });
    if let Some(release) = &hold.release {
        lines.push(format!("  released at {}", format_date_time(release.at)));
        if let Some(allowed) = &release.allowance {
            let until = format_date_time(allowed.until);
            lines.push(format!("  {} more may pass until {until}, {} have", allowed.number, allowed.used));
        }
    }
    lines.join("\n") + "\n"
}

fn done_line(done: &Done, names: &BTreeMap<String, String>) -> String {
    let name = |id: &String| names.get(id).map_or_else(|| id.clone(), |name| one_line(name));
    let sample: Vec<String> = done.sample.iter().map(|sample| name(&sample.id)).collect();
    let more = if sample.len() < usize::try_from(done.count).unwrap_or(usize::MAX) { "... " } else { "" };
    let (first, last) = (format_date_time(done.first), format_date_time(done.last));
    format!("  {} {} from {first} to {last}: {more}{}", done.count, done.kind, sample.join(", "))
}

/// The beginning of what a client wrote.
fn one_line(text: &str) -> String {
    plain(text).chars().take(64).collect()
}
