//! Who asserts a resource, once somebody has written to it.

use scim_core::{Resource, Source};

use crate::store::StoreError;

/// What a write makes of who asserts a resource: whoever wrote its content last. For stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthorityChange {
    /// Whoever did.
    Stays,
    /// The writer, who is the client that had no name here yet.
    Named,
    /// The writer, in place of somebody else.
    Moves,
    /// A SCIM client, in place of the identity provider whose login made the resource: only where the host allows it.
    TakesOver,
}

impl AuthorityChange {
    /// Judges a write of `writer` to a resource that `owner` asserts.
    ///
    /// `active` says nothing of who somebody is: who changes it alone only locks them out or lets them in. Nor does the host, whatever
    /// it writes, for it speaks for nobody.
    pub fn of(writer: &Source, owner: &Source, old: &Resource, new: &Resource) -> Self {
        // `schemas` follows from the rest.
        let aside = ["active", "groups", "id", "members", "meta", "schemas"];
        let said = |resource: &Resource| resource.members().filter(|(name, _)| !aside.contains(&&**name)).count();
        let is_same = || {
            let mut all = old.members().filter(|(name, _)| !aside.contains(&&**name));
            said(old) == said(new) && all.all(|(name, value)| new.get(&name) == Some(value))
        };
        match (writer, owner) {
            _ if writer == owner => Self::Stays,
            (Source::Host, _) => Self::Stays,
            (_, Source::UnknownClient) if writer.is_client() => Self::Named,
            _ if is_same() => Self::Stays,
            (_, Source::Provider(_)) if writer.is_client() => Self::TakesOver,
            _ => Self::Moves,
        }
    }

    /// The refusal of a takeover that the host does not allow.
    pub fn refusal(owner: &Source) -> StoreError {
        let provider = match owner {
            Source::Provider(name) => format!(" `{name}`"),
            _ => String::new(),
        };
        let reason = format!(
            "a login of the identity provider{provider} made this, and SCIM clients do not take it over unless the operator allows it \
             (`--takeover`), which ends the identity provider's hold and all sessions; `active` alone may be changed, and it may be deleted"
        );
        StoreError::Refused { reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn x1_content_moves_who_asserts_and_active_alone_does_not() {
        let user = |user: Value| -> Resource { serde_json::from_value(user).unwrap() };
        let old = user(json!({"userName": "a", "active": true}));
        let (locked, titled) =
            (user(json!({"userName": "a", "active": false})), user(json!({"userName": "a", "title": "x"})));
        let (okta, entra, partners) = (Source::client("okta"), Source::client("entra"), Source::provider("partners"));
        for (writer, owner, new, expected) in [
            (&okta, &okta, &titled, AuthorityChange::Stays),
            (&entra, &okta, &titled, AuthorityChange::Moves),
            (&entra, &okta, &locked, AuthorityChange::Stays),
            (&okta, &partners, &locked, AuthorityChange::Stays),
            (&okta, &partners, &titled, AuthorityChange::TakesOver),
            (&partners, &okta, &titled, AuthorityChange::Moves),
            (&Source::Host, &partners, &titled, AuthorityChange::Stays),
            (&okta, &Source::UnknownClient, &old, AuthorityChange::Named),
            (&partners, &Source::UnknownClient, &titled, AuthorityChange::Moves),
        ] {
            assert_eq!(AuthorityChange::of(writer, owner, &old, new), expected, "{writer} {owner}");
        }
        let reason = AuthorityChange::refusal(&partners).to_string();
        assert!(reason.contains("`partners`") && reason.contains("--takeover"), "{reason}");
    }
}
