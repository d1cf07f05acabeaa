//! A throw-away `MariaDB`.

use std::path::PathBuf;

use crate::engine::server::{Account, Server, data_folder, free_port, program};

pub(super) fn start() -> Result<Server, String> {
    let programs: Vec<PathBuf> =
        ["/usr/sbin/mariadbd", "/usr/bin/mariadbd", "/usr/local/bin/mariadbd"].map(Into::into).into();
    let mariadbd = program(&programs, "MariaDB")?;
    let installers: Vec<PathBuf> =
        ["/usr/bin/mariadb-install-db", "/usr/local/bin/mariadb-install-db"].map(Into::into).into();
    let installer = program(&installers, "mariadb-install-db")?;
    let account = Account::find("mysql")?;
    let folder = data_folder(account);
    let data = folder.path().join("data");
    let mut install = Account::command(account, &installer);
    install.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
    install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
    if !install.status().map_err(|error| error.to_string())?.success() {
        return Err("mariadb-install-db failed".to_owned());
    }
    let port = free_port();
    let mut command = Account::command(account, &mariadbd);
    command.arg("--no-defaults").arg(format!("--datadir={}", data.display())).arg(format!("--port={port}"));
    command.arg(format!("--socket={}", folder.path().join("socket").display()));
    command.args(["--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0", "--max-connections=500"]);
    let url = format!("mysql://root@127.0.0.1:{port}/mysql");
    Server::start(command, port, url, "-KILL", folder)
}
