//! This service, as identity providers know it.

use std::fmt;
use std::sync::Arc;

use saml_rs::{
    AcsEndpoint, AlgorithmPolicy, AssertionEncryptionPolicy, AssertionSignaturePolicy, AudienceValidationPolicy,
    AuthnRequestSigningPolicy, Credentials, EntityId, LogoutPolicy, LogoutSignaturePolicy, NameIdCreationPolicy,
    RelayStateParam, ResponseSignaturePolicy, Saml, SamlError, Sp, SpConfig, SpMetadataConfig, SpValidationPolicy,
    SsoResponseBinding, StartSso, TemplatePolicy, XmlEncryptionPolicy, XmlPolicy, XmlSignatureProfile,
};
use thiserror::Error;

use crate::login::LoginRequest;
use crate::saml::identity_provider::SamlIdentityProvider;
use crate::saml::message::MAX_RESPONSE_LEN;

/// This service as identity providers know it: a name, and the address to which they send browsers back.
///
/// ```
/// use superset_mapping::saml::SamlServiceProvider;
///
/// let service = SamlServiceProvider::new("https://superset.example.com/saml/metadata", "https://superset.example.com/saml/acs")?;
/// assert!(service.metadata().contains("AssertionConsumerService"));
/// # Ok::<(), superset_mapping::saml::SamlConfigError>(())
/// ```
#[derive(Clone)]
pub struct SamlServiceProvider {
    pub(super) saml: Arc<Saml<Sp>>,
    entity_id: String,
    acs: String,
}

/// Which part of a response the identity provider signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignedPart {
    /// The assertion.
    #[default]
    Assertion,
    /// The assertion, or the response around it: what Keycloak and Google do unless told otherwise.
    AssertionOrResponse,
}

/// The service can't be described so.
#[derive(Debug, Error)]
#[error("the service provider can't be set up: {0}")]
pub struct SamlConfigError(String);

impl From<SamlError> for SamlConfigError {
    fn from(error: SamlError) -> Self {
        Self(error.to_string())
    }
}

impl SamlServiceProvider {
    /// A service that takes signed assertions, posted to `acs`.
    ///
    /// # Errors
    ///
    /// [`SamlConfigError`] for an empty name, or an address that is none.
    pub fn new(entity_id: &str, acs: &str) -> Result<Self, SamlConfigError> {
        Self::accepting(entity_id, acs, SignedPart::default())
    }

    /// The same, with a choice of what has to be signed. Whatever it is, it is signed by RSA with SHA-2.
    ///
    /// # Errors
    ///
    /// [`SamlConfigError`] for an empty name, or an address that is none.
    pub fn accepting(entity_id: &str, acs: &str, signed: SignedPart) -> Result<Self, SamlConfigError> {
        let config = SpConfig {
            entity_id: EntityId::try_new(entity_id)?,
            metadata: SpMetadataConfig {
                name_id_format: Vec::new(),
                single_logout_service: Vec::new(),
                assertion_consumer_service: vec![AcsEndpoint::post(acs)?.with_index(0).mark_default()],
                elements_order: None,
            },
            credentials: Credentials {
                signing_key: None,
                signing_key_passphrase: None,
                signing_certificate: None,
                encryption_certificate: None,
                decryption_key: None,
                decryption_key_passphrase: None,
            },
            validation: validation(signed),
            algorithms: AlgorithmPolicy::default(),
            xml: xml(),
            templates: TemplatePolicy::default(),
        };
        config.validate()?;
        Ok(Self { saml: Arc::new(Saml::sp(config)?), entity_id: entity_id.to_owned(), acs: acs.to_owned() })
    }

    /// The metadata of this service, for the identity provider's administrator.
    pub fn metadata(&self) -> &str {
        self.saml.metadata_xml()
    }

    /// The name.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The address to which responses are posted.
    pub fn acs(&self) -> &str {
        &self.acs
    }

    /// Begins a login: the address to send the browser to, and what to keep of the request until it comes back.
    ///
    /// # Errors
    ///
    /// [`SamlConfigError`] where the identity provider takes no redirects, or the relay state is longer than 80 bytes.
    pub fn begin(
        &self,
        provider: &SamlIdentityProvider,
        relay_state: Option<&str>,
    ) -> Result<(String, LoginRequest), SamlConfigError> {
        let options = StartSso::redirect()
            .response_binding(SsoResponseBinding::Post)
            .relay_state(RelayStateParam::try_from_option(relay_state)?);
        let started = self.saml.start_sso(&provider.descriptor, options)?;
        let request = LoginRequest {
            id: started.pending.request_id().as_str().to_owned(),
            relay_state: relay_state.map(str::to_owned),
        };
        Ok((started.outbound.redirect_url()?.to_owned(), request))
    }
}

/// Every field by hand: the defaults of the library are permissive.
fn validation(signed: SignedPart) -> SpValidationPolicy {
    SpValidationPolicy {
        assertions: match signed {
            SignedPart::Assertion => AssertionSignaturePolicy::RequireSigned,
            SignedPart::AssertionOrResponse => AssertionSignaturePolicy::AllowUnsignedForCompatibility,
        },
        responses: ResponseSignaturePolicy::RequireForEncryptedCbc,
        xml_signatures: XmlSignatureProfile::StrictRsaSha2,
        authn_requests: AuthnRequestSigningPolicy::DoNotSignForCompatibility,
        audience: AudienceValidationPolicy::Validate,
        name_id_creation: NameIdCreationPolicy::AllowCreate,
        logout: LogoutPolicy {
            requests: LogoutSignaturePolicy::RequireSigned,
            responses: LogoutSignaturePolicy::RequireSigned,
        },
    }
}

fn xml() -> XmlPolicy {
    let mut policy = XmlPolicy {
        // The skew is a value of each verification.
        clock_drifts: (0, 0),
        redirect_inflate_max_bytes: 0,
        encryption: XmlEncryptionPolicy::default(),
        ..XmlPolicy::default()
    };
    policy.encryption.assertions = AssertionEncryptionPolicy::PlaintextAssertions;
    policy.limits.max_bytes = MAX_RESPONSE_LEN;
    policy.limits.max_depth = 40;
    policy.limits.max_nodes = 10_000;
    policy.limits.max_attributes_per_element = 64;
    policy.limits.max_attribute_value_bytes = 16 * 1024;
    policy.limits.max_text_bytes = 64 * 1024;
    policy
}

impl fmt::Debug for SamlServiceProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlServiceProvider")
            .field("entity_id", &self.entity_id)
            .field("acs", &self.acs)
            .finish_non_exhaustive()
    }
}
