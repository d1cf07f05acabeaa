//! `POST /Bulk` (RFC 7644 section 3.7).
//!
//! Each operation is served by the endpoint that serves it as a request of its own. Results come in the order of the
//! message, whatever the order of the work.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::header::{HeaderValue, IF_MATCH};
use http::{Request, Response, Uri};
use scim_core::message::{BulkMethod, BulkRequest, BulkResponse, BulkResult};
use scim_core::{Quirks, TypeSchema};
use serde_json::Value;

use super::{create, delete, patch as patch_resource, replace};
use crate::bulk::{Claim, Created, Label, Plan, Resolver, Step, Target, Together, Work, claims, http_method};
use crate::call::Body;
use crate::call::Call;
use crate::call::InSpan;
use crate::call::resource_id;
use crate::config::BulkAtomicity;
use crate::context::Principal;
use crate::observe::RefusedOperation;
use crate::scope::Scope;
use crate::store::{Delete, Store};
use crate::wire::BulkError;
use crate::wire::Failure;
use crate::wire::location;
use crate::wire::{ResourceHeaders, json_response};

pub(crate) async fn bulk<S: Store + ?Sized>(call: &mut Call<'_, S>) -> Result<Response<Bytes>, Failure> {
    // Where some operation may be allowed, each is asked about.
    if call.cx.principal.scopes().is_some_and(|scopes| !scopes.allow_some_writing()) {
        return Err(Failure::InsufficientScope { needed: Scope::All });
    }
    let request = BulkRequest::from_json(call.json()?)?;
    let (found, limit) = (request.operations.len(), call.config.limits().bulk_operations);
    if found > limit {
        return Err(BulkError::TooManyOperations { found, limit }.into());
    }
    let plan = Plan::new(request, call.schemas, call.config, &mut call.tolerance);
    let results = match call.config.bulk() {
        Some(BulkAtomicity::AllOrNothing) => all_or_nothing(call, plan).await?,
        _ => per_operation(call, plan).await,
    };
    let limit = call.config.limits().response;
    let response = json_response(200, &BulkResponse::new(results.clone()), call.format);
    if response.body().len() <= limit {
        return Ok(response);
    }
    // What was done is done: the statuses tell of it, even where there is no room for what went wrong.
    let short = |result: BulkResult| BulkResult { response: None, ..result };
    Ok(json_response(200, &BulkResponse::new(results.into_iter().map(short).collect()), call.format))
}

/// Most operations under way at once, where the store serves writes together.
const AT_ONCE: usize = 32;

/// Does what can be done; stops early where the client asks for it (R209, R210).
///
/// Where the store serves writes together that wait at the same time, creations are under way at once as far as nobody can tell:
/// begun in the order of the work, and each only where it would be begun even if all that are under way failed.
async fn per_operation<S: Store + ?Sized>(call: &mut Call<'_, S>, plan: Plan) -> Vec<BulkResult> {
    let most_errors = plan.fail_on_errors.unwrap_or(u64::MAX);
    let at_once = if call.can.batches { AT_ONCE } else { 1 };
    let (mut job, steps) = Job::of(plan, call.config.base_url(), call.cx.request_id.clone());
    let (mut together, mut served) = (Together::default(), FuturesUnordered::new());
    let outer: &Call<'_, S> = call;
    for step in steps {
        let claims = job.claims_of(outer, &step).filter(|_| at_once > 1);
        while !job.may_begin(&together, claims.as_ref(), &step, at_once, most_errors) {
            let Some(done) = served.next().await else { break };
            job.ends(&mut together, done);
        }
        // What was begun is ended even then: no resource stays without what it was created with.
        if job.errors >= most_errors && !matches!(step, Step::Complete(_)) {
            continue;
        }
        match (step, claims) {
            (Step::Run { operation, deferred }, Some(claims)) => match job.prepare(outer, operation, &deferred) {
                Ok(Some(prepared)) => {
                    together.begin(operation, claims);
                    served.push(serve(outer, prepared));
                }
                Ok(None) => {}
                Err(failure) => job.fail(operation, &failure),
            },
            (step, _) => job.step(outer, step).await,
        }
    }
    while let Some(done) = served.next().await {
        job.ends(&mut together, done);
    }
    drop(served);
    call.tolerance.record(job.used);
    call.refused = job.refused;
    job.results.into_iter().flatten().collect()
}

