//! A login: the same path as provisioning, through the store.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::SchemaSet;
use scim_service::{Context, Principal};

use crate::login::assertion::IdentityProvider;
use crate::login::assertion::TrustedProvider;
use crate::login::assertion::{Assertion, LoginResponse};
use crate::login::audit::{LoginAudit, LoginOutcome, LoginRecord};
use crate::login::outcome::Login;
use crate::login::provision::Attempt;
use crate::login::provision::LoginStore;
use crate::login::refusal::{LoginError, Refusal};
use crate::rules::RoleMapper;

/// How often a login is tried that another transaction is in the way of.
const ATTEMPTS: u32 = 5;

/// Just-in-time (JIT) provisioning: a person whom an identity provider asserts becomes a user of the store, with the roles that the rules
/// give.
///
/// It makes the same resources as a SCIM client, so that the store cannot tell the two apart, and what one does the other sees:
///
/// - **Identity.** A person is known by the subject of the assertion with this identity provider; no name and no address links
///   them to a user whom somebody else made, unless the [`IdentityProvider`] says so.
/// - **Roles** are decided by the same rules. Groups are those of the assertion, at each login; who is in no group any more loses
///   what groups gave.
///   At each login the store makes the person's access what the rules say now, and the record tells what the person holds.
/// - **Inactive people** are refused, and stay inactive: SCIM decides that. So are those whose account was deactivated manually.
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
/// use superset_mapping::{AttributeMapping, IdentityProvider, JitLogin, People, RuleSet};
/// use superset_mapping::login::{Assertion, Domains, JsonLines};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let rules: RuleSet = "[[rule]]\ngroup = \"analysts\"\nroles = [\"Alpha\"]".parse()?;
/// let logins = JitLogin::new(
///     Arc::new(MemoryStore::new()), SchemaSet::builtin(), Arc::new(rules), JsonLines::new(std::io::sink()),
/// );
/// let people = People::Created(Domains::new(["example.com"])?);
/// let partners = IdentityProvider::new("partners", AttributeMapping::okta(), people)?;
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

impl<S: LoginStore + ?Sized> JitLogin<S> {
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
        trusted: &TrustedProvider,
        response: &LoginResponse,
        now: DateTime<Utc>,
    ) -> Result<Login, LoginError> {
        let provider = trusted.provider();
        match trusted.verifier().verify(response, now).await {
            Ok(assertion) => {
                self.log_in(provider, &assertion, response.request_id.as_ref(), response.address, now).await
            }
            Err(error) => {
                let refused = Err(LoginError::Refused(Refusal::Assertion(error)));
                let mut record = LoginRecord::of(provider, &refused, now);
                record.request_id = response.request_id.as_deref().map(str::to_owned);
                record.address = response.address;
                self.audit.record(&record).await.map_err(LoginError::Audit)?;
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
        self.log_in(provider, assertion, None, None, now).await
    }

    async fn log_in(
        &self,
        provider: &IdentityProvider,
        assertion: &Assertion,
        request_id: Option<&Arc<str>>,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Login, LoginError> {
        let principal = match provider.tenant() {
            Some(tenant) => Principal::provider(provider.name()).in_tenant(tenant),
            None => Principal::provider(provider.name()),
        };
        let cx = Context::new(principal, request_id.map_or(&*assertion.id, |id| &**id), now).with_address(address);
        let mut known = None;
        let outcome = self.attempt(&cx, provider, assertion, &mut known).await;
        let mut record = LoginRecord::of(provider, &outcome, now);
        record.request_id = request_id.map(ToString::to_string);
        record.address = address;
        record.assertion = Some(assertion.id.clone());
        record.subject = Some(assertion.subject.clone());
        record.user = known;
        self.audit.record(&record).await.map_err(LoginError::Audit)?;
        outcome
    }

    /// Logs in by one transaction where the store has one, which is repeated where another transaction was in the way.
    async fn attempt(
        &self,
        cx: &Context,
        provider: &IdentityProvider,
        assertion: &Assertion,
        known: &mut Option<String>,
    ) -> Result<Login, LoginError> {
        let (schemas, roles) = (&self.schemas, &*self.roles);
        let mut attempts = 1;
        loop {
            let Some(transaction) = self.store.begin_login(cx).await? else {
                return Attempt { store: &*self.store, cx, schemas, roles, provider, assertion, known }.run().await;
            };
            let attempt = Attempt { store: &*transaction, cx, schemas, roles, provider, assertion, known: &mut *known };
            let outcome = match attempt.run().await {
                // What a refused login found out about the person lasts too, such as the groups that the assertion names.
                outcome @ (Ok(_) | Err(LoginError::Refused(_))) => {
                    transaction.commit().await.map_err(LoginError::from).and(outcome)
                }
                failed => failed,
            };
            match outcome {
                Err(LoginError::Store(error)) if error.is_conflict() && attempts < ATTEMPTS => attempts += 1,
                outcome => return outcome,
            }
        }
    }
}

impl LoginRecord {
    /// What there is to record of any login.
    fn of(provider: &IdentityProvider, outcome: &Result<Login, LoginError>, now: DateTime<Utc>) -> Self {
        let outcome = match outcome {
            Ok(login) => LoginOutcome::LoggedIn {
                created: login.created,
                changed: login.changed,
                joined: login.groups.joined.clone(),
                left: login.groups.left.clone(),
                not_joined: login.groups.not_joined.clone(),
                roles: login.roles.clone(),
            },
            Err(LoginError::Refused(refusal)) => {
                LoginOutcome::Refused { reason: refusal.code(), detail: refusal.to_string() }
            }
            Err(error) => LoginOutcome::Failed { detail: error.to_string() },
        };
        let identity_provider = provider.name().to_owned();
        Self {
            at: now,
            identity_provider,
            request_id: None,
            address: None,
            assertion: None,
            subject: None,
            user: None,
            outcome,
        }
    }
}

impl<S: ?Sized> fmt::Debug for JitLogin<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitLogin").field("roles", &self.roles).finish_non_exhaustive()
    }
}
