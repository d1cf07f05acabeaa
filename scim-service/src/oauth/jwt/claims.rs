//! What a token says (RFC 7519 section 4.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::oauth::jwt::unfit::Unfit;

/// How far the clocks of issuers may differ from ours, in seconds.
const LEEWAY: i64 = 60;

/// How long a token of others may live, in seconds: 24 hours.
const MAX_LIFETIME: i64 = 24 * 60 * 60;

/// How much earlier than it was made a token may say that it was, in seconds: Entra ID sets `iat` five minutes back.
const BACKDATED: i64 = 5 * 60;

/// The claims of a token.
pub(in crate::oauth) struct Claims(Map<String, Value>);

/// What the claims of a token have to say.
pub(in crate::oauth) struct Expected<'a> {
    pub(in crate::oauth) issuer: &'a str,
    pub(in crate::oauth) audience: &'a str,
    /// Any unless given.
    pub(in crate::oauth) subject: Option<&'a str>,
}

impl Claims {
    pub(super) fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// A claim that is a string.
    pub(in crate::oauth) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The SHA-256 of the certificate that a token is bound to (RFC 8705 section 3.1); nothing where it is good for whoever has it. One that
    /// is bound to something else cannot be checked.
    pub(in crate::oauth) fn certificate(&self) -> Result<Option<[u8; 32]>, Unfit> {
        let Some(confirmation) = self.0.get("cnf") else { return Ok(None) };
        let hash = confirmation.get("x5t#S256").and_then(Value::as_str);
        let hash = hash.and_then(|hash| URL_SAFE_NO_PAD.decode(hash).ok()?.try_into().ok());
        hash.map(Some).ok_or(Unfit("the token is bound to something that is no certificate"))
    }

    /// The id of the token, where it has one (RFC 7519 section 4.1.7).
    pub(in crate::oauth) fn id(&self) -> Result<Option<&str>, Unfit> {
        self.0.get("jti").map(|id| id.as_str().ok_or(Unfit("`jti` is no string"))).transpose()
    }

    /// The strings of a claim that is a string or an array of strings.
    pub(in crate::oauth) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let claim = self.0.get(name);
        let values = claim.map_or(&[][..], |claim| claim.as_array().map_or(std::slice::from_ref(claim), Vec::as_slice));
        values.iter().filter_map(Value::as_str)
    }

    /// The time from which the token is refused, in seconds since 1970.
    pub(in crate::oauth) fn ends(&self) -> Option<i64> {
        self.ends_without_leeway().map(|ends| ends.saturating_add(LEEWAY))
    }

    /// The same, on the clock that set it.
    pub(in crate::oauth) fn ends_without_leeway(&self) -> Option<i64> {
        self.0.get("exp")?.as_i64()
    }

    /// A time, in seconds since 1970; nothing where the token does not say.
    fn time(&self, name: &str, otherwise: &'static str) -> Result<Option<i64>, Unfit> {
        self.0.get(name).map(|time| time.as_i64().ok_or(Unfit(otherwise))).transpose()
    }

    /// Refuses what is about somebody or something else, or of another time.
    pub(in crate::oauth) fn check(&self, expected: &Expected<'_>, now: DateTime<Utc>) -> Result<(), Unfit> {
        if self.text("iss") != Some(expected.issuer) {
            return Err(Unfit("the issuer is another"));
        }
        if expected.subject.is_some_and(|subject| self.text("sub") != Some(subject)) {
            return Err(Unfit("the subject is another"));
        }
        if !self.texts("aud").any(|audience| audience == expected.audience) {
            return Err(Unfit("the audience is another"));
        }
        let now = now.timestamp();
        self.time("exp", "`exp` is not a whole number")?;
        let ends = self.ends().ok_or(Unfit("`exp` is missing"))?;
        if now >= ends {
            return Err(Unfit("the token has expired"));
        }
        let too_long = Unfit("the token lives longer than 24 hours");
        if ends.saturating_sub(now) > MAX_LIFETIME + 2 * LEEWAY {
            return Err(too_long);
        }
        if self.time("nbf", "`nbf` is not a whole number")?.is_some_and(|begins| begins > now + LEEWAY) {
            return Err(Unfit("the token is not yet valid"));
        }
        match self.time("iat", "`iat` is not a whole number")? {
            Some(issued) if issued > now + LEEWAY => Err(Unfit("the token was issued in the future")),
            Some(issued) if ends.saturating_sub(issued) > MAX_LIFETIME + BACKDATED + 2 * LEEWAY => Err(too_long),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(changes: &Value) -> Result<(), &'static str> {
        let mut claims = json!({"iss": "i", "sub": "s", "aud": "a", "exp": 1_000_300, "iat": 1_000_000})
            .as_object()
            .cloned()
            .unwrap();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.remove(name);
            } else {
                claims.insert(name.clone(), value.clone());
            }
        }
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let expected = Expected { issuer: "i", audience: "a", subject: Some("s") };
        Claims::new(claims).check(&expected, now).map_err(|Unfit(reason)| reason)
    }

    #[test]
    fn the_claims_are_those_expected_within_a_minute() {
        for fits in [
            json!({}),
            json!({"aud": ["x", "a"]}),
            json!({"iat": null}),
            json!({"exp": 999_941}),
            json!({"nbf": 1_000_060}),
            json!({"iat": 999_700, "exp": 1_086_400}),
        ] {
            assert_eq!(check(&fits), Ok(()), "{fits}");
        }
        for (unfit, reason) in [
            (json!({"iss": "I"}), "the issuer is another"),
            (json!({"iss": null}), "the issuer is another"),
            (json!({"sub": ["s"]}), "the subject is another"),
            (json!({"aud": "aa"}), "the audience is another"),
            (json!({"aud": [["a"]]}), "the audience is another"),
            (json!({"exp": null}), "`exp` is missing"),
            (json!({"exp": "1000300"}), "`exp` is not a whole number"),
            (json!({"exp": 999_940}), "the token has expired"),
            (json!({"exp": i64::MIN}), "the token has expired"),
            (json!({"exp": i64::MAX}), "the token lives longer than 24 hours"),
            (json!({"exp": 1_086_500}), "the token lives longer than 24 hours"),
            (json!({"iat": 900_000}), "the token lives longer than 24 hours"),
            (json!({"iat": i64::MIN}), "the token lives longer than 24 hours"),
            (json!({"iat": 1_000_061}), "the token was issued in the future"),
            (json!({"nbf": 1_000_061}), "the token is not yet valid"),
            (json!({"nbf": 1.5}), "`nbf` is not a whole number"),
        ] {
            assert_eq!(check(&unfit), Err(reason), "{unfit}");
        }
    }
}
