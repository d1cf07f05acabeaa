//! Prints a fragment of `superset_config.py` that makes Superset's own SAML login follow a rules file, as far as it can.
//!
//! ```sh
//! cargo run --example fab_config -- examples/rules/new.toml --from okta --entity-id http://www.okta.com/exk1 \
//!     --single-sign-on https://example.okta.com/app/exk1/sso/saml --certificate idp.crt --superset https://superset.example.com
//! ```
//!
//! What Superset's own login can't express is told on standard error, and at the head of the fragment.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use scim_examples::read_rules;
use superset_mapping::fab_config::{FabConfig, FabProvider};
use superset_mapping::{AttributeMapping, RuleReader};

/// Superset's own SAML login, made of a rules file
#[derive(Parser)]
struct Arguments {
    /// File with the rules: TOML, or JSON if the name ends in .json
    rules: PathBuf,
    /// What the identity provider is
    #[arg(long, value_enum)]
    from: Product,
    /// Short name of the identity provider, part of the login address
    #[arg(long, default_value = "sso")]
    name: String,
    /// Name of the identity provider in its metadata
    #[arg(long)]
    entity_id: String,
    /// Where browsers are sent to log in
    #[arg(long)]
    single_sign_on: String,
    /// PEM file with the certificate for signatures
    #[arg(long)]
    certificate: PathBuf,
    /// Address of Superset
    #[arg(long)]
    superset: String,
}

#[derive(ValueEnum, Clone, Copy)]
enum Product {
    Okta,
    #[value(alias = "entra")]
    EntraId,
    Adfs,
    Auth0,
    Keycloak,
    Google,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let rules = read_rules(&RuleReader::new(), &arguments.rules)?;
    let mapping = match arguments.from {
        Product::Okta => AttributeMapping::okta(),
        Product::EntraId => AttributeMapping::entra_id(),
        Product::Adfs => AttributeMapping::adfs(),
        Product::Auth0 => AttributeMapping::auth0(),
        Product::Keycloak => AttributeMapping::keycloak(),
        Product::Google => AttributeMapping::google(),
    };
    let pem = read(&arguments.certificate)?;
    let certificate: String = pem.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
    let provider = FabProvider {
        name: &arguments.name,
        entity_id: &arguments.entity_id,
        single_sign_on: &arguments.single_sign_on,
        certificate: &certificate,
        superset: &arguments.superset,
    };
    let config = FabConfig::new(&rules, &mapping, &provider);
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    print!("{config}");
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}
