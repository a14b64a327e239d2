//! iCalendar objects (RFC 5545): read into what we need, expanded, changed line by line, and written.

pub mod compose;
pub mod edit;
pub mod expand;
pub mod property;
pub mod rule;
pub mod zone;

use calcard::{
    Entry, Parser,
    icalendar::{
        ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarEntry,
        ICalendarParameterName, ICalendarProperty as P, ICalendarTransparency, ICalendarValue,
    },
};
use jiff::{SignedDuration, Timestamp};
use property::Written;
use zone::{Zone, Zones};

/// What a calendar object is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Component {
    /// An event.
    Event,
    /// A task.
    Todo,
}

impl Component {
    /// Its name in iCalendar.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "VEVENT",
            Self::Todo => "VTODO",
        }
    }
}

/// A date or time in its zone.
#[derive(Clone, Debug)]
pub struct When {
    /// What the clock shows; midnight for a date.
    pub wall: jiff::civil::DateTime,
    /// A date without a time: it has no zone and is no instant; we count it from midnight UTC.
    pub date: bool,
    /// Where.
    pub zone: Zone,
    /// The instant.
    pub at: Timestamp,
}

impl When {
    /// A clock's time in a zone; `None` beyond all calendars.
    pub fn new(wall: jiff::civil::DateTime, date: bool, zone: &Zone) -> Option<Self> {
        let zone = if date { Zone::UTC } else { zone.clone() };
        Some(Self { at: zone.instant(wall)?, wall, date, zone })
    }
    /// The same zone at another time.
    pub fn moved(&self, wall: jiff::civil::DateTime) -> Option<Self> {
        Self::new(wall, self.date, &self.zone)
    }
    /// `20261122T090000Z`, or `20261122` for a date: names an occurrence.
    pub fn key(&self) -> String {
        if self.date {
            self.wall.strftime("%Y%m%d").to_string()
        } else {
            self.at.strftime("%Y%m%dT%H%M%SZ").to_string()
        }
    }
}

/// Somebody who was asked to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendee {
    /// Address, as written.
    pub address: String,
    /// `ACCEPTED`, `DECLINED`, `TENTATIVE`, `NEEDS-ACTION`...
    pub answer: String,
}

/// One event or task of an object: the whole, or one occurrence that differs.
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own in iCalendar")]
#[derive(Clone, Default)]
pub struct Item {
    /// Which component of its kind in the object, from 0.
    pub nth: usize,
    /// Which occurrence it replaces.
    pub replaces: Option<When>,
    /// It replaces all that follow too.
    pub and_following: bool,
    /// Begins.
    pub start: Option<When>,
    /// Ends (an event) or is due (a task).
    pub end: Option<When>,
    /// How long, where no end is written.
    pub lasts: Option<SignedDuration>,
    /// Recurrence rules, with their end on the clock of the start.
    pub rules: Vec<(String, Option<jiff::civil::DateTime>)>,
    /// Rules of what is left out.
    pub but_rules: Vec<(String, Option<jiff::civil::DateTime>)>,
    /// More occurrences, some with an end of their own.
    pub also: Vec<(When, Option<Timestamp>)>,
    /// Occurrences that are left out.
    pub but: Vec<When>,
    /// Title.
    pub summary: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Address of the organiser.
    pub organizer: Option<String>,
    /// People asked; rooms and things are not among them.
    pub attendees: Vec<Attendee>,
    /// Status in iCalendar's words.
    pub status: Option<String>,
    /// Only its time may be kept.
    pub private: bool,
    /// Takes no time.
    pub transparent: bool,
    /// Outlook's word for what it means for the time.
    pub busy: Option<String>,
    /// Revision.
    pub sequence: i64,
    /// When it was last changed by its own account.
    pub modified: Option<Timestamp>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// A task that is done.
    pub done: bool,
}

/// What one resource of a calendar holds: one event or task with its deviating occurrences.
pub struct Object {
    /// Events or tasks.
    pub component: Component,
    /// `UID`.
    pub uid: String,
    /// The event, or the series. Absent when only single occurrences of a series were sent to us.
    pub master: Option<Item>,
    /// Occurrences that differ.
    pub others: Vec<Item>,
}

impl Object {
    /// Reads a resource; `Ok(None)` when it holds neither events nor tasks. A time without a zone counts in `floating`.
    pub fn read(text: &str, floating: &Zone) -> Result<Option<Self>, String> {
        let calendar = match Parser::new(text).entry() {
            Entry::ICalendar(calendar) => calendar,
            Entry::InvalidLine(_) => return Err("it does not begin like a calendar".into()),
            Entry::UnterminatedComponent(name) => return Err(format!("{name} has no end: it is cut off")),
            Entry::UnexpectedComponentEnd { expected, found } => {
                return Err(format!("{} ends where {} should", found.as_str(), expected.as_str()));
            }
            Entry::TooManyComponents => return Err("it has too many parts".into()),
            _ => return Err("it is no calendar".into()),
        };
        Self::of(&calendar, floating)
    }

