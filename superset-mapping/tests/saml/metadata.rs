//! The metadata of an identity provider: whose keys count, and where browsers are sent.

use superset_mapping::login::{AssertionError, AssertionVerifier};
use superset_mapping::saml::{MetadataError, SamlIdentityProvider, SamlServiceProvider};

use crate::{ACS, IDP, SP, case, partners_verifier, ten_o_clock, time};

const METADATA: &str = include_str!("../data/saml/idp_metadata.xml");

fn certificate(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn idp_certificate() -> String {
    certificate(include_str!("../data/saml/idp.crt"))
}

fn stranger_certificate() -> String {
    certificate(include_str!("../data/saml/stranger.crt"))
}

fn key(attributes: &str, certificate: &str) -> String {
    format!(
        "<KeyDescriptor{attributes}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{certificate}\n</ds:X509Certificate></ds:X509Data>\
         </ds:KeyInfo></KeyDescriptor>"
    )
}

fn sso(location: &str) -> String {
    let binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    format!(r#"<SingleSignOnService Binding="{binding}" Location="{location}"/>"#)
}

fn role(name: &str, content: &str) -> String {
    format!(r#"<{name} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{content}</{name}>"#)
}

fn idp(content: &str) -> String {
    role("IDPSSODescriptor", content)
}

fn entity(attributes: &str, roles: &str) -> String {
    let namespaces = r#"xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#""#;
    format!("<EntityDescriptor {namespaces} {attributes}>{roles}</EntityDescriptor>")
}

fn named(roles: &str) -> String {
    entity(&format!(r#"entityID="{IDP}""#), roles)
}

fn good() -> String {
    format!("{}{}", key(r#" use="signing""#, &idp_certificate()), sso("https://idp.test/sso"))
}

fn read(xml: &str) -> Result<SamlIdentityProvider, MetadataError> {
    SamlIdentityProvider::from_metadata(IDP, xml, time(&ten_o_clock()))
}

/// What becomes of a response that the identity provider signed with its own key.
async fn login_by(metadata: &str) -> Result<(), AssertionError> {
    let good = case("good: pysaml2, the assertion signed");
    let verifier = partners_verifier(read(metadata).unwrap());
    verifier.verify(&good.response(), good.now()).await.map(drop)
}

#[tokio::test]
async fn x11_only_keys_of_the_identity_provider_that_sign_verify_a_login() {
    let (idps, strangers) = (idp_certificate(), stranger_certificate());
    let service = sso("https://idp.test/sso");
    let own = |keys: &str| named(&idp(&format!("{keys}{service}")));
    for (title, metadata) in [
        ("a key for signatures", own(&key(r#" use="signing""#, &idps))),
        ("a key for whatever use", own(&key("", &idps))),
        ("a rollover", own(&format!("{}{}", key(r#" use="signing""#, &strangers), key(r#" use="signing""#, &idps)))),
        (
            "a key beside one for encryption",
            own(&format!("{}{}", key(r#" use="encryption""#, &strangers), key("", &idps))),
        ),
    ] {
        assert_eq!(login_by(&metadata).await, Ok(()), "{title}");
    }
    let another = key(r#" use="signing""#, &strangers);
    let service_provider = role("SPSSODescriptor", &key(r#" use="signing""#, &idps));
    let attribute_authority = role("AttributeAuthorityDescriptor", &key("", &idps));
    let older = r#"<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol">"#;
    let older = format!("{older}{}</IDPSSODescriptor>", key("", &idps));
    for (title, metadata) in [
        ("of a service provider", named(&format!("{service_provider}{}", idp(&format!("{another}{service}"))))),
        ("of an attribute authority", named(&format!("{}{attribute_authority}", idp(&format!("{another}{service}"))))),
        ("for another protocol", named(&format!("{older}{}", idp(&format!("{another}{service}"))))),
        ("for encryption", own(&format!("{another}{}", key(r#" use="encryption""#, &idps)))),
        ("for what nobody knows", own(&format!("{another}{}", key(r#" use="sign""#, &idps)))),
        (
            "of an issuer",
            own(&another
                .replace("</ds:X509Data>", &format!("<ds:X509Certificate>{idps}</ds:X509Certificate></ds:X509Data>"))),
        ),
        ("in an extension", own(&format!("<Extensions>{}</Extensions>{another}", key("", &idps)))),
        (
            "of another namespace",
            own(&format!(
                r#"{another}<x:KeyDescriptor xmlns:x="urn:x"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{idps}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></x:KeyDescriptor>"#
            )),
        ),
    ] {
        let refusal = login_by(&metadata).await.unwrap_err();
        assert!(matches!(refusal, AssertionError::UnknownKey | AssertionError::Signature), "{title}: {refusal:?}");
    }
    for (title, metadata) in [
        ("a sole key, for encryption", own(&key(r#" use="encryption""#, &idps))),
        ("a key of another role", named(&format!("{service_provider}{}", idp(&service)))),
        ("no key", own("")),
    ] {
        assert!(matches!(read(&metadata), Err(MetadataError::NoCertificate)), "{title}");
    }
    assert!(read(&own(&key("", "not base64!"))).unwrap_err().to_string().contains("base64"));
}

#[tokio::test]
async fn x11_expired_metadata_is_refused_with_the_date() {
    let at = |entity_until: &str, role_until: &str| {
        let idp = idp(&good()).replacen('>', &format!("{role_until}>"), 1);
        entity(&format!(r#"entityID="{IDP}"{entity_until}"#), &idp)
    };
    let past = r#" validUntil="2020-06-01T00:00:00Z""#;
    let future = r#" validUntil="2026-01-15T10:30:00Z""#;
    for xml in [
        at(past, ""),
        at("", past),
        at(future, past),
        format!(
            "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"{past}>{}</EntitiesDescriptor>",
            named(&idp(&good()))
        ),
    ] {
        let refusal = read(&xml).unwrap_err().to_string();
        assert!(refusal.starts_with("the metadata expired at 2020-06-01T00:00:00.000Z"), "{refusal}");
    }
    assert!(matches!(read(&at(r#" validUntil="some day""#, "")), Err(MetadataError::Invalid(_))));
    assert!(matches!(read(&at(r#" cacheDuration="a while""#, "")), Err(MetadataError::Invalid(_))));
    // What was valid at the start expires while the service runs.
    let provider = read(&at(future, r#" cacheDuration="PT6H""#)).unwrap();
    assert_eq!(provider.valid_until(), Some(time("2026-01-15T10:30:00Z")));
    assert_eq!(provider.cache_duration(), Some(chrono::TimeDelta::hours(6)));
    let good = case("good: pysaml2, the assertion signed");
    let verifier = partners_verifier(provider);
    let refusal = verifier.verify(&good.response(), time("2026-01-15T10:30:00Z")).await.unwrap_err();
    assert_eq!(refusal.to_string(), "the metadata of the identity provider expired at 2026-01-15T10:30:00.000Z");
    assert_eq!(refusal.code(), "metadata_expired");
    assert!(verifier.verify(&good.response(), good.now()).await.is_ok());
}

#[test]
fn x11_browsers_are_sent_to_safe_addresses_alone() {
    let at = |location: &str| named(&idp(&format!("{}{}", key("", &idp_certificate()), sso(location))));
    for location in [
        "https://idp.test/sso?a=1&amp;b=2",
        "HTTPS://idp.test",
        "http://127.0.0.1:8080/sso",
        "http://[::1]/sso",
        "http://localhost/",
    ] {
        read(&at(location)).unwrap();
    }
    for location in [
        "javascript:alert(1)",
        "JavaScript://idp.test/%0aalert(1)",
        "data:text/html,x",
        "http://idp.test/sso",
        "http://127.0.0.1.evil.test/",
        "http://localhost.evil.test/",
        "https://idp.test@evil.test/",
        "https:///sso",
        "https:idp.test",
        "//idp.test/sso",
        "/sso",
        "",
        " https://idp.test/sso",
        "https://idp.test/ sso",
        "ftp://idp.test/",
        "file:///etc/passwd",
    ] {
        assert!(matches!(read(&at(location)), Err(MetadataError::Location { .. })), "{location}");
    }
    // Of several addresses none may be unsafe.
    let two = named(&idp(&format!("{}{}", good(), sso("javascript:alert(1)"))));
    assert!(matches!(read(&two), Err(MetadataError::Location { .. })));
    // Addresses that nobody is sent to are not handed on.
    let logout = r#"<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="javascript:1"/>"#;
    let provider = read(&named(&idp(&format!("{logout}{}", good())))).unwrap();
    let (url, _) = SamlServiceProvider::new(SP, ACS).unwrap().begin(&provider, None).unwrap();
    assert!(url.starts_with("https://idp.test/sso?SAMLRequest="), "{url}");
}

#[test]
fn x11_a_document_describes_one_identity_provider() {
    let one = named(&idp(&good()));
    let other = one.replace(IDP, "https://other.test");
    let list = |entities: &str| {
        format!(
            r#"<m:EntitiesDescriptor xmlns:m="urn:oasis:names:tc:SAML:2.0:metadata">{entities}</m:EntitiesDescriptor>"#
        )
    };
    for xml in [&one, &list(&one), &list(&list(&one)), METADATA, &format!("<?xml version='1.0'?><!-- a -->{one}")] {
        assert_eq!(read(xml).unwrap().entity_id(), IDP);
    }
    for (xml, found) in [
        (&*other, "`https://other.test`"),
        (&*list(&format!("{one}{other}")), "2 entities"),
        (&*list(&format!("{one}{}", list(&other))), "2 entities"),
        (&*list(""), "no entity"),
        (&*one.replace("urn:oasis:names:tc:SAML:2.0:metadata", "urn:x"), "no entity"),
        ("<html/>", "no entity"),
    ] {
        let refusal = read(xml).unwrap_err();
        assert!(matches!(&refusal, MetadataError::Entity { .. }), "{refusal}");
        assert!(refusal.to_string().ends_with(&format!("it describes {found}")), "{refusal}");
    }
    let twice = named(&format!("{}{}", idp(&good()), idp(&good())));
    assert!(read(&twice).unwrap_err().to_string().contains("more than one `IDPSSODescriptor`"));
    assert!(read(&named("")).unwrap_err().to_string().contains("no `IDPSSODescriptor`"));
    let nowhere = named(&idp(&key("", &idp_certificate())));
    assert!(read(&nowhere).unwrap_err().to_string().contains("no `SingleSignOnService`"));
}

#[test]
fn x11_documents_that_attack_a_parser_are_refused() {
    let one = named(&idp(&good()));
    for declared in [
        "<!DOCTYPE x>",
        "<!DOCTYPE x []>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
    ] {
        assert!(matches!(read(&format!("{declared}{one}")), Err(MetadataError::DocumentType)), "{declared}");
    }
    assert!(matches!(read(&" ".repeat(2 << 20)), Err(MetadataError::TooLarge)));
    assert!(matches!(read(&format!("<x>{}</x>", "<a/>".repeat(200_000))), Err(MetadataError::TooLarge)));
    for malformed in ["", "<x", &one[..one.len() - 1], &format!("{one}{one}"), &"<a>".repeat(90_000)] {
        assert!(
            matches!(read(malformed), Err(MetadataError::Malformed(_))),
            "{}",
            &malformed[..malformed.len().min(80)]
        );
    }
}

#[test]
fn metadata_from_a_network_has_to_be_signed() {
    let certificate = include_str!("../data/saml/idp.crt");
    let now = time(&ten_o_clock());
    assert!(
        SamlIdentityProvider::from_signed_metadata(IDP, METADATA, &[certificate], now).is_err(),
        "it is not signed"
    );
}
