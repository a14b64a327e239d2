use super::*;
use crate::config;
use model::{
    ConnectionId, Currency, Event, EventKind, ExternalRef, Field, Fields, GoneHow, Id, Kind, Money, Stage,
    Timestamp, Value,
    stage::Outcome,
    work::{ActivityBrief, Direction, Responsibility, Subject, SubjectView, Task, TaskBrief, TaskState},
};
use std::time::Duration;

mod activities;
mod properties;
pub(crate) mod shipped;
mod writes;

const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);
const ENTERED: Timestamp = Timestamp::from_millis(1_763_900_000_000);

fn book() -> StageBook {
    config::load(None, None).unwrap().book
}

/// The shipped stages with a user's file over them.
fn book_with(stages: &str) -> StageBook {
    let source = config::Source { name: "stages.toml", text: stages };
    config::load(None, Some(source)).unwrap_or_else(|problems| panic!("{problems:#?}")).book
}

fn policy() -> FlowPolicy {
    FlowPolicy { currency: "USD".parse().unwrap(), rates: std::collections::BTreeMap::new(), heard: true }
}

fn id(name: &str) -> Id {
    Id::derived(&[name])
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn usd(major: i64) -> Value {
    Value::Money(Money { minor: major * 100, currency: "USD".parse::<Currency>().ok() })
}

fn fields(list: &[(Field, Value)]) -> Fields {
    list.iter().cloned().collect()
}

/// A deal of Acme in a stage, with further fields.
fn deal(stage: Stage, more: &[(Field, Value)]) -> SubjectView {
    let mut own = fields(&[(Field::Name, text("Platform")), (Field::Stage, Value::Stage(stage))]);
    for (field, value) in more {
        own.set(*field, value.clone());
    }
    SubjectView {
        subject: Subject::Deal(id("deal")),
        record: id("deal"),
        fields: own,
        references: vec![ExternalRef::new(&ConnectionId::from("hubspot"), Kind::Deal, "42")],
        stage_since: Some(ENTERED),
        gone: None,
        company: Some((
            id("company"),
            fields(&[(Field::Name, text("Acme")), (Field::Employees, Value::Int(40))]),
        )),
        contacts: Vec::new(),
        has_deal: false,
        tasks: Vec::new(),
        history: Vec::new(),
        activities: Vec::new(),
    }
}

fn lead(status: &str) -> SubjectView {
    SubjectView {
        subject: Subject::Lead(id("lead")),
        record: id("lead"),
        fields: fields(&[(Field::Name, text("Ada")), (Field::LeadStatus, Value::text(Some(status)))]),
        ..deal(Stage::LeadGeneration, &[])
    }
}

/// An instant so many hours from now.
fn hours(from_now: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + from_now * 3_600_000)
}

/// A mail or meeting; ids are in the order of their numbers.
fn activity(kind: Kind, number: u128, direction: Direction, own: &[(Field, Value)]) -> ActivityBrief {
    ActivityBrief {
        record: Id::v7(1_763_000_000_000 + i64::try_from(number).unwrap(), number),
        kind,
        fields: fields(own),
        direction,
        with: vec![id("ada")],
        ambiguous: false,
        gone: None,
        references: Vec::new(),
    }
}

fn mail(number: u128, at: Timestamp, direction: Direction, own: &[(Field, Value)]) -> ActivityBrief {
    let mut own = own.to_vec();
    own.push((Field::At, Value::Time(at)));
    own.push((Field::Name, text("Re: Platform")));
    activity(Kind::Email, number, direction, &own)
}

/// An ordinary mail of theirs in which these phrases were found (`signal=phrase`).
fn reply(number: u128, at: Timestamp, phrases: &[&str]) -> ActivityBrief {
    mail(number, at, Direction::Inbound, &[(Field::Phrases, Value::list(phrases.iter().copied()))])
}

fn sent(number: u128, at: Timestamp) -> ActivityBrief {
    mail(number, at, Direction::Outbound, &[])
}

/// A meeting of an hour.
fn meeting(number: u128, start: Timestamp, own: &[(Field, Value)]) -> ActivityBrief {
    let mut all = vec![
        (Field::At, Value::Time(start)),
        (Field::EndAt, Value::Time(start + Duration::from_hours(1))),
        (Field::Name, text("Call with Acme")),
    ];
    all.extend(own.iter().cloned());
    activity(Kind::Meeting, number, Direction::Outbound, &all)
}

