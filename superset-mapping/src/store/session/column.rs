//! What a column can hold.

use scim_service::StoreError;

/// Checks a text against the width of its column. No engine is given a NUL character: `PostgreSQL` can't keep it.
pub(crate) fn fits(attribute: &str, text: &str, most: usize) -> Result<(), StoreError> {
    let expected = if text.contains('\0') {
        "no NUL character".to_owned()
    } else if text.len() > most && text.chars().count() > most {
        format!("at most {most} characters")
    } else {
        return Ok(());
    };
    Err(StoreError::InvalidValue { attribute: attribute.to_owned(), expected })
}

/// Checks a text for a column that holds only what has three bytes in UTF-8, such as `utf8mb3` of `MySQL`.
pub(crate) fn fits_narrow(attribute: &str, text: &str) -> Result<(), StoreError> {
    if text.chars().all(|c| c.len_utf8() < 4) {
        return Ok(());
    }
    let expected = "characters up to U+FFFF, because the database's character set holds no others".to_owned();
    Err(StoreError::InvalidValue { attribute: attribute.to_owned(), expected })
}
