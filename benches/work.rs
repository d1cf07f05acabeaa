//! The most work that one request causes over 10,000 users, in both stores: what limits refuse costs little, and what they let
//! through takes 0.1 seconds at most.
//!
//! Prints the processor time of each request, all threads together, and the largest. `cargo bench -p scim-benches --bench work`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program that measures may fail loudly"
)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use http::{Request, Response};
use scim_core::{ResourceTypeName, SchemaSet, urn};
use scim_service::{BearerTokens, Context, MemoryStore, Principal, ScimService, ServiceConfig, Store};
use serde_json::{Value, json};
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
use tokio::runtime::{Builder, Runtime};

const USERS: usize = 10_000;

struct Fixture {
    service: ScimService<dyn Store>,
    runtime: Runtime,
    user: String,
    group: String,
}

impl Fixture {
    fn new(runtime: Runtime, store: Arc<dyn Store>) -> Self {
        let tokens = BearerTokens::new().with_token("token", Principal::new("bench")).unwrap();
        let config = ServiceConfig::new("https://example.com/scim/v2").unwrap();
        let service = ScimService::with_shared_store(store, SchemaSet::builtin(), config, tokens);
        let (user, group) = runtime.block_on(populate(&**service.store()));
        Self { service, runtime, user, group }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> (Response<Bytes>, Duration) {
        let path = path.replace("{user}", &self.user).replace("{group}", &self.group);
        let request = Request::builder()
            .method(method)
            .uri(format!("https://example.com/scim/v2{path}"))
            .header("authorization", "Bearer token")
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        let before = processor_time();
        let response = self.runtime.block_on(self.service.handle(request));
        (response, processor_time().saturating_sub(before))
    }
}

/// What all threads of the process have run so far.
fn processor_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux tells of tasks");
    let run = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.filter_map(run).sum())
}

/// Users with everything that identity providers send, all of them in one group; the ids of one and of the group.
async fn populate(store: &dyn Store) -> (String, String) {
    let (schemas, cx) = (SchemaSet::builtin(), Context::internal("bench", Utc::now()));
    let users = schemas.of(&ResourceTypeName::user()).unwrap();
    let mut ids = Vec::with_capacity(USERS);
    let transaction = store.begin(&cx).await.unwrap().unwrap();
    for number in 0..USERS {
        let user = json!({
            "schemas": [urn::USER], "userName": format!("user{number:05}@example.com"), "externalId": format!("e{number}"),
            "name": {"givenName": "Barbara", "familyName": format!("Jensen {number}")}, "active": true,
            "displayName": format!("Barbara Jensen {number}"), "title": "Tour Guide", "locale": "en-US",
            "emails": [{"value": format!("user{number:05}@example.com"), "type": "work", "primary": true}],
            "phoneNumbers": [{"value": "555-555-5555", "type": "work"}, {"value": "555-555-4444", "type": "mobile"}],
        });
        let user = transaction.create(&cx, users, serde_json::from_value(user).unwrap()).await.unwrap();
        ids.push(user.id().unwrap().to_owned());
    }
    let members: Vec<Value> = ids.iter().map(|id| json!({"value": id, "type": "User"})).collect();
    let group = json!({"schemas": [urn::GROUP], "displayName": "everybody", "members": members});
    let groups = schemas.of(&ResourceTypeName::group()).unwrap();
    let group = transaction.create(&cx, groups, serde_json::from_value(group).unwrap()).await.unwrap();
    transaction.commit().await.unwrap();
    (ids[0].clone(), group.id().unwrap().to_owned())
}

/// `term` with each number in place of `#`, joined by a word.
fn chain(term: &str, count: usize, word: &str) -> String {
    (0..count).map(|number| term.replace('#', &number.to_string())).collect::<Vec<_>>().join(word)
}

