//! A resource as compact JSON text, with an index of its members.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::json_text::{unescaped, value_end, write_string, write_tree};
use crate::schema::{TypeStamp, rank};

/// The JSON text of an object that is not changed any more, and where in it the members are.
///
/// The members stand in the order in which people expect to read them: `schemas`, `id`, `externalId`, the other attributes by name,
/// the extensions by their URI, and `meta`.
pub(crate) struct Document {
    text: Box<str>,
    members: Box<[Member]>,
    /// Whether a name is written with an escape. None of an attribute is.
    pub(super) has_escapes: bool,
    /// Whether the members stand in their order. Text that another program has written may have another.
    pub(super) is_ordered: bool,
    /// The type whose schemas it fits, if that is known.
    of: Option<TypeStamp>,
    /// How it is shown by default, once that was asked.
    pub(super) shown: OnceLock<Shown>,
}

/// How a document is shown by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As it is, and its last member, `meta`, with the location besides.
    WithLocation,
    /// Member by member.
    InParts,
}

/// A member: the byte offset after its value, and the bytes of its name. It begins where the one before it ends.
#[derive(Clone, Copy, Debug)]
struct Member {
    end: u32,
    name: u16,
    mark: u16,
}

/// Tells most names from each other without a look at the text: the first byte and the last.
fn mark(name: &str) -> u16 {
    let bytes = name.as_bytes();
    bytes.first().zip(bytes.last()).map_or(0, |(first, last)| u16::from_be_bytes([*first, *last]))
}

/// Walks through the members of a document: names as they are written, and values.
#[derive(Clone, Debug)]
pub(crate) struct Walk<'a> {
    text: &'a str,
    members: std::slice::Iter<'a, Member>,
    /// Where the next member begins, with the quote before its name.
    at: usize,
}

impl<'a> Iterator for Walk<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let member = self.members.next()?;
        let start = self.at;
        self.at = member.end as usize + 1;
        member.in_text(self.text, start)
    }
}

impl<'a> Walk<'a> {
    /// The text from the name of the member that comes next to the end of the last one that came.
    pub(crate) fn passed(&self, since: usize) -> &'a str {
        self.text.get(since..self.at - 1).unwrap_or_default()
    }

    /// Where the member that comes next begins.
    pub(crate) fn at(&self) -> usize {
        self.at
    }
}

impl Member {
    /// The name and the value of a member that begins at `start`.
    fn in_text(self, text: &str, start: usize) -> Option<(&str, &str)> {
        let name = start + 1;
        let value = name + usize::from(self.name) + 2;
        Some((text.get(name..value - 2)?, text.get(value..self.end as usize)?))
    }
}

/// A member that has a new value: JSON, or `None` for one that goes.
pub(super) type Changed<'a> = (&'a str, Option<&'a str>);

impl Document {
    /// `None` where the text would have 4 GiB or more, or a name 64 KiB.
    pub(super) fn of(attributes: &Map<String, Value>) -> Option<Self> {
        let mut members: Vec<(u8, &String, &Value)> =
            attributes.iter().map(|(name, value)| (rank(name).0, name, value)).collect();
        // By name they are in order already.
        members.sort_by_key(|(class, ..)| *class);
        let mut writer = Writer::with_room_for(members.len(), 512);
        for (_, name, value) in members {
            writer.name(name);
            writer.value(|text| write_tree(text, value));
        }
        writer.finish()
    }

    /// Reads the text of an object; the text itself where it is not the compact JSON of an object.
    pub(super) fn read(text: String) -> Result<Self, String> {
        match Self::members_of(&text) {
            Some((members, has_escapes, is_ordered)) => {
                let (text, members) = (text.into_boxed_str(), members.into());
                Ok(Self { text, members, has_escapes, is_ordered, of: None, shown: OnceLock::new() })
            }
            None => Err(text),
        }
    }

