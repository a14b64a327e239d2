//! Mails and meetings of a deal or lead, so far as something follows from them: what is internal, automatic or
//! belongs to another deal just as well counts for nothing.

mod known;
mod mail;
mod meeting;

pub(super) use mail::Mail;
pub(super) use meeting::Meeting;
pub(crate) use meeting::{Standing, stands};

use super::book::Each;
use model::{
    Id, Kind, Timestamp,
    work::{ActivityBrief, Direction, SubjectView},
};
use std::{collections::BTreeSet, time::Duration};

/// Where it is not known when the present stage was entered, what is older than this says nothing about it.
const WINDOW: Duration = Duration::from_hours(30 * 24);

/// Mails and meetings of one deal or lead, in order of time.
pub(super) struct Dealings<'v> {
    /// Ordinary mails and bounces.
    mails: Vec<Mail<'v>>,
    /// Meetings since the present stage was entered.
    meetings: Vec<Meeting<'v>>,
    /// Contacts linked to the subject or seen in a mail or meeting.
    pub people: BTreeSet<Id>,
    now: Timestamp,
}

/// Something that happened and asks for a task of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Occasion {
    /// The mails or the meeting it consists of, the first of which names it.
    pub records: Vec<Id>,
    /// When it began.
    pub at: Timestamp,
    /// Set when nothing needs to be done about it any more.
    pub settled: Option<Timestamp>,
    /// For people.
    pub told: String,
}

impl<'v> Dealings<'v> {
    /// Sorts out what counts.
    pub fn of(view: &'v SubjectView, now: Timestamp) -> Self {
        let since = view.stage_since.unwrap_or(now - WINDOW);
        let counts = |brief: &&ActivityBrief| !brief.ambiguous && brief.direction != Direction::Internal;
        let counting = || view.activities.iter().filter(counts);
        let mut mails: Vec<_> = counting()
            .filter(|brief| brief.kind == Kind::Email)
            .filter_map(|brief| Mail::of(brief, since, now))
            .collect();
        mails.sort_by_key(|mail| (mail.at, mail.record));
        let mut meetings: Vec<_> = counting()
            .filter(|brief| brief.kind == Kind::Meeting)
            .filter_map(|brief| Meeting::of(brief, view, now))
            .filter(|meeting| meeting.start >= since)
            .collect();
        meetings.sort_by_key(|meeting| (meeting.start, meeting.record));
        let mut people: BTreeSet<Id> = view.contacts.iter().map(|(id, _)| *id).collect();
        people.extend(counting().flat_map(|brief| brief.with.iter().copied()));
        Self { mails, meetings, people, now }
    }

    /// Their ordinary mails since the present stage was entered.
    pub fn replies(&self) -> impl Iterator<Item = &Mail<'v>> {
        self.mails.iter().filter(|mail| mail.current && mail.is_theirs())
    }

    /// Our ordinary mails since the present stage was entered.
    pub fn sent(&self) -> impl Iterator<Item = &Mail<'v>> {
        self.mails.iter().filter(|mail| mail.current && mail.is_ours())
    }

    /// Meetings of one standing since the present stage was entered.
    pub fn meetings(&self, standing: Standing) -> impl Iterator<Item = &Meeting<'v>> {
        self.meetings.iter().filter(move |meeting| meeting.standing == standing)
    }

    /// The next meeting that is to come.
    pub fn next_meeting(&self) -> Option<&Meeting<'v>> {
        self.meetings(Standing::Booked).find(|meeting| meeting.start > self.now)
    }

    /// A meeting at this time was cancelled.
    pub fn is_cancelled(&self, start: Timestamp) -> bool {
        self.meetings(Standing::Cancelled).any(|meeting| meeting.start == start)
    }

    /// All meetings since the present stage was entered, whatever became of them.
    pub fn meeting_records(&self) -> impl Iterator<Item = Id> {
        self.meetings.iter().map(|meeting| meeting.record)
    }

    /// When time alone changes something: the end of the next meeting.
    pub fn changes_at(&self) -> Option<Timestamp> {
        self.meetings(Standing::Booked).map(|meeting| meeting.end).min()
    }

    /// What happened of a kind, in order of time.
    pub fn occasions(&self, each: Each) -> Vec<Occasion> {
        match each {
            Each::Reply => self.runs(),
            Each::HeldMeeting => {
                self.meetings(Standing::Held).map(|meeting| meeting.occasion(meeting.end, None)).collect()
            }
            Each::LostMeeting => {
                let lost = self.meetings.iter().filter(|meeting| meeting.standing.is_lost());
                let settled = |meeting: &Meeting<'_>| self.is_made_up_for(meeting).then_some(self.now);
                lost.map(|meeting| meeting.occasion(meeting.start, settled(meeting))).collect()
            }
        }
    }

    /// Their mails, those between two of ours taken together: one answer does for them.
    fn runs(&self) -> Vec<Occasion> {
        let mut runs: Vec<Occasion> = Vec::new();
        for mail in &self.mails {
            match runs.last_mut().filter(|run| run.settled.is_none()) {
                Some(run) if mail.is_ours() => run.settled = Some(mail.at),
                Some(run) if mail.current && mail.is_theirs() => run.records.push(mail.record),
                None if mail.current && mail.is_theirs() => runs.push(Occasion {
                    records: vec![mail.record],
                    at: mail.at,
                    settled: None,
                    told: format!("mail of {}, {}", mail.at, mail.reference()),
                }),
                Some(_) | None => {}
            }
        }
        runs
    }

    /// Another meeting stands instead of a lost one. (Ids are in the order of first sight.)
    fn is_made_up_for(&self, lost: &Meeting<'_>) -> bool {
        let standing = self.meetings.iter().filter(|meeting| !meeting.standing.is_lost());
        let mut instead = standing.filter(|other| {
            other.start >= lost.start || other.start > self.now || other.record > lost.record
        });
        instead.next().is_some()
    }
}
