//! Sends requests to a server on this machine and says what came back, as JSON.
//!
//! `load ADDRESS TOKEN CONNECTIONS SECONDS COUNT FILE`: each line of FILE is a method, a path and a body, with tabs between.
//! The lines are sent one after another and again from the first on, until COUNT answers are here or SECONDS are over. On
//! each connection a request follows as soon as the answer before it is read, so the server always has something to do.
//!
//! It begins at a line on standard input, with all connections open, so that whoever watches the server knows when.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use scim_benches::client::{Answers, Client, requests};
use serde_json::json;

fn run(
    ring: &mut [Client],
    end: Instant,
    most: usize,
    requests: &[Vec<u8>],
) -> Result<Answers, Box<dyn Error + Send + Sync>> {
    let mut requests = requests.iter().cycle().take(most);
    let mut answers = Answers::default();
    // Those that an answer is due on are always the first of the ring: all of them, until there is nothing left to send.
    let mut waiting = 0;
    for (connection, request) in ring.iter_mut().zip(&mut requests) {
        connection.send(request)?;
        waiting += 1;
    }
    let ring = ring.get_mut(..waiting).unwrap_or_default();
    let mut turn = 0;
    while waiting > 0 {
        let index = turn % ring.len();
        let connection = ring.get_mut(index).ok_or("no connection")?;
        connection.read(&mut answers)?;
        turn += 1;
        match requests.next().filter(|_| Instant::now() < end) {
            Some(request) => connection.send(request)?,
            None => waiting -= 1,
        }
    }
    Ok(answers)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, connections, seconds, most, file] = arguments.as_slice() else {
        return Err("usage: load ADDRESS TOKEN CONNECTIONS SECONDS COUNT FILE".into());
    };
    let requests = requests(&std::fs::read_to_string(file)?, address, token)?;
    let time = Duration::from_secs_f64(seconds.parse()?);
    let connections = 0..connections.parse::<usize>()?;
    let mut ring = connections.map(|_| Client::open(address)).collect::<io::Result<Vec<_>>>()?;
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let answers = run(&mut ring, Instant::now() + time, most.parse()?, &requests)?;
    let Answers { count, failed, failure, locations } = answers;
    println!("{}", json!({"count": count, "failed": failed, "failure": failure, "locations": locations}));
    // The connections stay open until whoever watches has looked at the server.
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
