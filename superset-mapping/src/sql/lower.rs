//! The parts of a filter that the auxiliary tables can answer.

use std::borrow::Cow;
use std::cell::Cell;

use scim_core::schema::Uniqueness;
use scim_core::{AttributeRef, ResourceTypeName, TypeSchema};
use scim_filter::{ElementPredicate, Lower, Operand, Operator, Test, after_prefix, lower_element, lower_parts};

use crate::sql::column_key::named_key;
use crate::sql::counted::{active, last_modified};
use crate::sql::fragment::Fragment;
use crate::sql::index_key::{HASHED, index_key};

/// The addresses of a user, as `scim_value` has them.
pub(crate) const EMAILS: &str = "emails.value";

/// Most conditions of a statement that look something up: each is a statement in it. The evaluator does the rest.
const MAX_LOOKUPS: u32 = 16;
/// Most conditions of a statement that walk through the names of all users.
const MAX_SCANS: u32 = 2;

/// Conditions on the columns of `scim_resource`, called `r` in the statement.
///
/// Taken over is what has an index (equality of `id`, of `externalId`, of unique attributes, of `displayName`, of `active`, of addresses, of
/// members and of groups), every comparison of `meta.lastModified`, and whatever is compared with `userName`, as far as the database does it
/// quickly. Everything else stays with the evaluator.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    schema: &'a TypeSchema,
    tenant: &'a str,
    lookups: Cell<u32>,
    scans: Cell<u32>,
}

/// Takes one of what is left.
fn take(left: &Cell<u32>) -> Option<()> {
    left.set(left.get().checked_sub(1)?);
    Some(())
}

impl<'a> Target<'a> {
    /// The target of one statement.
    pub(crate) fn new(schema: &'a TypeSchema, tenant: &'a str) -> Self {
        Self { schema, tenant, lookups: Cell::new(MAX_LOOKUPS), scans: Cell::new(MAX_SCANS) }
    }

    fn is(&self, name: &ResourceTypeName) -> bool {
        self.schema.resource_type().name() == name
    }

    /// Resources for which `table` has a row of this attribute; a condition on its value, `q.value`, follows.
    fn indexed(&self, table: &'static str, attribute: &str, condition: Fragment) -> Option<Fragment> {
        take(&self.lookups)?;
        let rows = Fragment::new("r.id IN (SELECT q.resource_id FROM ")
            .then(Fragment::new(table))
            .then(Fragment::new(" q WHERE q.tenant = ? AND q.resource_type = ? AND q.attribute = ? AND "))
            .bind(self.tenant)
            .bind(self.schema.resource_type().name().as_str())
            .bind(attribute)
            .then(condition)
            .then(Fragment::new(")"));
        Some(rows)
    }

    /// What compares equal to one of these values.
    fn equal(&self, path: &AttributeRef, case_exact: bool, values: &[&str]) -> Option<Fragment> {
        if path.attribute().multi_valued() {
            return self.element_value(path, values);
        }
        match (path.top_level()?, case_exact) {
            ("id", true) => Some(one_of("r.id", values)),
            // Never NULL, so that `not` may negate it.
            ("externalId", true) => {
                let keys = one_of("r.external_key", &keys(values));
                Some(Fragment::new("(r.external_key IS NOT NULL AND ").then(keys).then(Fragment::new(")")))
            }
            ("displayName", false) => {
                let keys: Vec<String> = values.iter().map(|value| named_key(value)).collect();
                Some(one_of("r.display_name_key", &keys))
            }
            (name, _) if path.attribute().uniqueness() != Uniqueness::None => {
                self.indexed("scim_unique", name, one_of("q.value", &keys(values)))
            }
            _ => None,
        }
    }

    /// The indexes hold the `value` of complex elements.
    fn element_value(&self, path: &AttributeRef, values: &[&str]) -> Option<Fragment> {
        if path.uri().is_some() || path.sub() != Some("value") {
            return None;
        }
        let keys = keys(values);
        match path.name() {
            "emails" if self.is(&ResourceTypeName::user()) => {
                self.indexed("scim_value", EMAILS, one_of("q.value", &keys))
            }
            "members" if self.is(&ResourceTypeName::group()) => {
                take(&self.lookups)?;
                let members = Fragment::new("r.id IN (SELECT m.group_id FROM scim_member m WHERE ");
                Some(members.then(one_of("m.member_key", &keys)).then(Fragment::new(")")))
            }
            "groups" if self.is(&ResourceTypeName::user()) => {
                take(&self.lookups)?;
                // Ids that are issued here have one spelling, whether or not they compare case-sensitively.
                let within = Fragment::new(
                    "r.id IN (WITH RECURSIVE below (id) AS (SELECT m.member_id FROM scim_member m WHERE m.tenant = ? AND ",
                )
                .bind(self.tenant)
                .then(one_of("m.group_id", values))
                .then(Fragment::new(
                    " UNION SELECT m.member_id FROM below b JOIN scim_member m ON m.group_id = b.id WHERE m.tenant = ?) \
                     SELECT b.id FROM below b)",
                ))
                .bind(self.tenant);
                Some(within)
            }
            _ => None,
        }
    }
}

