//! Handoffs: when one begins, who has until when to confirm, and what follows.

use super::{package, rules::CoordinationRules};
use crate::{
    assign::{Calendar, Roster},
    flow::{Signal, StageBook},
};
use model::{
    AgentId, Field, Id, Intent, MessageId, Timestamp, Value, Write, WriteKey,
    work::{
        AgentSpec, Body, Handoff, HandoffCase, HandoffTo, Message, ORCHESTRATOR, Reach, Responsibility,
        SubjectView, Task,
        message::{HandoffBody, HandoffStatus, Lead},
    },
};
use std::time::Duration;

/// Handoffs that the configuration asks for now: an agent that works on the subject, or did, hands it over on
/// the signal that its `handoff` names. Each happens once, by its id.
pub fn handoffs(
    view: &SubjectView,
    signals: &[Signal],
    roster: &Roster,
    book: &StageBook,
    now: Timestamp,
) -> Vec<HandoffCase> {
    // Wording alone never takes a deal from anybody.
    let holds = |name: &str| signals.iter().any(|signal| *signal.id == *name && !signal.phrase);
    let mut begun = Vec::new();
    for agent in &roster.agents {
        let (to, when) = match &agent.handoff {
            Handoff::Agent { to, when, .. } => (HandoffTo::Agent(to.clone()), when),
            Handoff::External { name, when } => (HandoffTo::External(name.clone()), when),
            Handoff::None | Handoff::AllAgents | Handoff::Overlay => continue,
        };
        if !holds(when) || !has_worked(view, agent, book) {
            continue;
        }
        let id =
            Id::derived(&["handoff", &view.subject.to_string(), agent.id.as_str(), &to.to_string(), when]);
        begun.push(HandoffCase {
            id,
            subject: view.subject.clone(),
            from: agent.id.as_str().into(),
            to,
            milestone: when.clone(),
            context: package(view, signals, now),
            status: HandoffStatus::Requested,
            requested: now,
            due: None,
            changed: now,
            by: "engine".into(),
            reason: None,
            message: MessageId::new(format!("handoff-{id}")),
            person_decides: false,
        });
    }
    begun
}

/// Did this agent have main work of a stage on the subject?
fn has_worked(view: &SubjectView, agent: &AgentSpec, book: &StageBook) -> bool {
    let main = |action: &str| {
        let mut all = book.stages.iter().flat_map(|spec| &spec.actions);
        all.any(|spec| &*spec.id == action && spec.responsibility == Responsibility::Primary)
    };
    view.tasks.iter().any(|task| task.holder.as_ref() == Some(&agent.id) && main(&task.action))
}

/// A handoff with the time until which it must be confirmed, by the receiver's working hours.
pub fn routed(
    case: &HandoffCase,
    rules: &CoordinationRules,
    calendar: &Calendar,
    package: serde_json::Map<String, serde_json::Value>,
    now: Timestamp,
) -> HandoffCase {
    let mut context = case.context.clone();
    for (name, value) in package {
        context.entry(name).or_insert(value);
    }
    let due = calendar.due_in(now, Duration::from_hours(rules.handoff_hours.into()));
    HandoffCase { due: Some(due), context, ..case.clone() }
}

/// Receivers that are reached through the CRM confirm by being told there, as they accept tasks.
pub fn confirm_by_crm(case: &HandoffCase, now: Timestamp) -> HandoffCase {
    HandoffCase {
        status: HandoffStatus::Confirmed,
        changed: now,
        by: case.to.to_string().into(),
        reason: Some("told through the CRM".into()),
        ..case.clone()
    }
}

/// Nobody answered: the giver stays responsible.
pub fn timed_out(case: &HandoffCase, now: Timestamp) -> HandoffCase {
    HandoffCase { status: HandoffStatus::TimedOut, changed: now, by: "engine".into(), ..case.clone() }
}

/// What a confirmed handoff brings about.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// Tasks that go to the receiver.
    pub moves: Vec<(Id, AgentId)>,
    /// Tasks of the giver that nobody needs any more.
    pub drops: Vec<(Id, Box<str>)>,
}

/// What becomes of the giver's open main work: the receiver takes what it is able to do, the rest is over. An
/// overlay and a broadcast take nothing.
pub fn complete(case: &HandoffCase, giver_tasks: &[Task], roster: &Roster) -> Completion {
    let mut done = Completion::default();
    let receiver = match &case.to {
        HandoffTo::Agent(agent) => roster.find(agent.as_str()),
        HandoffTo::External(_) => None,
        HandoffTo::Overlay(_) | HandoffTo::AllAgents => return done,
    };
    let main = |task: &&Task| {
        task.responsibility == Responsibility::Primary
            && task.state.is_held()
            && task.holder.as_ref().is_some_and(|holder| holder.as_str() == &*case.from)
    };
    for task in giver_tasks.iter().filter(main) {
        match receiver.filter(|to| to.capabilities.contains_key(&task.need.capability)) {
            Some(to) => done.moves.push((task.id, to.id.clone())),
            None => done.drops.push((task.id, format!("handed off to {}", case.to).into())),
        }
    }
    done
}

