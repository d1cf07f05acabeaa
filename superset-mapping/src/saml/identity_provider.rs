//! An identity provider, from its metadata.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use saml_rs::{CertificatePem, EntityId, IdpDescriptor, MetadataTrustPolicy, SamlError};

use crate::saml::metadata::{IdpMetadata, MetadataError};

/// An identity provider: its name, its address and the certificates of its keys.
///
/// Of the metadata only the one `IDPSSODescriptor` for SAML 2.0 is used: the keys that it has for signatures, or for no particular
/// use, and its addresses, which must have `https`, or `http` on a loopback address. Keys of other roles and keys for encryption
/// verify nothing.
#[derive(Clone)]
pub struct SamlIdentityProvider {
    pub(super) descriptor: IdpDescriptor,
    valid_until: Option<DateTime<Utc>>,
    cache_duration: Option<TimeDelta>,
}

impl From<SamlError> for MetadataError {
    fn from(error: SamlError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl SamlIdentityProvider {
    /// Reads metadata that the host trusts: a file that an administrator has put there. A signature on it is not looked at.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] for metadata that is not that of `entity_id`, that has no certificate for signatures, that has expired by
    /// `now`, or that would send browsers to an unsafe address.
    pub fn from_metadata(entity_id: &str, xml: &str, now: DateTime<Utc>) -> Result<Self, MetadataError> {
        Self::describe(entity_id, &IdpMetadata::read(entity_id, xml)?, now)
    }

    /// Reads metadata that came over a network, and that has to be signed as a whole by one of these certificates (PEM).
    ///
    /// # Errors
    ///
    /// The same, and for metadata without such a signature.
    pub fn from_signed_metadata(
        entity_id: &str,
        xml: &str,
        certificates: &[&str],
        now: DateTime<Utc>,
    ) -> Result<Self, MetadataError> {
        // First of all, because it limits what the library reads.
        let metadata = IdpMetadata::read(entity_id, xml)?;
        let certificates: Vec<CertificatePem> = certificates.iter().map(|pem| CertificatePem::new(*pem)).collect();
        let trust = MetadataTrustPolicy::RequireSignature { trusted_certificates: &certificates };
        IdpDescriptor::from_metadata_xml_for(EntityId::try_new(entity_id)?, xml, trust)?;
        Self::describe(entity_id, &metadata, now)
    }

    fn describe(entity_id: &str, metadata: &IdpMetadata, now: DateTime<Utc>) -> Result<Self, MetadataError> {
        let descriptor = IdpDescriptor::from_metadata_xml_for(
            EntityId::try_new(entity_id)?,
            &metadata.to_xml(entity_id),
            MetadataTrustPolicy::UnsignedForCompatibility,
        )?;
        let provider = Self { descriptor, valid_until: metadata.valid_until, cache_duration: metadata.cache_duration };
        match provider.expired(now) {
            Some(until) => Err(MetadataError::Expired(until)),
            None => Ok(provider),
        }
    }

    /// The name of the identity provider.
    pub fn entity_id(&self) -> &str {
        self.descriptor.entity_id().as_str()
    }

    /// When the metadata expires (`validUntil`); no login is verified by it afterwards.
    pub fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.valid_until
    }

    /// For how long the metadata should be used before it is read again (`cacheDuration`). That is up to the host.
    pub fn cache_duration(&self) -> Option<TimeDelta> {
        self.cache_duration
    }

    /// When the metadata expired, if it has.
    pub(super) fn expired(&self, now: DateTime<Utc>) -> Option<String> {
        self.valid_until.filter(|until| *until <= now).map(scim_core::json::format_date_time)
    }
}

impl fmt::Debug for SamlIdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlIdentityProvider")
            .field("entity_id", &self.entity_id())
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}