fn keys<'v>(values: &[&'v str]) -> Vec<Cow<'v, str>> {
    values.iter().map(|value| index_key(value)).collect()
}

/// A column that has one of these values.
fn one_of<V: AsRef<str>>(column: &'static str, values: &[V]) -> Fragment {
    match values {
        [value] => Fragment::new(column).then(Fragment::new(" = ?").bind(value.as_ref())),
        _ => Fragment::new(column).then(Fragment::new(" IN ")).then(Fragment::list(values.iter().map(AsRef::as_ref))),
    }
}

/// The text that a test compares with; `None` for anything else, and for what stands in no index as it is.
fn indexed_text(test: &Test) -> Option<&str> {
    match test.operand() {
        Operand::Text(text) if !unindexed(text) => Some(text),
        _ => None,
    }
}

/// How a `userName`, which every user has and which is indexed as it is, compares with a value that is not empty; equality is
/// looked up like that of other attributes.
fn user_name(operator: Operator, value: &str) -> Option<Fragment> {
    let like = |before: &str, after: &str| {
        let mut pattern = String::from(before);
        for c in value.chars() {
            if matches!(c, '!' | '%' | '_') {
                pattern.push('!');
            }
            pattern.push(c);
        }
        pattern.push_str(after);
        Fragment::new("q.value LIKE ? ESCAPE '!'").bind(pattern)
    };
    let compared = |text| Fragment::new(text).bind(value);
    Some(match operator {
        Operator::Eq => return None,
        Operator::Ne => compared("q.value <> ?"),
        Operator::Gt => compared("q.value > ?"),
        Operator::Ge => compared("q.value >= ?"),
        Operator::Lt => compared("q.value < ?"),
        Operator::Le => compared("q.value <= ?"),
        Operator::Sw => Fragment::new("(q.value >= ? AND q.value < ?)").bind(value).bind(after_prefix(value)?),
        Operator::Co => like("%", "%"),
        Operator::Ew => like("%", ""),
    })
}

/// What can't be given to an engine, or does not stand in an index as it is.
fn unindexed(value: &str) -> bool {
    value.contains('\0') || value.starts_with(HASHED)
}

