//! What an identity provider says of a person who logs in.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use thiserror::Error;

/// Most attributes of an assertion.
pub const MAX_ATTRIBUTES: usize = 200;

/// Most values of an assertion, of all its attributes together.
pub const MAX_ATTRIBUTE_VALUES: usize = 5_000;

/// Longest name or value of an attribute, and longest subject, in bytes.
pub const MAX_ATTRIBUTE_LEN: usize = 8_000;

/// A statement of an identity provider that was verified: who the person is, and what is known of them.
///
/// An [`AssertionVerifier`] makes them. A host that has verified a login by other means may make one itself, and answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The identifier of the statement, unique with the identity provider. Every login is audited with it.
    pub id: String,
    /// Identifies the person with the identity provider for good: the `NameID` of SAML.
    pub subject: String,
    /// What is known of the person, by the name of the attribute, as the identity provider has it.
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// A message that a browser brought, as the host got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginResponse {
    /// The message as it stands in the form: for SAML the base64 text of `SAMLResponse`.
    pub message: String,
    /// The relay state of the form.
    pub relay_state: Option<String>,
    /// What the host kept of the request that this answers; `None` where the login began at the identity provider.
    pub request: Option<LoginRequest>,
    /// The [id](scim_service::observe::request_id()) of the HTTP request that brought it: what was done because of it has the same in the
    /// log, the login record and the audit. `None`: the login goes by the identifier of the assertion alone.
    pub request_id: Option<Arc<str>>,
    /// Where the browser is, if the host knows: the audit has it.
    pub address: Option<IpAddr>,
}

/// What a host keeps of a request for a login, in the session of the browser that it sent away.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoginRequest {
    /// The identifier of the request, to which the answer has to refer.
    pub id: String,
    /// The relay state that went with it.
    pub relay_state: Option<String>,
}

/// Verifies what a browser brought.
///
/// An implementation guarantees:
///
/// 1. **Authenticity.** Everything in the assertion was signed by the identity provider, and by nobody else.
/// 2. **Purpose.** The assertion is meant for this service, at this time, in answer to this request.
/// 3. **Once.** An assertion is accepted once, on whichever host.
/// 4. **No clock.** The time is `now`.
#[async_trait]
pub trait AssertionVerifier: Send + Sync + 'static {
    /// Verifies a message and reads its assertion.
    async fn verify(&self, response: &LoginResponse, now: DateTime<Utc>) -> Result<Assertion, AssertionError>;
}

/// Why an assertion is not believed.
///
/// `Display` is for the log and the audit record; what the person at the browser reads is up to the host.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AssertionError {
    /// The message is none that a login could have.
    #[error("the response is malformed: {0}")]
    Malformed(String),
    /// It has what is read, but not signed: comments, processing instructions.
    #[error("the response has comments or processing instructions, over which signatures do not hold")]
    Comment,
    /// A limit on its size or form is passed.
    #[error("the response is larger or deeper than a login needs")]
    TooLarge,
    /// Something that has to be signed is not.
    #[error("the assertion is not signed")]
    Unsigned,
    /// The signature is not that of the identity provider over this content.
    #[error("the signature is not valid")]
    Signature,
    /// The signature covers something else than the assertion that is shown.
    #[error("the signature covers something else than the assertion")]
    Wrapped,
    /// The signature uses an algorithm or a transform that is not taken.
    #[error("the signature uses an algorithm that is not accepted")]
    Algorithm,
    /// The key of the signature is not one of the identity provider's.
    #[error("the signature is by an unknown key")]
    UnknownKey,
    /// What is known of the identity provider's keys is no longer valid.
    #[error("the metadata of the identity provider expired at {0}")]
    MetadataExpired(String),
    /// Somebody else issued it.
    #[error("the issuer is not the identity provider")]
    Issuer,
    /// It is meant for another service, or does not say for which.
    #[error("the assertion is meant for another audience")]
    Audience,
    /// It was sent to another address.
    #[error("the response is meant for another address")]
    Recipient,
    /// It does not answer the request that this browser was sent away with.
    #[error("the response does not answer the request of this browser")]
    InResponseTo,
    /// The relay state is not the one that was sent.
    #[error("the relay state is not the one that was sent")]
    RelayState,
    /// The login began at the identity provider, which this service does not take.
    #[error("the login did not begin here")]
    Unsolicited,
    /// It is too late, or too early.
    #[error("the assertion is not valid at this time")]
    Time,
    /// It is not a bearer assertion about one subject, or has a condition that is not understood.
    #[error("the assertion does not fit the profile: {0}")]
    Profile(String),
    /// It was used before.
    #[error("the assertion was used before")]
    Replayed,
    /// The identity provider refuses the login.
    #[error("the identity provider refuses the login: {0}")]
    Status(String),
    /// The assertion is encrypted, which is not supported.
    #[error("the assertion is encrypted, which is not supported")]
    Encrypted,
    /// The check could not be made.
    #[error("the assertion could not be checked: {0}")]
    Failed(String),
}

impl AssertionError {
    /// A word for the reason, for audit records and metrics: stable, lower case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Comment => "comment",
            Self::TooLarge => "too_large",
            Self::Unsigned => "unsigned",
            Self::Signature => "signature",
            Self::Wrapped => "wrapped",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::MetadataExpired(_) => "metadata_expired",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Recipient => "recipient",
            Self::InResponseTo => "in_response_to",
            Self::RelayState => "relay_state",
            Self::Unsolicited => "unsolicited",
            Self::Time => "time",
            Self::Profile(_) => "profile",
            Self::Replayed => "replayed",
            Self::Status(_) => "status",
            Self::Encrypted => "encrypted",
            Self::Failed(_) => "failed",
        }
    }
}

impl Assertion {
    /// Whether sizes are within the limits.
    pub(in crate::login) fn fits(&self) -> bool {
        let values: usize = self.attributes.values().map(Vec::len).sum();
        let short = |text: &String| text.len() <= MAX_ATTRIBUTE_LEN;
        self.attributes.len() <= MAX_ATTRIBUTES
            && values <= MAX_ATTRIBUTE_VALUES
            && short(&self.id)
            && short(&self.subject)
            && self.attributes.iter().all(|(name, values)| short(name) && values.iter().all(short))
    }
}
