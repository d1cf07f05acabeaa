//! A brake that follows what becomes of its holds.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use scim_core::{ResourceTypeName, SchemaSet, TypeSchema};
use scim_service::brake::{Brake, Holds, MemoryHolds, Release, Threshold};
use scim_service::{Context, List, Principal, Store, StoreError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::timeout;

/// How often holds are looked at, and users counted.
const PERIOD: Duration = Duration::from_secs(3);

/// A brake, and who follows what becomes of its holds.
#[derive(Clone, Debug)]
pub struct WatchedBrake {
    brake: Brake,
    wake: Arc<Notify>,
    /// The holds that a signal releases.
    by_signal: Option<MemoryHolds>,
}

impl WatchedBrake {
    pub(super) fn new(
        thresholds: impl IntoIterator<Item = Threshold>,
        holds: impl Holds,
        is_protected: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let woken = wake.clone();
        let brake = Brake::new(thresholds, holds).with_protected(is_protected).with_wake(move || woken.notify_one());
        Self { brake, wake, by_signal: None }
    }

    pub(super) fn released_by_signal(self, holds: MemoryHolds) -> Self {
        Self { by_signal: Some(holds), ..self }
    }

    /// The brake.
    pub fn brake(&self) -> &Brake {
        &self.brake
    }

    /// Takes over the holds that there are, and follows them from now on. `store` is asked how many users there are.
    ///
    /// # Errors
    ///
    /// Holds that cannot be read: nobody may be served then who is held back.
    pub(crate) async fn start(self, store: impl Store, schemas: &SchemaSet) -> Result<(), Box<dyn Error>> {
        let users = schemas.of(&ResourceTypeName::user()).cloned();
        self.look(&store, users.as_deref()).await?;
        if let Some(holds) = self.by_signal.clone() {
            tokio::spawn(release_on_signal(holds, self.wake.clone(), signal(SignalKind::user_defined1())?));
        }
        tokio::spawn(async move {
            loop {
                // Woken or not: it is time to look.
                let _ = timeout(PERIOD, self.wake.notified()).await;
                if let Err(error) = self.look(&store, users.as_deref()).await {
                    tracing::error!(error = &error as &dyn Error, "holds of clients could not be looked at");
                    // Whoever wakes it meanwhile waits, too.
                    tokio::time::sleep(PERIOD).await;
                }
            }
        });
        Ok(())
    }

    async fn look(&self, store: &impl Store, users: Option<&TypeSchema>) -> Result<(), StoreError> {
        self.brake.sync(Utc::now()).await?;
        let Some(users) = users.filter(|_| self.brake.thresholds().iter().any(Threshold::is_share)) else {
            return Ok(());
        };
        for tenant in self.brake.tenants() {
            let host = Principal::host("brake");
            let host = match &tenant {
                Some(tenant) => host.in_tenant(tenant),
                None => host,
            };
            let cx = Context::internal("brake", Utc::now()).with_principal(host);
            if let Some(total) = store.list(&cx, List::new(users, 0)).await?.total_results {
                self.brake.set_users(tenant.as_deref(), total);
            }
        }
        Ok(())
    }
}

async fn release_on_signal(holds: MemoryHolds, wake: Arc<Notify>, mut signal: tokio::signal::unix::Signal) {
    while signal.recv().await.is_some() {
        for hold in holds.all().iter().filter(|hold| hold.is_held()) {
            // In memory nothing can fail.
            let _ = holds.release(&hold.id, Release::new(Utc::now())).await;
        }
        wake.notify_one();
    }
}
