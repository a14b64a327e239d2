//! Records: what they are, how a vendor's record is named, and their fields as values.

use crate::{AgentId, ConnectionId, Money, Stage, Timestamp, stage::Outcome};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a record is. A stream of a connection carries records of one kind, so this also names streams.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An organisation that buys.
    Company,
    /// A person.
    Contact,
    /// A possible sale.
    Deal,
    /// A user of the CRM who can own records.
    Owner,
    /// One stage of one of the vendor's pipelines; its id is `pipeline/stage`.
    Pipeline,
    /// A to-do in the CRM.
    Task,
    /// A note in the CRM.
    Note,
    /// A mail.
    Email,
    /// A meeting.
    Meeting,
    /// A telephone call.
    Call,
}

/// A stream is named by the kind of record that it carries.
pub type Stream = Kind;

impl Kind {
    /// All kinds, in the order in which a first sync reads them.
    pub const ALL: [Self; 10] = [
        Self::Owner,
        Self::Pipeline,
        Self::Company,
        Self::Contact,
        Self::Deal,
        Self::Task,
        Self::Note,
        Self::Meeting,
        Self::Call,
        Self::Email,
    ];
    /// Singular name, as stored and in references (`deal:0192...`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Contact => "contact",
            Self::Deal => "deal",
            Self::Owner => "owner",
            Self::Pipeline => "pipeline",
            Self::Task => "task",
            Self::Note => "note",
            Self::Email => "email",
            Self::Meeting => "meeting",
            Self::Call => "call",
        }
    }
    /// Plural name, as shown for streams.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Company => "companies",
            Self::Contact => "contacts",
            Self::Deal => "deals",
            Self::Owner => "owners",
            Self::Pipeline => "pipelines",
            Self::Task => "tasks",
            Self::Note => "notes",
            Self::Email => "emails",
            Self::Meeting => "meetings",
            Self::Call => "calls",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text || kind.plural() == text);
        found.ok_or_else(|| format!("unknown kind of record {text:?}"))
    }
}

/// A record's name at its source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExternalRef {
    /// Where.
    pub connection: ConnectionId,
    /// What.
    pub kind: Kind,
    /// The vendor's id, as text whatever the vendor's type is.
    pub id: Box<str>,
}

impl ExternalRef {
    /// Names a record.
    pub fn new(connection: &ConnectionId, kind: Kind, id: impl Into<Box<str>>) -> Self {
        Self { connection: connection.clone(), kind, id: id.into() }
    }
}

