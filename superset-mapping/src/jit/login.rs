//! A login: the same path as provisioning, through the store.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Resource, ResourceId, SchemaSet};
use scim_service::{Context, Principal, Store, StoreError};
use serde_json::Value;

use crate::jit::assertion::{Assertion, AssertionVerifier, LoginResponse};
use crate::jit::attribute_mapping::{Person, merge};
use crate::jit::audit::{LoginAudit, LoginOutcome, LoginRecord};
use crate::jit::identity_provider::{IdentityProvider, People};
use crate::jit::provisioning::{Provisioning, id_of};
use crate::jit::refusal::{LoginError, Refusal};
use crate::rules::{Decision, GroupRef, RoleMapper, Subject};

/// Logs people in just in time: whoever an identity provider vouches for becomes a user of the store, with the roles that the rules
/// give.
///
/// It makes the same resources as a SCIM client, so that the store cannot tell the two apart, and what one does the other sees:
///
/// - **Identity.** A person is known by the subject of the assertion with this identity provider; no name and no address links
///   them to a user whom somebody else made, unless the [`IdentityProvider`] says so.
/// - **Roles** are decided by the same rules. Groups are those of the assertion, at each login; who is in no group any more loses
///   what groups gave.
/// - **Inactive people** are refused, and stay inactive: SCIM decides that.
/// - **Every login is recorded**, with the identifier of the assertion; the record comes first.
///
/// A login is several calls of the store, not one transaction: rights are taken before any are given, and what a failure leaves
/// undone the next login completes.
///
/// ```
/// use std::sync::Arc;
///
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::MemoryStore;
/// use superset_mapping::{
///     Assertion, AttributeMapping, IdentityProvider, JitLogin, JsonLines, People, RuleSet,
/// };
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let rules: RuleSet = "[[rule]]\ngroup = \"analysts\"\nroles = [\"Alpha\"]".parse()?;
/// let logins = JitLogin::new(
///     Arc::new(MemoryStore::new()), SchemaSet::builtin(), Arc::new(rules), JsonLines::new(std::io::sink()),
/// );
/// let partners = IdentityProvider::new("partners", AttributeMapping::okta(), People::Created)?;
/// let assertion = Assertion {
///     id: "_5f1c".to_owned(),
///     subject: "ada@example.com".to_owned(),
///     attributes: [("groups".to_owned(), vec!["analysts".to_owned()])].into(),
/// };
/// let login = logins.login(&partners, &assertion, Utc::now()).await?;
/// assert!(login.created && login.decision.grants("Alpha"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JitLogin<S: ?Sized> {
    store: Arc<S>,
    schemas: SchemaSet,
    roles: Arc<dyn RoleMapper>,
    audit: Box<dyn LoginAudit>,
}

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    /// The User resource as it is now.
    pub user: Resource,
    /// The roles, with the reasons.
    pub decision: Decision,
    /// Whether the user was created by this login.
    pub created: bool,
    /// Whether attributes of the user were changed by it.
    pub changed: bool,
    /// What happened to the groups.
    pub groups: GroupChanges,
}

/// What a login did to the groups of a person, by display name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChanges {
    /// Groups that were joined.
    pub joined: Vec<String>,
    /// Groups that were left.
    pub left: Vec<String>,
    /// Groups of the assertion that were not joined: somebody else made a group of that name, or the store can't have one.
    pub not_joined: Vec<String>,
}

impl<S: Store + ?Sized> JitLogin<S> {
    /// Logins over a store. `roles` should be what the store itself decides by.
    pub fn new(store: Arc<S>, schemas: SchemaSet, roles: Arc<dyn RoleMapper>, audit: impl LoginAudit) -> Self {
        Self { store, schemas, roles, audit: Box::new(audit) }
    }

