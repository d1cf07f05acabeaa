//! A value in a resource, whichever way the resource is held.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value, map};

use super::document::{Document, Walk};
use super::json_text::{Items, Pairs, unescaped, write_value};

/// A value in a [`Resource`](crate::Resource), borrowed from it. Nothing is copied to look at one.
///
/// ```
/// use scim_core::Resource;
///
/// let ada: Resource = serde_json::from_str(r#"{"emails": [{"value": "ada@example.com", "primary": true}]}"#)?;
/// let email = ada.get("emails").and_then(|emails| emails.elements().next()).unwrap();
/// assert_eq!(email.get("value").unwrap().as_str().unwrap(), "ada@example.com");
/// assert_eq!(email.get("primary").unwrap(), true);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ValueRef<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Tree(&'a Value),
    Object(&'a Map<String, Value>),
    /// Compact JSON of one value.
    Text(&'a str),
    Document(&'a Document),
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum ValueKind<'a> {
    /// `null`.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(Cow<'a, Number>),
    /// A string.
    String(Cow<'a, str>),
    /// The values of an array, in order.
    Array(ValueElements<'a>),
    /// The members of an object.
    Object(ValueMembers<'a>),
}

impl<'a> ValueRef<'a> {
    pub(crate) fn of_text(text: &'a str) -> Self {
        Self(Held::Text(text))
    }

    pub(super) fn of_document(document: &'a Document) -> Self {
        Self(Held::Document(document))
    }

    /// What the value is, with its content.
    pub fn kind(self) -> ValueKind<'a> {
        match self.0 {
            Held::Tree(Value::Null) => ValueKind::Null,
            Held::Tree(Value::Bool(value)) => ValueKind::Boolean(*value),
            Held::Tree(Value::Number(number)) => ValueKind::Number(Cow::Borrowed(number)),
            Held::Tree(Value::String(text)) => ValueKind::String(Cow::Borrowed(text)),
            Held::Tree(Value::Array(_)) => ValueKind::Array(self.elements()),
            Held::Tree(Value::Object(_)) | Held::Object(_) | Held::Document(_) => ValueKind::Object(self.members()),
            Held::Text(text) => match text.as_bytes().first() {
                Some(b'"') => ValueKind::String(self.as_str().unwrap_or_default()),
                Some(b'[') => ValueKind::Array(self.elements()),
                Some(b'{') => ValueKind::Object(self.members()),
                Some(b't') => ValueKind::Boolean(true),
                Some(b'f') => ValueKind::Boolean(false),
                Some(b'-' | b'0'..=b'9') => match serde_json::from_str(text) {
                    Ok(number) => ValueKind::Number(Cow::Owned(number)),
                    Err(_) => ValueKind::Null,
                },
                _ => ValueKind::Null,
            },
        }
    }

    /// The string, if the value is one. It is copied only where its JSON has an escape.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        match self.0 {
            Held::Tree(value) => value.as_str().map(Cow::Borrowed),
            Held::Object(_) | Held::Document(_) => None,
            Held::Text(text) => Some(unescaped(text.strip_prefix('"')?.strip_suffix('"')?)),
        }
    }

    /// The boolean, if the value is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.0 {
            Held::Tree(value) => value.as_bool(),
            Held::Text("true") => Some(true),
            Held::Text("false") => Some(false),
            Held::Object(_) | Held::Text(_) | Held::Document(_) => None,
        }
    }

    /// Whether the value is `null`.
    pub fn is_null(self) -> bool {
        matches!(self.0, Held::Tree(Value::Null) | Held::Text("null"))
    }

    /// Whether the value is an array.
    pub fn is_array(self) -> bool {
        match self.0 {
            Held::Tree(value) => value.is_array(),
            Held::Object(_) | Held::Document(_) => false,
            Held::Text(text) => text.starts_with('['),
        }
    }

    /// Whether the value is an object.
    pub fn is_object(self) -> bool {
        match self.0 {
            Held::Tree(value) => value.is_object(),
            Held::Object(_) | Held::Document(_) => true,
            Held::Text(text) => text.starts_with('{'),
        }
    }

    /// A member of an object, by its exact name.
    pub fn get(self, name: &str) -> Option<Self> {
        match self.0 {
            Held::Tree(value) => value.get(name).map(Self::from),
            Held::Object(members) => members.get(name).map(Self::from),
            Held::Document(document) => document.get(name).map(Self::of_text),
            Held::Text(text) if text.starts_with('{') => {
                let found = match Pairs::of(text).find(|(written, _)| *written == name) {
                    None if text.contains('\\') => Pairs::of(text).find(|(written, _)| unescaped(written) == name),
                    found => found,
                };
                found.map(|(_, value)| Self::of_text(value))
            }
            Held::Text(_) => None,
        }
    }

    /// The bytes of text that a look into the value may pass over; 0 where its parts are found without.
    #[doc(hidden)]
    pub fn scanned_len(self) -> usize {
        match self.0 {
            Held::Text(text) if text.starts_with(['[', '{']) => text.len(),
            _ => 0,
        }
    }

    /// The bytes of the text of a compact resource.
    pub(crate) fn text_len(self) -> Option<usize> {
        match self.0 {
            Held::Document(document) => Some(document.text().len()),
            _ => None,
        }
    }

    /// Whether an object has a member of this name, which is the name of an attribute. Quicker than [`get`](Self::get) where the object has no such member.
    pub(crate) fn has(self, name: &str) -> bool {
        match self.0 {
            Held::Text(text) if !text.contains(name) => false,
            _ => self.get(name).is_some(),
        }
    }

    /// The values of an array; none of what is no array.
    pub fn elements(self) -> ValueElements<'a> {
        ValueElements(match self.0 {
            Held::Tree(Value::Array(elements)) => ElementsOf::Tree(elements.iter()),
            Held::Text(text) if text.starts_with('[') => ElementsOf::Text(Items::of(text)),
            _ => ElementsOf::Tree([].iter()),
        })
    }

    /// The values of an array; of what is no array, the value itself.
    pub fn values(self) -> impl Iterator<Item = Self> + use<'a> {
        let single = if self.is_array() { None } else { Some(self) };
        single.into_iter().chain(self.elements())
    }

    /// The members of an object; none of what is no object.
    pub fn members(self) -> ValueMembers<'a> {
        ValueMembers(match self.0 {
            Held::Tree(Value::Object(members)) | Held::Object(members) => MembersOf::Tree(members.iter()),
            Held::Text(text) if text.starts_with('{') => MembersOf::Text(Pairs::of(text)),
            Held::Document(document) => MembersOf::Document(document.walk()),
            _ => MembersOf::Text(Pairs::of("{}")),
        })
    }

    /// The value, on its own.
    pub fn to_value(self) -> Value {
        match self.0 {
            Held::Tree(value) => value.clone(),
            Held::Object(members) => Value::Object(members.clone()),
            Held::Text(text) => serde_json::from_str(text).unwrap_or_default(),
            Held::Document(document) => serde_json::from_str(document.text()).unwrap_or_default(),
        }
    }

    /// Reads the value as a Rust type.
    ///
    /// # Errors
    ///
    /// What serde says where the value does not fit the type.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        match self.0 {
            Held::Tree(value) => T::deserialize(value),
            Held::Object(members) => T::deserialize(members),
            Held::Text(text) => serde_json::from_str(text),
            Held::Document(document) => serde_json::from_str(document.text()),
        }
    }

    /// Writes the value as compact JSON.
    pub fn write_json(self, out: &mut String) {
        match self.0 {
            Held::Text(text) => out.push_str(text),
            Held::Document(document) => out.push_str(document.text()),
            Held::Tree(value) => write_value(out, value),
            Held::Object(members) => write_value(out, members),
        }
    }

    /// The bytes that the value has as compact JSON; of a tree [about as many](crate::json::json_size).
    pub fn json_size(self) -> usize {
        match self.0 {
            Held::Text(text) => text.len(),
            Held::Document(document) => document.text().len(),
            Held::Tree(value) => crate::json::json_size(value),
            Held::Object(members) => {
                2 + members.iter().map(|(name, value)| name.len() + 4 + crate::json::json_size(value)).sum::<usize>()
            }
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        Self(Held::Tree(value))
    }
}

