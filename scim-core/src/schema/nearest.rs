//! The attribute that a client may have meant.

use std::sync::Arc;

use crate::schema::Attribute;

/// The attribute whose name is one edit away from `name`.
pub(crate) fn nearest<'a>(attributes: &'a [Arc<Attribute>], name: &str) -> Option<&'a Arc<Attribute>> {
    attributes.iter().find(|attribute| one_edit_apart(attribute.name(), name))
}

/// The member of a definition that somebody may have meant who wrote `name`: in another case, or one edit away.
pub(crate) fn meant<'a>(known: &[&'a str], name: &str) -> Option<&'a str> {
    known.iter().copied().find(|known| known.eq_ignore_ascii_case(name) || one_edit_apart(known, name))
}

/// Whether the names differ, in any case, by one inserted, dropped or replaced character or by two swapped neighbours.
fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if b.is_empty() {
        return false;
    }
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let rest = |bytes: &[u8], skip: usize| bytes.get(prefix + skip..).map(<[u8]>::to_vec);
    let swapped = || match (a.get(prefix), a.get(prefix + 1), b.get(prefix), b.get(prefix + 1)) {
        (Some(a0), Some(a1), Some(b0), Some(b1)) => a0 == b1 && a1 == b0 && rest(a, 2) == rest(b, 2),
        _ => false,
    };
    match a.len().abs_diff(b.len()) {
        0 => (prefix < a.len() && rest(a, 1) == rest(b, 1)) || swapped(),
        1 if a.len() > b.len() => rest(a, 1) == rest(b, 0),
        1 => rest(a, 0) == rest(b, 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_an_insertion_a_loss_an_exchange_or_a_swap() {
        for (a, b) in [("title", "titel"), ("title", "titl"), ("title", "tittle"), ("TITLE", "titke"), ("ab", "ba")] {
            assert!(one_edit_apart(a, b) && one_edit_apart(b, a), "{a} {b}");
        }
        for (a, b) in [("title", "title"), ("title", "ttl"), ("title", "tilte2"), ("a", ""), ("abc", "cba")] {
            assert!(!one_edit_apart(a, b), "{a} {b}");
        }
    }
}
