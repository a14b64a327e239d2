//! Streams by number, which source record belongs to which canonical record, and what sources say of links.

use super::fail::Outcome;
use model::{
    ConnectionId, ExternalRef, GoneHow, Id, Kind, Links, SourceRow, Stream, Target, Timestamp, Version,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension};
use std::collections::HashMap;

/// The numbers that stand for (connection, kind) in narrow tables.
pub(super) struct Streams(Vec<(i64, ConnectionId, Kind)>);

impl Streams {
    pub(super) fn load(connection: &Connection) -> Outcome<Self> {
        let mut statement =
            connection.prepare_cached("SELECT id, connection, kind FROM streams ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut streams = Vec::new();
        while let Some(row) = rows.next()? {
            streams.push((row.get(0)?, ConnectionId::new(row.get::<_, String>(1)?), super::word(row, 2)?));
        }
        Ok(Self(streams))
    }

    /// The stream's number; `None` when nothing of it was ever stored.
    pub(super) fn find(&self, connection: &ConnectionId, stream: Stream) -> Option<i64> {
        self.0.iter().find(|(_, c, kind)| *kind == stream && c == connection).map(|(id, ..)| *id)
    }

    /// The stream's number, given to it now when it has none.
    pub(super) fn number(
        &mut self,
        db: &Connection,
        connection: &ConnectionId,
        stream: Stream,
    ) -> Outcome<i64> {
        if let Some(id) = self.find(connection, stream) {
            return Ok(id);
        }
        db.execute(
            "INSERT INTO streams (connection, kind) VALUES (?1, ?2)",
            (connection.as_str(), stream.name()),
        )?;
        let id = db.last_insert_rowid();
        self.0.push((id, connection.clone(), stream));
        Ok(id)
    }

    /// The reference that (number, vendor's id) stands for.
    pub(super) fn reference(&self, stream: i64, ext_id: String) -> Option<ExternalRef> {
        let (_, connection, kind) = self.0.iter().find(|(id, ..)| *id == stream)?;
        Some(ExternalRef::new(connection, *kind, ext_id))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(i64, ConnectionId, Kind)> {
        self.0.iter()
    }
}

/// A source's record that still exists.
#[derive(Clone, Debug)]
pub(super) struct Living {
    pub(super) reference: ExternalRef,
    pub(super) modified: Timestamp,
}

/// The living source records of canonical records, in order of joining.
pub(super) fn living(connection: &Connection, ids: &[Id]) -> Outcome<HashMap<Id, Vec<Living>>> {
    let mut found: HashMap<Id, Vec<Living>> = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(found);
    }
    let streams = Streams::load(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT l.record, l.stream, l.ext_id, l.modified
         FROM rarray(?1) AS k CROSS JOIN links AS l ON l.record = k.value
         WHERE l.gone IS NULL ORDER BY l.record, l.first_seen, l.stream, l.ext_id",
    )?;
    let mut rows = statement.query([super::record::keys(ids)])?;
    while let Some(row) = rows.next()? {
        if let Some(reference) = streams.reference(row.get(1)?, row.get(2)?) {
            let one = Living { reference, modified: Timestamp::from_millis(row.get(3)?) };
            found.entry(super::id(row, 0)?).or_default().push(one);
        }
    }
    Ok(found)
}

/// The canonical record behind a source's record.
pub(super) fn record_of(connection: &Connection, streams: &Streams, to: &ExternalRef) -> Outcome<Option<Id>> {
    let Some(stream) = streams.find(&to.connection, to.kind) else { return Ok(None) };
    let mut statement =
        connection.prepare_cached("SELECT record FROM links WHERE stream = ?1 AND ext_id = ?2")?;
    let found: Option<String> = statement.query_row((stream, to.id.as_ref()), |row| row.get(0)).optional()?;
    Ok(found.and_then(|text| text.parse().ok()))
}

/// A bit per kind, for `links.sets`.
pub(super) const fn bit(kind: Kind) -> i64 {
    1 << match kind {
        Kind::Company => 0,
        Kind::Contact => 1,
        Kind::Deal => 2,
        Kind::Owner => 3,
        Kind::Pipeline => 4,
        Kind::Task => 5,
        Kind::Note => 6,
        Kind::Email => 7,
        Kind::Meeting => 8,
        Kind::Call => 9,
    }
}

pub(super) fn version_columns(version: &Version) -> (Option<i64>, Option<&str>) {
    match version {
        Version::At(at) => (Some(at.as_millis()), None),
        Version::Tag(tag) => (None, Some(tag)),
    }
}

/// The statements that store source records, prepared once per page.
pub(super) struct SourceWriter<'c> {
    db: &'c Connection,
    raw: CachedStatement<'c>,
    link: CachedStatement<'c>,
    associate: CachedStatement<'c>,
}

