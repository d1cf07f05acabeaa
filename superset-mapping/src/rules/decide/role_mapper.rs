//! Roles that the host's own code decides.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use scim_core::{Provenance, Source};
use scim_filter::fold;

use crate::rules::decide::decision::Decision;
use crate::rules::decide::writers::WriterError;
use crate::rules::language::Binding;
use crate::rules::language::RuleSet;
use crate::rules::subject::{Believed, Trust};
use crate::rules::subject::{GroupRef, Subject};

/// Decides who gets which role: a [`RuleSet`], or the host's own code in its place.
///
/// An implementation guarantees:
///
/// 1. **Purity.** The same subject gets the same decision, until the host restarts: SCIM, login and reconciliation ask at different
///    times and must agree.
/// 2. **Speed.** It is called within transactions. It does not wait for anything.
/// 3. **Care.** Clients choose display names; a decision that they could turn into more rights by renaming a group is a hole. So is
///    one that regards a claim without asking whose it is: resources, groups and memberships tell who asserts them.
///
/// ```
/// use scim_core::Resource;
/// use superset_mapping::{Decision, RoleMapper, Subject};
/// use superset_mapping::rules::Reason;
///
/// #[derive(Debug)]
/// struct ByDomain;
///
/// impl RoleMapper for ByDomain {
///     fn decide(&self, subject: &Subject<'_>) -> Decision {
///         let name = subject.user.get("userName").and_then(|name| name.as_str()).unwrap_or_default();
///         let role = if name.ends_with("@example.com") { "Alpha" } else { "Gamma" };
///         Decision::default().with_role(role, Reason::Host("domain of the user name".to_owned()))
///     }
///
///     fn possible_roles(&self) -> Vec<String> {
///         vec!["Alpha".to_owned(), "Gamma".to_owned()]
///     }
/// }
///
/// let user: Resource = serde_json::from_str(r#"{"userName": "ada@example.com"}"#)?;
/// assert!(ByDomain.decide(&Subject { user: &user, groups: vec![] }).grants("Alpha"));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait RoleMapper: fmt::Debug + Send + Sync + 'static {
    /// Decides the roles of a person.
    fn decide(&self, subject: &Subject<'_>) -> Decision;

    /// The roles that a decision can give, as far as they are known beforehand, to be looked for in Superset.
    fn possible_roles(&self) -> Vec<String>;

    /// The roles that need special care: who holds one is not adopted, for instance. `Admin` unless the host says otherwise.
    fn protected_roles(&self) -> Vec<String> {
        vec!["Admin".to_owned()]
    }

    /// The role whose permissions a role gets that is given and that Superset lacks. `None`: such a role gives nothing.
    fn template_role(&self) -> Option<String> {
        None
    }

    /// The roles that every member gets because of this group alone, whoever the member is and whatever other groups there are:
    /// a part of what `decide` gives each of them, if member and membership are asserted by whoever asserts the group. A store may
    /// grant them to the group instead.
    fn roles_of_group(&self, group: &GroupRef) -> BTreeSet<String> {
        let _ = group;
        BTreeSet::new()
    }

    /// In words, as an audit has it, by which rule a group has a role of [`roles_of_group`](Self::roles_of_group); `None` where that is not
    /// known.
    fn rule_of_group(&self, group: &GroupRef, role: &str) -> Option<String> {
        let _ = (group, role);
        None
    }

    /// Whether the role is one that must not be had by a name alone. Giving and taking it is an event of its own.
    fn is_protected(&self, role: &str) -> bool {
        fold(role.trim()) == "admin"
    }

    /// What the `externalId` of a group stands for.
    fn bound(&self, group: &GroupRef) -> Bound {
        let _ = group;
        Bound::default()
    }

    /// The `externalId`s by which rules give protected roles, as they are stored: a store keeps each for the first group that
    /// claimed it.
    fn protected_bindings(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// The same mapper, told which sources ever wrote, in the order in which they first did; `None` where it makes no difference.
    fn believing(&self, writers: &[Source]) -> Option<Arc<dyn RoleMapper>> {
        let _ = writers;
        None
    }

    /// Whether these may write: see [`RuleSet::check_writers`].
    ///
    /// # Errors
    ///
    /// [`WriterError`], which says what to add to the rules.
    fn check_writers(&self, writers: &[Provenance], recorded: &[Source]) -> Result<(), WriterError> {
        let _ = (writers, recorded);
        Ok(())
    }
}

/// What rules make of the `externalId` of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bound {
    /// The 1-based numbers of the rules that are bound to it and believe who asserts the group.
    pub rules: Vec<usize>,
    /// A rule that gives protected roles is bound to it, whomever the rule believes.
    pub protected: bool,
    /// A rule that gives protected roles is bound to it, and believes who asserts the group.
    pub gives_protected: bool,
}

