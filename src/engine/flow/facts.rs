//! What is known of one deal or lead, as conditions see it, each value with the record it comes from.

use super::{
    condition::{Condition, Holds, Scope},
    dealings::Dealings,
    fields::{Bag, texts},
};
use cel::Value as Cel;
use model::{
    Currency, Event, EventKind, Field, Fields, Id, Money, Timestamp, Value,
    work::{Subject, SubjectView, TaskBrief, TaskState},
};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MILLIS: i64 = 86_400_000;
const MILLION: i128 = 1_000_000;

/// What conditions need to know besides the record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowPolicy {
    /// The organisation's currency: `deal.amount` is in it.
    pub currency: Currency,
    /// Worth of one unit of other currencies in it, in millionths.
    pub rates: BTreeMap<Currency, i64>,
    /// All mails and meetings have been read once. Before that a mail of theirs may look unanswered, or a meeting
    /// lost, only because the rest is not there yet: no task is made for one.
    pub heard: bool,
}

/// A value that a decision rests on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Evidence {
    /// Name in conditions (`company.employees`).
    pub field: Box<str>,
    /// As shown to people.
    pub value: String,
    /// The record that says so.
    pub record: Option<Id>,
}

/// The values that conditions are evaluated on, with where each comes from.
pub(super) struct Facts {
    pub(super) scope: Scope,
    pub(super) shown: BTreeMap<Box<str>, Vec<Evidence>>,
    /// What was said in mails, by field (`said.demo_requested`).
    pub(super) said: Vec<Evidence>,
    signals: BTreeMap<Box<str>, bool>,
    /// Conditions don't see all of the signals yet.
    unpublished: bool,
    /// What could not be worked out and should be known to people.
    pub notices: Vec<String>,
}

impl Facts {
    pub fn of(view: &SubjectView, dealings: &Dealings<'_>, policy: &FlowPolicy, now: Timestamp) -> Self {
        let mut facts = Self {
            scope: Scope::new(),
            shown: BTreeMap::new(),
            said: Vec::new(),
            signals: BTreeMap::new(),
            unpublished: false,
            notices: Vec::new(),
        };
        for root in ["deal", "lead"] {
            // The other kind of record: nothing has happened there.
            Known::new(&mut facts, root, view.record).milestones(&Fields::default()).done();
        }
        match view.subject {
            Subject::Deal(_) => facts.deal(view, dealings, policy, now),
            Subject::Lead(_) => facts.lead(view, now),
            Subject::Segment(_) => {}
        }
        facts.company(view);
        facts.contacts(view);
        facts.tasks(&view.tasks);
        facts.set_dealings(dealings, now);
        facts.scope.set("signal", Bag::default().value());
        facts
    }

    /// Evaluates a condition.
    pub fn holds(&self, condition: &Condition) -> Holds {
        condition.holds(&self.scope)
    }

    /// Notes a signal, with what it rests on; [`Facts::publish`] makes it known to conditions.
    pub fn set_signal(&mut self, id: &str, holds: bool, evidence: Vec<Evidence>) {
        self.signals.insert(id.into(), holds);
        self.shown.insert(format!("signal.{id}").into(), if holds { evidence } else { Vec::new() });
        self.unpublished = true;
    }

    /// Makes the signals noted so far known to conditions.
    pub fn publish(&mut self) {
        if !std::mem::take(&mut self.unpublished) {
            return;
        }
        let mut bag = Bag::default();
        for (id, holds) in &self.signals {
            bag.put(id, Some(*holds));
        }
        self.scope.set("signal", bag.value());
    }

    /// A signal holds.
    pub fn is_signal(&self, id: &str) -> bool {
        self.signals.get(id).copied().unwrap_or_default()
    }

