//! The key of the audit, and who seals it.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use superset_mapping::store::audit::{AuditKey, Checkpoint};
use superset_mapping::{StoreOptions, SupersetStore};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::secret_file::read_secret_line;

/// How often rows are sealed.
const SEALED_EVERY: Duration = Duration::from_secs(1);
/// How often a checkpoint is written, where there is something new.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);

/// The flag of the key of the audit table, which all programs that write to it have to have.
#[derive(Args, Clone, Debug)]
pub struct AuditKeyFlags {
    /// File whose first line is the key of the audit, of 32 characters or more; without it the rows have plain hashes
    #[arg(long, value_name = "FILE")]
    audit_key_file: Option<PathBuf>,
}

/// Flags of the audit table.
#[derive(Args, Clone, Debug)]
pub struct AuditFlags {
    /// Its key
    #[command(flatten)]
    pub key: AuditKeyFlags,
    /// File to which the end of the chain of the audit is added every minute: keep it where nobody who can change the database writes
    #[arg(long, value_name = "FILE")]
    audit_checkpoints: Option<PathBuf>,
}

/// The key in the first line of a file.
///
/// # Errors
///
/// A file that cannot be read, that everybody can, or whose line is too short for a key.
pub fn audit_key(path: &Path) -> Result<AuditKey, Box<dyn Error>> {
    let key = AuditKey::new(read_secret_line(path, "audit key")?);
    key.map_err(|error| format!("{}: {error}", path.display()).into())
}

impl AuditKeyFlags {
    /// The key, if there is one.
    ///
    /// # Errors
    ///
    /// As [`audit_key`].
    pub fn key(&self) -> Result<Option<AuditKey>, Box<dyn Error>> {
        self.audit_key_file.as_deref().map(audit_key).transpose()
    }

    /// The same options, with the key, if there is one.
    ///
    /// # Errors
    ///
    /// As [`audit_key`].
    pub fn of(&self, options: StoreOptions) -> Result<StoreOptions, Box<dyn Error>> {
        Ok(match self.key()? {
            Some(key) => options.with_audit_key(key),
            None => options,
        })
    }
}

impl AuditFlags {
    /// Seals the audit of this store every second, until [`Sealer::stop`].
    ///
    /// # Errors
    ///
    /// A file for checkpoints that cannot be written to.
    pub fn seal(&self, store: SupersetStore) -> Result<Sealer, Box<dyn Error>> {
        let path = self.audit_checkpoints.clone();
        if let Some(path) = &path {
            // A mistake shows at the start.
            let opened = OpenOptions::new().create(true).append(true).open(path);
            opened.map_err(|error| format!("cannot write to `{}`: {error}", path.display()))?;
        }
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut turns = interval(SEALED_EVERY);
            turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut written: Option<(Instant, i64)> = None;
            let (mut fails, mut keeping_fails) = (false, false);
            loop {
                let is_last = tokio::select! {
                    _ = &mut stopped => true,
                    _ = turns.tick() => false,
                };
                let sealed = store.seal_audit().await;
                // A database that is away is told once, not every second.
                let failed_before = std::mem::replace(&mut fails, sealed.is_err());
                match sealed {
                    Ok(Some(checkpoint)) => {
                        let is_new = written.is_none_or(|(_, number)| number != checkpoint.number);
                        let is_due = is_last || written.is_none_or(|(at, _)| at.elapsed() >= CHECKPOINT_EVERY);
                        if is_new && is_due {
                            let kept = path.as_deref().map_or(Ok(()), |path| append_checkpoint(path, &checkpoint));
                            let failed_before = std::mem::replace(&mut keeping_fails, kept.is_err());
                            match kept {
                                Ok(()) => {
                                    tracing::info!(%checkpoint, "the audit is sealed up to here");
                                    written = Some((Instant::now(), checkpoint.number));
                                }
                                Err(_) if failed_before => {}
                                // Tried again at the next turn; until then the log has it.
                                Err(error) => {
                                    tracing::error!(%error, %checkpoint, "a checkpoint of the audit could not be written");
                                }
                            }
                        }
                    }
                    Err(_) if failed_before => {}
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, "the audit could not be sealed"),
                }
                if is_last {
                    return;
                }
            }
        });
        Ok(Sealer { stop, task })
    }
}

/// The task that seals the audit.
#[derive(Debug)]
pub struct Sealer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Sealer {
    /// Seals once more, and ends.
    pub async fn stop(self) {
        // The task has ended by itself only if it panicked.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that seals the audit failed");
        }
    }
}

/// Adds a checkpoint to a file, in a line of its own: also after one that was cut off when it was written.
///
/// # Errors
///
/// A file that cannot be written to.
pub fn append_checkpoint(path: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let begin = if last == *b"\n" { "" } else { "\n" };
    file.write_all(format!("{begin}{checkpoint}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_begins_a_line_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ends");
        let checkpoint: Checkpoint =
            r#"{"number": 1, "position": 2, "link": "a", "sealed_at": "2026-11-28T00:00:00Z", "signature": "b"}"#
                .parse()
                .unwrap();
        append_checkpoint(&path, &checkpoint).unwrap();
        append_checkpoint(&path, &checkpoint).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{checkpoint}\n{checkpoint}\n"));
        std::fs::write(&path, "cut").unwrap();
        append_checkpoint(&path, &checkpoint).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("cut\n{checkpoint}\n"));
    }
}
