//! Filters of the service's own.

use scim_core::TypeSchema;
use scim_filter::{Comparison, Filter, Literal, Operator, Predicate};

use crate::store::StoreError;
use crate::wire::Failure;

/// A filter of the service's own: resources one of whose attributes has one of these values.
pub(crate) fn one_of<V: AsRef<str>>(of: &TypeSchema, attributes: &[&str], values: &[V]) -> Result<Predicate, Failure> {
    let mut tests = Vec::with_capacity(attributes.len() * values.len());
    for attribute in attributes {
        for value in values {
            let path = attribute.parse().map_err(StoreError::internal)?;
            let value = Literal::String(value.as_ref().to_owned());
            tests.push(Filter::Compare(Comparison { path, operator: Operator::Eq, value }));
        }
    }
    Ok(Filter::Or(tests).check(of)?)
}
