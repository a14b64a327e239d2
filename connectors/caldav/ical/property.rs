//! Values of properties, as we need them.

use calcard::{
    common::PartialDateTime,
    icalendar::{
        ICalendarComponent, ICalendarDuration, ICalendarEntry, ICalendarPeriod, ICalendarProperty,
        ICalendarValue,
    },
};
use jiff::civil;

/// A date or a time as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// What the clock shows; midnight for a date.
    pub wall: civil::DateTime,
    /// A date without a time.
    pub date: bool,
    /// In UTC.
    pub utc: bool,
}

/// Reads a date or time; `None` when it is none that exists. A leap second is the second before it.
pub fn date(partial: &PartialDateTime) -> Option<Written> {
    let (year, month, day) = (partial.year?, partial.month?, partial.day?);
    let small = |number: u8| i8::try_from(number).ok();
    let day = civil::Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
    let Some(hour) = partial.hour else {
        return Some(Written { wall: day.at(0, 0, 0, 0), date: true, utc: false });
    };
    let (minute, second) = (partial.minute.unwrap_or_default(), partial.second.unwrap_or_default().min(59));
    let time = civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some(Written { wall: day.to_datetime(time), date: false, utc: partial.tz_hour.is_some() })
}

/// The dates of all properties of a name; beginnings, where they are periods.
pub fn dates<'a>(
    component: &'a ICalendarComponent,
    name: &'a ICalendarProperty,
) -> impl Iterator<Item = Written> + 'a {
    component.properties(name).flat_map(|entry| &entry.values).filter_map(|value| match value {
        ICalendarValue::PartialDateTime(partial) => date(partial),
        ICalendarValue::Period(
            ICalendarPeriod::Range { start, .. } | ICalendarPeriod::Duration { start, .. },
        ) => date(start),
        _ => None,
    })
}

/// Text of the first property of a name; several values are one text with commas, as they were written.
pub fn text(component: &ICalendarComponent, name: &ICalendarProperty) -> Option<String> {
    let values: Vec<&str> =
        component.property(name)?.values.iter().filter_map(ICalendarValue::as_text).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Text of the first property that has no name in the standards we know.
pub fn other(component: &ICalendarComponent, name: &str) -> Option<String> {
    let known = |entry: &&ICalendarEntry| match &entry.name {
        ICalendarProperty::Other(other) => other.eq_ignore_ascii_case(name),
        _ => false,
    };
    component.entries.iter().find(known)?.values.first()?.as_text().map(str::to_owned)
}

/// Number of the first property of a name.
pub fn number(component: &ICalendarComponent, name: &ICalendarProperty) -> Option<i64> {
    component.property(name)?.values.first()?.as_integer()
}

/// A duration in seconds, days as 24 hours; a negative one is none.
pub fn seconds(duration: &ICalendarDuration) -> i64 {
    if duration.neg { 0 } else { duration.as_seconds() }
}