    /// Verifies what a browser brought, and logs the person in.
    ///
    /// # Errors
    ///
    /// [`LoginError`]; the record has it too.
    pub async fn authenticate(
        &self,
        provider: &IdentityProvider,
        verifier: &dyn AssertionVerifier,
        response: &LoginResponse,
        now: DateTime<Utc>,
    ) -> Result<Login, LoginError> {
        match verifier.verify(response, now).await {
            Ok(assertion) => self.login(provider, &assertion, now).await,
            Err(error) => {
                let refused = Err(LoginError::Refused(Refusal::Assertion(error)));
                self.record(provider, None, None, &refused, now).await?;
                refused
            }
        }
    }

    /// Logs in the person of an assertion that was verified.
    ///
    /// # Errors
    ///
    /// [`LoginError`]; the record has it too.
    pub async fn login(
        &self,
        provider: &IdentityProvider,
        assertion: &Assertion,
        now: DateTime<Utc>,
    ) -> Result<Login, LoginError> {
        let mut user = None;
        let outcome = self.attempt(provider, assertion, now, &mut user).await;
        self.record(provider, Some(assertion), user, &outcome, now).await?;
        outcome
    }

    async fn attempt(
        &self,
        provider: &IdentityProvider,
        assertion: &Assertion,
        now: DateTime<Utc>,
        known: &mut Option<String>,
    ) -> Result<Login, LoginError> {
        let person = provider.mapping().person(assertion).map_err(Refusal::Mapping)?;
        let principal = match provider.tenant() {
            Some(tenant) => Principal::provider(provider.name()).in_tenant(tenant),
            None => Principal::provider(provider.name()),
        };
        let cx = Context { principal, ..Context::internal(&assertion.id, now) };
        let provisioning = Provisioning::new(&*self.store, &cx, &self.schemas)
            .ok_or_else(|| StoreError::internal("the schemas have no users or no groups"))?;
        let found = match provider.people() {
            People::Provisioned => provisioned(&provisioning, &person).await?,
            People::Created => created_before(&provisioning, provider, assertion, &person).await?,
        };
        *known = found.as_ref().and_then(|user| user.id()).map(str::to_owned);
        if found.as_ref().is_some_and(is_inactive) {
            return Err(Refusal::Inactive.into());
        }
        let mut created = false;
        let mut changed = false;
        let id = match (found, provider.people()) {
            (None, People::Provisioned) => return Err(Refusal::NotProvisioned.into()),
            (Some(user), People::Provisioned) => id_of(&user)?,
            (Some(user), People::Created) => {
                let id = id_of(&user)?;
                let external_id = provider.external_id(&assertion.subject);
                changed = provisioning.change_user(&id, |user| say(user, &person.user, &external_id)).await?;
                id
            }
            (None, People::Created) => {
                let mut draft = person.user.clone();
                say(&mut draft, &person.user, &provider.external_id(&assertion.subject));
                match provisioning.create_user(draft).await {
                    Ok(user) => {
                        created = true;
                        id_of(&user)?
                    }
                    // Another login of the same person may have been faster.
                    Err(StoreError::Uniqueness { attribute }) => {
                        let own = provisioning.users("externalId", &provider.external_id(&assertion.subject)).await?;
                        id_of(own.first().ok_or(Refusal::Taken { attribute })?)?
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        *known = Some(id.to_string());
        let mut groups = GroupChanges::default();
        if let (People::Created, Some(wanted)) = (provider.people(), &person.groups) {
            groups = provisioning.sync_groups(provider, &id, wanted).await?;
        }
        let user = provisioning.user(&id).await?;
        // A SCIM client may have deactivated the person in the meantime.
        if is_inactive(&user) {
            return Err(Refusal::Inactive.into());
        }
        let decision = self.roles.decide(&Subject { user: &user, groups: groups_of(&provisioning, &user).await? });
        if let Some(group) = decision.refused_by().first() {
            return Err(Refusal::UnknownGroup { group: group.clone() }.into());
        }
        Ok(Login { user, decision, created, changed, groups })
    }

    async fn record(
        &self,
        provider: &IdentityProvider,
        assertion: Option<&Assertion>,
        user: Option<String>,
        outcome: &Result<Login, LoginError>,
        now: DateTime<Utc>,
    ) -> Result<(), LoginError> {
        let outcome = match outcome {
            Ok(login) => LoginOutcome::LoggedIn {
                created: login.created,
                changed: login.changed,
                joined: login.groups.joined.clone(),
                left: login.groups.left.clone(),
                not_joined: login.groups.not_joined.clone(),
                roles: login.decision.roles().map(str::to_owned).collect(),
            },
            Err(LoginError::Refused(refusal)) => {
                LoginOutcome::Refused { reason: refusal.code(), detail: refusal.to_string() }
            }
            Err(error) => LoginOutcome::Failed { detail: error.to_string() },
        };
        let record = LoginRecord {
            at: now,
            identity_provider: provider.name().to_owned(),
            assertion: assertion.map(|assertion| assertion.id.clone()),
            subject: assertion.map(|assertion| assertion.subject.clone()),
            user,
            outcome,
        };
        self.audit.record(&record).await.map_err(LoginError::Audit)
    }
}

/// Whom SCIM provisioned under this user name. User names are unique.
async fn provisioned<S: Store + ?Sized>(
    provisioning: &Provisioning<'_, S>,
    person: &Person,
) -> Result<Option<Resource>, LoginError> {
    let name = person.user.get("userName").and_then(Value::as_str).unwrap_or_default();
    Ok(provisioning.users("userName", name).await?.into_iter().next())
}

/// Whom an earlier login created, or, where the identity provider may do so, the user with this address.
async fn created_before<S: Store + ?Sized>(
    provisioning: &Provisioning<'_, S>,
    provider: &IdentityProvider,
    assertion: &Assertion,
    person: &Person,
) -> Result<Option<Resource>, LoginError> {
    let own = provisioning.users("externalId", &provider.external_id(&assertion.subject)).await?;
    if let Some(user) = own.into_iter().next() {
        return Ok(Some(user));
    }
    let address = person.user.get("emails").and_then(|emails| emails.get(0)?.get("value")?.as_str());
    let (true, Some(address)) = (provider.links_by_email(), address) else { return Ok(None) };
    let mut holders = provisioning.users("emails.value", address).await?;
    match (holders.pop(), holders.is_empty()) {
        (None, _) => Ok(None),
        (Some(user), true) if user.external_id().is_none() => Ok(Some(user)),
        _ => Err(Refusal::Taken { attribute: "emails.value".to_owned() }.into()),
    }
}

/// Writes what an assertion says to a user. What it does not speak of stays.
fn say(user: &mut Resource, said: &Resource, external_id: &str) {
    let mut said = said.attributes().clone();
    said.remove("schemas");
    merge(user.attributes_mut(), &said);
    user.attributes_mut().insert("externalId".to_owned(), external_id.into());
}

/// Absent means that nobody said otherwise.
fn is_inactive(user: &Resource) -> bool {
    user.get("active").and_then(Value::as_bool) == Some(false)
}

/// The groups that a user is in, indirect ones included, with what rules may ask of them.
async fn groups_of<S: Store + ?Sized>(
    provisioning: &Provisioning<'_, S>,
    user: &Resource,
) -> Result<Vec<GroupRef>, StoreError> {
    let mut groups = Vec::new();
    for id in group_ids(user, |_| true) {
        match provisioning.group(&id).await {
            Ok(group) => groups.push(GroupRef {
                external_id: group.external_id(),
                display_name: group.get("displayName").and_then(Value::as_str).unwrap_or_default().to_owned(),
                id,
            }),
            // Deleted in the meantime.
            Err(StoreError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(groups)
}

/// The ids in `groups` of a user, of the elements that are wanted.
pub(super) fn group_ids(user: &Resource, wanted: impl Fn(&Value) -> bool) -> Vec<ResourceId> {
    let elements = user.get("groups").and_then(Value::as_array).into_iter().flatten();
    elements
        .filter(|element| wanted(element))
        .filter_map(|element| element.get("value")?.as_str()?.parse().ok())
        .collect()
}

impl<S: ?Sized> fmt::Debug for JitLogin<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitLogin").field("roles", &self.roles).finish_non_exhaustive()
    }
}
