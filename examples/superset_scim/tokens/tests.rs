#![allow(clippy::panic, reason = "a test may panic")]

use clap::Parser;
use proptest::prelude::*;
use scim_service::oauth::Clients;

use super::*;

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    tokens: TokensArguments,
}

/// A file of clients in a folder of its own.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn with(text: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let lab = Self::new();
        std::fs::write(lab.path(), text).unwrap();
        std::fs::set_permissions(lab.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
        lab
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("clients.toml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn clients(&self) -> Vec<clients_file::Client> {
        ClientsFile::open(&self.path()).unwrap().clients()
    }

    /// Runs a command at a time.
    fn run_at(&self, now: DateTime<Utc>, command: &str) -> Result<(), String> {
        let path = self.path();
        let mut words = vec!["program"];
        words.extend(command.split(' '));
        words.extend(["--clients", path.to_str().unwrap()]);
        let outcome = match Program::try_parse_from(words).map_err(|error| error.to_string())?.tokens.action {
            Action::New(arguments) => new(&arguments, now),
            Action::Rotate(arguments) => rotate(&arguments, now),
            Action::Revoke(arguments) => revoke(&arguments, now),
            Action::List(_) => Ok(()),
        };
        outcome.map_err(|error| error.to_string())
    }

    fn run(&self, command: &str) -> Result<(), String> {
        self.run_at(Utc::now(), command)
    }
}

/// A file with comments everywhere.
fn commented() -> String {
    format!(
        "# the clients of acme\n\n[[client]] # entra first\nid = \"entra\"   # the app\nscopes = [\"scim\"]\n\
         tokens = [\n    # from 2026\n    {{ sha256 = \"{HASH}\" }}, # kept by Bo\n]\n\n# a key of its own\n[client.assertion]\n\
         issuer = \"i\" # tenant 7\nsubject = \"s\"\naudience = \"a\"\njwks_url = \"https://idp.example/keys\"\n"
    )
    .replace("jwks_url = \"https://idp.example/keys\"", "jwks_file = \"jwks.json\"")
}

fn with_keys(lab: Lab) -> Lab {
    let keys = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    std::fs::write(lab.folder.path().join("jwks.json"), keys).unwrap();
    lab
}

#[test]
fn a_new_client_is_in_a_file_that_its_owner_alone_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new();
    lab.run(
        "new --client okta --tenant acme --scope scim.users --scope scim.read --network 192.0.2.0/24 --expires 90d",
    )
    .unwrap();
    assert_eq!(std::fs::metadata(lab.path()).unwrap().permissions().mode() & 0o777, 0o600);
    let clients: Clients = toml::from_str(&lab.text()).unwrap();
    let okta = clients.client("okta").unwrap();
    assert_eq!((okta.tenant(), okta.scopes().to_string()), (Some("acme"), "scim.read scim.users".to_owned()));
    let [client] = &lab.clients()[..] else { panic!("one client") };
    assert_eq!(client.networks, ["192.0.2.0/24"]);
    assert_eq!(client.credentials.len(), 1);
    // The other kind comes to the same client.
    lab.run("new --client okta --secret --expires never").unwrap();
    assert_eq!(lab.clients()[0].credentials[1].expires, None);
    for refused in ["new --client okta", "new --client okta --secret"] {
        let error = lab.run(refused).unwrap_err();
        assert!(error.contains("expected `tokens rotate`"), "{error}");
    }
}