impl<'a> From<&'a Map<String, Value>> for ValueRef<'a> {
    fn from(members: &'a Map<String, Value>) -> Self {
        Self(Held::Object(members))
    }
}

/// The same JSON, whatever the order of members.
impl PartialEq for ValueRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Held::Text(a), Held::Text(b)) if a == b => true,
            // Strings without escapes are the same only where their texts are.
            (Held::Text(a), Held::Text(b)) if a.starts_with('"') && !a.contains('\\') && !b.contains('\\') => false,
            (Held::Tree(a), Held::Tree(b)) => a == b,
            _ => match (self.kind(), other.kind()) {
                (ValueKind::Null, ValueKind::Null) => true,
                (ValueKind::Boolean(a), ValueKind::Boolean(b)) => a == b,
                (ValueKind::Number(a), ValueKind::Number(b)) => a == b,
                (ValueKind::String(a), ValueKind::String(b)) => a == b,
                (ValueKind::Array(a), ValueKind::Array(b)) => a.eq(b),
                (ValueKind::Object(a), ValueKind::Object(b)) => {
                    a.clone().count() == b.clone().count()
                        && a.into_iter().all(|(name, value)| other.get(&name) == Some(value))
                }
                _ => false,
            },
        }
    }
}

impl PartialEq<Value> for ValueRef<'_> {
    fn eq(&self, other: &Value) -> bool {
        *self == ValueRef::from(other)
    }
}

