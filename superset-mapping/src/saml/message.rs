//! A message before anything parses it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::login::AssertionError;

/// Longest response, in bytes of XML.
pub const MAX_RESPONSE_LEN: usize = 256 * 1024;

/// Some identity providers break lines, some leave out padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes a message and refuses what no identity provider sends, but who attacks a parser does.
pub(super) fn decode(message: &str) -> Result<String, AssertionError> {
    // Base64 is a third longer than what it encodes; lines may be broken.
    if message.len() > MAX_RESPONSE_LEN * 3 / 2 {
        return Err(AssertionError::TooLarge);
    }
    let malformed = |what: &str| AssertionError::Malformed(what.to_owned());
    let compact: String = message.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(compact).map_err(|_| malformed("it is not base64"))?;
    if bytes.len() > MAX_RESPONSE_LEN {
        return Err(AssertionError::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
    inspect(&text)?;
    Ok(text)
}

/// Canonical XML leaves comments out, so that a signature holds over `ada<!-- -->.evil` and `ada.evil` alike, while parsers may read
/// the one as `ada`. In XML that is well formed, `<!` and `<?` stand for nothing else than what is refused here.
fn inspect(text: &str) -> Result<(), AssertionError> {
    let body = text.trim_start_matches('\u{feff}').trim_start();
    let body = match body.strip_prefix("<?xml") {
        Some(declaration) => declaration.split_once("?>").map_or("", |(_, body)| body),
        None => body,
    };
    if body.contains("<!DOCTYPE") || body.contains("<!ENTITY") {
        return Err(AssertionError::Malformed("it has a document type".to_owned()));
    }
    if body.contains("<!") || body.contains("<?") {
        return Err(AssertionError::Comment);
    }
    if elements(body, "EncryptedAssertion") > 0 {
        return Err(AssertionError::Encrypted);
    }
    // Wrapping needs a second one: what was signed, moved to where nobody reads it.
    if elements(body, "Assertion") > 1 || elements(body, "Response") > 1 {
        return Err(AssertionError::Wrapped);
    }
    Ok(())
}

/// How many elements of this name begin in a text without comments, whatever their namespace. In XML that is well formed, `<` stands
/// nowhere but at the beginning of a tag.
fn elements(text: &str, name: &str) -> usize {
    let local_name = |tag: &str| {
        let end = tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(tag.len());
        tag.get(..end).and_then(|qualified| qualified.rsplit(':').next()) == Some(name)
    };
    text.split('<').skip(1).filter(|tag| local_name(tag)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_taken_as_identity_providers_send_it() {
        for message in ["PHg+YTwveD4=", "PHg+\r\nYTwveD4=", "PHg+YTwveD4"] {
            assert_eq!(decode(message).unwrap(), "<x>a</x>");
        }
        assert_eq!(decode("PHg-").unwrap_err().code(), "malformed");
        assert_eq!(decode("/w==").unwrap_err().code(), "malformed");
        assert_eq!(decode(&"A".repeat(MAX_RESPONSE_LEN * 2)).unwrap_err(), AssertionError::TooLarge);
        assert_eq!(decode(&"AAAA".repeat(MAX_RESPONSE_LEN / 3 + 1)).unwrap_err(), AssertionError::TooLarge);
    }

    #[test]
    fn what_is_read_but_not_signed_is_refused() {
        assert!(inspect("<?xml version='1.0'?>\n<x>a &lt;!-- b --&gt;</x>").is_ok());
        for text in ["<x>a<!-- -->b</x>", "<x><?y?></x>", "<x><![CDATA[a]]></x>", "<?xml version='1.0'?><?y?><x/>"] {
            assert_eq!(inspect(text), Err(AssertionError::Comment), "{text}");
        }
        assert_eq!(inspect("<!DOCTYPE x><x/>").unwrap_err().code(), "malformed");
        for text in ["<EncryptedAssertion/>", "<a:EncryptedAssertion x='y'/>"] {
            assert_eq!(inspect(text), Err(AssertionError::Encrypted));
        }
        assert!(inspect("<x>EncryptedAssertion</x>").is_ok());
    }

    #[test]
    fn there_is_one_response_with_one_assertion() {
        assert!(inspect("<p:Response><Assertion>a Assertion:Assertion</Assertion></p:Response>").is_ok());
        for text in [
            "<Response><a:Assertion/><b:Assertion x='y'/></Response>",
            "<Response><Assertion\n><x><Assertion></Assertion></x></Assertion></Response>",
            "<p:Response><Response/></p:Response>",
        ] {
            assert_eq!(inspect(text), Err(AssertionError::Wrapped), "{text}");
        }
        assert_eq!(elements("<a:AssertionIDRef/></a:Assertion>", "Assertion"), 0);
    }
}
