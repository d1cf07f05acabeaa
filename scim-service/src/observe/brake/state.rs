//! What a brake knows: what clients did lately, and whose writes are held back.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::change::Change;
use crate::observe::brake::client::{Client, Clients};
use crate::observe::brake::hold::Hold;
use crate::observe::brake::holds::HoldNews;
use crate::observe::brake::kind::{Kind, Tally};
use crate::observe::brake::threshold::Threshold;

/// What a brake knows.
#[derive(Debug, Default)]
pub(super) struct State {
    clients: Clients,
    holds: HashMap<Client, Vec<Kept>>,
    /// How many users there are in each tenant, as far as the host said.
    users: HashMap<Option<Arc<str>>, u64>,
}

/// A hold, and what its keeper was not told of yet.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) hold: Hold,
    /// Whether the keeper has it.
    saved: bool,
    /// Whether more was done since it was saved.
    outdated: bool,
    news: HoldNews,
}

/// What came of a write.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// A client is held from now on.
    pub(super) held: Option<Hold>,
    /// The host should say how many users there are.
    pub(super) new_tenant: bool,
}

impl State {
    /// The hold because of which a client may not write now. A refused write is counted.
    pub(super) fn refusal(&mut self, client: Client, now: DateTime<Utc>) -> Option<Hold> {
        if self.holds.is_empty() {
            return None;
        }
        let client = if self.holds.contains_key(&client) { client } else { self.clients.counted_as(client) };
        let kept = self.holds.get_mut(&client)?.iter_mut().find(|kept| kept.hold.is_held())?;
        kept.news.refused = kept.news.refused.saturating_add(1);
        kept.news.last_refused = kept.news.last_refused.max(Some(now));
        Some(kept.hold.clone())
    }

    /// Counts what was committed.
    pub(super) fn count(
        &mut self,
        client: Client,
        thresholds: &[Threshold],
        mut tally: Tally,
        change: &Change,
    ) -> Outcome {
        let now = change.time;
        let new_tenant = self.clients.is_in_new_tenant(&client);
        let tenant = client.tenant.clone();
        let (client, record) = self.clients.record(client, thresholds, now);
        let mut none = Vec::new();
        let kept = self.holds.get_mut(&client).unwrap_or(&mut none);
        for kind in Kind::ALL {
            tally = tally.without(kind, use_allowances(kept, kind, tally.get(kind), now));
        }
        record.add(tally, change);
        if let Some(kept) = kept.iter_mut().find(|kept| kept.hold.is_held()) {
            // A write that was under way when the hold began.
            if let Some(threshold) = thresholds.iter().find(|threshold| threshold.to_string() == kept.hold.threshold) {
                kept.hold.done = record.done(threshold.window(), now);
                kept.outdated = true;
            }
            return Outcome { held: None, new_tenant };
        }
        let users = self.users.get(&tenant).copied();
        let reached = thresholds.iter().find_map(|threshold| {
            let count = record.count(threshold, now);
            let most = threshold.most(users);
            (tally.get(threshold.kind()) > 0 && count >= most).then_some((threshold, count, most))
        });
        let Some((threshold, count, most)) = reached else { return Outcome { held: None, new_tenant } };
        let done = record.done(threshold.window(), now);
        let held = Some(self.hold(&client, threshold, Hold { count, most, done, ..new(threshold, now) }));
        Outcome { held, new_tenant }
    }

    /// Judges what a transaction would commit. Nothing of it is counted.
    pub(super) fn judge(
        &mut self,
        client: Client,
        thresholds: &[Threshold],
        pending: Tally,
        now: DateTime<Utc>,
    ) -> Option<Hold> {
        let users = self.users.get(&client.tenant).copied();
        let (client, record) = self.clients.record(client, thresholds, now);
        let allowed = |kind| {
            let kept = self.holds.get(&client).into_iter().flatten();
            kept.map(|kept| kept.left(kind, now)).fold(0, u64::saturating_add)
        };
        let exceeded = thresholds.iter().find_map(|threshold| {
            let pending = pending.get(threshold.kind());
            let counted = pending.saturating_sub(allowed(threshold.kind()));
            let (count, most) = (record.count(threshold, now).saturating_add(counted), threshold.most(users));
            (counted > 0 && count > most).then_some((threshold, pending, count, most))
        });
        let (threshold, pending, count, most) = exceeded?;
        let done = record.done(threshold.window(), now);
        Some(self.hold(&client, threshold, Hold { count, pending, most, done, ..new(threshold, now) }))
    }

    fn hold(&mut self, client: &Client, threshold: &Threshold, hold: Hold) -> Hold {
        let named = |name: &Option<Arc<str>>| name.as_deref().map(str::to_owned);
        let hold = Hold { client: named(&client.name), tenant: named(&client.tenant), kind: threshold.kind(), ..hold };
        let kept = Kept { hold: hold.clone(), saved: false, outdated: false, news: HoldNews::default() };
        self.holds.entry(client.clone()).or_default().push(kept);
        hold
    }

    /// What the keeper of the holds is to be told.
    pub(super) fn untold(&self) -> Vec<Kept> {
        self.holds.values().flatten().filter(|kept| !kept.is_told()).cloned().collect()
    }

