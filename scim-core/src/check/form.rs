//! How values are checked beyond their data type.

use serde_json::Value;

use crate::check::error::CheckProblem;
use crate::check::simple_value::decode_base64;
use crate::name::is_plain;
use crate::schema::{Attribute, Mutability, TypeSchema, Uniqueness};
use crate::tolerance::ValueCheck;
use crate::urn;

impl ValueCheck {
    /// Makes the check of one simple value of an attribute of the type.
    pub(crate) fn check(self, of: &TypeSchema, attribute: &Attribute, value: &Value) -> Result<(), CheckProblem> {
        let Some(text) = value.as_str() else { return Ok(()) };
        let (holds, expected) = match self {
            Self::CanonicalValues => (is_canonical(attribute, text), "one of the attribute's canonical values"),
            Self::Country if is_user_part(of, "addresses", "country", attribute) => {
                (is_country(text), "a two-letter country code of ISO 3166-1")
            }
            Self::Certificate if is_user_part(of, "x509Certificates", "value", attribute) => {
                (is_certificate(text), "one X.509 certificate in DER, as base64")
            }
            Self::Identifier if attribute.uniqueness() != Uniqueness::None => {
                (is_plain(text), "a text without space around it, control characters or invisible characters")
            }
            Self::Secret if attribute.mutability() == Mutability::WriteOnly => {
                (!text.is_empty(), "a text that is not empty")
            }
            Self::Country | Self::Certificate | Self::Identifier | Self::Secret => return Ok(()),
        };
        if holds { Ok(()) } else { Err(CheckProblem::Form { expected }) }
    }
}

fn is_canonical(attribute: &Attribute, text: &str) -> bool {
    let canonical = attribute.canonical_values();
    let same = |known: &String| if attribute.case_exact() { known == text } else { known.eq_ignore_ascii_case(text) };
    canonical.is_empty() || canonical.iter().any(same)
}

/// Whether the attribute is this very sub-attribute of the User schema.
fn is_user_part(of: &TypeSchema, whole: &str, part: &str, attribute: &Attribute) -> bool {
    let sub = of.base().attribute(whole).and_then(|whole| whole.sub_attribute(part));
    of.base().id() == urn::USER && sub.is_some_and(|sub| std::ptr::eq(sub.as_ref(), attribute))
}

/// The codes of ISO 3166-1 alpha-2 that are officially assigned.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD \
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF \
    GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS YE YT ZA ZM ZW";

fn is_country(text: &str) -> bool {
    COUNTRIES.split(' ').any(|code| code.eq_ignore_ascii_case(text))
}

/// Whether the text is base64 of `SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }` and nothing behind it (RFC 5280 section
/// 4.1).
fn is_certificate(text: &str) -> bool {
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    let Some(bytes) = decode_base64(text) else { return false };
    let Some((content, [])) = element(SEQUENCE, &bytes) else { return false };
    let Some((signed, rest)) = element(SEQUENCE, content) else { return false };
    let Some((algorithm, rest)) = element(SEQUENCE, rest) else { return false };
    matches!(element(BIT_STRING, rest), Some((signature, [])) if !signature.is_empty())
        && !signed.is_empty()
        && !algorithm.is_empty()
}

/// The content of the DER element at the start, which must have this tag, and what follows it.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        // One to four bytes of length; the indefinite form is no DER.
        let count = usize::from(*first & 0x7f);
        if !(1..=4).contains(&count) || rest.len() < count {
            return None;
        }
        let (length, rest) = rest.split_at(count);
        (length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    (*found == tag && rest.len() >= length).then(|| rest.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checker, Profile, SchemaSet, Tolerance};
    use serde_json::json;

    /// The path at fault where the profile makes the check; what it is without the check must be fine.
    fn fault(check: ValueCheck, members: &Value) -> Option<String> {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let mut body = json!({"schemas": [urn::USER], "userName": "a"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let checked = |profile: &Profile| Checker::new(user, &mut Tolerance::new(profile)).resource(body.clone());
        checked(&Profile::rfc()).unwrap();
        checked(&Profile::rfc().with_check(check)).err().map(|error| error.path().to_owned())
    }

    #[test]
    fn r025_canonical_values_may_be_enforced() {
        let fault = |kind: &str| fault(ValueCheck::CanonicalValues, &json!({"emails": [{"value": "a", "type": kind}]}));
        assert_eq!(fault("WORK"), None);
        assert_eq!(fault("zzz").unwrap(), "emails[0].type");
    }

    #[test]
    fn r052_a_country_is_a_code_of_two_letters() {
        let fault = |country: &str| fault(ValueCheck::Country, &json!({"addresses": [{"country": country}]}));
        for good in ["SE", "se", "US"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["Sweden", "SWE", "ZZ", "", "S E", "SE SG"] {
            assert_eq!(fault(bad).unwrap(), "addresses[0].country", "{bad}");
        }
    }

    /// A certificate of 37 bytes: what it says is of no interest here.
    const CERTIFICATE: &str = "MCMwD6ADAgECAgEBMAUGAypwATAFBgMqcAEDCQAAAAAAAAAAAA==";

    #[test]
    fn r053_a_certificate_is_one_der_element_of_three_parts() {
        let fault = |value: &str| fault(ValueCheck::Certificate, &json!({"x509Certificates": [{"value": value}]}));
        assert_eq!(fault(CERTIFICATE), None);
        let longer = CERTIFICATE.replace("==", "AA");
        let shorter = CERTIFICATE.trim_end_matches("AA==");
        for bad in ["AQID", "MAA=", "", shorter, &longer, "MIAAAA=="] {
            assert_eq!(fault(bad).unwrap(), "x509Certificates[0].value", "{bad}");
        }
    }

    #[test]
    fn a_length_of_several_bytes_is_read() {
        let mut bytes = vec![0x30, 0x81, 200];
        bytes.extend([7; 200]);
        assert_eq!(element(0x30, &bytes).unwrap().0.len(), 200);
        assert_eq!(element(0x30, &bytes[..100]), None);
        assert_eq!(element(0x30, &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
        assert_eq!(element(0x30, &[0x30, 0x80, 0, 0]), None);
    }
}
