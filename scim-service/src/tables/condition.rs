//! The part of a filter that the columns can answer.

use std::cell::Cell as Counter;

use scim_core::AttributeRef;
use scim_core::json::format_date_time;
use scim_filter::{ElementPredicate, Lower, Operand, Operator, Test, after_prefix, lower_element};

use super::layout::{Layout, NO_TIME, ROW, Related};
use super::pairs;
use super::statement::{Cell, CellKind, Sql};

/// Most conditions of a query that no index answers. The evaluator does the rest, within the budget of the request.
const MAX_SCANS: u32 = 4;

/// Lowers filters to conditions on the columns of a table: equality, order, prefixes and presence, as far as a column compares as SCIM
/// does. All conditions are two-valued.
#[derive(Debug)]
pub(super) struct Conditions<'a> {
    layout: &'a Layout,
    related: Option<Related<'a>>,
    tenant: &'a str,
    scans: Counter<u32>,
}

/// A column as filters see it.
struct Compared {
    name: String,
    kind: CellKind,
    is_folded: bool,
    nullable: bool,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(layout: &'a Layout, related: Option<Related<'a>>, tenant: &'a str) -> Self {
        Self { layout, related, tenant, scans: Counter::new(MAX_SCANS) }
    }

    fn column(&self, path: &AttributeRef, case_exact: bool) -> Option<Compared> {
        let table = &self.layout.table;
        let own = |name: &str| Compared {
            name: format!("{ROW}.{name}"),
            kind: CellKind::Text,
            is_folded: false,
            nullable: false,
        };
        if path.top_level() == Some("id") {
            return case_exact.then(|| own(&table.id));
        }
        let (mapped, column) = self.layout.comparable(path, case_exact)?;
        let is_folded = mapped.folded.as_deref() == Some(column);
        Some(Compared { name: format!("{ROW}.{column}"), kind: mapped.kind, is_folded, nullable: true })
    }

    /// The column of a time in `meta`.
    fn time(&self, path: &AttributeRef) -> Option<String> {
        let table = &self.layout.table;
        match (path.is_in("meta"), path.sub()) {
            (true, Some("created")) => Some(format!("{ROW}.{}", table.created)),
            (true, Some("lastModified")) => Some(format!("{ROW}.{}", table.modified)),
            _ => None,
        }
    }

    /// Groups that have one of these members.
    fn groups_with(&self, path: &AttributeRef, case_exact: bool, values: &[&str]) -> Option<Sql> {
        let related = self.related.filter(|related| related.groups.table.of == self.layout.table.of)?;
        (path.is_in("members") && path.sub() == Some("value"))
            .then(|| pairs::groups_with(related, self.tenant, case_exact, values))
    }

    fn take_scan(&self) -> Option<()> {
        self.scans.set(self.scans.get().checked_sub(1)?);
        Some(())
    }

    fn compared(&self, column: &Compared, operator: Operator, value: &Operand) -> Option<Sql> {
        let name = &column.name;
        let (cell, text) = match (column.kind, value) {
            (CellKind::Text, Operand::Text(text)) if !text.contains('\0') => (Cell::from(&**text), Some(&**text)),
            (CellKind::Bool, Operand::Bool(value)) => (Cell::from(*value), None),
            (CellKind::Integer, Operand::Integer(number)) => (Cell::from(*number), None),
            _ => return None,
        };
        let plain = |sign: &str| Sql::new(format!("{name} {sign} ?")).bind(cell.clone());
        let condition = match operator {
            Operator::Eq => plain("="),
            Operator::Ne if column.nullable => {
                return Some(Sql::new(format!("({name} IS NULL OR ")).then(plain("<>")).text(")"));
            }
            Operator::Ne => plain("<>"),
            Operator::Gt => plain(">"),
            Operator::Ge => plain(">="),
            Operator::Lt => plain("<"),
            Operator::Le => plain("<="),
            Operator::Sw => {
                let text = text.filter(|text| !text.is_empty())?;
                Sql::new(format!("{name} >= ? AND {name} < ?")).bind(text).bind(after_prefix(text)?)
            }
            // `LIKE` may ignore case, which a folded column does not have.
            Operator::Co | Operator::Ew if column.is_folded => {
                let text = text.filter(|text| !text.is_empty())?;
                self.take_scan()?;
                let end = if operator == Operator::Co { "%" } else { "" };
                Sql::new(format!("{name} LIKE ? ESCAPE '!'")).bind(format!("%{}{end}", escaped(text)))
            }
            Operator::Co | Operator::Ew => return None,
        };
        Some(if column.nullable {
            Sql::new(format!("({name} IS NOT NULL AND ")).then(condition).text(")")
        } else {
            Sql::new("(").then(condition).text(")")
        })
    }
}

fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern
}

