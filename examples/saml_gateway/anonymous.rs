//! What reaches Superset without a login: in nobody's name, so that Superset itself decides about it.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Uri};
use thiserror::Error;

/// The header of embedded dashboards, with the token that their host issued to the viewer.
const GUEST_TOKEN: HeaderName = HeaderName::from_static("x-guesttoken");

/// The requests that are passed on without a session of the gateway.
///
/// They lose all cookies and every header that Superset could take for a name, so that they are those of nobody, whatever the path is
/// spelled like. Superset answers them as it answers a stranger, or looks at the token that they bring.
#[derive(Debug)]
pub(crate) struct Anonymous {
    paths: Vec<Path>,
    tokens: bool,
}

#[derive(Debug, PartialEq)]
enum Path {
    Exactly(String),
    /// Those that begin so; it ends with a slash.
    Below(String),
}

/// A path that can't be opened to everybody.
#[derive(Debug, Error)]
#[error(
    "--public-path `{0}`: expected a path such as `/health`, or `/static/` for all below it, other than `/` and `/saml/`"
)]
pub(crate) struct PathError(String);

impl Anonymous {
    /// Lets these paths through and, with `tokens`, requests to `/api/` that bring a token of Superset's own.
    pub(crate) fn new(paths: &[String], tokens: bool) -> Result<Self, PathError> {
        let paths = paths.iter().map(|path| {
            let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'*'));
            if !plain
                || !path.starts_with('/')
                || path.len() < 2
                || path.starts_with("//")
                || path.starts_with("/saml/")
            {
                return Err(PathError(path.clone()));
            }
            Ok(if path.ends_with('/') { Path::Below(path.clone()) } else { Path::Exactly(path.clone()) })
        });
        Ok(Self { paths: paths.collect::<Result<_, _>>()?, tokens })
    }

    /// Whether a request needs no session.
    pub(crate) fn lets_through(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let path = uri.path();
        let public = self.paths.iter().any(|known| match known {
            Path::Exactly(known) => known == path,
            Path::Below(known) => path.starts_with(known),
        });
        public || (self.tokens && path.starts_with("/api/") && has_token(headers))
    }
}

fn has_token(headers: &HeaderMap) -> bool {
    let bearer = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|value| value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")))
    };
    headers.contains_key(GUEST_TOKEN) || headers.get(AUTHORIZATION).is_some_and(bearer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets_through(anonymous: &Anonymous, path: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        anonymous.lets_through(&path.parse().unwrap(), &headers.collect())
    }

    #[test]
    fn s19_paths_are_public_as_they_are_named() {
        let paths = ["/health", "/static/"].map(str::to_owned);
        let anonymous = Anonymous::new(&paths, false).unwrap();
        for path in ["/health", "/health?a=1", "/static/a/b.js"] {
            assert!(lets_through(&anonymous, path, &[]), "{path}");
        }
        for path in
            ["/", "/healthz", "/health/", "/HEALTH", "/static", "/staticx", "/x/static/", "/api/v1/me/", "//health"]
        {
            assert!(!lets_through(&anonymous, path, &[("authorization", "Bearer x")]), "{path}");
        }
        for path in ["", "/", "health", "//x", "/a*", "/a?b", "/a b", "/saml/acs", "https://a.test/", "/ä"] {
            assert!(Anonymous::new(&[path.to_owned()], false).is_err(), "{path}");
        }
    }

    #[test]
    fn s19_tokens_of_superset_need_no_session_where_the_flag_says_so() {
        let anonymous = Anonymous::new(&[], true).unwrap();
        for header in [("authorization", "Bearer x"), ("authorization", "bearer x"), ("x-guesttoken", "x")] {
            assert!(lets_through(&anonymous, "/api/v1/chart/data", &[header]));
            assert!(!lets_through(&anonymous, "/superset/welcome/", &[header]));
        }
        for headers in
            [&[][..], &[("authorization", "Basic x")], &[("authorization", "Bearer")], &[("authorization", "")]]
        {
            assert!(!lets_through(&anonymous, "/api/v1/chart/data", headers), "{headers:?}");
        }
    }
}
