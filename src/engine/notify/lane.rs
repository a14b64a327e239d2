//! One recipient of one route: what is held back, what was said lately.

use super::{LaneName, Occasion, Person, Route, words};
use jiff::tz::TimeZone;
use model::{ExternalRef, Intent, Kind, Timestamp, Write, WriteKey, WriteKind};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

const HOUR: Duration = Duration::from_hours(1);
/// Most notices in one message; a digest that has so many goes out early.
const MOST: usize = 200;

/// What a lane remembers; stored between turns.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Lane {
    /// Not yet told, in order.
    held: Vec<Note>,
    /// When messages went out, within the last hour.
    sent: Vec<Timestamp>,
    /// When a topic was last taken.
    said: BTreeMap<String, Timestamp>,
    /// The recipient's zone, by IANA name.
    zone: Option<Box<str>>,
}

/// One notice, in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// What made it: part of the message's key.
    pub(super) cause: String,
    /// One line.
    pub(super) subject: String,
    /// Plain text.
    pub(super) text: String,
    /// When it happened.
    pub(super) at: Timestamp,
    /// When it was taken into the lane.
    since: Timestamp,
}

impl Lane {
    /// Takes an occasion, unless the same topic was taken within the route's window.
    pub(super) fn take(&mut self, occasion: &Occasion, person: &Person, route: &Route, now: Timestamp) {
        let repeated = self.said.get(&occasion.topic).is_some_and(|last| now.since(*last) < route.dedupe);
        if repeated {
            return;
        }
        self.said.insert(occasion.topic.clone(), now);
        self.zone.clone_from(&person.zone);
        self.held.push(Note {
            cause: occasion.cause.clone(),
            subject: occasion.subject.clone(),
            text: occasion.text.clone(),
            at: occasion.at,
            since: now,
        });
    }

    /// Takes out what is due, as messages: one each for what is fresh, one for all that was held back.
    pub(super) fn release(
        &mut self,
        name: &LaneName,
        route: &Route,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Vec<Write> {
        let mut writes = Vec::new();
        while self.due(route, zone, now).is_some_and(|due| due <= now) {
            let fresh = route.digest.is_none() && self.held.iter().all(|note| note.since == now);
            let many = if fresh { 1 } else { MOST.min(self.held.len()) };
            let notes: Vec<Note> = self.held.drain(..many).collect();
            writes.extend(message(&notes, name, route, &self.zone(route, zone), now));
            self.sent.push(now);
        }
        writes
    }

    /// When the next message is due; `None` where nothing is held.
    pub(super) fn due(&self, route: &Route, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let first = self.held.first()?;
        let collected = match route.digest {
            Some(length) if self.held.len() < MOST => (first.since + length).max(now),
            Some(_) | None => now,
        };
        let due = collected.max(self.share(route, now));
        let Some(quiet) = route.quiet else { return Some(due) };
        Some(quiet.until(due, &self.zone(route, zone)).unwrap_or(due))
    }

    /// Forgets what decides nothing any more.
    pub(super) fn forget(&mut self, route: &Route, now: Timestamp) {
        self.sent.retain(|at| now.since(*at) < HOUR);
        self.said.retain(|_, at| now.since(*at) < route.dedupe);
    }

    /// Nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.sent.is_empty() && self.said.is_empty()
    }

    /// When the hour's share has room again, now included.
    fn share(&self, route: &Route, now: Timestamp) -> Timestamp {
        let mut recent = self.sent.iter().rev().filter(|at| now.since(**at) < HOUR);
        let most = route.cap_per_hour.max(1);
        recent.nth(most - 1).map_or(now, |oldest| *oldest + HOUR)
    }

    fn zone(&self, route: &Route, organisation: &TimeZone) -> TimeZone {
        let own = || self.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        route.zone.clone().or_else(own).unwrap_or_else(|| organisation.clone())
    }
}

/// The message that says some notices. Its key is that of the first: a notice is in one message only.
fn message(notes: &[Note], name: &LaneName, route: &Route, zone: &TimeZone, now: Timestamp) -> Option<Write> {
    let first = notes.first()?;
    let target = ExternalRef::new(&route.via, Kind::Email, name.to.clone());
    let slot = format!("{}/{}", name.route, name.to);
    let (subject, text) = words::message(notes, &route.id, zone)?;
    Some(Write {
        key: WriteKey::new(&route.via, WriteKind::Notify, &target, &first.cause, &slot, 0),
        target,
        intent: Intent::Notify {
            to: name.to.clone(),
            subject,
            text,
            html: None,
            insist: route.insist,
            at: now,
        },
        expects: Vec::new(),
        because: format!("route {}: {}", route.id, first.subject),
    })
}
