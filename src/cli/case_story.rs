//! The story of one handoff or escalation: what raised it, on what evidence, who was told when, who answered, how it
//! ended, and what comes next.

use crate::{
    answer::Answer,
    app::App,
    figures::local,
    story,
    text::{clean, cut, put},
};
use engine::coordinate::CoordinationRules;
use jiff::tz::TimeZone;
use model::{
    Event, EventKind, Id, Timestamp,
    work::{
        EscalationCase, EscalationLevel, HandoffCase, HandoffTo, ORCHESTRATOR, Party, Subject, Task,
        message::{Body, EscalationStatus, HandoffStatus},
    },
};
use runtime::rules::Rules;
use serde_json::{Map, Value, json};
use store::{CaseFilter, Kept, MessageFilter, Store};

/// Events of the deal that are looked through.
const HISTORY: usize = 500;
const MESSAGES: usize = 100;
/// Longest piece of evidence shown.
const EVIDENCE: usize = 110;

/// One or the other.
pub enum Case {
    Handoff(Box<HandoffCase>),
    Escalation(Box<EscalationCase>),
}

/// The handoff or escalation of that id.
pub async fn find(store: &dyn Store, id: Id) -> anyhow::Result<Option<Case>> {
    let (by, filter) = (Party::Daemon, CaseFilter { id: Some(id), ..CaseFilter::default() });
    if let Some(case) = store.handoffs(&by, &filter, 1).await?.pop() {
        return Ok(Some(Case::Handoff(Box::new(case))));
    }
    let found = store.escalations(&by, &filter, 1).await?.pop();
    Ok(found.map(|case| Case::Escalation(Box::new(case))))
}

/// Everything about one.
pub async fn tell(app: &App, store: &dyn Store, rules: &Rules, case: &Case) -> anyhow::Result<Answer> {
    match case {
        Case::Handoff(case) => handoff(app, store, rules, case).await,
        Case::Escalation(case) => escalation(app, store, rules, case).await,
    }
}

async fn handoff(app: &App, store: &dyn Store, rules: &Rules, case: &HandoffCase) -> anyhow::Result<Answer> {
    let zone = rules.routing.zone();
    let paint = app.screen.paint;
    let title = format!("Handoff {} -> {}", clean(&case.from), clean(&case.to.to_string()));
    let mut text = format!("{} of {}\n  {}\n", paint.bold(&title), case.subject, case.id);
    let filter = MessageFilter { id: Some(case.message.clone()), ..MessageFilter::default() };
    let request = store.messages(&Party::Daemon, &filter, 0, 1).await?;
    let asked_by = request.first().map_or(&*case.from, |kept| &*kept.message.from);
    put!(text, "  asked for {}: {}\n", local(case.requested, zone), raised_handoff(case, asked_by));
    text += &evidence(&case.context);
    let is_ours =
        |kind: &EventKind| matches!(kind, EventKind::Handoff { handoff, .. } if *handoff == case.id);
    let events = events(store, record(Some(&case.subject)), case.id, is_ours).await?;
    let mut messages = conversation(store, &format!("handoff:{}", case.id)).await?;
    messages.extend(request);
    text += &told(&events, &messages, zone);
    let ended = match case.status {
        HandoffStatus::Completed => Some("completed"),
        HandoffStatus::Declined => Some("declined"),
        HandoffStatus::Requested | HandoffStatus::Confirmed | HandoffStatus::TimedOut => None,
    };
    if let Some(how) = ended {
        put!(text, "\nEnded: {how} {} by {}", local(case.changed, zone), clean(&case.by));
        put!(text, "{}\n", reason(case.reason.as_deref()));
    }
    let next = next_of_handoff(case, zone);
    put!(text, "\nNext: {next}\n");
    Ok(Answer::new(
        text,
        json!({ "handoff": case, "events": events, "messages": shown(&messages), "next": next }),
    ))
}

/// What began it.
fn raised_handoff(case: &HandoffCase, asked_by: &str) -> String {
    if &*case.message.to_string() == format!("handoff-{}", case.id).as_str() {
        format!("the signal {} held on work of {}", clean(&case.milestone), clean(&case.from))
    } else {
        let of = if asked_by == &*case.from {
            String::new()
        } else {
            format!(" of what {} has", clean(&case.from))
        };
        format!("{} said so{of}, with the milestone {}", clean(asked_by), clean(&case.milestone))
    }
}

