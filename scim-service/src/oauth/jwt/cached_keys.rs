//! The keys of an issuer, fetched and kept.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_lock::{Mutex, MutexGuard};
use async_trait::async_trait;
use jsonwebtoken::DecodingKey;

use crate::oauth::jwt::keys::KeySet;
use crate::oauth::jwt::signed::Jwt;
use crate::oauth::jwt::unfit::Unfit;

/// How often an issuer is asked for keys at most: anybody can name a key that is not known.
const MIN_PERIOD: Duration = Duration::from_mins(1);

/// How long nobody asks after a fetch that was broken off, as one is whose request is dropped.
const AFTER_A_BREAK: Duration = Duration::from_secs(1);

/// When keys are fetched again although all that were named are known: an issuer takes keys back by leaving them out.
const MAX_AGE: Duration = Duration::from_hours(1);

/// Where the keys of an issuer are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyLocation {
    /// A file of the host.
    File(PathBuf),
    /// A URL, such as the `jwks_uri` of the issuer.
    Url(String),
}

impl fmt::Display for KeyLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// Fetches the keys of issuers for the service, which has neither files nor an HTTP client.
///
/// It is asked when a token names a key that is not known, and when the keys are an hour old; at most once a minute for each
/// location. Where it fails, the keys that are there stay in use, and the failure is logged.
///
/// The host bounds the time that a fetch takes, and follows no redirect to another host.
///
/// ```
/// use std::error::Error;
///
/// use async_trait::async_trait;
/// use scim_service::oauth::{KeyFetcher, KeyLocation};
///
/// /// Takes files alone.
/// struct Files;
///
/// #[async_trait]
/// impl KeyFetcher for Files {
///     async fn fetch(&self, location: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
///         match location {
///             KeyLocation::File(path) => Ok(std::fs::read_to_string(path)?),
///             other => Err(format!("cannot fetch `{other}`: expected a file").into()),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait KeyFetcher: Send + Sync + 'static {
    /// The text of the key set at the location.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being fetched; it is logged.
    async fn fetch(&self, location: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// Why no key was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::oauth) enum KeyFault {
    /// The token is wrong.
    Unfit(Unfit),
    /// No keys could be fetched so far.
    Unavailable,
}

/// The keys at one location.
pub(in crate::oauth) struct CachedKeys {
    location: KeyLocation,
    state: RwLock<State>,
    fetching: Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    fetched: Option<Instant>,
    /// From when on the issuer may be asked again.
    next: Option<Instant>,
}

impl CachedKeys {
    pub(in crate::oauth) fn new(location: KeyLocation) -> Self {
        Self { location, state: RwLock::default(), fetching: Mutex::new(()) }
    }

    /// The key of a token, fetched if need be.
    pub(in crate::oauth) async fn find(
        &self,
        jwt: &Jwt<'_>,
        fetcher: &dyn KeyFetcher,
        now: Instant,
    ) -> Result<DecodingKey, KeyFault> {
        if let Some(_fetching) = self.turn(jwt, now).await {
            self.refresh(jwt, fetcher, now).await;
        }
        let keys = self.state().keys.ok_or(KeyFault::Unavailable)?;
        keys.find(jwt).map_err(KeyFault::Unfit)
    }

