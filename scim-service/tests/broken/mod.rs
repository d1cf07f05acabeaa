//! Stores that break one guarantee each: the suite has to find all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_core::{Resource, ResourceId, ValueRef};
use scim_patch::{Differences, apply};
use scim_service::conformance::{
    self, Trial, changes, concurrency, lifecycle, listing, membership, positions, tenancy, transactions, uniqueness,
    versions,
};
use scim_service::{
    Change, Context, Create, Delete, List, ListPage, MemoryStore, Modify, Precondition, Read, Replace, Start, Store,
    StoreCapabilities, StoreError, Transaction, Written,
};
use serde_json::{Value, json};

/// What is wrong with a store, by the number of the guarantee.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// 1: the time is that of a clock.
    OwnClock,
    /// 2: the tenant is not looked at.
    OneTenant,
    /// 3: a conflict is an error like any other.
    VagueConflict,
    /// 4: versions never move.
    OneVersion,
    /// 5: preconditions are not looked at.
    NoPreconditions,
    /// 5: the version that is told is not the one that is compared, and patches are left to the service.
    OtherVersion,
    /// 6: a patch that fails has written something.
    HalfPatches,
    /// 7: filters on `title` regard case.
    CaseExactTitles,
    /// 7: the total is that of the page.
    TotalOfThePage,
    /// 8: members have no type.
    UntypedMembers,
    /// 9: a secret that is to go stays.
    KeptSecrets,
    /// 9: new content takes the secret with it.
    LostSecrets,
    /// 10: a deleted resource can still be read.
    DeletedIsListed,
    /// 11: the resource at the position is on the page.
    PositionIncluded,
    /// 7: lists are empty.
    NothingListed,
    /// 11: every page is the first.
    SamePage,
    /// 11: a page begins at the index that the position had.
    PagesByOffset,
    /// 12: writes take effect at once.
    NoIsolation,
    /// 14: what differs is not told.
    UntoldChanges,
    /// 13: a patch reads a replica, which lags one write behind.
    LostUpdates,
}

#[derive(Clone)]
struct Broken {
    store: Arc<MemoryStore>,
    fault: Fault,
    /// How many resources have been met, for pages by offset.
    met: Arc<AtomicU64>,
    replica: Arc<Mutex<HashMap<ResourceId, Resource>>>,
}

impl Broken {
    fn new(fault: Fault) -> Self {
        Self { store: Arc::default(), fault, met: Arc::default(), replica: Arc::default() }
    }

    fn cx(&self, cx: &Context) -> Context {
        match self.fault {
            Fault::OwnClock => {
                let mut cx = cx.clone();
                cx.now = chrono::Utc::now();
                cx
            }
            Fault::OneTenant => Context::internal("anyone", cx.now),
            _ => cx.clone(),
        }
    }

    fn when<'a>(&self, when: &'a Precondition) -> &'a Precondition {
        if self.fault == Fault::NoPreconditions { &Precondition::None } else { when }
    }

    fn shown(&self, mut resource: Resource) -> Resource {
        let attributes = resource.attributes_mut();
        match self.fault {
            Fault::OneVersion => attributes["meta"]["version"] = json!("W/\"1\""),
            Fault::OtherVersion => attributes["meta"]["version"] = json!("W/\"other\""),
            Fault::UntypedMembers => {
                let members = attributes.get_mut("members").and_then(Value::as_array_mut);
                for member in members.into_iter().flatten().filter_map(Value::as_object_mut) {
                    member.remove("type");
                }
            }
            _ => {}
        }
        resource
    }

    fn told(&self, Written { resource, mut change, .. }: Written) -> Written {
        if self.fault == Fault::UntoldChanges {
            change.differences = Differences::default();
        }
        Written::new(self.shown(resource), change)
    }

    fn refused<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        match outcome {
            Err(StoreError::Uniqueness { .. }) if self.fault == Fault::VagueConflict => {
                Err(StoreError::internal("UNIQUE constraint failed"))
            }
            outcome => outcome,
        }
    }
}