impl<'c> SourceWriter<'c> {
    pub(super) fn new(db: &'c Connection) -> Outcome<Self> {
        Ok(Self {
            db,
            raw: db.prepare_cached("INSERT INTO raw_records (body) VALUES (?1)")?,
            link: db.prepare_cached(
                "INSERT INTO links
                 (stream, ext_id, record, version_at, version_tag, modified, first_seen, raw, sets)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            associate: db.prepare_cached(
                "INSERT INTO associations (stream, ext_id, to_stream, to_id, is_primary)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
        })
    }

    /// Stores one source record. True when it was gone until now.
    pub(super) fn write(
        &mut self,
        streams: &mut Streams,
        source: &SourceRow,
        now: Timestamp,
    ) -> Outcome<bool> {
        let stream = streams.number(self.db, &source.reference.connection, source.reference.kind)?;
        if source.new {
            self.insert(stream, source, now)?;
            self.associate(streams, stream, source)?;
            return Ok(false);
        }
        let returned = self.update(stream, source, now)?;
        for set in &source.links {
            let to = streams.number(self.db, &source.reference.connection, set.to)?;
            let mut clear = self.db.prepare_cached(
                "DELETE FROM associations WHERE stream = ?1 AND ext_id = ?2 AND to_stream = ?3",
            )?;
            clear.execute((stream, source.reference.id.as_ref(), to))?;
        }
        self.associate(streams, stream, source)?;
        Ok(returned)
    }

    fn insert(&mut self, stream: i64, source: &SourceRow, now: Timestamp) -> Outcome<()> {
        let raw = match &source.raw {
            Some(body) => Some(self.raw.insert([body.as_ref()])?),
            None => None,
        };
        let (at, tag) = version_columns(&source.version);
        let sets = source.links.iter().fold(0, |sets, set| sets | bit(set.to));
        let link = &mut self.link;
        link.raw_bind_parameter(1, stream)?;
        link.raw_bind_parameter(2, source.reference.id.as_ref())?;
        link.raw_bind_parameter(3, source.record.to_string())?;
        link.raw_bind_parameter(4, at)?;
        link.raw_bind_parameter(5, tag)?;
        link.raw_bind_parameter(6, source.modified.as_millis())?;
        link.raw_bind_parameter(7, now.as_millis())?;
        link.raw_bind_parameter(8, raw)?;
        link.raw_bind_parameter(9, sets)?;
        link.raw_execute()?;
        Ok(())
    }

    fn update(&mut self, stream: i64, source: &SourceRow, now: Timestamp) -> Outcome<bool> {
        let ext_id = source.reference.id.as_ref();
        let mut look = self
            .db
            .prepare_cached("SELECT raw, gone IS NOT NULL FROM links WHERE stream = ?1 AND ext_id = ?2")?;
        let before: Option<(Option<i64>, bool)> =
            look.query_row((stream, ext_id), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((mut raw, was_gone)) = before else {
            self.insert(stream, source, now)?;
            return Ok(false);
        };
        if let Some(body) = &source.raw {
            match raw {
                Some(row) => {
                    let mut keep =
                        self.db.prepare_cached("UPDATE raw_records SET body = ?2 WHERE id = ?1")?;
                    keep.execute((row, body.as_ref()))?;
                }
                None => raw = Some(self.raw.insert([body.as_ref()])?),
            }
        }
        let (at, tag) = version_columns(&source.version);
        let sets = source.links.iter().fold(0, |sets, set| sets | bit(set.to));
        let mut change = self.db.prepare_cached(
            "UPDATE links SET record = ?3, version_at = ?4, version_tag = ?5, modified = ?6, raw = ?7,
                              sets = sets | ?8, gone = NULL, gone_at = NULL
             WHERE stream = ?1 AND ext_id = ?2",
        )?;
        let record = source.record.to_string();
        change.execute((stream, ext_id, record, at, tag, source.modified.as_millis(), raw, sets))?;
        Ok(was_gone)
    }

    fn associate(&mut self, streams: &mut Streams, stream: i64, source: &SourceRow) -> Outcome<()> {
        for set in &source.links {
            let to = streams.number(self.db, &source.reference.connection, set.to)?;
            for target in &set.targets {
                let row = (stream, source.reference.id.as_ref(), to, target.id.as_ref(), target.primary);
                self.associate.execute(row)?;
            }
        }
        Ok(())
    }
}

/// Marks a source's record as gone; returns its canonical record when it was there until now.
pub(super) fn mark_gone(
    db: &Connection,
    stream: i64,
    ext_id: &str,
    how: &GoneHow,
    at: Timestamp,
) -> Outcome<Option<String>> {
    let mut statement = db.prepare_cached(
        "UPDATE links SET gone = ?3, gone_at = ?4 WHERE stream = ?1 AND ext_id = ?2 RETURNING record",
    )?;
    let how = serde_json::to_string(how)?;
    Ok(statement.query_row((stream, ext_id, how, at.as_millis()), |row| row.get(0)).optional()?)
}

/// The link sets of a source's record: those whose bit is in `sets`, empty ones included.
pub(super) fn sets_of(
    db: &Connection,
    streams: &Streams,
    stream: i64,
    ext_id: &str,
    sets: i64,
) -> Outcome<Vec<Links>> {
    let mut found: Vec<Links> = Kind::ALL
        .into_iter()
        .filter(|kind| sets & bit(*kind) != 0)
        .map(|to| Links { to, targets: Vec::new() })
        .collect();
    let mut statement = db.prepare_cached(
        "SELECT to_stream, to_id, is_primary FROM associations WHERE stream = ?1 AND ext_id = ?2
         ORDER BY to_stream, to_id",
    )?;
    let mut rows = statement.query((stream, ext_id))?;
    while let Some(row) = rows.next()? {
        let Some(to) = streams.reference(row.get(0)?, row.get(1)?) else { continue };
        if let Some(set) = found.iter_mut().find(|set| set.to == to.kind) {
            set.targets.push(Target { id: to.id, primary: row.get(2)? });
        }
    }
    Ok(found)
}
