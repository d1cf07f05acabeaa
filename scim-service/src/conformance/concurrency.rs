//! Many callers at once: guarantees 3, 5 and 13.

use serde_json::json;

use super::trial::{Trial, each, id_of, ids_of, sorted, taken};
use crate::store::{List, Precondition, StoreError};

/// How many threads call at once.
const CALLERS: usize = 8;

/// Calls from many threads at once, each with its number.
fn at_once<T: Send>(call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = std::sync::Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        let (start, call) = (&start, &call);
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| {
                scope.spawn(move || {
                    start.wait();
                    call(number)
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("a caller fails by its own assertion")).collect()
    })
}

/// Guarantee 3: of many who create one name at once, one does.
pub fn p03_of_racing_creators_one_wins(trial: &Trial<'_>) {
    let outcomes = at_once(|number| {
        let name = if number % 2 == 0 { "one@example.com" } else { "ONE@example.com" };
        trial.create("User", json!({ "userName": name }))
    });
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|outcome| taken(outcome) == Some("userName")).count();
    assert_eq!((won, refused), (1, CALLERS - 1), "guarantee 3: one creator wins, all others are refused: {outcomes:?}");
}

/// Guarantee 5: of many who write under one version at once, one does.
pub fn p05_of_racing_writers_with_one_version_one_wins(trial: &Trial<'_>) {
    let user = trial.create("User", json!({"userName": "ada"})).expect("guarantee 1: a user can be created");
    let (id, when) = (id_of(&user), Precondition::OneOf(user.version().into_iter().collect()));
    let outcomes = at_once(|number| {
        let title = format!("writer {number}");
        match number % 2 {
            0 => trial.replace("User", &id, json!({"userName": "ada", "title": title}), &when),
            _ => trial.patch("User", &id, &json!([{"op": "replace", "path": "title", "value": title}]), &when),
        }
    });
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::PreconditionFailed))).count();
    assert_eq!((won, refused), (1, CALLERS - 1), "guarantee 5: one writer wins, all others are refused: {outcomes:?}");
    let winner = outcomes.into_iter().find_map(Result::ok).expect("one has won");
    assert_eq!(trial.read("User", &id), winner, "guarantee 13: what is there is what the winner wrote");
}

/// Guarantee 13: members that many callers add and remove at once all come and go.
pub fn p13_no_member_added_at_the_same_time_is_lost(trial: &Trial<'_>) {
    let leaving: Vec<String> = (0..CALLERS).map(|number| format!("leaving-{number}")).collect();
    let group = trial.group("group", &leaving.iter().map(String::as_str).collect::<Vec<_>>());
    at_once(|number| {
        for round in 0..5 {
            let added = trial.add_member(&group, &format!("member-{number}-{round}"));
            added.expect("guarantee 13: a member can be added while others are");
        }
        let removed = trial.remove_member(&group, &format!("leaving-{number}"));
        removed.expect("guarantee 13: a member can be removed while others are added");
    });
    let expected: Vec<String> =
        (0..CALLERS).flat_map(|number| (0..5).map(move |round| format!("member-{number}-{round}"))).collect();
    let expected = sorted(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(each(&trial.read("Group", &group), "members", "value"), expected, "guarantee 13: a write was lost");
}

/// Guarantee 13: users that many callers create at once are all there.
pub fn p13_no_user_created_at_the_same_time_is_lost(trial: &Trial<'_>) {
    let created = at_once(|number| {
        let users = (0..5).map(|round| trial.user(&format!("user-{number}-{round}")));
        users.collect::<Vec<_>>()
    });
    let created: Vec<String> = created.into_iter().flatten().collect();
    let created = sorted(&created.iter().map(String::as_str).collect::<Vec<_>>());
    let page = trial.list(List::new(trial.of("User"), 1000));
    assert_eq!(ids_of(&page), created, "guarantee 13: a write was lost");
    for id in created {
        assert!(trial.get("User", &id).is_ok(), "guarantee 13: a user is in the list and cannot be read");
    }
}