/// Comparisons of which no two can be taken together.
fn mixed(count: usize) -> String {
    let paths = [
        "title",
        "nickName",
        "displayName",
        "userType",
        "locale",
        "timezone",
        "preferredLanguage",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        "emails.value",
        "emails.type",
        "phoneNumbers.value",
        "addresses.locality",
        "ims.value",
        "photos.type",
        "roles.value",
        "entitlements.value",
        "externalId",
        "id",
        "name.middleName",
        "name.honorificPrefix",
        "phoneNumbers.type",
        "emails.display",
        "profileUrl",
        "meta.resourceType",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    ];
    let operators = ["co", "sw", "ew", "gt", "ge", "lt"];
    let terms = paths.iter().flat_map(|path| operators.iter().map(move |operator| format!("{path} {operator} \"~#\"")));
    terms.take(count).collect::<Vec<_>>().join(" or ")
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn filters() -> Vec<(String, String)> {
    let listed = |name: &str, filter: String| (name.to_owned(), format!("/Users?count=10&filter={}", encoded(&filter)));
    let mut kinds = vec![
        listed("256 x displayName co, or", chain("displayName co \"zz#\"", 256, " or ")),
        listed("256 x displayName co, and", chain("displayName co \"a\"", 256, " and ")),
        listed("256 x displayName gt, and", chain("displayName gt \"a#\"", 256, " and ")),
        listed("256 x emails.value co, and", chain("emails.value co \"e\"", 256, " and ")),
        listed("90 x emails.value co, and", chain("emails.value co \"e\"", 90, " and ")),
        listed("256 x userName ne, and", chain("userName ne \"u#\"", 256, " and ")),
        listed("256 x userName ne, or", chain("userName ne \"u#\"", 256, " or ")),
        listed("256 x userName co, and", chain("userName co \"e\"", 256, " and ")),
        listed("2 x userName co, and", chain("userName co \"e\"", 2, " and ")),
        listed("256 x userName sw, or", chain("userName sw \"z#\"", 256, " or ")),
        listed("256 x userName eq, or", chain("userName eq \"user#@example.com\"", 256, " or ")),
        listed("256 x emails.value eq, and", chain("emails.value eq \"user#@example.com\"", 256, " and ")),
        listed("256 x title pr, and", chain("title pr", 256, " and ")),
        listed("256 x not title pr, or", chain("not (title pr)", 256, " or ")),
        listed("256 x meta.created gt, and", chain("meta.created gt \"2020-01-01T00:00:0#Z\"", 10, " and ")),
        listed("90 x value path", chain("emails[type eq \"work\" and value ew \"#\"]", 90, " or ")),
        listed("20 x value path", chain("emails[type eq \"work\" and value ew \"#\"]", 20, " or ")),
        listed("mixed, 160", mixed(160)),
        listed("mixed, 100", mixed(100)),
        listed("mixed, 60", mixed(60)),
        listed("mixed, 40", mixed(40)),
        listed("groups.value eq", "groups.value eq \"{group}\"".to_owned()),
        listed("groups.display co", "groups.display co \"every\"".to_owned()),
        listed("title co, one", "title co \"guide\"".to_owned()),
    ];
    for sort in ["id", "userName", "title", "displayName", "emails.value", "meta.created", "groups.display"] {
        kinds.push((format!("sortBy={sort}"), format!("/Users?count=1&sortBy={sort}")));
    }
    let far = "startIndex=9223372036854775807";
    for path in ["/?count=0&sortBy=id", "/?count=10&sortBy=id", "/?count=10&sortBy=displayName", "/Users?sortBy=title"]
    {
        kinds.push((format!("{path}, far"), format!("{path}&{far}")));
    }
    for (name, path) in [
        ("/?sortBy=displayName at 9,990", "/?count=10&sortBy=displayName&startIndex=9990"),
        ("/Users?sortBy=title at 9,990", "/Users?count=10&sortBy=title&startIndex=9990"),
        ("/?cursor sorted", "/?cursor&count=10&sortBy=displayName"),
        ("1,000 users", "/Users?count=1000"),
        ("group of 10,000", "/Groups/{group}"),
        ("groups", "/Groups"),
    ] {
        kinds.push((name.to_owned(), path.to_owned()));
    }
    kinds.push((
        "root, mixed".into(),
        format!("/?count=10&filter={}", encoded(&chain("displayName co \"zz#\"", 200, " or "))),
    ));
    for member in ["members.value co \"zz\"", "members.display co \"zz\"", "members.type eq \"x\""] {
        kinds.push((member.to_owned(), format!("/Groups?excludedAttributes=members&filter={}", encoded(member))));
    }
    let many = chain("members.display co \"zz#\" and members.type ew \"q#\"", 60, " or ");
    kinds.push(("60 x members.display".into(), format!("/Groups?filter={}", encoded(&many))));
    let names = ["name.givenName", "emails.value", "title", "userName", "displayName", "x", "meta.created"];
    let names: Vec<&str> = names.iter().copied().cycle().take(256).collect();
    for list in ["attributes", "excludedAttributes"] {
        kinds.push((format!("256 {list}"), format!("/Users?count=1000&{list}={}", names.join(","))));
    }
    kinds
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("superset.db").display());
    let runtime = || Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = std::env::var("SCIM_BENCH_DATABASE").unwrap_or(url);
    let memory = Fixture::new(runtime(), Arc::new(MemoryStore::new()));
    let over_sql = runtime();
    let superset = over_sql.block_on(async {
        create_demo_schema(&database).await.unwrap();
        SupersetStore::connect(&database, RuleSet::default()).await.unwrap()
    });
    let superset = Fixture::new(over_sql, Arc::new(superset));
    for (store, fixture) in [("memory", &memory), ("superset", &superset)] {
        let mut worst = Duration::ZERO;
        for (name, path) in filters() {
            fixture.send("GET", &path, "");
            let best = (0..3).map(|_| fixture.send("GET", &path, "")).min_by_key(|(_, time)| *time);
            let (response, time) = best.unwrap();
            worst = worst.max(time);
            let (status, bytes) = (response.status().as_u16(), response.body().len());
            println!("{store:9} {name:34} {status} {:8.2} ms {bytes:9} bytes", time.as_secs_f64() * 1000.0);
        }
        println!("{store:9} worst {:.2} ms", worst.as_secs_f64() * 1000.0);
    }
}
