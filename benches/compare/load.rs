//! Sends requests to a server on this machine and says what came back, as JSON.
//!
//! `load ADDRESS TOKEN CONNECTIONS SECONDS COUNT FILE`: each line of FILE is a method, a path and a body, with tabs between.
//! The lines are sent one after another and again from the first on, until COUNT answers are here or SECONDS are over. On
//! each connection a request follows as soon as the answer before it is read, so the server always has something to do.
//!
//! It begins at a line on standard input, with all connections open, so that whoever watches the server knows when.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// What came back.
#[derive(Default)]
struct Answers {
    count: usize,
    failed: usize,
    /// The first answer that was no success.
    failure: Option<String>,
    locations: Vec<String>,
}

struct Connection {
    stream: TcpStream,
    /// What was read of an answer.
    bytes: Vec<u8>,
    buffer: Vec<u8>,
}

/// What is wrong with an answer.
const UNREADABLE: &str = "expected an answer of HTTP/1.1 with a length";

impl Connection {
    fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, bytes: Vec::new(), buffer: vec![0; 64 * 1024] })
    }

    /// Reads one answer.
    fn read(&mut self, answers: &mut Answers) -> Result<(), Box<dyn Error>> {
        self.bytes.clear();
        let head = loop {
            if let Some(end) = self.bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.more()?;
        };
        let text = String::from_utf8_lossy(self.bytes.get(..head).unwrap_or_default()).into_owned();
        let status: u16 = text.split(' ').nth(1).ok_or(UNREADABLE)?.parse()?;
        let header = |name: &str| {
            text.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
        };
        let length = match header("content-length") {
            Some((_, length)) => length.parse()?,
            None if status == 204 => 0,
            None => return Err(UNREADABLE.into()),
        };
        while self.bytes.len() < head + length {
            self.more()?;
        }
        answers.count += 1;
        if !(200..300).contains(&status) {
            answers.failed += 1;
            answers.failure.get_or_insert_with(|| String::from_utf8_lossy(&self.bytes).into_owned());
        } else if let Some((_, location)) = header("location").filter(|_| status == 201) {
            answers.locations.push(location.to_owned());
        }
        Ok(())
    }

    fn more(&mut self) -> io::Result<()> {
        match self.stream.read(&mut self.buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.bytes.extend_from_slice(self.buffer.get(..read).unwrap_or_default());
                Ok(())
            }
        }
    }
}

/// A line of the file as it is sent.
fn request(line: &str, address: &str, token: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut parts = line.splitn(3, '\t');
    let (Some(method), Some(path), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("expected a method, a path and a body with tabs between".into());
    };
    let kind = if body.is_empty() { "" } else { "content-type: application/scim+json\r\n" };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         accept: application/scim+json\r\n{kind}content-length: {length}\r\n\r\n"
    );
    Ok([head.as_bytes(), body.as_bytes()].concat())
}

fn run(ring: &mut [Connection], end: Instant, most: usize, requests: &[Vec<u8>]) -> Result<Answers, Box<dyn Error>> {
    let mut requests = requests.iter().cycle().take(most);
    let mut answers = Answers::default();
    // Those that an answer is due on are always the first of the ring: all of them, until there is nothing left to send.
    let mut waiting = 0;
    for (connection, request) in ring.iter_mut().zip(&mut requests) {
        connection.stream.write_all(request)?;
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
            Some(request) => connection.stream.write_all(request)?,
            None => waiting -= 1,
        }
    }
    Ok(answers)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, connections, seconds, most, file] = arguments.as_slice() else {
        return Err("usage: load ADDRESS TOKEN CONNECTIONS SECONDS COUNT FILE".into());
    };
    let file = std::fs::read_to_string(file)?;
    let requests = file.lines().map(|line| request(line, address, token)).collect::<Result<Vec<_>, _>>()?;
    let time = Duration::from_secs_f64(seconds.parse()?);
    let connections = 0..connections.parse::<usize>()?;
    let mut ring = connections.map(|_| Connection::open(address)).collect::<io::Result<Vec<_>>>()?;
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    let answers = run(&mut ring, Instant::now() + time, most.parse()?, &requests)?;
    let Answers { count, failed, failure, locations } = answers;
    println!("{}", json!({"count": count, "failed": failed, "failure": failure, "locations": locations}));
    // The connections stay open until whoever watches has looked at the server.
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
