//! A query in a body (RFC 7644 section 3.4.3).

use serde_json::Value;

use crate::message::error::{Members, MessageError};
use crate::scim_error::ScimType;
use crate::tolerance::Quirk;
use crate::tolerance::Tolerance;
use crate::urn;

/// The direction of a sort (RFC 7644 section 3.4.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Smallest first, missing values last. The default.
    #[default]
    Ascending,
    /// Largest first, missing values first.
    Descending,
}

impl SortOrder {
    /// Reads `ascending` or `descending`, in any case (R125).
    ///
    /// # Errors
    ///
    /// [`MessageError`] for any other word.
    pub fn from_word(word: &str) -> Result<Self, MessageError> {
        if word.eq_ignore_ascii_case("ascending") {
            Ok(Self::Ascending)
        } else if word.eq_ignore_ascii_case("descending") {
            Ok(Self::Descending)
        } else {
            Err(MessageError::value("sortOrder", "`ascending` or `descending`"))
        }
    }
}

/// The parameters of a query, from the URL of a GET or the body of `POST .search`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// Attributes to return besides the minimum.
    pub attributes: Vec<String>,
    /// Attributes to leave out.
    pub excluded_attributes: Vec<String>,
    /// The filter, unparsed.
    pub filter: Option<String>,
    /// The attribute to sort by, unparsed.
    pub sort_by: Option<String>,
    /// The direction of the sort.
    pub sort_order: SortOrder,
    /// The 1-based index of the first result; below 1 means 1 (R118).
    pub start_index: Option<i64>,
    /// The page size; below 0 means 0 (R119).
    pub count: Option<i64>,
    /// Asks for pages by cursor: empty for the first page, else what the last answer gave (RFC 9865 section 2, R248).
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// Reads the message. Member names regard no case; an empty text counts as absent, but for `cursor`. With
    /// [`Quirk::SingleForMultiple`] one text may name several attributes, as it does in a URL: `"userName,title"`.
    ///
    /// # Errors
    ///
    /// [`MessageError`] where `schemas` does not name the message, or a member has another type (R132). A `count` that is
    /// no number is [`ScimType::InvalidCount`] beside a `cursor` (R255).
    pub fn from_json(message: Value, tolerance: &mut Tolerance) -> Result<Self, MessageError> {
        let mut members = Members::of(message, None)?;
        members.expect_schema(urn::SEARCH_REQUEST)?;
        let cursor = members.text("cursor")?;
        let count = integer(&mut members, "count").map_err(|error| match cursor {
            Some(_) => error.with_scim_type(ScimType::InvalidCount),
            None => error,
        })?;
        let attributes = names(&mut members, "attributes", tolerance)?;
        let excluded_attributes = names(&mut members, "excludedAttributes", tolerance)?;
        let start_index = integer(&mut members, "startIndex")?;
        let mut text = |name| members.text(name).map(|text| text.filter(|text| !text.trim().is_empty()));
        let sort_order = match text("sortOrder")? {
            Some(word) => SortOrder::from_word(&word)?,
            None => SortOrder::default(),
        };
        Ok(Self {
            attributes,
            excluded_attributes,
            filter: text("filter")?,
            sort_by: text("sortBy")?,
            sort_order,
            start_index,
            count,
            cursor,
        })
    }
}

/// Names in an array, or with commas between them in one text.
fn names(members: &mut Members, name: &str, tolerance: &mut Tolerance) -> Result<Vec<String>, MessageError> {
    match members.take(name) {
        Some(Value::String(list)) if tolerance.take(Quirk::SingleForMultiple) => {
            Ok(list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
        }
        value => members.as_texts(name, value),
    }
}

fn integer(members: &mut Members, name: &str) -> Result<Option<i64>, MessageError> {
    match members.take(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| MessageError::value(name, "a whole number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(message: Value) -> Result<SearchRequest, MessageError> {
        SearchRequest::from_json(message, &mut Tolerance::rfc())
    }

    #[test]
    fn p14_one_text_may_name_several_attributes() {
        let message = |names: &str| {
            let message = json!({"schemas": [urn::SEARCH_REQUEST], "attributes": names, "excludedAttributes": names});
            let mut tolerance = Tolerance::compatible();
            let request = SearchRequest::from_json(message, &mut tolerance).unwrap();
            assert!(tolerance.used().contains(Quirk::SingleForMultiple));
            assert_eq!(request.attributes, request.excluded_attributes);
            request.attributes
        };
        assert_eq!(message("userName,title"), ["userName", "title"]);
        assert_eq!(message(" name.givenName , title,"), ["name.givenName", "title"]);
        assert_eq!(message("title"), ["title"]);
        assert!(message("").is_empty());
        let refused = read(json!({"schemas": [urn::SEARCH_REQUEST], "attributes": "userName,title"})).unwrap_err();
        assert_eq!((refused.member(), refused.scim_type()), ("attributes", ScimType::InvalidSyntax));
    }

    #[test]
    fn p14_an_empty_text_counts_as_absent() {
        let request = read(json!({
            "schemas": [urn::SEARCH_REQUEST], "filter": "", "sortBy": " ", "sortOrder": "", "startIndex": "", "count": ""
        }));
        assert_eq!(request.unwrap(), SearchRequest::default());
    }

    #[test]
    fn r131_the_message_holds_the_parameters_of_a_query() {
        let request = read(json!({
            "schemas": [urn::SEARCH_REQUEST], "Attributes": ["userName"], "filter": "title pr", "sortBy": "userName",
            "sortOrder": "descending", "startIndex": 3, "count": 10
        }))
        .unwrap();
        assert_eq!(request.attributes, ["userName"]);
        assert_eq!((request.start_index, request.count), (Some(3), Some(10)));
        assert_eq!(request.sort_order, SortOrder::Descending);
    }

    #[test]
    fn r132_wrong_shapes_are_refused() {
        let scim_type = |message| read(message).unwrap_err().scim_type();
        assert_eq!(scim_type(json!({})), ScimType::InvalidSyntax);
        assert_eq!(scim_type(json!([])), ScimType::InvalidSyntax);
        assert_eq!(scim_type(json!({"schemas": [urn::SEARCH_REQUEST], "count": "x"})), ScimType::InvalidValue);
        assert_eq!(scim_type(json!({"schemas": [urn::SEARCH_REQUEST], "filter": 1})), ScimType::InvalidSyntax);
        assert_eq!(scim_type(json!({"schemas": [urn::SEARCH_REQUEST], "sortOrder": "up"})), ScimType::InvalidValue);
    }

    #[test]
    fn r248_r255_a_cursor_may_be_empty_and_changes_the_keyword_of_a_bad_count() {
        let request = read;
        assert_eq!(
            request(json!({"schemas": [urn::SEARCH_REQUEST], "cursor": ""})).unwrap().cursor.as_deref(),
            Some("")
        );
        let error = request(json!({"schemas": [urn::SEARCH_REQUEST], "cursor": "x", "count": "x"})).unwrap_err();
        assert_eq!((error.member(), error.scim_type()), ("count", ScimType::InvalidCount));
    }
}
