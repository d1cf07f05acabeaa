//! The operator's program beside the SCIM servers for Superset: the tokens of clients, a check of a whole set-up, clients whose
//! writes are held back, and what a client did taken back.
//!
//! ```sh
//! alias superset-scim="cargo run --example superset-scim --"
//! superset-scim audit --database-file url --resource ada@example.com --action revoke
//! superset-scim tokens new --clients clients.toml --client okta --scope scim --expires 365d
//! superset-scim tokens list --clients clients.toml
//! superset-scim doctor --database-file url --rules rules.toml --clients clients.toml \
//!     --url https://scim.example.com/scim/v2 --token-file token
//! superset-scim brake --database-file url list
//! superset-scim brake --database-file url release 9b1d7c0e-... --allow 70 --for 1h
//! superset-scim undo --database-file url --rules rules.toml --client okta --since 90m --dry-run
//! ```
//!
//! Ends with status 0 if nothing was found or all was done, 1 if something was found, 2 after an error.

mod audit;
mod brake;
mod doctor;
mod tokens;
mod undo;

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
    /// Ask the audit who did what, when and why; verify, seal and purge it
    Audit(audit::AuditArguments),
    /// Make, list, replace and revoke the tokens and secrets of clients
    Tokens(tokens::TokensArguments),
    /// Check a whole set-up, and say what to mend
    Doctor(doctor::DoctorArguments),
    /// Look at the clients whose writes are held back, and release them
    Brake(brake::BrakeArguments),
    /// Take back what a client did, by the audit
    Undo(undo::UndoArguments),
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
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::Brake(arguments) => brake::run(arguments).await,
        Command::Undo(arguments) => undo::run(arguments).await,
    }
}
