//! Who has which credentials, as a table.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use super::clients_file::Client;
use super::credential::Credential;
use super::times::shown;

/// From how much time left on a credential needs attention.
const SOON: TimeDelta = TimeDelta::days(14);

/// The credentials that have expired, or do soon, with their clients.
pub(super) fn expiring(clients: &[Client], now: DateTime<Utc>) -> impl Iterator<Item = (&Client, &Credential)> {
    let all = clients.iter().flat_map(|client| client.credentials.iter().map(move |credential| (client, credential)));
    all.filter(move |(_, credential)| credential.expires.is_some_and(|ends| ends - now < SOON))
}

/// A row for each credential, and one for a client without any.
pub(super) fn table(clients: &[Client], now: DateTime<Utc>) -> String {
    let mut rows = vec![["CLIENT", "KIND", "SHA-256", "SCOPES", "NETWORKS", "EXPIRES", "DAYS LEFT"].map(str::to_owned)];
    for client in clients {
        let of = |kind: String, hash: String, expires: Option<DateTime<Utc>>| {
            let networks = if client.networks.is_empty() { "any".to_owned() } else { client.networks.join(" ") };
            let (ends, left) = match expires {
                None => ("never".to_owned(), String::new()),
                Some(ends) if ends <= now => (shown(ends), "expired".to_owned()),
                Some(ends) => (shown(ends), (ends - now).num_days().to_string()),
            };
            [client.id.clone(), kind, hash, client.scopes.join(" "), networks, ends, left]
        };
        if client.credentials.is_empty() {
            let mut row = of("other".to_owned(), "-".to_owned(), None);
            "-".clone_into(&mut row[5]);
            rows.push(row);
        }
        for credential in &client.credentials {
            rows.push(of(credential.kind.to_string(), credential.short().to_owned(), credential.expires));
        }
    }
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(&row) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
