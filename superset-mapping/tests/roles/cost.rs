//! What a write costs depends on whom it touches, not on how many others there are.

use serde_json::json;
use superset_mapping::MemoryRoles;

use crate::stores::Lacking;
use crate::world::{okta, sync};

#[tokio::test]
async fn a_member_more_is_looked_at_alone() {
    let store = sync(Lacking::nothing(), MemoryRoles::new());
    let okta = okta(&store);
    let mut members = Vec::new();
    for number in 0..1000 {
        members.push(okta.user(&format!("user-{number}")).await);
    }
    let (first, rest) = members.split_first().unwrap();
    let readers = okta.group("readers", &rest.iter().collect::<Vec<_>>()).await.unwrap();
    let calls = store.store().calls.clone();
    calls.lock().unwrap().clear();
    okta.add(&readers, first).await.unwrap();
    okta.remove(&readers, first).await.unwrap();
    let one = ["read Group", "read User", "read Group"];
    // Before the first write the group is read for its name; whoever has left is in no group.
    assert_eq!(*calls.lock().unwrap(), [one.as_slice(), &one[..2]].concat());
    calls.lock().unwrap().clear();
    okta.set("User", first, "title", json!("x")).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), ["read User"]);
}
