//! The decision: which roles a person gets, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scim_core::{Provenance, Source};

use crate::rules::subject::Doubt;
use crate::rules::subject::GroupRef;

/// Why a role is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// A rule means this person.
    Rule {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The display name of the group that it recognised; `None` where it asks about the person alone.
        group: Option<String>,
        /// Who asserts the group, or the person where the rule asks about the person alone; `None` where nobody told.
        source: Option<Arc<Provenance>>,
    },
    /// No rule gave a role, and this one is among the default roles.
    Default {
        /// Who asserts the person; `None` where nobody told.
        source: Option<Arc<Provenance>>,
    },
    /// What a [`RoleMapper`](crate::RoleMapper) of the host says.
    Host(String),
}

/// Why a group gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyIgnored {
    /// No rule names it.
    NoRule,
    /// A rule names it in another case, and names regard case.
    OtherCase {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The name as the rule has it.
        name: String,
    },
    /// It is not among the allowed groups.
    NotAllowed,
    /// A rule names it, but the person does not fulfil the rule's condition.
    Condition {
        /// The 1-based number of the first such rule.
        rule: usize,
    },
    /// A rule names it, but the group's name makes of its role what must not be given.
    Withheld {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The role that the name would have made.
        role: String,
    },
    /// A rule names it, but does not believe whoever asserts it, or the person, or that the person is in it.
    NotBelieved {
        /// The 1-based number of the first such rule.
        rule: usize,
        /// What is not believed.
        doubt: Doubt,
    },
    /// A group that is unknown withholds what this one gives by its name.
    Refused,
}

/// A group that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredGroup {
    /// The group.
    pub group: GroupRef,
    /// Why.
    pub why: WhyIgnored,
}

/// The roles of a person, each with its reasons.
///
/// A [`RoleMapper`](crate::RoleMapper) of the host makes one with [`with_role`](Self::with_role):
///
/// ```
/// use superset_mapping::Decision;
/// use superset_mapping::rules::Reason;
///
/// let decision = Decision::default().with_role("Alpha", Reason::Host("on call".to_owned()));
/// assert!(decision.grants("Alpha"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    pub(in crate::rules) roles: BTreeMap<String, BTreeSet<Reason>>,
    pub(in crate::rules) missing: BTreeMap<String, BTreeSet<Reason>>,
    pub(in crate::rules) default_roles: Vec<String>,
    /// Who asserts the person; `None` where nobody told.
    pub(in crate::rules) person: Option<Arc<Provenance>>,
    pub(in crate::rules) ignored: Vec<IgnoredGroup>,
    pub(in crate::rules) refused_by: Vec<String>,
}

impl Decision {
    /// The decision with one more role, or one more reason for it.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>, reason: Reason) -> Self {
        self.roles.entry(role.into()).or_default().insert(reason);
        self
    }

    /// The decision with the roles for whom it gives none.
    #[must_use]
    pub fn with_default_roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.default_roles.extend(roles.into_iter().map(Into::into));
        self.fill_in(&|_| true);
        self
    }

    /// The decision among the roles that exist. One that is missing gives nothing, and takes nothing away: whoever is left without
    /// a role has the default roles.
    ///
    /// ```
    /// use scim_core::Resource;
    /// use superset_mapping::{RuleSet, Subject};
    ///
    /// let rules: RuleSet = "default_roles = ['Gamma']\n[[rule]]\nwhen = 'title pr'\nroles = ['Lead']".parse()?;
    /// let user: Resource = serde_json::from_str(r#"{"userName": "ada", "title": "Dr"}"#)?;
    /// let decision = rules.decide(&Subject { user: &user, groups: vec![] }).among(|role| role == "Gamma");
    /// assert_eq!(decision.roles().collect::<Vec<_>>(), ["Gamma"]);
    /// assert_eq!(decision.missing().collect::<Vec<_>>(), ["Lead"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn among(mut self, exists: impl Fn(&str) -> bool) -> Self {
        let given = std::mem::take(&mut self.roles);
        for (role, reasons) in given {
            let place = if exists(&role) { &mut self.roles } else { &mut self.missing };
            place.insert(role, reasons);
        }
        self.fill_in(&exists);
        self
    }

    /// Gives the default roles where there are no others.
    fn fill_in(&mut self, exists: &dyn Fn(&str) -> bool) {
        if self.roles.is_empty() && !self.is_refused() {
            for role in &self.default_roles {
                let place = if exists(role) { &mut self.roles } else { &mut self.missing };
                place.entry(role.clone()).or_default().insert(Reason::Default { source: self.person.clone() });
            }
        }
    }

    /// The roles that would be given, were they there ([`among`](Self::among)), in the order of their names.
    pub fn missing(&self) -> impl ExactSizeIterator<Item = &str> {
        self.missing.keys().map(String::as_str)
    }

    /// The roles in the order of their names.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// Whether the role is given.
    pub fn grants(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// The reasons for a role, given or [missing](Self::missing): rules in the order of the file.
    pub fn reasons(&self, role: &str) -> impl Iterator<Item = &Reason> {
        self.roles.get(role).or_else(|| self.missing.get(role)).into_iter().flatten()
    }

    /// The first reason for a role in words, as an audit has it: which rule, and by which group. `None` for a role that is not given.
    ///
    /// ```
    /// use superset_mapping::Decision;
    /// use superset_mapping::rules::Reason;
    ///
    /// let decision = Decision::default().with_role("Alpha", Reason::Host("on call".to_owned()));
    /// assert_eq!(decision.rule_for("Alpha").as_deref(), Some("on call"));
    /// assert_eq!(decision.rule_for("Admin"), None);
    /// ```
    pub fn rule_for(&self, role: &str) -> Option<String> {
        self.reasons(role).next().map(|reason| match reason {
            Reason::Rule { rule, group: Some(group), .. } => by_group(*rule, group),
            Reason::Rule { rule, .. } => format!("rule {rule}"),
            Reason::Default { .. } => "default roles".to_owned(),
            Reason::Host(reason) => reason.clone(),
        })
    }

    /// By whose word a role is given: that of the first reason that names somebody, else that of whoever asserts the user.
    ///
    /// ```
    /// use scim_core::Source;
    /// use superset_mapping::Decision;
    /// use superset_mapping::rules::Reason;
    ///
    /// let decision = Decision::default().with_role("Alpha", Reason::Host("on call".to_owned()));
    /// assert_eq!(decision.word_for("Alpha", &Source::client("okta")), Source::client("okta"));
    /// ```
    pub fn word_for(&self, role: &str, user: &Source) -> Source {
        let provenance = self.reasons(role).find_map(|reason| match reason {
            Reason::Rule { source, .. } | Reason::Default { source } => source.as_ref(),
            Reason::Host(_) => None,
        });
        provenance.map_or_else(|| user.clone(), |provenance| provenance.source().clone())
    }

    /// The groups that gave nothing.
    pub fn ignored(&self) -> &[IgnoredGroup] {
        &self.ignored
    }

    /// Whether the person is in a group that is unknown, and the rules refuse such people: they are not logged in just in time,
    /// and have no roles but those that identifiers of other groups give. So whatever a group is renamed to, nobody gains or
    /// loses a protected role by it.
    pub fn is_refused(&self) -> bool {
        !self.refused_by.is_empty()
    }

    /// The display names of the groups for which the person is refused.
    pub fn refused_by(&self) -> &[String] {
        &self.refused_by
    }
}

/// A rule and the group by which it gives, in words.
pub(super) fn by_group(rule: usize, group: &str) -> String {
    format!("rule {rule}, by the group `{group}`")
}
