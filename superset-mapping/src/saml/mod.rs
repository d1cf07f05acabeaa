//! SAML 2.0 web browser single sign-on, as a service provider.
//!
//! [`SamlVerifier`] is an [`AssertionVerifier`](crate::login::AssertionVerifier): it looks at a message before
//! anything parses it, and at the identity provider's metadata; has the signature and the profile checked by `saml-rs`, with every
//! policy set here; and sees to it that a message is used once.

mod identity_provider;
mod message;
mod metadata;
mod reason;
mod service_provider;
mod verifier;
mod xml_schema;

pub use identity_provider::SamlIdentityProvider;
pub use message::MAX_RESPONSE_LEN;
pub use metadata::MetadataError;
pub use service_provider::{SamlConfigError, SamlServiceProvider, SignedPart};
pub use verifier::SamlVerifier;
