//! A reference for stores: predicates as conditions over resources that SQLite keeps as JSON documents.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value as Param;
use rusqlite::{Connection, params_from_iter};
use scim_core::json::parse_date_time;
use scim_core::{AttributeRef, Resource};
use scim_filter::{ElementPredicate, Lower, Operand, Operator, Test, fold, lower_element};

/// SQL text and the values bound to its `?`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sql {
    text: String,
    params: Vec<Param>,
}

impl Sql {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), params: Vec::new() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn then(mut self, other: Self) -> Self {
        self.text.push_str(&other.text);
        self.params.extend(other.params);
        self
    }

    fn text_then(self, text: &str) -> Self {
        self.then(Self::new(text))
    }

    fn bound(value: impl Into<Param>) -> Self {
        Self { text: "?".to_owned(), params: vec![value.into()] }
    }

    fn joined(parts: Vec<Self>, word: &str) -> Self {
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_default();
        let joined = parts.fold(Self::new("(").then(first), |all, part| all.text_then(word).then(part));
        joined.text_then(")")
    }
}

/// The target. Bits of `declined` make it refuse some leaves, so that a part is left to the evaluator.
pub(crate) struct Document {
    pub(crate) declined: u8,
}

impl Document {
    fn takes(&self, path: &AttributeRef) -> bool {
        let bit = path.to_string().len() % 8;
        // A sub-attribute with several values would need a second loop.
        path.sub() != Some("marks") && self.declined & (1 << bit) == 0
    }
}

/// The body of a value path.
struct Element<'a> {
    document: &'a Document,
    base: Base,
}

/// What a path is looked up in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Document,
    /// The element of the loop around, which has sub-attributes.
    Complex,
    /// The element of the loop around, which is the value.
    Simple,
}

impl Base {
    fn name(self) -> &'static str {
        if self == Self::Document { "body" } else { "element.value" }
    }
}

fn json_path<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().fold("$".to_owned(), |path, name| format!("{path}.\"{name}\""))
}

/// The path of the attribute or extension, without the sub-attribute.
fn attribute_path(path: &AttributeRef) -> String {
    json_path(path.uri().into_iter().chain([path.name()]))
}

/// Holds when `condition` holds for one value of the path; `condition` sees the value, `NULL` when there is none.
fn any(base: Base, path: &AttributeRef, condition: impl Fn(Sql) -> Sql) -> Sql {
    match base {
        Base::Simple => return condition(Sql::new(base.name())),
        Base::Complex => return condition(extract(base.name(), json_path(path.sub()))),
        Base::Document => {}
    }
    let base = base.name();
    if path.attribute().multi_valued() {
        let value = match path.sub() {
            Some(sub) => extract("v.value", json_path([sub])),
            None => Sql::new("v.value"),
        };
        let each = Sql::new("EXISTS (SELECT 1 FROM json_each(").text_then(base).text_then(", ");
        let each = each.then(Sql::bound(attribute_path(path))).text_then(") AS v WHERE ");
        return each.then(condition(value)).text_then(")");
    }
    let names = path.uri().into_iter().chain([path.name()]).chain(path.sub());
    condition(extract(base, json_path(names)))
}

fn extract(base: &str, path: String) -> Sql {
    Sql::new("json_extract(").text_then(base).text_then(", ").then(Sql::bound(path)).text_then(")")
}

