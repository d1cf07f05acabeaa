//! Compares a Superset with what rules and SCIM say, repairs it, and finds who has left.
//!
//! ```sh
//! alias reconcile="cargo run --features reconcile --example reconcile -- --database-file url --rules rules.toml"
//! reconcile --local=admin drift --format html --output drift.html
//! reconcile --local=admin drift --metrics-file /var/lib/prometheus/node-exporter/superset_drift.prom
//! reconcile --local=admin repair --dry-run
//! reconcile leavers --export people.csv --deactivate
//! ```
//!
//! Ends with status 0 if nothing was found, 1 if something was, 2 after an error.

mod arguments;
mod bar;
mod demo;
mod transport;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use scim_service::Context;
use superset_mapping::reconcile::{
    DeprovisionedUsers, Directory, Drift, Export, RepairOptions, RepairReport, SafetyThreshold, ScimDirectory,
};
use superset_mapping::{StoreOptions, SupersetStore};

use arguments::{Arguments, Command, Format, Source};
use bar::Bar;
use transport::HttpTransport;

/// The principal of the audit table.
const NAME: &str = "reconcile";

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            scim_examples::fail(&*error);
            ExitCode::from(2)
        }
    }
}

/// Whether nothing was found.
async fn run(arguments: Arguments) -> Result<bool, Box<dyn Error>> {
    if let Command::Demo = arguments.command {
        demo::demo(&arguments.database.url()?).await?;
        return Ok(true);
    }
    let options = arguments.audit_key.of(StoreOptions::new())?;
    let store = SupersetStore::connect_with(&arguments.database.url()?, arguments.rules()?, options).await?;
    // It asserts nothing itself; whom the rules believe has to be clear all the same.
    store.check_writers(&[]).await?;
    let (bar, now) = (Bar::default(), chrono::Utc::now());
    let mut cx = Context::internal(NAME, now);
    if let Some(tenant) = &arguments.tenant {
        cx.principal = cx.principal.in_tenant(tenant);
    }
    let (clean, text) = match &arguments.command {
        Command::Demo => return Ok(true),
        Command::Drift { metrics_file } => {
            let drift = store.drift(&arguments.drift_options(), &bar).await?;
            if let Some(path) = metrics_file {
                replace(path, &drift.to_prometheus())?;
            }
            (drift.is_clean(), arguments.shown(drift)?)
        }
        Command::Repair { dry_run, revoke_by_hand, deactivate_unmanaged } => {
            let mut options = RepairOptions::new(arguments.drift_options());
            if *revoke_by_hand {
                options = options.with_by_hand_revoked();
            }
            if *deactivate_unmanaged {
                options = options.with_unmanaged_deactivated();
            }
            if *dry_run {
                options = options.with_dry_run();
            }
            let report = store.repair(&cx, &options, &bar).await?;
            (report.is_clean(), arguments.shown(report)?)
        }
        Command::Leavers { source, deactivate, max_share, floor } => {
            let directory = directory(source)?;
            let mut leavers = store.leavers(&cx, &*directory, &bar).await?;
            if *deactivate {
                let threshold = SafetyThreshold::new().with_max_share(*max_share).with_floor(*floor);
                store.deactivate_leavers(&cx, &mut leavers, &threshold, &bar).await?;
            }
            (leavers.is_clean(), arguments.shown(leavers)?)
        }
    };
    bar.finish();
    match &arguments.output {
        Some(path) => fs::write(path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?,
        None => print!("{text}"),
    }
    Ok(clean)
}

/// Puts a text in the place of a file, so that whoever reads it meanwhile has all of the old one or of the new.
fn replace(path: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| format!("cannot write `{}`: {error}", path.display()).into())
}

fn directory(source: &Source) -> Result<Box<dyn Directory>, Box<dyn Error>> {
    if let Some(path) = &source.export {
        let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let text = scim_examples::read_file(path, "export")?;
        let export = if csv { Export::csv(text.as_bytes()) } else { Export::json_lines(&text) };
        return Ok(Box::new(export.map_err(|error| format!("{}: {error}", path.display()))?));
    }
    let (url, token) = match (&source.scim, &source.token_file) {
        (Some(url), Some(path)) => (url, scim_examples::read_secret_line(path, "token")?),
        _ => return Err("expected `--export FILE`, or `--scim URL` with `--token-file FILE`".into()),
    };
    Ok(Box::new(ScimDirectory::new(url, HttpTransport::new(&token)?)))
}

/// A report in every form.
trait Report: serde::Serialize + std::fmt::Display {
    fn html(&self) -> String;
    fn named(self, rules: &str) -> Self;
}

macro_rules! report {
    ($($report:ty),*) => {
        $(impl Report for $report {
            fn html(&self) -> String {
                self.to_html()
            }

            fn named(self, rules: &str) -> Self {
                self.of_rules(rules)
            }
        })*
    };
}

report!(Drift, RepairReport, DeprovisionedUsers);

impl Arguments {
    fn shown(&self, report: impl Report) -> Result<String, serde_json::Error> {
        let report = &report.named(&self.rules_name());
        Ok(match self.format {
            Format::Table => report.to_string(),
            Format::Json => serde_json::to_string_pretty(report)? + "\n",
            Format::Html => report.html(),
        })
    }
}
