//! From the cases to tests.

use std::future::Future;
use std::pin::Pin;

use scim_core::SchemaSet;
use scim_service::Store;

use super::trial::{RULES, RoleTrial, context};
use crate::role_sync::{RoleSync, RoleTarget};
use crate::rules::RuleSet;

/// A case: called with a store and a target that are its own, it panics where roles do not follow.
pub type RoleCase = fn(&RoleTrial<'_>);

/// Runs one case over a fresh store and its target. Called by what [`role_conformance!`](crate::role_conformance!) expands to.
pub fn run<S: Store, T: RoleTarget, K>(
    factory: impl AsyncFn() -> (S, T, K),
    block_on: impl Fn(Pin<Box<dyn Future<Output = ()> + '_>>) + Sync,
    case: RoleCase,
) {
    let mut made = None;
    block_on(Box::pin(async { made = Some(factory().await) }));
    let (store, target, _kept) = made.expect("`block_on` returns when the future is done");
    let rules: RuleSet = RULES.parse().expect("the rules of the suite are right");
    let sync = RoleSync::new(store, target, rules, &SchemaSet::builtin()).expect("there are users and groups");
    case(&RoleTrial::new(&sync, sync.store(), sync.target(), &block_on));
    block_on(Box::pin(async {
        let differs = sync.reconcile_all(&context("conformance")).await.expect("all users can be reconciled");
        assert!(differs.is_empty(), "what followed the writes is not what deciding from scratch gives: {differs:?}");
    }));
}

/// Makes a `#[test]` of each [case](mod@crate::conformance), grouped in modules by concept.
///
/// Takes an asynchronous closure that makes a store, its [`RoleTarget`](crate::RoleTarget) and something to keep, and a function that
/// waits for a future. See [`conformance`](mod@crate::conformance) for both, and for what to do when a case fails.
#[macro_export]
macro_rules! role_conformance {
    ($factory:expr, $block_on:expr $(,)?) => {
        $crate::role_conformance_tests! { $factory, $block_on;
            following {
                a_member_comes_and_goes_by_patch
                a_member_comes_and_goes_by_put
                a_group_is_created_with_its_members
                a_user_moves_from_one_group_to_another
                conditions_follow_the_user
                a_renamed_group_gives_other_roles
                a_deleted_group_gives_nothing
                a_deleted_user_holds_nothing
                whoever_is_inactive_holds_nothing
                groups_in_groups_give_to_whoever_is_within
            }
            belief {
                a_manual_grant_is_left_alone
                the_target_keeps_by_whose_word_a_role_is_held
                a_name_gives_no_protected_role
                an_identifier_that_gives_a_protected_role_is_one_groups_alone
                who_is_not_believed_gives_nothing
                a_membership_that_is_not_believed_gives_nothing
            }
            together {
                a_failed_write_leaves_roles_alone
                a_transaction_gives_at_its_commit
                a_dropped_transaction_leaves_roles_alone
                writers_at_the_same_time_lose_nothing
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! role_conformance_tests {
    ($factory:expr, $block_on:expr; $($group:ident { $($case:ident)* })*) => {
        $(
            mod $group {
                #[allow(unused_imports, reason = "what the two expressions name")]
                use super::*;

                $(
                    #[test]
                    #[allow(clippy::redundant_closure, clippy::redundant_closure_call, reason = "either form is taken")]
                    fn $case() {
                        $crate::conformance::run(
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
        let sources = [include_str!("following.rs"), include_str!("belief.rs"), include_str!("together.rs")];
        let suite = include_str!("suite.rs");
        let mut cases = 0;
        for line in sources.iter().flat_map(|source| source.lines()) {
            let Some(name) = line.strip_prefix("pub fn ").and_then(|rest| rest.split_once('(')) else { continue };
            assert!(suite.contains(&format!(" {}\n", name.0)), "{}", name.0);
            cases += 1;
        }
        assert_eq!(cases, 20);
    }
}
