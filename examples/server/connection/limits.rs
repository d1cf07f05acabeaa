//! The limits, as flags.

use std::fs;
use std::time::Duration;

use clap::Args;
use thiserror::Error;

/// Descriptors that are for other things than connections of clients: files, the database, the program itself.
const OTHER_DESCRIPTORS: usize = 64;

/// Limits of connections. Each has its flag.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connections")]
pub struct ConnectionLimits {
    /// Most connections at a time; where all are taken, the oldest that waits for a request is closed
    #[arg(long, value_name = "COUNT", default_value_t = 512, value_parser = count())]
    pub(super) max_connections: usize,
    /// Most connections at a time from one address, or from one /64 network in IPv6; a trusted proxy has no such limit
    #[arg(long, value_name = "COUNT", default_value_t = 384, value_parser = count())]
    pub(super) max_connections_per_address: usize,
    /// Largest head of a request, in bytes: 431 beyond
    #[arg(long, value_name = "BYTES", default_value_t = 64 * 1024, value_parser = head_bytes())]
    pub(super) max_head: usize,
    /// Seconds that a client has for the head of a request, and for the TLS handshake with the first one
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = seconds())]
    head_timeout: u64,
    /// Seconds that a client has for the body of a request, and one more for each 16 KiB of it: 408 beyond
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = seconds())]
    body_timeout: u64,
    /// Seconds after which a connection is closed on which nothing moves; more than the proxy in front keeps its own
    #[arg(long, value_name = "SECONDS", default_value_t = 75, value_parser = seconds())]
    idle_timeout: u64,
}

fn count() -> impl clap::builder::TypedValueParser<Value = usize> {
    use clap::builder::TypedValueParser;
    clap::value_parser!(u32).range(1..).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// hyper reads no less than 8 KiB at a time.
fn head_bytes() -> impl clap::builder::TypedValueParser<Value = usize> {
    use clap::builder::TypedValueParser;
    clap::value_parser!(u32).range(8192..=1 << 20).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

fn seconds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=86_400)
}

/// More connections are allowed than the process has descriptors for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{connections} connections need {needed} descriptors, and the limit is {descriptors}: expected a smaller \
     `--max-connections`, or a larger limit (`ulimit -n`)"
)]
pub struct ConnectionLimitsError {
    connections: usize,
    needed: usize,
    descriptors: usize,
}

impl ConnectionLimits {
    /// Checks that the process may have as many descriptors as the connections need, `each` for one of them, so that there is
    /// always one for the next client.
    ///
    /// # Errors
    ///
    /// [`ConnectionLimitsError`] where it may not.
    pub fn check_descriptors(&self, each: usize) -> Result<(), ConnectionLimitsError> {
        match descriptors() {
            Some(descriptors) => self.fit(each, descriptors),
            None => Ok(()),
        }
    }

    fn fit(&self, each: usize, descriptors: usize) -> Result<(), ConnectionLimitsError> {
        let needed = self.max_connections.saturating_mul(each).saturating_add(OTHER_DESCRIPTORS);
        if needed <= descriptors {
            return Ok(());
        }
        Err(ConnectionLimitsError { connections: self.max_connections, needed, descriptors })
    }

    pub(super) fn head_timeout(&self) -> Duration {
        Duration::from_secs(self.head_timeout)
    }

    pub(super) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout)
    }

    pub(super) fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout)
    }
}

/// The soft limit of open files, where the system says it: on Linux.
fn descriptors() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        limits: ConnectionLimits,
    }

    fn limits(flags: &[&str]) -> Result<ConnectionLimits, clap::Error> {
        Program::try_parse_from(std::iter::once(&"program").chain(flags)).map(|program| program.limits)
    }

    impl ConnectionLimits {
        pub(in crate::connection) fn from_flags(flags: &[&str]) -> Self {
            limits(flags).unwrap()
        }
    }

    #[test]
    fn x5_connections_leave_descriptors_for_the_next_client() {
        let limits = limits(&[]).unwrap();
        assert!(limits.fit(1, 1024).is_ok(), "the defaults suit the usual limit");
        let error = limits.fit(2, 1024).unwrap_err().to_string();
        assert!(error.starts_with("512 connections need 1088 descriptors, and the limit is 1024"), "{error}");
    }

    #[test]
    fn limits_are_above_zero() {
        for flag in ["--max-connections", "--max-connections-per-address", "--max-head", "--head-timeout"] {
            assert!(limits(&[flag, "0"]).is_err(), "{flag}");
            assert!(limits(&[flag, "9000"]).is_ok(), "{flag}");
        }
    }
}