fn with(view: SubjectView, activities: Vec<ActivityBrief>) -> SubjectView {
    SubjectView { activities, ..view }
}

fn decide(view: &SubjectView, book: &StageBook) -> Progress {
    progress(view, book, &policy(), NOW)
}

fn actions(decided: &Progress) -> Vec<&str> {
    decided.create.iter().map(|task| &*task.action).collect()
}

fn brief(task: &Task, state: TaskState) -> TaskBrief {
    let (id, action, due) = (task.id, task.action.clone(), task.due);
    TaskBrief {
        id,
        action,
        state,
        due,
        holder: None,
        reference: None,
        done_at_source: None,
        asked_for: false,
    }
}

/// The view after the decision was committed.
fn after(mut view: SubjectView, decided: &Progress) -> SubjectView {
    for task in &mut view.tasks {
        if let Some((_, why)) = decided.cancel.iter().find(|(id, _)| *id == task.id) {
            task.state = TaskState::Cancelled { why: why.clone() };
        }
        if decided.done.iter().any(|(id, _)| *id == task.id) {
            task.state = TaskState::Done;
        }
        task.due =
            decided.retime.iter().find(|(id, _)| *id == task.id).map_or(task.due, |(_, due)| Some(*due));
    }
    view.tasks.extend(decided.create.iter().map(|task| brief(task, TaskState::Queued)));
    view.history.splice(
        0..0,
        decided.events.iter().rev().filter(|event| event.subject == Some(view.record)).cloned(),
    );
    view
}

fn done(mut view: SubjectView, action: &str) -> SubjectView {
    for task in view.tasks.iter_mut().filter(|task| &*task.action == action) {
        task.state = TaskState::Done;
    }
    view
}

#[test]
fn entering_each_stage_makes_all_of_its_tasks_once() {
    let book = book();
    for (stage, expected) in [
        (Stage::Awareness, &[][..]),
        (Stage::LeadGeneration, &["EXECUTE_OUTREACH", "BUILD_SEQUENCE", "CRAFT_EMAILS", "TARGETING"]),
        (
            Stage::Qualification,
            &["DISCOVERY_CALL", "ASSESS_NEED", "QUALIFY_BUDGET", "DETERMINE_TIMELINE", "BUYER_BRIEF"],
        ),
        (
            Stage::Demonstration,
            &[
                "DELIVER_DEMO",
                "MAP_USE_CASES",
                "ARTICULATE_VALUE",
                "PREPARE_PRICING",
                "DIFFERENTIATION_BRIEF",
            ],
        ),
        (
            Stage::Proposal,
            &[
                "FINALIZE_SCOPE",
                "DETERMINE_PRICING",
                "CREATE_PROPOSAL",
                "DELIVER_PROPOSAL",
                "PRICING_STRATEGY",
                "APPROVAL_WORKFLOW",
            ],
        ),
        (
            Stage::Negotiation,
            &["HANDLE_OBJECTIONS", "NEGOTIATE_TERMS", "ALIGN_STAKEHOLDERS", "FINALIZE_CONTRACT"],
        ),
        (
            Stage::Close,
            &[
                "EXECUTE_CONTRACT",
                "PROCESS_PAYMENT",
                "HAND_OFF_TO_DELIVERY",
                "DOCUMENT_WIN",
                "DOCUMENT_DEAL",
                "UPSELL_PLAN",
            ],
        ),
    ] {
        let view = deal(stage, &[]);
        let decided = decide(&view, &book);
        assert_eq!(actions(&decided), expected, "{stage}");
        // Deciding twice makes the same tasks; once they are there, none more.
        assert_eq!(decide(&view, &book).create, decided.create);
        let again = decide(&after(view.clone(), &decided), &book);
        assert_eq!((again.create.len(), again.cancel.len(), again.events.len()), (0, 0, 0), "{stage}");
        // Entering it another time makes them anew.
        let anew = SubjectView { stage_since: Some(NOW), ..after(view, &decided) };
        assert_eq!(actions(&decide(&anew, &book)), expected, "{stage}");
    }
}

