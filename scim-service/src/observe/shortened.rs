//! How much of what a client wrote, and of what it was told, an operator sees.

/// How much of a text that a client wrote, in characters: nobody who is refused fills a log with paths.
const MAX_LOGGED: usize = 512;

/// The beginning of a text that a client wrote.
pub(super) fn shortened(text: &str) -> &str {
    if text.len() <= MAX_LOGGED {
        return text;
    }
    match text.char_indices().nth(MAX_LOGGED) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

/// The message of an error without the lines that show what the client sent.
pub(super) fn first_line(detail: Option<&str>) -> String {
    detail.and_then(|detail| detail.lines().next()).unwrap_or_default().to_owned()
}
