//! An identity provider whose logins are verified.

use std::fmt;
use std::sync::Arc;

use crate::login::assertion::identity_provider::IdentityProvider;
use crate::login::assertion::message::AssertionVerifier;

/// An identity provider, and what verifies that an assertion is its own.
///
/// The two are one value because they belong together: what one provider signed must never be taken for the word of another.
#[derive(Clone)]
pub struct TrustedProvider {
    provider: IdentityProvider,
    verifier: Arc<dyn AssertionVerifier>,
}

impl TrustedProvider {
    /// An identity provider whose assertions are those that `verifier` accepts.
    pub fn new(provider: IdentityProvider, verifier: impl AssertionVerifier) -> Self {
        Self { provider, verifier: Arc::new(verifier) }
    }

    /// What the identity provider may do.
    pub fn provider(&self) -> &IdentityProvider {
        &self.provider
    }

    /// What verifies its assertions.
    pub fn verifier(&self) -> &dyn AssertionVerifier {
        &*self.verifier
    }
}

impl fmt::Debug for TrustedProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedProvider").field("provider", &self.provider).finish_non_exhaustive()
    }
}
