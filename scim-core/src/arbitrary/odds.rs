//! Yes or no, at given odds.

use ::arbitrary::{Result, Unstructured};

/// Holds `times` in `of`; never once the bytes have run out, so that values then stay small.
///
/// [`Unstructured::ratio`] would always hold then.
pub(super) fn happens(u: &mut Unstructured<'_>, times: u8, of: u8) -> Result<bool> {
    Ok(u.int_in_range(1..=of)? > of.saturating_sub(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_hold_and_end_with_the_bytes() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut u = Unstructured::new(&bytes);
        assert_eq!((0..256).filter(|_| happens(&mut u, 3, 8).unwrap()).count(), 96);
        assert!(!happens(&mut u, 7, 8).unwrap());
    }
}
