//! What stands around an event: the deal or lead, the task, the write, and who they belong to.

use crate::rules::Rules;
use engine::notify::{About, Person};
use model::{
    Event, EventKind, Field, Id,
    work::{Reach, Subject},
};
use store::{Error, Store, WriteFilter};

/// Reads what is needed to tell of an event.
pub(super) async fn about(store: &dyn Store, rules: &Rules, event: &Event) -> Result<About, Error> {
    let mut about = About::default();
    let mut record = event.subject;
    if let EventKind::WriteSettled { key, .. } = &event.kind {
        let filter = WriteFilter { key: Some(*key), ..WriteFilter::default() };
        if let Some(row) = store.writes(&filter, 1).await?.pop() {
            record = store.find_ref(&row.write.target).await?;
            about.write = Some((row.row, row.write, row.note));
        }
    }
    if let Some(id) = event.subject.filter(|_| may_be_task(&event.kind))
        && let Some((task, _)) = store.task(id).await?
    {
        record = match &task.subject {
            Subject::Deal(id) | Subject::Lead(id) => Some(*id),
            Subject::Segment(_) => None,
        };
        about.task = Some(task);
    }
    if let Some(id) = record {
        about.view = store.subjects(&[id]).await?.pop();
        about.owner = owner(store, rules, id).await?;
    }
    about.agent = agent(rules, event, &about);
    Ok(about)
}

/// Is the subject of such an event perhaps a task of ours?
const fn may_be_task(kind: &EventKind) -> bool {
    match kind {
        EventKind::TaskCreated { .. }
        | EventKind::TaskAssigned { .. }
        | EventKind::TaskOffered { .. }
        | EventKind::TaskReturned { .. }
        | EventKind::TaskReported { .. }
        | EventKind::TaskEnded { .. }
        | EventKind::WriteSettled { .. } => true,
        EventKind::FirstSeen
        | EventKind::Changed { .. }
        | EventKind::Relinked { .. }
        | EventKind::Joined { .. }
        | EventKind::Gone { .. }
        | EventKind::Returned
        | EventKind::StageEntered { .. }
        | EventKind::OutcomeChanged { .. }
        | EventKind::TransitionSuggested { .. }
        | EventKind::ActivityLinked { .. }
        | EventKind::Handoff { .. }
        | EventKind::Escalation { .. }
        | EventKind::Triggered { .. }
        | EventKind::Bounced { .. }
        | EventKind::Noticed { .. } => false,
    }
}

/// The owner by the first source that names one whose address is known: an id means nothing to another vendor.
async fn owner(store: &dyn Store, rules: &Rules, record: Id) -> Result<Option<Person>, Error> {
    let Some(record) = store.record(record).await? else { return Ok(None) };
    let mut sources = record.sources.iter();
    let address = sources
        .find_map(|source| rules.address(&source.reference.connection, source.fields.text(Field::Owner)?));
    Ok(address.map(|address| Person::new(address, None)))
}

/// The agent that has the task, where its address is known.
fn agent(rules: &Rules, event: &Event, about: &About) -> Option<Person> {
    let holder = || about.task.as_ref()?.holder.as_ref();
    let name = match &event.kind {
        EventKind::TaskOffered { agent, .. } | EventKind::TaskAssigned { agent } => agent,
        _ => holder()?,
    };
    let spec = rules.config.roster.agents.iter().find(|agent| agent.id == *name)?;
    let zone = spec.hours.zone.as_deref();
    match &spec.reach {
        Reach::CrmOwner(address) | Reach::Email(address) => Some(Person::new(address, zone)),
        Reach::DealOwner => about.owner.as_ref().map(|owner| owner.in_zone(zone)),
        Reach::Inbox | Reach::Webhook { .. } | Reach::Command { .. } => None,
    }
}
