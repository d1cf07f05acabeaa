//! Looks at a rules file before it is used: checks it, explains what it gives a person, and shows what a new one would change.
//!
//! ```sh
//! cargo run --example rules -- check examples/rules/new.toml --roles Admin,Alpha,Gamma,sql_lab
//! cargo run --example rules -- check rules.toml --database-file url
//! cargo run --example rules -- explain examples/rules/new.toml --user examples/rules/ada.json
//! cargo run --example rules -- explain rules.toml --user-name ada@example.com --database-file url
//! cargo run --example rules -- diff examples/rules/old.toml examples/rules/new.toml --users examples/rules/users.jsonl
//! cargo run --example rules -- diff rules.toml new.toml --database-file url
//! ```
//!
//! A user is a SCIM User resource as a service answers it, `groups` included. A group's `externalId` is not part of that; where
//! rules ask for it, `--groups` names a file with the groups, such as the answer to `GET /Groups`, or `--database` knows it.
//!
//! Ends with status 0; `diff` with 1 if somebody would have other roles; after an error with 2.

mod difference;
mod live;
mod person;
mod provisioned;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use scim_examples::{SecretFileError, read_file, read_rules, read_secret_line};
use superset_mapping::RuleReader;

use difference::Difference;
use person::{ExternalIds, groups, people, person};
use provisioned::Provisioned;

/// Checks, explains and compares the rules that give Superset roles
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Roles that Superset has, separated by commas: rules that name others are refused
    #[arg(long, global = true, value_delimiter = ',', conflicts_with_all = ["database", "database_file"])]
    roles: Option<Vec<String>>,
    #[command(flatten)]
    database: DatabaseFlags,
}

#[derive(Subcommand)]
enum Command {
    /// Check a rules file, against a Superset where one is given: its roles, who wrote there, and which groups have the identifiers by
    /// which rules give protected roles
    Check {
        /// TOML, or JSON if the name ends in .json
        file: PathBuf,
        /// Take this identifier of a group from the group that has it; then the next one may claim it
        #[arg(long, value_name = "EXTERNAL_ID")]
        release_pin: Option<String>,
    },
    /// Say which roles a person gets and why
    Explain {
        /// The rules
        file: PathBuf,
        #[command(flatten)]
        whom: Whom,
    },
    /// Say what new rules would change, person by person: of everyone in a file, or now provisioned
    Diff {
        /// The rules now
        old: PathBuf,
        /// The rules to come
        new: PathBuf,
        /// File with a SCIM User on each line
        #[arg(long, value_name = "FILE")]
        users: Option<PathBuf>,
        /// File with the SCIM Groups of theirs
        #[arg(long, value_name = "FILE", requires = "users")]
        groups: Option<PathBuf>,
    },
}

/// Who is explained.
#[derive(Args)]
struct Whom {
    /// JSON file with a SCIM User, its groups included
    #[arg(long, value_name = "FILE", required_unless_present = "user_name")]
    user: Option<PathBuf>,
    /// A user in the database, by name
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    user_name: Option<String>,
    /// File with the SCIM Groups of the person: a `ListResponse`, an array, or one on each line
    #[arg(long, value_name = "FILE", requires = "user")]
    groups: Option<PathBuf>,
}

/// Which Superset is asked for its roles, groups and people.
#[derive(Args)]
struct DatabaseFlags {
    /// Superset's metadata database, as a URL with the scheme postgres, mysql or sqlite
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// File whose first line is that URL, so that its password is in no list of processes
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "database")]
    database_file: Option<PathBuf>,
    /// The people of this tenant; without it those of no tenant
    #[arg(long, global = true)]
    tenant: Option<String>,
}

impl DatabaseFlags {
    fn url(&self) -> Result<Option<String>, SecretFileError> {
        match (&self.database, &self.database_file) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(path)) => Ok(Some(read_secret_line(path, "database URL")?)),
            (None, None) => Ok(None),
        }
    }

    async fn open(&self) -> Result<Option<Provisioned>, Box<dyn Error>> {
        let Some(url) = self.url()? else { return Ok(None) };
        Ok(Some(Provisioned::open(&url, self.tenant.as_deref()).await?))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            scim_examples::fail(&*error);
            ExitCode::from(2)
        }
    }
}

