//! The files of a set-up: clients, and the certificate of the server.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use scim_examples::{CertificateFacts, RegisteredFile, read_certificates};
use scim_service::oauth::Clients;

use super::finding::Finding;
use crate::tokens;

/// How long a certificate should still be good for.
const CERTIFICATE_SOON: TimeDelta = TimeDelta::days(14);

/// Reads the file of clients as servers do: it has to be its owner's alone, and right as a whole.
pub(super) fn clients(path: &Path, findings: &mut Vec<Finding>) -> Option<Clients> {
    const CHECK: &str = "file of clients";
    match RegisteredFile::new(path.to_owned()).read() {
        Ok(clients) => {
            let count = clients.iter().count();
            findings
                .push(Finding::ok(CHECK, format!("`{}` is closed to others and has {count} clients", path.display())));
            Some(clients)
        }
        Err(error) => {
            findings.push(Finding::error(CHECK, &error));
            None
        }
    }
}

/// Looks when tokens and secrets end.
pub(super) fn expiries(path: &Path, now: DateTime<Utc>) -> Finding {
    const CHECK: &str = "tokens and secrets";
    match tokens::attention(path, now) {
        Ok(found) if found.is_empty() => Finding::ok(CHECK, "none has expired or does within 14 days"),
        Ok(found) => Finding::warn(
            CHECK,
            found.join(", "),
            "more than 14 days",
            "`superset-scim tokens rotate`, or `revoke` where nobody needs it",
        ),
        Err(error) => Finding::error(CHECK, &*error),
    }
}

/// Looks at the dates of a certificate in a file.
pub(super) fn certificate(path: &Path, now: DateTime<Utc>) -> Finding {
    const CHECK: &str = "certificate in the file";
    let chain = match read_certificates(path, "the certificate of TLS") {
        Ok(chain) => chain,
        Err(error) => return Finding::error(CHECK, &error),
    };
    match chain.first().and_then(|first| CertificateFacts::of_der(first)) {
        Some(facts) => dates(CHECK, &facts, now),
        None => Finding::fail(CHECK, "its certificate cannot be read", "an X.509 certificate", "issue a new one"),
    }
}

/// Judges the dates of a certificate.
pub(super) fn dates(check: &'static str, facts: &CertificateFacts, now: DateTime<Utc>) -> Finding {
    let CertificateFacts { subject, begins, ends, dns_names, .. } = facts;
    let names = if dns_names.is_empty() { subject.clone() } else { dns_names.join(", ") };
    let found = format!("for {names}, from {begins} to {ends}");
    if *begins > now {
        Finding::fail(check, found, "one that is valid now", "look at the clock, or issue a new one")
    } else if *ends <= now {
        Finding::fail(check, found, "one that is valid now", "issue a new one: it has expired")
    } else if *ends - now < CERTIFICATE_SOON {
        Finding::warn(check, found, "14 days or more", "issue a new one; servers read it by themselves")
    } else {
        Finding::ok(check, found)
    }
}