    fn of(calendar: &ICalendar, floating: &Zone) -> Result<Option<Self>, String> {
        let of = |kind: ICalendarComponentType| {
            calendar.components.iter().filter(move |c| c.component_type == kind)
        };
        let component = if of(ICalendarComponentType::VEvent).next().is_some() {
            Component::Event
        } else if of(ICalendarComponentType::VTodo).next().is_some() {
            Component::Todo
        } else {
            return Ok(None);
        };
        let kind = match component {
            Component::Event => ICalendarComponentType::VEvent,
            Component::Todo => ICalendarComponentType::VTodo,
        };
        let zones = Zones::of(calendar, floating);
        let mut object = Self { component, uid: String::new(), master: None, others: Vec::new() };
        for (nth, part) in of(kind).enumerate() {
            let uid = part.uid().unwrap_or_default();
            if nth == 0 {
                uid.clone_into(&mut object.uid);
            } else if uid != object.uid {
                return Err("it holds several events with different UIDs".into());
            }
            let item = Item::read(part, nth, component, &zones)?;
            match (&item.replaces, &object.master) {
                (Some(_), _) => object.others.push(item),
                (None, None) => object.master = Some(item),
                (None, Some(_)) => return Err("it holds the same event twice".into()),
            }
        }
        Ok(Some(object))
    }

    /// True when it stands for several occurrences, each of which is a record.
    pub fn recurs(&self) -> bool {
        self.component == Component::Event
            && match &self.master {
                None => true,
                Some(master) => {
                    !self.others.is_empty() || !master.rules.is_empty() || !master.also.is_empty()
                }
            }
    }
}

impl Item {
    fn read(
        part: &ICalendarComponent,
        nth: usize,
        component: Component,
        zones: &Zones<'_>,
    ) -> Result<Self, String> {
        let when = |name: P| part.property(&name).map(|entry| moment(entry, zones)).transpose();
        let ends = match component {
            Component::Event => P::Dtend,
            Component::Todo => P::Due,
        };
        let replaced = part.property(&P::RecurrenceId);
        let start = when(P::Dtstart)?;
        if component == Component::Event && start.is_none() {
            return Err("the event has no DTSTART".into());
        }
        let status = part.property(&P::Status).and_then(|entry| entry.values.first()?.as_text().map(upper));
        let mut item = Self {
            nth,
            replaces: replaced.map(|entry| moment(entry, zones)).transpose()?,
            and_following: replaced.is_some_and(|entry| entry.has_parameter(&ICalendarParameterName::Range)),
            end: when(ends)?,
            lasts: lasts(part),
            summary: property::text(part, &P::Summary),
            description: property::text(part, &P::Description),
            organizer: part.property(&P::Organizer).and_then(address),
            attendees: part.properties(&P::Attendee).filter_map(attendee).collect(),
            private: private(part),
            transparent: matches!(
                part.property(&P::Transp).and_then(|entry| entry.values.first()),
                Some(ICalendarValue::Transparency(ICalendarTransparency::Transparent))
            ),
            busy: property::other(part, "X-MICROSOFT-CDO-BUSYSTATUS").as_deref().map(upper),
            sequence: property::number(part, &P::Sequence).unwrap_or_default(),
            modified: instant(part, &P::LastModified).or_else(|| instant(part, &P::Dtstamp)),
            created: instant(part, &P::Created),
            done: part.has_property(&P::Completed) || status.as_deref() == Some("COMPLETED"),
            status,
            start,
            ..Self::default()
        };
        item.read_recurrence(part, zones)?;
        Ok(item)
    }

    fn read_recurrence(&mut self, part: &ICalendarComponent, zones: &Zones<'_>) -> Result<(), String> {
        self.rules = rules(part, &P::Rrule, self.start.as_ref())?;
        self.but_rules = rules(part, &P::Exrule, self.start.as_ref())?;
        for entry in part.properties(&P::Rdate) {
            self.also.extend(several(entry, zones));
        }
        for entry in part.properties(&P::Exdate) {
            self.but.extend(several(entry, zones).map(|(when, _)| when));
        }
        Ok(())
    }

    /// How long it lasts: as written, else a day for a date, else no time at all. An end before the beginning is none.
    pub fn length(&self) -> SignedDuration {
        let length = match (&self.start, &self.end) {
            (Some(start), Some(end)) => end.at.duration_since(start.at),
            (Some(start), None) => {
                self.lasts.unwrap_or(SignedDuration::from_hours(if start.date { 24 } else { 0 }))
            }
            (None, _) => SignedDuration::ZERO,
        };
        length.max(SignedDuration::ZERO)
    }
}

fn upper(text: &str) -> String {
    text.to_ascii_uppercase()
}