/// Whether nothing would change.
async fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let database = arguments.database.open().await?;
    let known: Option<BTreeSet<String>> = match (&arguments.roles, &database) {
        (Some(roles), _) => Some(roles.iter().map(|role| role.trim().to_owned()).collect()),
        (None, Some(database)) => Some(database.roles().await?),
        (None, None) => None,
    };
    let reader = RuleReader::new();
    let strict = match &known {
        Some(roles) => RuleReader::new().with_known_roles(roles.iter().cloned()),
        None => RuleReader::new(),
    };
    match &arguments.command {
        Command::Check { file, release_pin } => {
            let rules = read_rules(&strict, file)?;
            let roles = rules.roles().into_iter().collect::<Vec<_>>().join(", ");
            println!("{}: {} rules, roles: {roles}", file.display(), rules.rules().len());
            match (arguments.database.url()?, release_pin) {
                (Some(url), release) => live::check(&url, rules, release.as_deref()).await?,
                (None, Some(_)) => return Err("--release-pin needs --database or --database-file".into()),
                (None, None) => {}
            }
        }
        Command::Explain { file, whom } => {
            // A role that is missing is part of the explanation.
            let rules = read_rules(&reader, file)?;
            let (person, told) = explained(whom, database.as_ref()).await?;
            let creates = rules.create_roles_from().is_some();
            let exists = |role: &str| creates || known.as_ref().is_none_or(|known| known.contains(role));
            print!("{}", rules.explain(&rules.decide(&person.subject()).among(exists)));
            let unsure: Vec<String> =
                person.unsure(&rules, &told).into_iter().map(|group| format!("{:?}", group.display_name)).collect();
            if !unsure.is_empty() {
                println!(
                    "the `externalId` of {} is not known, and rules ask for it: what they give is left out here. Give `--groups` or \
                     `--database`",
                    unsure.join(", ")
                );
            }
            if !person.is_active() {
                println!("the person is inactive, and has no roles until a client says `active: true`");
            }
        }
        Command::Diff { old, new, users, groups: of_groups } => {
            let (old, new) = (read_rules(&reader, old)?, read_rules(&reader, new)?);
            let mut difference = Difference::new(known);
            match (users, &database) {
                (Some(users), database) => {
                    let told = external_ids(of_groups.as_deref(), database.as_ref()).await?;
                    let text = read_file(users, "users")?;
                    for (line, person) in people(&text, &told) {
                        let person = person.map_err(|error| format!("{}, line {line}: {error}", users.display()))?;
                        difference.add(&person, &old, &new);
                    }
                }
                (None, Some(database)) => database.each_person(|person| difference.add(person, &old, &new)).await?,
                (None, None) => {
                    return Err("expected `--users FILE`, `--database URL` or `--database-file FILE`".into());
                }
            }
            print!("{difference}");
            return Ok(difference.is_none());
        }
    }
    Ok(true)
}

/// The person who is to be explained, and what is known of groups.
async fn explained(
    whom: &Whom,
    database: Option<&Provisioned>,
) -> Result<(person::Person, ExternalIds), Box<dyn Error>> {
    if let Some(name) = &whom.user_name {
        let database =
            database.ok_or("`--user-name` asks a database: expected `--database URL` or `--database-file FILE`")?;
        return Ok((database.person(name).await?, database.external_ids().await?));
    }
    let told = external_ids(whom.groups.as_deref(), database).await?;
    let path = whom.user.as_deref().ok_or("expected `--user FILE` or `--user-name NAME`")?;
    let person = person(&read_file(path, "user")?, &told).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((person, told))
}

async fn external_ids(file: Option<&Path>, database: Option<&Provisioned>) -> Result<ExternalIds, Box<dyn Error>> {
    match (file, database) {
        (Some(path), _) => {
            Ok(groups(&read_file(path, "groups")?).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        (None, Some(database)) => database.external_ids().await,
        (None, None) => Ok(ExternalIds::new()),
    }
}
