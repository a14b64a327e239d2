//! The views role: reads, backup, integrity.

use super::{
    SqliteStore, events,
    fail::{Fail, Outcome},
    history,
    links::{self, Streams},
    lock, metrics, overview, record, search,
};
use crate::{Error, Overview, Past, Views};
use async_trait::async_trait;
use model::{
    Canonical, Event, ExternalRef, Id, Kind, Timestamp,
    work::{Absence, MetricInputs, MetricSpan, Tried},
};
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use std::path::{Path, PathBuf};

fn notes(db: &Connection, of: Id, most: usize) -> Outcome<Vec<(Option<Timestamp>, String)>> {
    let mut look = db.prepare_cached(
        "SELECT DISTINCT n.at, n.body FROM links AS l
         JOIN associations AS a ON a.to_stream = l.stream AND a.to_id = l.ext_id
         JOIN links AS o ON o.stream = a.stream AND o.ext_id = a.ext_id
         JOIN notes AS n ON n.id = o.record
         WHERE l.record = ?1 AND n.gone IS NULL AND n.body IS NOT NULL ORDER BY n.at DESC LIMIT ?2",
    )?;
    let rows = look.query_map((of.to_string(), super::most(most)), |row| {
        Ok((row.get::<_, Option<i64>>(0)?.map(Timestamp::from_millis), row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Copies the database beside the target's name and puts it in place when it is whole.
fn backup(db: &Connection, to: &Path) -> Outcome<()> {
    let failed = |e: std::io::Error| Fail::Stored(Box::new(e));
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let file = lock::private_file(&partial).map_err(failed)?;
    file.set_len(0).map_err(failed)?;
    let copied = copy(db, &partial).and_then(|()| file.sync_all().map_err(failed));
    match copied.and_then(|()| std::fs::rename(&partial, to).map_err(failed)) {
        Ok(()) => Ok(()),
        Err(error) => {
            if let Err(left) = std::fs::remove_file(&partial) {
                tracing::warn!(%left, "an unfinished backup could not be removed");
            }
            Err(error)
        }
    }
}

/// All pages within one read of the source: consistent, and no writer waits.
fn copy(db: &Connection, to: &Path) -> Outcome<()> {
    let mut copy = Connection::open(to)?;
    if Backup::new(db, &mut copy)?.step(-1)? != StepResult::Done {
        return Err(Fail::stored("the database is busy: try again"));
    }
    // A backup is one file: nothing of it stays behind in a log.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.close().map_err(|(_, error)| Fail::Sql(error))
}

fn integrity(db: &Connection) -> Outcome<Option<String>> {
    let mut statement = db.prepare("PRAGMA integrity_check(20)")?;
    let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(if lines == ["ok"] { None } else { Some(lines.join("\n")) })
}

#[async_trait]
impl Views for SqliteStore {
    async fn overview(&self, now: Timestamp) -> Result<Overview, Error> {
        self.database.read("read the overview", move |db| overview::overview(db, now)).await
    }

    async fn metric_inputs(&self, span: MetricSpan) -> Result<MetricInputs, Error> {
        self.database.read("read what metrics need", move |db| metrics::inputs(db, span)).await
    }

    async fn past(&self, since: Timestamp) -> Result<Past, Error> {
        self.database.read("read what became of tasks", move |db| history::past(db, since)).await
    }

    async fn absences(&self, since: Timestamp, most: usize) -> Result<Vec<Absence>, Error> {
        self.database.read("read absences", move |db| history::absences(db, since, most)).await
    }

    async fn tried(&self) -> Result<Vec<Tried>, Error> {
        self.database.read("read what was tried", metrics::tried).await
    }

    async fn record(&self, id: Id) -> Result<Option<Canonical>, Error> {
        self.database.read("read a record", move |db| Ok(record::read_any(db, &[id])?.remove(&id))).await
    }

    async fn find_ref(&self, reference: &ExternalRef) -> Result<Option<Id>, Error> {
        let reference = reference.clone();
        let job = move |db: &Connection| links::record_of(db, &Streams::load(db)?, &reference);
        self.database.read("find a record", job).await
    }

    async fn search(
        &self,
        kind: Option<Kind>,
        text: &str,
        most: usize,
    ) -> Result<Vec<(Id, Kind, String)>, Error> {
        let text = text.to_owned();
        self.database.read("search", move |db| search::find(db, kind, &text, most)).await
    }

    async fn ids(&self, beginning: &str, most: usize) -> Result<Vec<Id>, Error> {
        let beginning = beginning.to_lowercase();
        self.database.read("look for ids", move |db| search::ids(db, &beginning, most)).await
    }

    async fn events(&self, after: i64, most: usize) -> Result<Vec<(i64, Event)>, Error> {
        self.database.read("read events", move |db| events::after(db, after, most)).await
    }

    async fn last_event(&self) -> Result<i64, Error> {
        self.database.read("look for the newest event", events::last).await
    }

    async fn history(&self, subject: Id, most: usize) -> Result<Vec<(i64, Event)>, Error> {
        self.database.read("read a history", move |db| events::of(db, subject, most)).await
    }

    async fn notes(&self, of: Id, most: usize) -> Result<Vec<(Option<Timestamp>, String)>, Error> {
        self.database.read("read notes", move |db| notes(db, of, most)).await
    }

    async fn page(&self, kind: Kind, after: Option<Id>, most: usize) -> Result<Vec<Canonical>, Error> {
        self.database.read("read records", move |db| record::page(db, kind, after, most)).await
    }

    async fn backup(&self, to: &Path) -> Result<(), Error> {
        let to = to.to_owned();
        self.database.outside("back up", move |db| backup(db, &to)).await
    }

    async fn integrity(&self) -> Result<Option<String>, Error> {
        self.database.read("check integrity", integrity).await
    }
}
