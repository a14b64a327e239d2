//! Decisions as writes.

use super::*;
use model::{
    Intent,
    work::{Assignment, Candidate, Policy, Reach},
};

#[test]
fn an_agent_is_told_of_its_task_by_one_write() {
    let mut view =
        deal(Stage::Qualification, &[(Field::Amount, usd(20_000)), (Field::Owner, Value::Ref("77".into()))]);
    view.fields.set(Field::Name, text("Plat\nform"));
    view.contacts =
        vec![(id("ada"), fields(&[(Field::Name, text("Ada")), (Field::Email, text("ada@acme.com"))]))];
    let task = decide(&view, &book()).create.remove(0);
    let winner = Candidate {
        agent: "WAKE.LSHSALES".into(),
        capability: 1,
        performance: 2,
        free: 3,
        specialisation: 4,
    };
    let assignment = Assignment {
        offer_until: None,
        task: task.id,
        turn: 1,
        position: 0,
        winner: Some(winner),
        due: Some(NOW + Duration::from_hours(16)),
        runners_up: Vec::new(),
        excluded: Vec::new(),
        last_resort: false,
        policy: Policy::Score,
        named: false,
        seed: 1,
        config: "c".into(),
    };
    let nobody = |_: &ConnectionId, _: &str| None;
    let place = place(&view, &Reach::DealOwner, nobody).unwrap();
    let write = writes_for(&assignment, &task, &view, "Call the buyer.", &place, 0).remove(0);
    assert_eq!(write.target.to_string(), "hubspot/deal:42");
    let Intent::CreateTask { subject, body, due, owner, high, .. } = &write.intent else {
        panic!("{write:?}")
    };
    assert_eq!(subject, "[WAKE.LSHSALES] Discovery call: Acme – Plat form");
    assert_eq!(
        body,
        "To do: Call the buyer.\nAgent: WAKE.LSHSALES\nStage: qualification\nCompany: Acme\nDeal: Plat form\n\
         Amount: 20000.00 USD\nContacts: Ada <ada@acme.com>\nBecause: qualification since 2025-11-23T12:13:20.000Z"
    );
    assert_eq!((*due, owner.as_deref(), *high), (NOW + Duration::from_hours(16), Some("77"), true));
    // The same decision is the same write; a person's retry is another.
    let key = |generation| writes_for(&assignment, &task, &view, "", &place, generation)[0].key;
    assert_eq!(key(0), write.key);
    assert_ne!(key(1), write.key);
    let waiting = Assignment { winner: None, ..assignment };
    assert!(writes_for(&waiting, &task, &view, "", &place, 0).is_empty());
}

#[test]
fn the_owner_of_a_task_is_one_that_the_source_knows() {
    let mut view = deal(Stage::Qualification, &[(Field::Owner, Value::Ref("77".into()))]);
    let known = |connection: &ConnectionId, address: &str| {
        (connection.as_str() == "hubspot" && address == "ann@us.com").then(|| "9".into())
    };
    let owner = |view: &SubjectView, reach: &Reach| place(view, reach, known).unwrap().owner;
    assert_eq!(owner(&view, &Reach::DealOwner).as_deref(), Some("77"));
    assert_eq!(owner(&view, &Reach::CrmOwner("ann@us.com".into())).as_deref(), Some("9"));
    // With a second source nobody knows whose owner 77 is.
    view.references.push(ExternalRef::new(&ConnectionId::from("odoo"), Kind::Deal, "7"));
    assert_eq!(owner(&view, &Reach::DealOwner), None);
    view.references.clear();
    assert_eq!(place(&view, &Reach::DealOwner, known), None);
}

#[test]
fn a_stage_is_written_only_over_the_stage_that_was_seen() {
    let (view, _) = due().pop().unwrap();
    let transition = decide(&view, &book_with(AUTO)).transition.unwrap();
    let writes = stage_writes(&transition, &view, &view.references[0], "p/neg", "p/close", NOW);
    assert_eq!(writes[0].intent, Intent::ChangeStage { to: "p/close".into() });
    assert_eq!(writes[0].expects, [(Field::SourceStage, text("p/neg"))]);
    let Intent::CreateNote { body, .. } = &writes[1].intent else { panic!("{:?}", writes[1]) };
    assert_eq!(
        body,
        "Moved from negotiation to close because signal.verbal_commitment || signal.contract_executed \
         (deal.milestones = contract_executed)."
    );
    assert_ne!(writes[0].key, writes[1].key);
    assert_eq!(stage_writes(&transition, &view, &view.references[0], "p/neg", "p/close", NOW), writes);
}

#[test]
fn what_is_no_longer_needed_is_closed_in_the_crm() {
    let task = decide(&deal(Stage::Close, &[]), &book()).create.remove(0);
    let mut brief = brief(&task, TaskState::Assigned);
    assert_eq!(close_write(&brief, "the deal is lost"), None);
    brief.reference = Some(ExternalRef::new(&ConnectionId::from("hubspot"), Kind::Task, "5"));
    let write = close_write(&brief, "the deal is lost").unwrap();
    assert_eq!(write.intent, Intent::CompleteTask { task: task.id });
    assert_eq!(write.because, "EXECUTE_CONTRACT is no longer needed: the deal is lost");
    brief.done_at_source = Some(NOW);
    assert_eq!(close_write(&brief, "the deal is lost"), None);
}

#[test]
fn time_is_kept_free_before_a_task_is_due_and_moved_along_with_it() {
    let calendar = ExternalRef::new(&ConnectionId::from("office"), Kind::Meeting, "work/");
    let event = |due, generation| {
        event_write((id("task"), "Align next steps: Acme"), (due, 30), "Agree on it.", &calendar, generation)
    };
    let write = event(hours(8), 0);
    assert_eq!(write.target, calendar);
    let (start, end) = (hours(8) - Duration::from_mins(30), hours(8));
    let (subject, body) = ("Align next steps: Acme".to_owned(), "Agree on it.".to_owned());
    assert_eq!(write.intent, Intent::CreateEvent { subject, body, start, end });
    // Deciding twice makes one event, whenever it is due; another one is another generation.
    assert_eq!(write.key, event_key(id("task"), &calendar, 0));
    assert_eq!(event(hours(9), 0).key, write.key);
    assert_ne!(event(hours(8), 1).key, write.key);
    // It is moved only from where we put it; there and back again are two moves.
    let made = ExternalRef::new(&ConnectionId::from("office"), Kind::Meeting, "work/1.ics");
    let moved = |from, to, now| event_move(id("task"), (hours(from), hours(to)), 30, &made, now);
    let away = moved(8, 20, hours(1));
    assert_eq!(away.expects, [(Field::At, Value::Time(start))]);
    let half_past = hours(20) - Duration::from_mins(30);
    assert_eq!(away.intent, Intent::MoveEvent { start: half_past, end: hours(20) });
    assert_eq!(moved(8, 20, hours(1)).key, away.key);
    assert_ne!(moved(8, 20, hours(3)).key, away.key);
}
