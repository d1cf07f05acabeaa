//! The answer to a query (RFC 7644 section 3.4.2).

use serde::{Deserialize, Serialize};

use crate::urn;

/// A page of results.
///
/// ```
/// use scim_core::ListResponse;
///
/// let page = ListResponse::new(7, 1, vec!["a", "b"]);
/// assert_eq!(serde_json::to_value(&page)?["itemsPerPage"], 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse<T> {
    schemas: Vec<String>,
    /// How many results the query has altogether.
    pub total_results: u64,
    /// The 1-based index of the first resource of this page.
    #[serde(default = "one")]
    pub start_index: u64,
    /// How many resources this page has.
    #[serde(default)]
    pub items_per_page: u64,
    /// The resources. Always written, also when there are none: clients that index it blindly do not break (R115).
    #[serde(rename = "Resources", default = "Vec::new")]
    pub resources: Vec<T>,
}

const fn one() -> u64 {
    1
}

impl<T> ListResponse<T> {
    /// A page that starts at the 1-based `start_index`.
    pub fn new(total_results: u64, start_index: u64, resources: Vec<T>) -> Self {
        let items_per_page = resources.len() as u64;
        Self { schemas: vec![urn::LIST_RESPONSE.to_owned()], total_results, start_index, items_per_page, resources }
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
}
