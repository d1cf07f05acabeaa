//! What is counted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::change::{Change, GrantKind};

/// What a brake counts of what a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// Resources of any type that were created.
    Creations,
    /// Users whose `active` became false. It was true, or nobody had said so.
    Deactivations,
    /// Resources of any type that were deleted.
    Deletions,
    /// Protected roles that people or groups came to hold.
    ProtectedGrants,
}

/// The text names nothing that is counted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected `creations`, `deactivations`, `deletions` or `protected-grants`, found `{found}`")]
pub struct KindError {
    /// The text.
    pub found: String,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Creations, Self::Deactivations, Self::Deletions, Self::ProtectedGrants];

    /// The name, as flags and records have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creations => "creations",
            Self::Deactivations => "deactivations",
            Self::Deletions => "deletions",
            Self::ProtectedGrants => "protected-grants",
        }
    }

    /// What people read.
    pub(super) fn in_words(self) -> &'static str {
        if self == Self::ProtectedGrants { "grants of protected roles" } else { self.as_str() }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| KindError { found: text.to_owned() })
    }
}

/// How much there is of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally([u64; Kind::ALL.len()]);

impl Tally {
    /// What a change counts as.
    pub(super) fn of(change: &Change, is_protected: &dyn Fn(&str) -> bool) -> Self {
        let mut tally = Self::default();
        match (&change.before, &change.after) {
            (None, _) => tally.add(Kind::Creations, 1),
            (Some(_), None) => tally.add(Kind::Deletions, 1),
            (Some(_), Some(_)) if deactivates(change) => tally.add(Kind::Deactivations, 1),
            _ => {}
        }
        let gained = change.access.gained.iter().filter(|grant| grant.kind == GrantKind::Role);
        tally.add(Kind::ProtectedGrants, gained.filter(|grant| is_protected(&grant.name)).map(|_| 1).sum());
        tally
    }

    pub(super) fn get(self, kind: Kind) -> u64 {
        self.0.get(kind as usize).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, kind: Kind, number: u64) {
        if let Some(count) = self.0.get_mut(kind as usize) {
            *count = count.saturating_add(number);
        }
    }

    /// Less by so many of a kind.
    pub(super) fn without(mut self, kind: Kind, number: u64) -> Self {
        if let Some(count) = self.0.get_mut(kind as usize) {
            *count = count.saturating_sub(number);
        }
        self
    }

    /// Both together.
    pub(super) fn and(mut self, other: Self) -> Self {
        for kind in Kind::ALL {
            self.add(kind, other.get(kind));
        }
        self
    }

    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// Whether the change locks somebody out who was not.
fn deactivates(change: &Change) -> bool {
    change.differences.all().iter().any(|difference| {
        let became_false = || difference.after().and_then(serde_json::Value::as_bool) == Some(false);
        difference.target().top_level() == Some("active") && became_false()
    })
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use scim_core::{SchemaSet, Version};
    use scim_patch::Differences;
    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::change::{AccessChange, Grant};
    use crate::context::{Context, Principal};

    fn change() -> Change {
        let cx = Context::new(Principal::new("okta"), "r-1", Utc::now());
        Change::new(&cx, SchemaSet::builtin().user().unwrap(), "u".parse().unwrap())
    }

    fn between(before: Value, after: Value) -> Tally {
        let schemas = SchemaSet::builtin();
        let (before, after) = (from_value(before).unwrap(), from_value(after).unwrap());
        let differences = Differences::between(schemas.user().unwrap(), &before, &after);
        let change = change().with_versions(Some(Version::new(1)), Some(Version::new(2)));
        Tally::of(&change.with_differences(differences), &|_| false)
    }

    #[test]
    fn only_who_was_let_in_is_deactivated() {
        let [on, off, unsaid] =
            [json!({"active": true}), json!({"active": false}), json!({})].map(|mut user: Value| {
                user["userName"] = "ada".into();
                user
            });
        for (before, after, number) in
            [(&on, &off, 1), (&unsaid, &off, 1), (&off, &off, 0), (&off, &on, 0), (&on, &unsaid, 0), (&on, &on, 0)]
        {
            assert_eq!(between(before.clone(), after.clone()).get(Kind::Deactivations), number, "{before} {after}");
        }
    }

    #[test]
    fn versions_tell_creations_and_deletions() {
        let version = || Some(Version::new(1));
        let of = |change: Change| Tally::of(&change, &|role| role == "Admin");
        assert_eq!(of(change().with_versions(None, version())).get(Kind::Creations), 1);
        assert_eq!(of(change().with_versions(version(), None)).get(Kind::Deletions), 1);
        assert!(of(change().with_versions(version(), version())).is_nothing());
        let grant = |name| Grant::new(GrantKind::Role, name, "User", "u".parse().unwrap());
        let access = AccessChange::default().gaining(grant("Admin")).gaining(grant("Alpha"));
        let granted = of(change().with_versions(version(), version()).with_access(access));
        assert_eq!(granted.get(Kind::ProtectedGrants), 1);
    }

    #[test]
    fn kinds_are_read_by_the_names_that_they_are_written_with() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        let error = "patches".parse::<Kind>().unwrap_err();
        assert!(error.to_string().ends_with("found `patches`"), "{error}");
    }
}
