//! One filter for all resource types (RFC 7644 section 3.4.2.1).

use std::sync::Arc;

use scim_core::{AttrPath, SchemaSet, Tolerance, TypeSchema};
use scim_filter::{Comparison, Filter, FilterError, Predicate, check, check_any};

use crate::store::StoreError;
use crate::wire::Failure;

/// The filter as each type has it, in the order of their registration (R094).
///
/// A test of an attribute that a type lacks, or has as another kind of value, counts there as one of an unassigned
/// attribute. A test that fits no type at all is refused. `text` is what the filter was parsed from.
pub(super) fn filters(
    filter: &Filter,
    text: &str,
    schemas: &SchemaSet,
    tolerance: &mut Tolerance,
) -> Result<Vec<Predicate>, Failure> {
    // No type has it: its URI is no schema's.
    let nowhere: AttrPath = "urn:nowhere:none".parse().map_err(StoreError::internal)?;
    let mut fates = Vec::new();
    let mut predicates = Vec::new();
    for of in schemas.types() {
        let mut fit = Fit { of, tolerance, nowhere: &nowhere, fates: &mut fates, next: 0 };
        let fitted = fit.node(filter);
        predicates.push(check_any(&fitted, of, tolerance)?);
    }
    let Some(Refusal { error, of }) = fates.into_iter().find_map(|fate| fate) else { return Ok(predicates) };
    // The test was checked alone. In the whole filter the same fault has its place, if it is the first one.
    let error = match check(filter, &of, tolerance) {
        Err(whole) if whole.to_string() == error.to_string() => whole.in_text(text),
        _ => error,
    };
    Err(error.into())
}

/// Why a test does not fit a type.
struct Refusal {
    error: FilterError,
    of: Arc<TypeSchema>,
}

/// Fits a filter to one type.
struct Fit<'a> {
    of: &'a Arc<TypeSchema>,
    tolerance: &'a mut Tolerance,
    nowhere: &'a AttrPath,
    /// For each test of the filter, in its order: why no type so far takes it; `None` once one does.
    fates: &'a mut Vec<Option<Refusal>>,
    /// The index of the next test.
    next: usize,
}

impl Fit<'_> {
    fn node(&mut self, filter: &Filter) -> Filter {
        match filter {
            Filter::And(terms) => Filter::And(terms.iter().map(|term| self.node(term)).collect()),
            Filter::Or(terms) => Filter::Or(terms.iter().map(|term| self.node(term)).collect()),
            Filter::Not(inner) => Filter::Not(Box::new(self.node(inner))),
            test => self.test(test),
        }
    }

    fn test(&mut self, test: &Filter) -> Filter {
        let checked = check(test, self.of, self.tolerance);
        let index = self.next;
        self.next += 1;
        match (self.fates.get_mut(index), checked) {
            (None, checked) => {
                let fits = checked.is_ok();
                let of = self.of.clone();
                self.fates.push(checked.err().map(|error| Refusal { error, of }));
                if fits { test.clone() } else { self.elsewhere(test) }
            }
            (Some(fate), Ok(_)) => {
                *fate = None;
                test.clone()
            }
            (Some(fate), Err(error)) => {
                // The type that has the attribute knows best what is wrong.
                let known = path(test).is_some_and(|path| self.of.resolve(path, self.tolerance).is_ok());
                if fate.is_some() && known {
                    *fate = Some(Refusal { error, of: self.of.clone() });
                }
                self.elsewhere(test)
            }
        }
    }

    /// The same test of an attribute that the type lacks.
    fn elsewhere(&self, test: &Filter) -> Filter {
        let path = self.nowhere.clone();
        match test {
            Filter::Compare(comparison) => Filter::Compare(Comparison { path, ..comparison.clone() }),
            _ => Filter::Present(path),
        }
    }
}

/// What a test is about; nothing for a chain of tests.
fn path(test: &Filter) -> Option<&AttrPath> {
    match test {
        Filter::Compare(comparison) => Some(&comparison.path),
        Filter::Present(path) | Filter::ValuePath { path, .. } => Some(path),
        Filter::And(_) | Filter::Or(_) | Filter::Not(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::schema::{ResourceType, Schema};
    use serde_json::json;

    /// For each of User, Group and T: whether a resource of that type without any attribute is selected.
    fn selects_empty(text: &str) -> Result<Vec<bool>, String> {
        let schema: Arc<Schema> = serde_json::from_value(json!({"id": "urn:e:1.0:T", "name": "T", "attributes": [
            {"name": "name"}, {"name": "int", "type": "integer"}
        ]}))
        .unwrap();
        let of: ResourceType =
            serde_json::from_value(json!({"name": "T", "endpoint": "/Ts", "schema": "urn:e:1.0:T"})).unwrap();
        let schemas = SchemaSet::builtin().with([schema], [of]).unwrap();
        let filters = filters(&text.parse().unwrap(), text, &schemas, &mut Tolerance::rfc());
        let empty = scim_core::Resource::default();
        match filters {
            Ok(filters) => Ok(filters.iter().map(|filter| filter.matches(&empty)).collect()),
            Err(failure) => Err(failure.to_error().detail().unwrap_or_default().to_owned()),
        }
    }

    #[test]
    fn r094_what_a_type_lacks_is_unassigned_there() {
        assert_eq!(selects_empty("int ne 1").unwrap(), [true, true, true]);
        assert_eq!(selects_empty("int eq 1 or userName eq \"x\"").unwrap(), [false, false, false]);
        assert_eq!(selects_empty("not (userName pr) and int eq null").unwrap(), [true, true, true]);
    }

    #[test]
    fn r094_what_a_type_has_as_another_kind_is_unassigned_there_too() {
        // `name` is complex in User and a text in T.
        assert_eq!(selects_empty("name eq \"x\"").unwrap(), [false, false, false]);
        assert_eq!(selects_empty("name ne \"x\" and name.givenName eq null").unwrap(), [true, true, true]);
    }

    #[test]
    fn r095_what_fits_no_type_is_refused_by_its_own_name() {
        for (text, told) in [
            ("nope pr", "`nope`"),
            ("int eq 1 or nope pr", "`nope`"),
            ("userName eq 5 and int eq 1", "`userName`"),
            ("int eq \"x\"", "`int`"),
            ("password eq \"x\" or displayName eq \"g\"", "`password`"),
            ("emails[nope pr]", "`nope`"),
        ] {
            let error = selects_empty(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
