//! One element at most is primary (RFC 7643 section 2.4).

use serde_json::Value;

use crate::error::PatchErrorKind;

/// Makes the elements at `written` the only ones that can be primary: when one of them is, it stops being true of all
/// others (R163); when two are, the patch asks for the impossible (R164).
pub(crate) fn settle(elements: &mut [Value], written: &[usize]) -> Result<(), PatchErrorKind> {
    let mut primaries = written.iter().filter(|index| elements.get(**index).is_some_and(is_primary));
    let Some(&chosen) = primaries.next() else { return Ok(()) };
    if primaries.next().is_some() {
        return Err(PatchErrorKind::PrimaryTwice);
    }
    for (index, element) in elements.iter_mut().enumerate() {
        if index != chosen
            && is_primary(element)
            && let Some(element) = element.as_object_mut()
        {
            element.insert("primary".into(), Value::Bool(false));
        }
    }
    Ok(())
}

pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn r163_the_last_element_written_is_the_only_primary_one() {
        let mut elements = vec![json!({"primary": true}), json!({"primary": true}), json!({})];
        settle(&mut elements, &[1]).unwrap();
        assert_eq!(elements, [json!({"primary": false}), json!({"primary": true}), json!({})]);
        settle(&mut elements, &[2]).unwrap();
        assert_eq!(elements[1], json!({"primary": true}));
    }

    #[test]
    fn r164_two_primaries_at_once_are_refused() {
        let mut elements = vec![json!({"primary": true}), json!({"primary": true})];
        assert_eq!(settle(&mut elements, &[0, 1]), Err(PatchErrorKind::PrimaryTwice));
    }
}
