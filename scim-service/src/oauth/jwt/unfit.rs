//! Why a token is refused.

/// For the log, never for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::oauth) struct Unfit(pub(in crate::oauth) &'static str);
