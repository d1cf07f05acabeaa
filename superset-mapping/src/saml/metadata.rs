//! The metadata of an identity provider, read before the library sees any of it.
//!
//! `saml-rs` takes the keys of every role for keys of the identity provider, a sole key for encryption for one of signatures, and any
//! address for one to send browsers to; it looks at no expiry. So the document is read here, and the library is handed another one
//! that holds the one `IDPSSODescriptor` with its signing keys and addresses, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use http::Uri;
use roxmltree::{Document, Node, ParsingOptions};
use saml_rs::constants::Binding;
use saml_rs::metadata::{Endpoint, IdpMetadataConfig, generate_idp_metadata};
use thiserror::Error;

use crate::saml::xml_schema::{date_time, duration};

/// Longest metadata of an identity provider, in bytes.
const MAX_METADATA_LEN: usize = 1024 * 1024;

/// Most elements, attributes and strings of metadata.
const MAX_METADATA_NODES: u32 = 100_000;

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// The metadata can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It is longer than the limit.
    #[error("the metadata is longer than {MAX_METADATA_LEN} bytes")]
    TooLarge,
    /// It has a document type, with which entities could be declared.
    #[error("the metadata has a document type, which no SAML metadata needs")]
    DocumentType,
    /// It is not well-formed XML.
    #[error("the metadata is not well-formed XML: {0}")]
    Malformed(String),
    /// It describes another entity, or several.
    #[error("the metadata is not that of the identity provider `{expected}`: it describes {found}")]
    Entity {
        /// The name that was expected.
        expected: String,
        /// What the metadata describes.
        found: String,
    },
    /// There is no certificate for signatures in it, so that nothing could be verified.
    #[error("the metadata has no certificate for signatures in its `IDPSSODescriptor`")]
    NoCertificate,
    /// It has expired (SAML metadata, section 2.3.2).
    #[error("the metadata expired at {0}: get the current metadata from the identity provider")]
    Expired(String),
    /// Browsers would be sent to an address that is not safe.
    #[error("`SingleSignOnService` has the location `{location}`: expected a URL with `https` and a host")]
    Location {
        /// The address.
        location: String,
    },
    /// It does not fit the schema of SAML metadata, or is not signed as it must be.
    #[error("the metadata is invalid: {0}")]
    Invalid(String),
}

/// What is used of the metadata of an identity provider.
#[derive(Debug)]
pub(super) struct IdpMetadata {
    want_authn_requests_signed: bool,
    certificates: Vec<String>,
    endpoints: Vec<Endpoint>,
    name_id_formats: Vec<String>,
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) cache_duration: Option<TimeDelta>,
}

impl IdpMetadata {
    /// Reads the metadata of the one entity that `xml` describes, which must be `entity_id`.
    pub(super) fn read(entity_id: &str, xml: &str) -> Result<Self, MetadataError> {
        if xml.len() > MAX_METADATA_LEN {
            return Err(MetadataError::TooLarge);
        }
        let options = ParsingOptions { nodes_limit: MAX_METADATA_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(xml, options).map_err(|error| match error {
            roxmltree::Error::DtdDetected => MetadataError::DocumentType,
            roxmltree::Error::NodesLimitReached => MetadataError::TooLarge,
            error => MetadataError::Malformed(error.to_string()),
        })?;
        // roxmltree takes an empty document type for none.
        if xml.contains("<!DOCTYPE") {
            return Err(MetadataError::DocumentType);
        }
        let mut containers = Vec::new();
        let entity = only_entity(entity_id, document.root_element(), &mut containers)?;
        let role = only_role(entity)?;
        containers.extend([entity, role]);
        Self::of_role(role, &containers)
    }

    fn of_role(role: Node<'_, '_>, containers: &[Node<'_, '_>]) -> Result<Self, MetadataError> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for service in children(role, METADATA, "SingleSignOnService") {
            let location = required(service, "Location")?;
            check_location(location)?;
            let used = [Binding::Redirect, Binding::Post];
            let binding = used.into_iter().find(|binding| service.attribute("Binding") == Some(binding.urn()));
            if let Some(binding) = binding
                && !endpoints.iter().any(|endpoint| endpoint.binding == binding)
            {
                endpoints.push(Endpoint::new(binding, location));
            }
        }
        if endpoints.is_empty() {
            let wanted = "it has no `SingleSignOnService` with the binding HTTP-Redirect or HTTP-POST";
            return Err(MetadataError::Invalid(wanted.to_owned()));
        }
        let certificates = signing_certificates(role)?;
        if certificates.is_empty() {
            return Err(MetadataError::NoCertificate);
        }
        let (mut valid_until, mut cache_duration) = (None, None);
        for container in containers {
            if let Some(text) = container.attribute("validUntil") {
                valid_until =
                    Some(earlier(valid_until, date_time(text).ok_or_else(|| unreadable("validUntil", text))?));
            }
            if let Some(text) = container.attribute("cacheDuration") {
                cache_duration =
                    Some(earlier(cache_duration, duration(text).ok_or_else(|| unreadable("cacheDuration", text))?));
            }
        }
        Ok(Self {
            want_authn_requests_signed: matches!(role.attribute("WantAuthnRequestsSigned"), Some("true" | "1")),
            certificates,
            endpoints,
            name_id_formats: children(role, METADATA, "NameIDFormat").map(text_of).collect(),
            valid_until,
            cache_duration,
        })
    }