#[async_trait]
impl Store for Broken {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.refused(self.store.create(&self.cx(cx), request).await).map(|written| self.told(written))
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.store.read(&self.cx(cx), request).await.map(|resource| self.shown(resource))
    }

    async fn list(&self, cx: &Context, mut query: List<'_>) -> Result<ListPage, StoreError> {
        let filter = query.filter;
        match (self.fault, &query.start) {
            (Fault::PositionIncluded, Start::After(position)) => {
                let mut position = position.clone();
                position.id.pop();
                query.start = Start::After(position);
            }
            (Fault::PagesByOffset, Start::After(_)) => {
                query.start = Start::Index(self.met.load(Ordering::SeqCst) + 1);
            }
            (Fault::SamePage, Start::After(_)) => query.start = Start::Index(1),
            (Fault::PagesByOffset, Start::Index(_)) => self.met.store(0, Ordering::SeqCst),
            _ => {}
        }
        let mut page = self.store.list(&self.cx(cx), query).await?;
        self.met.fetch_add(page.resources.len() as u64, Ordering::SeqCst);
        match self.fault {
            Fault::CaseExactTitles if filter.is_some_and(|filter| filter.mentions("title")) => {
                page.resources.retain(|resource| {
                    resource.get("title").and_then(ValueRef::as_str).is_none_or(|title| !title.starts_with('D'))
                });
            }
            Fault::NothingListed => page = ListPage::default().with_total(0),
            Fault::TotalOfThePage => page.total_results = Some(page.resources.len() as u64),
            _ => {}
        }
        page.resources = page.resources.into_iter().map(|resource| self.shown(resource)).collect();
        Ok(page)
    }

    async fn replace(&self, cx: &Context, mut request: Replace<'_>) -> Result<Written, StoreError> {
        if self.fault == Fault::LostSecrets && request.resource.get("password").is_none() {
            request.resource.attributes_mut().insert("password".to_owned(), json!("!"));
        }
        if self.fault == Fault::KeptSecrets {
            request.resource.attributes_mut().retain(|_, value| !value.is_null());
        }
        request.when = self.when(request.when);
        self.refused(self.store.replace(&self.cx(cx), request).await).map(|written| self.told(written))
    }

    async fn patch(&self, cx: &Context, mut request: Modify<'_>) -> Result<Written, StoreError> {
        let cx = self.cx(cx);
        if self.fault == Fault::OtherVersion {
            return Err(StoreError::Unsupported { what: "does not apply patches" });
        }
        let Modify { of, id, patch, when, want, .. } = request;
        if self.fault == Fault::LostUpdates {
            let current = self.store.read(&cx, Read::new(of, id).with_want(want)).await?;
            let before = self.replica.lock().unwrap().insert(id.clone(), current.clone());
            let mut patched = before.unwrap_or(current);
            apply(patch, &mut patched)?;
            return self.store.replace(&cx, Replace::new(of, id, patched).with_when(when)).await;
        }
        request.when = self.when(when);
        let outcome = self.store.patch(&cx, request).await;
        if self.fault == Fault::HalfPatches && matches!(outcome, Err(StoreError::Patch(_))) {
            let mut half = self.store.read(&cx, Read::new(of, id).with_want(want)).await?;
            half.attributes_mut().insert("title".to_owned(), json!("Dr"));
            self.store.replace(&cx, Replace::new(of, id, half).with_when(when)).await?;
        }
        self.refused(outcome).map(|written| self.told(written))
    }

    async fn delete(&self, cx: &Context, mut request: Delete<'_>) -> Result<Change, StoreError> {
        if self.fault == Fault::DeletedIsListed {
            self.store.read(cx, Read::new(request.of, request.id)).await?;
            return Ok(Change::new(cx, request.of, request.id.clone()));
        }
        request.when = self.when(request.when);
        self.store.delete(&self.cx(cx), request).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        let capabilities = StoreCapabilities::default().with_transactions();
        if self.fault == Fault::OtherVersion { capabilities } else { capabilities.with_patch() }
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        if self.fault == Fault::NoIsolation {
            return Ok(Box::new(self.clone()));
        }
        self.store.begin(&self.cx(cx)).await
    }
}

