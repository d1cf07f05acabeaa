//! A group as those see it who are in it.

use std::collections::BTreeSet;

use scim_core::Source;

use crate::rules::GroupRef;

/// A group that somebody is in.
#[derive(Clone, Debug)]
pub(crate) struct InGroup {
    pub(crate) group: GroupRef,
    /// The row of `ab_group`, where there is one and it is still ours.
    pub(crate) local: Option<i64>,
    pub(crate) direct: bool,
}

impl InGroup {
    /// Who asserts the group.
    pub(crate) fn source(&self) -> Option<Source> {
        self.group.provenance.as_ref().map(|provenance| provenance.source().clone())
    }

    /// Whether one and the same source asserts person, group and membership. A client from before clients had names may be any.
    pub(crate) fn is_of_one_source(&self, person: Option<&Source>) -> bool {
        let group = self.group.provenance.as_ref().map(|provenance| provenance.source());
        let one = |chain: Option<&BTreeSet<Source>>| {
            let all = person.into_iter().chain(group).chain(chain.into_iter().flatten());
            let (unknown, known): (BTreeSet<&Source>, BTreeSet<&Source>) =
                all.partition(|source| **source == Source::UnknownClient);
            known.len() < 2 && (unknown.is_empty() || known.iter().all(|source| source.is_client()))
        };
        self.group.chains.is_empty() && one(None) || self.group.chains.iter().any(|chain| one(Some(chain)))
    }
}

/// The groups of the one user whom a call is about, whom the call neither puts into groups nor takes out of them.
#[derive(Clone, Debug)]
pub(in crate::store) struct OwnGroups {
    pub(in crate::store) user: String,
    /// `None` until they were asked for.
    pub(in crate::store) known: Option<Vec<InGroup>>,
}
