//! The audit as lines of JSON.

use std::error::Error;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use logroller::{LogRollerBuilder, Rotation, RotationSize};
use scim_service::observe::Observer;
use scim_service::observe::ocsf::OcsfWriter;

/// Flags of the audit log.
#[derive(Args, Clone, Debug)]
pub struct AuditLogFlags {
    /// File for the audit: a line of JSON (OCSF 1.8) for each write, and for each request that is refused. While it cannot be
    /// written, writes are answered with 503
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
        private(path).map_err(|error| failed(&error))?;
        let file = LogRollerBuilder::new(folder, Path::new(name))
            .rotation(Rotation::SizeBased(RotationSize::MB(self.size)))
            .max_keep_files(self.kept)
            .file_mode(0o600)
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Some(Arc::new(OcsfWriter::new(file))))
    }
}

/// Makes the file, if it is not there, for its owner alone: it names people.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

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
