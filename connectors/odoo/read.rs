//! Walking the streams: full, increment, census, audit, and single records.

use crate::{
    Odoo,
    calls::{
        search::Search,
        search_read::{Listing, SearchRead},
    },
    cursor::{Place, fingerprint},
    records::{Mapped, Partners, Row, Shape, partner, shape, stage},
    text::{domain_time, time},
};
use bytes::Bytes;
use connect::{Cx, Error, ErrorKind, Page, Position};
use model::{Change, Cursor, ExternalRef, Gone, GoneHow, Kind, Observed, Pass, Stream, Timestamp, Version};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Records per page.
const PAGE: usize = 500;
/// Ids per page of a census.
const CENSUS_PAGE: usize = 5000;

impl Odoo {
    pub(crate) async fn page(
        &self,
        cx: &Cx<'_>,
        stream: Stream,
        pass: &Pass,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let shape = shape(stream).ok_or_else(|| {
            Error::unsent(ErrorKind::Invalid, format!("odoo has no stream of {}", stream.plural()))
        })?;
        let place = match from {
            None => Place::default(),
            Some(cursor) => Place::read(cursor).ok_or_else(|| {
                Error::unsent(ErrorKind::CursorExpired, format!("the cursor of {stream} can't be read"))
            })?,
        };
        match pass {
            Pass::Full | Pass::Since => self.walk(cx, shape, pass == &Pass::Full, place).await,
            Pass::Census => self.census(cx, shape, place).await,
            Pass::Audit { slice, of } => self.audit(cx, shape, *slice, *of, place).await,
            Pass::These(ids) => self.these(cx, shape, ids, place).await,
        }
    }

    async fn walk(&self, cx: &Cx<'_>, shape: Shape, full: bool, mut place: Place) -> Result<Page, Error> {
        let mut domain = (shape.domain)();
        if let Some(since) = place.since {
            narrow(&mut domain, &json!(["write_date", ">=", domain_time(since)]));
        }
        let listing = self.list(cx, shape, domain, place.after, None).await?;
        place.began(listing.at);
        let (rows, changes) = self.changes(cx, shape, listing, Some(&mut place)).await?;
        let position = if rows < PAGE {
            Position::CaughtUp { cursor: place.ended().write(), complete: full }
        } else {
            Position::More(place.write())
        };
        Ok(Page { changes, position })
    }

    /// Slices are ranges of ids: Odoo's domains have no remainder.
    async fn audit(
        &self,
        cx: &Cx<'_>,
        shape: Shape,
        slice: u32,
        of: u32,
        mut place: Place,
    ) -> Result<Page, Error> {
        if place.until.is_none() {
            let (from, until) = self.range(cx, shape, i64::from(slice), i64::from(of.max(1))).await?;
            place = Place { after: from, until: Some(until), ..Place::default() };
        }
        let listing = self.list(cx, shape, (shape.domain)(), place.after, place.until).await?;
        let (rows, changes) = self.changes(cx, shape, listing, Some(&mut place)).await?;
        let place = Place { fresh: BTreeMap::new(), ..place };
        let position = if rows < PAGE {
            Position::CaughtUp { cursor: Place::default().write(), complete: false }
        } else {
            Position::More(place.write())
        };
        Ok(Page { changes, position })
    }

    /// Ids after the first and up to the second; the last slice is open, for records made since.
    async fn range(&self, cx: &Cx<'_>, shape: Shape, slice: i64, of: i64) -> Result<(i64, i64), Error> {
        let call = Search {
            site: &self.site,
            model: shape.model,
            domain: (shape.domain)(),
            order: "id desc",
            limit: 1,
        };
        let top = cx.send(&call).await?.first().copied().unwrap_or_default();
        let until = if slice + 1 >= of { i64::from(i32::MAX) } else { top * (slice + 1) / of };
        Ok((top * slice / of, until))
    }

