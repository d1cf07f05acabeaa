//! The caseless form of text, and comparisons in that form.

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

/// The form in which texts that differ only in case, width or composition are equal (R059).
///
/// The steps are those of PRECIS `UsernameCaseMapped` (RFC 8265 section 3.3): full and half width characters become the
/// usual ones, letters lower case, and the result is composed (NFC). Final and medial sigma are one letter, so that a
/// word matches wherever it is cut. Every comparison of an attribute with `caseExact` false uses this form, and so does
/// a store that tests uniqueness.
///
/// Text in ASCII lower case comes back as it is, without allocation.
///
/// ```
/// use scim_filter::fold;
///
/// assert_eq!(fold("BJensen"), "bjensen");
/// assert_eq!(fold("A\u{30a}sa"), fold("\u{e5}SA"));
/// assert_eq!(fold("\u{ff22}\u{ff2a}"), "bj");
/// ```
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(text.chars().map(usual_width).flat_map(char::to_lowercase).map(one_sigma).nfc().collect());
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// Maps full and half width forms to the usual ones: the decomposition types `wide` and `narrow` of Unicode, all of which
/// are in the block of these forms, but for the ideographic space.
fn usual_width(c: char) -> char {
    let code = u32::from(c);
    let shifted = |from: u32, to: u32| char::from_u32(code - from + to).unwrap_or(c);
    match code {
        0x3000 => ' ',
        0xff01..=0xff5e => shifted(0xff01, 0x21),
        // Parentheses, katakana and its marks each have a usual form that does not decompose further.
        0xff5f..=0xff9f => {
            let mut usual = c;
            decompose_compatible(c, |decomposed| usual = decomposed);
            usual
        }
        // Hangul letters decompose further, to conjoining ones, so the table has to be spelled out.
        0xffa0 => '\u{3164}',
        0xffa1..=0xffbe => shifted(0xffa1, 0x3131),
        0xffc2..=0xffc7 => shifted(0xffc2, 0x314f),
        0xffca..=0xffcf => shifted(0xffca, 0x3155),
        0xffd2..=0xffd7 => shifted(0xffd2, 0x315b),
        0xffda..=0xffdc => shifted(0xffda, 0x3161),
        0xffe0 => '¢',
        0xffe1 => '£',
        0xffe2 => '¬',
        0xffe3 => '¯',
        0xffe4 => '¦',
        0xffe5 => '¥',
        0xffe6 => '₩',
        0xffe8 => '\u{2502}',
        0xffe9..=0xffec => shifted(0xffe9, 0x2190),
        0xffed => '■',
        0xffee => '○',
        _ => c,
    }
}

fn one_sigma(c: char) -> char {
    if c == 'ς' { 'σ' } else { c }
}

/// Whether `fold(text) == folded`. Allocates nothing when the two are equal up to ASCII case, or `text` is ASCII.
pub(crate) fn equals(text: &str, folded: &str) -> bool {
    text.eq_ignore_ascii_case(folded) || (!text.is_ascii() && fold(text) == folded)
}

/// Whether `fold(text)` starts with `folded`.
pub(crate) fn starts_with(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        let start = text.as_bytes().get(..folded.len());
        return start.is_some_and(|start| start.eq_ignore_ascii_case(folded.as_bytes()));
    }
    fold(text).starts_with(folded)
}

/// Whether `fold(text)` ends with `folded`.
pub(crate) fn ends_with(text: &str, folded: &str) -> bool {
    if !text.is_ascii() {
        return fold(text).ends_with(folded);
    }
    let start = text.len().checked_sub(folded.len());
    let end = start.and_then(|start| text.as_bytes().get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(folded.as_bytes()))
}

/// Whether `fold(text)` contains `folded`, where that is known without a copy: for short strings in ASCII.
pub(crate) fn contains(text: &str, folded: &str) -> Option<bool> {
    let is_short = text.is_ascii() && text.len() * folded.len() <= SHORT;
    let (text, folded) = (text.as_bytes(), folded.as_bytes());
    is_short.then(|| folded.is_empty() || text.windows(folded.len()).any(|part| part.eq_ignore_ascii_case(folded)))
}

/// The most comparisons of bytes for which a copy is not worth its while.
const SHORT: usize = 2048;

/// The order of `fold(a)` and `fold(b)` by code point.
pub(crate) fn order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        return a.bytes().map(lower).cmp(b.bytes().map(lower));
    }
    fold(a).cmp(&fold(b))
}

/// The text that was folded last: tests of one value often follow each other.
#[derive(Default)]
pub(crate) struct Folded<'r>(RefCell<Option<(&'r str, Cow<'r, str>)>>);

impl<'r> Folded<'r> {
    /// Runs `test` on the folded form of a text.
    pub(crate) fn with<T>(&self, text: &'r str, test: impl FnOnce(&str) -> T) -> T {
        let mut last = self.0.borrow_mut();
        match &*last {
            Some((known, folded)) if std::ptr::eq(*known, text) => test(folded),
            _ => test(&last.insert((text, fold(text))).1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r059_case_width_and_composition_fold_away() {
        for (a, b) in [
            ("Åsa", "A\u{30a}SA"),
            ("ＢＪ\u{3000}１", "bj 1"),
            ("ｶﾞ", "ガ"),
            ("ﾡ", "ㄱ"),
            ("ﾤ", "ㄴ"),
            ("ￜ", "ㅣ"),
            ("￣", "¯"),
            ("ΟΔΟΣ", "οδος"),
            ("ÉCOLE", "école"),
            ("İ", "i\u{307}"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
            assert_eq!(fold(&fold(a)), fold(a), "{a}");
        }
        for (a, b) in [("a", "b"), ("ß", "ss"), ("①", "1"), ("ﬁ", "fi")] {
            assert_ne!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn every_comparison_agrees_with_folding_both_sides() {
        let texts = ["", "a", "A", "bJeNsEn", "jen", "B", "Å", "a\u{30a}", "xÅ", "ＢＪ", "sen", "BJENSENx", "é"];
        for text in texts {
            for other in texts {
                let (whole, part) = (fold(text), fold(other));
                assert_eq!(equals(text, &part), whole == part, "{text} {other}");
                assert_eq!(starts_with(text, &part), whole.starts_with(&*part), "{text} {other}");
                assert_eq!(ends_with(text, &part), whole.ends_with(&*part), "{text} {other}");
                assert!(contains(text, &part).is_none_or(|found| found == whole.contains(&*part)), "{text} {other}");
                assert_eq!(order(text, other), whole.cmp(&part), "{text} {other}");
            }
        }
    }

    #[test]
    fn a_text_is_folded_once_for_tests_that_follow_each_other() {
        let (a, b) = ("\u{c5}SA", "B");
        let folded = Folded::default();
        let address = |text| folded.with(text, |folded| (folded.to_owned(), folded.as_ptr()));
        let (first, second) = (address(a), address(a));
        assert_eq!(first, second, "the same copy");
        assert_eq!((first.0.as_str(), address(b).0.as_str()), ("\u{e5}sa", "b"));
    }

    #[test]
    fn lower_case_ascii_is_not_copied() {
        assert!(matches!(fold("bjensen"), Cow::Borrowed("bjensen")));
    }
}
