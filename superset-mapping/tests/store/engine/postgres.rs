//! A throw-away `PostgreSQL`.

use std::path::PathBuf;

use crate::engine::server::{Account, Server, data_folder, free_port, program};

pub(super) fn start() -> Result<Server, String> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin/postgres")).collect())
        .unwrap_or_default();
    versions.sort();
    versions.reverse();
    versions.push("/usr/local/bin/postgres".into());
    versions.push("/usr/bin/postgres".into());
    let postgres = program(&versions, "PostgreSQL")?;
    let account = Account::find("postgres")?;
    let folder = data_folder(account);
    let data = folder.path().join("data");
    let mut initdb = Account::command(account, &postgres.with_file_name("initdb"));
    initdb.arg("-D").arg(&data).args(["-U", "scim", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
    if !initdb.status().map_err(|error| error.to_string())?.success() {
        return Err("initdb failed".to_owned());
    }
    let port = free_port();
    let mut command = Account::command(account, &postgres);
    command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
    command.arg("-k").arg(folder.path());
    for setting in ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=200"] {
        command.args(["-c", setting]);
    }
    let url = format!("postgres://scim@127.0.0.1:{port}/postgres");
    Server::start(command, port, url, "-QUIT", folder)
}
