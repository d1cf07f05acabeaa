//! A report as an HTML page.

use std::fmt::Write;

use crate::reconcile::report::table::{Report, Table};

/// The page around what a report shows. `{{...}}` are the places that are filled.
const PAGE: &str = include_str!("page.html");

/// A text in HTML, in content and in attributes with double quotes. Invisible characters are shown as what they are.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

impl Report {
    pub(in crate::reconcile) fn to_html(&self) -> String {
        let mut tiles = String::new();
        let mut tables = String::new();
        for table in &self.tables {
            // Writing to a `String` does not fail.
            let _ = writeln!(
                tiles,
                "<a class=\"tile {}\" href=\"#{}\"><b>{}</b><span>{}</span></a>",
                table.weight,
                escaped(&table.key),
                table.rows.len(),
                escaped(&table.title)
            );
            tables.push_str(&section(table));
        }
        if self.tables.is_empty() {
            tables.push_str("<p class=\"clean\">All is as it should be.</p>\n");
        }
        // One pass over the template, so that nothing in a text can be taken for a place.
        let mut page = String::with_capacity(PAGE.len() + tiles.len() + tables.len());
        let mut rest = PAGE;
        while let Some((before, after)) = rest.split_once("{{") {
            page.push_str(before);
            let (place, behind) = after.split_once("}}").unwrap_or((after, ""));
            match place {
                "title" => page.push_str(&escaped(self.title)),
                "at" => page.push_str(&escaped(&self.at)),
                "about" => page.push_str(&escaped(&self.about)),
                "summary" => page.push_str(&escaped(&self.summary)),
                "tiles" => page.push_str(&tiles),
                "tables" => page.push_str(&tables),
                _ => {}
            }
            rest = behind;
        }
        page.push_str(rest);
        page
    }
}

fn section(table: &Table) -> String {
    let mut html = format!(
        "<section id=\"{}\" class=\"{}\"><h2>{} <small>{}</small></h2>\n<table><thead><tr>",
        escaped(&table.key),
        table.weight,
        escaped(&table.title),
        table.rows.len()
    );
    let filled: Vec<usize> = (0..table.columns.len())
        .filter(|index| table.rows.iter().any(|row| row.get(*index).is_some_and(|cell| !cell.is_empty())))
        .collect();
    let column = |index: usize| table.columns.get(index).copied().unwrap_or_default();
    for index in &filled {
        let _ = write!(html, "<th scope=\"col\" data-column=\"{0}\">{0}</th>", column(*index));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        html.push_str("<tr>");
        for index in &filled {
            let cell = row.get(*index).map_or("", String::as_str);
            let _ = write!(html, "<td data-column=\"{}\"><bdi>{}</bdi></td>", column(*index), escaped(cell));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></section>\n");
    html
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
        let shown = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;{{tables}}\u{fffd}";
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
