//! The sweep cycle of one connection: proves completeness by a census of each stream (ids only), reads what
//! was missed, marks what is gone, and audits a slice of all records for changes that no time stamp shows.

use crate::{
    cycle::{Cycle, Turn},
    ingest,
    link::Link,
    shared::Shared,
};
use anyhow::Context;
use async_trait::async_trait;
use connect::{Deletes, Error, Lane, Page, Position as Reached};
use engine::reconcile::{Census as Listing, Verdict, absent};
use model::{
    Cursor, Event, EventKind, ExternalRef, Intake, Key, Pass, PassKind, Stream, Timestamp, intake::Position,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tracing::{info, warn};

/// Unmarked records that one census looks at; more than that is a matter for a person in any case.
const MISSING: usize = 10_000;
/// Ids per direct read.
const BATCH: usize = 100;
/// After a failed sweep.
const PAUSE: Duration = Duration::from_secs(60);

/// Sweeps one connection.
pub struct Sweep {
    shared: Arc<Shared>,
    link: Arc<Link>,
    name: String,
    work: VecDeque<Job>,
    not_before: Timestamp,
}

/// One thing to do for one stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Job {
    Census(Stream),
    Audit(Stream, u32),
}

impl Sweep {
    /// Waits for its schedule, which is durable.
    pub fn new(shared: Arc<Shared>, link: Arc<Link>) -> Self {
        let not_before = Timestamp::default();
        Self { name: format!("sweep {}", link.id), shared, link, work: VecDeque::new(), not_before }
    }

    /// Plans a census of every stream and a full audit now.
    pub fn hurry(&mut self) {
        self.work.clear();
        for (stream, _) in &self.link.streams {
            let stream = *stream;
            self.work.push_back(Job::Census(stream));
            self.work.extend((0..self.link.audit_slices).map(|slice| Job::Audit(stream, slice)));
        }
    }

    fn key(&self, what: &str) -> String {
        format!("{what}:{}", self.link.id)
    }

    /// When something was last done, by the durable note of it; a note from the future counts as never.
    async fn last(&self, what: &str, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let text = self.shared.store.setting(&self.key(what)).await?;
        let at = text.and_then(|text| text.split(' ').next().and_then(|at| at.parse().ok()));
        Ok(at.map(Timestamp::from_millis).filter(|at| *at <= now))
    }

    /// Plans what the schedule asks for; returns when to look again if that is nothing.
    async fn plan(&mut self, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let fresh = self.shared.store.freshness().await?;
        let ready = |stream| {
            let of = fresh.iter().find(|one| one.connection == self.link.id && one.stream == stream);
            of.is_some_and(|one| one.first_caught_up.is_some() && one.trouble.is_none())
        };
        let streams: Vec<Stream> =
            self.link.streams.iter().map(|(stream, _)| *stream).filter(|stream| ready(*stream)).collect();
        if streams.is_empty() {
            return Ok(Some(now + PAUSE));
        }
        let last = self.last("census", now).await?;
        if last.is_none() {
            // The first proof comes one interval after the first sight of the connection.
            self.note("census", now, "").await?;
            self.note("audit", now, "0").await?;
            return Ok(Some(now));
        }
        let census = self.link.census.due(last, now);
        if census <= now {
            self.work.extend(streams.iter().map(|stream| Job::Census(*stream)));
        }
        let audit = self.link.audit.due(self.last("audit", now).await?, now);
        if audit <= now {
            let text = self.shared.store.setting(&self.key("audit")).await?.unwrap_or_default();
            let last: u32 = text.split(' ').nth(1).and_then(|slice| slice.parse().ok()).unwrap_or_default();
            let slice = (last + 1) % self.link.audit_slices.max(1);
            self.work.extend(streams.iter().map(|stream| Job::Audit(*stream, slice)));
        }
        let next = census.min(audit);
        Ok(if self.work.is_empty() { Some(next) } else { None })
    }

    async fn note(&self, what: &str, now: Timestamp, more: &str) -> anyhow::Result<()> {
        let text = format!("{} {more}", now.as_millis());
        self.shared.store.set_setting(&self.key(what), Some(text.trim_end())).await.context("noting a sweep")
    }

    async fn page(&self, stream: Stream, pass: &Pass, from: Option<&Cursor>) -> Result<Page, Error> {
        let cx = self.link.cx(&*self.shared.clock, Lane::Backfill);
        self.link.connector.poll(&cx, stream, pass, from).await
    }

    /// One page of a pass; true at its end, with whether it was complete.
    async fn step(&self, stream: Stream, pass: &Pass) -> anyhow::Result<Result<Option<bool>, Error>> {
        let from = self.shared.store.cursor(&self.link.id, stream, pass.kind()).await?;
        if from.is_none() && pass.kind() == PassKind::Census {
            let now = self.shared.clock.now();
            self.shared.store.begin_census(&self.shared.held, &self.link.id, stream, now).await?;
        }
        let page = match self.page(stream, pass, from.as_ref()).await {
            Ok(page) => page,
            Err(error) => return Ok(Err(error)),
        };
        let (cursor, ended) = match page.position {
            Reached::More(cursor) => (Some(cursor), None),
            Reached::CaughtUp { complete, .. } => (None, Some(complete)),
        };
        let position = Position {
            connection: self.link.id.clone(),
            stream,
            pass: pass.kind(),
            cursor,
            caught_up: None,
            complete: ended == Some(true),
        };
        ingest::commit(&self.shared, &self.link, stream, page.changes, vec![position]).await?;
        Ok(Ok(ended))
    }

