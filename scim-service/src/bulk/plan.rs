//! From a message to a plan: which operations there are, and in which order they run.

use std::collections::{HashMap, HashSet};

use scim_core::message::{BulkMethod, BulkRequest};
use scim_core::{Profile, SchemaSet, Tolerance};

use super::operation::{Label, Target, Work, read};
use super::order::{Need, NeedKind, Step, order};
use super::position::Position;
use super::reference::Reference;
use crate::config::ServiceConfig;
use crate::wire::BulkError;
use crate::wire::Failure;

/// A job, ready to run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) fail_on_errors: Option<u64>,
    /// In the order of the message.
    pub(crate) labels: Vec<Label>,
    /// What each operation does, or why it fails.
    pub(crate) work: Vec<Result<Work, Failure>>,
    /// In the order of the work.
    pub(crate) steps: Vec<Step>,
    /// The operations that each operation needs something of.
    pub(crate) needs: Vec<Vec<usize>>,
}

impl Plan {
    /// Plans a job. What is wrong with an operation is kept for its result; the job itself can always be planned.
    ///
    /// Beside references, three things hold operations in their order, so that the end state is that of the message (R213):
    /// they are about one resource; or one deletes a resource and the other refers to it by id. Whether one frees a unique
    /// value that another takes, only the store knows.
    pub(crate) fn new(
        request: BulkRequest,
        schemas: &SchemaSet,
        config: &ServiceConfig,
        tolerance: &mut Tolerance,
    ) -> Self {
        let (labels, mut work): (Vec<_>, Vec<_>) =
            request.operations.into_iter().map(|operation| read(operation, schemas, config, tolerance)).unzip();
        refuse_taken(&labels, &mut work);
        let needs = Needs::new(&labels, &work).of_all(&mut work, config.profile());
        let on = needs.iter().map(|needs| needs.iter().map(|need| need.on).collect()).collect();
        Self { fail_on_errors: request.fail_on_errors, labels, work, steps: order(needs), needs: on }
    }
}

/// R215: of operations with the same `bulkId` only the first is done.
fn refuse_taken(labels: &[Label], work: &mut [Result<Work, Failure>]) {
    let mut taken = HashSet::new();
    for (label, work) in labels.iter().zip(work) {
        if label.bulk_id.as_ref().is_some_and(|bulk_id| !taken.insert(bulk_id)) {
            *work = Err(BulkError::BulkIdTaken.into());
        }
    }
}

/// Finds what operations need of each other.
struct Needs<'a> {
    /// The operations that create, by `bulkId`.
    creators: HashMap<&'a str, usize>,
    /// Resources that the job deletes, by id: who refers to them keeps its place.
    doomed: HashSet<String>,
    /// The last operation on each resource so far.
    last: HashMap<Target, usize>,
    /// The operations that refer to a doomed resource, since the last that deleted it.
    mentions: HashMap<String, Vec<usize>>,
    /// The last operation so far that deletes the resource.
    deleted: HashMap<String, usize>,
}

impl<'a> Needs<'a> {
    fn new(labels: &'a [Label], work: &[Result<Work, Failure>]) -> Self {
        let mut creators = HashMap::new();
        for (index, label) in labels.iter().enumerate() {
            if let (true, Some(bulk_id)) = (label.creates(), &label.bulk_id) {
                creators.entry(bulk_id.as_str()).or_insert(index);
            }
        }
        let doomed = work.iter().flatten().filter_map(|work| match (work.method, &work.target) {
            (BulkMethod::Delete, Target::Id(id)) => Some(id.clone()),
            _ => None,
        });
        Self {
            creators,
            doomed: doomed.collect(),
            last: HashMap::new(),
            mentions: HashMap::new(),
            deleted: HashMap::new(),
        }
    }

    fn of_all(mut self, work: &mut [Result<Work, Failure>], profile: &Profile) -> Vec<Vec<Need>> {
        let of_one = |(index, work): (usize, &mut Result<Work, Failure>)| match work {
            Ok(work) => self.of(index, work, profile),
            Err(_) => Vec::new(),
        };
        work.iter_mut().enumerate().map(of_one).collect()
    }