fn next_of_handoff(case: &HandoffCase, zone: &TimeZone) -> String {
    let by_hand = format!("`handoff --confirm {0}` or `handoff --decline {0} --reason ...`", case.id);
    let (from, to) = (clean(&case.from), clean(&case.to.to_string()));
    match (case.status, case.due) {
        (HandoffStatus::Requested | HandoffStatus::TimedOut, _) if case.person_decides => {
            format!("the deal went to and fro too often: a person decides, {by_hand}")
        }
        (HandoffStatus::Requested, None) => {
            "the daemon tells the receiver and sets the time limit".to_owned()
        }
        (HandoffStatus::Requested, Some(due)) => format!(
            "{to} confirms by {}, else it is escalated; until then {from} is responsible ({by_hand})",
            local(due, zone)
        ),
        (HandoffStatus::TimedOut, _) => {
            format!("{from} stays responsible; it was escalated, and may still be confirmed: {by_hand}")
        }
        (HandoffStatus::Confirmed, _) => format!("the daemon moves the open work to {to} and tells the CRM"),
        (HandoffStatus::Declined, _) => format!("nothing; {from} is responsible"),
        (HandoffStatus::Completed, _) => match &case.to {
            HandoffTo::Agent(_) | HandoffTo::External(_) => format!("nothing; {to} is responsible"),
            HandoffTo::Overlay(agent) => format!("nothing; {agent} works on it beside {from}"),
            HandoffTo::AllAgents => format!("nothing; all agents were told, and {from} stays responsible"),
        },
    }
}

async fn escalation(
    app: &App,
    store: &dyn Store,
    rules: &Rules,
    case: &EscalationCase,
) -> anyhow::Result<Answer> {
    let zone = rules.routing.zone();
    let limits = &rules.config.roster.rules.coordination;
    let about =
        case.subject.as_ref().map_or_else(|| "the daemon's own affairs".to_owned(), ToString::to_string);
    let title = format!("Escalation {}", clean(&case.reason));
    let mut text = format!("{} on {about}\n  {}\n", app.screen.paint.bold(&title), case.id);
    put!(text, "  raised {}: {}\n", local(case.opened, zone), raised_escalation(case, limits));
    if !case.request.is_empty() {
        put!(text, "  asks for {}\n", clean(&case.request));
    }
    text += &evidence(&case.context);
    let is_ours =
        |kind: &EventKind| matches!(kind, EventKind::Escalation { escalation, .. } if *escalation == case.id);
    let subject = record(case.subject.as_ref()).or(case.task);
    let events = events(store, subject, case.id, is_ours).await?;
    let mut messages = conversation(store, &format!("escalation:{}", case.id)).await?;
    if let Some(id) = &case.message {
        let filter = MessageFilter { id: Some(id.clone()), ..MessageFilter::default() };
        messages.extend(store.messages(&Party::Daemon, &filter, 0, 1).await?);
    }
    text += &told(&events, &messages, zone);
    let task = match case.task {
        Some(id) => store.task(id).await?.map(|(task, _)| task),
        None => None,
    };
    if let Some(task) = &task {
        put!(text, "  its task {} is {}{}\n", task.action, task.state.name(), held(task, zone));
    }
    put!(text, "  people were told {}, up to the {}\n", times(case.told), case.level);
    if case.status == EscalationStatus::Resolved {
        put!(text, "\nEnded: resolved {} by {}", local(case.changed, zone), clean(&case.by));
        put!(text, "{}\n", reason(case.resolution.as_deref()));
    }
    let next = next_of_escalation(case, task.as_ref(), zone);
    put!(text, "\nNext: {next}\n");
    let json = json!({
        "escalation": case, "events": events, "messages": shown(&messages), "task": task, "next": next,
    });
    Ok(Answer::new(text, json))
}

fn raised_escalation(case: &EscalationCase, limits: &CoordinationRules) -> String {
    let rule = limits.by_reason(&case.reason).map(|rule| format!("rule `{}`", clean(&rule.on)));
    match (&*case.from == ORCHESTRATOR, rule) {
        (true, Some(rule)) => format!("the daemon, by {rule}"),
        (true, None) => "the daemon".to_owned(),
        (false, Some(rule)) => format!("{}; it goes the way of {rule}", clean(&case.from)),
        (false, None) => clean(&case.from),
    }
}