impl fmt::Display for ExternalRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.connection, self.kind, self.id)
    }
}
impl fmt::Debug for ExternalRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A field of a record. One name means one thing in every kind that has it; `Kind::fields` lists who has what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Text. Company or deal name, contact's full name, owner's name, stage label, subject of an activity.
    Name,
    /// Text, normalised by reconciliation (trimmed, lower case).
    Email,
    /// Text: the web domain as the CRM has it.
    Domain,
    /// Text.
    FirstName,
    /// Text.
    LastName,
    /// Text.
    Phone,
    /// Text.
    JobTitle,
    /// Text: the vendor's lifecycle stage.
    Lifecycle,
    /// Text: the vendor's lead status; a contact that has one and no deal is a lead.
    LeadStatus,
    /// Text.
    Industry,
    /// Text.
    City,
    /// Text.
    Country,
    /// Int: number of employees.
    Employees,
    /// Ref to an owner of the same connection (the vendor's id).
    Owner,
    /// Money.
    Amount,
    /// Text `pipeline/stage` in the vendor's ids.
    SourceStage,
    /// Stage: ours, mapped from `SourceStage`; absent when unmapped.
    Stage,
    /// Outcome: ours, mapped from `SourceStage` or the vendor's flags.
    Outcome,
    /// Time: expected or actual close.
    CloseDate,
    /// Time: created at the source.
    CreatedAt,
    /// Text: body of a task or note, at most 64 KB.
    Body,
    /// Time: due (task), happened (note, mail, call), begins (meeting).
    At,
    /// Time: meeting or call ends.
    EndAt,
    /// Bool: task completed, owner deactivated, stage closed.
    Done,
    /// Bool: a closed stage that means won.
    Won,
    /// Int: probability of a stage, in millionths.
    Probability,
    /// Int: position of a stage in its pipeline.
    Position,
    /// Text: what came of a meeting or call, in the vendor's words.
    Result,
    /// Text: label of the pipeline that a stage belongs to.
    PipelineName,
    /// Text: the agent's id that a task written by us names.
    Agent,
    /// Text: the segment of the market that a contact, company or deal belongs to, by its configured name.
    Segment,
    /// Text or Bool: budget is confirmed when it says something other than no. Only where a property is mapped
    /// to it; so with the six fields below.
    Budget,
    /// Text or Bool: we talk with the one who decides.
    Authority,
    /// Text or Bool: the need is confirmed.
    Need,
    /// Text or Bool: when they want to begin.
    Timeline,
    /// Text: competitors in the deal, separated by `;`.
    Competitor,
    /// Text: what has happened by the CRM's own account, signal names separated by `;`
    /// (`demo_requested;verbal_commitment`).
    Milestones,
    /// Text: address of a mail's author or a meeting's organiser, normalised by reconciliation.
    Sender,
    /// List: the other addresses of a mail (To, Cc) or a meeting (attendees), normalised by reconciliation.
    Recipients,
    /// Text: a mail's Message-ID without angle brackets.
    MessageId,
    /// List: Message-IDs that a mail answers or refers to, oldest first.
    References,
    /// Text: the source's own id of the conversation.
    Thread,
    /// Text: why a mail was not written by a person to a person: `bulk`, `auto_reply`, `bounce`, `delayed`,
    /// `complaint` (somebody reported ours as spam); empty for an ordinary one.
    Automatic,
    /// List: addresses that a bounce or delay notice reports about.
    Failed,
    /// List: names of a mail's attached files.
    Attachments,
    /// Text: what the author of a mail wrote (quotes, signature and disclaimer cut off), at most 8 KB. Read for
    /// signals and never stored.
    Content,
    /// List of `signal=phrase`: what was found in the content, with its evidence. Derived.
    Phrases,
    /// Text: `UID` of the event in iCalendar, the same in every calendar that holds it.
    Uid,
    /// Text: which occurrence of a series (`20261122T090000Z` or `20261122`); empty for a single event.
    Occurrence,
    /// Int: revision by the organiser.
    Sequence,
    /// Text: `confirmed`, `tentative` or `cancelled`.
    Status,
    /// List: attendees who accepted.
    Accepted,
    /// List: attendees who declined.
    Declined,
    /// Bool: an event of whole days.
    AllDay,
    /// Text: what the event means for its owner's time: `busy`, `free` or `out_of_office`.
    Availability,
    /// Text: which occasion a mail or meeting has with its deal or lead, in words: how the link was found.
    /// Derived.
    LinkedBy,
}

/// The value of a field.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Known to be empty. (A field that was not asked for is absent from [`Fields`] altogether.)
    Empty,
    /// Text.
    Text(Box<str>),
    /// Whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// Instant.
    Time(Timestamp),
    /// Amount.
    Money(Money),
    /// The vendor's id of another record at the same connection.
    Ref(Box<str>),
    /// One of our stages.
    Stage(Stage),
    /// How a deal stands.
    Outcome(Outcome),
    /// An agent.
    Agent(AgentId),
    /// Several texts, in order.
    List(Box<[Box<str>]>),
}

impl Value {
    /// Text, or `Empty` when there is none.
    pub fn text(text: Option<&str>) -> Self {
        match text {
            Some(text) if !text.is_empty() => Self::Text(text.into()),
            _ => Self::Empty,
        }
    }
    /// Several texts, or `Empty` when there are none.
    pub fn list<T: Into<Box<str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        let texts: Box<[Box<str>]> = texts.into_iter().map(Into::into).collect();
        if texts.is_empty() { Self::Empty } else { Self::List(texts) }
    }
    /// The text of `Text` and `Ref`.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Ref(text) => Some(text),
            Self::Agent(agent) => Some(agent.as_str()),
            Self::Empty
            | Self::Int(_)
            | Self::Bool(_)
            | Self::Time(_)
            | Self::Money(_)
            | Self::Stage(_)
            | Self::Outcome(_)
            | Self::List(_) => None,
        }
    }
    /// True for `Empty`.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("(empty)"),
            Self::Text(text) | Self::Ref(text) => f.write_str(text),
            Self::Int(number) => write!(f, "{number}"),
            Self::Bool(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Time(at) => write!(f, "{at}"),
            Self::Money(money) => write!(f, "{money}"),
            Self::Stage(stage) => f.write_str(stage.name()),
            Self::Outcome(outcome) => f.write_str(outcome.name()),
            Self::Agent(agent) => f.write_str(agent.as_str()),
            Self::List(texts) => f.write_str(&texts.join(", ")),
        }
    }
}

