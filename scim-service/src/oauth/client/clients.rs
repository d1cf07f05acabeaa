//! All clients, checked as a whole.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::auth::BearerTokens;
use crate::context::Principal;
use crate::oauth::client::certificates::PeerCertificate;
use crate::oauth::client::fields::{Fields, RegistrationError};
use crate::oauth::client::registration::{ClientRegistration, registration};

/// The registered clients, as a file has them.
///
/// What is wrong with one is an error of all: a service never starts with half of them. Of secrets and static tokens the file has the
/// SHA-256 (`printf %s "$secret" | sha256sum`), of each kind at most two that have not expired, so that one can take the place of the
/// other without a gap.
///
/// A client with certificates is let in only over a connection on which it has presented one of them ([`PeerCertificate`]), so that a
/// token, a secret or an assertion is worthless to whoever steals it. `certificates` has the SHA-256 of their DER encoding, at most two
/// that have not expired; `tls_client_auth_san_dns` or `tls_client_auth_san_uri` is the subject alternative name of any number of them
/// (RFC 8705 section 2.1.2), compared as a whole, without wildcards. With `certificate_alone = true` such a certificate is a credential by
/// itself: without an `Authorization` header at the service, with nothing but its `client_id` at the token endpoint
/// (`tls_client_auth`). Access tokens of a client with certificates are bound to the one that was presented (RFC 8705 section 3).
///
/// ```
/// use scim_service::oauth::Clients;
///
/// let clients: Clients = toml::from_str(
///     r#"
///     [[client]]
///     id = "entra"                                   # client_id; the name of the principal
///     scopes = ["scim"]                              # or scim.read, scim.users, scim.groups
///     tenant = "acme"                                # where there are tenants
///     networks = ["192.0.2.0/24", "2001:db8::/32"]   # where it may come from; from everywhere without
///     credentials = "body"                           # or "header": never in the body
///     secrets = [{ sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", expires = 2099-11-01T00:00:00Z }]
///     tokens = [{ sha256 = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752" }]
///
///     certificates = [{ sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" }]   # mutual TLS, see below
///
///     [client.assertion]                             # RFC 7523 client authentication, workload identity federation
///     issuer = "https://login.microsoftonline.com/<tenant>/v2.0"
///     subject = "<object id>"
///     audience = "api://<app id>"
///     jwks_url = "https://login.microsoftonline.com/<tenant>/discovery/v2.0/keys"   # or jwks_file
///     "#,
/// )?;
/// assert_eq!(clients.iter().map(|client| client.id()).collect::<Vec<_>>(), ["entra"]);
///
/// let wrong = toml::from_str::<Clients>(r#"client = [{ id = "okta", scopes = ["scim"], secrets = [{ sha256 = "5e" }] }]"#);
/// assert!(wrong.unwrap_err().message().starts_with("client `okta`, `secrets[0].sha256`: expected"));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Value")]
pub struct Clients {
    by_id: BTreeMap<String, ClientRegistration>,
    tokens: BearerTokens,
}

impl TryFrom<Value> for Clients {
    type Error = RegistrationError;

    /// Checks what a file says, in the form that is shown above.
    fn try_from(file: Value) -> Result<Self, RegistrationError> {
        let mut fields = Fields::of(None, "", file)?;
        let now = Utc::now();
        let mut clients = Self::default();
        for (index, value) in fields.array("client")?.into_iter().enumerate() {
            let client = registration(index, value, now)?;
            if clients.by_id.contains_key(client.id()) {
                return Err(RegistrationError::new(Some(client.id()), "id", "an id that no other client has"));
            }
            clients.by_id.insert(client.id().to_owned(), client);
        }
        fields.end()?;
        if clients.by_id.is_empty() {
            // A file that somebody is about to write is not one of nobody.
            return Err(RegistrationError::new(None, "client", "at least one client"));
        }
        clients.check_distinct()?;
        for client in clients.by_id.values() {
            for token in client.tokens() {
                clients.tokens = clients.tokens.with_secret(token.clone(), client.principal().clone());
            }
        }
        Ok(clients)
    }
}

