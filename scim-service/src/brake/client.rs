//! What is known of each client.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::brake::hold::{Done, MAX_SAMPLE, Sample};
use crate::brake::kind::{Kind, Tally};
use crate::brake::threshold::Threshold;
use crate::brake::window::Window;
use crate::change::Change;
use crate::context::Principal;

/// How many clients are counted apart, each in each tenant. What is done by more than these is counted together.
pub const MAX_CLIENTS: usize = 4_096;

/// Who is counted: a client in a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client {
    /// `None`: all clients that there was no room for.
    pub(super) name: Option<Arc<str>>,
    pub(super) tenant: Option<Arc<str>>,
}

impl Client {
    pub(super) const OTHERS: Self = Self { name: None, tenant: None };

    pub(super) fn of(principal: &Principal) -> Self {
        Self { name: Some(principal.name().into()), tenant: principal.tenant().map(Arc::from) }
    }
}

/// What a client did lately.
#[derive(Debug)]
pub(super) struct Record {
    /// One for each length that a threshold has.
    windows: Vec<(Duration, Window)>,
    samples: Samples,
}

/// The newest resources of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples([VecDeque<(DateTime<Utc>, Sample)>; Kind::ALL.len()]);

impl Samples {
    pub(super) fn add(&mut self, tally: Tally, change: &Change) {
        for (kind, samples) in Kind::ALL.into_iter().zip(&mut self.0) {
            if tally.get(kind) == 0 {
                continue;
            }
            if samples.len() == MAX_SAMPLE {
                samples.pop_front();
            }
            let sample = Sample { resource_type: change.resource_type.to_string(), id: change.id.to_string() };
            samples.push_back((change.time, sample));
        }
    }

    fn of(&self, kind: Kind, since: Option<DateTime<Utc>>) -> Vec<Sample> {
        let samples = self.0.get(kind as usize).into_iter().flatten();
        samples.filter(|(time, _)| since.is_none_or(|since| *time >= since)).map(|(_, sample)| sample.clone()).collect()
    }
}

impl Record {
    fn new(thresholds: &[Threshold]) -> Self {
        let mut windows: Vec<(Duration, Window)> = Vec::new();
        for threshold in thresholds {
            if !windows.iter().any(|(length, _)| *length == threshold.window()) {
                windows.push((threshold.window(), Window::new(threshold.window())));
            }
        }
        Self { windows, samples: Samples::default() }
    }

    pub(super) fn add(&mut self, tally: Tally, change: &Change) {
        for (_, window) in &mut self.windows {
            window.add(tally, change.time);
        }
        self.samples.add(tally, change);
    }

    fn window(&mut self, length: Duration) -> Option<&mut Window> {
        self.windows.iter_mut().find(|(known, _)| *known == length).map(|(_, window)| window)
    }

    pub(super) fn count(&mut self, threshold: &Threshold, now: DateTime<Utc>) -> u64 {
        self.window(threshold.window()).map(|window| window.count(threshold.kind(), now).number).unwrap_or_default()
    }

    /// All that was done within this time.
    pub(super) fn done(&mut self, within: Duration, now: DateTime<Utc>) -> Vec<Done> {
        let mut done = Vec::new();
        for kind in Kind::ALL {
            let Some(count) = self.window(within).map(|window| window.count(kind, now)) else { continue };
            if let Some((first, last)) = count.times {
                let sample = self.samples.of(kind, Some(first));
                done.push(Done { kind, count: count.number, first, last, sample });
            }
        }
        done
    }

    fn clear(&mut self) {
        for (_, window) in &mut self.windows {
            window.clear();
        }
        self.samples = Samples::default();
    }

    fn is_idle(&mut self, now: DateTime<Utc>) -> bool {
        self.windows.iter_mut().all(|(_, window)| window.is_empty(now))
    }
}

/// All clients that did something lately.
#[derive(Debug, Default)]
pub(super) struct Clients(HashMap<Client, Record>);

impl Clients {
    /// As whom a client is counted.
    pub(super) fn counted_as(&self, client: Client) -> Client {
        if self.0.len() < MAX_CLIENTS || self.0.contains_key(&client) { client } else { Client::OTHERS }
    }

    /// As whom a client is counted, and what is known of it. Idle clients make room.
    pub(super) fn record(
        &mut self,
        client: Client,
        thresholds: &[Threshold],
        now: DateTime<Utc>,
    ) -> (Client, &mut Record) {
        if self.0.len() >= MAX_CLIENTS && !self.0.contains_key(&client) {
            self.0.retain(|_, record| !record.is_idle(now));
        }
        let client = self.counted_as(client);
        let record = self.0.entry(client.clone()).or_insert_with(|| Record::new(thresholds));
        (client, record)
    }

    /// Whether nothing is known of anybody in the tenant of this client.
    pub(super) fn is_in_new_tenant(&self, client: &Client) -> bool {
        !self.0.contains_key(client) && !self.has_tenant(client.tenant.as_deref())
    }

    pub(super) fn has_tenant(&self, tenant: Option<&str>) -> bool {
        self.0.keys().any(|client| client.tenant.as_deref() == tenant)
    }

    /// The tenants that clients wrote to lately.
    pub(super) fn tenants(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.keys().map(|client| client.tenant.as_deref())
    }

    /// What was counted of the client no longer counts.
    pub(super) fn forget(&mut self, client: &Client) {
        if let Some(record) = self.0.get_mut(client) {
            record.clear();
        }
    }
}
