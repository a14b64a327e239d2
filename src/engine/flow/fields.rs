//! The table of fields that conditions can read.

use super::condition::Scope;
use cel::{Value, objects::Key};
use std::collections::HashMap;

/// What a name in a condition stands for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Shape {
    /// A text, or an amount.
    Value,
    /// A whole number.
    Int,
    /// Yes or no.
    Flag,
    /// Something with these fields.
    Record(&'static [(&'static str, Shape)]),
    /// A list of such things.
    List(&'static Shape),
    /// The named conditions of the configuration.
    Signals,
}

impl Shape {
    /// What one element stands for.
    pub const fn element(self) -> Self {
        match self {
            Self::List(element) => *element,
            Self::Value | Self::Int | Self::Flag | Self::Record(_) | Self::Signals => Self::Value,
        }
    }
}

const TEXTS: Shape = Shape::List(&Shape::Value);

const DEAL: &[(&str, Shape)] = &[
    ("name", Shape::Value),
    ("stage", Shape::Value),
    ("outcome", Shape::Value),
    ("amount", Shape::Value),
    ("segment", Shape::Value),
    ("competitor", Shape::Value),
    ("budget", Shape::Value),
    ("authority", Shape::Value),
    ("need", Shape::Value),
    ("timeline", Shape::Value),
    ("milestones", TEXTS),
    ("close_in_days", Shape::Int),
    ("close_date_moves", Shape::Int),
    ("stakeholders", Shape::Int),
    ("days_in_stage", Shape::Int),
];
const LEAD: &[(&str, Shape)] = &[
    ("name", Shape::Value),
    ("status", Shape::Value),
    ("lifecycle", Shape::Value),
    ("email", Shape::Value),
    ("job_title", Shape::Value),
    ("segment", Shape::Value),
    ("milestones", TEXTS),
    ("days_in_stage", Shape::Int),
];
const COMPANY: &[(&str, Shape)] = &[
    ("name", Shape::Value),
    ("domain", Shape::Value),
    ("industry", Shape::Value),
    ("city", Shape::Value),
    ("country", Shape::Value),
    ("employees", Shape::Int),
    ("segment", Shape::Value),
];
const CONTACT: &[(&str, Shape)] =
    &[("name", Shape::Value), ("email", Shape::Value), ("job_title", Shape::Value)];
const TASKS: &[(&str, Shape)] = &[("done", TEXTS), ("open", TEXTS)];
const MAIL: &[(&str, Shape)] = &[
    ("replies", Shape::Int),
    ("sent", Shape::Int),
    ("bounced", Shape::Int),
    ("last_inbound_days", Shape::Int),
    ("last_sent_days", Shape::Int),
    ("attachments", TEXTS),
    ("links", TEXTS),
];
const MEETING: &[(&str, Shape)] =
    &[("name", Shape::Value), ("minutes", Shape::Int), ("contacts", Shape::Int)];
const MEETINGS_OF: Shape = Shape::List(&Shape::Record(MEETING));
const MEETINGS: &[(&str, Shape)] = &[
    ("booked", MEETINGS_OF),
    ("held", MEETINGS_OF),
    ("cancelled", MEETINGS_OF),
    ("missed", MEETINGS_OF),
    ("next_in_days", Shape::Int),
];
/// What mails can say; phrase lists of these names are read.
pub const SAID: &[(&str, Shape)] = &[
    ("positive_intent", Shape::Flag),
    ("negative_intent", Shape::Flag),
    ("interest_confirmed", Shape::Flag),
    ("demo_requested", Shape::Flag),
    ("proposal_requested", Shape::Flag),
    ("terms_discussed", Shape::Flag),
    ("verbal_commitment", Shape::Flag),
    ("contract_executed", Shape::Flag),
    ("budget_confirmed", Shape::Flag),
    ("authority_confirmed", Shape::Flag),
    ("need_confirmed", Shape::Flag),
    ("timeline_confirmed", Shape::Flag),
    ("competitor_mentioned", Shape::Flag),
    ("security_review", Shape::Flag),
    ("unsubscribe", Shape::Flag),
];

/// Everything that a condition can begin with.
pub const ROOTS: &[(&str, Shape)] = &[
    ("deal", Shape::Record(DEAL)),
    ("lead", Shape::Record(LEAD)),
    ("company", Shape::Record(COMPANY)),
    ("contacts", Shape::List(&Shape::Record(CONTACT))),
    ("tasks", Shape::Record(TASKS)),
    ("mail", Shape::Record(MAIL)),
    ("said", Shape::Record(SAID)),
    ("meetings", Shape::Record(MEETINGS)),
    ("signal", Shape::Signals),
];

/// What a root stands for.
pub fn root(name: &str) -> Option<Shape> {
    ROOTS.iter().find(|(root, _)| *root == name).map(|(_, shape)| *shape)
}

/// A record under construction, as CEL sees it.
#[derive(Default)]
pub struct Bag(HashMap<Key, Value>);

impl Bag {
    /// Adds a field; `None` leaves it out, so that reading it gives "unknown".
    pub fn put(&mut self, field: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(Key::from(field), value.into());
        }
    }
    /// Done.
    pub fn value(self) -> Value {
        Value::from(self.0)
    }
}

/// A list of texts, as CEL sees it.
pub fn texts<'a>(items: impl Iterator<Item = &'a str>) -> Value {
    Value::from(items.map(Value::from).collect::<Vec<_>>())
}

/// A record that has every field, for trying out a condition's types.
pub fn sample(signals: &[&str]) -> Scope {
    let mut scope = Scope::new();
    for (root, shape) in ROOTS {
        scope.set(root, example(root, *shape, signals));
    }
    scope
}

fn example(name: &str, shape: Shape, signals: &[&str]) -> Value {
    let mut bag = Bag::default();
    match shape {
        Shape::Value if name == "amount" => return Value::from(1.5_f64),
        Shape::Value => return Value::from("text"),
        Shape::Int => return Value::from(1_i64),
        Shape::Flag => return Value::from(false),
        Shape::List(element) => return Value::from(vec![example(name, *element, signals)]),
        Shape::Record(fields) => {
            for (field, shape) in fields {
                bag.put(field, Some(example(field, *shape, signals)));
            }
        }
        Shape::Signals => signals.iter().for_each(|signal| bag.put(signal, Some(false))),
    }
    bag.value()
}
