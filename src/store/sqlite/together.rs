//! Short durable transactions that share one commit. What costs time is the disk: with many agents talking at
//! once, all that wait in the queue go to it together. Nobody is waited for, so one that comes alone is not slower.

use super::{
    connection::{Durable, Job, Writer},
    fail::{Fail, Outcome},
};
use rusqlite::Connection;
use std::sync::mpsc;
use tokio::sync::oneshot;

/// Transactions that go to the disk together at most: who comes next shall not wait long.
const MOST: usize = 64;

/// A transaction and whoever waits for its outcome.
pub(super) trait Promise: Send {
    /// Does the work; true when it shall last.
    fn run(&mut self, db: &Connection) -> bool;
    /// Tells the outcome, now that it is on the disk, or why it is not.
    fn answer(self: Box<Self>, committed: Result<(), &Fail>);
}

/// A job, its outcome once it ran, and where the answer goes.
pub(super) struct Waiting<T, F> {
    job: Option<F>,
    outcome: Option<Outcome<T>>,
    answer: oneshot::Sender<Outcome<T>>,
}

impl<T, F> Waiting<T, F> {
    pub(super) const fn new(job: F, answer: oneshot::Sender<Outcome<T>>) -> Self {
        Self { job: Some(job), outcome: None, answer }
    }
}

impl<T, F> Promise for Waiting<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Outcome<T> + Send,
{
    fn run(&mut self, db: &Connection) -> bool {
        self.outcome = self.job.take().map(|job| job(db));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), &Fail>) {
        let outcome = match (self.outcome, committed) {
            // What it was refused for holds, whatever became of the others.
            (Some(Err(own)), _) => Err(own),
            (Some(done), Ok(())) => done,
            (_, Err(fail)) => Err(fail.again()),
            (None, Ok(())) => Err(Fail::stored("a transaction was not run")),
        };
        // A caller that went away does not want the answer.
        drop(self.answer.send(outcome));
    }
}

/// Does what comes until nobody can send any more.
pub(super) fn work(queue: &mpsc::Receiver<Job>, writer: &mut Writer) {
    let mut next = None;
    while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
        match job {
            Job::Alone(job) => job(writer),
            Job::Together(first) => next = group(queue, writer, first),
        }
    }
}

/// Commits a transaction with those that wait right behind it; returns the first job that is none of these.
fn group(queue: &mpsc::Receiver<Job>, writer: &mut Writer, first: Box<dyn Promise>) -> Option<Job> {
    let (mut ran, mut behind) = (Vec::new(), None);
    let mut coming = Some(first);
    let committed = writer.transaction(Durable::Full, |db| {
        while let Some(mut one) = coming.take() {
            let done = savepoint(db, &mut *one);
            ran.push(one);
            done?;
            if ran.len() < MOST {
                match queue.try_recv() {
                    Ok(Job::Together(next)) => coming = Some(next),
                    Ok(other) => behind = Some(other),
                    Err(_) => {}
                }
            }
        }
        Ok(())
    });
    // One is left when the transaction could not even begin.
    for one in ran.into_iter().chain(coming) {
        one.answer(committed.as_ref().copied());
    }
    behind
}

/// One of several in a transaction: what it did is undone without touching the others.
fn savepoint(db: &Connection, one: &mut dyn Promise) -> Outcome<()> {
    db.prepare_cached("SAVEPOINT one")?.execute([])?;
    let lasts = one.run(db);
    if db.is_autocommit() {
        // Some failures (a full disk) end the whole transaction.
        return Err(Fail::stored("the transaction was rolled back"));
    }
    if !lasts {
        db.prepare_cached("ROLLBACK TO one")?.execute([])?;
    }
    db.prepare_cached("RELEASE one")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{
        bump,
        connection::{Database, PATIENCE},
    };
    use super::*;
    use crate::Exec;
    use std::sync::Arc;

    #[tokio::test]
    async fn those_that_wait_together_are_each_done_as_a_whole_or_not_at_all() {
        // given a writer that is busy while ten transactions come, each third of which fails halfway
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let database = Arc::new(Database::open(&path, Exec::Thread, PATIENCE).unwrap());
        let (free, busy) = mpsc::channel::<()>();
        let writer = database.clone();
        let wait = move |_: &mut Writer| busy.recv().map_err(|e| Fail::stored(e.to_string()));
        let first = tokio::spawn(async move { writer.writer("wait", wait).await });
        let one = |number: i64| {
            let writer = database.clone();
            let count = move |db: &Connection| {
                bump(db, "tried", 1 << number)?;
                if number % 3 == 0 { Err(Fail::stored("no")) } else { Ok(number) }
            };
            tokio::spawn(async move { writer.write_together("count", count).await })
        };
        let ten: Vec<_> = (0..10).map(one).collect();
        tokio::task::yield_now().await;
        // when it is free
        free.send(()).unwrap();
        first.await.unwrap().unwrap();
        let mut answers = Vec::new();
        for answer in ten {
            answers.push(answer.await.unwrap());
        }
        // then each has its own answer, and only what succeeded is there
        let fine = answers.iter().filter_map(|answer| answer.as_ref().ok()).copied();
        assert_eq!(fine.collect::<Vec<_>>(), [1, 2, 4, 5, 7, 8]);
        let sum: i64 = [1, 2, 4, 5, 7, 8].iter().map(|number| 1 << number).sum();
        assert_eq!(database.write("look", Durable::Normal, |db| bump(db, "tried", 0)).await.unwrap(), sum);
    }
}
