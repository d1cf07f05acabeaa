//! A place in a text, shown to people.

use std::fmt;

/// Most characters that are shown on each side of the place.
const CONTEXT: usize = 60;

/// The part of a text around a place, and a caret under the place. `Display` is these two lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caret {
    line: Box<str>,
    /// Characters before the place.
    column: usize,
}

impl Caret {
    /// Points at a byte offset. Control characters are shown as spaces.
    pub(crate) fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let after = text.get(offset..).unwrap_or_default();
        let start = before.char_indices().rev().nth(CONTEXT - 1).map_or(0, |(start, _)| start);
        let visible = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
        let mut line: String = before.get(start..).unwrap_or_default().chars().map(visible).collect();
        let column = line.chars().count();
        line.extend(after.chars().take(CONTEXT).map(visible));
        Self { line: line.into_boxed_str(), column }
    }
}

impl fmt::Display for Caret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column } = self;
        write!(f, "{line}\n{:column$}^", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_counts_characters() {
        assert_eq!(Caret::at("name.é eq 1", 5).to_string(), "name.é eq 1\n     ^");
        assert_eq!(Caret::at("é = 1", 3).to_string(), "é = 1\n  ^");
        assert_eq!(Caret::at("", 0).to_string(), "\n^");
    }

    #[test]
    fn a_long_text_is_shown_in_part() {
        let long = format!("{}x = 1{}", "a pr or ".repeat(50), " and b pr".repeat(50));
        let shown = Caret::at(&long, 402).to_string();
        let (line, mark) = shown.split_once('\n').unwrap();
        assert_eq!(line.chars().nth(mark.len() - 1), Some('='));
        assert_eq!(line.chars().count(), 2 * CONTEXT);
    }

    #[test]
    fn a_place_is_shown_on_one_line() {
        assert_eq!(Caret::at("a\nb\u{2028}c", 2).to_string(), "a b c\n  ^");
    }
}
