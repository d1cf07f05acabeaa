//! Roles that the host's own code decides.

use std::collections::BTreeSet;
use std::fmt;

use crate::rules::decision::Decision;
use crate::rules::rule_set::RuleSet;
use crate::rules::subject::{GroupRef, Subject};

/// Decides who gets which role: a [`RuleSet`], or the host's own code in its place.
///
/// An implementation promises:
///
/// 1. **Purity.** The same subject gets the same decision, until the host restarts: SCIM, login and reconciliation ask at different
///    times and must agree.
/// 2. **Speed.** It is called within transactions. It does not wait for anything.
/// 3. **Care.** Clients choose display names; a decision that they could turn into more rights by renaming a group is a hole.
///
/// ```
/// use scim_core::Resource;
/// use superset_mapping::{Decision, Reason, RoleMapper, Subject};
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
    /// a part of what `decide` gives each of them. A store may grant them to the group instead.
    fn roles_of_group(&self, group: &GroupRef) -> BTreeSet<String> {
        let _ = group;
        BTreeSet::new()
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
}
