//! When passwords are hashed: as few at once as there are cores, once for a request, and while no writer waits.

use std::collections::VecDeque;
use std::future::Future;
use std::num::NonZero;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use scim_service::{Context, StoreError};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{Instrument, debug_span};

use crate::store::password::value::{Hash, HashWanted};

/// How long a hash waits for its turn before the client is asked to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// One permit for each core: a hash takes a tenth of a second of one, and 32 MiB. All stores of the process share them, as they
/// share the cores.
static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    Arc::new(Semaphore::new(cores))
});

/// Makes a call, and where that asks for a hash, once more with it. However often `call` repeats what it does, and however
/// often a request repeats the call because its resource has changed meanwhile, a password is hashed once.
///
/// In a transaction that is open already nothing is hashed: it keeps all other writers waiting.
pub(in crate::store) async fn hashing<T, F>(
    cx: &Context,
    in_transaction: bool,
    call: impl Fn(Option<Hash>) -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let password = match call(None).await.map_err(wanted) {
        Ok(done) => return Ok(done),
        Err(Ok(_)) if in_transaction => {
            let reason = "`password` is not set within a transaction: expected it in a request of its own";
            return Err(StoreError::Refused { reason: reason.to_owned() });
        }
        Err(Ok(password)) => password,
        Err(Err(error)) => return Err(error),
    };
    let hash = match UNUSED.take(cx, &password) {
        Some(hash) => hash,
        None => hash(password, PATIENCE).instrument(debug_span!("hash password")).await?,
    };
    let outcome = call(Some(hash.clone())).await;
    if matches!(outcome, Err(StoreError::PreconditionFailed)) {
        UNUSED.keep(cx, hash);
    }
    outcome
}

/// Hashes that requests have not come to use, by the ids of the requests: another writer was faster, so they will come again.
static UNUSED: Unused = Unused(Mutex::new(VecDeque::new()));

/// Most hashes that are kept.
const MAX_UNUSED: usize = 64;

struct Unused(Mutex<VecDeque<(Arc<str>, Hash)>>);

impl Unused {
    fn take(&self, cx: &Context, password: &str) -> Option<Hash> {
        let mut unused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = unused.iter().position(|(id, hash)| *id == cx.request_id && hash.is_of(password))?;
        unused.remove(index).map(|(_, hash)| hash)
    }

    fn keep(&self, cx: &Context, hash: Hash) {
        let mut unused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unused.truncate(MAX_UNUSED - 1);
        unused.push_front((cx.request_id.clone(), hash));
    }
}

/// The password whose hash is wanted; the error, where it is another.
fn wanted(error: StoreError) -> Result<String, StoreError> {
    match error {
        StoreError::Internal(source) => match source.downcast::<HashWanted>() {
            Ok(wanted) => Ok(wanted.password),
            Err(source) => Err(StoreError::Internal(source)),
        },
        error => Err(error),
    }
}

/// Hashes a password with a random salt, on a thread for blocking work, as soon as fewer than so many hashes as there are
/// cores are being made.
async fn hash(password: String, patience: Duration) -> Result<Hash, StoreError> {
    let turn = match timeout(patience, TURNS.clone().acquire_owned()).await {
        Ok(turn) => turn.map_err(StoreError::internal)?,
        Err(_) => return Err(StoreError::Unavailable("too many passwords are being hashed".into())),
    };
    tracing::debug!("a password is hashed");
    let hashed = tokio::task::spawn_blocking(move || {
        // Not before the hash is done: a caller that is dropped does not stop it.
        let _turn = turn;
        Hash::of(password)
    });
    hashed.await.map_err(StoreError::internal)?
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use chrono::Utc;

    use super::*;
    use crate::store::password::value::Password;

    /// What a call of the store does that sets a password: gives the hash, and notes it.
    fn column(hash: Option<Hash>, hashes: &RefCell<Vec<String>>) -> Result<String, StoreError> {
        let password = Password::Set { password: "secret".to_owned(), hash };
        let column = password.column()?.unwrap_or_default().to_owned();
        hashes.borrow_mut().push(column.clone());
        Ok(column)
    }

    #[tokio::test]
    async fn x4_a_request_that_loses_races_hashes_once() {
        let hashes = RefCell::new(Vec::new());
        let cx = Context::internal("x4_a_request_that_loses_races_hashes_once", Utc::now());
        let lost = hashing(&cx, false, async |hash| {
            column(hash, &hashes)?;
            Err::<(), _>(StoreError::PreconditionFailed)
        });
        assert!(matches!(lost.await, Err(StoreError::PreconditionFailed)));
        hashing(&cx, false, async |hash| column(hash, &hashes)).await.unwrap();
        assert_eq!(hashes.borrow().len(), 2);
        assert_eq!(hashes.borrow()[0], hashes.borrow()[1], "another hash would have another salt");
        hashing(&cx, false, async |hash| column(hash, &hashes)).await.unwrap();
        assert_ne!(hashes.borrow()[1], hashes.borrow()[2], "a hash is used once");
    }

    #[tokio::test]
    async fn x4_a_hash_waits_for_its_turn_and_not_for_ever() {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let all = TURNS.clone().acquire_many_owned(u32::try_from(cores).unwrap()).await.unwrap();
        let refused = hash("secret".to_owned(), Duration::from_millis(1)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
        let waiting = tokio::spawn(hash("secret".to_owned(), PATIENCE));
        tokio::task::yield_now().await;
        drop(all);
        assert!(waiting.await.unwrap().unwrap().is_of("secret"));
    }

    #[tokio::test]
    async fn x4_nothing_is_hashed_in_a_transaction() {
        let hashes = RefCell::new(Vec::new());
        let cx = Context::internal("x4_nothing_is_hashed_in_a_transaction", Utc::now());
        let refused = hashing(&cx, true, async |hash| column(hash, &hashes)).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Refused { reason } if !reason.contains("secret")), "{refused:?}");
        assert!(hashes.borrow().is_empty());
    }
}