/// The message by which a receiver or a giver that reads messages learns where a handoff stands.
pub fn handoff_message(
    case: &HandoffCase,
    to: &AgentId,
    view: Option<&SubjectView>,
    now: Timestamp,
) -> Message {
    let name = |fields: &model::Fields| fields.text(Field::Name).unwrap_or_default().to_owned();
    let lead = Lead {
        id: case.subject.to_string().into(),
        company: view.and_then(|view| view.company.as_ref()).map(|(_, of)| name(of)).unwrap_or_default(),
        contact: view.and_then(|view| view.contacts.first()).map(|(_, of)| name(of)).unwrap_or_default(),
        stage: case.milestone.to_string(),
        context: case.context.clone(),
    };
    let request = case.status == HandoffStatus::Requested;
    Message {
        id: MessageId::new(format!("handoff-{}-{}-{to}", case.id, case.status)),
        sent_at: now,
        conversation: format!("handoff:{}", case.id).into(),
        in_reply_to: None,
        from: if request { case.from.clone() } else { ORCHESTRATOR.into() },
        to: to.as_str().into(),
        body: Body::Handoff(HandoffBody {
            handoff_id: Some(case.id.to_string().into()),
            status: case.status,
            lead: request.then_some(lead),
            reason: case.reason.clone(),
        }),
    }
}

/// What is written at the source: a note with the package, and the new owner where that is configured and both
/// agents stand for owners there. `owner` finds the vendor's id of a CRM user's address.
pub fn handoff_writes(
    case: &HandoffCase,
    view: &SubjectView,
    roster: &Roster,
    owner: impl Fn(&model::ConnectionId, &str) -> Option<Box<str>>,
) -> Vec<Write> {
    let Some(target) = view.references.first() else { return Vec::new() };
    let because = format!("{} goes from {} to {} ({})", case.subject, case.from, case.to, case.milestone);
    let name = case.id.to_string();
    let write = |intent: Intent, expects| {
        let key = WriteKey::new(&target.connection, intent.kind(), target, &name, "handoff", 0);
        Write { key, target: target.clone(), intent, expects, because: because.clone() }
    };
    let note = Intent::CreateNote { body: note(case), at: case.requested };
    let mut writes = vec![write(note, Vec::new())];
    let giver = roster.find(&case.from);
    let wanted =
        giver.is_some_and(|agent| matches!(&agent.handoff, Handoff::Agent { change_owner: true, .. }));
    let address = |agent: Option<&AgentSpec>| match &agent?.reach {
        Reach::CrmOwner(address) => owner(&target.connection, address),
        _ => None,
    };
    let receiver = case.to.agent().filter(|_| matches!(case.to, HandoffTo::Agent(_)));
    let both = address(giver).zip(receiver.and_then(|to| address(roster.find(to.as_str()))));
    if let Some((from, to)) = both.filter(|(from, to)| wanted && from != to) {
        writes.push(write(Intent::ChangeOwner { to }, vec![(Field::Owner, Value::Ref(from))]));
    }
    writes
}

/// The package in words, for people who read it in their CRM.
fn note(case: &HandoffCase) -> String {
    let mut lines = vec![format!("Handoff: {} -> {} ({})", case.from, case.to, case.milestone)];
    let mut line = |label: &str, value: Option<String>| {
        lines.extend(value.filter(|text| !text.is_empty()).map(|text| format!("{label}: {text}")));
    };
    let part = |name: &str| case.context.get(name);
    let of = |part: Option<&serde_json::Value>, name: &str| {
        part.and_then(|part| part.get(name)).and_then(|value| value.as_str()).map(str::to_owned)
    };
    line("Amount", of(part("summary"), "amount"));
    line("Stage", of(part("summary"), "stage"));
    let list = |value: Option<&serde_json::Value>, name: &str| {
        let items = value?.as_array()?.iter().filter_map(|one| one.get(name)?.as_str());
        Some(items.collect::<Vec<_>>().join(", "))
    };
    line("Open tasks", list(part("open_tasks"), "action"));
    let people = part("untrusted").and_then(|part| part.get("stakeholders"));
    line("Stakeholders", list(people, "name"));
    let bant = part("bant").and_then(|part| part.as_object()).map(|bant| {
        let mark = |(name, yes): (&String, &serde_json::Value)| {
            format!("{name} {}", if yes.as_bool() == Some(true) { "confirmed" } else { "open" })
        };
        bant.iter().map(mark).collect::<Vec<_>>().join(", ")
    });
    line("BANT", bant);
    line("Next meeting", part("next_meeting").and_then(|at| at.as_str()).map(str::to_owned));
    lines.join("\n")
}