    async fn census(&self, cx: &Cx<'_>, shape: Shape, mut place: Place) -> Result<Page, Error> {
        let mut domain = (shape.there)();
        narrow(&mut domain, &json!(["id", ">", place.after]));
        let call =
            Search { site: &self.site, model: shape.model, domain, order: "id asc", limit: CENSUS_PAGE };
        let ids = cx.send(&call).await?;
        place.after = ids.last().copied().unwrap_or(place.after);
        let changes = ids.iter().map(|id| Change::Exists(self.reference(shape.kind, *id))).collect();
        let position = if ids.len() < CENSUS_PAGE {
            Position::CaughtUp { cursor: Place::default().write(), complete: true }
        } else {
            Position::More(place.write())
        };
        Ok(Page { changes, position })
    }

    async fn these(
        &self,
        cx: &Cx<'_>,
        shape: Shape,
        ids: &[Box<str>],
        mut place: Place,
    ) -> Result<Page, Error> {
        let wanted: BTreeSet<i64> = ids.iter().filter_map(|id| number(shape.kind, id)).collect();
        let chunk: Vec<i64> = wanted.range(place.after + 1..).take(PAGE).copied().collect();
        let mut domain = (shape.domain)();
        narrow(&mut domain, &json!(["id", "in", chunk]));
        let listing = self.list(cx, shape, domain, place.after, None).await?;
        let at = listing.at.unwrap_or_else(|| cx.clock.now());
        let (_, mut changes) = self.changes(cx, shape, listing, None).await?;
        let told: BTreeSet<&str> = changes.iter().filter_map(subject).collect();
        let absent: Vec<_> = chunk
            .iter()
            .map(|id| self.reference(shape.kind, *id))
            .filter(|reference| !told.contains(reference.id.as_ref()))
            .map(|reference| Change::Gone(Gone { reference, how: GoneHow::Absent, at }))
            .collect();
        changes.extend(absent);
        place.after = chunk.last().copied().unwrap_or(place.after);
        let position = if wanted.range(place.after + 1..).next().is_some() {
            Position::More(place.write())
        } else {
            Position::CaughtUp { cursor: Place::default().write(), complete: false }
        };
        Ok(Page { changes, position })
    }

    async fn list(
        &self,
        cx: &Cx<'_>,
        shape: Shape,
        mut domain: Value,
        after: i64,
        until: Option<i64>,
    ) -> Result<Listing, Error> {
        narrow(&mut domain, &json!(["id", ">", after]));
        if let Some(until) = until {
            narrow(&mut domain, &json!(["id", "<=", until]));
        }
        let call =
            SearchRead { site: &self.site, model: shape.model, domain, fields: shape.fields, limit: PAGE };
        cx.send(&call).await
    }

    /// The rows of a listing as changes, without those that `place` knows; and how many rows there were.
    async fn changes(
        &self,
        cx: &Cx<'_>,
        shape: Shape,
        listing: Listing,
        mut place: Option<&mut Place>,
    ) -> Result<(usize, Vec<Change>), Error> {
        let count = listing.rows.len();
        let at = listing.at.unwrap_or_else(|| cx.clock.now());
        let mut changes = Vec::with_capacity(count);
        let mut rows = Vec::with_capacity(count);
        for raw in listing.rows {
            let parsed = (shape.parse)(&raw).map_err(|error| error.to_string());
            match parsed.and_then(|row| dated(row.as_ref()).map(|at| (row, at))) {
                Ok((row, modified)) => {
                    let print = fingerprint(&raw);
                    if place.as_deref_mut().is_none_or(|place| place.meet(row.id(), modified, print)) {
                        rows.push((row, modified, print, raw));
                    }
                }
                Err(reason) => changes.push(self.unreadable(shape.kind, reason, raw, place.as_deref_mut())),
            }
        }
        let partners = self.partners(cx, rows.iter().flat_map(|(row, ..)| row.partners())).await?;
        changes.extend(rows.into_iter().map(|(row, modified, print, raw)| {
            let mapped = row.mapped(&partners);
            let reference = self.reference(shape.kind, row.id());
            if mapped.archived {
                return Change::Gone(Gone { reference, how: GoneHow::Archived, at });
            }
            Change::Seen(observed(reference, mapped, modified, row.changed(), print, raw))
        }));
        Ok((count, changes))
    }

