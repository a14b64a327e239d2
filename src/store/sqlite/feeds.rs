//! The feeds role: cursors, freshness, trouble; the rest is handed to its module.

use super::{
    SqliteStore, census, connection::Durable, fail::Outcome, intake, known, leases, links::Streams, parked,
};
use crate::{Census, Error, Feeds, Freshness, Held, ParkedRow};
use async_trait::async_trait;
use model::{ConnectionId, Cursor, Intake, Key, Known, PassKind, Stream, Timestamp, intake::Position};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeSet;

/// Stores where a pass stands.
pub(super) fn move_to(
    db: &Connection,
    streams: &mut Streams,
    position: &Position,
    now: Timestamp,
) -> Outcome<()> {
    let stream = streams.number(db, &position.connection, position.stream)?;
    match &position.cursor {
        Some(cursor) => db
            .prepare_cached(
                "INSERT INTO cursors (stream, pass, version, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (stream, pass) DO UPDATE SET version = excluded.version, body = excluded.body",
            )?
            .execute((stream, position.pass.name(), cursor.version, &cursor.body))?,
        None => db
            .prepare_cached("DELETE FROM cursors WHERE stream = ?1 AND pass = ?2")?
            .execute((stream, position.pass.name()))?,
    };
    let Some(at) = position.caught_up else { return Ok(()) };
    match position.pass {
        PassKind::Full | PassKind::Since => {
            let mut fresh = db.prepare_cached(
                "UPDATE streams SET as_of = max(coalesce(as_of, ?2), ?2),
                        first_caught_up = coalesce(first_caught_up, ?3) WHERE id = ?1",
            )?;
            fresh.execute((stream, at.as_millis(), now.as_millis()))?;
        }
        PassKind::Census if position.complete => census::note_gap(db, stream)?,
        PassKind::Census | PassKind::Audit | PassKind::These => {}
    }
    Ok(())
}

/// Notes a page on each stream that it belongs to; whatever was wrong with them is over.
pub(super) fn page_committed<'a>(
    db: &Connection,
    streams: &mut Streams,
    touched: impl Iterator<Item = (&'a ConnectionId, Stream)>,
    now: Timestamp,
) -> Outcome<()> {
    for (connection, stream) in touched.collect::<BTreeSet<_>>() {
        let stream = streams.number(db, connection, stream)?;
        let mut note = db.prepare_cached(
            "UPDATE streams SET last_page = ?2, trouble = NULL, trouble_since = NULL WHERE id = ?1",
        )?;
        note.execute((stream, now.as_millis()))?;
    }
    Ok(())
}

fn cursor(
    db: &Connection,
    connection: &ConnectionId,
    stream: Stream,
    pass: PassKind,
) -> Outcome<Option<Cursor>> {
    let Some(stream) = Streams::load(db)?.find(connection, stream) else { return Ok(None) };
    let mut statement =
        db.prepare_cached("SELECT version, body FROM cursors WHERE stream = ?1 AND pass = ?2")?;
    let read = |row: &rusqlite::Row<'_>| Ok(Cursor { version: row.get(0)?, body: row.get(1)? });
    Ok(statement.query_row((stream, pass.name()), read).optional()?)
}

fn freshness(db: &Connection) -> Outcome<Vec<Freshness>> {
    let mut statement = db.prepare_cached(
        "SELECT s.connection, s.kind, s.as_of, s.first_caught_up, s.gap, s.last_page, s.trouble, s.trouble_since,
                (SELECT count(*) FROM links AS l WHERE l.stream = s.id AND l.gone IS NULL)
         FROM streams AS s WHERE s.last_page IS NOT NULL OR s.trouble IS NOT NULL
         ORDER BY s.connection, s.kind",
    )?;
    let parse = |row: &rusqlite::Row<'_>| -> Outcome<Freshness> {
        let trouble: Option<String> = row.get(6)?;
        let since = super::time(row, 7)?;
        Ok(Freshness {
            connection: ConnectionId::new(row.get::<_, String>(0)?),
            stream: super::word(row, 1)?,
            as_of: super::time(row, 2)?,
            first_caught_up: super::time(row, 3)?,
            records: super::count(row.get(8)?),
            gap: row.get::<_, Option<i64>>(4)?.map(super::count),
            last_page: super::time(row, 5)?,
            trouble: trouble.zip(since),
        })
    };
    statement.query_and_then([], parse)?.collect()
}

