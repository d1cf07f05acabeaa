//! A SCIM server that provisions Apache Superset by writing to its metadata database.
//!
//! ```sh
//! cargo run --example superset_server -- --token secret-token --database sqlite:///tmp/demo.db --rules rules.toml --demo
//! cargo run --example superset_server -- --token-file token --database-file url --rules rules.toml
//! ```

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use scim_examples::{DatabaseFlags, Flags, read_rules, serve};
use superset_mapping::{
    Adoption, ConnectError, DemoError, RuleReader, RuleSet, StoreOptions, SupersetStore, UnknownGroups,
    create_demo_schema,
};

/// A SCIM 2.0 server over Apache Superset's metadata database
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    database: DatabaseFlags,
    /// File with the rules that give roles: TOML, or JSON if the name ends in .json
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Create Superset's security tables in an empty database, to try things without a Superset
    #[arg(long)]
    demo: bool,
    /// What happens to an account that somebody made in Superset when a client provisions it
    #[arg(long, value_enum, default_value = "refuse")]
    adopt: Adopt,
    /// Remove the rows of deleted users; what they owned goes to this user of Superset. Not on SQLite
    #[arg(long, value_name = "USERNAME")]
    hard_delete_to: Option<String>,
}

#[derive(ValueEnum, Clone, Copy)]
enum Adopt {
    /// Its name and address are taken: 409
    Refuse,
    /// The client manages it from now on, if the username is the same
    Username,
    /// The same, also if the e-mail address is
    Email,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => scim_examples::fail(&*error),
    }
}

async fn run(mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    arguments.flags.log.start();
    let rules = match &arguments.rules {
        Some(path) => read_rules(&RuleReader::new(), path)?,
        None => RuleSet::default(),
    };
    arguments.flags.refuses_unknown_groups = rules.unknown_groups() == UnknownGroups::Refuse;
    let database = arguments.database.url()?;
    let adoption = match arguments.adopt {
        Adopt::Refuse => Adoption::Refuse,
        Adopt::Username => Adoption::ByUsername,
        Adopt::Email => Adoption::ByEmail,
    };
    let mut options = StoreOptions::new().with_adoption(adoption);
    if let Some(successor) = arguments.hard_delete_to {
        options = options.with_hard_delete(successor);
    }
    if arguments.demo {
        match create_demo_schema(&database).await {
            // Made at an earlier start.
            Ok(()) | Err(DemoError::NotEmpty) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let store = SupersetStore::connect_with(&database, rules, options).await.inspect_err(|error| {
        if matches!(error, ConnectError::NoDatabase(_) | ConnectError::NoSecurityTables { .. }) {
            eprintln!("hint: `--demo` makes Superset's security tables in an empty database, to try things");
        }
    })?;
    serve(&arguments.flags, store).await
}
