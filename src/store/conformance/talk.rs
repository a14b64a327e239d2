//! Messages, offers, handoffs, escalations.

use super::kit::{NOW, assignment, at, daemon, fields, id, later, page, placing, queued, reference, task};
use crate::{
    CaseFilter, Coordinated, Effect, Error, Held, MessageFilter, Progressed, Raise, Refusal, Said, Store,
};
use model::{
    AgentId, Currency, EventKind, Field, Id, Kind, Money, Stage, Timestamp, Value,
    work::{
        AgentLoad, Message, Party, Passed, Responsibility, Subject, TaskState,
        message::{EscalationStatus, Fill, HandoffStatus, TaskOutcome},
    },
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const ANNA: &str = "ANNA";
const BEN: &str = "BEN";

fn deal() -> Subject {
    Subject::Deal(id(1))
}
fn agent(name: &str) -> Party {
    Party::Agent(name.into())
}
fn person() -> Party {
    Party::Person("olga".into())
}

/// A message as its sender would write it.
fn message(number: u32, from: &str, sent_at: Timestamp, rest: &Json) -> Message {
    let mut all =
        json!({ "id": format!("m-{number}"), "from": from, "to": "ORCHESTRATOR", "sent_at": sent_at });
    all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Message::read(&all.to_string(), &Fill::default()).unwrap()
}

fn status(number: u32, from: &str, task: Id, status: &str, more: &Json) -> Message {
    let mut rest = json!({ "type": "STATUS", "task_id": task.to_string(), "status": status });
    rest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message(number, from, later(number.into()), &rest)
}

async fn say(store: &dyn Store, by: &Party, message: Message) -> Result<Said, Refusal> {
    match store.say(by, message, later(600)).await {
        Ok(said) => Ok(said),
        Err(Error::Refused { refusal, .. }) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

async fn state(store: &dyn Store, task: Id) -> (TaskState, Option<AgentId>) {
    let (task, _) = store.task(task).await.unwrap().unwrap();
    (task.state, task.holder)
}

async fn load(store: &dyn Store, agent: &str) -> Arc<AgentLoad> {
    store.board(100, NOW).await.unwrap().loads.remove(&AgentId::from(agent)).unwrap_or_default()
}

/// A deal with tasks that are offered to ANNA.
pub(super) async fn offered(store: &dyn Store, numbers: &[u128]) -> Held {
    let held = daemon(store).await;
    let of = fields(&[
        (Field::Name, Value::Text("Big".into())),
        (Field::Amount, Value::Money(Money { minor: 5_000, currency: "USD".parse::<Currency>().ok() })),
        (Field::Segment, Value::Text("smb".into())),
    ]);
    let mut intake = page(&[(id(1), reference(Kind::Deal, "1"), of)]);
    intake.records[0].record.stage_since = Some(NOW);
    store.commit_page(&held, intake, NOW).await.unwrap();
    let tasks: Vec<_> = numbers.iter().map(|number| task(*number, deal(), Some("outreach"))).collect();
    queued(store, &held, &tasks).await;
    offer(store, &held, &numbers.iter().map(|number| id(*number)).collect::<Vec<_>>(), ANNA).await;
    held
}

async fn offer(store: &dyn Store, held: &Held, tasks: &[Id], to: &str) {
    let revision = store.board(100, NOW).await.unwrap().revision;
    let made = tasks.iter().map(|task| {
        let mut made = assignment(*task, Some(to));
        made.offer_until = Some(later(1800));
        made
    });
    store.commit_assignments(held, placing(at(revision), made.collect()), NOW).await.unwrap();
}

pub(super) async fn an_offer_reserves_and_is_accepted_by_its_agent_only(store: Arc<dyn Store>) {
    // given an offer
    offered(&*store, &[30]).await;
    assert_eq!(state(&*store, id(30)).await, (TaskState::Offered { until: later(1800) }, Some(ANNA.into())));
    assert_eq!(load(&*store, ANNA).await.open["outreach"], 1);
    let next = store.next_task(&ANNA.into()).await.unwrap().unwrap();
    assert_eq!(next.task.id, id(30));
    assert!(store.next_task(&BEN.into()).await.unwrap().is_none());
    // when another agent speaks of it, or the agent begins without accepting
    let accept = |number, from| status(number, from, id(30), "ACCEPTED", &json!({}));
    assert_eq!(say(&*store, &agent(BEN), accept(1, BEN)).await, Err(Refusal::NotYours));
    let begin = status(2, ANNA, id(30), "IN_PROGRESS", &json!({}));
    assert_eq!(say(&*store, &agent(ANNA), begin).await, Err(Refusal::State));
    assert_eq!(say(&*store, &agent(ANNA), accept(3, BEN)).await, Err(Refusal::NotYours), "another's name");
    assert_eq!(say(&*store, &Party::Viewer("v".into()), accept(3, "v")).await, Err(Refusal::NotYours));
    // then nothing changed; and its own word counts
    let said = say(&*store, &agent(ANNA), accept(4, ANNA)).await.unwrap();
    assert_eq!(said.effect, Effect::Task { task: id(30), state: "assigned".into() });
    assert_eq!(state(&*store, id(30)).await.0, TaskState::Assigned);
    // it sees its task, others don't
    assert!(store.task_detail(&agent(ANNA), id(30)).await.unwrap().is_some());
    let refused = store.task_detail(&agent(BEN), id(30)).await;
    assert!(matches!(refused, Err(Error::Refused { refusal: Refusal::NotYours, .. })));
    let refused = store.documents(&agent(BEN), id(30)).await;
    assert!(matches!(refused, Err(Error::Refused { refusal: Refusal::NotYours, .. })));
    assert!(store.may_see(&agent(ANNA), &deal()).await.unwrap());
    assert!(!store.may_see(&agent(BEN), &deal()).await.unwrap());
    assert!(store.may_see(&person(), &deal()).await.unwrap());
}

pub(super) async fn who_loses_a_task_is_to_be_told_unless_by_its_own_word(store: Arc<dyn Store>) {
    // given three offers, of two of which the agent knows
    let held = offered(&*store, &[30, 31, 32]).await;
    let told =
        Coordinated { told: [30, 31].map(|task| (id(task), ANNA.into())).into(), ..Coordinated::default() };
    store.commit_coordination(&held, told, NOW).await.unwrap();
    // when it declines one, and the others are dropped
    let no = status(1, ANNA, id(30), "DECLINED", &json!({ "reason": "no time" }));
    say(&*store, &agent(ANNA), no).await.unwrap();
    let cancel = [31, 32].map(|task| (id(task), "the deal was lost".into())).into();
    let dropped = Progressed { cancel, ..Progressed::default() };
    store.commit_progress(&held, dropped, later(1)).await.unwrap();
    // then it is to be told of the one that it knew and did not give away, until it was
    let gone = store.agenda(later(2), 10).await.unwrap().withdrawn;
    let gone: Vec<_> = gone.iter().map(|one| (one.number, one.task, one.agent.as_str(), &*one.why)).collect();
    assert_eq!(gone, [(1, id(31), ANNA, "the deal was lost")]);
    let told = Coordinated { withdrawn: vec![1], ..Coordinated::default() };
    store.commit_coordination(&held, told, later(2)).await.unwrap();
    assert_eq!(store.agenda(later(2), 10).await.unwrap().withdrawn, []);
}

pub(super) async fn a_declined_task_goes_back_and_uses_up_nothing(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    let no = status(1, ANNA, id(30), "DECLINED", &json!({ "reason": "no time" }));
    say(&*store, &agent(ANNA), no).await.unwrap();
    // then it waits again, her capacity is free, the week's too, and the board says who passed
    assert_eq!(state(&*store, id(30)).await, (TaskState::Queued, None));
    let anna = load(&*store, ANNA).await;
    assert_eq!(
        (anna.open.get("outreach"), anna.week.get("outreach").copied().unwrap_or_default()),
        (None, 0)
    );
    let board = store.board(10, NOW).await.unwrap();
    assert_eq!(board.passed[&id(30)], [(ANNA.into(), Passed::Declined)]);
    let (_, event) = store.history(id(30), 10).await.unwrap().into_iter().nth(1).unwrap();
    assert!(matches!(event.kind, EventKind::TaskReturned { agent, .. } if agent == ANNA.into()));
    // and the next one may take the responsibility
    offer(&*store, &held, &[id(30)], BEN).await;
    let detail = store.task_detail(&agent(BEN), id(30)).await.unwrap().unwrap();
    assert_eq!(detail.passed, [(ANNA.into(), "declined: no time".into())]);
}

pub(super) async fn a_message_counts_once_by_its_id(store: Arc<dyn Store>) {
    offered(&*store, &[30]).await;
    let accept = status(1, ANNA, id(30), "ACCEPTED", &json!({}));
    let first = say(&*store, &agent(ANNA), accept.clone()).await.unwrap();
    // when it comes again, be it at another time, it gets the same answer
    let again = Message { sent_at: later(50), ..accept.clone() };
    let second = say(&*store, &agent(ANNA), again).await.unwrap();
    assert_eq!((first.repeated, second.repeated, &first.effect), (false, true, &second.effect));
    // with other content it is refused
    let other = status(1, ANNA, id(30), "FAILED", &json!({ "reason": "x" }));
    assert_eq!(say(&*store, &agent(ANNA), other).await, Err(Refusal::Reused));
    let kept = store.messages(&agent(ANNA), &MessageFilter::default(), 0, 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0].message, &kept[0].effect), (&accept, &first.effect));
    assert!(store.messages(&agent(BEN), &MessageFilter::default(), 0, 10).await.unwrap().is_empty());
    let by_conversation =
        MessageFilter { conversation: Some(accept.conversation), ..MessageFilter::default() };
    assert_eq!(store.messages(&person(), &by_conversation, 0, 10).await.unwrap().len(), 1);
    let (to, id) = (Some("ORCHESTRATOR".into()), Some("m-1".into()));
    let by_both = MessageFilter { id, to, ..MessageFilter::default() };
    assert_eq!(store.messages(&person(), &by_both, 0, 10).await.unwrap().len(), 1);
    assert!(store.messages(&person(), &by_both, kept[0].seq, 10).await.unwrap().is_empty());
}

pub(super) async fn stale_and_misplaced_messages_change_nothing(store: Arc<dyn Store>) {
    offered(&*store, &[30]).await;
    say(&*store, &agent(ANNA), status(1, ANNA, id(30), "ACCEPTED", &json!({}))).await.unwrap();
    say(&*store, &agent(ANNA), status(9, ANNA, id(30), "IN_PROGRESS", &json!({ "progress": 60 })))
        .await
        .unwrap();
    // given a report that was overtaken by a later one
    let late = status(5, ANNA, id(30), "IN_PROGRESS", &json!({ "progress": 20 }));
    let said = say(&*store, &agent(ANNA), late).await.unwrap();
    // then it is kept as ignored, visibly
    assert!(matches!(said.effect, Effect::Ignored { .. }), "{said:?}");
    let detail = store.task_detail(&agent(ANNA), id(30)).await.unwrap().unwrap();
    assert_eq!((detail.progress, detail.status_at), (Some(60), Some(later(9))));
    // an answer to nothing, an answer to another conversation, and one from the future are refused
    let mut odd = status(20, ANNA, id(30), "IN_PROGRESS", &json!({}));
    odd.in_reply_to = Some("m-404".into());
    assert_eq!(say(&*store, &agent(ANNA), odd.clone()).await, Err(Refusal::Order));
    (odd.in_reply_to, odd.conversation) = (Some("m-1".into()), "another".into());
    assert_eq!(say(&*store, &agent(ANNA), odd.clone()).await, Err(Refusal::Order));
    (odd.in_reply_to, odd.sent_at) = (None, later(3600));
    assert_eq!(say(&*store, &agent(ANNA), odd).await, Err(Refusal::Order));
    // and agents give no tasks
    let order = json!({ "type": "TASK", "task": { "id": "t", "action": "A", "params": {} } });
    assert_eq!(say(&*store, &agent(ANNA), message(21, ANNA, NOW, &order)).await, Err(Refusal::Wrong));
}

pub(super) async fn a_finished_task_leaves_its_result(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30, 31, 32]).await;
    for (number, task) in [(1, 30), (2, 31), (3, 32)] {
        say(&*store, &agent(ANNA), status(number, ANNA, id(task), "ACCEPTED", &json!({}))).await.unwrap();
    }
    let metrics = json!({ "progress": 45, "metrics": { "prospects_found": 45 } });
    say(&*store, &agent(ANNA), status(4, ANNA, id(30), "IN_PROGRESS", &metrics)).await.unwrap();
    say(&*store, &agent(ANNA), status(5, ANNA, id(30), "BLOCKED", &json!({ "reason": "no access" })))
        .await
        .unwrap();
    assert_eq!(state(&*store, id(30)).await.0, TaskState::Blocked);
    // when one is done well, one badly, one given up
    let done = json!({ "outcome": "success", "result": { "title": "List", "markdown": "# 45" },
        "learnings": ["Founders answer on Sundays."] });
    say(&*store, &agent(ANNA), status(6, ANNA, id(30), "DONE", &done)).await.unwrap();
    say(&*store, &agent(ANNA), status(7, ANNA, id(31), "DONE", &json!({ "outcome": "no_result" })))
        .await
        .unwrap();
    let failed = status(8, ANNA, id(32), "FAILED", &json!({ "reason": "they left" }));
    say(&*store, &agent(ANNA), failed).await.unwrap();
    // then states, documents, learnings and results say so
    assert_eq!(state(&*store, id(30)).await.0, TaskState::Done);
    assert_eq!(state(&*store, id(32)).await.0, TaskState::Failed { why: "they left".into() });
    let detail = store.task_detail(&person(), id(30)).await.unwrap().unwrap();
    assert_eq!((detail.progress, detail.outcome), (Some(100), Some(TaskOutcome::Success)));
    assert_eq!(detail.metrics["prospects_found"], 45.into());
    let documents = store.documents(&agent(ANNA), id(30)).await.unwrap();
    assert_eq!((documents.len(), documents[0].content.markdown.as_str()), (1, "# 45"));
    let learnt = store.learnings(Some(Stage::Qualification), Some("DISCOVERY_CALL"), 10).await.unwrap();
    assert_eq!((learnt.len(), learnt[0].segment.as_deref()), (1, Some("smb")));
    assert!(store.learnings(Some(Stage::Close), None, 10).await.unwrap().is_empty());
    let outcomes = store.outcomes(NOW).await.unwrap();
    assert_eq!(
        outcomes.iter().map(|one| (one.task, one.success)).collect::<Vec<_>>(),
        [(id(30), true), (id(32), false)]
    );
    assert_eq!(outcomes[0].amount.map(|money| money.minor), Some(5_000));
    assert_eq!((outcomes[0].segment.as_deref(), outcomes[0].deal_won), (Some("smb"), None));
    assert!(store.outcomes(later(601)).await.unwrap().is_empty());
    assert_eq!(load(&*store, ANNA).await.open.get("task"), None, "all of it is over");
    // and what is over stays over
    let late = status(9, ANNA, id(30), "IN_PROGRESS", &json!({}));
    assert_eq!(say(&*store, &agent(ANNA), late).await, Err(Refusal::State));
    store
        .set_records(
            &held,
            vec![(ANNA.into(), "DISCOVERY_CALL".into(), model::work::TrackRecord { won: 1500, all: 2000 })],
            NOW,
        )
        .await
        .unwrap();
    assert_eq!(load(&*store, ANNA).await.record["DISCOVERY_CALL"].won, 1500);
}

