//! Long work in slices, between which others get their turn.

use std::future::poll_fn;
use std::task::Poll;

use scim_filter::Budget;

/// Lets the runtime serve others between the slices of long work, whichever runtime it is.
///
/// Whoever works through many resources calls [`rest`](Self::rest) after each.
///
/// ```
/// use scim_filter::Budget;
/// use scim_service::Pace;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let budget = Budget::default();
/// let mut pace = Pace::new(&budget);
/// for _ in 0..10_000 {
///     budget.spend(3)?;
///     pace.rest().await;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pace<'b> {
    budget: &'b Budget,
    /// What was left of the budget when the slice began.
    left: u64,
    /// How many items the slice has had.
    items: u64,
}

impl<'b> Pace<'b> {
    /// The steps and items of a slice. A runtime looks for new connections only every so many slices: tokio at the 61st.
    const SLICE: u64 = 2048;

    /// The pace of work that spends this budget.
    pub fn new(budget: &'b Budget) -> Self {
        Self { budget, left: budget.left(), items: 0 }
    }

    /// Ends the slice if it has been long enough.
    pub async fn rest(&mut self) {
        self.items += 1;
        if self.left.saturating_sub(self.budget.left()) + self.items >= Self::SLICE {
            self.pause().await;
        }
    }

    /// Ends the slice.
    pub async fn pause(&mut self) {
        self.left = self.budget.left();
        self.items = 0;
        let mut paused = false;
        poll_fn(|cx| {
            if paused {
                return Poll::Ready(());
            }
            paused = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often work on so many items of so many steps lets others run.
    fn pauses(items: u64, steps: u64) -> usize {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let budget = Budget::unlimited();
        let mut work = pin!(async {
            let mut pace = Pace::new(&budget);
            for _ in 0..items {
                budget.spend(steps).unwrap();
                pace.rest().await;
            }
        });
        let mut polls = 0;
        while work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            polls += 1;
            assert_eq!(woken.0.load(Ordering::Relaxed), polls, "whoever pauses wakes itself");
        }
        polls
    }

    #[test]
    fn x7_long_work_lets_others_run_after_so_many_steps_or_items() {
        assert_eq!(pauses(100, 1), 0);
        assert_eq!(pauses(10_000, 0), 4);
        assert_eq!(pauses(10, 5000), 10);
        assert_eq!(pauses(10_240, 1), 10);
    }
}
