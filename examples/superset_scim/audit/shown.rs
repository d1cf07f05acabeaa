//! The audit for people at a terminal.

use std::fmt::Write;

use serde_json::Value;
use superset_mapping::store::audit::{AuditEntry, AuditVerification};
use superset_mapping::terminal::plain;

/// How many characters of a value are shown.
const VALUE: usize = 40;

/// Entries as rows of one table: when, who, what, to whom, and why.
pub(crate) fn table(entries: &[AuditEntry]) -> Vec<String> {
    let rows: Vec<[String; 5]> = entries.iter().map(row).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let padded = |row: &[String; 5]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(padded).collect()
}

fn row(entry: &AuditEntry) -> [String; 5] {
    let named = entry.name.as_deref().unwrap_or(&entry.resource_id);
    let mut why = format!("request {}", plain(&entry.request_id));
    if let Some(address) = &entry.address {
        let _ = write!(why, " from {}", plain(address));
    }
    if let Some(rule) = &entry.rule {
        let verb = if entry.action.starts_with("revoke") { "had been given by" } else { "by" };
        let _ = write!(why, ", {verb} {}", plain(rule));
    }
    [
        plain(&entry.time),
        plain(&entry.principal),
        plain(&entry.action),
        format!("{} {}", plain(&entry.resource_type), plain(named)),
        format!("{} ({why})", what(entry)),
    ]
}

/// What was done, in as many words as it takes.
fn what(entry: &AuditEntry) -> String {
    let mut parts = Vec::new();
    if let Some(role) = entry.detail.get("role") {
        parts.push(shown(role));
    }
    for (name, sign) in [("added", '+'), ("removed", '-')] {
        let moved = entry.detail.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match moved {
            [] => {}
            [one] => parts.push(format!("{sign}{}", shown(one))),
            several => parts.push(format!("{sign}{} members", several.len())),
        }
    }
    for role in &entry.roles {
        let rule = role.rule.as_deref().map(|rule| format!(" by {}", plain(rule))).unwrap_or_default();
        parts.push(format!("the group gives {}{rule}", plain(&role.role)));
    }
    if let Ok(Some(change)) = entry.change() {
        for set in &change.set {
            parts.push(match (&set.before, &set.after) {
                (None, Some(after)) => format!("{} = {}", plain(&set.path), shown(after)),
                (Some(before), None) => format!("{} = {} removed", plain(&set.path), shown(before)),
                (Some(before), Some(after)) => format!("{}: {} -> {}", plain(&set.path), shown(before), shown(after)),
                // A secret, or a value that was too long.
                (None, None) => plain(&set.path),
            });
        }
    }
    if parts.is_empty() { shown(&entry.detail) } else { parts.join(", ") }
}

/// A value, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(VALUE) {
        Some((end, _)) => format!("{}...", plain(text.get(..end).unwrap_or_default())),
        None => plain(&text),
    }
}

/// What a verification found.
pub(crate) fn verification(found: &AuditVerification) -> String {
    let mut lines: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    if found.left_out > 0 {
        lines.push(format!("and {} more", found.left_out));
    }
    let AuditVerification { rows, unsealed, without_key, unchecked, .. } = found;
    lines.push(format!("{rows} rows, {unsealed} not sealed yet, {without_key} without a key"));
    if *unchecked > 0 {
        lines.push(format!(
            "{unchecked} rows have the code of a key, which `--audit-key-file` has to name to look at them"
        ));
    }
    lines.push(if found.is_clean() { "nothing was changed" } else { "the audit was changed" }.to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_move_no_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\n\u{202e}c"), "a\\u{1b}[2Jb\\n\\u{202e}c");
        assert_eq!(shown(&Value::from("x".repeat(50))).len(), 43);
        assert_eq!(shown(&serde_json::json!(["a", 1])), "[\"a\",1]");
    }
}
