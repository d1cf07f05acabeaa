//! How long the credentials of clients are good for yet, for metrics.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use metrics::gauge;

use crate::oauth::client::registration::ClientRegistration;
use crate::oauth::client::registry::ClientRegistry;
use crate::observe::metrics::DAYS_LEFT;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// Tells for each client how many days its secrets, and its static tokens, are good for yet
/// (`scim.client.credential.days_left`).
///
/// What counts is the one that expires last: a client with a second secret in place has changed over. Where one never expires the
/// value is +Inf; where a client has gone, or has none of the kind any more, it is NaN.
///
/// ```
/// use chrono::Utc;
/// use scim_service::oauth::{ClientRegistry, Clients, CredentialMetrics};
///
/// let registry = ClientRegistry::new(Clients::default());
/// let credentials = CredentialMetrics::new(registry);
/// // Whenever somebody is about to look at the metrics.
/// credentials.record(Utc::now());
/// ```
#[derive(Debug)]
pub struct CredentialMetrics {
    registry: ClientRegistry,
    told: Mutex<BTreeSet<(String, &'static str)>>,
}

impl CredentialMetrics {
    /// Tells of the clients of `registry`.
    pub fn new(registry: ClientRegistry) -> Self {
        Self { registry, told: Mutex::default() }
    }

    /// Tells what is left at this time.
    pub fn record(&self, now: DateTime<Utc>) {
        let clients = self.registry.current();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut there = BTreeSet::new();
        for client in clients.iter() {
            for (kind, days) in days_left(client, now) {
                gauge!(DAYS_LEFT, "client" => client.id().to_owned(), "kind" => kind).set(days);
                there.insert((client.id().to_owned(), kind));
            }
        }
        for (client, kind) in told.difference(&there) {
            gauge!(DAYS_LEFT, "client" => client.clone(), "kind" => *kind).set(f64::NAN);
        }
        // Those that are gone were told once. A registry that changes often leaves no trace of them here.
        *told = there;
    }
}

/// How many days the last credential of each kind is good for, of those kinds that the client has.
fn days_left(client: &ClientRegistration, now: DateTime<Utc>) -> Vec<(&'static str, f64)> {
    let last = |expiries: &mut dyn Iterator<Item = Option<DateTime<Utc>>>| {
        let days = |expires: DateTime<Utc>| (expires - now).as_seconds_f64() / SECONDS_PER_DAY;
        expiries.map(|expires| expires.map_or(f64::INFINITY, days)).reduce(f64::max)
    };
    let kinds = [("secret", last(&mut client.secret_expiries())), ("token", last(&mut client.token_expiries()))];
    kinds.into_iter().filter_map(|(kind, days)| Some((kind, days?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client::clients::Clients;

    #[test]
    fn e3_what_expires_last_counts() {
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let one = |expires: &str| match expires {
            "" => format!("{{ sha256 = \"{hash}\" }}"),
            expires => format!("{{ sha256 = \"{hash}\", expires = {expires} }}"),
        };
        let left = |secrets: &[&str]| {
            let secrets: Vec<String> = secrets.iter().map(|expires| one(expires)).collect();
            let text = format!("[[client]]\nid = \"a\"\nscopes = [\"scim\"]\nsecrets = [{}]", secrets.join(", "));
            let clients: Clients = toml::from_str(&text).unwrap();
            days_left(clients.client("a").unwrap(), "2099-01-01T00:00:00Z".parse().unwrap())
        };
        assert_eq!(left(&["2099-01-08T12:00:00Z"]), [("secret", 7.5)]);
        assert_eq!(left(&["2099-01-03T00:00:00Z", "2099-02-01T00:00:00Z"]), [("secret", 31.0)]);
        assert_eq!(left(&["2099-01-03T00:00:00Z", ""]), [("secret", f64::INFINITY)]);
        assert_eq!(left(&["2020-01-01T00:00:00Z", "2098-12-31T00:00:00Z"]), [("secret", -1.0)]);
    }
}
