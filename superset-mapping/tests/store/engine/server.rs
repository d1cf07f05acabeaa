//! A server that lives as long as the tests.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server; dropped, it ends and its data go.
pub(crate) struct Server {
    pub(super) url: String,
    process: Child,
    /// The signal that ends it at once but in order.
    signal: &'static str,
    _data: TempDir,
}

/// A system user by which servers run that refuse to be root.
#[derive(Clone, Copy)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The user of this name, if we are root and there is one; `None` if we are somebody else already.
    pub(super) fn find(name: &str) -> Result<Option<Self>, String> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if !status.lines().any(|line| line.starts_with("Uid:\t0\t")) {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
        let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name);
        let fields = fields.ok_or_else(|| format!("there is no system user `{name}` to run the server as"))?;
        Ok(Some(Self { user: fields[2].parse().unwrap(), group: fields[3].parse().unwrap() }))
    }

    /// A command that runs as this user.
    pub(super) fn command(account: Option<Self>, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(Self { user, group }) = account {
            command.uid(user).gid(group);
        }
        // The folder that we are in may be closed to the other user.
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// An empty folder that the account may write to.
pub(super) fn data_folder(account: Option<Account>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some(Account { user, group }) = account {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
    }
    folder
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The first of these programs that is there.
pub(super) fn program(candidates: &[PathBuf], what: &str) -> Result<PathBuf, String> {
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| format!("{what} is not installed"))
}

impl Server {
    /// Waits until a server listens.
    pub(super) fn start(
        mut command: Command,
        port: u16,
        url: String,
        signal: &'static str,
        data: TempDir,
    ) -> Result<Self, String> {
        let process = command.spawn().map_err(|error| format!("the server does not start: {error}"))?;
        let mut server = Self { url, process, signal, _data: data };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if started.elapsed() > Duration::from_mins(1) || server.process.try_wait().unwrap().is_some() {
                return Err("the server does not start".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args([self.signal, &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}