/// The date or time of a property; one that can't be read makes the object unreadable rather than wrong.
fn moment(entry: &ICalendarEntry, zones: &Zones<'_>) -> Result<When, String> {
    let name = entry.name.as_str();
    let written = match entry.values.first() {
        Some(ICalendarValue::PartialDateTime(partial)) => property::date(partial),
        _ => None,
    };
    let written = written.ok_or_else(|| format!("{name} is no date or time"))?;
    placed(written, entry, zones).ok_or_else(|| format!("{name} is beyond all calendars"))
}

fn placed(written: Written, entry: &ICalendarEntry, zones: &Zones<'_>) -> Option<When> {
    let zone = match entry.tz_id() {
        _ if written.utc => Zone::UTC,
        Some(id) => zones.get(id),
        None => zones.floating.clone(),
    };
    When::new(written.wall, written.date, &zone)
}

/// All dates of a property, with the end where they are periods.
fn several<'a>(
    entry: &'a ICalendarEntry,
    zones: &'a Zones<'_>,
) -> impl Iterator<Item = (When, Option<Timestamp>)> + 'a {
    use calcard::icalendar::ICalendarPeriod as Period;
    entry.values.iter().filter_map(|value| {
        let read = |partial| placed(property::date(partial)?, entry, zones);
        match value {
            ICalendarValue::PartialDateTime(partial) => Some((read(partial)?, None)),
            ICalendarValue::Period(Period::Range { start, end }) => Some((read(start)?, Some(read(end)?.at))),
            ICalendarValue::Period(Period::Duration { start, duration }) => {
                let start = read(start)?;
                let end =
                    start.at.checked_add(SignedDuration::from_secs(property::seconds(duration))).ok()?;
                Some((start, Some(end)))
            }
            _ => None,
        }
    })
}

type Rules = Vec<(String, Option<jiff::civil::DateTime>)>;

/// Rules with their `UNTIL` on the clock of the start: it is written in UTC where the start has a zone. A date as the
/// end of timed events is its whole day.
fn rules(part: &ICalendarComponent, name: &P, start: Option<&When>) -> Result<Rules, String> {
    let read = |value: &ICalendarValue| {
        let ICalendarValue::RecurrenceRule(rule) = value else {
            return Err(format!("{} is no rule", name.as_str()));
        };
        if rule.rscale.is_some() {
            return Err("it recurs by another calendar than the Gregorian".into());
        }
        let until = rule.until.as_ref().and_then(property::date).map(|until| match start {
            Some(start) if until.utc && !start.date => match jiff::tz::TimeZone::UTC.to_timestamp(until.wall)
            {
                Ok(at) => start.zone.wall(at),
                Err(_) => until.wall,
            },
            Some(start) if until.date && !start.date => {
                until.wall.saturating_add(jiff::Span::new().seconds(86_399))
            }
            Some(_) | None => until.wall,
        });
        Ok((rule.to_string(), until))
    };
    part.properties(name).flat_map(|entry| &entry.values).map(read).collect()
}

fn lasts(part: &ICalendarComponent) -> Option<SignedDuration> {
    match part.property(&P::Duration)?.values.first()? {
        ICalendarValue::Duration(duration) => Some(SignedDuration::from_secs(property::seconds(duration))),
        _ => None,
    }
}

/// Anything but `PUBLIC` is private, also a class that nobody knows (RFC 5545, 3.8.1.3).
fn private(part: &ICalendarComponent) -> bool {
    part.property(&P::Class).is_some_and(|entry| {
        !matches!(
            entry.values.first(),
            Some(ICalendarValue::Classification(ICalendarClassification::Public)) | None
        )
    })
}

fn instant(part: &ICalendarComponent, name: &P) -> Option<Timestamp> {
    let written = property::dates(part, name).next()?;
    jiff::tz::TimeZone::UTC.to_timestamp(written.wall).ok()
}

/// The address of an organiser or attendee; the parameter `EMAIL` where the value is none (a calendar server's path).
fn address(entry: &ICalendarEntry) -> Option<String> {
    let value = entry.values.first()?.as_text()?;
    let named = entry.parameter(&ICalendarParameterName::Email).and_then(|email| email.as_text());
    let address = match value.split_at_checked(7) {
        Some((scheme, address)) if scheme.eq_ignore_ascii_case("mailto:") => address,
        _ => named.unwrap_or(value),
    };
    let address = address.trim();
    (address.contains('@') && !address.contains(char::is_whitespace)).then(|| address.to_owned())
}

fn attendee(entry: &ICalendarEntry) -> Option<Attendee> {
    let parameter = |name| entry.parameter(&name).and_then(|value| value.as_text()).map(upper);
    if matches!(parameter(ICalendarParameterName::Cutype).as_deref(), Some("ROOM" | "RESOURCE")) {
        return None;
    }
    let answer = parameter(ICalendarParameterName::Partstat).unwrap_or_default();
    Some(Attendee { address: address(entry)?, answer })
}

#[cfg(test)]
mod tests;
