//! A form of group names, with parts that become parts of role names.

use std::hash::{Hash, Hasher};

use regex::{Captures, Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

/// Longest pattern, in bytes.
pub const MAX_PATTERN_LEN: usize = 1_000;

/// Longest name that a pattern is held against, in bytes. A longer one fits no pattern.
pub const MAX_MATCHED_NAME_LEN: usize = 1_000;

/// Memory that a compiled pattern may take, in bytes. Counted repetition would otherwise let a short pattern grow without bound.
pub(in crate::rules) const MAX_COMPILED_SIZE: usize = 4 << 20;

/// Deepest nesting of a pattern.
const MAX_PATTERN_DEPTH: u32 = 50;

/// A regular expression for the whole of a group's display name, such as `company:(?<team>[a-z-]+)-team`.
///
/// The syntax is that of the `regex` crate; matching takes time linear in the length of the name, whatever the pattern. Case
/// counts unless the pattern says `(?i)`.
///
/// Two patterns are equal when their texts are.
#[derive(Clone, Debug)]
pub struct GroupPattern {
    text: String,
    anchored: Regex,
    hir: Hir,
}

/// What is wrong with a pattern, and at which byte of it.
#[derive(Debug)]
pub(in crate::rules) struct PatternFault {
    pub(in crate::rules) offset: Option<usize>,
    pub(in crate::rules) message: String,
}

impl GroupPattern {
    pub(in crate::rules) fn compile(text: &str) -> Result<Self, PatternFault> {
        let fault = |offset, message: String| PatternFault { offset, message };
        if text.len() > MAX_PATTERN_LEN {
            return Err(fault(None, format!("the pattern is longer than {MAX_PATTERN_LEN} bytes")));
        }
        let hir = ParserBuilder::new().nest_limit(MAX_PATTERN_DEPTH).build().parse(text).map_err(|error| {
            let (offset, what) = match &error {
                regex_syntax::Error::Parse(error) => (Some(error.span().start.offset), error.kind().to_string()),
                regex_syntax::Error::Translate(error) => (Some(error.span().start.offset), error.kind().to_string()),
                other => (None, other.to_string()),
            };
            fault(offset, format!("not a regular expression: {what}"))
        })?;
        if hir.properties().minimum_len().is_none() {
            return Err(fault(None, "no name has this form".to_owned()));
        }
        let anchored = RegexBuilder::new(&anchored(&hir))
            .size_limit(MAX_COMPILED_SIZE)
            .build()
            .map_err(|_| fault(None, format!("the pattern takes more than {MAX_COMPILED_SIZE} bytes of memory")))?;
        Ok(Self { text: text.to_owned(), anchored, hir })
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the name has this form, as a whole.
    pub fn matches(&self, name: &str) -> bool {
        name.len() <= MAX_MATCHED_NAME_LEN && self.anchored.is_match(name)
    }

    /// The parts of a name of this form.
    pub(in crate::rules) fn captures<'n>(&self, name: &'n str) -> Option<Captures<'n>> {
        if name.len() > MAX_MATCHED_NAME_LEN { None } else { self.anchored.captures(name) }
    }

    /// The names of the captures.
    pub fn capture_names(&self) -> impl Iterator<Item = &str> {
        self.anchored.capture_names().flatten()
    }

    /// The pattern for whole names, as the text of a regular expression.
    pub(in crate::rules) fn anchored(&self) -> &str {
        self.anchored.as_str()
    }

    /// A regular expression that fits whatever a capture can hold, and maybe more.
    pub(in crate::rules) fn spellings_of(&self, capture: &str) -> String {
        match find_capture(&self.hir, capture) {
            // What an assertion such as `\b` allows depends on what stands around it.
            Some(hir) if hir.properties().look_set().is_empty() => format!("(?:{})?", without_captures(hir)),
            _ => "(?s:.*)".to_owned(),
        }
    }
}

/// From the parsed form, because the text may end in a comment (`(?x)a # b`) that would swallow the anchor.
fn anchored(hir: &Hir) -> String {
    Hir::concat(vec![Hir::look(Look::Start), hir.clone(), Hir::look(Look::End)]).to_string()
}

/// The same form without the names, which may stand in a regular expression only once.
fn without_captures(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Capture(capture) => without_captures(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(without_captures(&repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_captures).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_captures).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

fn find_capture<'h>(hir: &'h Hir, name: &str) -> Option<&'h Hir> {
    match hir.kind() {
        HirKind::Capture(capture) if capture.name.as_deref() == Some(name) => Some(&capture.sub),
        HirKind::Capture(capture) => find_capture(&capture.sub, name),
        HirKind::Repetition(repetition) => find_capture(&repetition.sub, name),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().find_map(|part| find_capture(part, name)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => None,
    }
}

impl PartialEq for GroupPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for GroupPattern {}

impl Hash for GroupPattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        GroupPattern::compile(pattern).unwrap().matches(name)
    }

    #[test]
    fn a_pattern_is_held_against_the_whole_name() {
        assert!(matches("[a-z]+-team", "sales-team"));
        for name in ["sales-teams", "x sales-team", "sales-team\n", "\nsales-team", "Sales-team", ""] {
            assert!(!matches("[a-z]+-team", name), "{name:?}");
        }
        // An alternation does not escape its anchors, nor does a comment swallow them.
        assert!(!matches("a|b", "ab"));
        assert!(matches("a|ab", "ab"));
        assert!(!matches("(?x)a # comment", "ab"));
        assert!(matches("(?x)a # comment", "a"));
        assert!(!matches("(?m)^a$", "b\na"));
        assert!(matches("(?i)sales", "SALES"));
    }

    #[test]
    fn what_is_wrong_with_a_pattern_is_placed() {
        let fault = |pattern: &str| {
            let fault = GroupPattern::compile(pattern).unwrap_err();
            (fault.offset, fault.message)
        };
        assert_eq!(fault("a(b"), (Some(1), "not a regular expression: unclosed group".to_owned()));
        assert_eq!(fault("é[z-a]").0, Some(3));
        assert_eq!(fault(r"a\p{Nope}").0, Some(1));
        assert!(fault(r"a(?=b)").1.contains("look-around"), "{:?}", fault(r"a(?=b)"));
        assert_eq!(fault("[^\\s\\S]").1, "no name has this form");
        assert!(fault("(?:a{1000}){1000}").1.contains("bytes of memory"));
        assert!(fault(&"(".repeat(200)).1.contains("regular expression"));
        assert!(fault(&"a".repeat(MAX_PATTERN_LEN + 1)).1.contains("longer than 1000 bytes"));
    }

    #[test]
    fn a_name_beyond_the_limit_fits_no_pattern() {
        assert!(matches(".*", &"a".repeat(MAX_MATCHED_NAME_LEN)));
        assert!(!matches(".*", &"a".repeat(MAX_MATCHED_NAME_LEN + 1)));
    }
}
