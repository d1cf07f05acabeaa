//! What is wrong with a rules file whose form is right, and where.

use std::ops::Range;

use serde_json::value::RawValue;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// One step into a rules file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Step {
    Key(&'static str),
    Index(usize),
}

/// A fault, the value that it is at, and the byte within that value, if it is a text.
#[derive(Debug)]
pub(in crate::rules) struct SpannedError {
    pub(in crate::rules) at: Vec<Step>,
    pub(in crate::rules) offset: Option<usize>,
    pub(in crate::rules) message: String,
}

impl SpannedError {
    pub(in crate::rules) fn new(message: impl Into<String>) -> Self {
        Self { at: Vec::new(), offset: None, message: message.into() }
    }

    pub(in crate::rules) fn at(key: &'static str, message: impl Into<String>) -> Self {
        Self { at: vec![Step::Key(key)], ..Self::new(message) }
    }

    pub(in crate::rules) fn index(mut self, index: usize) -> Self {
        self.at.push(Step::Index(index));
        self
    }

    pub(in crate::rules) fn offset(self, offset: Option<usize>) -> Self {
        Self { offset, ..self }
    }

    /// The same fault, told of a rule by its 0-based index.
    pub(in crate::rules) fn in_rule(mut self, index: usize) -> Self {
        self.at.splice(0..0, [Step::Key("rule"), Step::Index(index)]);
        self
    }

    /// The 0-based index of the rule that it is in.
    pub(in crate::rules) fn rule(&self) -> Option<usize> {
        match self.at.as_slice() {
            [Step::Key("rule"), Step::Index(index), ..] => Some(*index),
            _ => None,
        }
    }

    /// Where in the TOML text it is: at its value, else at the nearest thing around it.
    pub(in crate::rules) fn in_toml(&self, text: &str) -> Option<Range<usize>> {
        let document = DeTable::parse(text).ok()?;
        let mut value: Option<&toml::Spanned<DeValue<'_>>> = None;
        let mut table = Some(document.get_ref());
        for step in &self.at {
            let next = match step {
                Step::Key(key) => table.and_then(|table| table.get(*key)),
                Step::Index(index) => {
                    value.and_then(|value| value.get_ref().as_array()).and_then(|array| array.get(*index))
                }
            };
            let Some(next) = next else { break };
            table = next.get_ref().as_table();
            value = Some(next);
        }
        Some(self.within(text, value?.span()))
    }

    /// The same for JSON.
    pub(in crate::rules) fn in_json(&self, text: &str) -> Option<Range<usize>> {
        let mut value: &RawValue = serde_json::from_str(text).ok()?;
        for step in &self.at {
            let next = match step {
                Step::Key(key) => serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get())
                    .ok()
                    .and_then(|object| object.get(*key).copied()),
                Step::Index(index) => serde_json::from_str::<Vec<&RawValue>>(value.get())
                    .ok()
                    .and_then(|array| array.get(*index).copied()),
            };
            let Some(next) = next else { break };
            value = next;
        }
        // A raw value is a part of the text that it was read from.
        let start = (value.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        Some(self.within(text, start..start + value.get().len()))
    }

    /// The place within a quoted text, where the text stands there as it is.
    fn within(&self, text: &str, span: Range<usize>) -> Range<usize> {
        let moved = self.offset.and_then(|offset| {
            let quoted = text.get(span.clone())?;
            let quotes = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quotes| quoted.starts_with(quotes))?;
            let content = quoted.strip_prefix(quotes)?.strip_suffix(quotes)?;
            if quotes.starts_with('"') && content.contains('\\') {
                return None;
            }
            let newline = usize::from(quotes.len() == 3 && content.starts_with('\n'));
            Some(span.start + quotes.len() + newline + offset)
        });
        moved.map_or(span.clone(), |start| start..span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: [Step; 4] = [Step::Key("rule"), Step::Index(1), Step::Key("roles"), Step::Index(1)];

    fn rest(text: &str, place: Option<Range<usize>>) -> &str {
        text.split_at(place.unwrap().start).1
    }

    #[test]
    fn a_place_in_toml_is_found() {
        let text = "x = 1\n[[rule]]\nroles = []\n[[rule]]\nroles = [\"a\", 'b']\n";
        let fault = SpannedError { at: AT.to_vec(), offset: None, message: String::new() };
        assert_eq!(rest(text, fault.in_toml(text)), "'b']\n");
        let within = SpannedError { offset: Some(1), ..fault };
        assert_eq!(rest(text, within.in_toml(text)), "']\n");
        // What is not there is told of what is around it.
        let missing = SpannedError::at("when", "").in_rule(1);
        assert!(rest(text, missing.in_toml(text)).starts_with("[[rule]]\nroles = [\"a\""));
    }

    #[test]
    fn a_place_in_json_is_found() {
        let text = r#"{"rule": [{"roles": []}, {"when": "é", "roles": ["a", "b"]}]}"#;
        let fault = SpannedError { at: AT.to_vec(), offset: None, message: String::new() };
        assert_eq!(rest(text, fault.in_json(text)), r#""b"]}]}"#);
        let missing = SpannedError::at("group", "").in_rule(1);
        assert!(rest(text, missing.in_json(text)).starts_with(r#"{"when""#));
    }

    #[test]
    fn a_place_within_a_text_is_given_only_where_the_text_stands_as_it_is() {
        for (text, expected) in [
            ("when = 'abc'", "c'"),
            ("when = \"abc\"", "c\""),
            ("when = '''\nabc'''", "c'''"),
            ("when = \"a\\\"bc\"", "\"a\\\"bc\""),
        ] {
            let fault = SpannedError::at("when", "").offset(Some(2));
            assert_eq!(rest(text, fault.in_toml(text)), expected);
        }
    }
}