pub(super) async fn a_person_may_drop_what_nobody_has(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    queued(&*store, &held, &[task(30, deal(), None)]).await;
    let drop = status(1, "olga", id(30), "CANCELLED", &json!({ "reason": "not needed" }));
    say(&*store, &person(), drop).await.unwrap();
    assert_eq!(state(&*store, id(30)).await.0, TaskState::Cancelled { why: "not needed".into() });
    let unknown = status(2, "olga", id(404), "CANCELLED", &json!({}));
    assert_eq!(say(&*store, &person(), unknown).await, Err(Refusal::NotYours));
}

fn handoff(number: u32, from: &str, to: &str, rest: &Json) -> Message {
    let mut all = json!({ "type": "HANDOFF", "to": to });
    all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    message(number, from, later(number.into()), &all)
}

fn lead() -> Json {
    json!({ "lead": { "id": deal().to_string(), "company": "Acme", "stage": "MEETING_BOOKED", "context": { "budget": "confirmed" } } })
}

pub(super) async fn a_handoff_is_confirmed_by_its_receiver(store: Arc<dyn Store>) {
    offered(&*store, &[30]).await;
    say(&*store, &agent(ANNA), status(1, ANNA, id(30), "ACCEPTED", &json!({}))).await.unwrap();
    // only who works on it hands it over, and not to itself
    assert_eq!(say(&*store, &agent(BEN), handoff(2, BEN, ANNA, &lead())).await, Err(Refusal::NotYours));
    assert_eq!(say(&*store, &agent(ANNA), handoff(3, ANNA, ANNA, &lead())).await, Err(Refusal::Wrong));
    let said = say(&*store, &agent(ANNA), handoff(4, ANNA, BEN, &lead())).await.unwrap();
    let Effect::Handoff { handoff: case, status: HandoffStatus::Requested, person_decides: false } =
        said.effect
    else {
        panic!("{said:?}")
    };
    // a second one like it is refused while the first is open
    assert_eq!(say(&*store, &agent(ANNA), handoff(5, ANNA, BEN, &lead())).await, Err(Refusal::State));
    // now the receiver sees the deal and the package
    assert!(store.may_see(&agent(BEN), &deal()).await.unwrap());
    let filter = CaseFilter { record: Some(id(1)), open: true, ..CaseFilter::default() };
    let cases = store.handoffs(&agent(BEN), &filter, 10).await.unwrap();
    assert_eq!((cases.len(), cases[0].id, &cases[0].context["company"]), (1, case, &json!("Acme")));
    assert!(store.handoffs(&agent("COLDEMAIL"), &CaseFilter::default(), 10).await.unwrap().is_empty());
    // a stranger can't answer, the receiver can, once
    let answer = |number, from: &str, status: &str, more: &Json| {
        let mut rest = json!({ "handoff_id": case.to_string(), "status": status });
        rest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        handoff(number, from, "ORCHESTRATOR", &rest)
    };
    assert_eq!(
        say(&*store, &agent(ANNA), answer(6, ANNA, "CONFIRMED", &json!({}))).await,
        Err(Refusal::NotYours)
    );
    assert_eq!(say(&*store, &agent(BEN), answer(7, BEN, "COMPLETED", &json!({}))).await, Err(Refusal::Wrong));
    let said = say(&*store, &agent(BEN), answer(8, BEN, "CONFIRMED", &json!({}))).await.unwrap();
    assert!(matches!(said.effect, Effect::Handoff { status: HandoffStatus::Confirmed, .. }));
    let no = answer(9, BEN, "DECLINED", &json!({ "reason": "no" }));
    assert_eq!(say(&*store, &agent(BEN), no).await, Err(Refusal::State));
    // and it is in the deal's history
    let events = store.history(id(1), 10).await.unwrap();
    let seen: Vec<_> = events
        .into_iter()
        .filter_map(
            |(_, event)| if let EventKind::Handoff { status, .. } = event.kind { Some(status) } else { None },
        )
        .collect();
    assert_eq!(seen, [HandoffStatus::Confirmed, HandoffStatus::Requested]);
}