/// Does everything in one transaction of the store, or nothing.
async fn all_or_nothing<S: Store + ?Sized>(call: &mut Call<'_, S>, plan: Plan) -> Result<Vec<BulkResult>, Failure> {
    let transaction = call.store.begin(&call.cx).in_span("begin").await?;
    let (mut job, steps) = Job::of(plan, call.config.base_url(), call.cx.request_id.clone());
    let store: &dyn Store = &*transaction;
    let inside = call.within(store, Body::default());
    for step in steps {
        job.step(&inside, step).await;
        if job.errors > 0 {
            break;
        }
    }
    call.tolerance.record(job.used);
    if job.errors > 0 {
        let (results, refused) = job.rolled_back();
        call.refused = refused;
        return Ok(results);
    }
    transaction.commit().in_span("commit").await?;
    Ok(job.results.into_iter().flatten().collect())
}

/// A job under way. The lists have an entry for each operation.
struct Job {
    labels: Vec<Label>,
    /// `None` once begun.
    work: Vec<Option<Result<Work, Failure>>>,
    /// The URLs of the resources that operations are about, as far as they are known.
    locations: Vec<Option<String>>,
    results: Vec<Option<BulkResult>>,
    resolver: Resolver,
    /// What was created without some of its references.
    incomplete: HashMap<usize, Incomplete>,
    /// What each operation needs.
    needs: Vec<Vec<usize>>,
    errors: u64,
    /// What was not done.
    refused: Vec<RefusedOperation>,
    /// The quirks that operations needed.
    used: Quirks,
    request_id: Arc<str>,
}

struct Incomplete {
    of: Arc<TypeSchema>,
    id: String,
    /// The PATCH that completes it.
    patch: Value,
}

impl Job {
    fn of(plan: Plan, base_url: &str, request_id: Arc<str>) -> (Self, Vec<Step>) {
        let Plan { labels, work, steps, needs, .. } = plan;
        let bulk_ids = labels.iter().filter(|label| label.creates()).filter_map(|label| label.bulk_id.clone());
        let locations = labels.iter().zip(&work).map(|(label, work)| match (work, &label.path) {
            (Ok(Work { of, target: Target::Id(id), .. }), _) => {
                Some(location(base_url, of.resource_type().endpoint(), id))
            }
            (Err(_), Some(path)) if path.starts_with('/') && !label.creates() => Some(format!("{base_url}{path}")),
            _ => None,
        });
        let job = Self {
            resolver: Resolver::new(bulk_ids),
            locations: locations.collect(),
            results: vec![None; labels.len()],
            work: work.into_iter().map(Some).collect(),
            labels,
            incomplete: HashMap::new(),
            needs,
            errors: 0,
            refused: Vec::new(),
            used: Quirks::default(),
            request_id,
        };
        (job, steps)
    }

    /// What a step claims that may be under way with others; `None` for one that is done alone.
    fn claims_of<S: ?Sized>(&self, call: &Call<'_, S>, step: &Step) -> Option<HashSet<Claim>> {
        let Step::Run { operation, deferred } = step else { return None };
        let work = self.work.get(*operation)?.as_ref()?.as_ref().ok()?;
        let of = call.advertised.of(work.of.resource_type().name())?;
        if deferred.is_empty() { claims(work, of) } else { None }
    }

    /// Whether a step may begin while others are under way.
    fn may_begin(
        &self,
        together: &Together,
        claims: Option<&HashSet<Claim>>,
        step: &Step,
        at_once: usize,
        most_errors: u64,
    ) -> bool {
        let under_way = together.len();
        let (Step::Run { operation, .. }, Some(claims)) = (step, claims) else { return under_way == 0 };
        let needs = self.needs.get(*operation).map(Vec::as_slice).unwrap_or_default();
        // If all of them failed, the client would still have this one done.
        let is_certain = self.errors.saturating_add(under_way as u64) < most_errors;
        under_way == 0 || (under_way < at_once && is_certain && together.admits(claims, needs))
    }

