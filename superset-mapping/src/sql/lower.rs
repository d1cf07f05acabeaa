//! The parts of a filter that the side tables can answer.

use scim_core::{TypeSchema, Uniqueness};
use scim_filter::{ElementPredicate, Lower, Operand, Operator, ResolvedPath, Test};

use crate::sql::fragment::Fragment;

/// Conditions on the columns of `scim_resource`, called `r` in the statement.
///
/// Equality of `id`, of `externalId` and of unique attributes, which have an index; everything else stays with the
/// evaluator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) schema: &'a TypeSchema,
    pub(crate) tenant: &'a str,
    /// Attributes that are kept unique although the schema does not say so.
    pub(crate) also_unique: &'a [&'a str],
}

impl Target<'_> {
    fn is_unique(&self, name: &str) -> bool {
        self.also_unique.contains(&name)
            || self.schema.base().attribute(name).is_some_and(|attribute| attribute.uniqueness() != Uniqueness::None)
    }
}

impl Lower for Target<'_> {
    type Output = Fragment;

    fn compare(&self, test: &Test) -> Option<Fragment> {
        let (Operator::Eq, Operand::Text(value)) = (test.operator(), test.operand()) else { return None };
        if test.path().multi_valued() {
            return None;
        }
        match (test.path().as_top_level()?, test.case_exact()) {
            ("id", true) => Some(Fragment::new("r.id = ?").bind(&**value)),
            // Never NULL, so that `not` may negate it.
            ("externalId", true) => {
                Some(Fragment::new("(r.external_id IS NOT NULL AND r.external_id = ?)").bind(&**value))
            }
            (name, _) if self.is_unique(name) => Some(
                Fragment::new(
                    "r.id IN (SELECT q.resource_id FROM scim_unique q \
                     WHERE q.tenant = ? AND q.resource_type = ? AND q.attribute = ? AND q.value = ?)",
                )
                .bind(self.tenant)
                .bind(self.schema.resource_type().name().as_str())
                .bind(name)
                .bind(&**value),
            ),
            _ => None,
        }
    }

    fn present(&self, _: &ResolvedPath) -> Option<Fragment> {
        None
    }

    fn value_path(&self, _: &ResolvedPath, _: &ElementPredicate) -> Option<Fragment> {
        None
    }

    fn and(&self, parts: Vec<Fragment>) -> Fragment {
        bracketed(parts, " AND ")
    }

    fn or(&self, parts: Vec<Fragment>) -> Fragment {
        bracketed(parts, " OR ")
    }

    fn not(&self, part: Fragment) -> Fragment {
        Fragment::new("NOT (").then(part).then(Fragment::new(")"))
    }
}

fn bracketed(parts: Vec<Fragment>, separator: &'static str) -> Fragment {
    Fragment::new("(").then(Fragment::joined(parts, separator)).then(Fragment::new(")"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    use scim_filter::{Filter, Predicate, check, lower};

    fn predicate(filter: &str, of: &TypeSchema) -> Predicate {
        let filter: Filter = filter.parse().unwrap();
        check(&filter, of, &Profile::rfc(), &mut Leniencies::default()).unwrap()
    }

    fn lowered(filter: &str) -> (Option<String>, bool) {
        let schemas = SchemaSet::builtin();
        let schema = schemas.of(&ResourceTypeName::group()).unwrap();
        let target = Target { schema, tenant: "", also_unique: &["displayName"] };
        let lowered = lower(&predicate(filter, schema), &target);
        (lowered.pushed.map(|pushed| pushed.text().to_owned()), lowered.residual.is_some())
    }

    const BY_NAME: &str = "r.id IN (SELECT q.resource_id FROM scim_unique q \
                           WHERE q.tenant = ? AND q.resource_type = ? AND q.attribute = ? AND q.value = ?)";

    #[test]
    fn equality_of_indexed_attributes_is_pushed_down() {
        assert_eq!(lowered(r#"id eq "1""#), (Some("r.id = ?".into()), false));
        assert_eq!(lowered(r#"displayName eq "A""#), (Some(BY_NAME.into()), false));
        assert_eq!(
            lowered(r#"not (externalId eq "x" or id eq "y")"#).0.unwrap(),
            "NOT (((r.external_id IS NOT NULL AND r.external_id = ?) OR r.id = ?))"
        );
    }

    #[test]
    fn what_has_no_index_stays_with_the_evaluator() {
        assert_eq!(lowered(r#"id eq "1" and members eq "u""#), (Some("r.id = ?".into()), true));
        for filter in [r#"displayName sw "A""#, "externalId pr", "externalId eq null", r#"id ne "1""#] {
            assert_eq!(lowered(filter), (None, true), "{filter}");
        }
    }
}
