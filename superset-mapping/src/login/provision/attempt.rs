//! One login, step by step.

use std::borrow::Cow;

use scim_core::{Resource, ResourceId, SchemaSet};
use scim_service::{Context, StoreError};

use crate::group_reader::GroupReader;
use crate::login::assertion::Assertion;
use crate::login::assertion::{IdentityProvider, People};
use crate::login::assertion::{Person, addresses, merge};
use crate::login::outcome::{GroupChanges, Login};
use crate::login::provision::known_user::{conflict, created_before, provisioned};
use crate::login::provision::login_store::{LoginAccess, LoginStore};
use crate::login::provision::provisioning::{Provisioning, id_of};
use crate::login::refusal::{LoginError, Refusal};
use crate::rules::{GroupRef, RoleMapper, Subject};

/// A login under way.
pub(in crate::login) struct Attempt<'a, S: ?Sized> {
    pub(in crate::login) store: &'a S,
    pub(in crate::login) cx: &'a Context,
    pub(in crate::login) schemas: &'a SchemaSet,
    pub(in crate::login) roles: &'a dyn RoleMapper,
    pub(in crate::login) provider: &'a IdentityProvider,
    pub(in crate::login) assertion: &'a Assertion,
    /// The `id` of the user, once it is known: for the record, however the login ends.
    pub(in crate::login) known: &'a mut Option<String>,
}

/// What the steps before the groups have done.
struct Identified {
    id: ResourceId,
    created: bool,
    changed: bool,
}

impl<S: LoginStore + ?Sized> Attempt<'_, S> {
    /// Logs the person in. Whatever can refuse comes before anything is written, as far as that can be known.
    pub(in crate::login) async fn run(mut self) -> Result<Login, LoginError> {
        let person = self.provider.mapping().person(self.assertion).map_err(Refusal::Mapping)?;
        let provisioning = Provisioning::new(self.store, self.cx, self.schemas)
            .ok_or_else(|| StoreError::internal("the schemas have no users or no groups"))?;
        let Identified { id, created, changed } = match self.provider.people() {
            People::Provisioned => {
                let user = provisioned(&provisioning, self.provider, &person).await?;
                Identified { id: self.admitted(&user).await?, created: false, changed: false }
            }
            People::Created(domains) => {
                if let Some(attribute) = outside(|name| domains.contain(name), self.assertion, &person) {
                    return Err(Refusal::Domain { attribute: attribute.to_owned() }.into());
                }
                self.create_or_update(&provisioning, &person).await?
            }
        };
        let groups = match (self.provider.people(), &person.groups) {
            (People::Created(_), Some(wanted)) => provisioning.sync_groups(self.provider, &id, wanted).await?,
            _ => GroupChanges::default(),
        };
        let access = self.store.reconcile_access(self.cx, &id).await?;
        let user = provisioning.user(&id).await?;
        // Somebody may have deactivated the person in the meantime, or taken them over.
        self.admitted(&user).await?;
        if matches!(self.provider.people(), People::Created(_)) && !self.provider.asserts(&user) {
            return Err(Refusal::Taken { attribute: "externalId".to_owned() }.into());
        }
        let LoginAccess { decision, roles, generation } = if let Some(access) = access {
            access
        } else {
            let groups = self.groups_of(&id, &user).await?;
            let decision = self.roles.decide(&Subject { user: &user, groups });
            let roles = decision.roles().map(str::to_owned).collect();
            LoginAccess { decision, roles, generation: 0 }
        };
        if let Some(group) = decision.refused_by().first() {
            return Err(Refusal::UnknownGroup { group: group.clone() }.into());
        }
        Ok(Login { user, decision, roles, generation, created, changed, groups })
    }

    /// The groups that a user is in, as rules see them.
    async fn groups_of(&self, id: &ResourceId, user: &Resource) -> Result<Vec<GroupRef>, StoreError> {
        let groups = self.schemas.group().ok_or_else(|| StoreError::internal("the schemas have no groups"))?;
        GroupReader::new(self.store, self.cx, groups, self.roles)?.groups_of(id, user).await
    }

    /// The id of a user who may log in.
    async fn admitted(&mut self, user: &Resource) -> Result<ResourceId, LoginError> {
        let id = id_of(user)?;
        *self.known = Some(id.to_string());
        if user.is_inactive() {
            return Err(Refusal::Inactive.into());
        }
        if self.store.is_closed(self.cx, &id).await? {
            return Err(Refusal::Closed.into());
        }
        Ok(id)
    }

    /// Brings the user of an earlier login up to date, or creates one.
    async fn create_or_update(
        &mut self,
        provisioning: &Provisioning<'_, S>,
        person: &Person,
    ) -> Result<Identified, LoginError> {
        let (provider, assertion) = (self.provider, self.assertion);
        let external_id = provider.external_id_of(assertion, person);
        if let Some(user) = created_before(provisioning, provider, assertion, person).await? {
            let id = self.admitted(&user).await?;
            let say = |user: &mut Resource| apply_assertion(user, &person.user, &external_id);
            let changed = provisioning.change_user(&id, say).await?;
            return Ok(Identified { id, created: false, changed });
        }
        let mut draft = person.user.clone();
        apply_assertion(&mut draft, &person.user, &external_id);
        match provisioning.create_user(draft).await {
            Ok(user) => Ok(Identified { id: self.admitted(&user).await?, created: true, changed: false }),
            Err(StoreError::Uniqueness { attribute }) => {
                // Another login of the same person may have been faster.
                match created_before(provisioning, provider, assertion, person).await? {
                    Some(user) => Ok(Identified { id: self.admitted(&user).await?, created: false, changed: false }),
                    None => Err(conflict(provisioning, provider, assertion, person, attribute).await?.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The first of what a person would be known by that is outside of some domains. A subject without `@` is an identifier that nobody
/// takes for a name.
fn outside<'p>(inside: impl Fn(&str) -> bool, assertion: &Assertion, person: &'p Person) -> Option<&'p str> {
    let subject = assertion.subject.contains('@').then_some(("subject", Cow::Borrowed(&*assertion.subject)));
    let names = [("userName", person.user_name())].into_iter().chain(subject);
    let addresses = addresses(&person.user).map(|address| ("emails.value", address));
    names.chain(addresses).find(|(_, name)| !inside(name)).map(|(attribute, _)| attribute)
}

/// Writes what an assertion says to a user. What it does not speak of stays.
fn apply_assertion(user: &mut Resource, said: &Resource, external_id: &str) {
    let mut said = said.clone().into_attributes();
    said.remove("schemas");
    merge(user.attributes_mut(), &said);
    user.attributes_mut().insert("externalId".to_owned(), external_id.into());
}
