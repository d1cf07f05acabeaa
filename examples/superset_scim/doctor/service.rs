//! The service as its clients meet it.

use std::io;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::DATE;
use rustls::{CertificateError, Error};
use scim_core::urn;
use serde_json::Value;

use super::database::compared;
use super::files::dates;
use super::finding::Finding;
use super::http::{Answer, AskError, Service};

const SERVICE: &str = "service";
const CERTIFICATE: &str = "certificate of the service";
const AUTHENTICATION: &str = "authentication";
const TOKEN: &str = "token";

/// Asks a service, and stops where it does not answer.
pub(super) async fn checks(service: &Service, token: Option<&str>, findings: &mut Vec<Finding>) {
    let health = match service.get("/health", None).await {
        Ok(health) => health,
        Err(error) => return findings.push(unreachable(&error)),
    };
    findings.push(healthy(&health));
    findings.push(encrypted(service, &health, Utc::now()));
    findings.extend(clock(&health));
    let shows_certificate = service.shows_certificate;
    let mut ask = async |path, token, judge: &dyn Fn(&Answer) -> Finding| match service.get(path, token).await {
        Ok(answer) => findings.push(judge(&answer)),
        Err(error) => findings.push(unreachable(&error)),
    };
    ask("/Users?count=1", None, &|answer| closed(answer, shows_certificate)).await;
    if token.is_some() && !(service.is_tls() || is_local(service)) {
        findings.push(Finding::fail(
            TOKEN,
            "it was not sent, because everybody on the way could read it",
            "a URL with `https://`",
            "give that URL, or ask from the machine of the service",
        ));
    } else if token.is_some() {
        ask("/Users?count=1", token, &open).await;
        ask("/ServiceProviderConfig", token, &configured).await;
    }
}

/// What to do about a service that does not answer.
fn unreachable(error: &AskError) -> Finding {
    match error {
        AskError::Tls(cause) => tls(cause),
        error => Finding::fail(
            SERVICE,
            std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
            "an answer",
            "look whether the server runs, and at URL, network and firewall",
        ),
    }
}

/// What to do where TLS fails.
fn tls(error: &io::Error) -> Finding {
    let expected = "a certificate of an authority that is known here, for the host of the URL, and valid now";
    let mend = match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(error)) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "issue a new certificate: it has expired"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "issue one for this host, or correct the URL"
            }
            CertificateError::UnknownIssuer => {
                "give its authority with `--ca`, or all of the chain in `--tls-cert` of the server"
            }
            _ => "issue a new certificate",
        },
        Some(Error::AlertReceived(_)) => {
            "give `--client-cert` and `--client-key`, where the server asks for a certificate"
        }
        _ => {
            "look whether the server speaks TLS at this port; where it asks for a certificate, give `--client-cert` and `--client-key`"
        }
    };
    Finding::fail(CERTIFICATE, error, expected, mend)
}

fn healthy(health: &Answer) -> Finding {
    match health.status {
        StatusCode::OK => Finding::ok(SERVICE, "it answers and is healthy"),
        StatusCode::SERVICE_UNAVAILABLE => {
            Finding::fail(SERVICE, "it answers 503", "200", "look at its log: most often its database does not answer")
        }
        status => Finding::fail(
            SERVICE,
            format!("`/health` answers {}", status.as_u16()),
            "200",
            "give the base URL of the service with its path, such as `/scim/v2`",
        ),
    }
}

/// Whether the service is on the same machine, by its name.
fn is_local(service: &Service) -> bool {
    let host = service.host();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether nobody reads along, and for how long.
fn encrypted(service: &Service, answer: &Answer, now: DateTime<Utc>) -> Finding {
    match &answer.certificate {
        Some(facts) => dates(CERTIFICATE, facts, now),
        None if service.is_tls() => {
            Finding::fail(CERTIFICATE, "it cannot be read", "an X.509 certificate", "issue a new one")
        }
        None if is_local(service) => Finding::ok(CERTIFICATE, "none is needed on the same machine"),
        None => Finding::fail(
            CERTIFICATE,
            "the URL begins with `http://`",
            "`https://`",
            "give the server `--tls-cert` and `--tls-key`, or have a proxy end TLS before it",
        ),
    }
}

fn clock(answer: &Answer) -> Option<Finding> {
    let date = answer.headers.get(DATE)?.to_str().ok()?;
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.to_utc();
    Some(compared("clock of the service", theirs, Utc::now()))
}

/// Whether strangers stay outside.
fn closed(answer: &Answer, shows_certificate: bool) -> Finding {
    match answer.status {
        StatusCode::UNAUTHORIZED => Finding::ok(AUTHENTICATION, "without a token 401"),
        StatusCode::OK | StatusCode::FORBIDDEN if shows_certificate => {
            Finding::ok(AUTHENTICATION, "the certificate of the client is enough, as its registration says")
        }
        status => Finding::fail(
            AUTHENTICATION,
            format!("without a token {}", status.as_u16()),
            "401",
            "look what answers in place of the service, or lets requests in without a token",
        ),
    }
}

/// Whether the token is let in, whatever it may do.
fn open(answer: &Answer) -> Finding {
    match answer.status {
        StatusCode::OK => Finding::ok(TOKEN, "it is accepted"),
        StatusCode::FORBIDDEN => Finding::ok(TOKEN, "it is accepted, and its client may not read users"),
        status => Finding::fail(
            TOKEN,
            format!("with it {}", status.as_u16()),
            "200",
            "give a token that has not expired, from the networks and with the certificate of its client",
        ),
    }
}

/// Whether it is a SCIM service that answers.
fn configured(answer: &Answer) -> Finding {
    const CHECK: &str = "configuration of the service";
    let config = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    if config.pointer("/schemas/0").and_then(Value::as_str) == Some(urn::SERVICE_PROVIDER_CONFIG) {
        return Finding::ok(CHECK, "`/ServiceProviderConfig` is there");
    }
    Finding::fail(
        CHECK,
        format!("`/ServiceProviderConfig` is something else, with the status {}", answer.status.as_u16()),
        "the document of RFC 7643 section 5",
        "give the base URL of the service with its path, such as `/scim/v2`",
    )
}