fn next_of_escalation(case: &EscalationCase, task: Option<&Task>, zone: &TimeZone) -> String {
    let by_hand = format!("`escalate --acknowledge {0}`, `escalate --resolve {0} --how ...`", case.id);
    let due = case.due.map(|due| local(due, zone)).unwrap_or_default();
    let agent = case.to.as_ref().filter(|_| case.told == 0);
    match (case.status, agent) {
        (EscalationStatus::Resolved, _) => "nothing".to_owned(),
        (EscalationStatus::Open, _) if case.due.is_none() => "the daemon finds who steps in".to_owned(),
        (EscalationStatus::Open, Some(agent)) => {
            format!("{agent} takes it up, else the {} is told at {due} ({by_hand})", case.level)
        }
        (EscalationStatus::Open, None) => match case.level.next() {
            Some(next) => {
                format!("the {} takes it up, else the {next} is told at {due} ({by_hand})", case.level)
            }
            None => format!("the {} is told again at {due} ({by_hand})", EscalationLevel::Head),
        },
        (EscalationStatus::Acknowledged, _) => {
            let ends = task.filter(|task| task.state.is_open());
            let ends = ends.map(|task| format!(", or when {} is done", task.action)).unwrap_or_default();
            format!("{} settles it{ends}; they are reminded at {due} ({by_hand})", clean(&case.by))
        }
    }
}

fn held(task: &Task, zone: &TimeZone) -> String {
    let holder = task.holder.as_ref().map(|holder| format!(", with {holder}")).unwrap_or_default();
    let due = task.due.map(|due| format!(", due {}", local(due, zone))).unwrap_or_default();
    holder + &due
}

fn times(count: u32) -> String {
    match count {
        0 => "not at all so far".to_owned(),
        1 => "once".to_owned(),
        many => format!("{many} times"),
    }
}

fn reason(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).map(|text| format!(": {}", clean(text))).unwrap_or_default()
}

/// What is known of it, a line each.
fn evidence(context: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (name, value) in context {
        let words = match value {
            Value::Null => continue,
            Value::String(words) => words.clone(),
            Value::Array(list) if list.is_empty() => continue,
            Value::Object(map) if map.is_empty() => continue,
            other => other.to_string(),
        };
        put!(text, "  {:12} {}\n", clean(name), cut(&clean(&words), EVIDENCE));
    }
    if text.is_empty() { text } else { format!("\nEvidence\n{text}") }
}

fn record(subject: Option<&Subject>) -> Option<Id> {
    match subject? {
        Subject::Deal(id) | Subject::Lead(id) => Some(*id),
        Subject::Segment(_) => None,
    }
}

/// What happened to it, oldest first: its own steps and what names it.
async fn events(
    store: &dyn Store,
    of: Option<Id>,
    case: Id,
    ours: impl Fn(&EventKind) -> bool,
) -> anyhow::Result<Vec<Event>> {
    let Some(of) = of else { return Ok(Vec::new()) };
    let name = case.to_string();
    let names = |kind: &EventKind| matches!(kind, EventKind::Noticed { what } if what.contains(&name));
    let history = store.history(of, HISTORY).await?.into_iter().map(|(_, event)| event);
    let mut found: Vec<Event> = history.filter(|event| ours(&event.kind) || names(&event.kind)).collect();
    found.reverse();
    Ok(found)
}

async fn conversation(store: &dyn Store, name: &str) -> anyhow::Result<Vec<Kept>> {
    let filter = MessageFilter { conversation: Some(name.into()), ..MessageFilter::default() };
    Ok(store.messages(&Party::Daemon, &filter, 0, MESSAGES).await?)
}

/// Steps and messages as one story, in order of time.
fn told(events: &[Event], messages: &[Kept], zone: &TimeZone) -> String {
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    for event in events {
        lines.push((event.at, format!("{} ({})", story::event(&event.kind), clean(&event.source))));
    }
    for kept in messages {
        let status = match &kept.message.body {
            Body::Handoff(body) => body.status.to_string(),
            Body::Escalation(body) => body.status.to_string(),
            Body::Task(_) | Body::Status(_) => continue,
        };
        let push = kept.push.as_ref().map(|push| format!(", delivery {push}")).unwrap_or_default();
        let (from, to) = (clean(&kept.message.from), clean(&kept.message.to));
        let what = format!("{from} to {to}: {} {status}{push}", kept.message.body.kind());
        lines.push((kept.received, what));
    }
    lines.sort();
    let mut text = String::from("\nWhat happened\n");
    for (at, line) in lines {
        put!(text, "  {}  {line}\n", local(at, zone));
    }
    text
}