fn compare(base: Base, test: &Test) -> Option<Sql> {
    let operator = test.operator();
    let operand = match test.operand() {
        Operand::Null => {
            let assigned = any(base, test.path(), |value| Sql::new("(").then(value).text_then(" IS NOT NULL)"));
            return Some(if operator == Operator::Ne { assigned } else { Sql::new("NOT ").then(assigned) });
        }
        Operand::Bool(value) => Param::from(*value),
        Operand::Integer(value) => Param::from(*value),
        Operand::Decimal(number) => number.as_i64().map_or_else(|| Param::from(number.as_f64()), Param::from),
        Operand::Instant(instant) => Param::from(instant.timestamp_nanos_opt()?),
        Operand::Text(text) | Operand::Binary(text) => Param::from(text.to_string()),
        _ => return None,
    };
    let prepared = |value: Sql| match test.operand() {
        Operand::Binary(_) => Sql::new("rtrim(").then(value).text_then(", '=')"),
        Operand::Bool(_) if test.missing_is_false() => Sql::new("coalesce(").then(value).text_then(", 0)"),
        Operand::Instant(_) => Sql::new("scim_instant(").then(value).text_then(")"),
        Operand::Text(_) if !test.case_exact() => Sql::new("scim_fold(").then(value).text_then(")"),
        _ => value,
    };
    let operand = || Sql::bound(operand.clone());
    let holds = |value: Sql| {
        let value = prepared(value);
        let compared = |sign: &str| value.clone().text_then(sign).then(operand());
        match operator {
            Operator::Eq => compared(" = "),
            Operator::Ne => compared(" <> "),
            Operator::Gt => compared(" > "),
            Operator::Ge => compared(" >= "),
            Operator::Lt => compared(" < "),
            Operator::Le => compared(" <= "),
            Operator::Co => Sql::new("instr(").then(value).text_then(", ").then(operand()).text_then(") > 0"),
            Operator::Sw => Sql::new("substr(")
                .then(value)
                .text_then(", 1, length(")
                .then(operand())
                .text_then(")) = ")
                .then(operand()),
            Operator::Ew => {
                let tail = Sql::new("substr(").then(value.clone()).text_then(", -length(").then(operand());
                let whole = Sql::new("(length(").then(operand()).text_then(") = 0 AND ").then(value);
                let tail = tail.text_then(")) = ").then(operand());
                whole
                    .text_then(" IS NOT NULL OR length(")
                    .then(operand())
                    .text_then(") > 0 AND ")
                    .then(tail)
                    .text_then(")")
            }
        }
    };
    // What is unassigned differs from everything; never NULL, so that NOT negates.
    let missing = if operator == Operator::Ne { ", 1)" } else { ", 0)" };
    Some(any(base, test.path(), |value| Sql::new("coalesce(").then(holds(value)).text_then(missing)))
}

/// Some primitive below the path is not the empty text.
fn present(base: Base, path: &AttributeRef) -> Sql {
    if base == Base::Simple {
        return Sql::new("coalesce(").text_then(base.name()).text_then(" <> '', 0)");
    }
    let some = |base: &str, path: String| {
        let tree = Sql::new("EXISTS (SELECT 1 FROM json_tree(").text_then(base).text_then(", ").then(Sql::bound(path));
        tree.text_then(") AS t WHERE t.atom IS NOT NULL AND t.atom <> '')")
    };
    if base == Base::Complex {
        return some(base.name(), json_path(path.sub()));
    }
    let base = base.name();
    match path.sub() {
        Some(sub) if path.attribute().multi_valued() => {
            let each = Sql::new("EXISTS (SELECT 1 FROM json_each(").text_then(base).text_then(", ");
            let each = each.then(Sql::bound(attribute_path(path))).text_then(") AS v WHERE ");
            each.then(some("v.value", json_path([sub]))).text_then(")")
        }
        sub => some(base, json_path(path.uri().into_iter().chain([path.name()]).chain(sub))),
    }
}

impl Lower for Document {
    type Output = Sql;

    fn compare(&self, test: &Test) -> Option<Sql> {
        self.takes(test.path()).then(|| compare(Base::Document, test))?
    }

    fn present(&self, path: &AttributeRef) -> Option<Sql> {
        self.takes(path).then(|| present(Base::Document, path))
    }