impl PartialEq<&str> for ValueRef<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str().is_some_and(|text| text == *other)
    }
}

impl PartialEq<bool> for ValueRef<'_> {
    fn eq(&self, other: &bool) -> bool {
        self.as_bool() == Some(*other)
    }
}

/// The JSON.
impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_json(&mut text);
        f.write_str(&text)
    }
}

/// The JSON.
impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The values of an array. Made by [`ValueRef::elements`].
#[derive(Clone, Debug)]
pub struct ValueElements<'a>(ElementsOf<'a>);

#[derive(Clone, Debug)]
enum ElementsOf<'a> {
    Tree(std::slice::Iter<'a, Value>),
    Text(Items<'a>),
}

impl<'a> Iterator for ValueElements<'a> {
    type Item = ValueRef<'a>;

    fn next(&mut self) -> Option<ValueRef<'a>> {
        match &mut self.0 {
            ElementsOf::Tree(elements) => elements.next().map(ValueRef::from),
            ElementsOf::Text(items) => items.next().map(ValueRef::of_text),
        }
    }
}

/// The members of an object, by name. Made by [`ValueRef::members`].
#[derive(Clone, Debug)]
pub struct ValueMembers<'a>(MembersOf<'a>);

#[derive(Clone, Debug)]
enum MembersOf<'a> {
    Tree(map::Iter<'a>),
    Text(Pairs<'a>),
    Document(Walk<'a>),
}

impl<'a> Iterator for ValueMembers<'a> {
    type Item = (Cow<'a, str>, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            MembersOf::Tree(members) => {
                members.next().map(|(name, value)| (Cow::Borrowed(name.as_str()), ValueRef::from(value)))
            }
            MembersOf::Text(pairs) => pairs.next().map(|(name, value)| (unescaped(name), ValueRef::of_text(value))),
            MembersOf::Document(walk) => walk.next().map(|(name, value)| (unescaped(name), ValueRef::of_text(value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_the_same_as_a_tree_and_as_text() {
        for value in [
            json!(null),
            json!(true),
            json!(-1.5),
            json!(9_007_199_254_740_993_i64),
            json!("a\"b\\ \u{e9}\n"),
            json!([]),
            json!([1, "two", [3], {"four": 4}]),
            json!({}),
            json!({"a": {"b": [true, null]}, "c\"d": "e"}),
        ] {
            let text = value.to_string();
            let (tree, held) = (ValueRef::from(&value), ValueRef::of_text(&text));
            assert_eq!(tree, held);
            assert_eq!(held, value);
            assert_eq!(held.to_value(), value);
            assert_eq!(held.to_string(), tree.to_string());
            assert_eq!(held.elements().count(), tree.elements().count());
            assert_eq!(held.values().count(), tree.values().count());
            for (name, member) in held.members() {
                assert_eq!(tree.get(&name), Some(member));
                assert_eq!(held.get(&name), Some(member));
            }
            assert_eq!((held.as_bool(), held.is_null()), (tree.as_bool(), tree.is_null()));
            assert_eq!(held.as_str(), tree.as_str());
            assert_ne!(held, json!("other"));
        }
        assert_eq!(ValueRef::of_text(r#"{"a":1,"b":2}"#), ValueRef::of_text(r#"{"b":2,"a":1}"#));
        assert_ne!(ValueRef::of_text(r#"{"a":1,"b":2}"#), ValueRef::of_text(r#"{"a":1}"#));
    }
}
