//! Which clients there are, what they hold, and what they may do.

mod certificates;
mod clients;
#[cfg(feature = "metrics")]
mod days_left;
mod fields;
mod networks;
mod registration;
mod registry;

pub use certificates::PeerCertificate;
pub(in crate::oauth) use certificates::is_bound_to;
pub use clients::Clients;
#[cfg(feature = "metrics")]
pub use days_left::CredentialMetrics;
pub use fields::RegistrationError;
pub use networks::PeerAddress;
pub use registration::{AssertionIdentity, ClientRegistration, CredentialPlace};
pub use registry::ClientRegistry;
