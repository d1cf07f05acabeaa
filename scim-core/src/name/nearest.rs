//! The name that a client may have meant.

/// The one of the known names that was meant by `name`: in another case, or one edit away.
pub(crate) fn meant<'a>(known: &[&'a str], name: &str) -> Option<&'a str> {
    known.iter().copied().find(|known| known.eq_ignore_ascii_case(name) || is_one_edit_apart(known, name))
}

/// Whether the names differ, in any case, by one inserted, dropped or replaced character or by two swapped neighbours.
pub(crate) fn is_one_edit_apart(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && strsim::osa_distance(&a.to_ascii_lowercase(), &b.to_ascii_lowercase()) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_an_insertion_a_loss_an_exchange_or_a_swap() {
        for (a, b) in [("title", "titel"), ("title", "titl"), ("title", "tittle"), ("TITLE", "titke"), ("ab", "ba")] {
            assert!(is_one_edit_apart(a, b) && is_one_edit_apart(b, a), "{a} {b}");
        }
        for (a, b) in [("title", "title"), ("title", "ttl"), ("title", "tilte2"), ("a", ""), ("abc", "cba")] {
            assert!(!is_one_edit_apart(a, b), "{a} {b}");
        }
    }
}
