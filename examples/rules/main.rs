//! Looks at a rules file before it is used: checks it, explains what it gives a person, and shows what a new one would change.
//!
//! ```sh
//! cargo run --example rules -- check examples/rules/new.toml --roles Admin,Alpha,Gamma,sql_lab
//! cargo run --example rules -- explain examples/rules/new.toml --user examples/rules/ada.json
//! cargo run --example rules -- diff examples/rules/old.toml examples/rules/new.toml --users examples/rules/users.jsonl
//! cargo run --example rules -- diff rules.toml new.toml --database-file url
//! ```
//!
//! A user is a SCIM User resource as a service answers it, `groups` included. A group's `externalId` is not part of that; where
//! rules ask for it, the element may have it beside `value` and `display`.

mod difference;
mod person;
mod provisioned;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use scim_examples::{read_file, read_rules, read_secret_line};
use superset_mapping::RuleReader;

use difference::Difference;
use person::{people, person};
use provisioned::each_person;

/// Checks, explains and compares the rules that give Superset roles
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Roles that Superset has, separated by commas: rules that name others are refused
    #[arg(long, global = true, value_delimiter = ',')]
    roles: Option<Vec<String>>,
}

#[derive(Subcommand)]
enum Command {
    /// Check a rules file
    Check {
        /// TOML, or JSON if the name ends in .json
        file: PathBuf,
    },
    /// Say which roles a person gets and why
    Explain {
        /// The rules
        file: PathBuf,
        /// JSON file with a SCIM User, its groups included
        #[arg(long)]
        user: PathBuf,
    },
    /// Say what new rules would change, person by person
    Diff {
        /// The rules now
        old: PathBuf,
        /// The rules to come
        new: PathBuf,
        #[command(flatten)]
        people: People,
    },
}

/// Whom new rules are tried on.
#[derive(Args)]
struct People {
    /// File with a SCIM User on each line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["database", "database_file"], required_unless_present_any = ["database", "database_file"])]
    users: Option<PathBuf>,
    /// Superset's metadata database, for everyone now provisioned, as a URL with the scheme postgres, mysql or sqlite
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// File whose first line is that URL, so that its password is in no list of processes
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    database_file: Option<PathBuf>,
    /// Those of this tenant; without it those of no tenant
    #[arg(long, conflicts_with = "users")]
    tenant: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let reader = match &arguments.roles {
        Some(roles) => RuleReader::new().with_known_roles(roles.clone()),
        None => RuleReader::new(),
    };
    match &arguments.command {
        Command::Check { file } => {
            let rules = read_rules(&reader, file)?;
            let roles = rules.roles().into_iter().collect::<Vec<_>>().join(", ");
            println!("{}: {} rules, roles: {roles}", file.display(), rules.rules().len());
        }
        Command::Explain { file, user } => {
            let rules = read_rules(&reader, file)?;
            let person = person(&read_file(user, "user")?).map_err(|error| format!("{}: {error}", user.display()))?;
            print!("{}", rules.explain(&rules.decide(&person.subject())));
        }
        Command::Diff { old, new, people: whom } => {
            let (old, new) = (read_rules(&reader, old)?, read_rules(&reader, new)?);
            let mut difference = Difference::default();
            if let Some(users) = &whom.users {
                let text = read_file(users, "users")?;
                for (line, person) in people(&text) {
                    let person = person.map_err(|error| format!("{}, line {line}: {error}", users.display()))?;
                    difference.add(&person, &old, &new);
                }
            } else {
                let url = match (&whom.database, &whom.database_file) {
                    (Some(url), _) => url.clone(),
                    (None, Some(path)) => read_secret_line(path, "database URL")?,
                    (None, None) => String::new(),
                };
                each_person(&url, whom.tenant.as_deref(), |person| difference.add(person, &old, &new)).await?;
            }
            print!("{difference}");
        }
    }
    Ok(())
}
