//! What an operator of a provisioned Superset does by hand.
//!
//! ```sh
//! cargo run --example superset-scim -- audit --database-file url --resource ada@example.com --action revoke
//! ```
//!
//! Ends with status 0 if nothing was found, 1 if something was, 2 after an error.

mod audit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Operates a Superset that is provisioned by SCIM
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ask the audit who did what, when and why; verify, seal and purge it
    Audit(audit::AuditArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Audit(arguments) => audit::run(arguments).await,
    };
    outcome.unwrap_or_else(|error| {
        scim_examples::fail(&*error);
        ExitCode::from(2)
    })
}
