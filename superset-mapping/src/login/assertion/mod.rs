//! What an identity provider says of a user who logs in, and what it may say.

mod attribute_mapping;
mod domains;
mod group_claim;
mod identity_provider;
mod mapping_error;
mod message;
mod name_case;
mod presets;
mod trusted_provider;

pub use attribute_mapping::{AttributeMapping, Person};
pub(super) use attribute_mapping::{addresses, merge};
pub use domains::{DomainError, Domains};
pub use group_claim::{GroupClaim, GroupNames, MAX_ASSERTED_GROUPS};
pub use identity_provider::{GroupScope, IdentityProvider, MAX_PROVIDER_NAME_LEN, People, ProviderNameError};
pub use mapping_error::MappingError;
pub use message::{
    Assertion, AssertionError, AssertionVerifier, LoginRequest, LoginResponse, MAX_ATTRIBUTE_LEN, MAX_ATTRIBUTE_VALUES,
    MAX_ATTRIBUTES,
};
pub use name_case::NameCase;
pub use trusted_provider::TrustedProvider;
