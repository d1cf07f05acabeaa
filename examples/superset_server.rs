//! A SCIM server that provisions Apache Superset by writing to its metadata database.
//!
//! ```sh
//! cargo run --example superset_server -- --token secret-token --database sqlite:///tmp/demo.db --rules rules.toml --demo
//! ```

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use clap::Parser;
use scim_examples::{Flags, serve};
use superset_mapping::{ConnectError, DemoError, RuleSet, SupersetStore, create_demo_schema};

/// A SCIM 2.0 server over Apache Superset's metadata database
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    /// Superset's metadata database, as a URL with the scheme sqlite
    #[arg(long)]
    database: String,
    /// TOML file with the rules that give roles
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Create Superset's security tables in an empty database, to try things without a Superset
    #[arg(long)]
    demo: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => scim_examples::fail(&*error),
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let rules: RuleSet = match &arguments.rules {
        Some(path) => {
            let unreadable = |error| io::Error::other(format!("cannot read rules `{}`: {error}", path.display()));
            fs::read_to_string(path).map_err(unreadable)?.parse()?
        }
        None => RuleSet::default(),
    };
    if arguments.demo {
        match create_demo_schema(&arguments.database).await {
            // Made at an earlier start.
            Ok(()) | Err(DemoError::NotEmpty) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let store = SupersetStore::connect(&arguments.database, rules).await.inspect_err(|error| {
        if matches!(error, ConnectError::NoDatabase(_) | ConnectError::NoSecurityTables { .. }) {
            eprintln!("hint: `--demo` makes Superset's security tables in an empty database, to try things");
        }
    })?;
    for role in store.missing_roles().await? {
        eprintln!("warning: the rules name role `{role}`, which Superset does not have; nobody gets it");
    }
    serve(&arguments.flags, store).await
}
