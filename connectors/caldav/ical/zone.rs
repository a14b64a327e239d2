//! Time zones of calendars: by their IANA name, by the name that Windows or a product gave them, else by the
//! `VTIMEZONE` that the calendar brings; a time whose zone nobody knows counts in the connection's own.

use super::{property::dates, rule::Rule};
use calcard::{
    common::timezone::Tz,
    icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue},
};
use jiff::{Timestamp, civil, tz::TimeZone};
use std::{collections::HashMap, str::FromStr, sync::Arc};

/// Rules of a `VTIMEZONE` are followed up to here.
const HORIZON: civil::DateTime = civil::datetime(2080, 1, 1, 0, 0, 0, 0);

/// A time zone.
#[derive(Clone, Debug)]
pub enum Zone {
    /// Known to everybody.
    Named(TimeZone),
    /// As a calendar describes it: its changes in order.
    Listed(Arc<[Onset]>),
}

/// A change of the clocks.
#[derive(Clone, Copy, Debug)]
pub struct Onset {
    wall: civil::DateTime,
    from: i64,
    to: i64,
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self::Named(TimeZone::UTC);

    /// The zone that a name stands for, without a calendar's help.
    pub fn named(name: &str) -> Option<Self> {
        let known = |name: &str| TimeZone::get(name).ok().map(Self::Named);
        // Some products put the name at the end of a path of their own: `/mozilla.org/20050126_1/Europe/Berlin`.
        let tails = name.match_indices('/').filter_map(|(at, _)| name.get(at + 1..));
        std::iter::once(name).chain(tails).filter(|name| !name.is_empty()).find_map(known).or_else(|| {
            let zone = Tz::from_str(name.trim_start_matches("tzone://Microsoft/")).ok()?;
            known(&zone.name()?)
        })
    }

    /// The instant at which clocks there show this. A time that is skipped counts as if the clocks had not changed
    /// yet, one that comes twice is the first (RFC 5545, 3.3.5).
    pub fn instant(&self, wall: civil::DateTime) -> Option<Timestamp> {
        match self {
            Self::Named(zone) => zone.to_ambiguous_timestamp(wall).compatible().ok(),
            Self::Listed(onsets) => {
                let offset = onsets
                    .iter()
                    .rev()
                    .find(|onset| plus(onset.wall, (onset.to - onset.from).max(0)) <= wall)
                    .map_or_else(|| onsets.first().map_or(0, |first| first.from), |onset| onset.to);
                TimeZone::UTC.to_timestamp(plus(wall, -offset)).ok()
            }
        }
    }

    /// What clocks there show at an instant.
    pub fn wall(&self, at: Timestamp) -> civil::DateTime {
        match self {
            Self::Named(zone) => zone.to_datetime(at),
            Self::Listed(onsets) => {
                let utc = TimeZone::UTC.to_datetime(at);
                let offset = onsets
                    .iter()
                    .rev()
                    .find(|onset| plus(onset.wall, -onset.from) <= utc)
                    .map_or_else(|| onsets.first().map_or(0, |first| first.from), |onset| onset.to);
                plus(utc, offset)
            }
        }
    }
}

fn plus(wall: civil::DateTime, seconds: i64) -> civil::DateTime {
    wall.saturating_add(jiff::Span::new().seconds(seconds))
}

/// The zones of a calendar by their `TZID`.
pub struct Zones<'a> {
    described: HashMap<&'a str, &'a ICalendarComponent>,
    calendar: &'a ICalendar,
    /// Where times without a zone count.
    pub floating: Zone,
}

