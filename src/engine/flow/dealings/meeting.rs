//! One meeting with somebody outside.

use super::Occasion;
use model::{
    Field, Fields, GoneHow, Id, Timestamp,
    work::{ActivityBrief, SubjectView},
};
use std::time::Duration;

/// A meeting whose end is not known.
const USUAL: Duration = Duration::from_mins(30);
/// How vendors write that nobody came.
const MISSED: [&str; 3] = ["no_show", "no show", "no-show"];

/// What became of a meeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Stands in the calendar and is not over.
    Booked,
    /// Over, and nobody said that it did not take place.
    Held,
    /// Called off, or they declined.
    Cancelled,
    /// A person said that they did not come.
    Missed,
}

impl Standing {
    /// It will not take place, or did not.
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Cancelled | Self::Missed)
    }
}

/// A meeting that counts.
pub(in crate::flow) struct Meeting<'v> {
    /// Its record.
    pub record: Id,
    /// Begins.
    pub start: Timestamp,
    /// Ends.
    pub end: Timestamp,
    /// What became of it.
    pub standing: Standing,
    brief: &'v ActivityBrief,
}

impl<'v> Meeting<'v> {
    /// None where it counts for nothing.
    pub fn of(brief: &'v ActivityBrief, view: &SubjectView, now: Timestamp) -> Option<Self> {
        let known = view.contacts.iter().map(|(id, fields)| (*id, fields));
        let known: Vec<(Id, &Fields)> = known.chain([(view.record, &view.fields)]).collect();
        let address =
            |contact: Id| known.iter().find(|(id, _)| *id == contact).and_then(|(_, f)| f.text(Field::Email));
        let (start, end, standing) = stands(brief, &address, now)?;
        Some(Self { record: brief.record, start, end, standing, brief })
    }

    /// `meeting:0192...`.
    pub fn reference(&self) -> String {
        format!("{}:{}", self.brief.kind, self.record)
    }

    /// What it is called.
    pub fn name(&self) -> &'v str {
        self.brief.fields.text(Field::Name).unwrap_or_default()
    }

    /// How many contacts of ours take part.
    pub fn contacts(&self) -> usize {
        self.brief.with.len()
    }

    /// The meeting as something to act upon.
    pub fn occasion(&self, at: Timestamp, settled: Option<Timestamp>) -> Occasion {
        let told = format!("meeting of {}, {}", self.start, self.reference());
        Occasion { records: vec![self.record], at, settled, told }
    }
}

/// When a meeting begins and ends, and what became of it; None where it counts for nothing. `address` knows those
/// of contacts.
pub(crate) fn stands<'a>(
    brief: &ActivityBrief,
    address: &dyn Fn(Id) -> Option<&'a str>,
    now: Timestamp,
) -> Option<(Timestamp, Timestamp, Standing)> {
    let fields = &brief.fields;
    let start = fields.time(Field::At)?;
    let end = fields.time(Field::EndAt).filter(|end| *end >= start).unwrap_or(start + USUAL);
    // Whole days are trips, fairs and holidays, not meetings.
    let away = fields.text(Field::Availability) == Some("out_of_office");
    if away || fields.bool(Field::AllDay).unwrap_or_default() {
        return None;
    }
    Some((start, end, standing(brief, address, (start, end), now)?))
}

fn standing<'a>(
    brief: &ActivityBrief,
    address: &dyn Fn(Id) -> Option<&'a str>,
    (start, end): (Timestamp, Timestamp),
    now: Timestamp,
) -> Option<Standing> {
    match &brief.gone {
        // Taken out of the calendar before it began.
        Some(GoneHow::Deleted | GoneHow::Archived | GoneHow::Absent) if start > now => {
            return Some(Standing::Cancelled);
        }
        Some(_) => return None,
        None => {}
    }
    let lower = |field| brief.fields.text(field).unwrap_or_default().to_lowercase();
    let (status, result) = (lower(Field::Status), lower(Field::Result));
    if status == "cancelled" || result.contains("cancel") || is_declined(brief, address) {
        return Some(Standing::Cancelled);
    }
    if MISSED.iter().any(|missed| result.contains(missed)) {
        return Some(Standing::Missed);
    }
    if status == "tentative" && brief.fields.list(Field::Accepted).is_empty() {
        return None;
    }
    match end <= now {
        // Its time passed, but it was to be at another time.
        true if result.contains("reschedul") => None,
        true => Some(Standing::Held),
        false => Some(Standing::Booked),
    }
}

/// Every contact who was to take part declined.
fn is_declined<'a>(brief: &ActivityBrief, address: &dyn Fn(Id) -> Option<&'a str>) -> bool {
    let declined = brief.fields.list(Field::Declined);
    let has_declined = |contact: &Id| {
        address(*contact).is_some_and(|address| declined.iter().any(|one| one.eq_ignore_ascii_case(address)))
    };
    !declined.is_empty() && !brief.with.is_empty() && brief.with.iter().all(has_declined)
}
