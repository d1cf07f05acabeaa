//! The answer to a query (RFC 7644 section 3.4.2).

use serde::{Deserialize, Serialize};

use crate::urn;

/// A page of results, by index or by cursor (RFC 9865).
///
/// ```
/// use scim_core::message::ListResponse;
///
/// let page = ListResponse::new(7, 1, vec!["a", "b"]);
/// assert_eq!(serde_json::to_value(&page)?["itemsPerPage"], 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse<T> {
    schemas: Vec<String>,
    /// How many results the query has altogether. A server may leave it out of a page by cursor (R254).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_results: Option<u64>,
    /// The 1-based index of the first resource of this page; none on a page by cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_index: Option<u64>,
    /// How many resources this page has.
    #[serde(default)]
    pub items_per_page: u64,
    /// Leads to the next page of a walk by cursor; none on the last (R249).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Leads to the page before this one; none on the first (R250).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_cursor: Option<String>,
    /// The resources. Always written, also when there are none: clients that index it blindly do not break (R115).
    #[serde(rename = "Resources", default = "Vec::new")]
    pub resources: Vec<T>,
}

impl<T> ListResponse<T> {
    /// A page that starts at the 1-based `start_index`.
    pub fn new(total_results: u64, start_index: u64, resources: Vec<T>) -> Self {
        Self {
            total_results: Some(total_results),
            start_index: Some(start_index),
            ..Self::by_cursor(None, resources, None, None)
        }
    }

    /// A page of a walk by cursor (RFC 9865).
    pub fn by_cursor(
        total_results: Option<u64>,
        resources: Vec<T>,
        next_cursor: Option<String>,
        previous_cursor: Option<String>,
    ) -> Self {
        let items_per_page = resources.len() as u64;
        let schemas = vec![urn::LIST_RESPONSE.to_owned()];
        Self { schemas, total_results, start_index: None, items_per_page, next_cursor, previous_cursor, resources }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn r114_r116_the_shape_is_that_of_the_list_response() {
        let shown = serde_json::to_value(ListResponse::new(3, 2, vec![json!({"id": "1"})])).unwrap();
        assert_eq!(
            shown,
            json!({"schemas": [urn::LIST_RESPONSE], "totalResults": 3, "startIndex": 2, "itemsPerPage": 1,
                   "Resources": [{"id": "1"}]})
        );
    }

    #[test]
    fn r249_r254_a_page_by_cursor_has_cursors_and_no_index() {
        let page = ListResponse::by_cursor(None, vec![json!({"id": "1"})], Some("n".to_owned()), None);
        assert_eq!(
            serde_json::to_value(&page).unwrap(),
            json!({"schemas": [urn::LIST_RESPONSE], "itemsPerPage": 1, "nextCursor": "n", "Resources": [{"id": "1"}]})
        );
        let read: ListResponse<serde_json::Value> = serde_json::from_value(json!({
            "schemas": [urn::LIST_RESPONSE], "Resources": [], "previousCursor": "p"
        }))
        .unwrap();
        assert_eq!((read.total_results, read.previous_cursor.as_deref()), (None, Some("p")));
    }
}
