//! The stream of meetings: each calendar by its own sync token, series as occurrences up to a horizon.

use crate::{
    Google,
    calls::{
        calendars::{Calendars as GetCalendars, Entry},
        event::Get,
        events::Events,
    },
    cursor::{Calendars, How, Leg, Mark, Place, expired},
    errors::garbled,
    meeting::{Event, reference, split},
};
use bytes::Bytes;
use connect::{Cx, Error, ErrorKind, Page, Position};
use futures_util::{StreamExt, TryStreamExt, future::BoxFuture, stream};
use model::{Change, Cursor, ExternalRef, Gone, GoneHow, Kind, Timestamp};
use serde_json::value::RawValue;
use std::time::Duration;

/// The horizon moves on in steps of this length.
const STEP: Duration = Duration::from_hours(7 * 24);
/// Events of one page of `These`.
const READ: usize = 50;

impl Google {
    /// Everything in all calendars.
    pub(crate) async fn meetings(&self, cx: &Cx<'_>, from: Option<&Cursor>) -> Result<Page, Error> {
        let place = match from.and_then(Place::read) {
            Some(Place::Calendars(place)) if !place.legs.is_empty() => place,
            _ => self.first(cx, How::Full, None).await?,
        };
        self.leg(cx, place, Told::All).await
    }

    /// All of them again: ids only, or one slice of the calendars in full.
    pub(crate) async fn meetings_once(
        &self,
        cx: &Cx<'_>,
        slice: Option<(u32, u32)>,
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let place = match from.and_then(Place::read) {
            Some(Place::Calendars(place)) => place,
            _ => self.first(cx, How::Once, slice).await?,
        };
        self.leg(cx, place, if slice.is_none() { Told::Ids } else { Told::Slice }).await
    }

    /// What changed since.
    pub(crate) async fn meeting_news(&self, cx: &Cx<'_>, from: Option<&Cursor>) -> Result<Page, Error> {
        let Some(Place::Calendars(mut place)) = from.and_then(Place::read) else { return Err(expired()) };
        if place.legs.is_empty() {
            self.next_round(cx, &mut place).await?;
        }
        self.leg(cx, place, Told::News).await
    }