    /// The right to fetch, where the keys that are there do not do. Whoever needs a new key waits for a fetch that is under way;
    /// whoever only finds the keys old takes them as they are.
    async fn turn(&self, jwt: &Jwt<'_>, now: Instant) -> Option<MutexGuard<'_, ()>> {
        let state = self.state();
        if !state.has(jwt) {
            return Some(self.fetching.lock().await);
        }
        if state.is_old(now) { self.fetching.try_lock() } else { None }
    }

    async fn refresh(&self, jwt: &Jwt<'_>, fetcher: &dyn KeyFetcher, now: Instant) {
        let state = self.state();
        let due = state.next.is_none_or(|next| now >= next);
        // Another request may have fetched what this one waited for.
        if !due || (state.has(jwt) && !state.is_old(now)) {
            return;
        }
        // Whoever sent the request may go away meanwhile, and this future with them.
        self.change(|state| state.next = Some(now + AFTER_A_BREAK));
        let fetched = match fetcher.fetch(&self.location).await {
            Ok(text) => text.parse::<KeySet>().map_err(Into::into),
            Err(error) => Err(error),
        };
        self.change(|state| state.next = Some(now + MIN_PERIOD));
        match fetched {
            Ok(keys) => self.change(|state| (state.keys, state.fetched) = (Some(Arc::new(keys)), Some(now))),
            Err(error) => tracing::warn!(location = %self.location, error, "the keys of an issuer were not fetched"),
        }
    }

    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    fn has(&self, jwt: &Jwt<'_>) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.has(jwt))
    }

    fn is_old(&self, now: Instant) -> bool {
        self.fetched.is_none_or(|fetched| now.saturating_duration_since(fetched) >= MAX_AGE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as Lock;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use futures_util::FutureExt;
    use serde_json::json;

    use super::*;
    use crate::oauth::jwt::ASYMMETRIC;

    /// Answers what it was told to, and counts.
    #[derive(Default)]
    struct Issuer(Lock<(Option<String>, u32)>);

    impl Issuer {
        fn has(&self, kids: &[&str]) {
            let key = |kid: &&str| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
            let keys: Vec<_> = kids.iter().map(key).collect();
            self.0.lock().unwrap().0 = (!keys.is_empty()).then(|| json!({"keys": keys}).to_string());
        }

        fn asked(&self) -> u32 {
            self.0.lock().unwrap().1
        }
    }

    #[async_trait]
    impl KeyFetcher for Issuer {
        async fn fetch(&self, _: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
            let mut state = self.0.lock().unwrap();
            state.1 += 1;
            state.0.clone().ok_or_else(|| "503".into())
        }
    }

    async fn found(cache: &CachedKeys, issuer: &Issuer, kid: &str, now: Instant) -> Result<(), KeyFault> {
        found_by(cache, issuer, kid, now).await
    }

    async fn found_by(cache: &CachedKeys, issuer: &dyn KeyFetcher, kid: &str, now: Instant) -> Result<(), KeyFault> {
        let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let text = format!("{}.{}.AA", part(json!({"alg": "EdDSA", "kid": kid})), part(json!({})));
        let jwt = Jwt::read(&text, ASYMMETRIC).unwrap();
        cache.find(&jwt, issuer, now).await.map(drop)
    }

    /// Never answers.
    struct Silent;

    #[async_trait]
    impl KeyFetcher for Silent {
        async fn fetch(&self, _: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn a_fetch_that_is_broken_off_keeps_nobody_from_the_keys() {
        let (cache, issuer) = (CachedKeys::new(KeyLocation::Url("https://idp".into())), Issuer::default());
        let start = Instant::now();
        assert_eq!(found_by(&cache, &Silent, "1", start).now_or_never(), None, "and dropped");
        issuer.has(&["1"]);
        assert_eq!(found(&cache, &issuer, "1", start).await, Err(KeyFault::Unavailable));
        assert_eq!(found(&cache, &issuer, "1", start + AFTER_A_BREAK).await, Ok(()));
    }

    #[tokio::test]
    async fn an_unknown_key_is_asked_for_once_a_minute_and_old_keys_stay_where_the_issuer_fails() {
        let (cache, issuer) = (CachedKeys::new(KeyLocation::Url("https://idp".into())), Issuer::default());
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let unknown = Err(KeyFault::Unfit(Unfit("the issuer has no such key")));
        assert_eq!(found(&cache, &issuer, "1", start).await, Err(KeyFault::Unavailable));
        issuer.has(&["1"]);
        assert_eq!(found(&cache, &issuer, "1", after(59)).await, Err(KeyFault::Unavailable));
        assert_eq!(found(&cache, &issuer, "1", after(60)).await, Ok(()));
        assert_eq!(found(&cache, &issuer, "1", after(61)).await, Ok(()));
        assert_eq!(issuer.asked(), 2);
        issuer.has(&["1", "2"]);
        assert_eq!(found(&cache, &issuer, "2", after(119)).await, unknown);
        assert_eq!(found(&cache, &issuer, "2", after(120)).await, Ok(()));
        assert_eq!(issuer.asked(), 3);
        issuer.has(&[]);
        for seconds in [180, 181, 3_720, 3_721, 9_000] {
            assert_eq!(found(&cache, &issuer, "3", after(seconds)).await, unknown);
            assert_eq!(found(&cache, &issuer, "1", after(seconds)).await, Ok(()));
        }
        issuer.has(&["2"]);
        assert_eq!(found(&cache, &issuer, "1", after(20_000)).await, unknown, "the issuer has taken it back");
    }
}
