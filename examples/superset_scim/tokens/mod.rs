//! `superset-scim tokens`: the credentials in the file of `--clients`.
//!
//! A running server reads the file again by itself. When a token was last used is not kept anywhere: a file that is written at every
//! request would be neither cheap nor safe. The log of the server has the client of each request (`--verbose`).

mod clients_file;
mod credential;
mod list;
mod times;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use clients_file::{Client, ClientsFile, NewClient};
use credential::{Credential, Kind};
use times::{Expiry, Span};

#[derive(Args)]
pub(crate) struct TokensArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Register a client with a token, or give one that has none its first; the token is printed, once
    New(New),
    /// Show who has which, and how long; ends with 1 where one has expired or does within 14 days
    List(List),
    /// Make a second token beside the one that a client has, and end that one after a while; the new one is printed, once
    Rotate(Rotate),
    /// Take tokens away at once
    Revoke(Revoke),
}

#[derive(Args)]
struct New {
    #[command(flatten)]
    whose: Whose,
    /// Tenant that a new client is confined to
    #[arg(long)]
    tenant: Option<String>,
    /// What a new client may do: scim, scim.read, scim.users or scim.groups; may be given several times; scim unless given
    #[arg(long)]
    scope: Vec<String>,
    /// Network that a new client may come from, such as 192.0.2.0/24; may be given several times; everywhere unless given
    #[arg(long)]
    network: Vec<String>,
    /// When it ends: a day such as 2027-11-01, a time as RFC 3339 has it, or a span such as 90d
    #[arg(long, default_value = "365d")]
    expires: Expiry,
}

#[derive(Args)]
struct List {
    /// The file of clients
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
}

#[derive(Args)]
struct Rotate {
    #[command(flatten)]
    whose: Whose,
    /// How much longer the old one lasts, such as 7d or 12h
    #[arg(long, default_value = "7d")]
    overlap: Span,
    /// When the new one ends
    #[arg(long, default_value = "365d")]
    expires: Expiry,
}

#[derive(Args)]
struct Revoke {
    #[command(flatten)]
    whose: Whose,
    /// The one whose SHA-256 begins so, as `list` shows it
    #[arg(long, value_name = "PREFIX", required_unless_present = "all")]
    hash: Option<String>,
    /// All tokens and secrets of the client
    #[arg(long, conflicts_with_all = ["hash", "secret"])]
    all: bool,
}

/// Whose credentials are meant, and which of the two kinds.
#[derive(Args)]
struct Whose {
    /// The file of clients
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
    /// The id of the client
    #[arg(long, value_name = "ID")]
    client: String,
    /// The client secret, with which a client gets access tokens at the token endpoint, in place of a static token
    #[arg(long)]
    secret: bool,
}

impl Whose {
    fn kind(&self) -> Kind {
        if self.secret { Kind::Secret } else { Kind::Token }
    }
}

