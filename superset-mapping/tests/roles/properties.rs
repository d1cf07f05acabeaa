//! After any sequence of writes users hold what deciding from scratch gives.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use scim_core::{Resource, ResourceId};
use scim_service::{List, MemoryStore, Read, Store, StoreCapabilities, StoreError};
use serde_json::{Value, json};
use superset_mapping::{GroupRef, MemoryRoles, RoleSync, RuleSet, Subject};

use crate::stores::Lacking;
use crate::world::{Calls, RULES, by, of, sync};

const USERS: usize = 4;
const GROUPS: usize = 4;
const NAMES: [&str; 4] = ["readers", "writers", "others", "Admin"];

/// One write. Users and groups are those that there are, by their places.
#[derive(Clone, Debug)]
enum Step {
    CreateUser { active: bool, auditor: bool },
    CreateGroup { name: usize, external_id: bool, members: Vec<usize> },
    Add { group: usize, member: usize },
    Remove { group: usize, member: usize },
    ReplaceGroup { group: usize, name: usize, external_id: bool, members: Vec<usize> },
    Rename { group: usize, name: usize },
    Claim { group: usize, external_id: bool },
    Nest { outer: usize, inner: usize },
    Unnest { outer: usize, inner: usize },
    Activate { user: usize, active: bool },
    Title { user: usize, auditor: bool },
    DeleteUser { user: usize },
    DeleteGroup { group: usize },
    Grant { user: usize, role: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (user, group, name) = (0..USERS, 0..GROUPS, 0..NAMES.len());
    let members = vec(0..USERS, 0..4);
    prop_oneof![
        2 => (any::<bool>(), any::<bool>()).prop_map(|(active, auditor)| Step::CreateUser { active, auditor }),
        2 => (name.clone(), any::<bool>(), members.clone())
            .prop_map(|(name, external_id, members)| Step::CreateGroup { name, external_id, members }),
        4 => (group.clone(), user.clone()).prop_map(|(group, member)| Step::Add { group, member }),
        2 => (group.clone(), user.clone()).prop_map(|(group, member)| Step::Remove { group, member }),
        2 => (group.clone(), name.clone(), any::<bool>(), members)
            .prop_map(|(group, name, external_id, members)| Step::ReplaceGroup { group, name, external_id, members }),
        2 => (group.clone(), name).prop_map(|(group, name)| Step::Rename { group, name }),
        1 => (group.clone(), any::<bool>()).prop_map(|(group, external_id)| Step::Claim { group, external_id }),
        2 => (group.clone(), group.clone()).prop_map(|(outer, inner)| Step::Nest { outer, inner }),
        1 => (group.clone(), group.clone()).prop_map(|(outer, inner)| Step::Unnest { outer, inner }),
        2 => (user.clone(), any::<bool>()).prop_map(|(user, active)| Step::Activate { user, active }),
        1 => (user.clone(), any::<bool>()).prop_map(|(user, auditor)| Step::Title { user, auditor }),
        1 => user.clone().prop_map(|user| Step::DeleteUser { user }),
        1 => group.prop_map(|group| Step::DeleteGroup { group }),
        1 => (user, 0..3_usize).prop_map(|(user, role)| Step::Grant { user, role }),
    ]
}

/// What there is.
#[derive(Default)]
struct Population {
    users: Vec<ResourceId>,
    groups: Vec<ResourceId>,
    manual: BTreeMap<ResourceId, BTreeSet<String>>,
    names: usize,
}

fn at(ids: &[ResourceId], place: usize) -> Option<&ResourceId> {
    ids.get(place % ids.len().max(1))
}

impl Population {
    fn members(&self, places: &[usize]) -> Vec<Value> {
        places.iter().filter_map(|place| Some(json!({ "value": at(&self.users, *place)? }))).collect()
    }

    fn group(&self, name: usize, external_id: bool, members: &[usize]) -> Value {
        let mut group = json!({"displayName": NAMES[name], "members": self.members(members)});
        if external_id {
            group["externalId"] = json!("grp-admins");
        }
        group
    }

