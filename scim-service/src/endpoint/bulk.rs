//! `POST /Bulk` (RFC 7644 section 3.7).
//!
//! Each operation is served by the endpoint that serves it as a request of its own. Results come in the order of the
//! message, whatever the order of the work.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderValue, IF_MATCH};
use http::{Request, Response, Uri};
use scim_core::TypeSchema;
use scim_core::message::{BulkMethod, BulkRequest, BulkResponse, BulkResult};
use serde_json::Value;

use super::{create, delete, patch, replace};
use crate::bulk::{Created, Label, Plan, Resolver, Step, Target, Work, http_method};
use crate::call::Body;
use crate::call::Call;
use crate::call::resource_id;
use crate::config::BulkAtomicity;
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

/// Does what can be done; stops early where the client asks for it (R209, R210).
async fn per_operation<S: Store + ?Sized>(call: &mut Call<'_, S>, plan: Plan) -> Vec<BulkResult> {
    let most_errors = plan.fail_on_errors.unwrap_or(u64::MAX);
    let (mut job, steps) = Job::of(plan, call.config.base_url(), call.cx.request_id.clone());
    for step in steps {
        // What was begun is ended even then: no resource stays without what it was created with.
        if job.errors < most_errors || matches!(step, Step::Complete(_)) {
            job.step(call, step).await;
        }
    }
    job.results.into_iter().flatten().collect()
}

/// Does everything in one transaction of the store, or nothing.
async fn all_or_nothing<S: Store + ?Sized>(call: &mut Call<'_, S>, plan: Plan) -> Result<Vec<BulkResult>, Failure> {
    let transaction = call.store.begin(&call.cx).await?;
    let (mut job, steps) = Job::of(plan, call.config.base_url(), call.cx.request_id.clone());
    let store: &dyn Store = &*transaction;
    let mut inside = call.within(store, Body::default());
    for step in steps {
        job.step(&mut inside, step).await;
        if job.errors > 0 {
            break;
        }
    }
    let used = inside.tolerance.used();
    call.tolerance.record(used);
    if job.errors > 0 {
        return Ok(job.rolled_back());
    }
    transaction.commit().await?;
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
    errors: u64,
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
        let Plan { labels, work, steps, .. } = plan;
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
            errors: 0,
            request_id,
        };
        (job, steps)
    }

    async fn step<S: Store + ?Sized>(&mut self, call: &mut Call<'_, S>, step: Step) {
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
        call: &mut Call<'_, S>,
        operation: usize,
        deferred: &[usize],
    ) -> Result<(), Failure> {
        let Some(work) = self.work.get_mut(operation).and_then(Option::take) else { return Ok(()) };
        let mut work = work?;
        let id = self.resolver.id(&work.target)?;
        if let (Some(id), Some(place)) = (&id, self.locations.get_mut(operation)) {
            *place = Some(location(call.config.base_url(), work.of.resource_type().endpoint(), id));
        }
        let deferred: HashSet<&str> =
            deferred.iter().filter_map(|on| self.labels.get(*on)?.bulk_id.as_deref()).collect();
        let patch = self.resolver.resolve(&mut work, &deferred, call.config.profile())?;
        let Work { method, of, version, data, .. } = work;
        let mut response = serve(call, method, &of, id.as_deref(), version, data).await?;
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
    async fn complete<S: Store + ?Sized>(&mut self, call: &mut Call<'_, S>, operation: usize) -> Result<(), Failure> {
        let Some(Incomplete { of, id, mut patch }) = self.incomplete.remove(&operation) else { return Ok(()) };
        let outcome = match self.resolver.resolve_patch(&of, &mut patch, call.config.profile()) {
            Ok(()) => serve(call, BulkMethod::Patch, &of, Some(&id), None, patch).await,
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
                let undone = call.store.delete(&call.cx, Delete::new(&of, &resource_id(&id)?)).await;
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
    fn rolled_back(mut self) -> Vec<BulkResult> {
        let failed = |result: &BulkResult| result.response.is_some();
        for operation in 0..self.labels.len() {
            if !self.results.get(operation).is_some_and(|result| result.as_ref().is_some_and(failed)) {
                self.fail(operation, &BulkError::RolledBack.into());
            }
        }
        self.results.into_iter().flatten().collect()
    }
}

/// Serves one operation as the request that it would be. Nobody reads the body of the response, so it is kept short.
async fn serve<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    method: BulkMethod,
    of: &Arc<TypeSchema>,
    id: Option<&str>,
    version: Option<HeaderValue>,
    data: Value,
) -> Result<Response<Bytes>, Failure> {
    let mut request = Request::new(());
    *request.method_mut() = http_method(method);
    *request.uri_mut() = Uri::from_static("/?attributes=id");
    request.headers_mut().extend(version.map(|version| (IF_MATCH, version)));
    let (parts, ()) = request.into_parts();
    let mut inside = call.with(call.store, call.can, &parts, Body::Json(data));
    inside.in_bulk = true;
    let id = id.unwrap_or_default();
    let outcome = match method {
        BulkMethod::Post => create(&mut inside, of).await,
        BulkMethod::Put => replace(&mut inside, of, id).await,
        BulkMethod::Patch => patch(&mut inside, of, id).await,
        BulkMethod::Delete => delete(&mut inside, of, id).await,
    };
    let used = inside.tolerance.used();
    call.tolerance.record(used);
    outcome
}
