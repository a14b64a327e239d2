//! The poll cycle of one connection: reads each stream when it is due, increments before backfills, and
//! commits page by page with the cursor.

use crate::{
    absence,
    cycle::{Cycle, Turn},
    fault::{self, Place},
    ingest,
    link::Link,
    rules,
    schedule::Schedule as When,
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use connect::{Error, ErrorKind, Lane, Position as Reached};
use model::{Change, Cursor, Pass, PassKind, Stream, Timestamp, intake::Position};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tracing::{Instrument, info, warn};

/// A turn ends after this long, so that a stop or another stream does not wait for a whole backfill.
const TURN: Duration = Duration::from_millis(500);
/// Pages of a backfill that share one transaction.
const JOINED: usize = 10;
/// Chunks per turn at most, whatever the clock says.
const CHUNKS: usize = 20;
/// Increments that go before a backfill that is due.
const PASSED_OVER: u32 = 4;
/// How long a stream that is not granted is left alone.
const DEGRADED: Duration = Duration::from_secs(3600);

/// Polls one connection.
pub struct Poll {
    shared: Arc<Shared>,
    link: Arc<Link>,
    name: String,
    streams: Vec<Schedule>,
    hurried: u64,
    /// Increments read in a row while a backfill was due.
    passed_over: u32,
}

/// When a stream is due.
struct Schedule {
    stream: Stream,
    every: When,
    due: Timestamp,
    began: Option<Timestamp>,
    failures: u32,
    troubled: bool,
}

/// Some pages of a pass, not yet committed.
struct Chunk {
    changes: Vec<Change>,
    reached: Reached,
    began: Timestamp,
}

/// A chunk that is being read.
struct Ahead(JoinSet<Result<Chunk, Error>>);

impl Ahead {
    async fn chunk(mut self) -> anyhow::Result<Result<Chunk, Error>> {
        let read = self.0.join_next().await.context("nothing was being read")?;
        read.context("reading ended early")
    }
}

/// Reads up to `pages` pages from `from` on.
async fn fetch(
    shared: Arc<Shared>,
    link: Arc<Link>,
    stream: Stream,
    pass: Pass,
    from: Option<Cursor>,
    pages: usize,
) -> Result<Chunk, Error> {
    let lane = if pass == Pass::Full { Lane::Backfill } else { Lane::Increment };
    let cx = link.cx(&*shared.clock, lane);
    let began = shared.clock.now();
    let mut page = link.connector.poll(&cx, stream, &pass, from.as_ref()).await?;
    let mut changes = std::mem::take(&mut page.changes);
    for _ in 1..pages {
        let Reached::More(cursor) = &page.position else { break };
        page = link.connector.poll(&cx, stream, &pass, Some(cursor)).await?;
        changes.append(&mut page.changes);
    }
    Ok(Chunk { changes, reached: page.position, began })
}

impl Poll {
    /// All streams are due at once: after a start nobody knows how much was missed.
    pub fn new(shared: Arc<Shared>, link: Arc<Link>) -> Self {
        let now = shared.clock.now();
        let plan = |(stream, every): &(Stream, When)| Schedule {
            stream: *stream,
            every: every.clone(),
            due: now,
            began: None,
            failures: 0,
            troubled: false,
        };
        let streams = link.streams.iter().map(plan).collect();
        let hurried = shared.nudges.poll.hurried();
        Self { name: format!("poll {}", link.id), shared, link, streams, hurried, passed_over: 0 }
    }

    /// When its streams are to be read.
    pub fn schedules(&self) -> impl Iterator<Item = When> {
        self.streams.iter().map(|schedule| schedule.every.clone())
    }

    /// Makes every stream due.
    pub fn hurry(&mut self) {
        let now = self.shared.clock.now();
        self.streams.iter_mut().for_each(|schedule| schedule.due = now);
    }

    /// The longest overdue stream whose increments run already, else the first due one. Where the increments never
    /// come to an end, every fifth turn is a backfill's.
    async fn next(&mut self, now: Timestamp) -> anyhow::Result<Option<(usize, Pass, Option<Cursor>)>> {
        let mut due: Vec<(usize, &Schedule)> =
            self.streams.iter().enumerate().filter(|(_, schedule)| schedule.due <= now).collect();
        // The longest overdue first, so that short intervals starve nobody; a first sync keeps its order.
        due.sort_by_key(|(_, schedule)| schedule.due);
        let (mut increment, mut backfill) = (None, None);
        for (at, schedule) in due {
            match self.cursor(schedule.stream, PassKind::Since).await? {
                Some(since) if increment.is_none() => increment = Some((at, Pass::Since, Some(since))),
                None if backfill.is_none() => backfill = Some((at, schedule.stream)),
                Some(_) | None => {}
            }
            if increment.is_some() && backfill.is_some() {
                break;
            }
        }
        let waits = backfill.filter(|_| increment.is_none() || self.passed_over >= PASSED_OVER);
        let Some((at, stream)) = waits else {
            self.passed_over = if backfill.is_some() { self.passed_over + 1 } else { 0 };
            return Ok(increment);
        };
        self.passed_over = 0;
        Ok(Some((at, Pass::Full, self.cursor(stream, PassKind::Full).await?)))
    }

    async fn cursor(&self, stream: Stream, pass: PassKind) -> anyhow::Result<Option<Cursor>> {
        self.shared.store.cursor(&self.link.id, stream, pass).await.context("reading a cursor")
    }

    /// Begins to read up to `pages` pages from `from` on, as a task of its own: parsing them runs beside
    /// reconciling those before. Dropping it ends it.
    fn ahead(&self, stream: Stream, pass: &Pass, from: Option<Cursor>, pages: usize) -> Ahead {
        let mut ahead = JoinSet::new();
        let reading = fetch(self.shared.clone(), self.link.clone(), stream, pass.clone(), from, pages);
        ahead.spawn(reading.in_current_span());
        Ahead(ahead)
    }

    async fn commit(&self, stream: Stream, pass: &Pass, chunk: Chunk) -> anyhow::Result<()> {
        let at = |kind, cursor, caught_up| Position {
            connection: self.link.id.clone(),
            stream,
            pass: kind,
            cursor,
            caught_up,
            complete: false,
        };
        let positions = match chunk.reached {
            Reached::More(cursor) => vec![at(pass.kind(), Some(cursor), None)],
            Reached::CaughtUp { cursor, .. } if *pass == Pass::Full => {
                vec![at(PassKind::Full, None, None), at(PassKind::Since, Some(cursor), Some(chunk.began))]
            }
            Reached::CaughtUp { cursor, .. } => vec![at(PassKind::Since, Some(cursor), Some(chunk.began))],
        };
        ingest::commit(&self.shared, &self.link, stream, chunk.changes, positions).await?;
        fault::point(Place::Committed).map_err(|_| crate::Died.into())
    }

    /// Walks a pass until its end or the end of the turn's time, one chunk fetched ahead of the commit.
    /// Returns whether the pass is at its end.
    async fn walk(
        &self,
        stream: Stream,
        pass: &Pass,
        from: Option<Cursor>,
    ) -> anyhow::Result<Result<bool, Error>> {
        let pages = if *pass == Pass::Full { JOINED } else { 1 };
        let ends = self.shared.clock.now() + TURN;
        let mut chunk = match self.ahead(stream, pass, from, pages).chunk().await? {
            Ok(chunk) => chunk,
            Err(error) => return Ok(Err(error)),
        };
        for _ in 0..CHUNKS {
            if fault::point(Place::Fetched).is_err() {
                anyhow::bail!(crate::Died);
            }
            let next = match &chunk.reached {
                Reached::More(cursor) if self.shared.clock.now() < ends => Some(cursor.clone()),
                Reached::More(_) => {
                    self.commit(stream, pass, chunk).await?;
                    return Ok(Ok(false));
                }
                Reached::CaughtUp { .. } => {
                    self.commit(stream, pass, chunk).await?;
                    return Ok(Ok(true));
                }
            };
            let ahead = self.ahead(stream, pass, next, pages);
            self.commit(stream, pass, chunk).await?;
            let fetched = ahead.chunk().await?;
            if fault::point(Place::Committed).is_err() {
                anyhow::bail!(crate::Died);
            }
            chunk = match fetched {
                Ok(chunk) => chunk,
                Err(error) => return Ok(Err(error)),
            };
        }
        self.commit(stream, pass, chunk).await?;
        Ok(Ok(false))
    }

    /// Reads parked records once more that a person asked for.
    async fn reread(&self, stream: Stream) -> anyhow::Result<()> {
        let ids = self.shared.store.to_reread(&self.link.id, stream, 100).await?;
        if !ids.is_empty() {
            ingest::read_these(&self.shared, &self.link, stream, ids).await??;
        }
        Ok(())
    }

    async fn ended(&mut self, at: usize, now: Timestamp) -> anyhow::Result<()> {
        let Some(schedule) = self.streams.get_mut(at) else { return Ok(()) };
        schedule.failures = 0;
        schedule.due = schedule.every.due(Some(schedule.began.take().unwrap_or(now)), now);
        if std::mem::take(&mut schedule.troubled) {
            info!(stream = schedule.stream.plural(), "reads again");
            let (stream, held) = (schedule.stream, &self.shared.held);
            self.shared.store.note_trouble(held, &self.link.id, stream, None, now).await?;
        }
        Ok(())
    }

    async fn failed(&mut self, at: usize, error: Error, now: Timestamp) -> anyhow::Result<()> {
        let Some(schedule) = self.streams.get_mut(at) else { return Ok(()) };
        schedule.failures += 1;
        schedule.troubled = true;
        let doubled = Duration::from_secs(1 << schedule.failures.min(8));
        let wait = match &error.kind {
            ErrorKind::CursorExpired => Duration::ZERO,
            ErrorKind::Forbidden { .. } | ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Config => {
                DEGRADED
            }
            ErrorKind::DailyLimit { until: Some(until) } => until.since(now),
            ErrorKind::RateLimited { after: Some(after) } | ErrorKind::Busy { after: Some(after) } => *after,
            _ => doubled,
        };
        schedule.due = now + wait;
        let stream = schedule.stream;
        let kind = error.kind.name();
        warn!(stream = stream.plural(), kind, again_in_s = wait.as_secs(), %error, "could not read");
        if error.kind == ErrorKind::CursorExpired {
            let forget = |pass| Position {
                connection: self.link.id.clone(),
                stream,
                pass,
                cursor: None,
                caught_up: None,
                complete: false,
            };
            let positions = vec![forget(PassKind::Since), forget(PassKind::Full)];
            return ingest::commit(&self.shared, &self.link, stream, Vec::new(), positions).await;
        }
        let trouble = error.to_string();
        let noted =
            self.shared.store.note_trouble(&self.shared.held, &self.link.id, stream, Some(&trouble), now);
        noted.await.context("noting trouble")
    }
}

#[async_trait]
impl Cycle for Poll {
    fn name(&self) -> &str {
        &self.name
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let now = self.shared.clock.now();
        let hurried = self.shared.nudges.poll.hurried();
        if std::mem::replace(&mut self.hurried, hurried) != hurried {
            self.hurry();
        }
        for schedule in &mut self.streams {
            // A clock that was set back must not put a stream to sleep for the difference.
            let longest = schedule.every.due(Some(now), now).max(now + DEGRADED);
            schedule.due = if schedule.due > longest { now } else { schedule.due };
        }
        let Some((at, pass, from)) = self.next(now).await? else {
            return Ok(Turn::Idle { until: self.streams.iter().map(|schedule| schedule.due).min() });
        };
        let Some(schedule) = self.streams.get_mut(at) else { return Ok(Turn::Again) };
        schedule.began.get_or_insert(now);
        let stream = schedule.stream;
        match self.walk(stream, &pass, from).await {
            Ok(Ok(true)) => {
                self.reread(stream).await?;
                self.ended(at, now).await?;
                match stream {
                    Stream::Pipeline | Stream::Owner => rules::refresh(&self.shared, None).await?,
                    Stream::Meeting => absence::refresh(&self.shared).await?,
                    Stream::Company
                    | Stream::Contact
                    | Stream::Deal
                    | Stream::Task
                    | Stream::Note
                    | Stream::Email
                    | Stream::Call => {}
                }
            }
            Ok(Ok(false)) => {}
            Ok(Err(error)) => self.failed(at, error, now).await?,
            Err(error) if error.is::<crate::Died>() => return Ok(Turn::Stop),
            Err(error) => return Err(error),
        }
        Ok(Turn::Again)
    }
}
