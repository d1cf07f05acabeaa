//! Sends requests to a server on this machine and says how long the answers took, as JSON.
//!
//! `superset_load ADDRESS TOKEN CONNECTIONS SECONDS FILE`: each line of FILE is a method, a path and a body, with tabs between. Each is
//! sent once, until SECONDS are over. Every connection takes the next line as soon as it has its answer, so that one that waits keeps
//! no other waiting.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use scim_benches::client::{Answers, Client, requests};
use serde_json::json;

type Failure = Box<dyn Error + Send + Sync>;

/// What one connection did: the answers, and how long each took.
type Done = (Answers, Vec<Duration>);

fn run(mut client: Client, next: &AtomicUsize, requests: &[Vec<u8>], end: Instant) -> Result<Done, Failure> {
    let (mut answers, mut times) = (Answers::default(), Vec::new());
    while Instant::now() < end
        && let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed))
    {
        let sent = Instant::now();
        client.send(request)?;
        client.read(&mut answers)?;
        times.push(sent.elapsed());
    }
    Ok((answers, times))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, connections, seconds, file] = arguments.as_slice() else {
        return Err("usage: superset_load ADDRESS TOKEN CONNECTIONS SECONDS FILE".into());
    };
    let requests = requests(&std::fs::read_to_string(file)?, address, token)?;
    let clients = (0..connections.parse()?).map(|_| Client::open(address)).collect::<Result<Vec<_>, _>>()?;
    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(seconds.parse()?);
    let done = thread::scope(|scope| {
        let running: Vec<_> =
            clients.into_iter().map(|client| scope.spawn(|| run(client, &next, &requests, end))).collect();
        let ended = running.into_iter().map(|thread| thread.join().map_err(|_| "a connection panicked")?);
        ended.collect::<Result<Vec<Done>, Failure>>()
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let failure = done.iter().find_map(|(answers, _)| answers.failure.clone());
    let failed: usize = done.iter().map(|(answers, _)| answers.failed).sum();
    let (locations, times): (Vec<_>, Vec<_>) =
        done.into_iter().map(|(answers, times)| (answers.locations, times)).unzip();
    let milliseconds: Vec<f64> = times.concat().iter().map(|time| time.as_secs_f64() * 1e3).collect();
    println!(
        "{}",
        json!({
            "seconds": seconds, "milliseconds": milliseconds, "failed": failed, "failure": failure, "locations": locations.concat(),
        })
    );
    Ok(())
}
