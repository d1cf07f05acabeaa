//! The limits that need a look into what came, or into what would go out.

use scim_core::message::SearchRequest;
use serde_json::Value;

use crate::config::ServiceLimits;
use crate::wire::Failure;

impl ServiceLimits {
    /// Refuses a body whose arrays hold too much together. The depth of the value is bounded already.
    pub(crate) fn check_values(&self, body: &Value) -> Result<(), Failure> {
        if elements(body) > self.values { Err(Failure::TooManyValues { limit: self.values }) } else { Ok(()) }
    }

    /// Refuses lists of too many attribute names.
    pub(crate) fn check_names(&self, request: &SearchRequest) -> Result<(), Failure> {
        let most = request.attributes.len().max(request.excluded_attributes.len());
        if most > self.attributes { Err(Failure::TooManyNames { limit: self.attributes }) } else { Ok(()) }
    }

    /// Refuses a query that selects too much (R124).
    pub(crate) fn check_results(&self, total: u64) -> Result<(), Failure> {
        match self.results {
            Some(limit) if total > limit => Err(Failure::TooManyResults { limit }),
            _ => Ok(()),
        }
    }
}

/// The elements of all arrays in a value.
fn elements(value: &Value) -> usize {
    match value {
        Value::Array(array) => array.len() + array.iter().map(elements).sum::<usize>(),
        Value::Object(members) => members.values().map(elements).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_count_wherever_they_are() {
        assert_eq!(elements(&json!({"a": [1, [2, 3], {"b": [4]}], "c": "d"})), 6);
    }
}
