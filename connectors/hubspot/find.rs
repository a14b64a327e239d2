//! Did a write land whose answer was lost? Only the database is asked, never the search index.

use crate::{
    HubSpot, VISIBILITY_LAG,
    calls::{batch_read, batch_read::BatchRead},
    cursor::ListPlace,
    fields::Object,
    view::{Seen, Unread},
    write::{foreign, has_value, receipt},
};
use connect::{Cx, Error, ErrorKind, Landing};
use model::{Intent, Kind, Timestamp, Write};

/// Pages of a list that a search for one task may cost, at most.
const PATIENCE: usize = 200;

/// What a search through a list said.
enum Scan {
    Found(Box<Seen>),
    NotThere,
    /// Too much to read.
    GaveUp,
}

impl HubSpot {
    pub(crate) async fn landing(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        sent: Timestamp,
    ) -> Result<Landing, Error> {
        // What is not there now may still be on its way.
        let settled = sent + self.timeout + VISIBILITY_LAG;
        let looked = cx.clock.now();
        let absent =
            if looked >= settled { Landing::Absent } else { Landing::Unknown { look_again: Some(settled) } };
        match &write.intent {
            Intent::CreateTask { .. } => self.creation(cx, write, Kind::Task, absent).await,
            Intent::CreateNote { .. } => self.creation(cx, write, Kind::Note, absent).await,
            Intent::CompleteTask { .. } | Intent::ChangeStage { .. } | Intent::ChangeOwner { .. } => {
                let target = self.target(cx, self.object(write.target.kind)?, write).await;
                Ok(match target {
                    Ok(now) if has_value(write, &now.record.fields) => {
                        Landing::Landed(receipt(&now.record, true))
                    }
                    Ok(_) | Err(Error { kind: ErrorKind::NotFound, .. }) => absent,
                    Err(error) => return Err(error),
                })
            }
            Intent::CreateEvent { .. } | Intent::MoveEvent { .. } | Intent::Notify { .. } => {
                Err(foreign(write))
            }
        }
    }

    async fn creation(
        &self,
        cx: &Cx<'_>,
        write: &Write,
        kind: Kind,
        absent: Landing,
    ) -> Result<Landing, Error> {
        let object = self.object(kind)?;
        if self.keyed(cx, object).await?
            && let Some(seen) = self.by_key(cx, object, write).await?
        {
            return Ok(Landing::Landed(receipt(&seen.record, true)));
        }
        let beside = match self.beside(cx, write, object).await? {
            // The neighbour is gone, and its associations with it: all of them have to be looked through.
            None => self.scan(cx, object, write, false).await?,
            Some(scan) => scan,
        };
        // The associations of a record leave out what was archived meanwhile.
        let scan = match beside {
            Scan::NotThere if absent == Landing::Absent => self.scan(cx, object, write, true).await?,
            other => other,
        };
        Ok(match scan {
            Scan::Found(seen) => Landing::Landed(receipt(&seen.record, true)),
            Scan::NotThere => absent,
            Scan::GaveUp => Landing::Unknown { look_again: None },
        })
    }

    /// Looks through what stands beside the target; `None` when the target is gone.
    async fn beside(&self, cx: &Cx<'_>, write: &Write, object: &Object) -> Result<Option<Scan>, Error> {
        let parent = write.target.kind;
        let target = match self.target(cx, self.object(parent)?, write).await {
            // Under another id when it was merged: its associations went with it.
            Ok(seen) => seen.record.reference.id.to_string(),
            Err(Error { kind: ErrorKind::NotFound, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let links = self.links(cx, parent, object.kind, std::slice::from_ref(&target)).await?;
        let Some(targets) = links.and_then(|mut links| links.remove(&target)) else { return Ok(None) };
        let ids: Vec<&str> = targets.iter().map(|target| &*target.id).collect();
        for some in ids.chunks(batch_read::LIMIT) {
            let reader = self.reader(object, false);
            let call = BatchRead { api: &self.settings.api, reader, ids: some, archived: false };
            if let Some(found) = ours(self.send(cx, &call).await?.items, write) {
                return Ok(Some(Scan::Found(Box::new(found))));
            }
        }
        Ok(Some(Scan::NotThere))
    }

    /// Looks through all tasks or notes, live or archived.
    async fn scan(&self, cx: &Cx<'_>, object: &Object, write: &Write, archived: bool) -> Result<Scan, Error> {
        let mut place = ListPlace { archived, bare: true, ..ListPlace::begin(cx.clock.now()) };
        for _ in 0..PATIENCE {
            let records = self.list(cx, object, &mut place).await?;
            if let Some(found) = ours(records.items, write) {
                return Ok(Scan::Found(Box::new(found)));
            }
            if place.after.is_none() {
                return Ok(Scan::NotThere);
            }
        }
        Ok(Scan::GaveUp)
    }
}

/// The record that carries the write's key, in the property or in its body.
fn ours(items: Vec<Result<Seen, Unread>>, write: &Write) -> Option<Seen> {
    items.into_iter().flatten().find(|seen| seen.record.marker == Some(write.key))
}