    fn of(&mut self, index: usize, work: &mut Work, profile: &Profile) -> Vec<Need> {
        let mut needs = Vec::new();
        let creates = work.method == BulkMethod::Post;
        work.each_reference(profile, &mut |Position { text, form, required, .. }| match Reference::read(text, form) {
            Reference::Bulk(bulk_id) => {
                let kind = if creates && !required { NeedKind::Deferrable } else { NeedKind::Exists };
                needs.extend(self.creators.get(&*bulk_id).map(|&on| Need { on, kind }));
            }
            Reference::Id(id) if self.doomed.contains(&*id) => {
                needs.extend(self.deleted.get(&*id).map(|&on| Need { on, kind: NeedKind::Done }));
                self.mentions.entry(id.into_owned()).or_default().push(index);
            }
            Reference::Id(_) => {}
        });
        let done = |on: usize| Need { on, kind: NeedKind::Done };
        match &work.target {
            Target::Bulk(bulk_id) => needs.extend(self.creators.get(bulk_id.as_str()).copied().map(done)),
            Target::Id(id) if work.method == BulkMethod::Delete => {
                // What they say of the resource is written when they run, whatever they are completed with.
                let mentions = self.mentions.remove(id).unwrap_or_default();
                needs.extend(mentions.into_iter().map(|on| Need { on, kind: NeedKind::Exists }));
                self.deleted.insert(id.clone(), index);
            }
            Target::New | Target::Id(_) => {}
        }
        if work.target != Target::New {
            needs.extend(self.last.insert(work.target.clone(), index).map(done));
        }
        needs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use scim_core::urn;
    use serde_json::{Value, json};

    fn plan(operations: &[Value]) -> Plan {
        let message = json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
        let config = ServiceConfig::new("https://example.com/scim/v2").unwrap();
        Plan::new(
            BulkRequest::from_json(message).unwrap(),
            &SchemaSet::builtin(),
            &config,
            &mut Tolerance::new(config.profile()),
        )
    }

    /// The indices of the operations in the order of the work; `!` where one is refused.
    fn order_of(operations: &[Value]) -> Vec<String> {
        let steps = plan(operations).steps.into_iter();
        let shown = steps.filter_map(|step| match step {
            Step::Run { operation, .. } => Some(operation.to_string()),
            Step::Refuse(operation) => Some(format!("!{operation}")),
            Step::Complete(_) => None,
        });
        shown.collect()
    }

    fn group(bulk_id: &str, members: &[String]) -> Value {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {"displayName": "g", "members": members}})
    }

    fn add(path: &str, members: &[String]) -> Value {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        let data = json!({"Operations": [{"op": "add", "path": "members", "value": members}]});
        json!({"method": "PATCH", "path": path, "data": data})
    }

    fn delete(path: &str) -> Value {
        json!({"method": "DELETE", "path": path})
    }

    #[test]
    fn r213_who_refers_to_a_resource_that_goes_does_so_before_or_after_as_written() {
        let put_off = add("/Groups/1", &["5".into(), "bulkId:u".into()]);
        let operations = [put_off.clone(), delete("/Users/5"), group("u", &[])];
        assert_eq!(order_of(&operations), ["2", "0", "1"]);
        assert_eq!(order_of(&[delete("/Users/5"), put_off, group("u", &[])]), ["0", "2", "1"]);
        let other = [add("/Groups/1", &["bulkId:u".into()]), delete("/Users/5"), group("u", &[])];
        assert_eq!(order_of(&other), ["1", "2", "0"]);
    }

    #[test]
    fn r213_what_can_only_be_done_out_of_order_is_refused() {
        // The patch waits for `c`, which may not exist before group 1 is gone, which is after the patch.
        let operations = [add("/Groups/1", &["bulkId:c".into()]), delete("/Groups/1"), group("c", &["1".into()])];
        assert_eq!(order_of(&operations), ["!0", "1", "2"]);
    }

    #[test]
    fn r214_a_deletion_does_not_wait_for_a_completion_that_waits_for_it() {
        let operations = [
            group("a", &["1".into(), "bulkId:b".into()]),
            delete("/Groups/1"),
            group("b", &["1".into(), "bulkId:a".into()]),
        ];
        assert_eq!(order_of(&operations), ["0", "1", "2"]);
    }

    #[test]
    fn r215_a_name_is_taken_by_the_first() {
        let plan =
            plan(&[group("a", &[]), group("a", &[]), json!({"method": "POST", "path": "/Users", "bulkId": "b"})]);
        let failed: Vec<bool> = plan.work.iter().map(Result::is_err).collect();
        assert_eq!(failed, [false, true, true]);
    }

    #[test]
    fn r246_ten_thousand_operations_are_planned_at_once() {
        let name = |index: usize| format!("bulkId:{}", index % 10_000);
        let circle: Vec<Value> = (0..10_000).map(|i| group(&i.to_string(), &[name(i + 1), name(i * 7)])).collect();
        assert_eq!(order_of(&circle).len(), 10_000);
        let on_one: Vec<Value> = (0..10_000).map(|i| add("/Groups/1", &[name(i)])).collect();
        assert_eq!(order_of(&on_one).len(), 10_000);
    }

    /// Creations, changes and deletions of a few resources, with references among them at random.
    fn any_operations() -> impl Strategy<Value = Vec<Value>> {
        let target = prop_oneof![
            (0..8_usize).prop_map(|i| format!("bulkId:{i}")),
            (0..3_usize).prop_map(|i: usize| i.to_string())
        ];
        let members = prop::collection::vec(target.clone(), 0..4);
        let operation = (0..4, target, members);
        prop::collection::vec(operation, 0..12).prop_map(|operations| {
            let of_one = |(index, (kind, target, members)): (usize, (i32, String, Vec<String>))| match kind {
                0 | 1 => group(&index.to_string(), &members),
                2 => add(&format!("/Groups/{target}"), &members),
                _ => delete(&format!("/Groups/{target}")),
            };
            operations.into_iter().enumerate().map(of_one).collect()
        })
    }

    /// The bulk ids that the text of an operation refers to.
    fn references(operation: &Value) -> Vec<usize> {
        let text = operation.to_string();
        text.split("bulkId:").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
    }

    proptest! {
        #[test]
        fn r211_r213_everything_runs_after_what_it_refers_to_and_in_order_on_one_resource(operations in any_operations()) {
            let steps = plan(&operations).steps;
            let place = |wanted: &dyn Fn(&Step) -> bool| steps.iter().position(wanted);
            let runs = |on: usize| place(&|step| matches!(step, Step::Run { operation, .. } if *operation == on));
            let completed = |on: usize| place(&|step| *step == Step::Complete(on)).or(runs(on));
            let creates = |on: usize| operations.get(on).is_some_and(|operation| operation["method"] == "POST");
            let refused = steps.iter().filter(|step| matches!(step, Step::Refuse(_))).count();
            // Only a deletion of something that a new resource refers to can make a circle that nothing helps.
            let deletes = operations.iter().any(|operation| operation["method"] == "DELETE");
            prop_assert!(refused == 0 || deletes);
            for (operation, content) in operations.iter().enumerate() {
                let Some(at) = runs(operation) else { continue };
                for on in references(content).into_iter().filter(|on| creates(*on)) {
                    let Some(Step::Run { deferred, .. }) = steps.get(at) else { unreachable!() };
                    let there = if deferred.contains(&on) { completed(operation) } else { Some(at) };
                    prop_assert!(runs(on).unwrap() <= there.unwrap());
                }
                for (earlier, before) in operations.iter().enumerate().take(operation) {
                    let same = before["path"] == content["path"] && content["method"] != "POST";
                    if let (true, Some(before)) = (same, runs(earlier)) {
                        prop_assert!(before < at);
                    }
                }
            }
        }
    }
}
