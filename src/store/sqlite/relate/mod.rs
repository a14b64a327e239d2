//! The relations role: what mails and meetings belong to.

mod around;
mod brief;
mod commit;
mod note;
mod spread;
mod view;

pub(super) use around::stated;
pub(super) use brief::briefs;
pub(super) use note::note;

use super::{SqliteStore, connection::Durable, fail::Outcome, leases};
use crate::{Error, Held, Relations, Unrelated};
use async_trait::async_trait;
use model::{Timestamp, work::Related};
use rusqlite::{CachedStatement, Connection};

/// Queues an activity: parameters are record, due and mark.
const QUEUE: &str = "INSERT INTO unrelated (record, due, mark) VALUES (?1, ?2, ?3)
     ON CONFLICT (record) DO UPDATE SET due = min(due, excluded.due), mark = excluded.mark";

/// The statement that queues one activity.
fn queue(db: &Connection) -> Outcome<CachedStatement<'_>> {
    Ok(db.prepare_cached(QUEUE)?)
}

/// A number above all marks given so far.
fn next_mark(db: &Connection) -> Outcome<i64> {
    super::bump(db, "relate", 1)
}

/// The host's labels in reverse order: `mail.acme.example` gives `example.acme.mail`.
fn reversed(host: &str) -> String {
    host.rsplit('.').collect::<Vec<_>>().join(".")
}

/// An address as `participants` keeps it.
fn place(address: &str) -> Option<String> {
    let (local, host) = address.rsplit_once('@')?;
    Some(format!("{}@{local}", reversed(host)))
}

#[async_trait]
impl Relations for SqliteStore {
    async fn spread(&self, held: &Held, now: Timestamp) -> Result<bool, Error> {
        // Nearly always there is nothing: a look costs no writer's time.
        if !self.database.read("look for changes around activities", spread::any).await? {
            return Ok(false);
        }
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            spread::pass_on(db, now)
        };
        self.database.write("pass on changes around activities", Durable::Normal, job).await
    }

    async fn unrelated(&self, now: Timestamp, most: usize) -> Result<Unrelated, Error> {
        self.database.read("read what is to be linked", move |db| view::unrelated(db, now, most)).await
    }

    async fn relate_all(&self, held: &Held, now: Timestamp) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            let again =
                "INSERT INTO unrelated (record, due, mark) SELECT record, ?1, ?2 FROM activities WHERE TRUE
                 ON CONFLICT (record) DO UPDATE SET due = min(due, excluded.due), mark = excluded.mark";
            db.execute(again, (now.as_millis(), next_mark(db)?))?;
            Ok(())
        };
        self.database.write("queue all activities", Durable::Normal, job).await
    }

    async fn commit_related(
        &self,
        held: &Held,
        related: Vec<(Related, i64)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            commit::commit(db, &related, now)
        };
        self.database.write("commit links of activities", Durable::Normal, job).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_sorts_with_its_domain() {
        assert_eq!(place("ann@mail.acme.example").as_deref(), Some("example.acme.mail@ann"));
        assert_eq!(place("a@b@acme.example").as_deref(), Some("example.acme@a@b"));
        assert_eq!(place("nobody"), None);
    }
}