    /// Which of these partners are companies, and for whom the others work.
    async fn partners(&self, cx: &Cx<'_>, ids: impl Iterator<Item = i64>) -> Result<Partners, Error> {
        let ids: Vec<i64> = ids.collect::<BTreeSet<_>>().into_iter().collect();
        let mut rows = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(PAGE) {
            let call = SearchRead {
                site: &self.site,
                model: partner::MODEL,
                domain: json!([["id", "in", chunk]]),
                fields: partner::KINDS,
                limit: chunk.len(),
            };
            rows.extend(cx.send(&call).await?.rows);
        }
        Ok(Partners::read(&rows))
    }

    /// A record as it is now; `None` when it is not there, or put away.
    pub(crate) async fn current(
        &self,
        cx: &Cx<'_>,
        reference: &ExternalRef,
    ) -> Result<Option<Observed>, Error> {
        let page = self.page(cx, reference.kind, &Pass::These(vec![reference.id.clone()]), None).await?;
        for change in page.changes {
            match change {
                Change::Seen(observed) if observed.reference == *reference => return Ok(Some(observed)),
                Change::Unreadable { reason, .. } => {
                    return Err(Error::answered(ErrorKind::Garbled, format!("{reference}: {reason}")));
                }
                Change::Seen(_) | Change::Gone(_) | Change::Exists(_) => {}
            }
        }
        Ok(None)
    }

    pub(crate) fn reference(&self, kind: Kind, id: i64) -> ExternalRef {
        let id = if kind == Kind::Pipeline { stage::id(id) } else { id.to_string() };
        ExternalRef::new(&self.connection, kind, id)
    }

    fn unreadable(&self, kind: Kind, reason: String, raw: Bytes, place: Option<&mut Place>) -> Change {
        let id = serde_json::from_slice::<Value>(&raw).ok().and_then(|row| row.get("id")?.as_i64());
        if let Some(place) = place {
            // The walk goes on behind it, even if not so much as its id can be read.
            place.after = id.map_or(place.after + 1, |id| place.after.max(id));
        }
        Change::Unreadable { reference: id.map(|id| self.reference(kind, id)), reason, raw }
    }
}

/// Odoo's number of a record of ours (32 bits; a larger one would be an error of the server).
pub fn number(kind: Kind, id: &str) -> Option<i64> {
    if kind == Kind::Pipeline { stage::number(id) } else { id.parse::<i32>().ok().map(i64::from) }
}

fn dated(row: &dyn Row) -> Result<Timestamp, String> {
    time(row.changed()).ok_or_else(|| format!("write_date {:?} is no time", row.changed()))
}

/// Adds a condition that all must fulfil.
fn narrow(domain: &mut Value, condition: &Value) {
    if let Some(conditions) = domain.as_array_mut() {
        conditions.push(condition.clone());
    }
}

fn subject(change: &Change) -> Option<&str> {
    match change {
        Change::Seen(observed) => Some(&observed.reference.id),
        Change::Gone(gone) => Some(&gone.reference.id),
        Change::Exists(reference) => Some(&reference.id),
        Change::Unreadable { reference, .. } => reference.as_ref().map(|reference| reference.id.as_ref()),
    }
}

fn observed(
    reference: ExternalRef,
    mapped: Mapped,
    modified: Timestamp,
    written: &str,
    print: u64,
    raw: Bytes,
) -> Observed {
    Observed {
        reference,
        // Two changes within a second have the same write_date, but are two versions.
        version: Version::Tag(format!("{written} {print:016x}").into()),
        modified,
        marker: mapped.marker,
        fields: mapped.fields,
        links: mapped.links,
        raw,
    }
}
