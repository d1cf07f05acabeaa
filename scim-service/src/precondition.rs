//! Conditional requests: `If-Match` and `If-None-Match` (RFC 7644 section 3.14, RFC 9110 section 13).

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use scim_core::Version;

use crate::fail::Failure;
use crate::store::Precondition;

/// What `If-Match` asks of a write. Tags compare weakly, because SCIM's own are weak (R201); `*` asks only that the
/// resource exists, which every write does.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Precondition, Failure> {
    match tags(headers, &IF_MATCH, "If-Match")? {
        None | Some(Tags::Any) => Ok(Precondition::None),
        Some(Tags::OneOf(versions)) => Ok(Precondition::OneOf(versions)),
    }
}

/// Whether `If-None-Match` says that the client has this version already (R199).
pub(crate) fn is_fresh(headers: &HeaderMap, current: Option<&Version>) -> Result<bool, Failure> {
    Ok(match tags(headers, &IF_NONE_MATCH, "If-None-Match")? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::OneOf(versions)) => current.is_some_and(|current| versions.contains(current)),
    })
}

enum Tags {
    Any,
    OneOf(Vec<Version>),
}

fn tags(headers: &HeaderMap, name: &HeaderName, shown: &'static str) -> Result<Option<Tags>, Failure> {
    let malformed = || Failure::EntityTag { header: shown };
    let mut versions = Vec::new();
    for value in headers.get_all(name) {
        let mut rest = value.to_str().map_err(|_| malformed())?.trim();
        if rest == "*" {
            return Ok(Some(Tags::Any));
        }
        loop {
            let (version, behind) = entity_tag(rest).ok_or_else(malformed)?;
            versions.push(version);
            match behind.trim_start() {
                "" => break,
                more => rest = more.strip_prefix(',').ok_or_else(malformed)?.trim_start(),
            }
        }
    }
    Ok((!versions.is_empty()).then_some(Tags::OneOf(versions)))
}

/// One entity tag at the start of the text, and what follows it.
fn entity_tag(text: &str) -> Option<(Version, &str)> {
    let quoted = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"')?;
    let (opaque, rest) = quoted.split_once('"')?;
    Some((Version::new(opaque), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn r201_if_match_takes_lists_and_the_star_and_compares_weakly() {
        let parse = |value: &str| if_match(&headers(IF_MATCH, value)).unwrap();
        assert!(parse("W/\"a\", \"cur\"").holds(&Version::new("cur")));
        assert!(!parse("W/\"a\"").holds(&Version::new("cur")));
        assert_eq!(parse("*"), Precondition::None);
        assert!(parse("W/\"a,b\"").holds(&Version::new("a,b")));
    }

    #[test]
    fn r202_a_malformed_tag_is_refused() {
        for bad in ["nonsense", "W/a", "\"a", "\"a\" \"b\"", "\"a\",", ""] {
            assert!(if_match(&headers(IF_MATCH, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn r199_if_none_match_knows_the_current_version() {
        let fresh = |value: &str| is_fresh(&headers(IF_NONE_MATCH, value), Some(&Version::new(7))).unwrap();
        assert!(fresh("W/\"7\"") && fresh("\"7\"") && fresh("*") && fresh("\"6\", \"7\""));
        assert!(!fresh("W/\"8\""));
        assert!(!is_fresh(&HeaderMap::new(), Some(&Version::new(7))).unwrap());
    }
}