#[async_trait]
impl Transaction for Broken {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

fn try_case(fault: Fault, case: fn(&Trial<'_>)) {
    conformance::run(async || Broken::new(fault), |future| super::RUNTIME.block_on(future), case);
}

macro_rules! found {
    ($($name:ident: $fault:ident breaks $guarantee:literal in $case:path;)*) => {
        $(
            #[test]
            #[should_panic(expected = $guarantee)]
            fn $name() {
                try_case(Fault::$fault, $case);
            }
        )*
    };
}

found! {
    a_time_of_its_own: OwnClock breaks "guarantee 1:" in lifecycle::p01_create_sets_meta;
    tenants_that_are_one: OneTenant breaks "guarantee 2:" in tenancy::p02_ids_of_another_tenant_are_unknown;
    lists_of_all_tenants: OneTenant breaks "guarantee 2:" in tenancy::p02_lists_hold_the_tenants_own_resources;
    a_conflict_that_is_not_told: VagueConflict breaks "guarantee 3:" in uniqueness::p03_a_taken_value_is_refused_on_create;
    a_race_that_is_not_told: VagueConflict breaks "guarantee 3:" in concurrency::p03_of_racing_creators_one_wins;
    versions_that_stay: OneVersion breaks "guarantee 4:" in versions::p04_a_version_moves_with_the_users_groups;
    versions_that_stay_at_a_change: OneVersion breaks "guarantee 4:" in versions::p04_a_change_moves_version_and_time;
    preconditions_ignored: NoPreconditions breaks "guarantee 5:" in versions::p05_a_stale_version_is_refused;
    races_all_won: NoPreconditions breaks "guarantee 5:" in concurrency::p05_of_racing_writers_with_one_version_one_wins;
    half_a_patch: HalfPatches breaks "guarantee 6:" in versions::p06_a_failed_patch_changes_nothing;
    other_filters: CaseExactTitles breaks "guarantee 7:" in listing::p07_filters_select_what_the_evaluator_selects;
    other_totals: TotalOfThePage breaks "guarantee 7:" in listing::p07_pages_by_index_are_cut_from_the_whole;
    members_without_type: UntypedMembers breaks "guarantee 8:" in membership::p08_members_have_value_type_and_display;
    secrets_kept: KeptSecrets breaks "guarantee 9:" in lifecycle::p09_a_secret_that_is_removed_is_gone;
    secrets_lost: LostSecrets breaks "guarantee 9:" in lifecycle::p09_a_secret_that_is_not_sent_again_is_kept;
    deletions_undone: DeletedIsListed breaks "guarantee 10:" in lifecycle::p10_a_deleted_id_is_unknown_to_every_method;
    positions_included: PositionIncluded breaks "guarantee 11:" in positions::p11_pages_after_a_position_meet_everything_once;
    pages_by_offset: PagesByOffset breaks "guarantee 11:" in positions::p11_what_stays_is_met_once_while_others_come_and_go;
    transactions_without_effect: NoIsolation breaks "guarantee 12:" in transactions::p12_nobody_else_sees_them_before_the_commit;
    transactions_that_stay: NoIsolation breaks "guarantee 12:" in transactions::p12_nothing_is_left_of_a_dropped_one;
    a3_a_version_that_is_never_the_current_one: OtherVersion breaks "guarantee 5:" in versions::p04_a_change_moves_version_and_time;
    a3_a_version_that_is_never_the_current_one_under_races: OtherVersion breaks "guarantee 5:" in membership::p08_members_come_and_go_by_patch;
    a3_lists_of_nothing: NothingListed breaks "guarantee 7:" in listing::p07_pages_by_index_are_cut_from_the_whole;
    a3_filters_of_nothing: NothingListed breaks "guarantee 7:" in listing::p07_filters_select_what_the_evaluator_selects;
    a3_positions_in_nothing: NothingListed breaks "guarantee 7:" in positions::p11_a_position_outlives_its_resource;
    a3_pages_without_end: SamePage breaks "guarantee 11:" in positions::p11_what_stays_is_met_once_while_others_come_and_go;
    a3_pages_without_end_in_the_corpus: SamePage breaks "guarantee 11:" in positions::p11_pages_after_a_position_meet_everything_once;
    changes_untold: UntoldChanges breaks "guarantee 14:" in changes::p14_a_write_says_what_it_did;
    secrets_untold: UntoldChanges breaks "guarantee 14:" in lifecycle::p09_every_way_to_remove_a_secret_has_one_outcome;
    updates_lost: LostUpdates breaks "guarantee 13:" in concurrency::p13_no_member_added_at_the_same_time_is_lost;
}
