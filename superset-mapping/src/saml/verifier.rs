//! Verified SAML responses.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use saml_rs::{
    AuthnRequest, BrowserInput, ClockSkew, FormField, PendingAuthnRequest, PendingSnapshot, RelayStateParam,
    ReplayCache, ReplayKey, ReplayPolicy, SamlError, SamlValidationContext, SsoResponse, SsoSession,
};

use crate::login::{Assertion, AssertionError, AssertionVerifier, LoginRequest, LoginResponse, ReplayStore};
use crate::saml::identity_provider::SamlIdentityProvider;
use crate::saml::message::decode;
use crate::saml::reason::reason;
use crate::saml::service_provider::SamlServiceProvider;

/// What XML takes for white space: what stands around a value is how the document is laid out. Other spaces are part of the value.
const XML_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// How far the clocks of identity provider and service may be apart, unless said otherwise.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);

/// The largest difference of clocks that can be asked for.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// How long a request is remembered as answered. A browser's session does not wait longer for an answer.
const REQUEST_RETENTION: TimeDelta = TimeDelta::hours(24);

/// Verifies SAML responses of one identity provider.
///
/// A response is believed when
///
/// - it is XML of reasonable size without document type, comments and processing instructions,
/// - its assertion (or, where that is enough, the response) is signed by a key of the identity provider's metadata, by RSA with
///   SHA-2 over exclusive canonical XML, and what was signed is what is read,
/// - it comes from the identity provider, for this service as the audience and this address as the recipient,
/// - it is valid at the time given, within the clock skew,
/// - it answers the request that this browser was sent away with, relay state included, and that was not answered before,
/// - neither response nor assertion was used before.
///
/// Encrypted assertions are refused.
#[derive(Clone)]
pub struct SamlVerifier {
    service: SamlServiceProvider,
    provider: SamlIdentityProvider,
    replays: Arc<dyn ReplayStore>,
    clock_skew: TimeDelta,
    unsolicited: bool,
}

impl SamlVerifier {
    /// A verifier of logins that begin here, with clocks that differ by a minute at most.
    pub fn new(service: SamlServiceProvider, provider: SamlIdentityProvider, replays: Arc<dyn ReplayStore>) -> Self {
        Self { service, provider, replays, clock_skew: CLOCK_SKEW, unsolicited: false }
    }

    /// Lets clocks differ by this much, five minutes at most.
    #[must_use]
    pub fn with_clock_skew(self, skew: TimeDelta) -> Self {
        Self { clock_skew: skew.clamp(TimeDelta::zero(), MAX_CLOCK_SKEW), ..self }
    }

    /// Takes logins that begin at the identity provider, too. Whoever can make a browser post a form can then log it in as somebody
    /// else.
    #[must_use]
    pub fn accepting_unsolicited(self) -> Self {
        Self { unsolicited: true, ..self }
    }

    /// This service.
    pub fn service(&self) -> &SamlServiceProvider {
        &self.service
    }

    /// The identity provider.
    pub fn provider(&self) -> &SamlIdentityProvider {
        &self.provider
    }

    /// The session that a response begins, with the identifiers that have to be new.
    fn session(&self, response: &LoginResponse, now: DateTime<Utc>) -> Result<(SsoSession, Seen), AssertionError> {
        decode(&response.message)?;
        if let Some(until) = self.provider.expired(now) {
            return Err(AssertionError::MetadataExpired(until));
        }
        let answered = match &response.request {
            Some(request) => self.finish(response, Some(request), now),
            None => Err(AssertionError::Unsolicited),
        };
        match answered {
            // A browser that was sent away may come back by a login of the identity provider's own. What refers to any request is none.
            Err(error) if self.unsolicited && is_about_the_request(&error) => {
                self.finish(response, None, now).map_err(|other| match &response.request {
                    Some(_) => error,
                    None => other,
                })
            }
            answered => answered,
        }
    }

