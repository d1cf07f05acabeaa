//! Conditional requests: `If-Match` and `If-None-Match` (RFC 7644 section 3.14, RFC 9110 section 13).

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use scim_core::Version;

use crate::store::Precondition;
use crate::wire::fail::Failure;

/// What `If-Match` and `If-None-Match` ask of a write to a resource. Tags compare weakly, because SCIM's own are weak (R201).
/// `If-Match: *` asks only that the resource exists, which every write does; `If-None-Match: *` asks that it does not, which
/// no such write fulfils (RFC 9110 section 13.1.2).
pub(crate) fn precondition(headers: &HeaderMap) -> Result<Precondition, Failure> {
    let wanted = tags(headers, &IF_MATCH, "If-Match")?;
    let unwanted = tags(headers, &IF_NONE_MATCH, "If-None-Match")?;
    Ok(match (wanted, unwanted) {
        (None | Some(Tags::Any), None) => Precondition::None,
        (Some(Tags::OneOf(wanted)), None) => Precondition::OneOf(wanted),
        (_, Some(Tags::Any)) => Precondition::OneOf(Vec::new()),
        (None | Some(Tags::Any), Some(Tags::OneOf(unwanted))) => Precondition::NoneOf(unwanted),
        (Some(Tags::OneOf(mut wanted)), Some(Tags::OneOf(unwanted))) => {
            wanted.retain(|version| !unwanted.contains(version));
            Precondition::OneOf(wanted)
        }
    })
}

/// Whether `If-None-Match` says that the client has this version already (R199).
pub(crate) fn is_fresh(headers: &HeaderMap, current: impl FnOnce() -> Option<Version>) -> Result<bool, Failure> {
    Ok(match tags(headers, &IF_NONE_MATCH, "If-None-Match")? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::OneOf(versions)) => current().is_some_and(|current| versions.contains(&current)),
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
        let parse = |value: &str| precondition(&headers(IF_MATCH, value)).unwrap();
        assert!(parse("W/\"a\", \"cur\"").holds(&Version::new("cur")));
        assert!(!parse("W/\"a\"").holds(&Version::new("cur")));
        assert_eq!(parse("*"), Precondition::None);
        assert!(parse("W/\"a,b\"").holds(&Version::new("a,b")));
    }

    #[test]
    fn r202_a_malformed_tag_is_refused() {
        for bad in ["nonsense", "W/a", "\"a", "\"a\" \"b\"", "\"a\",", ""] {
            assert!(precondition(&headers(IF_MATCH, bad)).is_err(), "{bad}");
            assert!(precondition(&headers(IF_NONE_MATCH, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn p5_if_none_match_keeps_a_write_from_a_version() {
        let holds = |pairs: &[(HeaderName, &str)], version: &str| {
            let headers: HeaderMap = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
            precondition(&headers).unwrap().holds(&Version::new(version))
        };
        let unless = |value: &str| holds(&[(IF_NONE_MATCH, value)], "cur");
        assert!(!unless("W/\"cur\"") && !unless("\"cur\"") && !unless("\"a\", W/\"cur\"") && !unless("*"));
        assert!(unless("W/\"a\"") && unless("\"a\", \"b\""));
        let both = |wanted, unwanted| holds(&[(IF_MATCH, wanted), (IF_NONE_MATCH, unwanted)], "cur");
        assert!(both("\"cur\"", "\"a\"") && both("*", "\"a\""));
        assert!(!both("\"cur\"", "\"cur\"") && !both("*", "\"cur\"") && !both("\"cur\"", "*"));
        assert!(!both("\"a\"", "\"b\""));
    }

    #[test]
    fn r199_if_none_match_knows_the_current_version() {
        let fresh = |value: &str| is_fresh(&headers(IF_NONE_MATCH, value), || Some(Version::new(7))).unwrap();
        assert!(fresh("W/\"7\"") && fresh("\"7\"") && fresh("*") && fresh("\"6\", \"7\""));
        assert!(!fresh("W/\"8\""));
        assert!(!is_fresh(&HeaderMap::new(), || Some(Version::new(7))).unwrap());
    }
}
