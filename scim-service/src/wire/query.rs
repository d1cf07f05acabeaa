//! The parameters of a URL's query (RFC 7644 section 3.4.2).

use scim_core::message::{SearchRequest, SortOrder};

use crate::cursor::CursorError;
use crate::wire::fail::Failure;

/// Reads the query of a URL. It is decoded once, `+` meaning a space (R100). Lists may be repeated and spaced (R113);
/// unknown parameters are ignored (R117); of a repeated single-valued one the last counts. An empty one counts as absent, but
/// for `cursor`, which begins a walk then (RFC 9865 section 2).
pub(crate) fn search_request(query: Option<&str>) -> Result<SearchRequest, Failure> {
    let mut request = SearchRequest::default();
    let mut count = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if value.trim().is_empty() && name != "cursor" {
            continue;
        }
        match name.as_ref() {
            "attributes" => request.attributes.extend(names(&value)),
            "excludedAttributes" => request.excluded_attributes.extend(names(&value)),
            "filter" => request.filter = Some(value.into_owned()),
            "sortBy" => request.sort_by = Some(value.into_owned()),
            "sortOrder" => request.sort_order = SortOrder::from_word(&value)?,
            "startIndex" => request.start_index = Some(integer("startIndex", &value)?),
            "count" => count = Some(value),
            "cursor" => request.cursor = Some(value.into_owned()),
            _ => {}
        }
    }
    request.count = match count.map(|count| integer("count", &count)).transpose() {
        // R255: beside a cursor the count has a keyword of its own.
        Err(_) if request.cursor.is_some() => {
            return Err(CursorError::Count { expected: "a whole number".to_owned() }.into());
        }
        count => count?,
    };
    Ok(request)
}

fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// R122: a whole number; what exceeds `i64` counts as its largest value.
fn integer(name: &'static str, text: &str) -> Result<i64, Failure> {
    let wrong = Failure::Parameter { name, expected: "a whole number" };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong);
    }
    Ok(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r100_the_query_is_decoded_once() {
        let filter = |query| search_request(Some(query)).unwrap().filter.unwrap();
        assert_eq!(filter("filter=userName+eq+%22a%2Bb%22"), r#"userName eq "a+b""#);
        assert_eq!(filter("filter=userName%20eq%20%22%2522%22"), r#"userName eq "%22""#);
    }

    #[test]
    fn r113_r117_lists_merge_and_unknown_parameters_are_ignored() {
        let request = search_request(Some("attributes=a,%20b&attributes=c&foo=bar&excludedAttributes=")).unwrap();
        assert_eq!(request.attributes, ["a", "b", "c"]);
        assert!(request.excluded_attributes.is_empty());
    }

    #[test]
    fn r122_paging_values_are_whole_numbers() {
        for bad in ["count=abc", "startIndex=1.5", "count=-", "sortOrder=up"] {
            assert!(search_request(Some(bad)).is_err(), "{bad}");
        }
        assert_eq!(search_request(Some("count=-3")).unwrap().count, Some(-3));
        assert_eq!(search_request(Some("count=99999999999999999999")).unwrap().count, Some(i64::MAX));
    }

    #[test]
    fn p14_an_empty_parameter_counts_as_absent() {
        for empty in ["", "+", "%20%20"] {
            for name in
                ["attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "startIndex", "count", "other"]
            {
                let query = format!("{name}={empty}");
                assert_eq!(search_request(Some(&query)).unwrap(), SearchRequest::default(), "{query}");
            }
        }
        assert_eq!(search_request(Some("filter&count&sortBy")).unwrap(), SearchRequest::default());
        assert_eq!(search_request(Some("count=2&count=")).unwrap().count, Some(2));
    }

    #[test]
    fn r248_r255_a_cursor_may_be_empty_and_changes_the_keyword_of_a_bad_count() {
        for query in ["cursor", "cursor=", "count=2&cursor"] {
            assert_eq!(search_request(Some(query)).unwrap().cursor.as_deref(), Some(""), "{query}");
        }
        let count = |query| search_request(Some(query)).unwrap_err();
        assert!(matches!(count("count=abc&cursor"), Failure::Cursor(CursorError::Count { .. })));
        assert!(matches!(count("count=abc"), Failure::Parameter { .. }));
    }
}
