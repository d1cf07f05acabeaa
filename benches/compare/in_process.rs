//! What needs no network: the service, and filters, called in this process. Prints JSON.
//!
//! `in_process service USERS MEMBERS` fills a directory with users of 650 bytes and a group, `in_process memory USERS` one
//! with users of 1.9 KB, `in_process filter` none. Times are nanoseconds of the thread's processor clock, medians.

use std::error::Error;
use std::hint::black_box;

use bytes::Bytes;
use http::Response;
use rustix::time::{ClockId, clock_gettime};
use scim_benches::host::Host;
use scim_benches::population::{UserSize, add_members, member_id, new_user};
use scim_benches::{MEDIUM, SHORT, TWENTY, user, user_predicate};
use scim_filter::{FilterLimits, parse};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often each cost is measured; the median counts.
const BATCHES: usize = 21;
/// Requests of each kind in a batch.
const REQUESTS: usize = 200;
/// Filters in a batch.
const FILTERS: usize = 2000;

/// What the calling thread has used of a processor, in nanoseconds.
fn clock() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds fit until a process has run for a hundred days")]
    let [seconds, nanoseconds] = [time.tv_sec as f64, time.tv_nsec as f64];
    seconds * 1e9 + nanoseconds
}

/// What one call of `work` costs. `work` gets the number of the calls before it.
fn cost(calls: usize, mut work: impl FnMut(usize) -> Result<()>) -> Result<f64> {
    let mut batches = (0..BATCHES)
        .map(|batch| {
            let begin = clock();
            for call in 0..calls {
                work(batch * calls + call)?;
            }
            #[expect(clippy::cast_precision_loss, reason = "calls are few")]
            Ok((clock() - begin) / calls as f64)
        })
        .collect::<Result<Vec<f64>>>()?;
    batches.sort_by(f64::total_cmp);
    Ok(batches.get(BATCHES / 2).copied().unwrap_or_default())
}

/// Memory of this process that is in use, in bytes.
fn memory() -> Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? * 1024)
}

fn sent(answer: Response<Bytes>) {
    drop(black_box(answer));
}

fn service(users: usize, members: usize) -> Result<Value> {
    let host = Host::new()?;
    let empty = memory()?;
    let ids = host.fill(UserSize::Small, 0, users)?;
    let full = memory()?;
    // Everywhere in the directory, so that nothing is at hand from the request before.
    let somebody = |turn: usize| ids.get(turn.wrapping_mul(7_919) % ids.len()).map_or("", String::as_str);
    let get = cost(REQUESTS, |turn| host.send("GET", &format!("/Users/{}", somebody(turn)), String::new()).map(sent))?;
    let bodies = (users..users + BATCHES * REQUESTS)
        .map(|number| Ok(new_user(UserSize::Small, number)?))
        .collect::<Result<Vec<_>>>()?;
    let mut bodies = bodies.into_iter();
    let post = cost(REQUESTS, |_| host.send("POST", "/Users", bodies.next().unwrap_or_default()).map(sent))?;
    let everybody: Vec<String> = (0..members).map(member_id).collect();
    let path = format!("/Groups/{}", host.create_group("everybody", &everybody)?);
    let join =
        cost(REQUESTS, |turn| host.send("PATCH", &path, add_members([member_id(members + turn).as_str()])).map(sent))?;
    Ok(json!({"get": get, "post": post, "join": join, "user_bytes": (full - empty) / users, "bytes": full}))
}

fn large_users(users: usize) -> Result<Value> {
    let host = Host::new()?;
    let empty = memory()?;
    host.fill(UserSize::Large, 0, users)?;
    Ok(json!({"user_bytes": (memory()? - empty) / users}))
}

fn filters() -> Result<Value> {
    let (user, predicate, limits) = (user()?, user_predicate(TWENTY)?, FilterLimits::default());
    let mut parsing = Vec::new();
    for text in [SHORT, MEDIUM, TWENTY] {
        let quoted = serde_json::to_string(text)?;
        let floor = cost(FILTERS, |_| {
            black_box(serde_json::from_str::<String>(black_box(&quoted))?);
            Ok(())
        })?;
        let ours = cost(FILTERS, |_| {
            black_box(parse(black_box(text), &limits)?);
            Ok(())
        })?;
        parsing.push(json!({"floor": floor, "ours": ours}));
    }
    let twenty = cost(FILTERS, |_| {
        black_box(black_box(&predicate).matches(black_box(&user)));
        Ok(())
    })?;
    Ok(json!({"parse": parsing, "match_twenty": twenty}))
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments.as_slice() {
        ["service", users, members] => service(users.parse()?, members.parse()?)?,
        ["memory", users] => large_users(users.parse()?)?,
        ["filter"] => filters()?,
        _ => return Err("usage: in_process service USERS MEMBERS | memory USERS | filter".into()),
    };
    println!("{figures}");
    Ok(())
}
