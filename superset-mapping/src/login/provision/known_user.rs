//! Which user an assertion is about.

use scim_core::{Resource, Source};
use scim_service::StoreError;

use crate::login::assertion::Assertion;
use crate::login::assertion::IdentityProvider;
use crate::login::assertion::{Person, addresses};
use crate::login::provision::login_store::LoginStore;
use crate::login::provision::provisioning::Provisioning;
use crate::login::refusal::{LoginError, Refusal};

/// Whom SCIM provisioned under this user name.
///
/// The store finds it by folding, as SCIM compares user names; whether the identity provider means the same name is another question
/// (RFC 7643 section 4.1.1 has `userName` case-insensitive, identity providers may let `mike` and `ｍｉｋｅ` be two people).
pub(in crate::login) async fn provisioned<S: LoginStore + ?Sized>(
    provisioning: &Provisioning<'_, S>,
    provider: &IdentityProvider,
    person: &Person,
) -> Result<Resource, LoginError> {
    let name = &*person.user_name();
    let found = provisioning.users("userName", name).await?.into_iter().next();
    let user = found.ok_or(Refusal::NotProvisioned)?;
    if user.provenance().is_some_and(|provenance| matches!(provenance.source(), Source::Provider(_))) {
        // A login of another identity provider made this one.
        return Err(Refusal::Taken { attribute: "userName".to_owned() }.into());
    }
    let provisioned = user.text("userName").unwrap_or_default().into_owned();
    if provider.name_case().same(&provisioned, name) { Ok(user) } else { Err(Refusal::Spelling.into()) }
}

/// Whom an earlier login created, or, where the identity provider may do so, the user with this address.
pub(in crate::login) async fn created_before<S: LoginStore + ?Sized>(
    provisioning: &Provisioning<'_, S>,
    provider: &IdentityProvider,
    assertion: &Assertion,
    person: &Person,
) -> Result<Option<Resource>, LoginError> {
    if let Some(user) = own(provisioning, provider, assertion, person).await? {
        return Ok(Some(user));
    }
    let (true, Some(address)) = (provider.links_by_email(), addresses(&person.user).next()) else { return Ok(None) };
    let mut holders = provisioning.users("emails.value", &address).await?;
    match (holders.pop(), holders.is_empty()) {
        (None, _) => Ok(None),
        (Some(user), true) if user.external_id().is_none() => {
            // The store finds addresses by folding, too.
            let same = addresses(&user).any(|theirs| provider.name_case().same(&theirs, &address));
            if same { Ok(Some(user)) } else { Err(Refusal::Spelling.into()) }
        }
        _ => Err(Refusal::Taken { attribute: "emails.value".to_owned() }.into()),
    }
}

/// The user whom a login of this identity provider created for the subject, under this spelling or, where it sends either, under
/// another one.
async fn own<S: LoginStore + ?Sized>(
    provisioning: &Provisioning<'_, S>,
    provider: &IdentityProvider,
    assertion: &Assertion,
    person: &Person,
) -> Result<Option<Resource>, StoreError> {
    let canonical = provider.external_id_of(assertion, person);
    let asserted = provider.external_id(&assertion.subject);
    for external_id in [&canonical, &asserted] {
        let found = provisioning.users("externalId", external_id).await?;
        let exact = |user: &Resource| {
            user.external_id().is_some_and(|id| id.as_str() == external_id.as_str()) && provider.asserts(user)
        };
        if let Some(user) = found.into_iter().find(exact) {
            return Ok(Some(user));
        }
        if canonical == asserted {
            break;
        }
    }
    // A login before the identity provider was said to send either spelling.
    let spelled = |user: &Resource| {
        let subject = provider.subject_of(user)?;
        Some(provider.subject_case(assertion, person).same(&subject, &assertion.subject))
    };
    let holders = provisioning.users("userName", &person.user_name()).await?;
    Ok(holders.into_iter().find(|user| spelled(user) == Some(true)))
}

/// Why a user can't be created whose `attribute` somebody has already.
pub(in crate::login) async fn conflict<S: LoginStore + ?Sized>(
    provisioning: &Provisioning<'_, S>,
    provider: &IdentityProvider,
    assertion: &Assertion,
    person: &Person,
    attribute: String,
) -> Result<Refusal, StoreError> {
    let holders = provisioning.users("userName", &person.user_name()).await?;
    let other_spelling = |user: &Resource| {
        provider.subject_of(user).is_some_and(|subject| subject.eq_ignore_ascii_case(&assertion.subject))
    };
    Ok(if holders.iter().any(other_spelling) { Refusal::Spelling } else { Refusal::Taken { attribute } })
}
