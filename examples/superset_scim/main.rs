//! The operator's program beside the SCIM servers for Superset: the tokens of clients, and a check of a whole set-up.
//!
//! ```sh
//! cargo run --example superset-scim -- tokens new --clients clients.toml --client okta --scope scim --expires 365d
//! cargo run --example superset-scim -- tokens list --clients clients.toml
//! cargo run --example superset-scim -- doctor --database-file url --rules rules.toml --clients clients.toml \
//!     --url https://scim.example.com/scim/v2 --token-file token
//! ```

mod doctor;
mod tokens;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks after the SCIM servers for Superset
#[derive(Parser)]
#[command(name = "superset-scim")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make, list, replace and revoke the tokens and secrets of clients
    Tokens(tokens::TokensArguments),
    /// Check a whole set-up, and say what to mend
    Doctor(doctor::DoctorArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            scim_examples::fail(&*error);
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    match arguments.command {
        Command::Tokens(arguments) => tokens::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments).await,
    }
}