impl Lower for Conditions<'_> {
    type Output = Sql;

    fn compare(&self, test: &Test) -> Option<Sql> {
        let (path, operator) = (test.path(), test.operator());
        if test.missing_is_false() {
            return None;
        }
        if let (Some(column), Operand::Instant(instant)) = (self.time(path), test.operand()) {
            let sign = match operator {
                Operator::Eq => "=",
                Operator::Ne => "<>",
                Operator::Gt => ">",
                Operator::Ge => ">=",
                Operator::Lt => "<",
                Operator::Le => "<=",
                Operator::Co | Operator::Sw | Operator::Ew => return None,
            };
            // The column has milliseconds, and four digits for the year.
            let text = format_date_time(*instant);
            let is_exact =
                instant.timestamp_subsec_nanos() % 1_000_000 == 0 && text.len() == "2011-05-13T04:42:34.000Z".len();
            // A row without a time is shown with the first there is.
            let order = NO_TIME.cmp(&text);
            let missing = match operator {
                Operator::Eq => order.is_eq(),
                Operator::Ne => order.is_ne(),
                Operator::Gt => order.is_gt(),
                Operator::Ge => order.is_ge(),
                Operator::Lt => order.is_lt(),
                _ => order.is_le(),
            };
            let missing = if missing { "IS NULL OR" } else { "IS NOT NULL AND" };
            return is_exact.then(|| Sql::new(format!("({column} {missing} {column} {sign} ?)")).bind(text));
        }
        // What U+0000 means to a database differs, and the store keeps none in a column.
        if matches!(test.operand(), Operand::Text(text) if text.contains('\0')) {
            return None;
        }
        if let (Operator::Eq, Operand::Text(text)) = (operator, test.operand())
            && let Some(groups) = self.groups_with(path, test.case_exact(), &[text])
        {
            return Some(groups);
        }
        self.compared(&self.column(path, test.case_exact())?, operator, test.operand())
    }

    fn any_of(&self, tests: &[Test]) -> Option<Sql> {
        let first = tests.first()?;
        if first.operator() != Operator::Eq {
            return Some(self.or(tests.iter().map(|test| self.compare(test)).collect::<Option<Vec<_>>>()?));
        }
        let texts: Option<Vec<&str>> = tests
            .iter()
            .map(|test| match test.operand() {
                Operand::Text(text) if !text.contains('\0') => Some(&**text),
                _ => None,
            })
            .collect();
        let texts = texts?;
        if let Some(groups) = self.groups_with(first.path(), first.case_exact(), &texts) {
            return Some(groups);
        }
        let Compared { name, nullable, .. } =
            self.column(first.path(), first.case_exact()).filter(|column| column.kind == CellKind::Text)?;
        let start = if nullable { format!("({name} IS NOT NULL AND {name} IN ") } else { format!("({name} IN ") };
        Some(Sql::new(start).then(Sql::list(texts)).text(")"))
    }

    fn present(&self, path: &AttributeRef) -> Option<Sql> {
        if path.top_level() == Some("id") {
            return self.constant(true);
        }
        // Presence asks nothing of case.
        let (mapped, _) = self.layout.comparable(path, true)?;
        let name = format!("{ROW}.{}", mapped.name);
        Some(match mapped.kind {
            CellKind::Text => Sql::new(format!("({name} IS NOT NULL AND {name} <> '')")),
            CellKind::Bool | CellKind::Integer => Sql::new(format!("{name} IS NOT NULL")),
        })
    }

    /// What a value path asks of several sub-attributes holds for one element, which pairs of ids do not know.
    fn value_path(&self, _: &AttributeRef, filter: &ElementPredicate) -> Option<Sql> {
        lower_element(filter, &Member(self)).flatten()
    }

    fn constant(&self, value: bool) -> Option<Sql> {
        Some(Sql::new(if value { "1 = 1" } else { "1 = 0" }))
    }

    fn and(&self, parts: Vec<Sql>) -> Sql {
        Sql::new("(").then(Sql::joined(parts, " AND ")).text(")")
    }

    fn or(&self, parts: Vec<Sql>) -> Sql {
        Sql::new("(").then(Sql::joined(parts, " OR ")).text(")")
    }

    fn not(&self, part: Sql) -> Sql {
        Sql::new("NOT (").then(part).text(")")
    }
}

/// The body of `members[value eq "..."]`.
struct Member<'a>(&'a Conditions<'a>);

impl Lower for Member<'_> {
    /// `None`: pairs of ids do not tell.
    type Output = Option<Sql>;

    fn compare(&self, test: &Test) -> Option<Self::Output> {
        match (test.operator(), test.operand()) {
            (Operator::Eq, Operand::Text(text)) => {
                self.0.groups_with(test.path(), test.case_exact(), &[text]).map(Some)
            }
            _ => None,
        }
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
        Some(self.0.or(parts.into_iter().collect::<Option<Vec<_>>>()?))
    }

    fn not(&self, _: Self::Output) -> Self::Output {
        None
    }
}

