//! The brake itself.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::authorize::Operation;
use crate::brake::client::Client;
use crate::brake::hold::Hold;
use crate::brake::holds::Holds;
use crate::brake::kind::Tally;
use crate::brake::state::State;
use crate::brake::threshold::Threshold;
use crate::change::Change;
use crate::context::Context;
use crate::observe::{Observer, PendingWrites};
use crate::store::StoreError;

/// When a client that is held back is to try again: operators take longer than that, and clients should not hammer.
pub const RETRY_AFTER: Duration = Duration::from_mins(5);

/// Holds the writes of a client back once it does too much: see the [module](crate::brake).
///
/// Clones are one brake.
#[derive(Clone)]
pub struct Brake {
    thresholds: Arc<[Threshold]>,
    holds: Arc<dyn Holds>,
    is_protected: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    alert: Arc<dyn Fn(&Hold) + Send + Sync>,
    wake: Arc<dyn Fn() + Send + Sync>,
    state: Arc<Mutex<State>>,
    /// Whether [`sync`](Self::sync) is under way.
    syncs: Arc<AtomicBool>,
}

impl Brake {
    /// A brake with these thresholds, whose holds are kept there. Nobody is held until [`sync`](Self::sync) has looked there.
    pub fn new(thresholds: impl IntoIterator<Item = Threshold>, holds: impl Holds) -> Self {
        Self {
            thresholds: thresholds.into_iter().collect(),
            holds: Arc::new(holds),
            is_protected: Arc::new(|_| false),
            alert: Arc::new(|_| {}),
            wake: Arc::new(|| {}),
            state: Arc::default(),
            syncs: Arc::default(),
        }
    }

    /// Says which roles are protected, by their names. None is otherwise.
    #[must_use]
    pub fn with_protected(self, is_protected: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { is_protected: Arc::new(is_protected), ..self }
    }

    /// Is called when the writes of a client are held back from now on: for whoever wakes an operator. The log has it anyway, as an error.
    #[must_use]
    pub fn with_alert(self, alert: impl Fn(&Hold) + Send + Sync + 'static) -> Self {
        Self { alert: Arc::new(alert), ..self }
    }

    /// Is called when [`sync`](Self::sync) should not wait for its next turn: there is a new hold, or a tenant of which nobody said
    /// how many users it has.
    #[must_use]
    pub fn with_wake(self, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { wake: Arc::new(wake), ..self }
    }

    /// The thresholds.
    pub fn thresholds(&self) -> &[Threshold] {
        &self.thresholds
    }

    /// Says how many users a tenant has, for thresholds that are a share. Until then only as many may pass as may in an empty directory.
    pub fn set_users(&self, tenant: Option<&str>, users: u64) {
        self.lock().set_users(tenant, users);
    }

    /// The tenants to [say that](Self::set_users) of: those that clients wrote to lately, and the only one of a service without tenants
    /// (`None`).
    pub fn tenants(&self) -> Vec<Option<String>> {
        self.lock().tenants()
    }

    /// The holds that matter, as far as this brake knows.
    pub fn holds(&self) -> Vec<Hold> {
        self.lock().holds()
    }

    /// Keeps new holds where they are kept, and follows what others did there: holds of other servers, and releases. The host calls it
    /// before it serves, every few seconds, and when it is [woken](Self::with_wake). While a call is under way another one does nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Holds`]. Nobody is released by them, and nothing is lost: the next call tells all of it.
    pub async fn sync(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        if self.syncs.swap(true, Ordering::Acquire) {
            return Ok(());
        }
        let _turn = Turn(&self.syncs);
        let untold = self.lock().untold();
        for kept in untold {
            if kept.is_unsaved() {
                self.holds.save(&kept.hold).await?;
            }
            if !kept.news().is_nothing() {
                self.holds.note(&kept.hold.id, kept.news()).await?;
            }
            self.lock().told(&kept);
        }
        let loaded = self.holds.load(now).await?;
        let released = self.lock().apply(loaded);
        for hold in released {
            let (client, tenant) = (hold.client.as_deref(), hold.tenant.as_deref());
            tracing::info!(hold = hold.id, client, tenant, "a hold was released, and the client may write again");
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a client is held from now on.
    fn tell(&self, hold: &Hold) {
        let (client, tenant) = (hold.client.as_deref().unwrap_or("other clients"), hold.tenant.as_deref());
        let window = hold.threshold.rsplit('/').next();
        tracing::error!(
            client,
            tenant,
            kind = hold.kind.as_str(),
            count = hold.count,
            pending = hold.pending,
            threshold = hold.most,
            window,
            hold = hold.id,
            "the writes of a client are held back until an operator releases them"
        );
        (self.alert)(hold);
        (self.wake)();
    }
}

/// Lets the next call have its turn.
struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What a client is told whose writes are held back.
fn refusal(hold: &Hold) -> StoreError {
    let (whose, reason, id) = (hold.whose(), hold.reason(), &hold.id);
    let reason = format!(
        "writes of {whose} are held back: {reason}; an operator has to look at it and to release the hold `{id}`, reads are served"
    );
    StoreError::Held { reason, retry_after: RETRY_AFTER }
}

impl Observer for Brake {
    fn writing(&self, cx: &Context, _: Operation) -> Result<(), StoreError> {
        if !cx.principal.source().is_client() {
            return Ok(());
        }
        let hold = self.lock().refusal(Client::of(&cx.principal), cx.now);
        hold.map_or(Ok(()), |hold| Err(refusal(&hold)))
    }

    fn began(&self, _: &Context) -> Option<Box<dyn PendingWrites>> {
        Some(Box::new(Pending { brake: self.clone(), tallies: Vec::new() }))
    }

    fn wrote(&self, cx: &Context, change: &Change) {
        if !cx.principal.source().is_client() {
            return;
        }
        let tally = Tally::of(change, &*self.is_protected);
        if tally.is_nothing() {
            return;
        }
        let outcome = self.lock().count(Client::of(&cx.principal), &self.thresholds, tally, change);
        if let Some(hold) = &outcome.held {
            self.tell(hold);
        }
        if outcome.new_tenant && self.thresholds.iter().any(Threshold::is_share) {
            (self.wake)();
        }
    }
}

/// What an open transaction would do.
struct Pending {
    brake: Brake,
    /// By client: most transactions are one client's.
    tallies: Vec<(Client, Tally)>,
}

impl PendingWrites for Pending {
    fn wrote(&mut self, cx: &Context, change: &Change) -> Result<(), StoreError> {
        let tally = Tally::of(change, &*self.brake.is_protected);
        if !cx.principal.source().is_client() || tally.is_nothing() {
            return Ok(());
        }
        let client = Client::of(&cx.principal);
        let index = self.tallies.iter().position(|(known, _)| *known == client).unwrap_or_else(|| {
            self.tallies.push((client.clone(), Tally::default()));
            self.tallies.len() - 1
        });
        let Some((_, pending)) = self.tallies.get_mut(index) else { return Ok(()) };
        *pending = pending.and(tally);
        let hold = self.brake.lock().judge(client, &self.brake.thresholds, *pending, change.time);
        match hold {
            None => Ok(()),
            Some(hold) => {
                self.brake.tell(&hold);
                Err(refusal(&hold))
            }
        }
    }
}

impl fmt::Debug for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thresholds: Vec<String> = self.thresholds.iter().map(ToString::to_string).collect();
        f.debug_struct("Brake").field("thresholds", &thresholds).finish_non_exhaustive()
    }
}
