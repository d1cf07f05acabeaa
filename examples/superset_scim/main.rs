//! What operators of a Superset that SCIM provisions do.
//!
//! ```sh
//! alias superset-scim="cargo run --example superset-scim --"
//! superset-scim brake --database-file url list
//! superset-scim brake --database-file url release 9b1d7c0e-... --allow 70 --for 1h
//! superset-scim undo --database-file url --rules rules.toml --client okta --since 90m --dry-run
//! ```
//!
//! Ends with status 0 if nothing was found or all was done, 1 if something was found, 2 after an error.

mod brake;
mod undo;

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
    /// Look at the clients whose writes are held back, and release them
    Brake(brake::BrakeArguments),
    /// Take back what a client did, by the audit
    Undo(undo::UndoArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Brake(arguments) => brake::run(arguments).await,
        Command::Undo(arguments) => undo::run(arguments).await,
    };
    outcome.unwrap_or_else(|error| {
        scim_examples::fail(&*error);
        ExitCode::from(2)
    })
}