#[cfg(test)]
mod tests {
    use scim_core::{SchemaSet, Tolerance};
    use scim_filter::{check_any, lower};

    use super::super::layout::Layouts;
    use super::super::table::{MemberTable, Table};
    use super::*;

    fn layouts() -> Layouts {
        let users = Table::new("User", "users")
            .with_tenant("tenant")
            .with_column("userName", "login")
            .with_folded("userName", "login_folded")
            .with_column("externalId", "external_id")
            .with_column("title", "title")
            .with_column("active", "active")
            .with_column_or("displayName", "shown", "")
            .with_column("emails.value", "email");
        let teams = Table::new("Group", "teams");
        let members = MemberTable::new("team_members", "team_id", "user_id").with_others("team_others");
        Layouts::new([users, teams], Some(members), &SchemaSet::builtin()).unwrap()
    }

    /// The condition, and whether anything is left for the evaluator.
    fn lowered(of: &str, filter: &str) -> (Option<String>, bool) {
        let (schemas, layouts) = (SchemaSet::builtin(), layouts());
        let of = schemas.of(&of.into()).unwrap();
        let predicate = check_any(&filter.parse().unwrap(), of, &mut Tolerance::rfc()).unwrap();
        let conditions = Conditions::new(layouts.of(of).unwrap(), layouts.related(), "acme");
        let lowered = lower(&predicate, &conditions);
        (lowered.pushed.map(|pushed| pushed.as_text().to_owned()), lowered.residual.is_some())
    }

    #[test]
    fn what_a_column_answers_is_pushed_down_whole() {
        for (filter, condition) in [
            ("id eq \"1\"", "(t.scim_id = ?)"),
            ("userName eq \"Ada\"", "(t.login_folded IS NOT NULL AND t.login_folded = ?)"),
            ("userName ne \"Ada\"", "(t.login_folded IS NULL OR t.login_folded <> ?)"),
            ("userName co \"a%\"", "(t.login_folded IS NOT NULL AND t.login_folded LIKE ? ESCAPE '!')"),
            ("userName sw \"a\"", "(t.login_folded IS NOT NULL AND t.login_folded >= ? AND t.login_folded < ?)"),
            ("userName eq \"a\" or userName eq \"b\"", "(t.login_folded IS NOT NULL AND t.login_folded IN (?, ?))"),
            ("externalId eq \"X\"", "(t.external_id IS NOT NULL AND t.external_id = ?)"),
            ("title pr", "(t.title IS NOT NULL AND t.title <> '')"),
            ("active eq true", "(t.active IS NOT NULL AND t.active = ?)"),
            ("meta.lastModified gt \"2026-01-01T00:00:00Z\"", "(t.scim_modified IS NOT NULL AND t.scim_modified > ?)"),
            ("meta.created lt \"2026-01-01T00:00:00Z\"", "(t.scim_created IS NULL OR t.scim_created < ?)"),
            ("not (id eq \"1\")", "NOT ((t.scim_id = ?))"),
        ] {
            assert_eq!(lowered("User", filter), (Some(condition.to_owned()), false), "{filter}");
        }
    }

    #[test]
    fn what_no_column_compares_as_scim_does_stays_with_the_evaluator() {
        for filter in [
            "title eq \"Dr\"",
            "displayName pr",
            "emails.value eq \"a@x\"",
            "nickName eq \"a\"",
            "externalId co \"a\"",
            "userName eq \"\\u0000\"",
            "userName sw \"\"",
            "meta.created gt \"2026-01-01T00:00:00.0001Z\"",
            "groups.value eq \"g\"",
        ] {
            assert_eq!(lowered("User", filter), (None, true), "{filter}");
        }
        let both = lowered("User", "userName eq \"a\" and nickName eq \"b\"");
        assert!(both.0.is_some() && both.1, "{both:?}");
    }

    #[test]
    fn groups_are_found_by_their_members() {
        let by_member = lowered("Group", "members.value eq \"u\"");
        assert_eq!(lowered("Group", "members[value eq \"u\"]"), by_member);
        assert_eq!(lowered("Group", "members eq \"u\""), by_member);
        let (pushed, residual) = by_member;
        let pushed = pushed.unwrap();
        assert!(pushed.contains("team_members") && pushed.contains("team_others") && !residual, "{pushed}");
        let (pushed, residual) = lowered("Group", "id eq \"g\" and members[value eq \"u\" and type eq \"User\"]");
        assert_eq!((pushed.as_deref(), residual), (Some("(t.scim_id = ?)"), true));
    }

    #[test]
    fn a_query_does_not_walk_through_all_names_often() {
        let chain =
            |word: &str| (0..100).map(|number| format!("userName co \"{number}\"")).collect::<Vec<_>>().join(word);
        let (pushed, residual) = lowered("User", &chain(" and "));
        assert_eq!((pushed.unwrap().matches("LIKE").count(), residual), (4, true));
        assert_eq!(lowered("User", &chain(" or ")), (None, true));
    }
}
