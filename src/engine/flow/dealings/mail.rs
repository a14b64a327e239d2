//! One mail.

use model::{
    Field, Id, Timestamp,
    work::{ActivityBrief, Direction},
};
use std::time::Duration;

/// A date further ahead than this is a mistake of the sender's.
const AHEAD: Duration = Duration::from_hours(24);

/// What kind of mail it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nature {
    /// From a person to a person.
    Ordinary,
    /// Says that a mail of ours could not be delivered.
    Bounce,
    /// A program's word that a contract was signed by everybody.
    Notice,
}

/// What a program may say; everything else takes a person.
const NOTICE: &str = "contract_executed";

/// A mail that counts.
pub(in crate::flow) struct Mail<'v> {
    /// Its record.
    pub record: Id,
    /// When it was sent.
    pub at: Timestamp,
    /// Since the present stage was entered.
    pub current: bool,
    nature: Nature,
    brief: &'v ActivityBrief,
}

impl<'v> Mail<'v> {
    /// None where it counts for nothing: no time, or written by a program.
    pub fn of(brief: &'v ActivityBrief, since: Timestamp, now: Timestamp) -> Option<Self> {
        let at = brief.fields.time(Field::At).filter(|at| *at <= now + AHEAD)?;
        let says = |wanted: &str| phrases(brief).any(|(signal, _)| signal == wanted);
        let nature = match brief.fields.text(Field::Automatic).unwrap_or_default() {
            "" => Nature::Ordinary,
            "bounce" => Nature::Bounce,
            _ if says(NOTICE) => Nature::Notice,
            _ => return None,
        };
        Some(Self { record: brief.record, at, current: at >= since, nature, brief })
    }

    /// It says that a mail of ours could not be delivered.
    pub fn is_bounce(&self) -> bool {
        self.nature == Nature::Bounce
    }

    /// Written by one of them.
    pub fn is_theirs(&self) -> bool {
        self.nature == Nature::Ordinary && self.brief.direction == Direction::Inbound
    }

    /// Written by one of us.
    pub fn is_ours(&self) -> bool {
        self.nature == Nature::Ordinary && self.brief.direction == Direction::Outbound
    }

    /// `email:0192...`.
    pub fn reference(&self) -> String {
        format!("{}:{}", self.brief.kind, self.record)
    }

    /// Subject line.
    pub fn subject(&self) -> &'v str {
        self.brief.fields.text(Field::Name).unwrap_or_default()
    }

    /// What was found in the wording of somebody outside: (signal, phrase).
    pub fn said(&self) -> impl Iterator<Item = (&'v str, &'v str)> + use<'v> {
        let (inbound, nature) = (self.brief.direction == Direction::Inbound, self.nature);
        phrases(self.brief).filter(move |(signal, _)| {
            let counts = match nature {
                Nature::Ordinary => true,
                Nature::Notice => *signal == NOTICE,
                Nature::Bounce => false,
            };
            inbound && counts
        })
    }

    /// Names of attached files, in lower case.
    pub fn attachments(&self) -> impl Iterator<Item = String> + use<'v> {
        self.brief.fields.list(Field::Attachments).iter().map(|name| name.to_lowercase())
    }

    /// Web addresses in what is stored of its text, in lower case.
    pub fn links(&self) -> impl Iterator<Item = String> + use<'v> {
        let body = self.brief.fields.text(Field::Body).unwrap_or_default();
        let words = body.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '(' | ')'));
        words
            .filter(|word| word.starts_with("https://") || word.starts_with("http://"))
            .map(str::to_lowercase)
    }
}

fn phrases(brief: &ActivityBrief) -> impl Iterator<Item = (&str, &str)> {
    brief.fields.list(Field::Phrases).iter().filter_map(|one| one.split_once('='))
}
