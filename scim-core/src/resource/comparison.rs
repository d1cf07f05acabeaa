//! What differs between two resources, member by member.

use std::borrow::Cow;

use crate::resource::document::Document;
use crate::resource::value_ref::ValueRef;
use crate::schema::rank;

/// The name of a member, and its values in two resources.
#[doc(hidden)]
pub type Unlike<'r> = (Cow<'r, str>, Option<ValueRef<'r>>, Option<ValueRef<'r>>);

/// The members asked for whose values are not the same in another document; `None` where they do not stand in their order.
pub(super) fn unlike<'d>(
    one: &'d Document,
    other: &'d Document,
    asks: impl Fn(&str) -> bool,
) -> Option<Vec<Unlike<'d>>> {
    let is_plain = |document: &Document| document.is_ordered && !document.has_escapes;
    if !is_plain(one) || !is_plain(other) {
        return None;
    }
    let mut unlike = Vec::new();
    let mut walks = [one.walk().peekable(), other.walk().peekable()];
    let [own, others] = &mut walks;
    loop {
        let (a, b) = match (own.peek(), others.peek()) {
            (None, None) => return Some(unlike),
            (Some((a, _)), Some((b, _))) if a == b => (own.next(), others.next()),
            (Some((a, _)), Some((b, _))) if rank(a) < rank(b) => (own.next(), None),
            (Some(_), None) => (own.next(), None),
            (_, Some(_)) => (None, others.next()),
        };
        let name = a.or(b).map(|(name, _)| name).unwrap_or_default();
        let [a, b] = [a, b].map(|member| member.map(|(_, value)| value));
        // Nearly all have the same text.
        if a == b || !asks(name) {
            continue;
        }
        let [a, b] = [a, b].map(|value| value.map(ValueRef::of_text));
        if a != b {
            unlike.push((Cow::Borrowed(name), a, b));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_only_one_has_and_what_differs_is_told_in_order() {
        let document = |value: &Value| Document::of(value.as_object().unwrap()).unwrap();
        let one = document(&json!({
            "urn:b": {"c": 1}, "meta": {}, "userName": "a", "id": "1", "active": true, "schemas": ["urn:a"], "externalId": "x"
        }));
        let other = document(&json!({"id": "1", "aid": 2, "userName": "b", "urn:c": {}, "meta": {}}));
        let unlike = |asks: fn(&str) -> bool| unlike(&one, &other, asks);
        let names: Vec<_> = unlike(|_| true).unwrap().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["schemas", "externalId", "active", "aid", "userName", "urn:b", "urn:c"]);
        let some = unlike(|name| !name.starts_with('a') && name != "urn:c").unwrap();
        assert!(some.into_iter().map(|(name, ..)| name).eq(["schemas", "externalId", "userName", "urn:b"]));
    }
}
