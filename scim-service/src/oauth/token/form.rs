//! The body of a request for a token (RFC 6749 sections 3.2 and 4.4.2).

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use http::request::Parts;

use crate::oauth::token::refusal::{Refusal, TOO_LARGE};

/// The largest body that the token endpoint reads, in bytes.
pub const MAX_FORM: usize = 16 * 1024;

/// The parameters of a body, each once.
pub(super) struct Form<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

impl<'a> Form<'a> {
    pub(super) fn read(parts: &Parts, body: &'a [u8]) -> Result<Self, Refusal> {
        if body.len() > MAX_FORM {
            return Err(TOO_LARGE);
        }
        let mut types = parts.headers.get_all(CONTENT_TYPE).iter();
        let media_type = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if types.next().is_some() || !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Refusal::request("the body is not application/x-www-form-urlencoded"));
        }
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if parameters.insert(name, value).is_some() {
                return Err(Refusal::request("a parameter is there more than once"));
            }
        }
        Ok(Self(parameters))
    }

    /// A parameter; one without a value counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| &**value).filter(|value| !value.is_empty())
    }
}
