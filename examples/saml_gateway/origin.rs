//! Whether a page of the gateway itself sent a form.

use http::header::{HeaderName, ORIGIN};
use http::uri::{InvalidUri, Scheme, Uri};
use http::{HeaderMap, HeaderValue};

/// What browsers say of the relation between the page that sends a request and its target.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origin of the gateway, as browsers write it: scheme, host and a port that is not the scheme's.
#[derive(Debug, PartialEq)]
pub(crate) struct Origin(String);

impl Origin {
    pub(crate) fn of(url: &str) -> Result<Self, InvalidUri> {
        let url: Uri = url.parse()?;
        let scheme = url.scheme().unwrap_or(&Scheme::HTTPS);
        let host = url.host().unwrap_or_default().to_ascii_lowercase();
        let default = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        Ok(Self(match url.port_u16() {
            Some(port) if port != default => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }))
    }

    /// Whether the request comes from a page of this origin. All browsers send `Origin` with a form that is posted; without it, only
    /// what they say of the site counts.
    pub(crate) fn sent(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) => origin.as_bytes() == self.0.as_bytes(),
            (None, _) => headers.get(SEC_FETCH_SITE).is_some_and(|site: &HeaderValue| site == "same-origin"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x14_only_the_gateway_itself_sends_its_forms() {
        let origin = Origin::of("https://Superset.example.com:443").unwrap();
        assert_eq!(origin, Origin("https://superset.example.com".to_owned()));
        assert_eq!(Origin::of("http://127.0.0.1:8090").unwrap(), Origin("http://127.0.0.1:8090".to_owned()));
        let sent = |headers: &[(HeaderName, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name.clone(), value.parse().unwrap());
            }
            origin.sent(&map)
        };
        assert!(sent(&[(ORIGIN, "https://superset.example.com")]));
        assert!(sent(&[(SEC_FETCH_SITE, "same-origin")]));
        for headers in [
            &[][..],
            &[(ORIGIN, "null")],
            &[(ORIGIN, "https://evil.test")],
            &[(ORIGIN, "http://superset.example.com")],
            &[(ORIGIN, "https://superset.example.com.evil.test")],
            &[(ORIGIN, "https://superset.example.com:8443")],
            &[(ORIGIN, "https://superset.example.com"), (ORIGIN, "https://evil.test")],
            &[(ORIGIN, "https://evil.test"), (SEC_FETCH_SITE, "same-origin")],
            &[(SEC_FETCH_SITE, "same-site")],
            &[(SEC_FETCH_SITE, "none")],
        ] {
            assert!(!sent(headers), "{headers:?}");
        }
    }
}