    /// A document with this and nothing else.
    pub(super) fn to_xml(&self, entity_id: &str) -> String {
        generate_idp_metadata(&IdpMetadataConfig {
            entity_id: entity_id.to_owned(),
            signing_certs: self.certificates.clone(),
            encrypt_certs: Vec::new(),
            want_authn_requests_signed: self.want_authn_requests_signed,
            name_id_format: self.name_id_formats.clone(),
            single_sign_on_service: self.endpoints.clone(),
            single_logout_service: Vec::new(),
            elements_order: None,
        })
    }
}

/// The one entity of a document, which may stand within `EntitiesDescriptor`s; they are added to `containers`.
fn only_entity<'a, 'i>(
    entity_id: &str,
    root: Node<'a, 'i>,
    containers: &mut Vec<Node<'a, 'i>>,
) -> Result<Node<'a, 'i>, MetadataError> {
    let other = |found: String| MetadataError::Entity { expected: entity_id.to_owned(), found };
    let mut entity = root;
    while entity.has_tag_name((METADATA, "EntitiesDescriptor")) {
        containers.push(entity);
        let mut within = entity.children().filter(|child| {
            child.has_tag_name((METADATA, "EntityDescriptor")) || child.has_tag_name((METADATA, "EntitiesDescriptor"))
        });
        entity = match (within.next(), within.count()) {
            (Some(entity), 0) => entity,
            (None, _) => return Err(other("no entity".to_owned())),
            (Some(_), others) => return Err(other(format!("{} entities", others + 1))),
        };
    }
    if !entity.has_tag_name((METADATA, "EntityDescriptor")) {
        return Err(other("no entity".to_owned()));
    }
    let found = required(entity, "entityID")?;
    if found == entity_id { Ok(entity) } else { Err(other(format!("`{found}`"))) }
}

/// The one role of an entity that logs people in by SAML 2.0.
fn only_role<'a, 'i>(entity: Node<'a, 'i>) -> Result<Node<'a, 'i>, MetadataError> {
    let mut roles = children(entity, METADATA, "IDPSSODescriptor").filter(|role| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    });
    match (roles.next(), roles.next()) {
        (Some(role), None) => Ok(role),
        (found, _) => {
            let found = if found.is_none() { "no" } else { "more than one" };
            Err(MetadataError::Invalid(format!("it has {found} `IDPSSODescriptor` for SAML 2.0")))
        }
    }
}

/// The certificates of the keys that may sign: those for signatures, and those for whatever use. Of several certificates of one key
/// the first is that of the key itself, the others are its issuers'.
fn signing_certificates(role: Node<'_, '_>) -> Result<Vec<String>, MetadataError> {
    let mut certificates = Vec::new();
    for key in children(role, METADATA, "KeyDescriptor") {
        if !matches!(key.attribute("use"), None | Some("signing")) {
            continue;
        }
        let certificate = children(key, SIGNATURE, "KeyInfo")
            .flat_map(|info| children(info, SIGNATURE, "X509Data"))
            .find_map(|data| children(data, SIGNATURE, "X509Certificate").next());
        let Some(certificate) = certificate else { continue };
        let base64: String = text_of(certificate).split_ascii_whitespace().collect();
        if !STANDARD.decode(&base64).is_ok_and(|bytes| !bytes.is_empty()) {
            return Err(MetadataError::Invalid("an `X509Certificate` is not base64".to_owned()));
        }
        if !certificates.contains(&base64) {
            certificates.push(base64);
        }
    }
    Ok(certificates)
}

/// Refuses addresses to which no browser should be sent with a login: other schemes, and plain HTTP but on this very machine, where
/// identity providers are tried out.
fn check_location(location: &str) -> Result<(), MetadataError> {
    let refuse = || MetadataError::Location { location: location.chars().take(200).collect() };
    let uri: Uri = location.parse().map_err(|_| refuse())?;
    let host = uri.host().unwrap_or_default();
    // User information before the host is there to mislead whoever reads the address.
    let misleading = uri.authority().is_none_or(|authority| authority.as_str().contains('@'));
    let safe = match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_loopback(host),
        _ => false,
    };
    if safe && !misleading { Ok(()) } else { Err(refuse()) }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn children<'a, 'i>(
    parent: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    parent.children().filter(move |child| child.has_tag_name((namespace, name)))
}

fn required<'a>(element: Node<'a, '_>, attribute: &str) -> Result<&'a str, MetadataError> {
    let missing = || MetadataError::Invalid(format!("`{}` has no `{attribute}`", element.tag_name().name()));
    element.attribute(attribute).ok_or_else(missing)
}

/// The text of an element, as a signature has it: comments leave no gap.
fn text_of(element: Node<'_, '_>) -> String {
    element.children().filter(Node::is_text).filter_map(|child| child.text()).collect::<String>().trim().to_owned()
}

fn earlier<T: Ord>(one: Option<T>, other: T) -> T {
    match one {
        Some(one) => one.min(other),
        None => other,
    }
}

fn unreadable(attribute: &str, text: &str) -> MetadataError {
    MetadataError::Invalid(format!("`{attribute}` is `{}`", text.chars().take(100).collect::<String>()))
}
