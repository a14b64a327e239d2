//! From a series to its occurrences.

use super::{Item, Object, When, rule::Rule};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Most occurrences of one series within a window: a series with more is no row of meetings, and is refused.
const MOST: usize = 2_000;

/// Which part of time counts.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// What ends later counts...
    pub from: Timestamp,
    /// ...and begins earlier.
    pub to: Timestamp,
}

/// One occurrence.
pub struct Occurrence<'a> {
    /// Its name within the series: where the rule puts it, whatever became of it (see [`When::key`]).
    pub key: String,
    /// Where the rule puts it.
    pub origin: When,
    /// What is written of it.
    pub item: &'a Item,
    /// Begins.
    pub start: When,
    /// Ends.
    pub end: Timestamp,
}

impl Occurrence<'_> {
    fn within(&self, window: Window) -> bool {
        // What takes no time is there at its beginning.
        self.start.at < window.to && (self.end > window.from || self.start.at >= window.from)
    }
}

impl Object {
    /// The occurrences within a window, by name. What the rule says is counted on the clock of the series' zone.
    pub fn occurrences(&self, window: Window) -> Result<Vec<Occurrence<'_>>, String> {
        let mut found: BTreeMap<String, Occurrence<'_>> = BTreeMap::new();
        if let Some(master) = &self.master {
            for (origin, end) in instances(master, window, self.reach())? {
                let occurrence = self.regular(master, origin, end);
                let Some(occurrence) = occurrence else { continue };
                found.insert(occurrence.key.clone(), occurrence);
            }
        }
        for item in &self.others {
            let Some(occurrence) = self.single(item) else { continue };
            found.insert(occurrence.key.clone(), occurrence);
        }
        let within: Vec<_> = found.into_values().filter(|occurrence| occurrence.within(window)).collect();
        if within.len() > MOST {
            return Err(format!("it has more than {MOST} occurrences within the window"));
        }
        Ok(within)
    }

    /// The occurrence of this name, wherever it went.
    pub fn occurrence(&self, key: &str) -> Result<Option<Occurrence<'_>>, String> {
        let written = self.others.iter().filter_map(|item| self.single(item)).find(|one| one.key == key);
        let (None, Some(master), Some(at)) = (&written, &self.master, instant(key)) else {
            return Ok(written);
        };
        let day = SignedDuration::from_hours(24);
        let from = at.checked_sub(day).unwrap_or(Timestamp::MIN);
        let to = at.checked_add(day * 2).unwrap_or(Timestamp::MAX);
        let all = instances(master, Window { from, to }, SignedDuration::ZERO)?;
        let found = all.into_iter().find(|(origin, _)| origin.key() == key);
        Ok(found.and_then(|(origin, end)| self.regular(master, origin, end)))
    }

    /// How far changes of "this and all following" move an occurrence from where the rule puts it.
    fn reach(&self) -> SignedDuration {
        let moved = self.others.iter().filter(|item| item.and_following).filter_map(|item| {
            let (from, to) = (item.replaces.as_ref()?, item.start.as_ref()?);
            Some(to.at.duration_since(from.at).abs())
        });
        moved.max().unwrap_or_default()
    }

    /// An occurrence that nothing of its own is written of: as the series, or as the last change of "this and all
    /// following" before it, moved as far as that one was.
    fn regular<'a>(
        &'a self,
        master: &'a Item,
        origin: When,
        end: Option<Timestamp>,
    ) -> Option<Occurrence<'a>> {
        let after = |item: &&Item| {
            item.and_following && item.replaces.as_ref().is_some_and(|from| from.at <= origin.at)
        };
        let changed =
            self.others.iter().filter(after).max_by_key(|item| item.replaces.as_ref().map(|from| from.at));
        let (item, start) = match changed {
            None => (master, origin.clone()),
            Some(item) => {
                let (from, to) = (item.replaces.as_ref()?, item.start.as_ref()?);
                // On the clock: a change of the clocks between the two must not move it once more.
                let shift = to.wall.duration_since(to.zone.wall(from.at));
                let wall = to.zone.wall(origin.at).checked_add(shift).ok()?;
                (item, to.moved(wall)?)
            }
        };
        let end = end.or_else(|| ends(item, &start))?;
        Some(Occurrence { key: origin.key(), origin, item, start, end })
    }

    fn single<'a>(&'a self, item: &'a Item) -> Option<Occurrence<'a>> {
        let (named, start) = (item.replaces.clone()?, item.start.clone()?);
        // A date that names an occurrence of timed events means the one of that day.
        let origin = match self.master.as_ref().and_then(|master| master.start.as_ref()) {
            Some(first) if named.date && !first.date => {
                first.moved(named.wall.date().to_datetime(first.wall.time()))?
            }
            Some(_) | None => named,
        };
        let end = ends(item, &start)?;
        Some(Occurrence { key: origin.key(), origin, item, start, end })
    }
}

/// The instant that the name of an occurrence stands for; the first of the day for a date.
pub fn instant(key: &str) -> Option<Timestamp> {
    let wall = match key.strip_suffix('Z') {
        Some(time) => jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", time).ok()?,
        None => jiff::civil::Date::strptime("%Y%m%d", key).ok()?.at(0, 0, 0, 0),
    };
    jiff::tz::TimeZone::UTC.to_timestamp(wall).ok()
}

/// The end of an occurrence: whole days and times by the clock for dates, else by duration.
fn ends(item: &Item, start: &When) -> Option<Timestamp> {
    start.at.checked_add(item.length()).ok()
}

/// Where the rules put occurrences that may reach into the window, without those left out.
fn instances(
    master: &Item,
    window: Window,
    reach: SignedDuration,
) -> Result<Vec<(When, Option<Timestamp>)>, String> {
    let Some(start) = &master.start else { return Ok(Vec::new()) };
    let until = window.to.saturating_add(reach).unwrap_or(Timestamp::MAX);
    let last = start.zone.wall(until);
    let early = window.from.saturating_sub(reach + master.length()).unwrap_or(Timestamp::MIN);
    // The start is the first occurrence, whether or not the rule would have it.
    let mut all: BTreeMap<Timestamp, (When, Option<Timestamp>)> = BTreeMap::new();
    all.insert(start.at, (start.clone(), None));
    for (text, end) in &master.rules {
        let counted = Rule::new(text, start.wall, start.date, *end)?.instances(last)?;
        let recent = counted.into_iter().filter_map(|wall| start.moved(wall)).filter(|when| when.at >= early);
        all.extend(recent.map(|when| (when.at, (when, None))));
    }
    all.extend(master.also.iter().map(|(when, end)| (when.at, (when.clone(), *end))));
    for (text, end) in &master.but_rules {
        for wall in Rule::new(text, start.wall, start.date, *end)?.instances(last)? {
            all.retain(|_, (when, _)| when.wall != wall);
        }
    }
    for but in &master.but {
        // A date leaves out what happens on that day, also where the occurrences have a time.
        all.retain(
            |at, (when, _)| if but.date { when.wall.date() != but.wall.date() } else { *at != but.at },
        );
    }
    Ok(all.into_values().collect())
}