impl<'a> Zones<'a> {
    /// Zones of this calendar.
    pub fn of(calendar: &'a ICalendar, floating: &Zone) -> Self {
        let named = |zone: &'a ICalendarComponent| {
            let id = zone.property(&ICalendarProperty::Tzid)?.values.first()?.as_text()?;
            Some((id, zone))
        };
        let described = calendar.timezones().filter_map(named).collect();
        Self { described, calendar, floating: floating.clone() }
    }

    /// The zone that an id of this calendar stands for.
    pub fn get(&self, id: &str) -> Zone {
        let described = self.described.get(id);
        let hinted = || {
            let (_, zone) = described?.timezone()?;
            Zone::named(&zone.name()?)
        };
        Zone::named(id)
            .or_else(hinted)
            .or_else(|| self.listed(described?))
            .unwrap_or_else(|| self.floating.clone())
    }

    fn listed(&self, zone: &ICalendarComponent) -> Option<Zone> {
        let observances = zone.component_ids.iter().filter_map(|id| self.calendar.component_by_id(*id));
        let mut onsets: Vec<Onset> = observances
            .filter(|part| {
                matches!(
                    part.component_type,
                    ICalendarComponentType::Standard | ICalendarComponentType::Daylight
                )
            })
            .filter_map(onsets)
            .flatten()
            .collect();
        onsets.sort_by_key(|onset| onset.wall);
        (!onsets.is_empty()).then(|| Zone::Listed(onsets.into()))
    }
}

/// When an observance begins, each time. A rule that can't be followed leaves its first beginning.
fn onsets(part: &ICalendarComponent) -> Option<Vec<Onset>> {
    let offset = |name: &ICalendarProperty| match part.property(name)?.values.first()? {
        ICalendarValue::PartialDateTime(offset) => {
            let seconds = i64::from(offset.tz_hour?) * 3600
                + i64::from(offset.tz_minute.unwrap_or_default()) * 60
                + i64::from(offset.second.unwrap_or_default());
            Some(if offset.tz_minus { -seconds } else { seconds })
        }
        _ => None,
    };
    let (from, to) = (offset(&ICalendarProperty::Tzoffsetfrom)?, offset(&ICalendarProperty::Tzoffsetto)?);
    let start = dates(part, &ICalendarProperty::Dtstart).next()?.wall;
    let mut walls = vec![start];
    walls.extend(dates(part, &ICalendarProperty::Rdate).map(|date| date.wall));
    for entry in part.properties(&ICalendarProperty::Rrule) {
        let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first() else { continue };
        let until = rule.until.as_ref().and_then(super::property::date);
        let until = until.map(|until| if until.utc { plus(until.wall, from) } else { until.wall });
        let found =
            Rule::new(&rule.to_string(), start, false, until).and_then(|rule| rule.instances(HORIZON));
        walls.extend(found.unwrap_or_default());
    }
    walls.sort_unstable();
    walls.dedup();
    Some(walls.into_iter().map(|wall| Onset { wall, from, to }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use calcard::{Entry, Parser};

    const OWN: &str = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Our Office\r\nBEGIN:STANDARD\r\n\
        DTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
        RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\n\
        TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\n\
        END:VTIMEZONE\r\nEND:VCALENDAR\r\n";

    fn at(zone: &Zone, wall: &str) -> String {
        zone.instant(wall.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_zone_that_only_the_calendar_describes_is_the_one_that_it_describes() {
        let Entry::ICalendar(calendar) = Parser::new(OWN).entry() else { panic!("no calendar") };
        let zones = Zones::of(&calendar, &Zone::UTC);
        let (own, berlin) = (zones.get("Our Office"), Zone::named("Europe/Berlin").unwrap());
        assert!(matches!(own, Zone::Listed(_)));
        // Summer, winter, the hour that is skipped, the hour that comes twice, and both edges.
        for wall in [
            "2026-07-01T09:00",
            "2026-12-01T09:00",
            "2026-03-29T02:30",
            "2026-10-25T02:30",
            "2026-03-29T01:59",
            "2026-03-29T03:00",
            "2026-10-25T01:59",
            "2026-10-25T03:00",
        ] {
            assert_eq!(at(&own, wall), at(&berlin, wall), "{wall}");
            let instant = berlin.instant(wall.parse().unwrap()).unwrap();
            assert_eq!(own.wall(instant), berlin.wall(instant), "{wall}");
        }
    }

    #[test]
    fn names_of_windows_and_of_products_are_known() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        for name in [
            "W. Europe Standard Time",
            "/mozilla.org/20050126_1/Europe/Berlin",
            "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin",
            "tzone://Microsoft/W. Europe Standard Time",
        ] {
            let zone = Zone::named(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(at(&zone, "2026-07-01T09:00"), at(&berlin, "2026-07-01T09:00"), "{name}");
        }
        assert!(Zone::named("tzone://Microsoft/Custom").is_none());
    }
}