    /// The known values that a condition reads; signals are replaced by what they rest on.
    pub fn evidence(&self, condition: &Condition) -> Vec<Evidence> {
        let read = condition.reads().filter_map(|field| self.shown.get(field)).flatten().cloned();
        read.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn deal(&mut self, view: &SubjectView, dealings: &Dealings<'_>, policy: &FlowPolicy, now: Timestamp) {
        let (fields, record) = (&view.fields, view.record);
        let mut bag = Known::new(self, "deal", record);
        bag.texts(
            fields,
            &[("name", Field::Name), ("segment", Field::Segment), ("competitor", Field::Competitor)],
        );
        for (name, field) in [
            ("budget", Field::Budget),
            ("authority", Field::Authority),
            ("need", Field::Need),
            ("timeline", Field::Timeline),
        ] {
            bag.put(name, lower(fields, field));
        }
        bag.put("stage", fields.stage().map(model::Stage::name));
        bag.put("outcome", Some(fields.outcome().name()));
        bag.put("close_in_days", fields.time(Field::CloseDate).map(|close| days(now, close)));
        bag.put("days_in_stage", view.stage_since.map(|since| days(since, now)));
        bag.put("close_date_moves", Some(close_date_moves(&view.history)));
        bag.put("stakeholders", i64::try_from(dealings.people.len()).ok());
        let amount = fields.money(Field::Amount);
        let converted = amount.map(|amount| in_currency(amount, policy));
        if let Some(Ok(amount)) = &converted {
            let shown = amount.to_string();
            bag.put_shown("amount", amount.decimal().parse::<f64>().ok(), shown);
        }
        bag.milestones(fields).done();
        if let Some(Err(missing)) = converted {
            self.notices.push(format!("no rate for {missing}: conditions on the amount don't hold"));
        }
    }

    fn lead(&mut self, view: &SubjectView, now: Timestamp) {
        let fields = &view.fields;
        let mut bag = Known::new(self, "lead", view.record);
        bag.texts(
            fields,
            &[
                ("name", Field::Name),
                ("email", Field::Email),
                ("job_title", Field::JobTitle),
                ("segment", Field::Segment),
            ],
        );
        bag.put("status", lower(fields, Field::LeadStatus));
        bag.put("lifecycle", lower(fields, Field::Lifecycle));
        bag.put("days_in_stage", view.stage_since.map(|since| days(since, now)));
        bag.milestones(fields).done();
    }

    fn company(&mut self, view: &SubjectView) {
        let Some((record, fields)) = &view.company else { return };
        let mut bag = Known::new(self, "company", *record);
        bag.texts(
            fields,
            &[
                ("name", Field::Name),
                ("domain", Field::Domain),
                ("industry", Field::Industry),
                ("city", Field::City),
                ("country", Field::Country),
                ("segment", Field::Segment),
            ],
        );
        bag.put("employees", fields.int(Field::Employees));
        bag.done();
    }

    fn contacts(&mut self, view: &SubjectView) {
        let mut list = Vec::new();
        for (record, fields) in &view.contacts {
            let mut bag = Bag::default();
            for (name, field) in
                [("name", Field::Name), ("email", Field::Email), ("job_title", Field::JobTitle)]
            {
                let text = fields.text(field);
                bag.put(name, text);
                if let Some(text) = text {
                    self.show(format!("contacts.{name}"), text.to_owned(), Some(*record));
                }
            }
            self.show("contacts".into(), fields.text(Field::Name).unwrap_or("one").into(), Some(*record));
            list.push(bag.value());
        }
        self.scope.set("contacts", Cel::from(list));
    }

    fn tasks(&mut self, tasks: &[TaskBrief]) {
        let is_done = |task: &&TaskBrief| task.state == TaskState::Done || task.done_at_source.is_some();
        let done: BTreeSet<&str> = tasks.iter().filter(is_done).map(|task| &*task.action).collect();
        let open: BTreeSet<&str> = tasks
            .iter()
            .filter(|task| task.state.is_open() && !is_done(task))
            .map(|task| &*task.action)
            .collect();
        let mut bag = Bag::default();
        for (name, actions) in [("done", done), ("open", open)] {
            if !actions.is_empty() {
                let shown = actions.iter().copied().collect::<Vec<_>>().join(", ");
                self.show(format!("tasks.{name}"), shown, None);
            }
            bag.put(name, Some(texts(actions.into_iter())));
        }
        self.scope.set("tasks", bag.value());
    }

    pub(super) fn show(&mut self, field: String, value: String, record: Option<Id>) {
        let field = field.into_boxed_str();
        self.shown.entry(field.clone()).or_default().push(Evidence { field, value, record });
    }
}

/// A record under construction: values for conditions, and the same for people.
struct Known<'f> {
    facts: &'f mut Facts,
    root: &'static str,
    record: Id,
    bag: Bag,
}

