//! Just-in-time (JIT) provisioning: a person whom an identity provider asserts becomes a user at the login.
//!
//! A message is verified by an [`AssertionVerifier`] and becomes an [`Assertion`]; an [`AttributeMapping`] makes a [`Person`] of it;
//! [`JitLogin`] takes the person through the [`Store`](scim_service::Store), as a SCIM client would, and records the outcome.

mod assertion;
mod attempt;
mod attribute_mapping;
mod audit;
mod domains;
mod group_claim;
mod identity_provider;
mod known_user;
mod login;
mod login_store;
mod mapping_error;
mod membership;
mod name_case;
mod outcome;
mod presets;
mod provisioning;
mod refusal;
mod replay;
mod trusted_provider;

pub use assertion::{
    Assertion, AssertionError, AssertionVerifier, LoginRequest, LoginResponse, MAX_ATTRIBUTE_LEN, MAX_ATTRIBUTE_VALUES,
    MAX_ATTRIBUTES,
};
pub use attribute_mapping::{AttributeMapping, Person};
pub use audit::{AuditError, JsonLines, LoginAudit, LoginOutcome, LoginRecord};
pub use domains::{DomainError, Domains};
pub use group_claim::{GroupClaim, GroupNames, MAX_ASSERTED_GROUPS};
pub use identity_provider::{GroupScope, IdentityProvider, MAX_PROVIDER_NAME_LEN, People, ProviderNameError};
pub use login::JitLogin;
pub use login_store::{Access, LoginStore};
pub use mapping_error::MappingError;
pub use name_case::NameCase;
pub use outcome::{GroupChanges, Login};
pub use refusal::{LoginError, Refusal};
pub use replay::{MemoryReplays, ReplayStore};
pub use trusted_provider::TrustedProvider;
