//! The id that a request has in the response, the log and the audit.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use uuid::Uuid;

/// The header that carries the id of a request, in the request and in the response.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from a client, in bytes.
pub const MAX_REQUEST_ID_LEN: usize = 128;

/// The id of a request: that of its [`REQUEST_ID_HEADER`] where the header stands there once with 1 to
/// [`MAX_REQUEST_ID_LEN`] visible ASCII characters, else a new one.
///
/// A client may choose an id that another request has. It helps to find things; it proves nothing.
///
/// ```
/// use http::HeaderMap;
/// use scim_service::observe::{REQUEST_ID_HEADER, request_id};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(REQUEST_ID_HEADER, "9b1d-7".parse()?);
/// assert_eq!(&*request_id(&headers), "9b1d-7");
/// headers.insert(REQUEST_ID_HEADER, "two words".parse()?);
/// assert_eq!(request_id(&headers).len(), 36);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn request_id(headers: &HeaderMap) -> Arc<str> {
    let mut values = headers.get_all(REQUEST_ID_HEADER).iter();
    let sent = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().filter(|id| is_sane(id)),
        _ => None,
    };
    let mut buffer = Uuid::encode_buffer();
    Arc::from(sent.unwrap_or_else(|| Uuid::new_v4().hyphenated().encode_lower(&mut buffer)))
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID_LEN).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(values: &[&[u8]]) -> Arc<str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(REQUEST_ID_HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        request_id(&headers)
    }

    #[test]
    fn x13_a_sane_id_of_the_client_is_kept() {
        let longest = "x".repeat(MAX_REQUEST_ID_LEN);
        for id in ["1", "0b8f2c9e-52c1-4d44-9f6e-5a6d6f0c2a11", "Root=1-67891233-abcdef012345678912345678;x", &longest]
        {
            assert_eq!(&*of(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn x13_any_other_id_is_replaced_by_a_new_one() {
        let too_long = "x".repeat(MAX_REQUEST_ID_LEN + 1);
        let bad: [&[&[u8]]; 7] = [
            &[],
            &[b""],
            &[b"two words"],
            &[b"tab\there"],
            &[b"umlaut-\xc3\xa4"],
            &[too_long.as_bytes()],
            &[b"1", b"2"],
        ];
        for values in bad {
            let id = of(values);
            assert!(Uuid::parse_str(&id).is_ok(), "{values:?} became {id}");
            assert_ne!(id, of(values), "no two requests share a new id");
        }
    }
}