#[test]
fn a_task_says_who_is_meant_and_what_it_takes() {
    let decided = decide(&deal(Stage::Proposal, &[(Field::Amount, usd(50_001))]), &book());
    let find = |action: &str| decided.create.iter().find(|task| &*task.action == action).unwrap();
    let proposal = find("CREATE_PROPOSAL");
    assert_eq!(proposal.title, "Create the proposal: Acme – Platform");
    assert_eq!(proposal.meant_for, Some("WAKE.QUOTEFORGE".into()));
    assert_eq!(proposal.need.unit.as_deref(), Some("proposal"));
    assert_eq!(proposal.responsibility, Responsibility::Primary);
    assert_eq!((proposal.priority, proposal.allowed_hours, proposal.arrived), (70, 48, NOW));
    let overlay = find("ENTERPRISE_OVERLAY");
    assert_eq!(overlay.meant_for, Some("WAKE.ENTERPRISE".into()));
    assert_eq!(overlay.responsibility, Responsibility::Overlay("enterprise".into()));
    assert!(
        overlay.cause.ends_with("signal.enterprise (company.employees = 40, deal.amount = 50001.00 USD)"),
        "{}",
        overlay.cause
    );
    assert_eq!(find("APPROVAL_WORKFLOW").responsibility, Responsibility::Support("APPROVAL_WORKFLOW".into()));
}

#[test]
fn conditional_tasks_wait_for_their_signal() {
    let book = book();
    let extra = |view: SubjectView| {
        let plain = decide(&deal(view.fields.stage().unwrap(), &[]), &book);
        let with = decide(&view, &book);
        let known: Vec<_> = plain.create.iter().map(|task| task.id).collect();
        with.create
            .into_iter()
            .filter(|task| !known.contains(&task.id))
            .map(|task| task.action.to_string())
            .collect::<Vec<_>>()
    };
    let milestone = |name: &str| (Field::Milestones, text(name));
    for (stage, field, expected) in [
        (Stage::Qualification, (Field::Competitor, text("Rival")), "COMPETITOR_BRIEF"),
        (Stage::Negotiation, (Field::Competitor, text("Rival")), "OBJECTION_BRIEF"),
        (Stage::Negotiation, milestone("Revision_Asked"), "REVISE_PROPOSAL"),
        (Stage::Demonstration, milestone("proposal_requested; demo_held"), "ALIGN_NEXT_STEPS"),
        (Stage::Proposal, (Field::Amount, usd(50_001)), "ENTERPRISE_OVERLAY"),
        (Stage::Negotiation, (Field::Segment, text("enterprise")), "ENTERPRISE_OVERLAY"),
    ] {
        assert_eq!(extra(deal(stage, &[field])), [expected], "{stage}");
    }
    // Fifty thousand sharp is not above fifty thousand, and an amount without rate is not known.
    assert_eq!(extra(deal(Stage::Proposal, &[(Field::Amount, usd(50_000))])), [""; 0]);
    let euros = Value::Money(Money { minor: 9_000_000, currency: "EUR".parse().ok() });
    let unknown = deal(Stage::Proposal, &[(Field::Amount, euros)]);
    assert_eq!(decide(&unknown, &book).notices, ["no rate for EUR: conditions on the amount don't hold"]);
    assert_eq!(extra(unknown), [""; 0]);
    // A thousand people are an enterprise, whatever the amount.
    let mut big = deal(Stage::Proposal, &[]);
    big.company = Some((id("company"), fields(&[(Field::Employees, Value::Int(1_000))])));
    assert!(is_enterprise(&decide(&big, &book)));
}

#[test]
fn a_signal_carries_what_it_rests_on() {
    let view = deal(Stage::Qualification, &[(Field::Competitor, text("Rival"))]);
    let signal = decide(&view, &book())
        .signals
        .into_iter()
        .find(|signal| &*signal.id == "competitor_mentioned")
        .unwrap();
    let evidence =
        Evidence { field: "deal.competitor".into(), value: "Rival".into(), record: Some(id("deal")) };
    assert_eq!(signal, Signal { id: "competitor_mentioned".into(), phrase: false, evidence: vec![evidence] });
}

#[test]
fn a_close_date_that_was_put_off_is_a_signal() {
    let time = |days: u64| Value::Time(NOW + Duration::from_hours(24 * days));
    let moved = |before, after| Event {
        at: NOW,
        subject: Some(id("deal")),
        kind: EventKind::Changed { fields: vec![(Field::CloseDate, before, after)] },
        source: "hubspot".into(),
    };
    let seen = |history| {
        let view = SubjectView { history, ..deal(Stage::Proposal, &[]) };
        decide(&view, &book()).signals.iter().any(|signal| &*signal.id == "close_date_moved")
    };
    assert!(seen(vec![moved(time(1), time(9))]));
    assert!(!seen(vec![moved(time(9), time(1)), moved(Value::Empty, time(3))]));
}