impl Lower for Target<'_> {
    type Output = Fragment;

    fn compare(&self, test: &Test) -> Option<Fragment> {
        match test.operand() {
            Operand::Bool(_) => return active("r.active", test),
            Operand::Instant(instant) => return last_modified(test, *instant),
            _ => {}
        }
        let value = indexed_text(test)?;
        let (path, operator) = (test.path(), test.operator());
        if operator == Operator::Eq {
            return self.equal(path, test.case_exact(), &[value]);
        }
        let by_name = path.top_level() == Some("userName") && !test.case_exact();
        if !by_name || !self.is(&ResourceTypeName::user()) || value.is_empty() {
            return None;
        }
        take(&self.scans)?;
        self.indexed("scim_unique", "userName", user_name(operator, value)?)
    }

    /// By `IN`; what no index answers at once stays with the evaluator, which looks at each value once for all of them.
    fn any_of(&self, tests: &[Test]) -> Option<Fragment> {
        let first = tests.first()?;
        let values = tests.iter().map(indexed_text).collect::<Option<Vec<_>>>()?;
        match first.operator() {
            Operator::Eq => self.equal(first.path(), first.case_exact(), &values),
            _ => None,
        }
    }

    fn present(&self, _: &AttributeRef) -> Option<Fragment> {
        None
    }

    fn value_path(&self, _: &AttributeRef, filter: &ElementPredicate) -> Option<Fragment> {
        lower_element(filter, &Element(self)).flatten()
    }

    fn narrow(&self, _: &AttributeRef, filter: &ElementPredicate) -> Option<Fragment> {
        let mut parts: Vec<Fragment> = lower_parts(filter, &Element(self)).into_iter().flatten().collect();
        if parts.len() > 1 { Some(Fragment::bracketed(parts, " AND ")) } else { parts.pop() }
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

/// The body of a value path that tests `value` for equality, or for one of several. An index of values does not know
/// whether two tests hold for the same element, so `and` and `not` stay with the evaluator.
struct Element<'a>(&'a Target<'a>);

impl Lower for Element<'_> {
    /// `None`: it can't be said.
    type Output = Option<Fragment>;

    fn compare(&self, test: &Test) -> Option<Self::Output> {
        self.any_of(std::slice::from_ref(test))
    }

    fn any_of(&self, tests: &[Test]) -> Option<Self::Output> {
        let first = tests.first()?;
        if first.operator() != Operator::Eq {
            return None;
        }
        let values = tests.iter().map(indexed_text).collect::<Option<Vec<_>>>()?;
        self.0.element_value(first.path(), &values).map(Some)
    }

    fn present(&self, _: &AttributeRef) -> Option<Self::Output> {
        None
    }

    fn value_path(&self, _: &AttributeRef, _: &ElementPredicate) -> Option<Self::Output> {
        None
    }

    fn and(&self, _: Vec<Self::Output>) -> Self::Output {
        None
    }

    fn or(&self, parts: Vec<Self::Output>) -> Self::Output {
        let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Fragment::bracketed(parts, " OR "))
    }

    fn not(&self, _: Self::Output) -> Self::Output {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::{ResourceTypeName, SchemaSet, Tolerance};
    use scim_filter::{Filter, Predicate, check, lower};

    fn predicate(filter: &str, of: &TypeSchema) -> Predicate {
        let filter: Filter = filter.parse().unwrap();
        check(&filter, of, &mut Tolerance::rfc()).unwrap()
    }

    fn lowered_for(kind: &ResourceTypeName, filter: &str) -> (Option<String>, bool) {
        let schemas = SchemaSet::builtin();
        let schema = schemas.of(kind).unwrap();
        let target = Target::new(schema, "");
        let lowered = lower(&predicate(filter, schema), &target);
        (lowered.pushed.map(|pushed| pushed.text().to_owned()), lowered.residual.is_some())
    }

    fn lowered(filter: &str) -> (Option<String>, bool) {
        lowered_for(&ResourceTypeName::group(), filter)
    }

    fn lowered_user(filter: &str) -> (Option<String>, bool) {
        lowered_for(&ResourceTypeName::user(), filter)
    }

    const BY_NAME: &str = "r.id IN (SELECT q.resource_id FROM scim_unique q \
                           WHERE q.tenant = ? AND q.resource_type = ? AND q.attribute = ? AND q.value = ?)";

    #[test]
    fn equality_of_indexed_attributes_is_pushed_down() {
        assert_eq!(lowered(r#"id eq "1""#), (Some("r.id = ?".into()), false));
        assert_eq!(lowered(r#"displayName eq "A""#), (Some("r.display_name_key = ?".into()), false));
        assert_eq!(lowered_user(r#"displayName eq "A""#), (Some("r.display_name_key = ?".into()), false));
        assert_eq!(
            lowered(r#"not (externalId eq "x" or id eq "y")"#).0.unwrap(),
            "NOT (((r.external_key IS NOT NULL AND r.external_key = ?) OR r.id = ?))"
        );
    }

    #[test]
    fn members_and_addresses_have_an_index_too() {
        let member = "r.id IN (SELECT m.group_id FROM scim_member m WHERE m.member_key = ?)";
        for filter in [r#"members eq "u""#, r#"members.value eq "u""#, r#"members[value eq "u"]"#] {
            assert_eq!(lowered(filter), (Some(member.into()), false), "{filter}");
        }
        for filter in [r#"groups eq "g""#, r#"groups.value eq "G""#, r#"groups[value eq "g"]"#] {
            let (pushed, residual) = lowered_user(filter);
            assert!(pushed.unwrap().contains("AND m.group_id = ? UNION") && !residual, "{filter}");
        }
        let address = BY_NAME.replace("scim_unique", "scim_value");
        for filter in [r#"emails eq "a@x""#, r#"emails[value eq "a@x"]"#] {
            assert_eq!(lowered_user(filter), (Some(address.clone()), false), "{filter}");
        }
        let both = lowered_user(r#"emails[value eq "a" or value eq "b"]"#).0.unwrap();
        assert_eq!(both, address.replace("q.value = ?", "q.value IN (?, ?)"));
        assert_eq!(lowered_user(r#"emails[not (value eq "a")]"#), (None, true));
        // One element has to fulfil both, which the index does not know: it narrows, and the evaluator decides.
        let narrowed = lowered_user(r#"emails[type eq "work" and value eq "a@x"]"#);
        assert_eq!(narrowed, (Some(address.clone()), true));
        let narrowed = lowered_user(r#"emails[value eq "a" and value eq "b" and primary eq true]"#);
        assert_eq!(narrowed, (Some(format!("({address} AND {address})")), true));
    }

    #[test]
    fn p10_simple_values_are_in_no_index() {
        let schema = serde_json::json!({"id": "urn:e:1.0:G", "name": "G", "attributes": [
            {"name": "members", "multiValued": true},
            {"name": "lead", "type": "complex", "subAttributes": [{"name": "members", "multiValued": true}]}
        ]});
        let of = serde_json::json!({"name": "Group", "endpoint": "/Groups", "schema": "urn:e:1.0:G"});
        let schema: std::sync::Arc<scim_core::schema::Schema> = serde_json::from_value(schema).unwrap();
        let schemas = SchemaSet::default().with([schema], [serde_json::from_value(of).unwrap()]).unwrap();
        let schema = schemas.group().unwrap();
        let target = Target::new(schema, "");
        for filter in [
            r#"members[value eq "u"]"#,
            r#"members.value eq "u""#,
            r#"members eq "u""#,
            r#"lead.members[value eq "u"]"#,
        ] {
            let lowered = lower(&predicate(filter, schema), &target);
            assert!(lowered.pushed.is_none() && lowered.residual.is_some(), "{filter}");
        }
    }

    #[test]
    fn every_comparison_of_a_user_name_is_pushed_down() {
        let condition = |filter: &str| {
            let (pushed, residual) = lowered_user(filter);
            assert!(!residual, "{filter}");
            pushed.unwrap().split_once("q.attribute = ? AND ").unwrap().1.trim_end_matches(')').to_owned()
        };
        assert_eq!(condition(r#"userName eq "A""#), "q.value = ?");
        assert_eq!(condition(r#"userName gt "A""#), "q.value > ?");
        assert_eq!(condition(r#"userName sw "A""#), "(q.value >= ? AND q.value < ?");
        assert_eq!(condition(r#"userName co "a%""#), "q.value LIKE ? ESCAPE '!'");
        for filter in [r#"userName sw """#, r#"userName eq "a\u0000""#, r#"userName eq "\u0001""#] {
            assert_eq!(lowered_user(filter), (None, true), "{filter}");
        }
    }

    #[test]
    fn x7_values_of_one_attribute_are_looked_up_together() {
        for (filter, condition) in [
            (r#"id eq "1" or id eq "2""#, "r.id IN (?, ?)"),
            (r#"externalId eq "1" or externalId eq "2""#, "(r.external_key IS NOT NULL AND r.external_key IN (?, ?))"),
            (r#"userName eq "a" or userName eq "b""#, &BY_NAME.replace("= ?)", "IN (?, ?))")),
            (r#"userName ne "a" and userName ne "b""#, &format!("NOT ({})", BY_NAME.replace("= ?)", "IN (?, ?))"))),
        ] {
            assert_eq!(lowered_user(filter), (Some(condition.to_owned()), false), "{filter}");
        }
    }

    #[test]
    fn x7_a_statement_neither_walks_through_all_names_often_nor_looks_much_up() {
        let chain = |term: &str, word: &str| {
            (0..100).map(|number| term.replace('#', &number.to_string())).collect::<Vec<_>>().join(word)
        };
        let pushed = |filter: &str| lowered_user(filter).0.unwrap_or_default().matches("SELECT").count();
        assert_eq!(pushed(&chain(r##"userName co "#""##, " or ")), 0);
        assert_eq!(pushed(&chain(r##"userName co "#""##, " and ")), 2);
        assert_eq!(pushed(&chain(r##"not (userName sw "#")"##, " or ")), 0);
        assert_eq!(pushed(&chain(r##"emails eq "#""##, " and ")), 16);
        assert_eq!(pushed(&chain(r##"emails eq "#""##, " or ")), 1);
        assert!(lowered_user(&chain(r##"userName co "#""##, " and ")).1, "the evaluator does the rest");
    }

    #[test]
    fn what_has_no_index_stays_with_the_evaluator() {
        assert_eq!(lowered(r#"id eq "1" and members.type eq "User""#), (Some("r.id = ?".into()), true));
        for filter in [r#"displayName sw "A""#, "externalId pr", "externalId eq null", r#"id ne "1""#] {
            assert_eq!(lowered(filter), (None, true), "{filter}");
        }
    }
}