    /// Takes the outcome of an operation that was under way with others.
    fn ends(&mut self, together: &mut Together, served: Served) {
        let operation = served.operation;
        together.end(operation);
        if let Err(failure) = self.settle(served) {
            self.fail(operation, &failure);
        }
    }

    async fn step<S: Store + ?Sized>(&mut self, call: &Call<'_, S>, step: Step) {
        let (operation, outcome) = match step {
            Step::Run { operation, deferred } => (operation, self.run(call, operation, &deferred).await),
            Step::Complete(operation) => (operation, self.complete(call, operation).await),
            Step::Refuse(operation) => (operation, Err(BulkError::Circle.into())),
        };
        if let Err(failure) = outcome {
            self.fail(operation, &failure);
        }
    }

    async fn run<S: Store + ?Sized>(
        &mut self,
        call: &Call<'_, S>,
        operation: usize,
        deferred: &[usize],
    ) -> Result<(), Failure> {
        let Some(prepared) = self.prepare(call, operation, deferred)? else { return Ok(()) };
        self.settle(serve(call, prepared).await)
    }

    /// What an operation asks for, with the ids of what it refers to.
    fn prepare<S: ?Sized>(
        &mut self,
        call: &Call<'_, S>,
        operation: usize,
        deferred: &[usize],
    ) -> Result<Option<Prepared>, Failure> {
        let Some(work) = self.work.get_mut(operation).and_then(Option::take) else { return Ok(None) };
        let mut work = work?;
        let id = self.resolver.id(&work.target)?;
        if let (Some(id), Some(place)) = (&id, self.locations.get_mut(operation)) {
            *place = Some(location(call.config.base_url(), work.of.resource_type().endpoint(), id));
        }
        let deferred: HashSet<&str> =
            deferred.iter().filter_map(|on| self.labels.get(*on)?.bulk_id.as_deref()).collect();
        let patch = self.resolver.resolve(&mut work, &deferred, call.config.profile())?;
        let Work { method, of, version, data, .. } = work;
        Ok(Some(Prepared { operation, method, of, id, version, data, patch }))
    }

    /// Notes what became of an operation.
    fn settle(&mut self, Served { operation, method, of, patch, outcome, used }: Served) -> Result<(), Failure> {
        self.used.extend(used);
        let mut response = outcome?;
        let shown = response.extensions_mut().remove::<ResourceHeaders>().unwrap_or_default();
        if let (BulkMethod::Post, Some(id), Some(location)) = (method, shown.id, &shown.location) {
            self.created(operation, Some(Created { id: id.clone(), location: location.clone() }));
            if let Some(patch) = patch {
                self.incomplete.insert(operation, Incomplete { of, id, patch });
            }
        }
        let location = self.locations.get(operation).cloned().flatten().or(shown.location);
        self.report(
            operation,
            BulkResult { version: shown.etag, location, status: response.status().as_u16(), ..BulkResult::default() },
        );
        Ok(())
    }

    /// Gives a resource the references that it was created without. One that cannot have them is not left half made: it is
    /// deleted, and its operation has failed.
    async fn complete<S: Store + ?Sized>(&mut self, call: &Call<'_, S>, operation: usize) -> Result<(), Failure> {
        let Some(Incomplete { of, id, mut patch }) = self.incomplete.remove(&operation) else { return Ok(()) };
        let outcome = match self.resolver.resolve_patch(&of, &mut patch, call.config.profile()) {
            Ok(()) => {
                let (of, id) = (of.clone(), Some(id.clone()));
                let method = BulkMethod::Patch;
                let served =
                    serve(call, Prepared { operation, method, of, id, version: None, data: patch, patch: None }).await;
                self.used.extend(served.used);
                served.outcome
            }
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(response) => {
                let version = response.extensions().get::<ResourceHeaders>().and_then(|shown| shown.etag.clone());
                if let Some(Some(result)) = self.results.get_mut(operation) {
                    result.version = version;
                }
                Ok(())
            }
            Err(failure) => {
                self.created(operation, None);
                let gone = resource_id(&id)?;
                // By the host: whatever holds the client's writes back must not leave half of one.
                let host = Principal::host("bulk");
                let host = call.cx.tenant().map(|tenant| host.clone().in_tenant(tenant)).unwrap_or(host);
                let cx = call.cx.clone().with_principal(host);
                let undone = call.store.delete(&cx, Delete::new(&of, &gone)).in_span_about("delete", &of).await;
                if let Err(error) = undone {
                    let request_id = &*self.request_id;
                    tracing::error!(request_id, %error, %id, "an incomplete resource could not be deleted");
                }
                Err(failure)
            }
        }
    }