    /// Takes one step, which may be refused, and may be about nothing.
    async fn take<S: Store>(
        &mut self,
        calls: &Calls<'_>,
        sync: &RoleSync<S, MemoryRoles>,
        step: &Step,
    ) -> Result<(), StoreError> {
        let (users, groups) = (&self.users, &self.groups);
        match step {
            Step::CreateUser { active, auditor } => {
                self.names += 1;
                let mut user = json!({"userName": format!("user-{}", self.names), "active": active});
                if *auditor {
                    user["title"] = json!("auditor");
                }
                let id = calls.create("User", user).await?;
                self.users.push(id);
            }
            Step::CreateGroup { name, external_id, members } => {
                let id = calls.create("Group", self.group(*name, *external_id, members)).await?;
                self.groups.push(id);
            }
            Step::Add { group, member } => {
                let (Some(group), Some(member)) = (at(groups, *group), at(users, *member)) else { return Ok(()) };
                calls.add(group, member).await?;
            }
            Step::Remove { group, member } => {
                let (Some(group), Some(member)) = (at(groups, *group), at(users, *member)) else { return Ok(()) };
                calls.remove(group, member).await?;
            }
            Step::Nest { outer, inner } => {
                let (Some(outer), Some(inner)) = (at(groups, *outer), at(groups, *inner)) else { return Ok(()) };
                calls.add(outer, inner).await?;
            }
            Step::Unnest { outer, inner } => {
                let (Some(outer), Some(inner)) = (at(groups, *outer), at(groups, *inner)) else { return Ok(()) };
                calls.remove(outer, inner).await?;
            }
            Step::ReplaceGroup { group, name, external_id, members } => {
                let Some(group) = at(groups, *group) else { return Ok(()) };
                calls.replace("Group", group, self.group(*name, *external_id, members)).await?;
            }
            Step::Rename { group, name } => {
                let Some(group) = at(groups, *group) else { return Ok(()) };
                calls.set("Group", group, "displayName", json!(NAMES[*name])).await?;
            }
            Step::Claim { group, external_id } => {
                let Some(group) = at(groups, *group) else { return Ok(()) };
                let external_id = if *external_id { "grp-admins" } else { "grp-others" };
                calls.set("Group", group, "externalId", json!(external_id)).await?;
            }
            Step::Activate { user, active } => {
                let Some(user) = at(users, *user) else { return Ok(()) };
                calls.set("User", user, "active", json!(active)).await?;
                if !active {
                    self.manual.remove(user);
                }
            }
            Step::Title { user, auditor } => {
                let Some(user) = at(users, *user) else { return Ok(()) };
                calls.set("User", user, "title", json!(if *auditor { "auditor" } else { "actor" })).await?;
            }
            Step::DeleteUser { user } => {
                let Some(user) = at(users, *user).cloned() else { return Ok(()) };
                calls.delete("User", &user).await?;
                assert!(sync.target().roles_of(&user).is_empty(), "who is deleted holds nothing");
                self.manual.remove(&user);
                self.users.retain(|id| *id != user);
            }
            Step::DeleteGroup { group } => {
                let Some(group) = at(groups, *group).cloned() else { return Ok(()) };
                calls.delete("Group", &group).await?;
                self.groups.retain(|id| *id != group);
            }
            Step::Grant { user, role } => {
                let Some(user) = at(users, *user) else { return Ok(()) };
                let role = ["Reader", "Admin", "Own"][*role];
                let resource = sync.read(&calls.cx, Read::new(&of("User"), user)).await?;
                if !resource.is_inactive() && !sync.target().roles_of(user).iter().any(|held| held == role) {
                    sync.target().grant_manually(user, role);
                    self.manual.entry(user.clone()).or_default().insert(role.to_owned());
                }
            }
        }
        Ok(())
    }
}

/// What the rules give a user, decided by what the store shows.
async fn decided(store: &dyn Store, rules: &RuleSet, user: &Resource) -> BTreeSet<String> {
    if user.is_inactive() {
        return BTreeSet::new();
    }
    let mut groups = Vec::new();
    for element in user.get("groups").map(scim_core::ValueRef::to_value).into_iter().flat_map(elements) {
        let id: ResourceId = element["value"].as_str().unwrap().parse().unwrap();
        let group = store.read(&by("okta"), Read::new(&of("Group"), &id)).await.unwrap();
        let mut reference = GroupRef::new(id, &group.text("displayName").unwrap());
        reference.external_id = group.external_id();
        reference.provenance = group.provenance().cloned();
        groups.push(reference);
    }
    rules.decide(&Subject { user, groups }).roles().map(str::to_owned).collect()
}

fn elements(value: Value) -> Vec<Value> {
    serde_json::from_value(value).unwrap()
}

/// One source alone: what users hold is what the rules give by the groups that the store shows, and what was granted manually.
async fn one_source<S: Store>(store: S, steps: &[Step]) {
    let (sync, rules) = (sync(store, MemoryRoles::new()), RULES.parse::<RuleSet>().unwrap());
    let calls = Calls { store: &sync, cx: by("okta") };
    let mut population = Population::default();
    for step in steps {
        match population.take(&calls, &sync, step).await {
            Ok(()) | Err(StoreError::Uniqueness { .. }) => {}
            Err(error) => panic!("{step:?}: {error:?}"),
        }
        for user in sync.list(&calls.cx, List::new(&of("User"), 100)).await.unwrap().resources {
            let id: ResourceId = user.id().unwrap().parse().unwrap();
            let mut expected = decided(&sync, &rules, &user).await;
            expected.extend(population.manual.get(&id).into_iter().flatten().cloned());
            let held: BTreeSet<String> = sync.target().roles_of(&id).into_iter().collect();
            assert_eq!(held, expected, "after {step:?}");
        }
    }
}

fn wait(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn roles_are_those_that_deciding_from_scratch_gives(steps in vec(step(), 1..40)) {
        wait(one_source(MemoryStore::new(), &steps));
    }

    #[test]
    fn the_same_of_a_store_that_lacks_everything(steps in vec(step(), 1..25)) {
        wait(one_source(Lacking::only(StoreCapabilities::default()), &steps));
    }

    /// Two clients, of which the rules believe one: whoever writes, a reconciliation finds nothing.
    #[test]
    fn whoever_writes_nothing_is_left_to_reconcile(steps in vec((step(), any::<bool>()), 1..40)) {
        wait(async {
            let sync = sync(MemoryStore::new(), MemoryRoles::new());
            let mut population = Population::default();
            for (step, believed) in &steps {
                let cx = by(if *believed { "okta" } else { "unknown" });
                let calls = Calls { store: &sync, cx };
                match population.take(&calls, &sync, step).await {
                    Ok(()) | Err(StoreError::Uniqueness { .. }) => {}
                    Err(error) => panic!("{step:?}: {error:?}"),
                }
                let differs = sync.reconcile_all(&by("okta")).await.unwrap();
                assert!(differs.is_empty(), "after {step:?}: {differs:?}");
            }
        });
    }

    /// Of a transaction that is dropped nothing is left; of one that is committed all is there.
    #[test]
    fn a_transaction_is_all_or_nothing(
        before in vec(step(), 1..15), within in vec(step(), 1..15), committed in any::<bool>()
    ) {
        wait(async {
            let sync = sync(MemoryStore::new(), MemoryRoles::new());
            let cx = by("okta");
            let mut population = Population::default();
            for step in &before {
                population.take(&Calls { store: &sync, cx: cx.clone() }, &sync, step).await.ok();
            }
            let held = format!("{:?}", sync.target());
            let transaction = sync.begin(&cx).await.unwrap();
            for step in &within {
                // What is granted manually is not part of it, and a deletion shows in the target at the end.
                if !matches!(step, Step::Grant { .. } | Step::DeleteUser { .. }) {
                    population.take(&Calls { store: &*transaction, cx: cx.clone() }, &sync, step).await.ok();
                }
            }
            assert_eq!(format!("{:?}", sync.target()), held, "nothing shows before the commit");
            if committed {
                transaction.commit().await.unwrap();
            } else {
                drop(transaction);
                assert_eq!(format!("{:?}", sync.target()), held, "nothing is left of a dropped transaction");
            }
            assert!(sync.reconcile_all(&cx).await.unwrap().is_empty());
        });
    }
}
