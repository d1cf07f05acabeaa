//! An identity provider, from its metadata.

use std::fmt;

use saml_rs::{CertificatePem, EntityId, IdpDescriptor, MetadataTrustPolicy, SamlError};
use thiserror::Error;

/// Longest metadata of an identity provider, in bytes.
const MAX_METADATA_LEN: usize = 1024 * 1024;

/// An identity provider: its name, its address and the certificates of its keys.
#[derive(Clone)]
pub struct SamlIdentityProvider {
    pub(super) descriptor: IdpDescriptor,
}

/// The metadata can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It is longer than the limit.
    #[error("the metadata is longer than {MAX_METADATA_LEN} bytes")]
    TooLarge,
    /// There is no certificate for signatures in it, so that nothing could be verified.
    #[error("the metadata has no certificate for signatures")]
    NoCertificate,
    /// It is not the metadata of this identity provider, or is not signed as it must be.
    #[error("the metadata is not that of the identity provider: {0}")]
    Invalid(String),
}

impl From<SamlError> for MetadataError {
    fn from(error: SamlError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl SamlIdentityProvider {
    /// Reads metadata that the host vouches for: a file that an administrator has put there. A signature on it is not looked at.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] for metadata that is not that of `entity_id`, or that has no certificate for signatures.
    pub fn from_metadata(entity_id: &str, xml: &str) -> Result<Self, MetadataError> {
        Self::read(entity_id, xml, MetadataTrustPolicy::UnsignedForCompatibility)
    }

    /// Reads metadata that came over a network, and that has to be signed by one of these certificates (PEM).
    ///
    /// # Errors
    ///
    /// The same, and for metadata without such a signature.
    pub fn from_signed_metadata(entity_id: &str, xml: &str, certificates: &[&str]) -> Result<Self, MetadataError> {
        let certificates: Vec<CertificatePem> = certificates.iter().map(|pem| CertificatePem::new(*pem)).collect();
        Self::read(entity_id, xml, MetadataTrustPolicy::RequireSignature { trusted_certificates: &certificates })
    }

    fn read(entity_id: &str, xml: &str, trust: MetadataTrustPolicy<'_>) -> Result<Self, MetadataError> {
        if xml.len() > MAX_METADATA_LEN {
            return Err(MetadataError::TooLarge);
        }
        let descriptor = IdpDescriptor::from_metadata_xml_for(EntityId::try_new(entity_id)?, xml, trust)?;
        if descriptor.metadata().x509_certificates(saml_rs::constants::CertUse::Signing).is_empty() {
            return Err(MetadataError::NoCertificate);
        }
        Ok(Self { descriptor })
    }

    /// The name of the identity provider.
    pub fn entity_id(&self) -> &str {
        self.descriptor.entity_id().as_str()
    }
}

impl fmt::Debug for SamlIdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlIdentityProvider").field("entity_id", &self.entity_id()).finish_non_exhaustive()
    }
}
