//! A mailbox: mails, labels, and the history of both.

use super::mime::Part;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub struct Mail {
    pub id: u64,
    pub thread: u64,
    pub labels: BTreeSet<String>,
    pub raw: Vec<u8>,
    pub part: Part,
    /// When it arrived (epoch ms).
    pub at: i64,
    /// Number of the last change of it.
    pub history: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Added,
    Deleted,
    LabelsAdded(Vec<String>),
    LabelsRemoved(Vec<String>),
}

#[derive(Clone, Debug)]
pub struct Record {
    pub id: u64,
    pub mail: u64,
    pub thread: u64,
    /// Labels of the mail after the step.
    pub labels: Vec<String>,
    pub step: Step,
}

#[derive(Debug, Default)]
pub struct Mailbox {
    pub mails: BTreeMap<u64, Mail>,
    pub history: Vec<Record>,
    /// What happened up to here is no longer known.
    pub floor: u64,
    last: u64,
    made: u64,
}

/// Number of an empty mailbox.
pub const FIRST: u64 = 1_000;

pub fn hex(id: u64) -> String {
    format!("{id:016x}")
}

pub fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

impl Mailbox {
    /// Number of the last change; numbers have gaps.
    pub fn now(&self) -> u64 {
        FIRST + self.last * 7
    }

    fn record(&mut self, mail: u64, thread: u64, labels: Vec<String>, step: Step) -> u64 {
        self.last += 1;
        let id = self.now();
        self.history.push(Record { id, mail, thread, labels, step });
        id
    }

    /// Takes a mail in. It joins the thread of a mail that it answers, or `thread`.
    pub fn add(&mut self, raw: Vec<u8>, labels: &[&str], thread: Option<u64>, at: i64) -> u64 {
        self.made += 1;
        let id = (u64::try_from(at).unwrap_or(0) << 20) | (self.made & 0xf_ffff);
        let part = Part::of(&raw);
        let thread = thread.or_else(|| self.thread_of(&part)).unwrap_or(id);
        let labels: BTreeSet<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let history = self.record(id, thread, labels.iter().cloned().collect(), Step::Added);
        self.mails.insert(id, Mail { id, thread, labels, raw, part, at, history });
        id
    }

    fn thread_of(&self, part: &Part) -> Option<u64> {
        let answered = [part.header("References"), part.header("In-Reply-To")];
        let answered: Vec<&str> =
            answered.into_iter().flatten().flat_map(str::split_ascii_whitespace).collect();
        let known = |mail: &&Mail| mail.part.header("Message-ID").is_some_and(|id| answered.contains(&id));
        self.mails.values().find(known).map(|mail| mail.thread)
    }

    /// Changes labels; false where nothing differs or there is no such mail.
    pub fn label(&mut self, id: u64, add: &[&str], remove: &[&str]) -> bool {
        let Some(mail) = self.mails.get_mut(&id) else { return false };
        let own = |labels: &[&str], there: bool| -> Vec<String> {
            labels.iter().filter(|l| mail.labels.contains(**l) == there).map(|l| (*l).to_owned()).collect()
        };
        let (added, removed) = (own(add, false), own(remove, true));
        if added.is_empty() && removed.is_empty() {
            return false;
        }
        mail.labels.extend(added.iter().cloned());
        mail.labels.retain(|label| !removed.contains(label));
        let (thread, labels): (u64, Vec<String>) = (mail.thread, mail.labels.iter().cloned().collect());
        for (labels_changed, step) in
            [(added, Step::LabelsAdded as fn(_) -> _), (removed, Step::LabelsRemoved as fn(_) -> _)]
        {
            if !labels_changed.is_empty() {
                let at = self.record(id, thread, labels.clone(), step(labels_changed));
                if let Some(mail) = self.mails.get_mut(&id) {
                    mail.history = at;
                }
            }
        }
        true
    }

    /// Deletes for good.
    pub fn delete(&mut self, id: u64) -> bool {
        let Some(mail) = self.mails.remove(&id) else { return false };
        self.record(id, mail.thread, mail.labels.into_iter().collect(), Step::Deleted);
        true
    }

    /// What happened until now is forgotten.
    pub fn forget(&mut self) {
        self.floor = self.now();
        self.history.clear();
    }
}
