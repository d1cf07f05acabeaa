//! Files that hold secrets, and the tokens in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

/// A token that somebody made up is shorter, or repeats itself. 24 characters of Base64 are 144 bits, of hexadecimal 96.
const MIN_TOKEN_LEN: usize = 24;
const MIN_TOKEN_CHARACTERS: usize = 10;

/// A file of secrets can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// It can't be read.
    #[error("cannot read {what} `{}`", path.display())]
    Read {
        /// What should be in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Every user of the machine can read it, or write to it.
    #[error("{what} `{}` is open to every user of this machine: expected a file mode such as 600 (`chmod 600`)", path.display())]
    Open {
        /// What is in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
}

/// Reads a file of secrets, which other users of the machine must not be able to read.
///
/// # Errors
///
/// [`SecretFileError`] where they are, or the file can't be read.
pub fn read_secret(path: &Path, what: &'static str) -> Result<String, SecretFileError> {
    let failed = |source| SecretFileError::Read { what, path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    if is_open(&metadata) {
        return Err(SecretFileError::Open { what, path: path.to_owned() });
    }
    fs::read_to_string(path).map_err(failed)
}

/// The secret in the first line of such a file, without the space around it.
///
/// # Errors
///
/// As [`read_secret`].
pub fn read_secret_line(path: &Path, what: &'static str) -> Result<String, SecretFileError> {
    Ok(read_secret(path, what)?.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(unix)]
fn is_open(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    // A pipe (`<(...)` of a shell) is no file that anybody else could open.
    metadata.is_file() && metadata.permissions().mode() & 0o006 != 0
}

#[cfg(not(unix))]
fn is_open(_: &fs::Metadata) -> bool {
    false
}

/// Whether a token is one that a machine drew, as far as its looks go.
pub(crate) fn looks_random(token: &str) -> bool {
    let characters: BTreeSet<char> = token.chars().collect();
    token.len() >= MIN_TOKEN_LEN && characters.len() >= MIN_TOKEN_CHARACTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn x14_a_secret_that_everybody_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "  a-token \nrest\n").unwrap();
        for (mode, fits) in
            [(0o600, true), (0o400, true), (0o440, true), (0o644, false), (0o604, false), (0o602, false)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match read_secret_line(&path, "token") {
                Ok(token) => assert!(fits && token == "a-token", "{mode:o}"),
                Err(error) => assert!(!fits && error.to_string().contains("chmod 600"), "{mode:o}: {error}"),
            }
        }
        assert!(matches!(read_secret(&folder.path().join("none"), "token"), Err(SecretFileError::Read { .. })));
    }

    #[test]
    fn x14_a_token_that_somebody_made_up_shows() {
        for weak in ["", "secret", "secret-token", "password-password-password", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(!looks_random(weak), "{weak}");
        }
        // As `openssl rand -base64 18`, `openssl rand -hex 32` and a random UUID are written.
        for strong in [
            "kq3Yw0mB8yqJf2dJt0nVZz1x",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "3f0c1e9a-5b7d-4a62-8d1f-9c2e7b6a4d05",
        ] {
            assert!(looks_random(strong), "{strong}");
        }
    }
}
