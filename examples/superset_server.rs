//! A SCIM server that provisions Apache Superset by writing to its metadata database.
//!
//! ```sh
//! cargo run --example superset_server -- --token secret-token --database sqlite:///tmp/demo.db --rules rules.toml --demo
//! cargo run --example superset_server -- --token-file token --database-file url --rules rules.toml
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use scim_examples::{AuditFlags, ClientCheck, DatabaseFlags, Flags, RulesFlags, serve_checked};
use superset_mapping::demo::DemoError;
use superset_mapping::store::Inspector;
use superset_mapping::{Adoption, ConnectError, RuleReader, StoreOptions, SupersetStore, create_demo_schema};

/// A SCIM 2.0 server over Apache Superset's metadata database
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    rules: RulesFlags,
    #[command(flatten)]
    audit: AuditFlags,
    /// Create Superset's security tables in an empty database, to try things without a Superset
    #[arg(long)]
    demo: bool,
    /// What happens to an account that somebody made in Superset when a client provisions it
    #[arg(long, value_enum, default_value = "refuse")]
    adopt: Adopt,
    /// Adopt this account although it holds a protected role: may be given several times
    #[arg(long, value_name = "USERNAME")]
    adopt_protected: Vec<String>,
    /// Take over a group that somebody made in Superset when a client makes one of the same name, with the roles that it holds
    #[arg(long)]
    adopt_groups: bool,
    /// Answer 409 and log who would be adopted, and adopt nobody
    #[arg(long)]
    adopt_dry_run: bool,
    /// Hand the alerts and reports of whoever leaves to this user of Superset; without it they stop
    #[arg(long, value_name = "USERNAME")]
    reports_to: Option<String>,
    /// Remove the rows of deleted users; what they owned goes to this user of Superset. Not on SQLite
    #[arg(long, value_name = "USERNAME")]
    hard_delete_to: Option<String>,
    /// Let clients take over people and groups that logins made, which ends the identity provider's hold and all sessions
    #[arg(long)]
    takeover: bool,
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
    let rules = arguments.rules.read(&RuleReader::new())?;
    arguments.flags.unknown_groups = rules.unknown_groups();
    arguments.flags.metrics.rules = Some(Arc::new(rules.clone()));
    let database = arguments.database.url()?;
    let adoption = match arguments.adopt {
        Adopt::Refuse => Adoption::Refuse,
        Adopt::Username => Adoption::ByUsername,
        Adopt::Email => Adoption::ByEmail,
    };
    let mut options = StoreOptions::new().with_adoption(adoption);
    for username in &arguments.adopt_protected {
        options = options.with_protected_adoption(username);
    }
    if arguments.adopt_groups {
        options = options.with_group_adoption();
    }
    if arguments.adopt_dry_run {
        options = options.with_adoption_dry_run();
    }
    if let Some(username) = arguments.reports_to {
        options = options.with_reports_to(username);
    }
    if let Some(successor) = arguments.hard_delete_to {
        options = options.with_hard_delete(successor);
    }
    if arguments.takeover {
        options = options.with_takeover();
    }
    let options = arguments.audit.key.of(options)?;
    if arguments.demo {
        match create_demo_schema(&database).await {
            Ok(()) => {}
            Err(DemoError::NotEmpty) => refuse_real_data(&database).await?,
            Err(error) => return Err(error.into()),
        }
    }
    let store = SupersetStore::connect_with(&database, rules, options).await.inspect_err(|error| {
        if matches!(error, ConnectError::NoDatabase { .. } | ConnectError::NoSecurityTables { .. }) {
            eprintln!("hint: `--demo` makes Superset's security tables in an empty database, to try things");
        }
    })?;
    let measured = store.clone();
    arguments.flags.metrics.probes.add(move || measured.record_connections());
    store.check_writers(&arguments.flags.writers()?).await?;
    let (flags, checked) = (arguments.flags.clone(), store.clone());
    let check: ClientCheck = Box::new(move |clients| {
        let (writers, store) = (flags.writers_of(clients), checked.clone());
        Box::pin(async move { Ok(store.check_writers(&writers).await?) })
    });
    let decides = store.clone();
    let brake = arguments.flags.brake.brake(store.holds(), move |role| decides.rules().is_protected(role));
    let sealer = arguments.audit.seal(store.clone())?;
    let outcome = serve_checked(&arguments.flags, store, check, brake).await;
    sealer.stop().await;
    outcome
}

/// Refuses a database that was not made for demonstrations at an earlier start.
async fn refuse_real_data(database: &str) -> Result<(), Box<dyn Error>> {
    let inspector = Inspector::open(database).await?;
    let found = inspector.real_data().await?;
    inspector.close().await;
    match found {
        None => Ok(()),
        Some(found) => Err(format!(
            "`--demo` is for trying things, and the database {} has real data ({found}): expected an empty database, or none of \
             `--demo`",
            inspector.address()
        )
        .into()),
    }
}