pub(super) async fn an_escalation_is_followed_to_its_resolution(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    let escalation = |number, from: &str, rest: &Json| {
        let mut all = json!({ "type": "ESCALATION" });
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        message(number, from, later(number.into()), &all)
    };
    let open = json!({ "deal_id": id(1).to_string(), "reason": "ENTERPRISE_COMPLEXITY", "request": "ACTIVATE_ENTERPRISE_AGENT", "context": { "deal_size": 150_000 } });
    assert_eq!(say(&*store, &agent(BEN), escalation(1, BEN, &open)).await, Err(Refusal::NotYours));
    assert_eq!(
        say(&*store, &agent(ANNA), escalation(2, ANNA, &json!({ "reason": "HELP" }))).await,
        Err(Refusal::Wrong)
    );
    let said = say(&*store, &agent(ANNA), escalation(3, ANNA, &open)).await.unwrap();
    let Effect::Escalation { escalation: case, status: EscalationStatus::Open } = said.effect else {
        panic!("{said:?}")
    };
    let own =
        store.escalations(&agent(ANNA), &CaseFilter { id: Some(case), ..CaseFilter::default() }, 10).await;
    let own = own.unwrap();
    assert_eq!(
        (own.len(), &*own[0].reason, own[0].subject.as_ref()),
        (1, "ENTERPRISE_COMPLEXITY", Some(&deal()))
    );
    assert!(store.escalations(&agent(BEN), &CaseFilter::default(), 10).await.unwrap().is_empty());
    // the owner of the deal is told of it by a task
    let mut telling = task(31, deal(), None);
    (telling.id, telling.responsibility) = (own[0].telling(), Responsibility::Support("RESOLVE".into()));
    queued(&*store, &held, &[telling]).await;
    let telling = async || store.task(own[0].telling()).await.unwrap().unwrap().0.state;
    let answer = |number, from: &str, status: &str, more: &Json| {
        let mut rest = json!({ "escalation_id": case.to_string(), "status": status });
        rest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        escalation(number, from, &rest)
    };
    // a stranger can't, a person can: acknowledged, then resolved, then over
    assert_eq!(
        say(&*store, &agent(BEN), answer(4, BEN, "ACKNOWLEDGED", &json!({}))).await,
        Err(Refusal::NotYours)
    );
    say(&*store, &person(), answer(5, "olga", "ACKNOWLEDGED", &json!({}))).await.unwrap();
    assert_eq!(telling().await, TaskState::Queued);
    let resolved = answer(6, "olga", "RESOLVED", &json!({ "resolution": "took over" }));
    say(&*store, &person(), resolved).await.unwrap();
    let why = "olga settled the escalation".into();
    assert_eq!(telling().await, TaskState::Cancelled { why }, "nobody needs to be told any more");
    assert_eq!(
        say(&*store, &person(), answer(7, "olga", "ACKNOWLEDGED", &json!({}))).await,
        Err(Refusal::State)
    );
    assert!(
        store
            .escalations(&person(), &CaseFilter { open: true, ..CaseFilter::default() }, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let after = store.escalations(&person(), &CaseFilter::default(), 10).await.unwrap().remove(0);
    assert_eq!((after.resolution.as_deref(), &*after.by), (Some("took over"), "olga"));
}

pub(super) async fn a_deal_that_goes_to_and_fro_waits_for_a_person(store: Arc<dyn Store>) {
    offered(&*store, &[30]).await;
    // given four handoffs that were declined
    let mut last = None;
    for number in 1..=5_u32 {
        let said = say(&*store, &agent(ANNA), handoff(number * 2, ANNA, BEN, &lead())).await.unwrap();
        let Effect::Handoff { handoff: case, person_decides, .. } = said.effect else { panic!("{said:?}") };
        assert_eq!(person_decides, number == 5);
        last = Some(case);
        if number < 5 {
            let rest = json!({ "handoff_id": case.to_string(), "status": "DECLINED", "reason": "not mine" });
            say(&*store, &agent(BEN), handoff(number * 2 + 1, BEN, "ORCHESTRATOR", &rest)).await.unwrap();
        }
    }
    // when the receiver of the fifth confirms, it is told that a person decides; and the person may
    let confirm = json!({ "handoff_id": last.unwrap().to_string(), "status": "CONFIRMED" });
    let early = handoff(20, BEN, "ORCHESTRATOR", &confirm);
    assert_eq!(say(&*store, &agent(BEN), early).await, Err(Refusal::State));
    say(&*store, &person(), handoff(21, "olga", "ORCHESTRATOR", &confirm)).await.unwrap();
}

pub(super) async fn a_trigger_counts_once_per_occasion(store: Arc<dyn Store>) {
    let raise = |occasion: &str| Raise {
        trigger: "product_launch".into(),
        occasion: occasion.into(),
        subject: Subject::Segment("all".into()),
        params: json!({ "name": "X" }).as_object().unwrap().clone(),
    };
    assert!(store.raise(&person(), raise("a"), NOW).await.unwrap());
    assert!(!store.raise(&person(), raise("a"), NOW).await.unwrap());
    let viewer = store.raise(&Party::Viewer("v".into()), raise("b"), NOW).await;
    assert!(matches!(viewer, Err(Error::Refused { refusal: Refusal::NotYours, .. })));
    let foreign = Raise { subject: deal(), ..raise("c") };
    assert!(store.raise(&agent(BEN), foreign, NOW).await.is_err());
    let waiting = store.agenda(NOW, 10).await.unwrap().raised;
    assert_eq!(waiting.iter().map(|(_, one)| &*one.occasion).collect::<Vec<_>>(), ["a"]);
}

pub(super) async fn what_a_person_ticks_off_frees_the_agent_in_any_state(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    say(&*store, &agent(ANNA), status(1, ANNA, id(30), "ACCEPTED", &json!({}))).await.unwrap();
    say(&*store, &agent(ANNA), status(2, ANNA, id(30), "IN_PROGRESS", &json!({}))).await.unwrap();
    let done = Progressed { done: vec![(id(30), later(700))], ..Progressed::default() };
    store.commit_progress(&held, done, later(700)).await.unwrap();
    assert_eq!(state(&*store, id(30)).await.0, TaskState::Done);
    assert_eq!(load(&*store, ANNA).await.open.get("outreach"), None);
}
