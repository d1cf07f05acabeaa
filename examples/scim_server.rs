//! A SCIM server that keeps everything in memory: for trying clients and conformance tools.
//!
//! ```sh
//! cargo run --example scim_server -- --token secret-token
//! curl -H 'authorization: Bearer secret-token' http://127.0.0.1:8080/scim/v2/Users
//! ```

use std::process::ExitCode;

use clap::Parser;
use scim_examples::{Flags, serve};
use scim_service::MemoryStore;

/// A SCIM 2.0 server over a store in memory
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.flags.log.start();
    match serve(&arguments.flags, MemoryStore::new()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => scim_examples::fail(&*error),
    }
}
