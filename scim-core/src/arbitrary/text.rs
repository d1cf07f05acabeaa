//! Strings.

use ::arbitrary::{Result, Unstructured};

use crate::arbitrary::odds::happens;
use crate::name::is_plain;

/// Longest string that is made, in characters.
pub const MAX_TEXT: usize = 24;

/// Few and short, so that values meet: equal strings in other spellings, strings within others, and characters that mean
/// something to SQL, JSON, filters and paths.
const MEETING: [&str; 32] = [
    "a", "A", "ab", "aB", "b", "ba", "work", "WORK", "home", "", "ä", "A\u{308}", "ﬁ", "Ａ", "ς", "Σ", "İ", "ß", "%",
    "_", "a_b", "axb", "\\", "\"", "x \"y\"", "'", "a'b", "\u{1}].", "😀", "\u{fffd}", "true", "null",
];

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-_@+:/";

/// Any string: a short one that others are likely to equal, contain or be contained in, or one of up to [`MAX_TEXT`]
/// characters.
///
/// ```
/// use arbitrary::Unstructured;
///
/// let text = scim_core::arbitrary::text(&mut Unstructured::new(&[7; 64]))?;
/// assert!(text.chars().count() <= scim_core::arbitrary::MAX_TEXT);
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// None: bytes that run out make an empty or short string.
pub fn text(u: &mut Unstructured<'_>) -> Result<String> {
    if !happens(u, 1, 4)? {
        return u.choose(&MEETING).map(|text| (*text).to_owned());
    }
    let length = u.int_in_range(0..=MAX_TEXT)?;
    (0..length).map(|_| character(u)).collect()
}

fn character(u: &mut Unstructured<'_>) -> Result<char> {
    if happens(u, 1, 8)? { u.arbitrary() } else { u.choose(LETTERS).map(|byte| char::from(*byte)) }
}

/// A string that every profile takes for something unique, such as a `userName`; never empty.
pub(super) fn identifier(u: &mut Unstructured<'_>) -> Result<String> {
    let text = text(u)?;
    Ok(if !text.is_empty() && is_plain(&text) { text } else { "a".to_owned() })
}

/// A string that is not empty.
pub(super) fn some_text(u: &mut Unstructured<'_>) -> Result<String> {
    let text = text(u)?;
    Ok(if text.is_empty() { "a".to_owned() } else { text })
}
