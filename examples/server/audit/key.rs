//! The key of the audit, and who seals it.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use superset_mapping::SupersetStore;
use superset_mapping::store::audit::{AuditKey, Checkpoint};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::secret_file::read_secret_line;

/// How often rows are sealed.
const SEALED_EVERY: Duration = Duration::from_secs(1);
/// How often a checkpoint is written, where there is something new.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);

/// Flags of the audit table.
#[derive(Args, Clone, Debug)]
pub struct AuditFlags {
    /// File whose first line is the key of the audit, of 32 characters or more; without it the rows have plain hashes
    #[arg(long, value_name = "FILE")]
    audit_key_file: Option<PathBuf>,
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

impl AuditFlags {
    /// The key, if there is one.
    ///
    /// # Errors
    ///
    /// As [`audit_key`].
    pub fn key(&self) -> Result<Option<AuditKey>, Box<dyn Error>> {
        self.audit_key_file.as_deref().map(audit_key).transpose()
    }

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
            let mut fails = false;
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
                            keep(path.as_deref(), &checkpoint);
                            written = Some((Instant::now(), checkpoint.number));
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

/// Writes a checkpoint where it is kept: to the file, and to the log.
fn keep(path: Option<&Path>, checkpoint: &Checkpoint) {
    tracing::info!(%checkpoint, "the audit is sealed up to here");
    let Some(path) = path else { return };
    let file = OpenOptions::new().create(true).append(true).open(path);
    if let Err(error) = file.and_then(|mut file| file.write_all(format!("{checkpoint}\n").as_bytes())) {
        tracing::error!(%error, path = %path.display(), "a checkpoint of the audit could not be written");
    }
}