impl Bound {
    /// Whether a rule that is bound to this group is bound to the other, and believes who asserts either: of two such groups only one
    /// may have the `externalId`.
    pub fn competes_with(&self, other: &Self) -> bool {
        self.rules.iter().any(|rule| other.rules.contains(rule))
    }
}

impl RoleMapper for RuleSet {
    fn decide(&self, subject: &Subject<'_>) -> Decision {
        Self::decide(self, subject)
    }

    fn possible_roles(&self) -> Vec<String> {
        self.roles().into_iter().map(str::to_owned).collect()
    }

    fn protected_roles(&self) -> Vec<String> {
        Self::protected_roles(self).to_vec()
    }

    fn template_role(&self) -> Option<String> {
        self.create_roles_from().map(str::to_owned)
    }

    fn roles_of_group(&self, group: &GroupRef) -> BTreeSet<String> {
        Self::roles_of_group(self, group)
    }

    fn rule_of_group(&self, group: &GroupRef, role: &str) -> Option<String> {
        Self::rule_of_group(self, group, role)
    }

    fn is_protected(&self, role: &str) -> bool {
        Self::is_protected(self, role)
    }

    fn bound(&self, group: &GroupRef) -> Bound {
        let Some(identifier) = group.identifier() else { return Bound::default() };
        let trust = self.trust(Trust::Same(None));
        let mut bound = Bound::default();
        for &index in self.index.bound_to(identifier) {
            let Some(rule) = self.rules.get(index) else { continue };
            let believed = trust.believes_group(rule.belief(), group);
            bound.rules.extend(believed.then_some(index + 1));
            bound.protected |= rule.grants_protected();
            bound.gives_protected |= believed && rule.grants_protected();
        }
        bound
    }

    fn protected_bindings(&self) -> BTreeSet<String> {
        let mut bindings = BTreeSet::new();
        for rule in self.rules.iter().filter(|rule| rule.grants_protected()) {
            let Some(Binding::ExternalId(id)) = rule.binding() else { continue };
            let named = rule.belief().sources();
            let believed: Vec<&Believed> =
                if named.is_empty() { self.believed().collect() } else { named.iter().collect() };
            for source in &believed {
                bindings.insert(match source {
                    Believed::One(source) => format!("{}{id}", source.prefix()),
                    Believed::Scim => id.clone(),
                });
            }
            if believed.is_empty() {
                bindings.insert(id.clone());
            }
        }
        bindings
    }

    fn believing(&self, writers: &[Source]) -> Option<Arc<dyn RoleMapper>> {
        if self.sources.is_some() {
            return None;
        }
        let told = self.clone().believing(writers);
        (told.first_writers != self.first_writers).then(|| Arc::new(told) as Arc<dyn RoleMapper>)
    }

    fn check_writers(&self, writers: &[Provenance], recorded: &[Source]) -> Result<(), WriterError> {
        Self::check_writers(self, writers, recorded)
    }
}
