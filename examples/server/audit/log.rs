//! The audit as lines of JSON.

use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use logroller::{LogRoller, LogRollerBuilder, Rotation, RotationSize};
use scim_service::observe::Observer;
use scim_service::observe::ocsf::OcsfWriter;

/// Flags of the audit log.
#[derive(Args, Clone, Debug)]
pub struct AuditLogFlags {
    /// File for the audit: a line of JSON (OCSF 1.8) for each write, and for each request that the service refuses. What the token
    /// endpoint, `--allow` and TLS refuse is in the log alone. While the file cannot be written, writes are answered with 503
    #[arg(id = "audit_log", long = "audit-log", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Size at which the file becomes FILE.1, FILE.1 becomes FILE.2 and so on, in MiB
    #[arg(id = "audit_log_size", long = "audit-log-size", value_name = "MIB", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    size: u64,
    /// How many such files are kept; the oldest goes first
    #[arg(id = "audit_log_keep", long = "audit-log-keep", value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    kept: u64,
}

impl AuditLogFlags {
    /// Who writes the audit log, where there is to be one.
    ///
    /// # Errors
    ///
    /// A file that cannot be written to.
    pub fn observer(&self) -> Result<Option<Arc<dyn Observer>>, Box<dyn Error>> {
        let Some(path) = &self.file else { return Ok(None) };
        let failed = |error: &dyn Error| format!("cannot write the audit log `{}`: {error}", path.display());
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err("expected a file for `--audit-log`".into());
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let file = Rolling::open(folder.join(name), RotationSize::MB(self.size), self.kept);
        Ok(Some(Arc::new(OcsfWriter::new(file.map_err(|error| failed(&error))?))))
    }
}

/// A file that becomes FILE.1 once it is full, and is opened anew where that failed.
struct Rolling {
    open: Box<dyn Fn() -> io::Result<LogRoller> + Send>,
    file: LogRoller,
}

impl Rolling {
    fn open(path: PathBuf, size: RotationSize, kept: u64) -> io::Result<Self> {
        let open = Box::new(move || {
            private(&path)?;
            // The numbers are for people: without them the file can be written all the same.
            if let Err(error) = number_leftovers(&path) {
                tracing::warn!(%error, path = %path.display(), "older files of the audit log have no numbers");
            }
            let (folder, name) = (path.parent().unwrap_or(Path::new(".")), path.file_name().unwrap_or_default());
            LogRollerBuilder::new(folder, Path::new(name))
                .rotation(Rotation::SizeBased(size.clone()))
                .max_keep_files(kept)
                .file_mode(0o600)
                // Flushing waits until the full file has its number.
                .graceful_shutdown(true)
                .build()
                .map_err(io::Error::other)
        });
        Ok(Self { file: open()?, open })
    }
}

impl Write for Rolling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.write(bytes) {
            // Only the rotation fails without an error of the system, and then nothing was written. It would fail from now on, because the
            // full file has been moved away already, or somebody else has moved it.
            Err(error) if error.kind() == ErrorKind::Other && error.raw_os_error().is_none() => {
                self.file.flush()?;
                self.file = (self.open)()?;
                self.file.write(bytes)
            }
            outcome => outcome,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives FILE.pending.N, which a rotation left behind that did not end, the next numbers: the oldest first.
fn number_leftovers(path: &Path) -> io::Result<()> {
    let with = |suffix: &str| {
        let mut name = OsString::from(path);
        name.push(suffix);
        PathBuf::from(name)
    };
    let (folder, name) = (path.parent().unwrap_or(Path::new(".")), path.file_name().unwrap_or_default());
    let prefix = format!("{}.pending.", name.to_string_lossy());
    let mut pending = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse::<u64>().ok());
        pending.extend(number);
    }
    pending.sort_unstable();
    for number in pending {
        let numbered = |number: u64| with(&format!(".{number}"));
        let mut free = 1;
        while numbered(free).exists() {
            free += 1;
        }
        for number in (1..free).rev() {
            fs::rename(numbered(number), numbered(number + 1))?;
        }
        fs::rename(with(&format!(".pending.{number}")), numbered(1))?;
    }
    Ok(())
}

/// Makes the file, if it is not there, for its owner alone: it names people.
fn private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twenty_bytes(path: &Path) -> Rolling {
        Rolling::open(path.to_owned(), RotationSize::Bytes(20), 9).unwrap()
    }

    fn line(file: &mut Rolling, number: u8) -> io::Result<()> {
        file.write_all(format!("line number {number}\n").as_bytes())?;
        file.flush()
    }

    fn all(folder: &Path) -> Vec<(String, String)> {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut read: Vec<_> = files
            .filter(|path| path.is_file())
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap()))
            .collect();
        read.sort();
        read
    }

    fn files(numbers: &[(&str, u8)]) -> Vec<(String, String)> {
        numbers.iter().map(|(name, number)| ((*name).to_owned(), format!("line number {number}\n"))).collect()
    }

    #[test]
    fn a_file_that_somebody_takes_away_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut file = twenty_bytes(&path);
        line(&mut file, 0).unwrap();
        fs::rename(&path, folder.path().join("moved")).unwrap();
        line(&mut file, 1).unwrap();
        fs::remove_file(&path).unwrap();
        line(&mut file, 2).unwrap();
        line(&mut file, 3).unwrap();
        assert_eq!(all(folder.path()), files(&[("audit.jsonl", 3), ("audit.jsonl.1", 2), ("moved", 0)]));
    }

    #[test]
    fn a_rotation_that_ends_half_way_is_ended_by_a_later_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut file = twenty_bytes(&path);
        line(&mut file, 0).unwrap();
        // The full file was moved away, and nothing can be made in its place.
        fs::rename(&path, folder.path().join("audit.jsonl.pending.1")).unwrap();
        let away = folder.path().with_extension("away");
        fs::rename(folder.path(), &away).unwrap();
        fs::write(folder.path(), "no folder").unwrap();
        line(&mut file, 1).unwrap_err();
        line(&mut file, 1).unwrap_err();
        fs::remove_file(folder.path()).unwrap();
        fs::rename(&away, folder.path()).unwrap();
        line(&mut file, 1).unwrap();
        line(&mut file, 2).unwrap();
        assert_eq!(all(folder.path()), files(&[("audit.jsonl", 2), ("audit.jsonl.1", 1), ("audit.jsonl.2", 0)]));
    }

    #[test]
    fn what_a_rotation_left_gets_a_number_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files(&[("a.pending.10", 3), ("a.pending.9", 2), ("a.1", 1), ("a.3", 0), ("a", 4)]) {
            fs::write(folder.path().join(name), text).unwrap();
        }
        drop(twenty_bytes(&folder.path().join("a")));
        assert_eq!(all(folder.path()), files(&[("a", 4), ("a.1", 3), ("a.2", 2), ("a.3", 1), ("a.4", 0)]));
    }

    #[test]
    fn a_full_file_is_kept_under_the_next_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = LogRollerBuilder::new(folder.path(), Path::new("audit.jsonl"))
            .rotation(Rotation::SizeBased(RotationSize::Bytes(20)))
            .max_keep_files(2)
            // Files get their numbers in the background: dropping waits for it.
            .graceful_shutdown(true)
            .build()
            .unwrap();
        for number in 0..6 {
            file.write_all(format!("line number {number}\n").as_bytes()).unwrap();
        }
        drop(file);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("audit.jsonl"), "line number 5\n");
        assert_eq!(read("audit.jsonl.1"), "line number 4\n");
        assert!(!folder.path().join("audit.jsonl.3").exists());
    }
}