/// Keeps the time at which the same trouble began.
fn note_trouble(
    db: &Connection,
    connection: &ConnectionId,
    stream: Stream,
    trouble: Option<&str>,
    now: Timestamp,
) -> Outcome<()> {
    let stream = Streams::load(db)?.number(db, connection, stream)?;
    let mut statement = db.prepare_cached(
        "UPDATE streams SET trouble = ?2,
                trouble_since = CASE WHEN ?2 IS NULL THEN NULL ELSE coalesce(trouble_since, ?3) END
         WHERE id = ?1",
    )?;
    statement.execute((stream, trouble, now.as_millis()))?;
    Ok(())
}

#[async_trait]
impl Feeds for SqliteStore {
    async fn cursor(
        &self,
        connection: &ConnectionId,
        stream: Stream,
        pass: PassKind,
    ) -> Result<Option<Cursor>, Error> {
        let connection = connection.clone();
        self.database.read("read a cursor", move |db| cursor(db, &connection, stream, pass)).await
    }

    async fn known(&self, keys: &[Key]) -> Result<Known, Error> {
        let keys = keys.to_vec();
        self.database.read("look records up", move |db| known::known(db, &keys)).await
    }

    async fn commit_page(&self, held: &Held, page: Intake, now: Timestamp) -> Result<(), Error> {
        let held = held.copy();
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            intake::commit(db, &page, now)
        };
        self.database.write("commit a page", Durable::Normal, job).await
    }

    async fn begin_census(
        &self,
        held: &Held,
        connection: &ConnectionId,
        stream: Stream,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (held, connection) = (held.copy(), connection.clone());
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            census::begin(db, &connection, stream, now)
        };
        self.database.write("begin a census", Durable::Normal, job).await
    }

    async fn census(
        &self,
        connection: &ConnectionId,
        stream: Stream,
        most: usize,
    ) -> Result<Option<Census>, Error> {
        let connection = connection.clone();
        self.database.read("read a census", move |db| census::read(db, &connection, stream, most)).await
    }

    async fn freshness(&self) -> Result<Vec<Freshness>, Error> {
        self.database.read("read freshness", freshness).await
    }

    async fn note_trouble(
        &self,
        held: &Held,
        connection: &ConnectionId,
        stream: Stream,
        trouble: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (held, connection, trouble) = (held.copy(), connection.clone(), trouble.map(str::to_owned));
        let job = move |db: &Connection| {
            leases::check(db, &held)?;
            note_trouble(db, &connection, stream, trouble.as_deref(), now)
        };
        self.database.write("note trouble", Durable::Normal, job).await
    }

    async fn parked(&self, most: usize) -> Result<Vec<ParkedRow>, Error> {
        self.database.read("list parked records", move |db| parked::list(db, most)).await
    }

    async fn retry_parked(&self, rows: &[i64]) -> Result<u64, Error> {
        let rows = rows.to_vec();
        self.database.write("retry parked records", Durable::Full, move |db| parked::retry(db, &rows)).await
    }

    async fn to_reread(
        &self,
        connection: &ConnectionId,
        stream: Stream,
        most: usize,
    ) -> Result<Vec<Box<str>>, Error> {
        let connection = connection.clone();
        let job = move |db: &Connection| parked::to_reread(db, &connection, stream, most);
        self.database.read("read what is to be read again", job).await
    }
}
