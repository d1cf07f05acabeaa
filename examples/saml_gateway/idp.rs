//! The identity provider, whose metadata is read again from time to time: its keys change while the gateway runs.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use superset_mapping::IdentityProvider;
use superset_mapping::login::{ReplayStore, TrustedProvider};
use superset_mapping::saml::{MetadataError, SamlIdentityProvider, SamlServiceProvider, SamlVerifier};
use thiserror::Error;

use crate::seen::chain;

/// How old metadata may get that does not say so itself (`cacheDuration`).
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// How old it gets at least, whatever it says.
const MIN_AGE: TimeDelta = TimeDelta::minutes(1);

/// The file with the metadata, and what was read from it last.
pub(crate) struct Idp {
    path: PathBuf,
    entity_id: String,
    service: SamlServiceProvider,
    replays: Arc<dyn ReplayStore>,
    provider: IdentityProvider,
    unsolicited: bool,
    current: RwLock<Arc<Current>>,
}

/// The identity provider by metadata that is current.
pub(crate) struct Current {
    pub(crate) saml: SamlIdentityProvider,
    pub(crate) trusted: TrustedProvider,
    read_again: DateTime<Utc>,
}

/// The metadata can't be used.
#[derive(Debug, Error)]
pub(crate) enum IdpError {
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error("`{path}`")]
    Metadata { path: String, source: MetadataError },
}

impl Idp {
    /// Reads the metadata for the first time.
    pub(crate) fn open(
        path: PathBuf,
        entity_id: &str,
        service: SamlServiceProvider,
        replays: Arc<dyn ReplayStore>,
        provider: IdentityProvider,
        unsolicited: bool,
    ) -> Result<Self, IdpError> {
        let now = Utc::now();
        let saml = read(&path, entity_id, now)?;
        let current = RwLock::new(Arc::new(describe(saml, &service, &replays, &provider, unsolicited, now)));
        Ok(Self { path, entity_id: entity_id.to_owned(), service, replays, provider, unsolicited, current })
    }

    pub(crate) fn provider(&self) -> &IdentityProvider {
        &self.provider
    }

    pub(crate) fn service(&self) -> &SamlServiceProvider {
        &self.service
    }

    /// The identity provider as its metadata has it now. Where that can't be read any more, what was read last goes on until it expires.
    pub(crate) fn current(&self, now: DateTime<Utc>) -> Arc<Current> {
        let last = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        if now < last.read_again {
            return last;
        }
        let saml = read(&self.path, &self.entity_id, now).unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "the metadata of the identity provider was not read again");
            last.saml.clone()
        });
        let next = Arc::new(describe(saml, &self.service, &self.replays, &self.provider, self.unsolicited, now));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next.clone();
        next
    }
}

fn read(path: &std::path::Path, entity_id: &str, now: DateTime<Utc>) -> Result<SamlIdentityProvider, IdpError> {
    let metadata = scim_examples::read_file(path, "metadata")?;
    SamlIdentityProvider::from_metadata(entity_id, &metadata, now)
        .map_err(|source| IdpError::Metadata { path: path.display().to_string(), source })
}

fn describe(
    saml: SamlIdentityProvider,
    service: &SamlServiceProvider,
    replays: &Arc<dyn ReplayStore>,
    provider: &IdentityProvider,
    unsolicited: bool,
    now: DateTime<Utc>,
) -> Current {
    let verifier = SamlVerifier::new(service.clone(), saml.clone(), replays.clone());
    let verifier = if unsolicited { verifier.accepting_unsolicited() } else { verifier };
    let age = saml.cache_duration().unwrap_or(MAX_AGE).clamp(MIN_AGE, MAX_AGE);
    Current { saml, trusted: TrustedProvider::new(provider.clone(), verifier), read_again: now + age }
}
