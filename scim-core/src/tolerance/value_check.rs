//! The checks of values beyond their data type, each with its switch.

/// A check of values beyond their type, with its switch in a [`Profile`](crate::Profile).
///
/// [`Identifier`](Self::Identifier) and [`Secret`](Self::Secret) are on in every profile. The others are off unless asked for:
/// identity providers send what their directories hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueCheck {
    /// A text is one of its attribute's `canonicalValues`, in any case unless the attribute is case exact (R025).
    CanonicalValues,
    /// `addresses.country` of a User is a code of ISO 3166-1 alpha-2, in any case (R052).
    Country,
    /// `x509Certificates.value` of a User has the form of one certificate in DER (R053). Nothing is verified: neither
    /// signature nor dates.
    Certificate,
    /// A text that must be unique, such as `userName`, can be told from every other by looking at it: no space around it, no
    /// control characters, nothing invisible, nothing that turns the direction of text. Names of any script fit.
    Identifier,
    /// A text that nobody can read back, such as `password`, is not empty.
    Secret,
}

impl ValueCheck {
    /// Every check.
    pub const ALL: [Self; 5] =
        [Self::CanonicalValues, Self::Country, Self::Certificate, Self::Identifier, Self::Secret];

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}
