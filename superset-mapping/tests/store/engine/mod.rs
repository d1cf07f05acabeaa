//! The engines that the tests run on.

mod database;
mod mariadb;
mod postgres;
mod server;

pub(crate) use database::{Database, Tables};
use server::Server;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    MySql,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
        }
    }
}

/// An engine that is there.
pub(crate) struct Engine {
    pub(crate) kind: Kind,
    /// The URL of the server, with a database that always exists; empty without a server.
    url: String,
    _server: Option<Server>,
}

impl Engine {
    /// Finds an engine, or says why there is none.
    pub(crate) fn find(kind: Kind) -> Result<Self, String> {
        let (variable, start): (_, fn() -> Result<Server, String>) = match kind {
            Kind::Sqlite => return Ok(Self { kind, url: String::new(), _server: None }),
            Kind::Postgres => ("SCIM_TEST_POSTGRES_URL", postgres::start),
            Kind::MySql => ("SCIM_TEST_MYSQL_URL", mariadb::start),
        };
        if let Ok(url) = std::env::var(variable) {
            return Ok(Self { kind, url, _server: None });
        }
        let server = start().map_err(|reason| format!("{reason}; {variable} is not set"))?;
        Ok(Self { kind, url: server.url.clone(), _server: Some(server) })
    }
}