#[test]
fn what_servers_would_refuse_is_not_written() {
    let lab = Lab::new();
    for (command, told) in [
        ("new --client okta --scope admin", "`scopes[0]`: expected `scim`"),
        ("new --client okta --network here", "`networks[0]`: expected a network"),
        ("new --client \u{fc} --scope scim", "`id`: expected at most 255"),
        ("new --client okta --expires 2020-01-01", "expected a time to come"),
        ("rotate --client okta", "cannot read clients"),
    ] {
        let error = lab.run(command).unwrap_err();
        assert!(error.contains(told), "{command}: {error}");
        assert!(!lab.path().exists(), "{command}");
    }
    assert_eq!(std::fs::read_dir(lab.folder.path()).unwrap().count(), 0, "nothing is left behind");
    let broken = Lab::with("[[client]]\nid = \"okta\"\n");
    assert!(broken.run("new --client entra").unwrap_err().contains("clients.toml"));
    use std::os::unix::fs::PermissionsExt;
    let open = Lab::with(&commented());
    std::fs::set_permissions(open.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(open.run("new --client okta").unwrap_err().contains("chmod 600"));
}

#[test]
fn e3_a_token_is_rotated_with_an_overlap_and_two_are_the_most() {
    let (lab, now) = (with_keys(Lab::with(&commented())), Utc::now());
    lab.run_at(now, "rotate --client entra --overlap 7d").unwrap();
    let text = lab.text();
    for comment in
        ["# the clients of acme", "# entra first", "# the app", "# from 2026", "# a key of its own", "# tenant 7"]
    {
        assert!(text.contains(comment), "{comment}: {text}");
    }
    let ends: Vec<_> = lab.clients()[0].credentials.iter().map(|credential| credential.expires).collect();
    let days: Vec<_> = ends.iter().map(|ends| (ends.unwrap() - now).num_hours()).collect();
    assert!((167..=168).contains(&days[0]) && (8759..=8760).contains(&days[1]), "{days:?}");
    assert!(lab.run_at(now, "rotate --client entra").unwrap_err().contains("has two tokens already"));
    // The old one has ended, and goes.
    let later = now + chrono::TimeDelta::days(8);
    lab.run_at(later, "rotate --client entra").unwrap();
    let credentials = &lab.clients()[0].credentials;
    assert!(credentials.len() == 2 && credentials.iter().all(|credential| credential.sha256 != HASH));
    assert!(lab.run("rotate --client entra --secret").unwrap_err().contains("expected `tokens new`"));
    assert!(lab.run("rotate --client nobody").unwrap_err().contains("no client `nobody`"));
}

#[test]
fn what_is_revoked_is_refused_and_the_client_stays() {
    let lab =
        Lab::with(&format!("[[client]]\nid = \"okta\"\nscopes = [\"scim\"]\ntokens = [{{ sha256 = \"{HASH}\" }}]\n"));
    for (command, told) in [
        ("revoke --client okta --hash 00", "no token whose SHA-256 begins with `00`"),
        ("revoke --client okta --hash 9f86 --secret", "no secret"),
        ("revoke --client nobody --all", "no client `nobody`"),
        ("revoke --client okta", "--hash"),
    ] {
        assert!(lab.run(command).unwrap_err().contains(told), "{command}");
    }
    lab.run("revoke --client okta --hash 9F86D081").unwrap();
    // A file without the last credential would be refused, and servers would keep the token.
    let credentials = lab.clients().remove(0).credentials;
    assert!(!credentials[0].is_live(Utc::now()), "{credentials:?}");
    lab.run("new --client okta").unwrap();
    lab.run("revoke --client okta --hash 9f86").unwrap();
    assert_eq!(lab.clients()[0].credentials.len(), 1, "beside another one it is removed");
    lab.run("new --client okta --secret").unwrap();
    lab.run("revoke --client okta --all").unwrap();
    assert!(lab.clients()[0].credentials.iter().all(|credential| !credential.is_live(Utc::now())));
}

#[test]
fn the_list_tells_who_has_how_long() {
    let now: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().unwrap();
    let client = |expires: &str| {
        let expires = if expires.is_empty() { String::new() } else { format!(", expires = {expires}") };
        let text = format!(
            "[[client]]\nid = \"okta\"\nscopes = [\"scim\"]\nnetworks = [\"::1\"]\nsecrets = [{{ sha256 = \"{HASH}\"{expires} }}]\n"
        );
        Lab::with(&text).clients()
    };
    for (expires, attention, left) in [
        ("", false, "never"),
        ("2027-03-02T00:00:00Z", false, "2027-03-02T00:00:00Z  60"),
        ("\"2027-01-14T00:00:00Z\"", true, "2027-01-14T00:00:00Z  13"),
        ("2026-03-02T00:00:00Z", true, "2026-03-02T00:00:00Z  expired"),
    ] {
        let clients = client(expires);
        assert_eq!(list::expiring(&clients, now).next().is_some(), attention, "{expires}");
        let table = list::table(&clients, now);
        let row = table.lines().nth(1).unwrap().to_owned();
        assert!(row.starts_with("okta    secret  9f86d081884c  scim    ::1") && row.ends_with(left), "{table}");
    }
}

/// Commands in any order, at any time.
fn command() -> impl Strategy<Value = (String, i64)> {
    let client = prop::sample::select(vec!["entra", "okta", "ping"]);
    let kind = prop::sample::select(vec!["", " --secret"]);
    let action = prop::sample::select(vec![
        "new --expires 30d",
        "rotate --overlap 3d --expires 20d",
        "revoke --hash",
        "revoke --all",
    ]);
    (action, client, kind, "[0-9a-f]{1,2}", 0..40_i64).prop_map(|(action, client, kind, prefix, days)| {
        let command = match action {
            "revoke --hash" => format!("revoke --hash {prefix} --client {client}{kind}"),
            "revoke --all" => format!("revoke --all --client {client}"),
            other => format!("{other} --client {client}{kind}"),
        };
        (command, days)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_written_servers_take(commands in prop::collection::vec(command(), 1..12)) {
        let lab = with_keys(Lab::with(&commented()));
        // The reader of servers counts what is live now.
        let mut now = Utc::now() - chrono::TimeDelta::days(480);
        for (command, days) in commands {
            now += chrono::TimeDelta::days(days);
            let (before, outcome) = (lab.text(), lab.run_at(now, &command));
            if let Err(error) = &outcome {
                prop_assert_eq!(lab.text(), before, "{}: {}", command, error);
            }
            let text = lab.text();
            prop_assert!(toml::from_str::<Clients>(&text).is_ok(), "{}\n{}", command, text);
            prop_assert!(text.contains("# the clients of acme") && text.contains("# tenant 7"), "{}\n{}", command, text);
            for client in lab.clients() {
                for kind in Kind::BOTH {
                    prop_assert!(client.live(kind, now).count() <= 2, "{}\n{}", command, text);
                }
            }
        }
    }
}