    /// The members of the text of an object, whether one of their names has an escape, and whether they stand in their order.
    fn members_of(text: &str) -> Option<(Vec<Member>, bool, bool)> {
        let mut members = Vec::with_capacity(16);
        let bytes = text.as_bytes();
        let mut has_escapes = false;
        let mut at = 1;
        if bytes.first() != Some(&b'{') {
            return None;
        }
        while bytes.get(at) == Some(&b'"') {
            let value = value_end(text, at)? + 1;
            if bytes.get(value - 1) != Some(&b':') {
                return None;
            }
            let name = text.get(at + 1..value - 2)?;
            has_escapes |= name.contains('\\');
            at = value_end(text, value)?;
            let (end, length) = (u32::try_from(at).ok()?, u16::try_from(name.len()).ok()?);
            members.push(Member { end, name: length, mark: mark(name) });
            if bytes.get(at) == Some(&b',') && bytes.get(at + 1) == Some(&b'"') {
                at += 1;
            }
        }
        let is_whole = at + 1 == bytes.len() && bytes.get(at) == Some(&b'}');
        let mut names = Walk { text, members: members.iter(), at: 1 }.map(|(name, _)| rank(name));
        let is_ordered = names.next().is_none_or(|first| names.try_fold(first, |a, b| (a < b).then_some(b)).is_some());
        is_whole.then_some((members, has_escapes, is_ordered))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The members in their order.
    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk { text: &self.text, members: self.members.iter(), at: 1 }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (length, mark) = (name.len(), mark(name));
        let mut start = 1;
        for member in &self.members {
            if usize::from(member.name) == length && member.mark == mark {
                let (written, value) = member.in_text(&self.text, start)?;
                if written == name {
                    return Some(value);
                }
            }
            start = member.end as usize + 1;
        }
        let mut escaped = self.walk().filter(|_| self.has_escapes);
        escaped.find(|(written, _)| unescaped(written) == name).map(|(_, value)| value)
    }

    /// Tells of some members, whose names are in the order of a document, the values by their number, in one walk.
    pub(super) fn get_all<'d>(&'d self, names: &[Box<str>], mut tell: impl FnMut(usize, Option<&'d str>)) {
        if !self.is_ordered || self.has_escapes {
            for (number, name) in names.iter().enumerate() {
                tell(number, self.get(name));
            }
            return;
        }
        let mut walk = self.walk().peekable();
        for (number, name) in names.iter().enumerate() {
            let wanted = rank(name);
            while walk.next_if(|(written, _)| rank(written) < wanted).is_some() {}
            tell(number, walk.next_if(|(written, _)| *written == &**name).map(|(_, value)| value));
        }
    }

    /// The type whose schemas the resource fits, if that is known.
    pub(super) fn stamp(&self) -> Option<TypeStamp> {
        self.of
    }

    /// The same document, which fits the schemas of a type.
    pub(super) fn fitting(self, of: Option<TypeStamp>) -> Self {
        Self { of, shown: OnceLock::new(), ..self }
    }

    /// The same document with other values of some members. What else there is, is copied.
    pub(super) fn with(&self, changed: &[Changed<'_>]) -> Option<Self> {
        let room: usize = changed.iter().map(|(name, value)| name.len() + value.map_or(0, str::len) + 4).sum();
        let mut writer = Writer::with_room_for(self.members.len() + changed.len(), self.text.len() + room);
        writer.is_ordered = self.is_ordered;
        let mut new: Vec<(&str, &str)> = Vec::with_capacity(changed.len());
        let is_there = |name: &str| self.get(name).is_some();
        new.extend(
            changed.iter().filter_map(|(name, value)| Some((*name, (*value)?))).filter(|(name, _)| !is_there(name)),
        );
        new.sort_by_key(|(name, _)| rank(name));
        let mut new = new.into_iter().peekable();
        let mut walk = self.walk();
        for member in &self.members {
            let start = walk.at();
            let Some((written, _)) = walk.next() else { break };
            let name = unescaped(written);
            while let Some((name, value)) = new.next_if(|(new, _)| rank(new) < rank(&name)) {
                writer.name(name);
                writer.value(|text| text.push_str(value));
            }
            match changed.iter().find(|(changed, _)| *changed == name) {
                Some((_, None)) => {}
                Some((_, Some(value))) => {
                    writer.name(&name);
                    writer.value(|text| text.push_str(value));
                }
                None => writer.copy(*member, walk.passed(start), written != name),
            }
        }
        for (name, value) in new {
            writer.name(name);
            writer.value(|text| text.push_str(value));
        }
        writer.finish().map(|document| document.fitting(self.of))
    }
}

/// Writes a document member by member.
struct Writer {
    text: String,
    members: Vec<Member>,
    has_escapes: bool,
    is_ordered: bool,
    is_too_large: bool,
}

impl Writer {
    fn with_room_for(members: usize, bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes + 2);
        text.push('{');
        Self { text, members: Vec::with_capacity(members), has_escapes: false, is_ordered: true, is_too_large: false }
    }

