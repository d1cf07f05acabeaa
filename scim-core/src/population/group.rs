//! One group, and who is in it.

use serde_json::{Map, Value, json};

use crate::population::random::Random;
use crate::population::words::DEPARTMENTS;
use crate::resource::Resource;
use crate::urn;

/// The group of a number, as a client sends it.
pub(super) fn group(number: usize, members: impl IntoIterator<Item: ToString>) -> Resource {
    let department = DEPARTMENTS.get(number % DEPARTMENTS.len()).copied().unwrap_or_default();
    let name = format!("{department} {}", 1 + number / DEPARTMENTS.len());
    let members: Vec<Value> =
        members.into_iter().map(|member| json!({"value": member.to_string(), "type": "User"})).collect();
    let mut attributes = Map::new();
    attributes.insert("schemas".to_owned(), json!([urn::GROUP]));
    attributes.insert("externalId".to_owned(), format!("group-{number}").into());
    attributes.insert("displayName".to_owned(), name.into());
    if !members.is_empty() {
        attributes.insert("members".to_owned(), members.into());
    }
    Resource::from_attributes(attributes)
}

/// Distinct numbers below `users`: steps around a ring, of a length that has no divisor in common with it, come to each of its
/// places once before they come to one again. So nothing has to be remembered.
pub(super) fn members(mut random: Random, users: usize, size: usize) -> impl ExactSizeIterator<Item = usize> + Clone {
    let start = random.below(users);
    let mut step = 1 + random.below(users.saturating_sub(1));
    while users > 0 && common_divisor(step, users) != 1 {
        step = step % users + 1;
    }
    (0..size.min(users)).map(move |index| {
        let place = start as u128 + index as u128 * step as u128;
        usize::try_from(place % users.max(1) as u128).unwrap_or_default()
    })
}

fn common_divisor(mut one: usize, mut other: usize) -> usize {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}