    /// Just these.
    pub(crate) async fn these_meetings(
        &self,
        cx: &Cx<'_>,
        ids: &[Box<str>],
        from: Option<&Cursor>,
    ) -> Result<Page, Error> {
        let done = match from.and_then(Place::read) {
            Some(Place::These { done }) => done,
            _ => 0,
        };
        let rest = ids.get(done..).unwrap_or_default();
        let now: Vec<&str> = rest.iter().take(READ).map(|id| &**id).collect();
        let work: Vec<BoxFuture<'_, Result<Change, Error>>> =
            now.iter().map(|id| -> BoxFuture<'_, _> { Box::pin(self.this_meeting(cx, id)) }).collect();
        let changes = stream::iter(work).buffered(self.settings.parallel).try_collect().await?;
        Ok(Page { changes, position: crate::next_of_these(done, now.len(), rest.len()) })
    }

    async fn this_meeting(&self, cx: &Cx<'_>, id: &str) -> Result<Change, Error> {
        let target = ExternalRef::new(&self.connection, Kind::Meeting, id);
        let gone =
            |target| Change::Gone(Gone { reference: target, how: GoneHow::Deleted, at: cx.clock.now() });
        let Some((calendar, event)) = split(id) else { return Ok(gone(target)) };
        match self.event(cx, calendar, event).await {
            // A cancelled one was told as cancelled when that was news; what remains is that it is gone.
            Ok((event, _)) if event.is_cancelled() || event.is_series() => Ok(gone(target)),
            Ok((event, raw)) => Ok(event.change(target, text(&raw), cx.clock.now())),
            Err(Error { kind: ErrorKind::NotFound, .. }) => Ok(gone(target)),
            Err(error) => Err(error),
        }
    }

    /// An event as it is now.
    pub(crate) async fn event(&self, cx: &Cx<'_>, calendar: &str, id: &str) -> Result<(Event, Bytes), Error> {
        let raw = cx.send(&Get { calendar, id }).await?;
        let event = crate::calls::json("google.event", &raw)?;
        Ok((event, raw))
    }

    /// The calendars that are read: those that the user may write to, or those configured.
    pub(crate) async fn calendars(&self, cx: &Cx<'_>) -> Result<Vec<Entry>, Error> {
        let (mut all, mut page) = (Vec::new(), None::<String>);
        loop {
            let entries = cx.send(&GetCalendars { page: page.as_deref() }).await?;
            all.extend(entries.items);
            match entries.next_page_token {
                Some(next) if Some(&next) != page.as_ref() => page = Some(next),
                Some(_) => return Err(garbled("google.calendars", "its page token does not advance")),
                None => break,
            }
        }
        let chosen = &self.settings.calendars;
        all.retain(|entry| if chosen.is_empty() { entry.writable() } else { chosen.contains(&entry.id) });
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    async fn first(&self, cx: &Cx<'_>, how: How, slice: Option<(u32, u32)>) -> Result<Calendars, Error> {
        let horizon = cx.clock.now() + self.settings.horizon;
        let mut entries = self.calendars(cx).await?;
        entries.retain(|entry| slice.is_none_or(|(slice, of)| self.falls(&entry.id, slice, of)));
        let leg = |entry: Entry| Leg { calendar: entry.id, how: how.clone(), page: None, horizon };
        Ok(Calendars { legs: entries.into_iter().map(leg).collect(), ..Calendars::default() })
    }

    /// Increments of known calendars, all of new ones; vanished ones are forgotten (a census finds their meetings
    /// gone). Occurrences that come into view go first, so that the increment after them has the last word.
    async fn next_round(&self, cx: &Cx<'_>, place: &mut Calendars) -> Result<(), Error> {
        let ahead = cx.clock.now() + self.settings.horizon;
        let entries = self.calendars(cx).await?;
        place.broken = false;
        place.marks.retain(|id, _| entries.iter().any(|entry| entry.id == *id));
        for Entry { id, .. } in entries {
            let leg = |how, horizon| Leg { calendar: id.clone(), how, page: None, horizon };
            match place.marks.get(&id) {
                Some(mark) if mark.horizon + STEP < ahead => {
                    place.legs.push(leg(How::Ahead { from: mark.horizon }, ahead));
                    place.legs.push(leg(How::Since, ahead));
                }
                Some(mark) => place.legs.push(leg(How::Since, mark.horizon)),
                None => place.legs.push(leg(How::Full, ahead)),
            }
        }
        Ok(())
    }

    /// One page of the first leg.
    async fn leg(&self, cx: &Cx<'_>, mut place: Calendars, told: Told) -> Result<Page, Error> {
        if place.legs.is_empty() {
            return Ok(Page { changes: Vec::new(), position: ended(place, told) });
        }
        let mut leg = place.legs.remove(0);
        let since = place.marks.get(&leg.calendar).map(|mark| mark.sync.as_str());
        let answer = cx.send(&self.call(&leg, since)).await;
        let page = match answer {
            Ok(page) => page,
            Err(Error { kind: ErrorKind::CursorExpired, .. })
                if leg.how != How::Full && leg.how != How::Once =>
            {
                // The token of this one calendar is too old: it is read again, the others go on.
                place.marks.remove(&leg.calendar);
                place.legs.retain(|other| other.calendar != leg.calendar);
                place.legs.insert(0, Leg { how: How::Again, page: None, ..leg });
                return Ok(Page {
                    changes: Vec::new(),
                    position: Position::More(Place::Calendars(place).cursor()),
                });
            }
            Err(error @ Error { kind: ErrorKind::NotFound | ErrorKind::Forbidden { .. }, .. }) => {
                tracing::warn!(connection = %self.connection, %error, "a calendar can't be read");
                place.broken = true;
                place.marks.remove(&leg.calendar);
                place.legs.retain(|other| other.calendar != leg.calendar);
                return Ok(Page { changes: Vec::new(), position: ended(place, told) });
            }
            Err(error) => return Err(error),
        };
        let changes = self.told(cx, &leg, &page.items, told);
        match (page.next_page_token, page.next_sync_token) {
            (Some(next), _) if Some(&next) == leg.page.as_ref() => {
                return Err(garbled("google.events", "its page token does not advance"));
            }
            (Some(next), _) => {
                leg.page = Some(next);
                place.legs.insert(0, leg);
            }
            (None, _) if matches!(leg.how, How::Once | How::Ahead { .. }) => {}
            (None, Some(sync)) => {
                place.marks.insert(leg.calendar, Mark { sync, horizon: leg.horizon });
            }
            (None, None) => return Err(garbled("google.events", "the last page has no sync token")),
        }
        Ok(Page { changes, position: ended(place, told) })
    }

    fn call<'a>(&self, leg: &'a Leg, since: Option<&'a str>) -> Events<'a> {
        let (sync, from, to, deleted) = match leg.how {
            How::Full | How::Again => (None, self.settings.since, None, true),
            How::Since => (since, None, None, true),
            How::Ahead { from } => (None, Some(from), Some(leg.horizon), false),
            How::Once => (None, self.settings.since, None, false),
        };
        Events { calendar: &leg.calendar, page: leg.page.as_deref(), sync, from, to, deleted }
    }

    fn told(&self, cx: &Cx<'_>, leg: &Leg, items: &[Box<RawValue>], told: Told) -> Vec<Change> {
        let now = cx.clock.now();
        items.iter().filter_map(|raw| self.one(leg, raw.get(), told, now)).collect()
    }

    fn one(&self, leg: &Leg, raw: &str, told: Told, now: Timestamp) -> Option<Change> {
        let event: Event = match serde_json::from_str(raw) {
            Ok(event) => event,
            Err(error) => return Some(self.unreadable(leg, raw, &error)),
        };
        // Nobody knew of what was cancelled before the first pass.
        let unknown = event.is_cancelled() && !matches!(leg.how, How::Since | How::Again);
        if unknown || event.is_series() || event.is_beyond(leg.horizon) {
            return None;
        }
        let target = reference(&self.connection, &leg.calendar, &event.id);
        match told {
            Told::Ids => Some(Change::Exists(target)),
            Told::All | Told::News | Told::Slice => Some(event.change(target, raw, now)),
        }
    }

    fn unreadable(&self, leg: &Leg, raw: &str, error: &serde_json::Error) -> Change {
        #[derive(serde::Deserialize)]
        struct Named {
            id: String,
        }
        let named = serde_json::from_str::<Named>(raw).ok();
        Change::Unreadable {
            reference: named.map(|named| reference(&self.connection, &leg.calendar, &named.id)),
            reason: format!("the event can't be read: line {}, column {}", error.line(), error.column()),
            raw: Bytes::copy_from_slice(raw.as_bytes()),
        }
    }
}

/// What a pass tells of events.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    All,
    News,
    Ids,
    Slice,
}

fn ended(place: Calendars, told: Told) -> Position {
    if !place.legs.is_empty() {
        return Position::More(Place::Calendars(place).cursor());
    }
    let complete = matches!(told, Told::All | Told::Ids) && !place.broken;
    let place = match told {
        Told::All | Told::News => Place::Calendars(place),
        Told::Ids | Told::Slice => Place::Over,
    };
    Position::CaughtUp { cursor: place.cursor(), complete }
}

fn text(raw: &Bytes) -> &str {
    std::str::from_utf8(raw).unwrap_or_default()
}
