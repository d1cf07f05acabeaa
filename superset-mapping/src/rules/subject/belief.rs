//! Whom rules believe.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use scim_core::{Provenance, Source, SourceError};

use crate::rules::subject::person::{GroupRef, Subject};

/// Whose assertions a rule believes: one source, or every SCIM client.
///
/// Its text form stands in `sources` of a rules file: `scim`, `client:okta`, `provider:partners`, `host`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Believed {
    /// Every SCIM client, also one whose name was never recorded.
    Scim,
    /// This source alone.
    One(Source),
}

impl Believed {
    /// Whether what this source asserts is believed.
    pub fn believes(&self, source: &Source) -> bool {
        match self {
            Self::Scim => source.is_client(),
            Self::One(one) => one == source,
        }
    }

    /// Whether everything that the other believes is believed.
    pub(in crate::rules) fn covers(&self, other: &Self) -> bool {
        match other {
            Self::Scim => *self == Self::Scim,
            Self::One(source) => self.believes(source),
        }
    }
}

impl fmt::Display for Believed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scim => f.write_str("scim"),
            Self::One(source) => source.fmt(f),
        }
    }
}

impl FromStr for Believed {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "scim" => Ok(Self::Scim),
            // It names nobody, so that nobody can be believed by it.
            "client:*" => Err(SourceError { found: text.to_owned() }),
            text => text.parse().map(Self::One),
        }
    }
}

/// Whom one rule believes: sources, any of them, and a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Belief {
    pub(in crate::rules) sources: Vec<Believed>,
    pub(in crate::rules) tenant: Option<String>,
}

impl Belief {
    /// The sources that the rule names, any of which it believes; none where it believes whom the rules believe unless told.
    pub fn sources(&self) -> &[Believed] {
        &self.sources
    }

    /// The tenant for which the source must write; `None` for any.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether everything that the other believes is believed.
    pub(in crate::rules) fn covers(&self, other: &Self) -> bool {
        let sources = match (self.sources.is_empty(), other.sources.is_empty()) {
            (true, true) => true,
            (false, false) => other.sources.iter().all(|theirs| self.sources.iter().any(|ours| ours.covers(theirs))),
            _ => false,
        };
        sources && (self.tenant.is_none() || self.tenant == other.tenant)
    }
}

/// What of an assertion is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// Who asserts the person.
    Person,
    /// Who asserts the group.
    Group,
    /// Who asserts a membership between the two.
    Membership,
}

/// Whom rules believe that name no source.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) enum Trust<'a> {
    /// Any of these.
    These(&'a [Believed]),
    /// Nothing says whom: what one and the same source asserts, this one where it is known.
    Same(Option<&'a Source>),
}

impl<'a> Trust<'a> {
    /// Whom rules believe about this person, if nothing says whom.
    pub(in crate::rules) fn same(subject: &'a Subject<'_>) -> Self {
        Self::Same(subject.user.provenance().map(|provenance| provenance.source()))
    }

    /// Whether a person is believed in by the rules that name no source.
    pub(in crate::rules) fn believes(self, source: Option<&Source>) -> bool {
        match (self, source) {
            (Self::These(these), Some(source)) => these.iter().any(|believed| believed.believes(source)),
            // Who asks without a store has nobody to tell who asserts.
            (Self::These(_), None) => false,
            (Self::Same(Some(same)), Some(source)) => same == source,
            (Self::Same(_), _) => true,
        }
    }

    /// What a rule does not believe of a person, or of a person in a group.
    pub(in crate::rules) fn doubt(
        self,
        belief: &Belief,
        person: Option<&Provenance>,
        group: Option<&GroupRef>,
    ) -> Option<Doubt> {
        let trust = match self {
            _ if !belief.sources.is_empty() => Trust::These(&belief.sources),
            // A group is asked about by itself.
            Trust::Same(None) => Trust::Same(group.and_then(|group| Some(group.provenance.as_deref()?.source()))),
            trust => trust,
        };
        let tenant = |who: Option<&Provenance>| {
            belief.tenant.is_none() || who.and_then(Provenance::tenant) == belief.tenant.as_deref()
        };
        let believed = |who: Option<&Provenance>| trust.believes(who.map(Provenance::source)) && tenant(who);
        if !believed(person) {
            return Some(Doubt::Person);
        }
        let group = group?;
        if !believed(group.provenance.as_deref()) {
            return Some(Doubt::Group);
        }
        let chain = |chain: &BTreeSet<Source>| chain.iter().all(|source| trust.believes(Some(source)));
        // Unless told, memberships are asserted by whoever asserts the group.
        let believed = group.chains.is_empty() || group.chains.iter().any(chain);
        (!believed).then_some(Doubt::Membership)
    }

    /// The same of a group alone, whoever is in it.
    pub(in crate::rules) fn believes_group(self, belief: &Belief, group: &GroupRef) -> bool {
        let provenance = group.provenance.as_deref();
        let alone = GroupRef { chains: Vec::new(), ..group.clone() };
        self.doubt(belief, provenance, Some(&alone)).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scim_client_is_believed_by_scim_and_none_by_another_name() {
        let scim: Believed = "scim".parse().unwrap();
        let okta: Believed = "client:okta".parse().unwrap();
        for (source, by_scim, by_okta) in [
            (Source::client("okta"), true, true),
            (Source::client("entra"), true, false),
            (Source::UnknownClient, true, false),
            (Source::provider("okta"), false, false),
            (Source::Host, false, false),
        ] {
            assert_eq!((scim.believes(&source), okta.believes(&source)), (by_scim, by_okta), "{source}");
        }
        for text in ["", "okta", "client:", "client:*", "SCIM"] {
            assert!(text.parse::<Believed>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_wider_belief_covers_a_narrower_one() {
        let belief = |sources: &[&str], tenant: Option<&str>| Belief {
            sources: sources.iter().map(|source| source.parse().unwrap()).collect(),
            tenant: tenant.map(str::to_owned),
        };
        assert!(belief(&["scim"], None).covers(&belief(&["client:a"], Some("t"))));
        assert!(belief(&[], None).covers(&belief(&[], Some("t"))));
        assert!(!belief(&["client:a"], None).covers(&belief(&["scim"], None)));
        assert!(!belief(&[], None).covers(&belief(&["client:a"], None)));
        assert!(!belief(&["scim"], Some("t")).covers(&belief(&["scim"], None)));
    }
}