#[test]
fn leaving_a_stage_drops_its_open_tasks_and_says_why() {
    let book = book();
    // Given a deal in qualification, one task done and one that a person made by hand
    let view = deal(Stage::Qualification, &[]);
    let decided = decide(&view, &book);
    let mut view = done(after(view, &decided), "DISCOVERY_CALL");
    let mut own = view.tasks[0].clone();
    (own.id, own.action, own.state) = (id("own"), "SEND_FLOWERS".into(), TaskState::Assigned);
    view.tasks.push(own);
    // When it moves on
    view.fields.set(Field::Stage, Value::Stage(Stage::Demonstration));
    view.stage_since = Some(NOW);
    let moved = decide(&view, &book);
    // Then the open ones of the stage are dropped, and nothing else
    let dropped: Vec<_> =
        view.tasks.iter().filter(|task| moved.cancel.iter().any(|(id, _)| *id == task.id)).collect();
    let dropped: Vec<_> = dropped.iter().map(|task| &*task.action).collect();
    assert_eq!(dropped, ["ASSESS_NEED", "QUALIFY_BUDGET", "DETERMINE_TIMELINE", "BUYER_BRIEF"]);
    assert!(moved.cancel.iter().all(|(_, why)| &**why == "it is in demonstration now"));
    assert_eq!(actions(&moved)[0], "DELIVER_DEMO");
    let ended = moved.events.iter().filter(|event| matches!(&event.kind, EventKind::TaskEnded { how } if &**how == "cancelled: it is in demonstration now"));
    assert_eq!(ended.count(), 4);
}

#[test]
fn the_end_of_a_deal_or_lead_drops_everything() {
    let book = book();
    let open = |view: SubjectView| {
        let decided = decide(&view, &book);
        assert!(!decided.create.is_empty());
        after(view, &decided)
    };
    let outcome = |outcome| (Field::Outcome, Value::Outcome(outcome));
    let mut won = open(deal(Stage::Close, &[]));
    won.fields.set(outcome(Outcome::Won).0, outcome(Outcome::Won).1);
    let mut lost = open(deal(Stage::Proposal, &[]));
    lost.fields.set(outcome(Outcome::Lost).0, outcome(Outcome::Lost).1);
    let gone = SubjectView { gone: Some(GoneHow::Archived), ..open(deal(Stage::Proposal, &[])) };
    let linked = SubjectView { has_deal: true, ..open(lead("new")) };
    let closed = SubjectView { fields: lead("UNQUALIFIED").fields, ..open(lead("new")) };
    let no_lead = SubjectView { fields: lead("").fields, ..open(lead("new")) };
    for (view, why) in [
        (&won, "the deal is won"),
        (&lost, "the deal is lost"),
        (&gone, "the record is gone"),
        (&linked, "there is a deal for it now"),
        (&closed, "the lead is closed"),
        (&no_lead, "it is no lead any more"),
    ] {
        let decided = decide(view, &book);
        assert_eq!(decided.cancel.len(), view.tasks.len(), "{why}");
        assert!(decided.cancel.iter().all(|(_, said)| &**said == why), "{why}");
        assert!(decided.create.is_empty() && decided.transition.is_none(), "{why}");
    }
    // Without the transition to "won" the tasks of a won deal stay.
    let kept = book_with("[[stage]]\nid = \"close\"\n[stage.transition]\nremove = true");
    assert_eq!(decide(&won, &kept).cancel, []);
}

