//! Touches, replies, and first meetings booked.

use super::{
    Figure,
    sheet::{ANSWER, QUARTER, Sheet, WEEK, Whose},
};
use crate::flow::Standing;
use model::{AgentId, Id, Stage, Timestamp, work::TaskFact};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

/// Unit of capacity of tasks that are a touch.
const UNIT: &str = "outreach";
/// The task that a reply makes.
const REPLY: &str = "HANDLE_RESPONSE";
/// The task that books a meeting.
const BOOK: &str = "BOOK_MEETING";

/// A first or sequence touch.
pub(super) struct Touch {
    agent: AgentId,
    at: Timestamp,
    /// Contacts, or the record of the task.
    who: Vec<Id>,
}

/// A first meeting booked.
pub(super) struct Booking {
    agent: AgentId,
    at: Timestamp,
}

/// Mails of ours to people who had not written for 90 days, on no deal past lead generation; and outreach tasks
/// done, unless such a mail of their time on the same record shows what was done.
pub(super) fn touches(sheet: &Sheet<'_>) -> Vec<Touch> {
    let stage = Stage::LeadGeneration;
    let replies = replies(sheet);
    let mut sent: HashMap<Id, Vec<Timestamp>> = HashMap::new();
    let mut touches = Vec::new();
    let ours = sheet.inputs.mails.iter().filter(|mail| mail.ours && mail.at <= sheet.now);
    for mail in ours.filter(|mail| !mail.contacts.is_empty()) {
        let wrote = |contact: &Id| {
            let times = replies.get(contact).into_iter().flatten();
            times.into_iter().any(|at| *at < mail.at && *at > mail.at - QUARTER)
        };
        let past = |deal: &Id| sheet.lives.get(deal).and_then(|life| life.stage_at(mail.at)) > Some(stage);
        if mail.contacts.iter().any(wrote) || mail.deals.iter().any(past) {
            continue;
        }
        for record in mail.contacts.iter().chain(&mail.deals) {
            sent.entry(*record).or_default().push(mail.at);
        }
        let agent = sheet.agent(stage, mail.deals.iter().chain(&mail.contacts).copied());
        touches.push(Touch { agent, at: mail.at, who: mail.contacts.clone() });
    }
    for (task, agent, ended) in done(sheet).filter(|(task, ..)| task.unit.as_deref() == Some(UNIT)) {
        let shown =
            |record: Id| sent.get(&record).is_some_and(|times| times.iter().any(|at| during(task, *at)));
        if !task.record.is_some_and(shown) {
            touches.push(Touch { agent: agent.clone(), at: ended, who: task.record.into_iter().collect() });
        }
    }
    touches
}

/// First meetings: with nobody who was met in the 90 days before it was booked. A booking task done counts unless
/// such a meeting was booked in its time.
pub(super) fn bookings(sheet: &Sheet<'_>) -> Vec<Booking> {
    let stage = Stage::LeadGeneration;
    let mut held: HashMap<Id, Vec<Timestamp>> = HashMap::new();
    for meeting in sheet.met.iter().filter(|meeting| meeting.standing == Standing::Held) {
        for record in meeting.records() {
            held.entry(record).or_default().push(meeting.end);
        }
    }
    let known = |record: Id, at: Timestamp| {
        let ends = held.get(&record).into_iter().flatten();
        ends.into_iter().any(|end| *end < at && *end > at - QUARTER)
    };
    let first = sheet.met.iter().filter(|meeting| meeting.booked <= sheet.now);
    let first: Vec<_> =
        first.filter(|meeting| !meeting.records().any(|one| known(one, meeting.booked))).collect();
    let of = |meeting: &&super::sheet::Met<'_>| Booking {
        agent: sheet.agent(stage, meeting.records()),
        at: meeting.booked,
    };
    let mut bookings: Vec<Booking> = first.iter().map(of).collect();
    for (task, agent, ended) in done(sheet).filter(|(task, ..)| is_success(task, BOOK)) {
        let shown = |record| first.iter().any(|one| one.is_with(record) && during(task, one.booked));
        if !task.record.is_some_and(shown) {
            bookings.push(Booking { agent: agent.clone(), at: ended });
        }
    }
    bookings
}

/// Tasks that are done, with who did them and when.
pub(super) fn done<'s>(sheet: &'s Sheet<'_>) -> impl Iterator<Item = (&'s TaskFact, &'s AgentId, Timestamp)> {
    let done = sheet.inputs.tasks.iter().filter(|task| task.done);
    done.filter_map(|task| Some((task, task.holder.as_ref()?, task.ended?)))
}

/// That action, done with what it was for.
pub(super) fn is_success(task: &TaskFact, action: &str) -> bool {
    use model::work::message::TaskOutcome::{Failure, NoResult};
    &*task.action == action && task.done && !matches!(task.outcome, Some(Failure | NoResult))
}

/// While the task was open.
pub(super) fn during(task: &TaskFact, at: Timestamp) -> bool {
    at >= task.arrived && task.ended.is_none_or(|ended| at <= ended)
}

/// When contacts wrote, and when a reply of theirs made a task.
fn replies(sheet: &Sheet<'_>) -> HashMap<Id, Vec<Timestamp>> {
    let mut replies: HashMap<Id, Vec<Timestamp>> = HashMap::new();
    for mail in sheet.inputs.mails.iter().filter(|mail| !mail.ours) {
        for contact in &mail.contacts {
            replies.entry(*contact).or_default().push(mail.at);
        }
    }
    for task in sheet.inputs.tasks.iter().filter(|task| &*task.action == REPLY) {
        if let Some(record) = task.record {
            replies.entry(record).or_default().push(task.arrived);
        }
    }
    replies
}

fn count(sheet: &Sheet<'_>, whose: Whose<'_>, length: Duration) -> usize {
    let own = sheet.touches.iter().filter(|touch| whose.is(&touch.agent));
    own.filter(|touch| sheet.within(touch.at, length)).count()
}

fn booked(sheet: &Sheet<'_>, whose: Whose<'_>, length: Duration) -> usize {
    let own = sheet.bookings.iter().filter(|booking| whose.is(&booking.agent));
    own.filter(|booking| sheet.within(booking.at, length)).count()
}

pub(super) fn per_week(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    Figure::count(count(sheet, whose, WEEK))
}

pub(super) fn booked_per_week(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    Figure::count(booked(sheet, whose, WEEK))
}

pub(super) fn meeting_rate(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    Figure::share(booked(sheet, whose, QUARTER), count(sheet, whose, QUARTER))
}

/// Of the contacts touched in the 90 days that ended 14 days ago: those who wrote within 14 days of a touch.
pub(super) fn response_rate(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let mut touched: BTreeMap<Id, BTreeSet<Timestamp>> = BTreeMap::new();
    let ended = sheet.now - ANSWER;
    for touch in sheet.touches.iter().filter(|touch| whose.is(&touch.agent)) {
        if touch.at <= ended && touch.at > ended - QUARTER {
            for contact in &touch.who {
                touched.entry(*contact).or_default().insert(touch.at);
            }
        }
    }
    let replies = replies(sheet);
    let answered = |(contact, touches): (&Id, &BTreeSet<Timestamp>)| {
        let mut wrote = replies.get(contact).into_iter().flatten();
        wrote.any(|at| touches.iter().any(|touch| at > touch && *at <= *touch + ANSWER))
    };
    Figure::share_of(touched.iter().map(answered))
}
