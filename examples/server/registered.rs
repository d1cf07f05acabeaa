//! The file of clients that get access tokens, and the files with the keys of their issuers.

use std::error::Error;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use scim_service::oauth::{Clients, KeyFetcher, KeyLocation, KeySet};
use serde_json::Value;

use crate::clients::{ClientsError, line_of};
use crate::secret_file::read_secret;
use crate::watch::{Stamp, stamp};

/// The file behind `--clients`.
#[derive(Clone, Debug)]
pub struct RegisteredFile {
    path: PathBuf,
}

/// Fetches the keys of issuers: from files, which are found beside the file of clients, and by HTTPS where the feature `fetch` is on.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    folder: PathBuf,
}

impl RegisteredFile {
    /// The file at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the clients, and looks at the files of keys that they name.
    ///
    /// # Errors
    ///
    /// [`ClientsError`] for a file that others can read, or that cannot be used.
    pub fn read(&self) -> Result<Clients, ClientsError> {
        let text = read_secret(&self.path, "clients")?;
        let path = || self.path.clone();
        let file: Value = toml::from_str(&text)
            .map_err(|error| ClientsError::Syntax { path: path(), line: line_of(&error, &text) })?;
        let clients = Clients::try_from(file).map_err(|source| ClientsError::Registration { path: path(), source })?;
        let keys = self.keys();
        for client in clients.iter() {
            let Some(location) = client.assertion().map(|assertion| &assertion.keys) else { continue };
            keys.check(location).map_err(|source| ClientsError::Keys {
                client: client.id().to_owned(),
                location: location.clone(),
                source,
            })?;
        }
        Ok(clients)
    }

    /// The same, for a server that asks clients for certificates, or does not.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and [`ClientsError::Certificates`] where a client could never come in.
    pub fn read_for(&self, asks_clients: bool) -> Result<Clients, ClientsError> {
        let clients = self.read()?;
        let without = clients.iter().find(|client| client.has_certificates()).filter(|_| !asks_clients);
        let without = without.map(|client| client.id().to_owned());
        without.map_or(Ok(clients), |client| Err(ClientsError::Certificates { client }))
    }

    /// What fetches the keys that the clients name.
    pub fn keys(&self) -> KeyFiles {
        KeyFiles { folder: self.path.parent().map(Path::to_owned).unwrap_or_default() }
    }

    /// What changes when somebody writes the file, replaces it, or changes who may read it; and the same of the files of keys that these
    /// clients name.
    pub(crate) fn stamp(&self, clients: &Clients) -> Stamp {
        let keys = clients.iter().filter_map(|client| match &client.assertion()?.keys {
            KeyLocation::File(path) => Some(self.keys().folder.join(path)),
            _ => None,
        });
        stamp(std::iter::once(self.path.clone()).chain(keys))
    }
}

impl KeyFiles {
    /// Who could write the keys could sign as the client.
    fn text(&self, path: &Path) -> Result<String, Box<dyn Error + Send + Sync>> {
        let path = self.folder.join(path);
        if fs::metadata(&path)?.mode() & 0o002 != 0 {
            return Err("everybody can write the file: expected `chmod o-w`".into());
        }
        Ok(fs::read_to_string(path)?)
    }

    /// Refuses a location of which no keys will ever come. An issuer is asked when a client comes.
    fn check(&self, location: &KeyLocation) -> Result<(), Box<dyn Error + Send + Sync>> {
        match location {
            KeyLocation::File(path) => Ok(self.text(path)?.parse::<KeySet>().map(drop)?),
            KeyLocation::Url(_) if cfg!(feature = "fetch") => Ok(()),
            _ => Err("this program is built without an HTTP client: expected `jwks_file`, or a program with the feature `fetch`".into()),
        }
    }
}

#[async_trait]
impl KeyFetcher for KeyFiles {
    async fn fetch(&self, location: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
        match location {
            KeyLocation::File(path) => self.text(path),
            #[cfg(feature = "fetch")]
            KeyLocation::Url(url) => fetch(url).await,
            other => Err(format!("cannot fetch `{other}`").into()),
        }
    }
}

/// Asks an issuer for its keys, and follows no redirection to somebody else.
#[cfg(feature = "fetch")]
async fn fetch(url: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
    const MAX_KEYS: usize = 256 * 1024;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()?;
    let mut answer = client.get(url).send().await?.error_for_status()?;
    let mut body = Vec::new();
    // One chunk beyond the limit is enough to be refused for.
    while let (true, Some(chunk)) = (body.len() <= MAX_KEYS, answer.chunk().await?) {
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const KEYS: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    /// What is said of a file of clients beside a file of keys.
    fn read(clients: &str, keys: &str, mode: u32) -> Result<usize, String> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clients.toml");
        fs::write(folder.path().join("jwks.json"), keys).unwrap();
        fs::write(&path, clients.replace("HASH", HASH)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let clients = RegisteredFile::new(path).read();
        clients.map(|clients| clients.iter().count()).map_err(|error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{error}{cause}")
        })
    }

    #[test]
    fn a_file_of_clients_is_its_owners_alone_and_right_or_refused() {
        let one = "[[client]]\nid = \"a\"\nscopes = [\"scim\"]\nsecrets = [{ sha256 = \"HASH\" }]\n";
        let asserted = format!("{one}[client.assertion]\nissuer = \"i\"\nsubject = \"s\"\naudience = \"a\"\n");
        assert_eq!(read(one, KEYS, 0o600), Ok(1));
        assert_eq!(read(&format!("{asserted}jwks_file = \"jwks.json\""), KEYS, 0o600), Ok(1));
        for (clients, keys, mode, said) in [
            (one.to_owned(), KEYS, 0o644, "chmod 600"),
            ("[[client]]\nid = s3cret".to_owned(), KEYS, 0o600, "line 2: expected TOML"),
            (one.replace("HASH", "s3cret"), KEYS, 0o600, "client `a`, `secrets[0].sha256`: expected the SHA-256"),
            (format!("{asserted}jwks_file = \"none.json\""), KEYS, 0o600, "client `a`: the keys at `none.json`: "),
            (format!("{asserted}jwks_file = \"jwks.json\""), "{}", 0o600, "expected a JSON Web Key Set"),
        ] {
            let error = read(&clients, keys, mode).unwrap_err();
            assert!(error.contains(said) && !error.contains("s3cret"), "{clients}: {error}");
        }
        let by_url = read(&format!("{asserted}jwks_url = \"https://idp.example/keys\""), KEYS, 0o600);
        assert_eq!(by_url.is_ok(), cfg!(feature = "fetch"), "{by_url:?}");
    }
}