#[test]
fn a_lead_is_worked_on_by_its_status() {
    let book = book();
    let made = |status: &str| {
        actions(&decide(&lead(status), &book)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let usual = ["EXECUTE_OUTREACH", "BUILD_SEQUENCE", "CRAFT_EMAILS", "TARGETING"];
    assert_eq!(made("NEW"), usual);
    assert!(made("CONNECTED").contains(&"HANDLE_RESPONSE".to_owned()));
    assert!(!made("CONNECTED").contains(&"BOOK_MEETING".to_owned()));
    assert!(made("OPEN_DEAL").contains(&"BOOK_MEETING".to_owned()));
    assert_eq!(made("BAD_TIMING"), [""; 0]);
    assert_eq!(made(""), [""; 0]);
    assert_eq!(decide(&lead("NEW"), &book).create[0].title, "Reach out: Ada (Acme)");
}

#[test]
fn an_unmapped_stage_makes_nothing_and_drops_nothing() {
    let mut view = deal(Stage::Proposal, &[]);
    view = after(view.clone(), &decide(&view, &book()));
    view.fields.set(Field::Stage, Value::Empty);
    let decided = decide(&view, &book());
    assert_eq!((decided.create.len(), decided.cancel.len()), (0, 0));
}

/// What makes each transition of the shipped stages due.
fn due() -> Vec<(SubjectView, Stage)> {
    let milestones = |names: &str| (Field::Milestones, text(names));
    let bant = [Field::Budget, Field::Authority, Field::Need, Field::Timeline]
        .map(|field| (field, Value::Bool(true)));
    let mut qualified = bant.to_vec();
    qualified.push(milestones("demo_requested"));
    let mut inbound = deal(Stage::Awareness, &[]);
    inbound.contacts = vec![(id("ada"), fields(&[(Field::Email, text("ada@acme.com"))]))];
    vec![
        (inbound, Stage::LeadGeneration),
        (deal(Stage::LeadGeneration, &[milestones("meeting_booked")]), Stage::Qualification),
        (deal(Stage::Qualification, &qualified), Stage::Demonstration),
        (
            deal(Stage::Demonstration, &[milestones("demo_held;interest_confirmed;proposal_requested")]),
            Stage::Proposal,
        ),
        (deal(Stage::Proposal, &[milestones("proposal_delivered;terms_discussed")]), Stage::Negotiation),
        (deal(Stage::Negotiation, &[milestones("contract_executed")]), Stage::Close),
    ]
}

#[test]
fn a_transition_that_is_due_is_suggested_once() {
    let book = book();
    for (view, to) in due() {
        let decided = decide(&view, &book);
        let transition = decided.transition.clone().unwrap_or_else(|| panic!("to {to}"));
        assert_eq!((transition.to, transition.mode), (to, TransitionMode::Suggest));
        assert!(!transition.evidence.is_empty(), "{to}");
        let task = decided.create.last().unwrap();
        assert_eq!((&*task.action, task.allowed_hours), ("ADVANCE_STAGE", 8));
        assert!(task.title.ends_with(&format!("to {to}")), "{}", task.title);
        let again = decide(&after(view.clone(), &decided), &book);
        assert!(again.transition.is_none() && again.create.is_empty(), "{to}");
    }
    // One part of BANT is missing, and a no is no yes.
    for (field, value) in
        [(Field::Budget, Value::Empty), (Field::Need, Value::Bool(false)), (Field::Timeline, text("Unknown"))]
    {
        let mut view = due().remove(2).0;
        view.fields.set(field, value);
        assert_eq!(decide(&view, &book).transition, None);
    }
}

#[test]
fn work_that_was_done_counts_as_a_signal() {
    let book = book();
    // Given a demo that was delivered, and next steps that were agreed on afterwards
    let view = deal(Stage::Demonstration, &[(Field::Milestones, text("proposal_requested"))]);
    let view = done(after(view.clone(), &decide(&view, &book)), "DELIVER_DEMO");
    let second = decide(&view, &book);
    assert_eq!(actions(&second), ["ALIGN_NEXT_STEPS"]);
    assert_eq!(second.transition, None);
    let view = done(after(view, &second), "ALIGN_NEXT_STEPS");
    assert_eq!(decide(&view, &book).transition.unwrap().to, Stage::Proposal);
}

#[test]
fn a_task_that_was_ticked_off_in_the_crm_is_done() {
    let book = book();
    let mut view = deal(Stage::Demonstration, &[]);
    view = after(view.clone(), &decide(&view, &book));
    view.tasks[0].done_at_source = Some(NOW);
    let decided = decide(&view, &book);
    assert_eq!(decided.done, [(view.tasks[0].id, NOW)]);
    // And what it means shows at once.
    assert_eq!(actions(&decided), ["ALIGN_NEXT_STEPS"]);
}

const AUTO: &str = "[[stage]]\nid = \"negotiation\"\n[stage.transition]\nmode = \"auto\"";

#[test]
fn an_automatic_transition_is_asked_for_once_and_not_against_a_person() {
    let book = book_with(AUTO);
    let (view, _) = due().pop().unwrap();
    let decided = decide(&view, &book);
    assert_eq!(decided.transition.as_ref().unwrap().mode, TransitionMode::Auto);
    assert!(!actions(&decided).contains(&"ADVANCE_STAGE"));
    assert_eq!(decide(&after(view.clone(), &decided), &book).transition, None);
    // Given that somebody moved the deal back from close to negotiation
    let entered = |from, to| Event {
        at: NOW,
        subject: Some(id("deal")),
        kind: EventKind::StageEntered { from: Some(from), to },
        source: "hubspot".into(),
    };
    let back = SubjectView { history: vec![entered(Stage::Close, Stage::Negotiation)], ..view.clone() };
    assert_eq!(decide(&back, &book).transition.unwrap().mode, TransitionMode::Suggest);
    let forth = SubjectView { history: vec![entered(Stage::Proposal, Stage::Negotiation)], ..view.clone() };
    assert_eq!(decide(&forth, &book).transition.unwrap().mode, TransitionMode::Auto);
    let off = book_with(&AUTO.replace("auto", "off"));
    assert_eq!(decide(&view, &off).transition, None);
}

#[test]
fn wording_alone_never_moves_a_deal() {
    // Given a signal that rests on wording and one that rests on a field, either of which is enough
    let phrased = format!("{AUTO}\n[[signal]]\nid = \"verbal_commitment\"\nphrase = true");
    let book = book_with(&phrased);
    let mode = |names: &str| {
        let view = deal(Stage::Negotiation, &[(Field::Milestones, text(names))]);
        decide(&view, &book).transition.unwrap().mode
    };
    assert_eq!(mode("verbal_commitment"), TransitionMode::Suggest);
    assert_eq!(mode("contract_executed"), TransitionMode::Auto);
    assert_eq!(mode("verbal_commitment;contract_executed"), TransitionMode::Auto);
}

#[test]
fn a_lead_is_never_moved_by_itself() {
    let book = book_with("[[stage]]\nid = \"lead_generation\"\n[stage.transition]\nmode = \"auto\"");
    assert_eq!(decide(&lead("OPEN_DEAL"), &book).transition.unwrap().mode, TransitionMode::Suggest);
}

#[test]
fn each_segment_gets_its_tasks_every_week_once() {
    let book = book_with("[[segment]]\nid = \"banks\"\nname = \"Banks\"");
    let week = Timestamp::from_millis(1_763_942_400_000);
    let tasks = segment_tasks(&book, week, NOW);
    let of =
        |segment: &str| tasks.iter().filter(|task| task.subject == Subject::Segment(segment.into())).count();
    assert_eq!((of("technical-founders"), of("banks")), (7, 7));
    assert!(tasks.iter().any(|task| task.title == "Create content: Banks"));
    let ids = |tasks: &[Task]| tasks.iter().map(|task| task.id).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids(&segment_tasks(&book, week, NOW + Duration::from_hours(1))), ids(&tasks));
    let next = segment_tasks(&book, week + Duration::from_hours(7 * 24), NOW);
    assert!(ids(&next).is_disjoint(&ids(&tasks)));
    // Two weeks' tasks don't stand in each other's way.
    let parts: std::collections::BTreeSet<_> = tasks
        .iter()
        .chain(&next)
        .map(|task| (task.subject.to_string(), task.responsibility.to_string()))
        .collect();
    assert_eq!(parts.len(), 28);
}

#[test]
fn a_trigger_makes_its_tasks_once_per_occasion() {
    let book = book();
    let launch = book.triggers.iter().find(|trigger| &*trigger.id == "product_launch").unwrap();
    let subject = Subject::Segment("technical-founders".into());
    let raise = |occasion| trigger_tasks(launch, &subject, Stage::Awareness, occasion, NOW);
    let made = raise("2.0");
    assert_eq!(made.iter().map(|task| &*task.action).collect::<Vec<_>>(), ["LAUNCH_PLAN", "LAUNCH_PRICING"]);
    assert_eq!(made[0].meant_for, Some("GTM.LAUNCH".into()));
    assert_eq!(raise("2.0"), made);
    assert_ne!(raise("3.0")[0].id, made[0].id);
}
