//! `superset-scim doctor`: a whole set-up, looked at and not changed.
//!
//! Each check is a line: how it is, what was found, and where that is not as it should be what was expected and what to do. Ends with 0
//! where all is well, 1 where somebody should look at something, and 2 where something is broken.

mod database;
mod files;
mod finding;
mod http;
mod service;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::Utc;
use clap::Args;
use scim_examples::{read_rules, read_secret_line, registered_writers};
use scim_service::oauth::Clients;
use superset_mapping::RuleReader;

use finding::{Finding, Level};
use http::{Service, Trust};

#[derive(Args)]
pub(crate) struct DoctorArguments {
    /// Superset's metadata database, as a URL with the scheme postgres, mysql or sqlite
    #[arg(long, value_name = "URL", conflicts_with = "database_file")]
    database: Option<String>,
    /// File whose first line is that URL, so that its password is in no list of processes
    #[arg(long, value_name = "FILE")]
    database_file: Option<PathBuf>,
    /// The rules that give roles
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The file of clients of the servers
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,
    /// Tenants are kept apart: clients without a tenant may enter all of them
    #[arg(long)]
    tenants: bool,
    /// Base URL of the service, such as `https://scim.example.com/scim/v2`
    #[arg(long)]
    url: Option<String>,
    /// File whose first line is a token of a client
    #[arg(long, value_name = "FILE", requires = "url")]
    token_file: Option<PathBuf>,
    /// PEM file with the authorities of the server's certificate, in place of those that the system trusts
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
    /// PEM file with a certificate of a client, for a server that asks for one
    #[arg(long, value_name = "FILE", requires_all = ["url", "client_key"])]
    client_cert: Option<PathBuf>,
    /// PEM file with its key
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// The certificate file of the server
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
}

pub(crate) async fn run(arguments: DoctorArguments) -> Result<ExitCode, Box<dyn Error>> {
    let findings = examine(&arguments).await?;
    for finding in &findings {
        println!("{finding}");
    }
    let worst = findings.iter().map(|finding| finding.level).max();
    Ok(match worst {
        Some(Level::Fail) => ExitCode::from(2),
        Some(Level::Warn) => ExitCode::from(1),
        Some(Level::Ok) => ExitCode::SUCCESS,
        None => {
            return Err(
                "there is nothing to check: expected `--database-file`, `--clients`, `--url` or `--tls-cert`".into()
            );
        }
    })
}

async fn examine(arguments: &DoctorArguments) -> Result<Vec<Finding>, Box<dyn Error>> {
    let mut findings = Vec::new();
    let now = Utc::now();
    let mut clients = None;
    if let Some(path) = &arguments.clients {
        clients = files::clients(path, &mut findings);
        if clients.is_some() {
            findings.push(files::expiries(path, now));
        }
    }
    findings.extend(arguments.tls_cert.as_deref().map(|path| files::certificate(path, now)));
    let database = match (&arguments.database, &arguments.database_file) {
        (Some(url), _) => Some(url.clone()),
        (None, Some(path)) => match read_secret_line(path, "database URL") {
            Ok(url) => Some(url),
            Err(error) => {
                findings.push(Finding::error("file of the database URL", &error));
                None
            }
        },
        (None, None) => None,
    };
    if let Some(url) = database {
        examine_database(&url, arguments, clients.as_ref(), &mut findings).await;
    }
    if let Some(url) = &arguments.url {
        let client = arguments.client_cert.as_deref().zip(arguments.client_key.as_deref());
        let service = Service::new(url, &Trust { ca: arguments.ca.as_deref(), client })?;
        let token = match &arguments.token_file {
            Some(path) => read_secret_line(path, "token").map(Some),
            None => Ok(None),
        };
        match token {
            Ok(token) => service::checks(&service, token.as_deref(), &mut findings).await,
            Err(error) => findings.push(Finding::error("file of the token", &error)),
        }
    }
    Ok(findings)
}

async fn examine_database(
    url: &str,
    arguments: &DoctorArguments,
    clients: Option<&Clients>,
    findings: &mut Vec<Finding>,
) {
    let Some(inspector) = database::open(url, findings).await else { return };
    findings.push(database::engine(&inspector).await);
    let tables = database::security_tables(&inspector).await;
    let usable = tables.level == Level::Ok;
    findings.push(tables);
    findings.push(database::clock(&inspector).await);
    if usable {
        findings.push(database::superset_revision(&inspector).await);
        findings.push(database::auxiliary_version(&inspector).await);
        findings.push(database::counts(&inspector).await);
    }
    if let Some(path) = &arguments.rules {
        const CHECK: &str = "rules";
        match read_rules(&RuleReader::new(), path) {
            Ok(rules) => {
                findings.push(Finding::ok(CHECK, format!("`{}` has {} rules", path.display(), rules.rules().len())));
                if usable {
                    let writers =
                        clients.map(|clients| registered_writers(clients, arguments.tenants)).unwrap_or_default();
                    findings.push(database::roles_of_rules(&inspector, &rules).await);
                    findings.push(database::protected_roles(&inspector, &rules).await);
                    findings.push(database::writers(&inspector, &rules, &writers).await);
                }
            }
            Err(error) => findings.push(Finding::fail(CHECK, error, "rules that can be used", "mend the file")),
        }
    }
    inspector.close().await;
}

#[cfg(test)]
mod tests;
