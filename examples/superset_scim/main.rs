//! What operators of a Superset that SCIM provisions do.
//!
//! ```sh
//! alias superset-scim="cargo run --example superset-scim --"
//! superset-scim audit --database-file url --resource ada@example.com --action revoke
//! superset-scim brake --database-file url list
//! superset-scim brake --database-file url release 9b1d7c0e-... --allow 70 --for 1h
//! ```
//!
//! Ends with status 0 if nothing was found or all was done, 1 if something was found, 2 after an error.

mod audit;
mod brake;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Looks after a Superset that SCIM provisions
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ask the audit who did what, when and why; verify, seal and purge it
    Audit(audit::AuditArguments),
    /// Look at the clients whose writes are held back, and release them
    Brake(brake::BrakeArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::Brake(arguments) => brake::run(arguments).await,
    };
    outcome.unwrap_or_else(|error| {
        scim_examples::fail(&*error);
        ExitCode::from(2)
    })
}
