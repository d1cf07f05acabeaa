//! Media types: what the client sends and what it takes (RFC 7644 section 3.8, RFC 9110 section 12.5.1).

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};

use crate::wire::fail::{Failure, IDENTITY};
use crate::wire::respond::Format;

/// The media type to answer with: `application/scim+json` unless the client prefers or only takes `application/json`
/// (R237, R238).
pub(crate) fn accepted(headers: &HeaderMap) -> Result<Format, Failure> {
    let ranges: Vec<(String, u32)> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(media_range)
        .collect();
    if ranges.is_empty() {
        return Ok(Format::Scim);
    }
    let scim = quality(&ranges, "application/scim+json");
    let json = quality(&ranges, "application/json");
    match (scim, json) {
        (0, 0) => Err(Failure::NotAcceptable),
        (scim, json) if scim >= json => Ok(Format::Scim),
        _ => Ok(Format::Json),
    }
}

/// The media range without its parameters, in lower case, and its weight in thousandths.
fn media_range(text: &str) -> Option<(String, u32)> {
    let mut parts = text.split(';');
    let range = parts.next()?.trim().to_ascii_lowercase();
    let weight = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().unwrap_or(0.0))
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the weight is between 0 and 1")]
    let weight = (weight.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0) as u32;
    (!range.is_empty()).then_some((range, weight))
}

/// The weight of the most specific range that holds `media_type`.
fn quality(ranges: &[(String, u32)], media_type: &str) -> u32 {
    let of = |wanted: &str| ranges.iter().find(|(range, _)| range == wanted).map(|(_, weight)| *weight);
    of(media_type).or_else(|| of("application/*")).or_else(|| of("*/*")).unwrap_or(0)
}

/// Refuses a body that says it is something else than JSON in UTF-8. A body without `Content-Type` is taken for SCIM.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Failure> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let value = value.to_str().map_err(|_| Failure::UnsupportedMediaType)?;
    let mut parts = value.split(';');
    let media_type = parts.next().unwrap_or_default().trim();
    let json = ["application/scim+json", "application/json"].iter().any(|known| known.eq_ignore_ascii_case(media_type));
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    if json && utf8 { Ok(()) } else { Err(Failure::UnsupportedMediaType) }
}

/// Refuses a body that is compressed: hosts that take such bodies unpack them first (RFC 9110 section 15.5.16).
pub(crate) fn check_content_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    let codings = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or("?"));
    let mut codings = codings.flat_map(|value| value.split(',')).map(str::trim).filter(|coding| !coding.is_empty());
    if codings.all(|coding| coding.eq_ignore_ascii_case(IDENTITY)) { Ok(()) } else { Err(Failure::ContentEncoding) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> Result<Format, Failure> {
        accepted(&HeaderMap::from_iter([(ACCEPT, value.parse().unwrap())]))
    }

    #[test]
    fn r237_the_accept_matrix() {
        assert_eq!(accepted(&HeaderMap::new()).unwrap(), Format::Scim);
        for scim in [
            "*/*",
            "application/*",
            "application/scim+json",
            "application/json, application/scim+json",
            "text/html, */*;q=0.1",
            "application/scim+json; charset=utf-8",
            "application/json;q=0.5, application/scim+json;q=0.9",
        ] {
            assert_eq!(accept(scim).unwrap(), Format::Scim, "{scim}");
        }
        for json in ["application/json", "application/json, */*;q=0.1", "APPLICATION/JSON;q=0.2"] {
            assert_eq!(accept(json).unwrap(), Format::Json, "{json}");
        }
        for none in ["text/html", "application/xml", "application/scim+json;q=0", "application/json;q=0, text/*"] {
            assert!(matches!(accept(none), Err(Failure::NotAcceptable)), "{none}");
        }
    }

    #[test]
    fn p14_bodies_are_not_compressed() {
        let check =
            |value: &str| check_content_encoding(&HeaderMap::from_iter([(CONTENT_ENCODING, value.parse().unwrap())]));
        for good in ["identity", "Identity", "", "identity, identity"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["gzip", "br", "deflate", "zstd", "x-gzip", "GZIP", "identity, gzip", "aes128gcm"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check_content_encoding(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn r237_bodies_are_json_in_utf_8() {
        let check = |value: &str| check_content_type(&HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]));
        for good in [
            "application/scim+json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=\"UTF-8\"",
            "application/json; x=y",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded", ""] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check_content_type(&HeaderMap::new()).is_ok());
    }
}
