//! The service that a story is told to, as the story's `config` describes it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scim_core::schema::{ResourceType, Schema, SchemaExtension};
use scim_core::{Profile, Quirk, SchemaSet, ValueCheck};
use scim_service::{
    BearerTokens, BulkAtomicity, Capabilities, MeAnswer, PatchResponse, Principal, ScimService, ServiceConfig,
    ServiceLimits, Store, TenancyMode,
};
use serde::Deserialize;

use super::Story;
use super::me::ByNickName;
use super::policy::Policy;

pub(super) const BASE_URL: &str = "https://example.com/scim/v2";

/// What a story changes of the usual set-up.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Setup {
    /// The capabilities that are off.
    off: Vec<String>,
    /// Whether every check of values is on.
    checks: bool,
    /// Attributes that do not belong into URLs.
    sensitive: Vec<String>,
    /// Where requests name their tenant: `path`, `host`, `custom` for `/orgs/{tenant}/scim/v2`, or `header` for `x-tenant`.
    tenancy: Option<String>,
    /// How bulk requests are done: `off` or `all or nothing`.
    bulk: Option<String>,
    /// Most operations of a bulk request.
    bulk_operations: Option<usize>,
    /// Largest bulk request, in bytes.
    bulk_payload: Option<usize>,
    /// Limits by name.
    limits: HashMap<String, u64>,
    /// Whether a write may refer only to what is there.
    references: bool,
    /// Whether users are put into the groups that they are sent with, and what becomes of unknown ones: `ignore` or `refuse`.
    groups_on_user: Option<String>,
    /// How `/Me` is answered: `serve` or `redirect`. The client is the user whose `nickName` is the principal's name.
    me: Option<String>,
    /// What resource types have more.
    extensions: BTreeMap<String, Vec<SchemaExtension>>,
    /// What resource types do without.
    without: BTreeMap<String, Vec<String>>,
    /// What the principal `test` may not do or see.
    policy: Option<Policy>,
}

/// `data/thing.json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Things {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<ResourceType>,
}

impl Setup {
    pub(super) fn service(&self, story: &Story, store: Arc<dyn Store>) -> ScimService<Arc<dyn Store>> {
        let tokens = BearerTokens::new()
            .with_token("test-token", Principal::new("test"))
            .and_then(|tokens| tokens.with_token("other-token", Principal::new("other")))
            .and_then(|tokens| tokens.with_token("a-token", Principal::new("a").in_tenant("a")))
            .and_then(|tokens| tokens.with_token("odd-token", Principal::new("odd").in_tenant("a b/c")))
            .and_then(|tokens| tokens.with_token("b-token", Principal::new("b").in_tenant("b")))
            .unwrap();
        let service = ScimService::new(store, self.schemas(story.things), self.config(story), tokens);
        let service = match &self.policy {
            Some(policy) => service.with_authorizer(policy.clone()),
            None => service,
        };
        let answer = match self.me.as_deref() {
            None => return service,
            Some("redirect") => MeAnswer::Redirect,
            Some(_) => MeAnswer::Serve,
        };
        let resolver = ByNickName { store: service.store().clone() };
        service.with_me(resolver, answer)
    }

    fn schemas(&self, things: bool) -> SchemaSet {
        let mut schemas = schemas(things);
        for (of, extension) in self.extensions.iter().flat_map(|(of, all)| all.iter().map(move |one| (of, one))) {
            schemas = schemas.with_extension(&of.as_str().into(), extension.clone()).unwrap();
        }
        for (of, path) in self.without.iter().flat_map(|(of, all)| all.iter().map(move |one| (of, one))) {
            schemas = schemas.without(&of.as_str().into(), &path.parse().unwrap()).unwrap();
        }
        schemas
    }

    fn config(&self, story: &Story) -> ServiceConfig {
        let profile = match story.profile.as_deref() {
            Some("rfc") => Profile::rfc(),
            Some("interop") => Profile::interop(),
            _ => Profile::compatible(),
        };
        let profile = match self.groups_on_user {
            Some(_) => profile.with(Quirk::GroupsOnUser),
            None => profile,
        };
        let checks = ValueCheck::ALL.into_iter().filter(|_| self.checks);
        let profile = checks.fold(profile, Profile::with_check);
        let patch_response = match story.patch_response {
            None => PatchResponse::default(),
            Some(200) => PatchResponse::Resource,
            Some(204) => PatchResponse::NoContent,
            Some(status) => panic!("no PATCH is answered with {status}"),
        };
        ServiceConfig::new(BASE_URL)
            .unwrap()
            .with_profile(profile)
            .with_patch_response(patch_response)
            .with_tenancy(match self.tenancy.as_deref() {
                Some("path") => TenancyMode::Path,
                Some("host") => TenancyMode::Host,
                Some("custom") => TenancyMode::custom(
                    |request| {
                        let (org, _) = request.uri.path().strip_prefix("/orgs/")?.split_once('/')?;
                        Some(org.to_owned())
                    },
                    |org| format!("https://example.com/orgs/{org}/scim/v2"),
                ),
                Some("header") => TenancyMode::Header("x-tenant".parse().unwrap()),
                _ => TenancyMode::Principal,
            })
            .with_reference_check(self.references)
            .with_unknown_groups_refused(self.groups_on_user.as_deref() == Some("refuse"))
            .with_capabilities(self.capabilities())
            .with_limits(self.limits())
            .with_sensitive_attributes(self.sensitive.iter().map(|path| path.parse().unwrap()))
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        for name in &self.off {
            let switch = match name.as_str() {
                "patch" => &mut capabilities.patch,
                "filter" => &mut capabilities.filter,
                "sort" => &mut capabilities.sort,
                "etag" => &mut capabilities.etag,
                "changePassword" => &mut capabilities.change_password,
                other => panic!("no capability is called {other}"),
            };
            *switch = false;
        }
        capabilities.bulk = match self.bulk.as_deref() {
            None => capabilities.bulk,
            Some("off") => None,
            Some("all or nothing") => Some(BulkAtomicity::AllOrNothing),
            Some(other) => panic!("bulk cannot be {other}"),
        };
        capabilities
    }

    fn limits(&self) -> ServiceLimits {
        let mut limits = ServiceLimits::default();
        limits.bulk_operations = self.bulk_operations.unwrap_or(limits.bulk_operations);
        limits.bulk_payload = self.bulk_payload.unwrap_or(limits.bulk_payload);
        for (name, limit) in &self.limits {
            match name.as_str() {
                "page" => limits.page = *limit,
                "steps" => limits.steps = *limit,
                "response" => limits.response = usize::try_from(*limit).unwrap(),
                "text" => limits.value.text = usize::try_from(*limit).unwrap(),
                "elements" => limits.value.elements = usize::try_from(*limit).unwrap(),
                "resource" => limits.value.resource = usize::try_from(*limit).unwrap(),
                other => panic!("no limit is called {other}"),
            }
        }
        limits
    }
}

fn schemas(things: bool) -> SchemaSet {
    let schemas = SchemaSet::builtin();
    if !things {
        return schemas;
    }
    let things: Things = serde_json::from_str(include_str!("../data/thing.json")).unwrap();
    schemas.with(things.schemas, things.resource_types).unwrap()
}
