//! Files that a server reads again when they change, and at SIGHUP.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

/// How often files are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// The state of files: inode, size, and times of change.
pub(crate) type Stamp = Vec<Option<(u64, u64, i64, i64, i64, i64)>>;

/// What changes when somebody writes one of the files, replaces it, or changes who may read it.
pub(crate) fn stamp<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Stamp {
    let of = |path: P| {
        let found = fs::metadata(path).ok()?;
        Some((found.ino(), found.size(), found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()))
    };
    paths.into_iter().map(of).collect()
}

/// What a server has from files.
#[async_trait]
pub(crate) trait Reload: Send + Sync + 'static {
    /// What is in the files, such as `the clients`.
    fn what(&self) -> &'static str;

    /// The first of the files, for the log.
    fn path(&self) -> &Path;

    /// The state of the files now.
    fn stamp(&self) -> Stamp;

    /// Reads the files and puts what they say in the place of what was there. Where it cannot be used, nothing changes.
    async fn reload(&self) -> Result<(), String>;
}

/// Reads files again once they have changed and stay as they are for [`PERIOD`], or at SIGHUP. Where they cannot be used, everything
/// stays as it was, and they are tried again. `used` is the state of the files from which everything is now.
pub(crate) async fn watch(files: impl Reload, mut used: Stamp) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let (mut last, mut told) = (used.clone(), None);
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = sleep(PERIOD) => false,
        };
        let stamp = files.stamp();
        let settled = stamp == std::mem::replace(&mut last, stamp.clone());
        if !asked && (stamp == used || !settled) {
            continue;
        }
        let (what, path) = (files.what(), files.path().display());
        match files.reload().await {
            Ok(()) => {
                tracing::info!(%path, "{what} was read again");
                // From before it was read: what somebody has written since is seen. Where what was read names other files, the next
                // stamp differs, and everything is read once more.
                (used, told) = (stamp, None);
            }
            Err(error) if asked || told.as_ref() != Some(&error) => {
                tracing::error!(%path, error, "{what} stays as it was");
                told = Some(error);
            }
            Err(_) => {}
        }
    }
}

/// An error with its causes.
pub(crate) fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