impl Clients {
    /// The clients, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &ClientRegistration> {
        self.by_id.values()
    }

    /// The client with this id.
    pub fn client(&self, id: &str) -> Option<&ClientRegistration> {
        self.by_id.get(id)
    }

    /// Whose static token this is.
    pub(in crate::oauth) fn of_token(&self, token: &str, now: DateTime<Utc>) -> Option<&Principal> {
        self.tokens.find(token, now)
    }

    /// The only client whose certificate this is, among those that need nothing else.
    pub(in crate::oauth) fn of_certificate(
        &self,
        certificate: &PeerCertificate,
        now: DateTime<Utc>,
    ) -> Option<&ClientRegistration> {
        let is = |client: &&ClientRegistration| {
            client.certificates().suffice() && client.certificates().contain(certificate, now)
        };
        let mut found = self.iter().filter(is);
        let first = found.next();
        if found.next().is_some() { None } else { first }
    }

    /// The only client whose assertions are of this issuer and about this subject.
    pub(in crate::oauth) fn of_assertion(&self, issuer: &str, subject: &str) -> Option<&ClientRegistration> {
        let is = |client: &&ClientRegistration| {
            client.assertion().is_some_and(|assertion| assertion.issuer == issuer && assertion.subject == subject)
        };
        let mut found = self.iter().filter(is);
        let first = found.next();
        if found.next().is_some() { None } else { first }
    }

    /// Refuses clients that nobody could tell apart: two that have one token.
    fn check_distinct(&self) -> Result<(), RegistrationError> {
        let mut owners = HashMap::new();
        for client in self.iter() {
            for (index, token) in client.tokens().iter().enumerate() {
                if let Some(other) = owners.insert(token.hash(), client.id()) {
                    let expected = format!("a token of its own: client `{other}` has it too");
                    return Err(RegistrationError::new(Some(client.id()), format!("tokens[{index}]"), expected));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn read(text: &str) -> Result<Clients, String> {
        toml::from_str(&text.replace("HASH", HASH)).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn e3_at_most_two_secrets_are_live() {
        let secret = |year: u32| format!("{{ sha256 = \"HASH\", expires = {year}-11-01T00:00:00Z }}");
        let client = |years: &[u32]| {
            let secrets: Vec<String> = years.iter().copied().map(secret).collect();
            read(&format!("[[client]]\nid = \"a\"\nscopes = [\"scim\"]\nsecrets = [{}]", secrets.join(", ")))
        };
        assert!(client(&[2020, 2021, 2098, 2099]).is_ok());
        assert_eq!(
            client(&[2097, 2098, 2099]).unwrap_err(),
            "client `a`, `secrets`: expected at most 2 that have not expired"
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_client_and_key_and_without_secrets() {
        let client = |rest: &str| format!("[[client]]\nid = \"okta\"\n{rest}");
        let fit = "scopes = [\"scim\"]\ntokens = [{ sha256 = \"HASH\" }]\n";
        let assertion = "issuer = \"i\"\nsubject = \"s\"\naudience = \"a\"\n";
        let of_assertion = |rest: &str| client(&format!("{fit}[client.assertion]\n{rest}"));
        for (text, said) in [
            (String::new(), "`client`: expected at least one client"),
            ("client = 7".to_owned(), "`client`: expected an array"),
            ("clients = []".to_owned(), "`clients`: expected one of the keys `client`"),
            ("client = [7]".to_owned(), "client `1`, ``: expected a table"),
            ("[[client]]\nscopes = [\"scim\"]".to_owned(), "client `1`, `id`: expected a string, which is missing"),
            ("[[client]]\nid = \"\u{fc}\"".to_owned(), "client `1`, `id`: expected at most 255 printable"),
            (client("") + &client(fit), "client `okta`, `scopes`: expected at least one of `scim`"),
            (client(fit) + &client(fit), "client `okta`, `id`: expected an id that no other client has"),
            (client("scopes = [\"scim\", \"s3cret\"]"), "client `okta`, `scopes[1]`: expected `scim`, "),
            (client("scopes = \"s3cret\""), "client `okta`, `scopes`: expected an array of strings"),
            (client("scopes = [\"scim\"]"), "client `okta`, `secrets`: expected at least one of `secrets`, `tokens`"),
            (client("scopes = [\"scim\"]\nsecrets = [\"s3cret\"]"), "client `okta`, `secrets[0]`: expected a table"),
            (
                client("scopes = [\"scim\"]\nsecrets = [{ sha256 = \"s3cret\" }]"),
                "client `okta`, `secrets[0].sha256`: expected the SHA-256",
            ),
            (
                client("scopes = [\"scim\"]\ntokens = [{ sha256 = \"HASH\", expires = 2027-11-01 }]"),
                "client `okta`, `tokens[0].expires`: expected a time with its offset",
            ),
            (
                client("scopes = [\"scim\"]\ntokens = [{ sha256 = \"HASH\", expire = \"s3cret\" }]"),
                "client `okta`, `tokens[0].expire`: expected one of the keys `sha256`, `expires`",
            ),
            (
                client("scopes = [\"scim\"]\ncertificates = [{ sha256 = \"s3cret\" }]"),
                "client `okta`, `certificates[0].sha256`: expected the SHA-256 of the DER encoding",
            ),
            (
                client("scopes = [\"scim\"]\ncertificates = [{ sha256 = \"HASH\" }]"),
                "client `okta`, `secrets`: expected at least one of",
            ),
            (
                client(&format!("{fit}certificates = []")),
                "client `okta`, `certificates`: expected at least one certificate",
            ),
            (client(&format!("{fit}certificate_alone = 1")), "client `okta`, `certificate_alone`: expected `true` or"),
            (
                client(&format!("{fit}certificate_alone = true")),
                "client `okta`, `certificate_alone`: expected `certificates`, `tls_client_auth_san_dns` or",
            ),
            (
                client(&format!("{fit}tls_client_auth_san_dns = \"a\"\ntls_client_auth_san_uri = \"b\"")),
                "client `okta`, `tls_client_auth_san_uri`: expected either",
            ),
            (client(&format!("{fit}token = \"s3cret\"")), "client `okta`, `token`: expected one of the keys `id`"),
            (client(&format!("{fit}networks = [\"x\"]")), "client `okta`, `networks[0]`: expected a network"),
            (client(&format!("{fit}credentials = \"s3cret\"")), "client `okta`, `credentials`: expected `body` or"),
            (of_assertion("issuer = \"i\""), "client `okta`, `assertion.subject`: expected a string, which is missing"),
            (
                of_assertion(assertion),
                "client `okta`, `assertion.jwks_file`: expected either `jwks_file` or `jwks_url`",
            ),
            (
                of_assertion(&format!("{assertion}jwks_url = \"http://x\"")),
                "client `okta`, `assertion.jwks_url`: expected a URL that begins with `https://`",
            ),
            (
                client(&format!(
                    "{fit}credentials = \"body\"\n[client.assertion]\n{assertion}jwks_file = \"f\"\ncredentials = \"header\""
                )),
                "client `okta`, `assertion.credentials`: expected the same",
            ),
            (
                client(fit) + &client(fit).replace("okta", "entra"),
                "client `okta`, `tokens[0]`: expected a token of its own: client `entra` has it too",
            ),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.starts_with(said) && !error.contains("s3cret"), "{text}\n{error}");
        }
    }

    #[test]
    fn the_whole_form_is_read() {
        let text = format!(
            "[[client]]\nid = \"entra\"\nscopes = [\"scim.read\", \"scim.users\"]\ntenant = \"acme\"
            secrets = [{{ sha256 = \"{HASH}\", expires = 2099-11-01T00:00:00+01:00 }}]
            networks = [\"127.0.0.0/8\", \"::1\"]
            [client.assertion]\nissuer = \"i\"\nsubject = \"s\"\naudience = \"a\"\njwks_file = \"jwks.json\"
            credentials = \"header\""
        );
        let clients = read(&text).unwrap();
        let client = clients.client("entra").unwrap();
        assert_eq!((client.tenant(), client.scopes().to_string()), (Some("acme"), "scim.read scim.users".to_owned()));
        assert_eq!(client.credentials(), crate::oauth::client::CredentialPlace::Header);
        assert_eq!(client.assertion().unwrap().keys.to_string(), "jwks.json");
        assert!(client.has_secret("test", Utc::now()) && !client.has_secret("Test", Utc::now()));
        assert!(!format!("{clients:?}").contains("9f86d081"));
    }
}
