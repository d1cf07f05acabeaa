//! From the cases to tests.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use scim_core::SchemaSet;

use super::fixture::{Basics, Trial};
use crate::store::Store;

/// What a factory makes: a store, or a pair of a store and something to keep until the case ends.
pub trait StoreUnderTest {
    /// The store.
    fn store(&self) -> &dyn Store;
}

impl<S: Store> StoreUnderTest for S {
    fn store(&self) -> &dyn Store {
        self
    }
}

impl<S: Store, K> StoreUnderTest for (S, K) {
    fn store(&self) -> &dyn Store {
        &self.0
    }
}

/// Runs one case over a fresh store, with the built-in schemas and whatever the store can do. [`Suite`] first looks for what would
/// make many cases fail.
pub fn run<T: StoreUnderTest>(
    factory: impl AsyncFn() -> T,
    block_on: impl Fn(Pin<Box<dyn Future<Output = ()> + '_>>) + Sync,
    case: Case,
) {
    on_fresh(&factory, &block_on, &Arc::new(SchemaSet::builtin()), case);
}

fn on_fresh<T: StoreUnderTest, O>(
    factory: &impl AsyncFn() -> T,
    block_on: &(impl Fn(Pin<Box<dyn Future<Output = ()> + '_>>) + Sync),
    schemas: &Arc<SchemaSet>,
    look: impl FnOnce(&Trial<'_>) -> O,
) -> O {
    let mut subject = None;
    block_on(Box::pin(async { subject = Some(factory().await) }));
    let subject = subject.expect("`block_on` returns when the future is done");
    look(&Trial::new(subject.store(), block_on, schemas.clone()))
}

/// The cases over one kind of store, with schemas of its own. [`store_conformance!`](crate::store_conformance) makes one.
///
/// Before the first case it looks whether the store does at all what each case relies on: create, read, list, change and delete a user and
/// a group, and keep each attribute of the schemas. If not, that is one cause: the first case that asks fails with it, in one line. Where
/// nothing else can be tried, the others end with a word in their output; where the store loses attributes, they go without them.
///
/// ```
/// use scim_core::SchemaSet;
/// use scim_service::MemoryStore;
/// use scim_service::conformance::{CASES, Suite};
///
/// let runtime = tokio::runtime::Runtime::new()?;
/// let suite = Suite::new(SchemaSet::builtin());
/// for (_, case) in CASES.iter().take(3) {
///     suite.run(async || MemoryStore::new(), |future| runtime.block_on(future), *case);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Suite {
    schemas: Arc<SchemaSet>,
    basics: OnceLock<Basics>,
    is_told: AtomicBool,
}

impl Suite {
    /// The cases, as far as these schemas have what they are about: a User with `userName`, and perhaps a Group.
    pub fn new(schemas: SchemaSet) -> Self {
        Self { schemas: Arc::new(schemas), basics: OnceLock::new(), is_told: AtomicBool::new(false) }
    }

    /// Runs one case over a fresh store.
    ///
    /// # Panics
    ///
    /// Where the store breaks the guarantee, or, in the first case that runs, with the cause for which others cannot run.
    pub fn run<T: StoreUnderTest>(
        &self,
        factory: impl AsyncFn() -> T,
        block_on: impl Fn(Pin<Box<dyn Future<Output = ()> + '_>>) + Sync,
        case: Case,
    ) {
        let basics = self.basics.get_or_init(|| {
            let look = || on_fresh(&factory, &block_on, &self.schemas, Basics::of);
            // A store that panics is a cause like any other.
            catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|panic| {
                let said = panic.downcast_ref::<String>().map(String::as_str);
                let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panics");
                let cause = Some(format!("the store cannot be tried: {}", said.lines().next().unwrap_or_default()));
                Basics { cause, is_fatal: true, schemas: self.schemas.clone() }
            })
        });
        if let Some(cause) = &basics.cause {
            assert!(self.is_told.swap(true, Ordering::Relaxed), "{cause}");
            if basics.is_fatal {
                println!("not tried, for a cause that another case has told: {cause}");
                return;
            }
        }
        on_fresh(&factory, &block_on, &basics.schemas, case);
    }
}

/// The built-in schemas, which the cases take unless there are others.
#[doc(hidden)]
pub fn builtin() -> SchemaSet {
    SchemaSet::builtin()
}

/// Makes a `#[test]` of each [conformance case](crate::conformance), grouped in modules by concept.
///
/// Takes an asynchronous closure that makes an empty store, a function that waits for a future, and, where the service has schemas of its
/// own, those ([`SchemaSet`](scim_core::SchemaSet)). See [`conformance`](crate::conformance) for all three, and for what to do when a case fails.
#[macro_export]
macro_rules! store_conformance {
    ($factory:expr, $block_on:expr $(,)?) => {
        $crate::store_conformance!($factory, $block_on, $crate::conformance::builtin());
    };
    ($factory:expr, $block_on:expr, $schemas:expr $(,)?) => {
        static STORE_CONFORMANCE: ::std::sync::LazyLock<$crate::conformance::Suite> =
            ::std::sync::LazyLock::new(|| $crate::conformance::Suite::new($schemas));

        $crate::store_conformance_cases! { { $crate::store_conformance_tests } { $factory, $block_on; } }
    };
}

/// Hands the cases, grouped, to another macro behind its other arguments.
#[doc(hidden)]
#[macro_export]
macro_rules! store_conformance_cases {
    ({ $($callback:tt)* } { $($arguments:tt)* }) => {
        $($callback)*! { $($arguments)*
            lifecycle {
                p01_create_issues_an_id_of_its_own
                p01_create_sets_meta
                p01_create_returns_what_get_returns
                p01_an_id_is_of_one_type
                p09_a_secret_that_is_not_sent_again_is_kept
                p09_a_secret_that_is_removed_is_gone
                p09_every_way_to_remove_a_secret_has_one_outcome
                p10_a_deleted_id_is_unknown_to_every_method
                p10_unique_values_of_the_deleted_are_free
            }
            changes {
                p14_a_write_says_what_it_did
                p14_a_write_says_who_came_and_went
            }
            tenancy {
                p02_ids_of_another_tenant_are_unknown
                p02_lists_hold_the_tenants_own_resources
                p02_a_member_of_another_tenant_is_an_id_that_nobody_has
                p02_unique_values_are_unique_per_tenant
            }
            uniqueness {
                p03_a_taken_value_is_refused_on_create
                p03_a_taken_value_is_refused_on_replace_and_patch
                p03_a_resource_may_respell_its_own_value
                p03_values_fold_before_they_are_compared
            }
            versions {
                p04_a_change_moves_version_and_time
                p04_a_patch_that_changes_nothing_moves_nothing
                p04_a_version_moves_with_the_users_groups
                p04_a_version_moves_with_what_members_are_called
                p05_a_stale_version_is_refused
                p05_any_of_several_versions_will_do
                p06_a_failed_patch_changes_nothing
                p06_a_failed_replace_changes_nothing
            }
            listing {
                p07_filters_select_what_the_evaluator_selects
                p07_sorts_order_as_the_evaluator_orders
                p07_pages_by_index_are_cut_from_the_whole
                p07_what_is_sorted_by_is_shown
            }
            membership {
                p08_a_member_appears_once
                p08_members_have_value_type_and_display
                p08_an_id_that_nobody_has_is_kept
                p08_members_come_and_go_by_patch
                p08_groups_are_direct_and_indirect
                p08_groups_may_contain_each_other
                p08_a_membership_is_asserted_by_whoever_added_it_last
                p08_whoever_is_deleted_leaves_all_groups
            }
            positions {
                p11_pages_after_a_position_meet_everything_once
                p11_pages_before_a_position_lead_back
                p11_a_position_outlives_its_resource
                p11_what_stays_is_met_once_while_others_come_and_go
            }
            transactions {
                p12_a_transaction_sees_its_own_writes
                p12_nobody_else_sees_them_before_the_commit
                p12_nothing_is_left_of_a_dropped_one
                p12_a_failed_call_leaves_the_others_alone
            }
            concurrency {
                p03_of_racing_creators_one_wins
                p05_of_racing_writers_with_one_version_one_wins
                p13_no_member_added_at_the_same_time_is_lost
                p13_no_user_created_at_the_same_time_is_lost
            }
        }
    };
}

macro_rules! table_of_cases {
    ($($group:ident { $($case:ident)* })*) => {
        &[$($((concat!(stringify!($group), "::", stringify!($case)), super::$group::$case)),*),*]
    };
}

/// A case: called with a store that is its own, it panics where the store breaks a guarantee.
pub type Case = fn(&Trial<'_>);

/// Every case by name, for a test harness of one's own; [`run`] runs one.
pub const CASES: &[(&str, Case)] = store_conformance_cases! { { table_of_cases } {} };

#[doc(hidden)]
#[macro_export]
macro_rules! store_conformance_tests {
    ($factory:expr, $block_on:expr; $($group:ident { $($case:ident)* })*) => {
        $(
            mod $group {
                #[allow(unused_imports, reason = "what the two expressions name")]
                use super::*;

                $(
                    #[test]
                    #[allow(clippy::redundant_closure, clippy::redundant_closure_call, reason = "either form is taken")]
                    fn $case() {
                        STORE_CONFORMANCE.run(
                            $factory,
                            |future| ($block_on)(future),
                            $crate::conformance::$group::$case,
                        );
                    }
                )*
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    /// A case that the macro does not name would never run.
    #[test]
    fn every_case_is_in_the_suite() {
        let sources = [
            include_str!("lifecycle.rs"),
            include_str!("tenancy.rs"),
            include_str!("uniqueness.rs"),
            include_str!("versions.rs"),
            include_str!("listing.rs"),
            include_str!("membership.rs"),
            include_str!("positions.rs"),
            include_str!("transactions.rs"),
            include_str!("concurrency.rs"),
        ];
        let suite = include_str!("suite.rs");
        let mut guarantees = std::collections::BTreeSet::new();
        for line in sources.iter().flat_map(|source| source.lines()) {
            let Some(name) = line.strip_prefix("pub fn ").and_then(|rest| rest.split_once('(')) else { continue };
            assert!(suite.contains(&format!(" {}\n", name.0)), "{}", name.0);
            guarantees.insert(name.0.chars().skip(1).take(2).collect::<String>());
        }
        assert_eq!(guarantees.len(), 13, "every guarantee has a case: {guarantees:?}");
    }
}
