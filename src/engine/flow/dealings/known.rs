//! Mails and meetings as conditions see them.

use super::{Dealings, Mail, Meeting, Standing};
use crate::flow::{
    facts::{Evidence, Facts, days},
    fields::{Bag, SAID, texts},
};
use cel::Value as Cel;
use model::Timestamp;

/// Of many mails or meetings only the latest are named as evidence.
const MOST_SHOWN: usize = 3;
/// What is known of the buyer holds beyond the stage in which it was said.
const LASTING: [&str; 7] = [
    "budget_confirmed",
    "authority_confirmed",
    "need_confirmed",
    "timeline_confirmed",
    "competitor_mentioned",
    "security_review",
    "unsubscribe",
];

const NO: &str = "negative_intent";
const YES: [&str; 2] = ["positive_intent", "interest_confirmed"];

impl Facts {
    /// Sets the roots `mail`, `said` and `meetings`.
    pub(in crate::flow) fn set_dealings(&mut self, dealings: &Dealings<'_>, now: Timestamp) {
        self.mail(dealings, now);
        self.meetings(dealings, now);
        self.said = said(dealings);
        self.heed_wording(true);
    }

    /// Whether what was said counts (root `said`).
    pub(in crate::flow) fn heed_wording(&mut self, heed: bool) {
        let found = std::mem::take(&mut self.said);
        let mut bag = Bag::default();
        for (name, _) in SAID {
            let field: Box<str> = format!("said.{name}").into();
            let evidence: Vec<_> = found.iter().filter(|one| one.field == field).cloned().collect();
            bag.put(name, Some(heed && !evidence.is_empty()));
            self.shown.insert(field, if heed { evidence } else { Vec::new() });
        }
        self.scope.set("said", bag.value());
        self.said = found;
    }

    fn mail(&mut self, dealings: &Dealings<'_>, now: Timestamp) {
        let mut bag = Bag::default();
        let replies: Vec<_> = dealings.replies().collect();
        let sent: Vec<_> = dealings.sent().collect();
        let bounced: Vec<_> = dealings.mails.iter().filter(|mail| mail.current && mail.is_bounce()).collect();
        for (name, mails) in [("replies", &replies), ("sent", &sent), ("bounced", &bounced)] {
            bag.put(name, i64::try_from(mails.len()).ok());
            self.show_mails(&format!("mail.{name}"), mails);
        }
        let last = |is: &dyn Fn(&Mail<'_>) -> bool| dealings.mails.iter().rev().find(|mail| is(mail));
        let (inbound, outbound) = (last(&|mail| mail.is_theirs()), last(&|mail| mail.is_ours()));
        for (name, mail) in [("last_inbound_days", inbound), ("last_sent_days", outbound)] {
            let Some(mail) = mail else { continue };
            let ago = days(mail.at, now).max(0);
            bag.put(name, Some(ago));
            self.show(format!("mail.{name}"), ago.to_string(), Some(mail.record));
        }
        let files = sent.iter().flat_map(|mail| mail.attachments().map(|file| (*mail, file)));
        let links = sent.iter().flat_map(|mail| mail.links().map(|link| (*mail, link)));
        for (name, found) in
            [("attachments", files.collect::<Vec<_>>()), ("links", links.collect::<Vec<_>>())]
        {
            for (mail, text) in &found {
                self.show(format!("mail.{name}"), format!("{} {text}", mail.reference()), Some(mail.record));
            }
            bag.put(name, Some(texts(found.iter().map(|(_, text)| text.as_str()))));
        }
        self.scope.set("mail", bag.value());
    }

    fn show_mails(&mut self, field: &str, mails: &[&Mail<'_>]) {
        for mail in mails.iter().rev().take(MOST_SHOWN) {
            let value = format!("{} “{}” of {}", mail.reference(), mail.subject(), mail.at);
            self.show(field.to_owned(), value, Some(mail.record));
        }
    }

    fn meetings(&mut self, dealings: &Dealings<'_>, now: Timestamp) {
        let mut bag = Bag::default();
        let of = |standing| dealings.meetings(standing).collect::<Vec<_>>();
        let stands = |meeting: &&Meeting<'_>| !meeting.standing.is_lost();
        let booked: Vec<_> = dealings.meetings.iter().filter(stands).collect();
        for (name, meetings) in [
            ("booked", booked),
            ("held", of(Standing::Held)),
            ("cancelled", of(Standing::Cancelled)),
            ("missed", of(Standing::Missed)),
        ] {
            for meeting in meetings.iter().rev().take(MOST_SHOWN) {
                let value = format!("{} “{}” of {}", meeting.reference(), meeting.name(), meeting.start);
                self.show(format!("meetings.{name}"), value, Some(meeting.record));
            }
            let list: Vec<_> = meetings.iter().map(|meeting| as_value(meeting)).collect();
            bag.put(name, Some(Cel::from(list)));
        }
        let next = dealings.next_meeting();
        bag.put("next_in_days", next.map(|meeting| days(now, meeting.start)));
        if let Some(meeting) = next {
            let value = format!("{} of {}", meeting.reference(), meeting.start);
            self.show("meetings.next_in_days".into(), value, Some(meeting.record));
        }
        self.scope.set("meetings", bag.value());
    }
}

fn as_value(meeting: &Meeting<'_>) -> Cel {
    let mut bag = Bag::default();
    bag.put("name", Some(meeting.name().to_lowercase()));
    bag.put("minutes", i64::try_from(meeting.end.since(meeting.start).as_secs() / 60).ok());
    bag.put("contacts", i64::try_from(meeting.contacts()).ok());
    bag.value()
}

/// What they wrote, with its wording: the latest mail that says it, for each.
fn said(dealings: &Dealings<'_>) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = Vec::new();
    for mail in dealings.mails.iter().rev() {
        let phrases: Vec<_> = mail.said().collect();
        let says = |wanted: &[&str]| phrases.iter().any(|(signal, _)| wanted.contains(signal));
        for (signal, phrase) in &phrases {
            let known =
                |signal: &str| found.iter().any(|one| one.field.strip_prefix("said.") == Some(signal));
            // A yes and a no take each other's place; where one mail says both, the no is about something else.
            let overtaken = match *signal {
                NO => YES.iter().any(|yes| known(yes)) || says(&YES),
                yes if YES.contains(&yes) => known(NO),
                _ => false,
            };
            let counts = mail.current || LASTING.contains(signal);
            if counts && !overtaken && !known(signal) {
                let field = format!("said.{signal}").into();
                let value = format!("{} “{phrase}”", mail.reference());
                found.push(Evidence { field, value, record: Some(mail.record) });
            }
        }
    }
    found
}
