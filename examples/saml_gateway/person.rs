//! Whom Superset is told that a request comes from.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that Superset believes.
pub(crate) const REMOTE_USER: HeaderName = HeaderName::from_static("x-remote-user");

/// Takes every header away that Superset could take for the one that it believes. For WSGI, hyphens and underscores are the same.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let lookalike = |name: &&HeaderName| {
        let name = name.as_str().replace('_', "-");
        name == REMOTE_USER.as_str() || name == "remote-user"
    };
    for name in headers.keys().filter(lookalike).cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}

/// The value for a username; `None` for one that would arrive as another: headers lose the space around them.
pub(crate) fn value(username: &str) -> Option<HeaderValue> {
    if username.trim() != username || username.is_empty() {
        return None;
    }
    HeaderValue::from_bytes(username.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_the_header_comes_through() {
        let mut headers = HeaderMap::new();
        for name in ["X-Remote-User", "X_Remote_User", "x-remote_user", "X_REMOTE-USER", "Remote-User", "REMOTE_USER"] {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("admin"));
        }
        headers.append("x-remote-users", HeaderValue::from_static("kept"));
        strip(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-remote-users"]);
    }

    #[test]
    fn a_name_arrives_as_it_is_or_not_at_all() {
        for name in ["ada@example.com", "Åsa 李", "a, b"] {
            assert_eq!(value(name).unwrap().as_bytes(), name.as_bytes());
        }
        for name in ["", " admin", "admin ", "admin\u{a0}", "ad\nmin", "ad\0min"] {
            assert_eq!(value(name), None, "{name:?}");
        }
    }
}
