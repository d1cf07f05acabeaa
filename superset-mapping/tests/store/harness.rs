//! Every case on every engine: a test harness whose tests are known only when it runs.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use scim_service::conformance;
use superset_mapping::{RuleSet, SupersetStore};
use tokio::runtime::Runtime;

use crate::engine::{Database, Engine, Kind};

/// A test: a name, and what it does on the engine that is current.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: fn() -> Pin<Box<dyn Future<Output = ()>>>,
}

/// Makes cases of asynchronous functions. One that is in no list is never called, which the compiler tells.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$(Case { name: stringify!($name), run: || Box::pin($name()) }),*]
    };
}
pub(crate) use cases;

tokio::task_local! {
    static ENGINE: Arc<Engine>;
}

/// The engine that the test runs on.
pub(crate) fn engine() -> Arc<Engine> {
    ENGINE.get()
}

/// Runs a future on this engine.
pub(crate) async fn on<T>(engine: Arc<Engine>, future: impl Future<Output = T>) -> T {
    ENGINE.scope(engine, future).await
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

/// Runs what the arguments ask for, and ends the servers that it started.
pub(crate) fn run(suites: &[(&str, &'static [Case])]) -> ExitCode {
    let arguments = Arguments::from_args();
    let all_wanted = std::env::var_os("SCIM_TEST_ALL_ENGINES").is_some();
    let mut trials = Vec::new();
    let mut engines = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::MySql] {
        let engine = if arguments.list { Err("only listed".to_owned()) } else { Engine::find(kind) };
        let (engine, reason) = match engine {
            Ok(engine) => (Some(Arc::new(engine)), String::new()),
            Err(reason) => (None, reason),
        };
        if engine.is_none() && all_wanted && !arguments.list {
            eprintln!("{}: {reason}", kind.name());
            return ExitCode::FAILURE;
        }
        let mut add = |name: String, test: Box<dyn FnOnce(Arc<Engine>) + Send>| {
            let engine = engine.clone();
            let trial = Trial::test(format!("{}::{name}", kind.name()), move || {
                test(engine.ok_or("there is no server of this engine")?);
                Ok(())
            });
            trials.push(trial.with_ignored_flag(!reason.is_empty()).with_kind(reason.clone()));
        };
        for (suite, cases) in suites {
            for case in *cases {
                add(
                    format!("{suite}::{}", case.name),
                    Box::new(|engine| {
                        runtime().block_on(on(engine, (case.run)()));
                    }),
                );
            }
        }
        for (name, case) in conformance::CASES {
            add(format!("conformance::{name}"), Box::new(|engine| conform(&engine, *case)));
        }
        engines.extend(engine);
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(engines);
    if conclusion.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs a conformance case of `scim-service` over an empty Superset.
fn conform(engine: &Engine, case: conformance::Case) {
    let runtime = runtime();
    let superset = async || {
        let database = Database::create(engine).await;
        (SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap(), database)
    };
    conformance::run(superset, |future| runtime.block_on(future), case);
}
