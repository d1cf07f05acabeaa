//! Writing events.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;

use crate::authorize::Operation;
use crate::change::Change;
use crate::context::Context;
use crate::observe::ocsf::{OcsfEvent, events_of_change, events_of_request};
use crate::observe::{Observer, Served};
use crate::store::StoreError;

/// How many bytes of lines wait to be written once writing has failed. Beyond it the oldest are dropped and counted.
pub const MAX_UNWRITTEN: usize = 16 * 1024 * 1024;

/// How many refusals of clients that nobody knows are written in a minute. The others are counted, and summed up in one event.
pub const MAX_STRANGERS: u32 = 120;

const STRANGERS_PERIOD: Duration = Duration::from_mins(1);

/// When a client whose write is held may try again.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// An [`Observer`] that writes [events](crate::observe::ocsf) as lines of JSON: one call of `write_all` for each line, and a flush, before
/// the client is answered.
///
/// **What cannot be written.** A line that the writer does not take (a full disk) is kept and written before the next one. Until that
/// succeeds (what was written of it stays as a line that is no JSON), every write of a client is [held](StoreError::Held) with 503: nothing is done that nobody could read of. Reads are served. Lines
/// that wait are bounded by [`MAX_UNWRITTEN`]; what is dropped beyond it is counted, and an error in the log.
///
/// **What strangers can cause** is bounded: of clients that nobody knows [`MAX_STRANGERS`] refusals a minute are events of their own, the
/// others one event with their number.
///
/// Writing blocks: the writer should be a file.
///
/// ```
/// use scim_service::observe::ObservedStore;
/// use scim_service::observe::ocsf::OcsfWriter;
/// use scim_service::MemoryStore;
/// use std::sync::Arc;
///
/// let writer = Arc::new(OcsfWriter::new(std::io::sink()));
/// let store = ObservedStore::new(MemoryStore::new(), writer.clone());
/// // Then `ScimService::new(store, ...).with_observer(writer)`.
/// ```
pub struct OcsfWriter<W> {
    state: Mutex<State<W>>,
}

struct State<W> {
    writer: W,
    /// Lines that could not be written yet.
    unwritten: VecDeque<Vec<u8>>,
    unwritten_bytes: usize,
    dropped: u64,
    /// Whether a part of a line may have been written, which the next one must not continue.
    cut: bool,
    strangers: Strangers,
}

/// What was written of clients that nobody knows. They must not be able to fill the files, and push out what is kept of others.
#[derive(Default)]
struct Strangers {
    since: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl Strangers {
    /// Whether one more is written, and how many were left out in the period that has ended.
    fn admit(&mut self, now: Instant) -> (bool, u64) {
        let mut left_out = 0;
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= STRANGERS_PERIOD) {
            left_out = std::mem::take(self).left_out;
            self.since = Some(now);
        }
        let admitted = self.written < MAX_STRANGERS;
        if admitted {
            self.written += 1;
        } else {
            self.left_out += 1;
        }
        (admitted, left_out)
    }
}

impl<W: Write + Send + 'static> OcsfWriter<W> {
    /// Writes to this writer.
    pub fn new(writer: W) -> Self {
        let (unwritten, strangers) = (VecDeque::new(), Strangers::default());
        let state = State { writer, unwritten, unwritten_bytes: 0, dropped: 0, cut: false, strangers };
        Self { state: Mutex::new(state) }
    }

    /// Writes an event that the service knows nothing of, such as one of a host.
    ///
    /// # Errors
    ///
    /// That of the writer. The event is kept, and written once the writer takes it.
    pub fn write(&self, event: &OcsfEvent) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.keep(format!("{event}\n").into_bytes());
        state.write()
    }

    /// The same of something that does not happen where it cannot be written, such as a login.
    ///
    /// # Errors
    ///
    /// That of the writer. The event is forgotten.
    pub fn write_or_forget(&self, event: &OcsfEvent) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.keep(format!("{event}\n").into_bytes());
        state.write().inspect_err(|_| state.forget_last())
    }

    /// Whether an event of a client that nobody knows is written, after how many were not.
    fn admit_stranger(&self) -> (bool, u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).strangers.admit(Instant::now())
    }

    fn note(&self, event: &OcsfEvent) {
        if let Err(error) = self.write(event) {
            tracing::error!(%error, "an event of the audit could not be written");
            #[cfg(feature = "metrics")]
            crate::observe::metrics::audit_failed("log");
        }
    }
}

impl<W: Write> State<W> {
    fn keep(&mut self, line: Vec<u8>) {
        self.unwritten_bytes += line.len();
        self.unwritten.push_back(line);
        while self.unwritten_bytes > MAX_UNWRITTEN {
            let Some(oldest) = self.unwritten.pop_front() else { break };
            self.unwritten_bytes -= oldest.len();
            self.dropped += 1;
            tracing::error!(
                dropped = self.dropped,
                "an event of the audit was dropped, because it could not be written"
            );
        }
    }

    fn forget_last(&mut self) {
        if let Some(line) = self.unwritten.pop_back() {
            self.unwritten_bytes -= line.len();
        }
    }