    /// The keeper was told of this.
    pub(super) fn told(&mut self, told: &Kept) {
        let mut all = self.holds.values_mut().flatten();
        if let Some(kept) = all.find(|kept| kept.hold.id == told.hold.id) {
            kept.saved = true;
            kept.outdated &= kept.hold.done != told.hold.done;
            // Until the keeper is read again, what it was told of counts here: an allowance is used once.
            kept.hold.refused = kept.hold.refused.saturating_add(told.news.refused);
            let allowance = kept.hold.release.as_mut().and_then(|release| release.allowance.as_mut());
            if let Some(allowance) = allowance {
                allowance.used = allowance.used.saturating_add(told.news.used);
            }
            kept.news.refused = kept.news.refused.saturating_sub(told.news.refused);
            kept.news.used = kept.news.used.saturating_sub(told.news.used);
        }
    }

    /// Takes over what the keeper has, and returns the holds that were released.
    pub(super) fn apply(&mut self, loaded: Vec<Hold>) -> Vec<Hold> {
        let mut released = Vec::new();
        let mut loaded: HashMap<String, Hold> = loaded.into_iter().map(|hold| (hold.id.clone(), hold)).collect();
        let mut over = BTreeSet::new();
        for kept in self.holds.values_mut().flatten() {
            let was_held = kept.hold.is_held();
            match loaded.remove(&kept.hold.id) {
                Some(hold) => {
                    let done = std::mem::take(&mut kept.hold.done);
                    kept.hold = Hold { done, ..hold };
                }
                // Nobody was told of it yet.
                None if !kept.saved => continue,
                None => drop(over.insert(kept.hold.id.clone())),
            }
            if was_held && (!kept.hold.is_held() || over.contains(&kept.hold.id)) {
                released.push(kept.hold.clone());
            }
        }
        for hold in loaded.into_values() {
            let client =
                Client { name: hold.client.as_deref().map(Arc::from), tenant: hold.tenant.as_deref().map(Arc::from) };
            let kept = Kept { hold, saved: true, outdated: false, news: HoldNews::default() };
            self.holds.entry(client).or_default().push(kept);
        }
        for (client, kept) in &mut self.holds {
            if kept.iter().any(|kept| released.iter().any(|released| released.id == kept.hold.id)) {
                self.clients.forget(client);
            }
            kept.retain(|kept| !over.contains(&kept.hold.id));
        }
        self.holds.retain(|_, kept| !kept.is_empty());
        released
    }

    /// All holds that matter, as they are known here.
    pub(super) fn holds(&self) -> Vec<Hold> {
        self.holds.values().flatten().map(Kept::current).collect()
    }

    /// The tenants that clients wrote to lately.
    pub(super) fn tenants(&self) -> Vec<Option<String>> {
        let tenants: BTreeSet<Option<&str>> = self.clients.tenants().chain([None]).collect();
        tenants.into_iter().map(|tenant| tenant.map(str::to_owned)).collect()
    }

    /// So many users there are.
    pub(super) fn set_users(&mut self, tenant: Option<&str>, users: u64) {
        let clients = &self.clients;
        self.users.retain(|tenant, _| tenant.is_none() || clients.has_tenant(tenant.as_deref()));
        self.users.insert(tenant.map(Arc::from), users);
    }
}

impl Kept {
    fn is_told(&self) -> bool {
        self.saved && !self.outdated && self.news.is_nothing()
    }

    /// Whether the keeper has to get the hold itself.
    pub(super) fn is_unsaved(&self) -> bool {
        !self.saved || self.outdated
    }

    pub(super) fn news(&self) -> HoldNews {
        self.news
    }

    /// The hold with what its keeper was not told of yet.
    fn current(&self) -> Hold {
        let mut hold = self.hold.clone();
        hold.refused = hold.refused.saturating_add(self.news.refused);
        hold.last_refused = hold.last_refused.max(self.news.last_refused);
        hold
    }

    /// How many of a kind may still pass by its release.
    fn left(&self, kind: Kind, now: DateTime<Utc>) -> u64 {
        let allowance = self.hold.release.as_ref().and_then(|release| release.allowance.as_ref());
        let left = allowance.filter(|_| self.hold.kind == kind).map(|allowance| allowance.left(now));
        left.unwrap_or_default().saturating_sub(self.news.used)
    }
}

/// Takes so many off what releases let pass, and says how many they cover.
fn use_allowances(kept: &mut [Kept], kind: Kind, number: u64, now: DateTime<Utc>) -> u64 {
    let mut covered = 0;
    for kept in kept {
        let used = kept.left(kind, now).min(number - covered);
        kept.news.used += used;
        covered += used;
    }
    covered
}

/// A hold of nobody yet.
fn new(threshold: &Threshold, now: DateTime<Utc>) -> Hold {
    Hold {
        id: Uuid::new_v4().to_string(),
        client: None,
        tenant: None,
        since: now,
        kind: threshold.kind(),
        count: 0,
        pending: 0,
        most: 0,
        threshold: threshold.to_string(),
        done: Vec::new(),
        refused: 0,
        last_refused: None,
        release: None,
    }
}