    /// Checks a response as the answer to a request, or to none.
    fn finish(
        &self,
        response: &LoginResponse,
        request: Option<&LoginRequest>,
        now: DateTime<Utc>,
    ) -> Result<(SsoSession, Seen), AssertionError> {
        let compact: String = response.message.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let mut fields = vec![FormField::new("SAMLResponse", compact)];
        if let Some(relay_state) = &response.relay_state {
            fields.push(FormField::new("RelayState", relay_state.as_str()));
        }
        let input = BrowserInput::<SsoResponse>::post(fields);
        let skew = self.clock_skew.num_milliseconds();
        let mut seen = Seen::default();
        let context = SamlValidationContext::new(SystemTime::from(now), ReplayPolicy::RequireCache(&mut seen))
            .with_clock_skew(ClockSkew::from_millis(-skew, skew))
            .with_replay_retention(Duration::from_secs(REQUEST_RETENTION.num_seconds().unsigned_abs()));
        let saml = &self.service.saml;
        let session = match request {
            Some(request) => {
                let relay_state = RelayStateParam::try_from_option(request.relay_state.clone()).map_err(reason)?;
                let snapshot = PendingSnapshot::<AuthnRequest>::authn_request(
                    request.id.as_str(),
                    relay_state,
                    self.provider.entity_id(),
                    "post",
                    self.service.acs(),
                    "post",
                );
                let pending = PendingAuthnRequest::from_snapshot(snapshot).map_err(reason)?;
                saml.finish_sso(&self.provider.descriptor, &pending, input, context)
            }
            None => saml.accept_unsolicited_sso(&self.provider.descriptor, input, context),
        };
        Ok((session.map_err(reason)?, seen))
    }

    async fn once(&self, key: &str, expires: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), AssertionError> {
        // Identifiers are unique with the identity provider that gave them.
        let key = format!("{} {key}", self.provider.entity_id());
        match self.replays.first_use(&key, expires, now).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(AssertionError::Replayed),
            Err(error) => Err(AssertionError::Failed(error.to_string())),
        }
    }
}

#[async_trait]
impl AssertionVerifier for SamlVerifier {
    async fn verify(&self, response: &LoginResponse, now: DateTime<Utc>) -> Result<Assertion, AssertionError> {
        let (session, seen) = self.session(response, now)?;
        let assertion = assertion(&session)?;
        for (key, expires) in seen.keys {
            self.once(&key, expires, now).await?;
        }
        if let Some(request) = &response.request {
            self.once(&format!("request:{}", request.id), now + REQUEST_RETENTION, now).await?;
        }
        Ok(assertion)
    }
}

fn is_about_the_request(error: &AssertionError) -> bool {
    matches!(error, AssertionError::Unsolicited | AssertionError::InResponseTo | AssertionError::RelayState)
}

fn assertion(session: &SsoSession) -> Result<Assertion, AssertionError> {
    let subject = session.name_id().value().trim_matches(XML_SPACE);
    if subject.is_empty() {
        return Err(AssertionError::Profile("it has no subject".to_owned()));
    }
    let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for attribute in session.attributes().as_slice() {
        let values = attribute.values().iter().map(|value| value.as_str().trim_matches(XML_SPACE).to_owned());
        attributes.entry(attribute.name().to_owned()).or_default().extend(values);
    }
    Ok(Assertion { id: session.assertion_id().as_str().to_owned(), subject: subject.to_owned(), attributes })
}

/// The identifiers that have to be new, to be looked up where waiting is possible.
#[derive(Default)]
struct Seen {
    keys: Vec<(String, DateTime<Utc>)>,
}

impl ReplayCache for Seen {
    fn check_and_store(&mut self, key: ReplayKey, expires_at: SystemTime) -> Result<(), SamlError> {
        self.keys.push((key.cache_key(), DateTime::from(expires_at)));
        Ok(())
    }
}

impl fmt::Debug for SamlVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlVerifier")
            .field("service", &self.service)
            .field("provider", &self.provider)
            .field("clock_skew", &self.clock_skew)
            .field("unsolicited", &self.unsolicited)
            .finish_non_exhaustive()
    }
}