/// Fields with their values, sorted by field; what is absent is not known here.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(Vec<(Field, Value)>);

impl Fields {
    /// No field known; room for `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }
    /// Value of a field; `None` when not known.
    pub fn get(&self, field: Field) -> Option<&Value> {
        let at = self.0.binary_search_by_key(&field, |(field, _)| *field).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }
    /// Text of a field that holds text.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.get(field).and_then(Value::as_text)
    }
    /// Instant of a field that holds one.
    pub fn time(&self, field: Field) -> Option<Timestamp> {
        match self.get(field) {
            Some(Value::Time(at)) => Some(*at),
            _ => None,
        }
    }
    /// Texts of a field that holds several; none when it is not known.
    pub fn list(&self, field: Field) -> &[Box<str>] {
        match self.get(field) {
            Some(Value::List(texts)) => texts,
            _ => &[],
        }
    }
    /// Flag of a field that holds one.
    pub fn bool(&self, field: Field) -> Option<bool> {
        match self.get(field) {
            Some(Value::Bool(yes)) => Some(*yes),
            _ => None,
        }
    }
    /// Number of a field that holds one.
    pub fn int(&self, field: Field) -> Option<i64> {
        match self.get(field) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }
    /// Amount of a field that holds one.
    pub fn money(&self, field: Field) -> Option<Money> {
        match self.get(field) {
            Some(Value::Money(money)) => Some(*money),
            _ => None,
        }
    }
    /// Our stage, when mapped.
    pub fn stage(&self) -> Option<Stage> {
        match self.get(Field::Stage) {
            Some(Value::Stage(stage)) => Some(*stage),
            _ => None,
        }
    }
    /// How the deal stands; open when not said.
    pub fn outcome(&self) -> Outcome {
        match self.get(Field::Outcome) {
            Some(Value::Outcome(outcome)) => *outcome,
            _ => Outcome::Open,
        }
    }
    /// Sets a field; returns what it was.
    pub fn set(&mut self, field: Field, value: Value) -> Option<Value> {
        match self.0.last() {
            Some((last, _)) if *last < field => self.0.push((field, value)),
            None => self.0.push((field, value)),
            Some(_) => match self.0.binary_search_by_key(&field, |(field, _)| *field) {
                Ok(at) => return self.0.get_mut(at).map(|slot| std::mem::replace(&mut slot.1, value)),
                Err(at) => self.0.insert(at, (field, value)),
            },
        }
        None
    }
    /// Takes a field away: it is not known any more. Returns what it was.
    pub fn remove(&mut self, field: Field) -> Option<Value> {
        let at = self.0.binary_search_by_key(&field, |(field, _)| *field).ok()?;
        Some(self.0.remove(at).1)
    }
    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }
    /// Number of known fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Field, Value)> for Fields {
    fn from_iter<T: IntoIterator<Item = (Field, Value)>>(iter: T) -> Self {
        let mut fields = Self::default();
        for (field, value) in iter {
            fields.set(field, value);
        }
        fields
    }
}

/// All links of a record to records of one kind, as one source sees them. A complete set: what is not in it is
/// not linked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Links {
    /// Kind of the records linked to.
    pub to: Kind,
    /// The linked records, sorted by id, each once.
    pub targets: Vec<Target>,
}

/// One end of a link.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The vendor's id.
    pub id: Box<str>,
    /// The vendor calls this link primary.
    pub primary: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stay_sorted_whatever_the_order_of_setting() {
        let fields: Fields = [
            (Field::Owner, Value::Ref("7".into())),
            (Field::Name, Value::Text("Acme".into())),
            (Field::Name, Value::Text("Acme Corp".into())),
        ]
        .into_iter()
        .collect();
        assert_eq!(fields.text(Field::Name), Some("Acme Corp"));
        assert_eq!(fields.iter().map(|(field, _)| field).collect::<Vec<_>>(), [Field::Name, Field::Owner]);
    }

    #[test]
    fn empty_is_known_and_absent_is_not() {
        let mut fields = Fields::default();
        fields.set(Field::Phone, Value::text(Some("")));
        assert_eq!(fields.get(Field::Phone), Some(&Value::Empty));
        assert_eq!(fields.get(Field::Email), None);
    }
}
