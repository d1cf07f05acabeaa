//! A report as an HTML page.

use std::borrow::Cow;

use askama::Template;

use crate::reconcile::report::table::{Report, Table};

/// The template escapes every text.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    report: &'r Report,
}

impl Report {
    pub(in crate::reconcile) fn to_html(&self) -> String {
        // Writing to a `String` does not fail.
        Page { report: self }.render().unwrap_or_default()
    }
}

/// A column in which something stands.
struct Column<'t> {
    name: &'t str,
    index: usize,
}

impl Table {
    fn filled(&self) -> Vec<Column<'_>> {
        let columns = self.columns.iter().enumerate().map(|(index, name)| Column { name, index });
        columns.filter(|column| self.rows.iter().any(|row| !column.cell(row).is_empty())).collect()
    }
}

impl Column<'_> {
    fn cell<'r>(&self, row: &'r [String]) -> Cow<'r, str> {
        row.get(self.index).map_or(Cow::Borrowed(""), |cell| visible(cell))
    }
}

/// A text in which control characters are shown as what they are.
fn visible(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.replace(char::is_control, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_place() {
        let hostile = "<script>alert(1)</script>\"'&{{tables}}\u{0}";
        let table = Table {
            key: "role_missing".to_owned(),
            title: hostile.to_owned(),
            weight: "due",
            columns: vec!["Who", "What"],
            rows: vec![vec![hostile.to_owned(), String::new()]],
            left_out: 0,
        };
        let report = Report {
            title: "t",
            at: "now".to_owned(),
            about: String::new(),
            summary: hostile.to_owned(),
            tables: vec![table],
        };
        let page = report.to_html();
        assert!(!page.contains("<script>alert"));
        let shown = "&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;{{tables}}\u{fffd}";
        assert_eq!(page.matches(shown).count(), 4, "summary, tile, heading and cell");
        assert_eq!(page.matches("<section").count(), 1);
        assert!(!page.contains(">What</th>"), "nothing stands there");
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let page =
            Report { title: "t", at: String::new(), about: String::new(), summary: String::new(), tables: Vec::new() }
                .to_html();
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        assert!(!page.contains("http") && !page.contains("src=") && !page.contains("@import") && !page.contains("{{"));
        assert!(page.contains("All is as it should be."));
    }
}