    /// Writes what waits, in order.
    fn write(&mut self) -> io::Result<()> {
        while let Some(line) = self.unwritten.front() {
            if self.cut {
                self.writer.write_all(b"\n")?;
                self.cut = false;
            }
            if let Err(error) = self.writer.write_all(line).and_then(|()| self.writer.flush()) {
                self.cut = true;
                return Err(error);
            }
            self.unwritten_bytes -= line.len();
            self.unwritten.pop_front();
        }
        Ok(())
    }
}

impl<W: Write + Send + 'static> Observer for OcsfWriter<W> {
    fn served(&self, request: &Served<'_>) {
        let now = Utc::now();
        if request.principal.is_none() && request.status.as_u16() >= 400 {
            let (admitted, left_out) = self.admit_stranger();
            if left_out > 0 {
                let reason =
                    format!("{left_out} more requests of unknown clients were refused, and not written one by one");
                self.note(&OcsfEvent::logon(now, None, None, request.request_id, Err(&reason)));
            }
            if !admitted {
                return;
            }
        }
        for event in events_of_request(request, now) {
            self.note(&event);
        }
    }

    fn writing(&self, cx: &Context, _: Operation) -> Result<(), StoreError> {
        if !cx.principal.source().is_client() {
            return Ok(());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.write().map_err(|error| {
            tracing::error!(%error, "a write is held, because events of the audit cannot be written");
            let reason = "the audit log of the service cannot be written: writes wait until it can".to_owned();
            StoreError::Held { reason, retry_after: RETRY_AFTER }
        })
    }

    fn wrote(&self, cx: &Context, change: &Change) {
        for event in events_of_change(cx, change) {
            self.note(&event);
        }
    }
}

impl<W> fmt::Debug for OcsfWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcsfWriter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Clone, Default)]
    struct Disk {
        written: Arc<Mutex<Vec<u8>>>,
        room: Arc<AtomicUsize>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.room.load(Ordering::Relaxed).min(bytes.len());
            if room == 0 {
                return Err(io::Error::other("no space left on device"));
            }
            self.room.fetch_sub(room, Ordering::Relaxed);
            self.written.lock().unwrap().extend(&bytes[..room]);
            Ok(room)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writes_are_held_while_the_disk_is_full_and_no_line_is_lost() {
        let disk = Disk::default();
        disk.room.store(100, Ordering::Relaxed);
        let writer = OcsfWriter::new(disk.clone());
        let cx = Context::new(crate::context::Principal::new("okta"), "r", Utc::now());
        assert!(writer.writing(&cx, Operation::Create).is_ok());
        for number in 0..3 {
            let event = OcsfEvent::logon(Utc::now(), Some(&format!("user{number}")), None, "r", Ok(()));
            assert!(writer.write(&event).is_err());
        }
        assert!(matches!(writer.writing(&cx, Operation::Create), Err(StoreError::Held { .. })));
        disk.room.store(10_000, Ordering::Relaxed);
        assert!(writer.writing(&cx, Operation::Create).is_ok());
        let written = String::from_utf8(disk.written.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines.len(), 4, "what was cut, and three whole lines: {written}");
        let whole = lines.iter().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
        assert_eq!(whole.count(), 3);
        assert!(written.contains("user0") && written.contains("user2"));
    }

    #[test]
    fn what_did_not_happen_because_it_could_not_be_written_is_never_written() {
        let disk = Disk::default();
        let writer = OcsfWriter::new(disk.clone());
        let login = |who| OcsfEvent::logon(Utc::now(), Some(who), None, "r", Ok(()));
        assert!(writer.write_or_forget(&login("turned-away")).is_err());
        disk.room.store(10_000, Ordering::Relaxed);
        assert!(writer.write_or_forget(&login("let-in")).is_ok());
        let written = String::from_utf8(disk.written.lock().unwrap().clone()).unwrap();
        assert!(written.contains("let-in") && !written.contains("turned-away"), "{written}");
    }

    #[test]
    fn strangers_cannot_fill_the_files() {
        let (mut strangers, now) = (Strangers::default(), Instant::now());
        let admitted = (0..1_000).filter(|_| strangers.admit(now).0).count();
        assert_eq!(admitted, MAX_STRANGERS as usize);
        assert_eq!(strangers.admit(now + STRANGERS_PERIOD), (true, 1_000 - u64::from(MAX_STRANGERS)));
        assert_eq!(strangers.admit(now + STRANGERS_PERIOD), (true, 0));
    }

    #[test]
    fn what_waits_is_bounded() {
        let writer = OcsfWriter::new(Disk::default());
        let long = "x".repeat(1024 * 1024);
        for _ in 0..20 {
            let event = OcsfEvent::logon(Utc::now(), Some(&long), None, "r", Ok(()));
            assert!(writer.write(&event).is_err());
        }
        let state = writer.state.lock().unwrap();
        assert!(state.unwritten_bytes <= MAX_UNWRITTEN && state.dropped >= 4, "{}", state.dropped);
    }
}