    fn value_path(&self, path: &AttributeRef, filter: &ElementPredicate) -> Option<Sql> {
        if path.sub().is_some() {
            // The values of a sub-attribute would need a second loop.
            return None;
        }
        let base = if filter.is_of_simple_values() { Base::Simple } else { Base::Complex };
        let condition = lower_element(filter, &Element { document: self, base })?;
        let elements = if path.attribute().multi_valued() {
            Sql::new("json_each(body, ").then(Sql::bound(attribute_path(path))).text_then(") AS element WHERE ")
        } else {
            let element = extract(Base::Document.name(), attribute_path(path));
            Sql::new("(SELECT ").then(element).text_then(" AS value) AS element WHERE element.value IS NOT NULL AND ")
        };
        Some(Sql::new("EXISTS (SELECT 1 FROM ").then(elements).then(condition).text_then(")"))
    }

    fn and(&self, parts: Vec<Sql>) -> Sql {
        Sql::joined(parts, " AND ")
    }

    fn or(&self, parts: Vec<Sql>) -> Sql {
        Sql::joined(parts, " OR ")
    }

    fn not(&self, part: Sql) -> Sql {
        Sql::new("NOT (").then(part).text_then(")")
    }
}

impl Lower for Element<'_> {
    type Output = Sql;

    fn compare(&self, test: &Test) -> Option<Sql> {
        let has_one_value = self.base == Base::Simple || !test.path().leaf().multi_valued();
        (self.document.takes(test.path()) && has_one_value).then(|| compare(self.base, test))?
    }

    fn present(&self, path: &AttributeRef) -> Option<Sql> {
        self.document.takes(path).then(|| present(self.base, path))
    }

    fn value_path(&self, _: &AttributeRef, _: &ElementPredicate) -> Option<Sql> {
        None
    }

    fn and(&self, parts: Vec<Sql>) -> Sql {
        self.document.and(parts)
    }

    fn or(&self, parts: Vec<Sql>) -> Sql {
        self.document.or(parts)
    }

    fn not(&self, part: Sql) -> Sql {
        self.document.not(part)
    }
}

/// An SQLite database in memory with a table of documents.
pub(crate) struct Documents(Connection);

impl Documents {
    pub(crate) fn open() -> Self {
        let database = Connection::open_in_memory().expect("a database");
        database.execute_batch("CREATE TABLE document (id INTEGER PRIMARY KEY, body TEXT NOT NULL)").expect("a table");
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        database
            .create_scalar_function("scim_fold", 1, flags, |call| {
                let text: Option<String> = call.get(0)?;
                Ok(text.map(|text| fold(&text).into_owned()))
            })
            .expect("a function");
        database
            .create_scalar_function("scim_instant", 1, flags, |call| {
                let text: Option<String> = call.get(0)?;
                Ok(text.and_then(|text| parse_date_time(&text).ok()?.timestamp_nanos_opt()))
            })
            .expect("a function");
        Self(database)
    }

    /// Which of the resources the condition selects; all without one.
    pub(crate) fn select(&self, resources: &[Resource], condition: Option<&Sql>) -> Vec<bool> {
        let database = &self.0;
        database.execute("DELETE FROM document", []).expect("an empty table");
        let mut insert = database.prepare("INSERT INTO document VALUES (?, ?)").expect("a statement");
        for (id, resource) in resources.iter().enumerate() {
            let body = serde_json::to_string(resource).expect("json");
            insert.execute(rusqlite::params![i64::try_from(id).expect("a small number"), body]).expect("a row");
        }
        let all = Sql::new("1");
        let condition = condition.unwrap_or(&all);
        let mut select =
            database.prepare(&format!("SELECT id FROM document WHERE {}", condition.text)).expect("sound SQL");
        let ids: Vec<i64> = select
            .query_map(params_from_iter(&condition.params), |row| row.get(0))
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("ids");
        (0..resources.len()).map(|id| ids.iter().any(|found| usize::try_from(*found) == Ok(id))).collect()
    }
}