    /// Notes what the name of an operation stands for.
    fn created(&mut self, operation: usize, created: Option<Created>) {
        if let Some(bulk_id) = self.labels.get(operation).and_then(|label| label.bulk_id.as_deref()) {
            self.resolver.set(bulk_id, created);
        }
    }

    fn fail(&mut self, operation: usize, failure: &Failure) {
        self.errors += 1;
        failure.log(&self.request_id);
        if let Some(Label { method, path, .. }) = self.labels.get(operation) {
            self.refused.push(RefusedOperation::new(method.as_deref(), path.as_deref(), failure));
        }
        let error = failure.to_error();
        let location = self.locations.get(operation).cloned().flatten();
        let (status, response) = (error.status(), Some(error.to_value()));
        self.report(operation, BulkResult { location, status, response, ..BulkResult::default() });
    }

    /// Sets the result of an operation, which repeats the method and the name (R207).
    fn report(&mut self, operation: usize, result: BulkResult) {
        let Some(Label { method, bulk_id, .. }) = self.labels.get(operation) else { return };
        let result = BulkResult { method: method.clone(), bulk_id: bulk_id.clone(), ..result };
        if let Some(place) = self.results.get_mut(operation) {
            *place = Some(result);
        }
    }

    /// The results of a job of which nothing was done: the one failure, and that it took all others with it.
    fn rolled_back(mut self) -> (Vec<BulkResult>, Vec<RefusedOperation>) {
        let failed = |result: &BulkResult| result.response.is_some();
        for operation in 0..self.labels.len() {
            if !self.results.get(operation).is_some_and(|result| result.as_ref().is_some_and(failed)) {
                self.fail(operation, &BulkError::RolledBack.into());
            }
        }
        (self.results.into_iter().flatten().collect(), self.refused)
    }
}

/// An operation, ready to be served.
struct Prepared {
    operation: usize,
    method: BulkMethod,
    of: Arc<TypeSchema>,
    id: Option<String>,
    version: Option<HeaderValue>,
    data: Value,
    /// What completes it once it is done.
    patch: Option<Value>,
}

/// An operation that was served.
struct Served {
    operation: usize,
    method: BulkMethod,
    of: Arc<TypeSchema>,
    patch: Option<Value>,
    outcome: Result<Response<Bytes>, Failure>,
    used: Quirks,
}

/// Serves one operation as the request that it would be. Nobody reads the body of the response, so it is kept short.
async fn serve<S: Store + ?Sized>(call: &Call<'_, S>, prepared: Prepared) -> Served {
    let Prepared { operation, method, of, id, version, data, patch } = prepared;
    let mut request = Request::new(());
    *request.method_mut() = http_method(method);
    *request.uri_mut() = Uri::from_static("/?attributes=id");
    request.headers_mut().extend(version.map(|version| (IF_MATCH, version)));
    let (parts, ()) = request.into_parts();
    let mut inside = call.with(call.store, call.can, &parts, Body::Json(data));
    inside.in_bulk = true;
    let id = id.unwrap_or_default();
    let outcome = match method {
        BulkMethod::Post => create(&mut inside, &of).await,
        BulkMethod::Put => replace(&mut inside, &of, &id).await,
        BulkMethod::Patch => patch_resource(&mut inside, &of, &id).await,
        BulkMethod::Delete => delete(&mut inside, &of, &id).await,
    };
    let used = inside.tolerance.used();
    Served { operation, method, of, patch, outcome, used }
}
