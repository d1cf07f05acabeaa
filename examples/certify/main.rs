//! Checks what a SCIM server does: RFC 7643 and RFC 7644, and what Microsoft Entra ID, Okta and IPSIE ask beyond them.
//!
//! ```sh
//! cargo run --example certify -- https://scim.example.com/scim/v2 --token-file token
//! cargo run --example certify -- http://127.0.0.1:8080/scim/v2 --token secret-token --profile entra --junit certify.xml
//! ```
//!
//! It creates users and groups whose names begin with `certify-`, and deletes them again; others it only reads. Ends with 0 where all
//! checks hold, with 1 where one fails, and with 2 where the server cannot be checked.

#![allow(
    clippy::indexing_slicing,
    reason = "a member that a JSON value does not have is null, and lists are indexed once their length is known"
)]

mod check;
mod client;
mod entra;
mod ipsie;
mod manual;
mod okta;
mod report;
mod rfc_discovery;
mod rfc_patch;
mod rfc_queries;
mod rfc_resources;
mod subject;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use tokio::time::timeout;

use crate::check::{Check, Trouble};
use crate::client::Client;
use crate::report::{Checked, Ending};
use crate::subject::Subject;

/// How long one check may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Check what a SCIM server does
#[derive(Parser)]
struct Arguments {
    /// Base URL of the server, such as `https://scim.example.com/scim/v2`
    base_url: String,
    /// Bearer token. Everybody on the machine can see it in the list of processes: better give a file
    #[arg(long, required_unless_present = "token_file", conflicts_with = "token_file")]
    token: Option<String>,
    /// File whose first line is the bearer token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// What is checked beyond the RFCs
    #[arg(long, value_enum, default_value = "rfc")]
    profile: Profile,
    /// Write the results as XML of `JUnit`
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// PEM file of the authorities that the server's certificate may be of, in place of those of the system
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Run the checks alone whose names begin so
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// RFC 7643, RFC 7644 and, where it is advertised, RFC 9865
    Rfc,
    /// These, and Microsoft Entra ID's app gallery and validator
    Entra,
    /// These, and Okta's SPEC and CRUD tests
    Okta,
    /// These, and the IPSIE account lifecycle profile
    Ipsie,
}

impl Profile {
    fn checks(self) -> impl Iterator<Item = &'static Check> {
        let own = match self {
            Self::Rfc => &[],
            Self::Entra => entra::CHECKS,
            Self::Okta => okta::CHECKS,
            Self::Ipsie => ipsie::CHECKS,
        };
        let rfc = [rfc_discovery::CHECKS, rfc_resources::CHECKS, rfc_queries::CHECKS, rfc_patch::CHECKS];
        let left_out: &[&str] = match self {
            Self::Rfc => &[],
            // They set values that are not there by the path of one that would be.
            Self::Entra | Self::Okta => &["rfc-patch-no-target"],
            // The interoperability profile has neither operations without a path nor value paths without a sub-attribute.
            Self::Ipsie => &["rfc-patch-replace", "rfc-patch-remove", "rfc-group-members"],
        };
        rfc.into_iter().flatten().filter(|check| !left_out.contains(&check.id)).chain(own)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            let causes = std::iter::successors(Some(&*error as &dyn Error), |error| (*error).source());
            eprintln!("error: {}", causes.map(ToString::to_string).collect::<Vec<_>>().join(": "));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let token = match (&arguments.token, &arguments.token_file) {
        (Some(token), _) => token.clone(),
        (None, Some(path)) => scim_examples::read_secret_line(path, "the token")?,
        (None, None) => return Err("expected `--token` or `--token-file`".into()),
    };
    let client = Client::new(&arguments.base_url, arguments.ca.as_deref())?;
    // Two runs at the same time have names of their own.
    let run = name_of_run();
    let subject = match Subject::new(client, token, run).await {
        Ok(subject) => subject,
        Err(Trouble::NoAnswer(why) | Trouble::Failed(why)) => return Err(why.into()),
        Err(Trouble::NotOffered(what)) => return Err(what.into()),
    };
    let wanted = |check: &&Check| arguments.only.as_ref().is_none_or(|only| check.id.starts_with(only.as_str()));
    let mut results = Vec::new();
    for check in arguments.profile.checks().filter(wanted) {
        let result = one(check, &subject).await;
        println!("{}", report::line(&result));
        results.push(result);
    }
    if results.is_empty() {
        return Err(format!("no check begins with `{}`", arguments.only.as_deref().unwrap_or_default()).into());
    }
    print!("{}", report::summary(&results, arguments.profile));
    if let Some(path) = &arguments.junit {
        let written = report::junit(&results, &arguments.base_url).and_then(|xml| Ok(fs::write(path, xml)?));
        written.map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    }
    Ok(report::exit_code(&results))
}

async fn one(check: &'static Check, subject: &Subject) -> Checked {
    let began = Instant::now();
    let outcome = timeout(PATIENCE, (check.run)(subject)).await;
    let ending = match outcome {
        Ok(Ok(())) => Ending::Held,
        Ok(Err(Trouble::Failed(why))) => Ending::Failed(why),
        Ok(Err(Trouble::NotOffered(what))) => Ending::NotOffered(format!("the server does not offer {what}")),
        Ok(Err(Trouble::NoAnswer(why))) => Ending::NotRun(why),
        Err(_) => Ending::NotRun(format!("no end within {} s", PATIENCE.as_secs())),
    };
    let took = began.elapsed();
    subject.clean_up().await;
    Checked { check, ending, took }
}

/// What nobody else calls a run: the time and the process.
fn name_of_run() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}{:x}", now.as_micros(), std::process::id())
}
