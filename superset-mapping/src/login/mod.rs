//! Just-in-time (JIT) provisioning: a person whom an identity provider asserts becomes a user at the login.
//!
//! A message is verified by an [`AssertionVerifier`] and becomes an [`Assertion`]; an [`AttributeMapping`] makes a [`Person`] of it;
//! [`JitLogin`] takes the person through the [`Store`](scim_service::Store), as a SCIM client would, and records the outcome.

mod assertion;
mod audit;
mod jit_login;
#[cfg(feature = "metrics")]
mod measured_audit;
mod outcome;
mod provision;
mod refusal;
mod replay;

pub use assertion::{
    Assertion, AssertionError, AssertionVerifier, AttributeMapping, DomainError, Domains, GroupClaim, GroupNames,
    GroupScope, IdentityProvider, LoginRequest, LoginResponse, MAX_ASSERTED_GROUPS, MAX_ATTRIBUTE_LEN,
    MAX_ATTRIBUTE_VALUES, MAX_ATTRIBUTES, MAX_PROVIDER_NAME_LEN, MappingError, NameCase, People, Person,
    ProviderNameError, TrustedProvider,
};
pub use audit::{AuditError, JsonLines, LoginAudit, LoginOutcome, LoginRecord};
pub use jit_login::JitLogin;
#[cfg(feature = "metrics")]
pub use measured_audit::MeasuredAudit;
pub use outcome::{GroupChanges, Login};
pub use provision::{LoginAccess, LoginStore, LoginTransaction};
pub use refusal::{LoginError, Refusal};
pub use replay::{MemoryReplays, ReplayStore};
