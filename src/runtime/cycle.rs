//! Cycles: each looks at durable state, does one documented turn and says what next. A nudge wakes a cycle
//! early and carries nothing, so the path after a crash is the ordinary path.

use async_trait::async_trait;
use connect::Clock;
use model::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};
use tracing::{Instrument, info_span, warn};

/// What a cycle says after a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// There is more to do now.
    Again,
    /// Nothing to do until then, or until nudged.
    Idle {
        /// `None`: only a nudge wakes it.
        until: Option<Timestamp>,
    },
    /// It must not go on (lease lost, planned crash).
    Stop,
}

/// A loop body of the daemon.
#[async_trait]
pub trait Cycle: Send {
    /// Name for logs (`poll hubspot`).
    fn name(&self) -> &str;
    /// One turn.
    async fn turn(&mut self) -> anyhow::Result<Turn>;
}

/// Wakes one cycle. A nudge during a turn is kept until the turn is over, so none is lost.
#[derive(Clone, Debug, Default)]
pub struct Nudge(Arc<(AtomicBool, Notify)>);

impl Nudge {
    /// Wakes it.
    pub fn wake(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.notify_one();
    }
    /// Was it woken since the last time? Asking forgets.
    pub fn take(&self) -> bool {
        self.0.0.swap(false, Ordering::AcqRel)
    }
    /// Returns once woken.
    pub async fn woken(&self) {
        while !self.take() {
            self.0.1.notified().await;
        }
    }
}

/// First pause after a failed turn; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A cycle with nothing to do rests this long before a nudge wakes it, so that a thousand nudges a second are as
/// many turns as they need to be. One nudge after a quiet time wakes it at once.
const REST: Duration = Duration::from_millis(20);

/// Runs a cycle until it stops or `stop` becomes true; a turn under way is finished.
pub async fn drive(
    mut cycle: Box<dyn Cycle>,
    clock: Arc<dyn Clock>,
    nudge: Nudge,
    mut stop: watch::Receiver<bool>,
) -> Box<dyn Cycle> {
    let span = info_span!("cycle", name = cycle.name());
    async move {
        let mut pause = FIRST_PAUSE;
        while !*stop.borrow() {
            let until = match cycle.turn().await {
                Ok(Turn::Again) => {
                    pause = FIRST_PAUSE;
                    tokio::task::yield_now().await;
                    continue;
                }
                Ok(Turn::Idle { until }) => {
                    pause = FIRST_PAUSE;
                    until
                }
                Ok(Turn::Stop) => break,
                Err(error) => {
                    warn!(error = format!("{error:#}"), again_in_s = pause.as_secs(), "turn failed");
                    let until = clock.now() + pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    Some(until)
                }
            };
            let timer = async {
                match until {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let idle = clock.now();
            let woken = async {
                nudge.woken().await;
                if clock.now() < idle + REST {
                    clock.sleep_until(idle + REST).await;
                    // What was said meanwhile is seen by the turn that comes now.
                    nudge.take();
                }
            };
            tokio::select! {
                () = woken => {}
                () = timer => {}
                _ = stop.changed() => {}
            }
        }
        cycle
    }
    .instrument(span)
    .await
}
