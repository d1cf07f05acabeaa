//! A client that costs little: requests are written before they are sent, and of an answer only what is counted is kept.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is wrong with an answer.
const UNREADABLE: &str = "expected an answer of HTTP/1.1 with a length";

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// How many answers there are.
    pub count: usize,
    /// How many of them are no success.
    pub failed: usize,
    /// The first answer that is no success.
    pub failure: Option<String>,
    /// Where the resources are that were created.
    pub locations: Vec<String>,
}

/// A connection that is kept open.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    /// What was read of an answer.
    bytes: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to a server.
    ///
    /// # Errors
    ///
    /// The system's, where it can't connect.
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, bytes: Vec::new(), buffer: vec![0; 64 * 1024] })
    }

    /// Sends a request, of those that [`requests`] makes.
    ///
    /// # Errors
    ///
    /// The system's, where the connection is closed.
    pub fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)
    }

    /// Reads one answer.
    ///
    /// # Errors
    ///
    /// A connection that ends, and an answer that has no length.
    pub fn read(&mut self, answers: &mut Answers) -> Result<(), Box<dyn Error + Send + Sync>> {
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

/// Requests as they are sent: each line of the text is a method, a path and a body, with tabs between.
///
/// # Errors
///
/// A line with fewer than two tabs.
pub fn requests(lines: &str, address: &str, token: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    lines.lines().map(|line| request(line, address, token)).collect()
}

fn request(line: &str, address: &str, token: &str) -> Result<Vec<u8>, &'static str> {
    let mut parts = line.splitn(3, '\t');
    let (Some(method), Some(path), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("expected a method, a path and a body with tabs between");
    };
    let kind = if body.is_empty() { "" } else { "content-type: application/scim+json\r\n" };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         accept: application/scim+json\r\n{kind}content-length: {length}\r\n\r\n"
    );
    Ok([head.as_bytes(), body.as_bytes()].concat())
}