#[expect(clippy::unused_async, reason = "the commands of the program look alike")]
pub(crate) async fn run(arguments: TokensArguments) -> Result<ExitCode, Box<dyn Error>> {
    let now = Utc::now();
    match arguments.action {
        Action::New(arguments) => new(&arguments, now)?,
        Action::Rotate(arguments) => rotate(&arguments, now)?,
        Action::Revoke(arguments) => revoke(&arguments, now)?,
        Action::List(List { clients }) => {
            let clients = ClientsFile::open(&clients)?.clients();
            print!("{}", list::table(&clients, now));
            return Ok(ExitCode::from(u8::from(list::expiring(&clients, now).next().is_some())));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The tokens and secrets of a file that have expired, or do soon, for people.
pub(crate) fn attention(path: &Path, now: DateTime<Utc>) -> Result<Vec<String>, Box<dyn Error>> {
    let clients = ClientsFile::open(path)?.clients();
    let told = |(client, credential): (&Client, &Credential)| {
        let ends = credential.expires.map(times::shown).unwrap_or_default();
        format!("the {} {} of client `{}` ends at {ends}", credential.kind, credential.short(), client.id)
    };
    Ok(list::expiring(&clients, now).map(told).collect())
}

fn new(arguments: &New, now: DateTime<Utc>) -> Result<(), Box<dyn Error>> {
    let New { whose, tenant, scope, network, expires } = arguments;
    let (id, kind, ends) = (&*whose.client, whose.kind(), expires.after(now)?);
    let mut file = ClientsFile::open_or_create(&whose.clients)?;
    match file.client(id) {
        None => {
            let scopes = if scope.is_empty() { &["scim".to_owned()][..] } else { scope };
            file.add_client(&NewClient { id, tenant: tenant.as_deref(), scopes, networks: network })?;
        }
        Some(client) if client.live(kind, now).next().is_some() => {
            return Err(format!("client `{id}` has a {kind} already: expected `tokens rotate`, or another id").into());
        }
        Some(_) if tenant.is_some() || !scope.is_empty() || !network.is_empty() => {
            return Err(format!(
                "client `{id}` is there already: expected neither `--tenant` nor `--scope` nor `--network`, which are in the file"
            )
            .into());
        }
        Some(_) => {}
    }
    issue(file, id, kind, ends)
}

fn rotate(arguments: &Rotate, now: DateTime<Utc>) -> Result<(), Box<dyn Error>> {
    let Rotate { whose, overlap, expires } = arguments;
    let (id, kind, ends) = (&*whose.client, whose.kind(), expires.after(now)?);
    let mut file = ClientsFile::open(&whose.clients)?;
    let client = file.client(id).ok_or_else(|| unknown(id))?;
    let live: Vec<&Credential> = client.live(kind, now).collect();
    let old = match live[..] {
        [old] => old.clone(),
        [] => return Err(format!("client `{id}` has no {kind} that could be replaced: expected `tokens new`").into()),
        _ => {
            return Err(format!(
                "client `{id}` has two {kind}s already: expected `tokens revoke` of one of them, or that it expires"
            )
            .into());
        }
    };
    let last = overlap.after(now)?;
    let last = old.expires.filter(|expires| *expires < last).unwrap_or(last);
    file.expire(id, &old, last)?;
    for expired in client.credentials.iter().filter(|credential| credential.kind == kind && !credential.is_live(now)) {
        file.remove(id, expired)?;
    }
    issue(file, id, kind, ends)?;
    eprintln!("the {kind} {} ends at {}", old.short(), times::shown(last));
    Ok(())
}

fn revoke(arguments: &Revoke, now: DateTime<Utc>) -> Result<(), Box<dyn Error>> {
    let Revoke { whose, hash, all } = arguments;
    let (id, kind) = (&*whose.client, whose.kind());
    let mut file = ClientsFile::open(&whose.clients)?;
    let client = file.client(id).ok_or_else(|| unknown(id))?;
    let chosen: Vec<&Credential> = match hash.as_deref() {
        Some(prefix) => {
            let prefix = prefix.to_ascii_lowercase();
            let of_kind = client.credentials.iter().filter(|credential| credential.kind == kind);
            let found: Vec<_> = of_kind.filter(|credential| credential.sha256.starts_with(&prefix)).collect();
            match found.len() {
                1 if !prefix.is_empty() => found,
                0 => return Err(format!("client `{id}` has no {kind} whose SHA-256 begins with `{prefix}`").into()),
                _ => return Err(format!("`{prefix}` is the beginning of several: expected more digits").into()),
            }
        }
        None if *all => client.credentials.iter().collect(),
        None => return Err("expected `--hash PREFIX` or `--all`".into()),
    };
    for credential in &chosen {
        file.revoke(id, credential, now)?;
    }
    file.save()?;
    for credential in chosen {
        eprintln!("revoked: the {} {} of client `{id}`", credential.kind, credential.short());
    }
    Ok(())
}

fn unknown(id: &str) -> String {
    format!("there is no client `{id}` in the file: expected one that `tokens list` shows")
}

/// Gives a client a new credential, and shows it once it is in the file.
fn issue(mut file: ClientsFile, id: &str, kind: Kind, ends: Option<DateTime<Utc>>) -> Result<(), Box<dyn Error>> {
    let text = credential::draw(kind)?;
    let credential = Credential::of(kind, &text, ends);
    file.add(id, &credential)?;
    file.save()?;
    let until = ends.map(|ends| format!(", until {}", times::shown(ends))).unwrap_or_default();
    eprintln!("a {kind} of client `{id}`, SHA-256 {}{until}; it is shown this once:", credential.short());
    println!("{text}");
    Ok(())
}

#[cfg(test)]
mod tests;
