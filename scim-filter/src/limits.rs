//! How much filter a client may send.

/// Limits of one filter text. They hold while parsing, so that a text beyond them costs no more than one within them.
///
/// ```
/// use scim_filter::{FilterLimits, parse};
///
/// let limits = FilterLimits { comparisons: 2, ..FilterLimits::default() };
/// assert!(parse("a pr or b pr", &limits).is_ok());
/// assert!(parse("a pr or b pr or c pr", &limits).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterLimits {
    /// Longest text, in bytes. 8 KiB by default.
    pub text: usize,
    /// Deepest nesting of parentheses and brackets. 64 by default; values above [`FilterLimits::MAX_DEPTH`] count as that.
    pub depth: usize,
    /// Most comparisons (`pr` tests included). 256 by default.
    pub comparisons: usize,
}

impl FilterLimits {
    /// The nesting that no setting goes beyond, because depth costs stack: it fits into a thread of 2 MiB with room to
    /// spare, without optimisation too.
    pub const MAX_DEPTH: usize = 256;
}

impl Default for FilterLimits {
    fn default() -> Self {
        Self { text: 8 * 1024, depth: 64, comparisons: 256 }
    }
}
