//! What the examples share: their flags, and how a [`ScimService`](scim_service::ScimService) is mounted in axum.

mod audit;
mod brake;
mod clients;
mod connection;
mod flags;
mod http_client;
mod limits;
mod listen;
mod log;
mod metrics;
mod oauth;
mod registered;
mod secret_file;
mod serve;
mod superset;
mod tls;
mod traffic;
mod watch;

pub use audit::{AuditFlags, AuditKeyFlags, AuditLogFlags, Sealer, append_checkpoint, audit_key};
pub use brake::{BrakeFlags, WatchedBrake};
pub use clients::{ClientFlags, ClientsError, registered_writers};
pub use connection::{
    ConnectionLimits, ConnectionLimitsError, TimedBody, serve_connections, serve_connections_with_tls,
};
pub use flags::{Bulk, Capability, Flags, FlagsError, PatchStatus, ProfileName, SchemaFlags};
pub use http_client::{AskError, HttpAnswer, HttpClient, Trust};
pub use limits::LimitFlags;
pub use listen::{ListenError, ListenFlags, Peer};
pub use log::LogFlags;
pub use metrics::{MetricsFlags, Probes};
pub use oauth::{AccessTokenFlags, Checking, ClientCheck};
pub use registered::{KeyFiles, RegisteredFile};
pub use secret_file::{SecretFileError, read_secret, read_secret_line};
pub use serve::{serve, serve_checked, stop};
pub use superset::{DatabaseFlags, RulesFlags, read_file, read_rules};
pub use tls::{CertificateFacts, Tls, TlsError, TlsFlags, read_certificates};
pub use traffic::{ForwardedHeader, TrafficError, TrafficFlags};

/// Prints an error with its causes, and gives the exit code of a failed program.
pub fn fail(error: &dyn std::error::Error) -> std::process::ExitCode {
    let mut said = error.to_string();
    eprintln!("error: {said}");
    let mut source = error.source();
    while let Some(cause) = source {
        // Some libraries repeat the cause in their own text.
        if !said.contains(&cause.to_string()) {
            eprintln!("  because: {cause}");
        }
        said = cause.to_string();
        source = cause.source();
    }
    std::process::ExitCode::FAILURE
}

/// The README's examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
