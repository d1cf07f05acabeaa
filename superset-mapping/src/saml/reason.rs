//! Why `saml-rs` refuses, in our words.

use saml_rs::SamlError;
use saml_rs::error::{SignatureVerificationReason, SubjectConfirmationReason};

use crate::login::AssertionError;

/// What `saml-rs` says when a limit of its parser is passed.
const LIMIT: &str = "ERR_XML_LIMIT_EXCEEDED";

pub(super) fn reason(error: SamlError) -> AssertionError {
    match error {
        SamlError::Xml(what) | SamlError::Invalid(what) if what.contains(LIMIT) => AssertionError::TooLarge,
        SamlError::Xml(what) | SamlError::Invalid(what) | SamlError::ProtocolProfile(what) => {
            AssertionError::Malformed(what)
        }
        SamlError::Base64(_) | SamlError::Deflate(_) => AssertionError::Malformed("it is not base64".to_owned()),
        SamlError::IssuerMismatch { .. } | SamlError::UnmatchIssuer => AssertionError::Issuer,
        SamlError::DestinationMismatch { .. } | SamlError::UnmatchDestination => AssertionError::Recipient,
        SamlError::InResponseToMismatch { .. } | SamlError::InvalidInResponseTo => AssertionError::InResponseTo,
        SamlError::RelayStateMismatch { .. } => AssertionError::RelayState,
        SamlError::AudienceMismatch { .. } | SamlError::UnmatchAudience => AssertionError::Audience,
        SamlError::UnrecognizedCondition { element } => {
            AssertionError::Profile(format!("the condition `{element}` is not understood"))
        }
        SamlError::PrincipalMismatch => AssertionError::Profile("it is about several subjects".to_owned()),
        SamlError::StatusNotSuccess { top, .. } | SamlError::FailedStatus { top, .. } => AssertionError::Status(top),
        SamlError::UndefinedStatus => AssertionError::Malformed("it has no status".to_owned()),
        SamlError::TimeWindowInvalid { .. } | SamlError::ExpiredSession => AssertionError::Time,
        SamlError::SubjectConfirmationInvalid { reason } => confirmation(reason),
        SamlError::SubjectUnconfirmed => AssertionError::Profile("its subject is not confirmed".to_owned()),
        SamlError::ReplayDetected { .. } => AssertionError::Replayed,
        SamlError::SignatureMissing | SamlError::AssertionSignatureRequired | SamlError::MissingSigAlg => {
            AssertionError::Unsigned
        }
        SamlError::SignatureVerification { reason: SignatureVerificationReason::RelayStateCorrelation } => {
            AssertionError::RelayState
        }
        SamlError::SignatureVerification { .. }
        | SamlError::FailedToVerifySignature
        | SamlError::FailedMessageSignatureVerification => AssertionError::Signature,
        SamlError::ReferenceResolution { .. }
        | SamlError::SignedReferenceMismatch
        | SamlError::PotentialWrappingAttack => AssertionError::Wrapped,
        SamlError::AlgorithmUnsupported => AssertionError::Algorithm,
        SamlError::NoTrustedCertificate | SamlError::CertificateMismatch | SamlError::UnmatchCertificate => {
            AssertionError::UnknownKey
        }
        // What the library says of its own state, such as a missing key, is no fault of the message.
        other => AssertionError::Failed(other.to_string()),
    }
}

fn confirmation(reason: SubjectConfirmationReason) -> AssertionError {
    match reason {
        SubjectConfirmationReason::TimeWindowInvalid | SubjectConfirmationReason::MissingNotOnOrAfter => {
            AssertionError::Time
        }
        SubjectConfirmationReason::RecipientMismatch => AssertionError::Recipient,
        SubjectConfirmationReason::InResponseToMismatch => AssertionError::InResponseTo,
        other => AssertionError::Profile(format!("its subject is not confirmed: {other}")),
    }
}