    /// Reads what the census found and we lack; marks what we have and it did not find, unless that is so
    /// much that the listing is to be doubted.
    async fn judge(&self, stream: Stream) -> anyhow::Result<Result<(), Error>> {
        let census = self.shared.store.census(&self.link.id, stream, MISSING).await?;
        let Some(census) = census else { return Ok(Ok(())) };
        if !census.unknown.is_empty() {
            info!(
                stream = stream.plural(),
                gap = census.unknown.len(),
                "census found records that we lacked"
            );
            if let Err(error) = self.read(stream, &census.unknown).await? {
                return Ok(Err(error));
            }
        }
        if self.deletes(stream) == Deletes::Unknown {
            return Ok(Ok(()));
        }
        let keys: Vec<Key> = census.missing.iter().cloned().map(Key::Ref).collect();
        let known = self.shared.store.known(&keys).await.context("looking up what a census missed")?;
        let listing = Listing {
            complete: true,
            began: census.began,
            alive: census.alive,
            absent: census.absent,
            missing: census.missing,
        };
        match absent(&listing, &known, &self.shared.rules().merge) {
            // Each is asked for by its id once more: a listing alone can't tell deleted from merged or archived.
            Verdict::Mark(gone) => {
                let gone: Vec<ExternalRef> = gone.into_iter().map(|gone| gone.reference).collect();
                self.read(stream, &gone).await
            }
            Verdict::Quarantine(reason) => {
                warn!(stream = stream.plural(), reason, "deletions held back");
                self.notice(format!("{}: {reason}", stream.plural())).await?;
                Ok(Ok(()))
            }
            Verdict::Unproven => Ok(Ok(())),
        }
    }

    fn deletes(&self, stream: Stream) -> Deletes {
        let reads = &self.link.connector.describe().capabilities.reads;
        reads.iter().find(|(of, _)| *of == stream).map_or(Deletes::Unknown, |(_, deletes)| *deletes)
    }

    async fn notice(&self, what: String) -> anyhow::Result<()> {
        let now = self.shared.clock.now();
        let source = self.link.id.as_str().into();
        let event = Event { at: now, subject: None, kind: EventKind::Noticed { what }, source };
        let intake = Intake { events: vec![event], ..Intake::default() };
        self.shared.store.commit_page(&self.shared.held, intake, now).await.context("noting a quarantine")
    }

    async fn read(&self, stream: Stream, references: &[ExternalRef]) -> anyhow::Result<Result<(), Error>> {
        for some in references.chunks(BATCH) {
            let ids = some.iter().map(|reference| reference.id.clone()).collect();
            if let Err(error) = ingest::read_these(&self.shared, &self.link, stream, ids).await? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    async fn job(&self, job: Job) -> anyhow::Result<Result<bool, Error>> {
        let (stream, pass) = match job {
            Job::Census(stream) => (stream, Pass::Census),
            Job::Audit(stream, slice) => (stream, Pass::Audit { slice, of: self.link.audit_slices.max(1) }),
        };
        Ok(match self.step(stream, &pass).await? {
            Err(error) => Err(error),
            Ok(None) => Ok(false),
            Ok(Some(complete)) if pass == Pass::Census && complete => {
                self.judge(stream).await?.map(|()| true)
            }
            Ok(Some(_)) => Ok(true),
        })
    }

    async fn ended(&self, job: Job) -> anyhow::Result<()> {
        let now = self.shared.clock.now();
        match job {
            Job::Census(_) => self.note("census", now, "").await,
            Job::Audit(_, slice) => self.note("audit", now, &slice.to_string()).await,
        }
    }
}

#[async_trait]
impl Cycle for Sweep {
    fn name(&self) -> &str {
        &self.name
    }

    async fn turn(&mut self) -> anyhow::Result<Turn> {
        let now = self.shared.clock.now();
        if self.not_before > now && self.not_before.since(now) <= PAUSE {
            return Ok(Turn::Idle { until: Some(self.not_before) });
        }
        let Some(&job) = self.work.front() else {
            return Ok(self.plan(now).await?.map_or(Turn::Again, |at| Turn::Idle { until: Some(at) }));
        };
        match self.job(job).await? {
            Ok(false) => {}
            Ok(true) => {
                self.work.pop_front();
                self.ended(job).await?;
            }
            Err(error) => {
                warn!(?job, %error, again_in_s = PAUSE.as_secs(), "sweep interrupted");
                self.not_before = now + PAUSE;
            }
        }
        Ok(Turn::Again)
    }
}