fn shown(messages: &[Kept]) -> Vec<Value> {
    let one = |kept: &Kept| json!({ "received": kept.received, "message": kept.message, "push": kept.push });
    messages.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::work::HandoffTo;

    fn utc() -> TimeZone {
        TimeZone::UTC
    }

    fn escalation(status: EscalationStatus, told: u32, level: EscalationLevel) -> EscalationCase {
        EscalationCase {
            id: Id::derived(&["e"]),
            subject: None,
            task: None,
            from: ORCHESTRATOR.into(),
            to: None,
            reason: "SLA_BREACH".into(),
            request: "FINISH_OR_REASSIGN".to_owned(),
            context: Map::new(),
            level,
            status,
            opened: Timestamp::from_millis(0),
            due: Some(Timestamp::from_millis(3_600_000)),
            told,
            changed: Timestamp::from_millis(0),
            by: "anna".into(),
            resolution: None,
            message: None,
        }
    }

    #[test]
    fn what_comes_next_of_an_escalation_follows_from_its_level_and_who_is_on_it() {
        let next = |case: &EscalationCase| next_of_escalation(case, None, &utc());
        let open = escalation(EscalationStatus::Open, 1, EscalationLevel::Owner);
        assert!(
            next(&open).starts_with("the owner takes it up, else the manager is told at 1970-01-01 01:00:00")
        );
        let agent = EscalationCase { to: Some("WAKE.ENTERPRISE".into()), told: 0, ..open.clone() };
        assert!(next(&agent).starts_with("WAKE.ENTERPRISE takes it up, else the owner is told"));
        let head = EscalationCase { level: EscalationLevel::Head, ..open.clone() };
        assert!(next(&head).starts_with("the head is told again"));
        let taken = EscalationCase { status: EscalationStatus::Acknowledged, ..open.clone() };
        assert!(next(&taken).starts_with("anna settles it; they are reminded"));
        assert_eq!(next(&EscalationCase { due: None, ..open.clone() }), "the daemon finds who steps in");
        assert_eq!(next(&EscalationCase { status: EscalationStatus::Resolved, ..open }), "nothing");
    }

    #[test]
    fn what_comes_next_of_a_handoff_follows_from_its_status() {
        let case = |status, due: Option<i64>, person_decides| HandoffCase {
            id: Id::derived(&["h"]),
            subject: Subject::Deal(Id::derived(&["d"])),
            from: "WAKE.SDRFORGE".into(),
            to: HandoffTo::Agent("WAKE.LSHSALES".into()),
            milestone: "qualified_lead".into(),
            context: Map::new(),
            status,
            requested: Timestamp::from_millis(0),
            due: due.map(Timestamp::from_millis),
            changed: Timestamp::from_millis(0),
            by: "engine".into(),
            reason: None,
            message: "m".into(),
            person_decides,
        };
        let next = |status, due, person| next_of_handoff(&case(status, due, person), &utc());
        assert!(next(HandoffStatus::Requested, None, false).starts_with("the daemon tells the receiver"));
        let waits = next(HandoffStatus::Requested, Some(0), false);
        assert!(
            waits.starts_with("WAKE.LSHSALES confirms by 1970-01-01 00:00:00 UTC, else it is escalated"),
            "{waits}"
        );
        assert!(next(HandoffStatus::Requested, Some(0), true).contains("a person decides"));
        assert!(next(HandoffStatus::TimedOut, Some(0), false).starts_with("WAKE.SDRFORGE stays responsible"));
        assert_eq!(next(HandoffStatus::Completed, None, false), "nothing; WAKE.LSHSALES is responsible");
        assert_eq!(next(HandoffStatus::Declined, None, false), "nothing; WAKE.SDRFORGE is responsible");
    }

    #[test]
    fn evidence_is_shown_a_line_each_and_what_says_nothing_is_left_out() {
        let context = json!({ "deal_size": 150_000, "empty": [], "none": null, "note": "a\u{1b}[2J" });
        let text = evidence(context.as_object().unwrap());
        assert_eq!(text, "\nEvidence\n  deal_size    150000\n  note         a\\u{1b}[2J\n");
    }
}
