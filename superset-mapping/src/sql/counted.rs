//! Comparisons of columns of `scim_resource`, and what of them resources are counted by.

use chrono::{DateTime, Utc};
use scim_core::AttributeRef;
use scim_filter::{ElementPredicate, Lower, Operand, Operator, Test};

use crate::sql::column_key::stored_instant;
use crate::sql::fragment::Fragment;

/// Conditions on the columns of `scim_count`, called `c` in the statement: what resources are counted by.
pub(crate) struct Counted;

impl Lower for Counted {
    type Output = Fragment;

    fn compare(&self, test: &Test) -> Option<Fragment> {
        active("c.active", test)
    }

    fn present(&self, _: &AttributeRef) -> Option<Fragment> {
        None
    }

    fn value_path(&self, _: &AttributeRef, _: &ElementPredicate) -> Option<Fragment> {
        None
    }

    fn and(&self, parts: Vec<Fragment>) -> Fragment {
        Fragment::bracketed(parts, " AND ")
    }

    fn or(&self, parts: Vec<Fragment>) -> Fragment {
        Fragment::bracketed(parts, " OR ")
    }

    fn not(&self, part: Fragment) -> Fragment {
        Fragment::new("NOT (").then(part).then(Fragment::new(")"))
    }
}

/// How `active` is compared, with the column that has it. It is never NULL.
pub(in crate::sql) fn active(column: &'static str, test: &Test) -> Option<Fragment> {
    let path = test.path();
    if path.top_level() != Some("active") || path.attribute().multi_valued() || test.missing_is_false() {
        return None;
    }
    let condition = match (test.operator(), test.operand()) {
        (Operator::Eq, Operand::Bool(false)) => " = 1",
        (Operator::Eq, Operand::Bool(true)) => " = 2",
        // What is not assigned differs from both (R075).
        (Operator::Ne, Operand::Bool(false)) => " IN (0, 2)",
        (Operator::Ne, Operand::Bool(true)) => " IN (0, 1)",
        _ => return None,
    };
    Some(Fragment::new(column).then(Fragment::new(condition)))
}

/// How `meta.lastModified`, which every resource has, compares with an instant, which may be between two that the column can hold.
pub(in crate::sql) fn last_modified(test: &Test, instant: DateTime<Utc>) -> Option<Fragment> {
    let path = test.path();
    if !path.is_in("meta") || path.sub() != Some("lastModified") {
        return None;
    }
    let (stored, exact) = stored_instant(instant)?;
    let condition = match (test.operator(), exact) {
        (Operator::Eq, true) => "r.last_modified = ?",
        (Operator::Ne, true) => "r.last_modified <> ?",
        (Operator::Gt, _) | (Operator::Ge, false) => "r.last_modified > ?",
        (Operator::Ge, true) => "r.last_modified >= ?",
        (Operator::Lt, true) => "r.last_modified < ?",
        (Operator::Le, _) | (Operator::Lt, false) => "r.last_modified <= ?",
        (Operator::Eq, false) => return Some(Fragment::new("1 = 0")),
        (Operator::Ne, false) => return Some(Fragment::new("1 = 1")),
        (Operator::Co | Operator::Sw | Operator::Ew, _) => return None,
    };
    Some(Fragment::new(condition).bind(stored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::dialect::Dialect;
    use crate::sql::fragment::Param;
    use crate::sql::lower::Target;
    use scim_core::{SchemaSet, Tolerance};
    use scim_filter::{Filter, Lowered, check, lower};

    fn lowered(filter: &str, counted: bool) -> Lowered<Fragment> {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let filter: Filter = filter.parse().unwrap();
        let predicate = check(&filter, user, &mut Tolerance::rfc()).unwrap();
        if counted { lower(&predicate, &Counted) } else { lower(&predicate, &Target::new(user, "")) }
    }

    #[test]
    fn active_and_times_are_compared_by_their_columns() {
        for (filter, condition) in [
            ("active eq false", "r.active = 1"),
            ("active ne true", "r.active IN (0, 1)"),
            ("not (active eq true)", "NOT (r.active = 2)"),
            (r#"meta.lastModified gt "2026-01-01T00:00:00Z""#, "r.last_modified > ?"),
            (r#"meta.lastModified ge "2026-01-01T00:00:00.0001Z""#, "r.last_modified > ?"),
            (r#"meta.lastModified lt "2026-01-01T00:00:00.0001Z""#, "r.last_modified <= ?"),
            (r#"meta.lastModified eq "2026-01-01T00:00:00.0001Z""#, "1 = 0"),
        ] {
            let lowered = lowered(filter, false);
            assert_eq!(lowered.pushed.unwrap().text(), condition, "{filter}");
            assert!(lowered.residual.is_none(), "{filter}");
        }
        for filter in ["active pr", "active eq null", r#"meta.created gt "2026-01-01T00:00:00Z""#] {
            assert!(lowered(filter, false).pushed.is_none(), "{filter}");
        }
        // Of an instant between two milliseconds the first counts.
        let pushed = lowered(r#"meta.lastModified gt "2026-01-01T00:00:00.1239Z""#, false).pushed.unwrap();
        let (_, values) = pushed.into_parts(Dialect::Sqlite);
        assert_eq!(values, [Param::from("2026-01-01T00:00:00.123Z")]);
    }

    #[test]
    fn what_is_counted_is_told_by_active_alone() {
        let told = lowered("active eq false or not (active eq true)", true);
        assert_eq!(told.pushed.unwrap().text(), "(c.active = 1 OR NOT (c.active = 2))");
        assert!(told.residual.is_none());
        assert!(lowered(r#"active eq false and userName sw "a""#, true).residual.is_some());
    }
}
