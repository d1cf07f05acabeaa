//! Texts that others wrote, shown on a terminal.

/// A text on one line that moves no cursor, changes no colours and turns no reading order: control characters, and those that
/// change the direction, are shown as escapes. Clients choose names.
///
/// ```
/// use superset_mapping::terminal::plain;
///
/// assert_eq!(plain("a\u{1b}[2Jb\n\u{202e}c"), "a\\u{1b}[2Jb\\n\\u{202e}c");
/// ```
pub fn plain(text: &str) -> String {
    let is_visible = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if is_visible(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
        shown
    })
}