    fn name(&mut self, name: &str) {
        if !self.members.is_empty() {
            self.text.push(',');
        }
        let start = self.text.len() + 1;
        write_string(&mut self.text, name);
        let written = self.text.len() - start - 1;
        self.text.push(':');
        self.has_escapes |= written != name.len();
        self.is_too_large |= written > usize::from(u16::MAX);
        let escaped = self.text.get(start..start + written).unwrap_or_default();
        self.members.push(Member { end: 0, name: u16::try_from(written).unwrap_or_default(), mark: mark(escaped) });
    }

    /// A member of another document, as it is written there.
    fn copy(&mut self, member: Member, written: &str, has_escapes: bool) {
        if !self.members.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(written);
        self.has_escapes |= has_escapes;
        let end = u32::try_from(self.text.len());
        self.is_too_large |= end.is_err();
        self.members.push(Member { end: end.unwrap_or_default(), ..member });
    }

    fn value(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        let end = u32::try_from(self.text.len());
        self.is_too_large |= end.is_err();
        if let Some(member) = self.members.last_mut() {
            member.end = end.unwrap_or_default();
        }
    }

    fn finish(mut self) -> Option<Document> {
        self.text.push('}');
        let (text, members) = (self.text.into_boxed_str(), self.members.into());
        (!self.is_too_large).then_some(Document {
            text,
            members,
            has_escapes: self.has_escapes,
            is_ordered: self.is_ordered,
            of: None,
            shown: OnceLock::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(value: &Value) -> Document {
        Document::of(value.as_object().unwrap()).unwrap()
    }

    #[test]
    fn members_stand_in_the_order_in_which_people_read_them() {
        let document = document(&json!({
            "urn:b": {"c": 1}, "meta": {}, "userName": "a", "id": "1", "active": true, "schemas": ["urn:a"], "externalId": "x"
        }));
        let text =
            r#"{"schemas":["urn:a"],"id":"1","externalId":"x","active":true,"userName":"a","urn:b":{"c":1},"meta":{}}"#;
        assert_eq!(document.text(), text);
        let read = Document::read(text.to_owned()).unwrap();
        for name in ["schemas", "id", "externalId", "active", "userName", "urn:b", "meta", "none"] {
            assert_eq!(read.get(name), document.get(name), "{name}");
        }
        let names = ["id", "active", "none", "userName", "urn:b", "meta"].map(Box::from);
        let backwards = r#"{"meta":{},"urn:b":{"c":1},"userName":"a","active":true,"id":"1"}"#;
        for document in [&document, &read, &Document::read(backwards.to_owned()).unwrap()] {
            let mut values = [None; 6];
            document.get_all(&names, |number, value| values[number] = value);
            assert_eq!(values, names.each_ref().map(|name| document.get(name)));
        }
    }

    #[test]
    fn members_are_replaced_added_and_removed() {
        let before = document(&json!({"schemas": [], "active": true, "title": "t", "meta": {"v": 1}}));
        let after = before.with(&[
            ("title", None),
            ("active", Some("false")),
            ("id", Some("\"7\"")),
            ("name", Some("{}")),
            ("nothing", None),
            ("urn:x", Some("{\"y\":2}")),
        ]);
        let after = after.unwrap();
        assert_eq!(after.text(), r#"{"schemas":[],"id":"7","active":false,"name":{},"urn:x":{"y":2},"meta":{"v":1}}"#);
        assert_eq!(after.get("urn:x"), Some(r#"{"y":2}"#));
        assert_eq!(Document::read(after.text().to_owned()).unwrap().get("meta"), Some(r#"{"v":1}"#));
        let empty = document(&json!({"a": 1})).with(&[("a", None)]).unwrap();
        assert_eq!(empty.text(), "{}");
        assert_eq!(empty.with(&[("b", Some("2"))]).unwrap().text(), r#"{"b":2}"#);
    }

    #[test]
    fn names_with_escapes_are_found() {
        let before = document(&json!({"urn:\"x": 1, "b\\": 2}));
        assert_eq!(before.get("urn:\"x"), Some("1"));
        let after = before.with(&[("b\\", Some("3"))]).unwrap();
        assert_eq!((after.get("b\\"), after.get("urn:\"x")), (Some("3"), Some("1")));
    }

    #[test]
    fn what_is_no_compact_object_is_not_read() {
        for text in [
            "",
            "[]",
            "{",
            "{\"a\"}",
            "{\"a\":1",
            "{\"a\": 1}",
            "{\"a\":1}x",
            "{\"a\":1,,}",
            "{\"a\":1,}",
            "null",
            "{\"a\":}",
        ] {
            let read = Document::read(text.to_owned());
            assert!(read.is_err(), "{text}");
        }
    }
}
