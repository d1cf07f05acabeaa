//! Where a database is, and the first look at it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::driver::error::{DatabaseError, FIRST_ANSWER};

/// What people are told of where a database is. No password is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Host and port, socket or file.
    place: Arc<str>,
    /// What the server knows the database by; `None` for a file.
    name: Option<Arc<str>>,
}

/// A database could not be opened.
#[derive(Debug)]
pub(crate) struct OpenError {
    pub(crate) at: Address,
    pub(crate) cause: DatabaseError,
}

impl Address {
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn of_server(host: &str, port: u16, socket: Option<&Path>, name: Option<&str>) -> Self {
        let place = match socket {
            Some(socket) => socket.display().to_string(),
            None if host.starts_with('/') => host.to_owned(),
            None => format!("{host}:{port}"),
        };
        Self { place: place.into(), name: Some(name.unwrap_or_default().into()) }
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn of_file(file: &Path) -> Self {
        Self { place: file.display().to_string().into(), name: None }
    }

    /// Host and port, socket or file.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Waits for the first answer of the database, but not for long: a host that does not answer would keep everybody waiting
    /// who starts the program, and a pool would try again and again without saying why.
    pub(super) async fn first_look<C>(
        &self,
        connect: impl Future<Output = Result<C, sqlx::Error>>,
    ) -> Result<C, OpenError> {
        let outcome = tokio::time::timeout(FIRST_ANSWER, connect).await.unwrap_or_else(|_| {
            let late = format!("no answer within {} seconds", FIRST_ANSWER.as_secs());
            Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)))
        });
        outcome.map_err(|error| self.failed(error))
    }

    pub(super) fn failed(&self, cause: impl Into<DatabaseError>) -> OpenError {
        OpenError { at: self.clone(), cause: cause.into() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "`{name}` at `{}`", self.place),
            None => write!(f, "`{}`", self.place),
        }
    }
}

/// A URL with the engine that it names. Superset's own URIs name the driver of Python too, as in `postgresql+psycopg2://`, may
/// leave the host out where there is a socket, and call that socket `unix_socket`.
pub(super) fn without_driver(url: &str) -> (&str, Cow<'_, str>) {
    let Some((scheme, rest)) = url.split_once(':') else { return ("", url.into()) };
    let engine = scheme.split_once('+').map_or(scheme, |(engine, _)| engine);
    if engine == scheme && !rest.contains("@/") && !rest.contains("unix_socket=") {
        return (engine, url.into());
    }
    let (authority, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let mut plain = format!("{engine}:{}", authority.replacen("@/", "@localhost/", 1));
    for (separator, parameter) in
        std::iter::once('?').chain(std::iter::repeat('&')).zip(query.into_iter().flat_map(|query| query.split('&')))
    {
        plain.push(separator);
        match parameter.strip_prefix("unix_socket=") {
            Some(socket) => plain.extend(["socket=", socket]),
            None => plain.push_str(parameter),
        }
    }
    (engine, plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s21_supersets_own_uris_are_taken() {
        for (theirs, engine, ours) in [
            ("postgresql+psycopg2://a:b@h:1/d?sslmode=require", "postgresql", "postgresql://a:b@h:1/d?sslmode=require"),
            ("mysql+mysqldb://a:p%2Bw@h/d?charset=utf8mb4", "mysql", "mysql://a:p%2Bw@h/d?charset=utf8mb4"),
            (
                "mysql+pymysql://a:b@/d?unix_socket=/run/m.sock&charset=utf8mb4",
                "mysql",
                "mysql://a:b@localhost/d?socket=/run/m.sock&charset=utf8mb4",
            ),
            ("mariadb+mariadbconnector://h/d", "mariadb", "mariadb://h/d"),
            ("postgresql+psycopg2://a@/d?host=/run/pg", "postgresql", "postgresql://a@localhost/d?host=/run/pg"),
            ("sqlite+pysqlite:////var/x.db", "sqlite", "sqlite:////var/x.db"),
            ("postgres://a:b+c@h/d", "postgres", "postgres://a:b+c@h/d"),
            ("oracle+cx_oracle://h", "oracle", "oracle://h"),
            ("nonsense", "", "nonsense"),
        ] {
            let (found, plain) = without_driver(theirs);
            assert_eq!((found, &*plain), (engine, ours), "{theirs}");
        }
    }
}