impl<'f> Known<'f> {
    fn new(facts: &'f mut Facts, root: &'static str, record: Id) -> Self {
        Self { facts, root, record, bag: Bag::default() }
    }
    fn texts(&mut self, fields: &Fields, table: &[(&str, Field)]) {
        for (name, field) in table {
            self.put(name, fields.text(*field));
        }
    }
    fn put<T: Into<Cel> + ToString>(&mut self, name: &str, value: Option<T>) {
        let shown = value.as_ref().map(ToString::to_string).unwrap_or_default();
        self.put_shown(name, value, shown);
    }
    fn put_shown(&mut self, name: &str, value: Option<impl Into<Cel>>, shown: String) {
        if value.is_some() {
            self.facts.show(format!("{}.{name}", self.root), shown, Some(self.record));
        }
        self.bag.put(name, value);
    }
    /// What the CRM says has happened; nothing where no property is mapped to it.
    fn milestones(mut self, fields: &Fields) -> Self {
        let text = fields.text(Field::Milestones).unwrap_or_default().to_lowercase();
        let list: Vec<_> = text.split(';').map(str::trim).filter(|name| !name.is_empty()).collect();
        if !list.is_empty() {
            self.facts.show(format!("{}.milestones", self.root), list.join(", "), Some(self.record));
        }
        self.bag.put("milestones", Some(texts(list.into_iter())));
        self
    }
    fn done(self) {
        self.facts.scope.set(self.root, self.bag.value());
    }
}

/// Text in lower case, or `yes` and `no`.
fn lower(fields: &Fields, field: Field) -> Option<String> {
    match fields.get(field)? {
        Value::Empty => None,
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        other => Some(other.to_string().trim().to_lowercase()),
    }
}

pub(super) const fn days(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_millis() - from.as_millis()).div_euclid(DAY_MILLIS)
}

/// How often the expected close was put off.
fn close_date_moves(history: &[Event]) -> i64 {
    let later = |event: &&Event| match &event.kind {
        EventKind::Changed { fields } => fields.iter().any(|(field, before, after)| match (before, after) {
            (Value::Time(before), Value::Time(after)) => *field == Field::CloseDate && after > before,
            _ => false,
        }),
        _ => false,
    };
    i64::try_from(history.iter().filter(later).count()).unwrap_or(i64::MAX)
}

/// An amount in the organisation's currency; the error is the currency that has no rate.
pub fn in_currency(amount: Money, policy: &FlowPolicy) -> Result<Money, Currency> {
    let Some(from) = amount.currency.filter(|from| *from != policy.currency) else {
        return Ok(Money { currency: Some(policy.currency), ..amount });
    };
    let rate = policy.rates.get(&from).ok_or(from)?;
    let power = |currency: Currency| 10_i128.pow(currency.exponent());
    let minor = i128::from(amount.minor) * i128::from(*rate) * power(policy.currency) / power(from) / MILLION;
    let minor = i64::try_from(minor).unwrap_or(i64::MAX);
    Ok(Money { minor, currency: Some(policy.currency) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_compare_in_the_currency_of_the_organisation() {
        let currency = |code: &str| code.parse::<Currency>().unwrap();
        let policy = FlowPolicy {
            currency: currency("USD"),
            rates: [(currency("JPY"), 6_500), (currency("EUR"), 1_100_000)].into(),
            heard: true,
        };
        let usd = |text: &str, code: &str| {
            in_currency(Money::parse(text, Some(currency(code))).unwrap(), &policy).map(|money| money.minor)
        };
        assert_eq!(usd("1000", "EUR"), Ok(110_000));
        assert_eq!(usd("1000000", "JPY"), Ok(650_000));
        assert_eq!(usd("50000.01", "USD"), Ok(5_000_001));
        assert_eq!(usd("1", "CHF"), Err(currency("CHF")));
        assert_eq!(in_currency(Money { minor: 7, currency: None }, &policy).unwrap().minor, 7);
    }
}
