//! The daemon's side of coordination, and tokens.

use super::{
    kit::{NOW, daemon, id, later, queued, task},
    talk::offered,
};
use crate::{Actor, Answered, CaseFilter, Coordinated, Error, Pushed, Raise, Refusal, Store, TakeBack};
use model::{
    AgentId, Id, Timestamp,
    work::{
        EscalationCase, EscalationLevel, HandoffCase, HandoffTo, Message, Party, Passed, Role, Subject,
        TaskState, Token,
        message::{EscalationStatus, Fill, HandoffStatus},
    },
};
use serde_json::{Map, json};
use std::sync::Arc;

fn anna() -> AgentId {
    "ANNA".into()
}

fn take_back(task: Id) -> TakeBack {
    TakeBack {
        task,
        agent: anna(),
        why: "no answer".into(),
        passed: Some((Passed::Silent, Some(later(7200)))),
        meant_for: None,
    }
}

pub(super) async fn an_offer_that_nobody_answers_goes_to_the_next(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    // given an offer whose time is over
    let early = store.agenda(later(60), 10).await.unwrap();
    assert_eq!((early.expired.len(), early.untold.len(), early.next), (0, 1, Some(later(1800))));
    let late = store.agenda(later(1800), 10).await.unwrap();
    assert_eq!((late.expired.len(), late.untold.len()), (1, 0));
    // when it is taken back
    let decided = Coordinated { take_back: vec![take_back(id(30))], ..Coordinated::default() };
    store.commit_coordination(&held, decided.clone(), later(1800)).await.unwrap();
    // then it waits, the silent one is not asked again, until the pass is over
    assert_eq!(store.task(id(30)).await.unwrap().unwrap().0.state, TaskState::Queued);
    assert_eq!(store.board(9, NOW).await.unwrap().passed[&id(30)], [(anna(), Passed::Silent)]);
    let again = store.commit_coordination(&held, decided, later(1801)).await;
    assert!(matches!(again, Err(Error::Stale { .. })), "it is nobody's now");
    let agenda = store.agenda(later(1801), 10).await.unwrap();
    assert_eq!((agenda.next, agenda.passes_over), (Some(later(7200)), false));
    assert!(store.agenda(later(7200), 10).await.unwrap().passes_over);
    store.commit_coordination(&held, Coordinated::default(), later(7200)).await.unwrap();
    assert!(store.board(9, NOW).await.unwrap().passed.is_empty());
}

fn handoff(status: HandoffStatus) -> HandoffCase {
    HandoffCase {
        id: id(70),
        subject: Subject::Deal(id(1)),
        from: "ANNA".into(),
        to: HandoffTo::Agent("BEN".into()),
        milestone: "qualified_lead".into(),
        context: Map::new(),
        status,
        requested: NOW,
        due: None,
        changed: NOW,
        by: "engine".into(),
        reason: None,
        message: "h-1".into(),
        person_decides: false,
    }
}

fn escalation() -> EscalationCase {
    EscalationCase {
        id: id(71),
        subject: None,
        task: Some(id(30)),
        from: "ORCHESTRATOR".into(),
        to: None,
        reason: "SLA_BREACH".into(),
        request: String::new(),
        context: Map::new(),
        level: EscalationLevel::Owner,
        status: EscalationStatus::Open,
        opened: NOW,
        due: None,
        told: 0,
        changed: NOW,
        by: "engine".into(),
        resolution: None,
        message: None,
    }
}

pub(super) async fn cases_are_routed_once_and_only_as_they_were_seen(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    let open = Coordinated {
        handoffs: vec![(None, handoff(HandoffStatus::Requested))],
        escalations: vec![(None, escalation())],
        ..Coordinated::default()
    };
    store.commit_coordination(&held, open.clone(), NOW).await.unwrap();
    store.commit_coordination(&held, open, NOW).await.unwrap();
    let agenda = store.agenda(NOW, 10).await.unwrap();
    assert_eq!((agenda.handoffs.len(), agenda.escalations.len()), (1, 1), "neither is routed yet");
    // when both are routed
    let routed = HandoffCase { due: Some(later(100)), ..handoff(HandoffStatus::Requested) };
    let told = EscalationCase { due: Some(later(200)), told: 1, ..escalation() };
    let route = Coordinated {
        handoffs: vec![(Some(HandoffStatus::Requested), routed.clone())],
        escalations: vec![(Some(EscalationStatus::Open), told)],
        ..Coordinated::default()
    };
    store.commit_coordination(&held, route, NOW).await.unwrap();
    let agenda = store.agenda(NOW, 10).await.unwrap();
    assert_eq!((agenda.handoffs.len(), agenda.escalations.len(), agenda.next), (0, 0, Some(later(100))));
    assert_eq!(store.agenda(later(200), 10).await.unwrap().handoffs.len(), 1);
    // then a decision on a status that it no longer has is refused as a whole
    let wrong = Coordinated {
        handoffs: vec![(Some(HandoffStatus::Confirmed), routed)],
        cancel: vec![(id(30), "handed off".into())],
        ..Coordinated::default()
    };
    let refused = store.commit_coordination(&held, wrong, NOW).await;
    assert!(matches!(refused, Err(Error::Stale { .. })));
    assert!(store.task(id(30)).await.unwrap().unwrap().0.state.is_open());
}

pub(super) async fn what_was_escalated_about_a_handoff_is_settled_with_it(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    // given a handoff on which two escalations rest, one of them about something else
    let case = handoff(HandoffStatus::Confirmed);
    let about = |number: u128, handoff: Id| EscalationCase {
        id: id(number),
        subject: Some(case.subject.clone()),
        context: json!({ "handoff": handoff }).as_object().unwrap().clone(),
        ..escalation()
    };
    let open = Coordinated {
        handoffs: vec![(None, case.clone())],
        escalations: vec![(None, about(81, case.id)), (None, about(82, id(99)))],
        ..Coordinated::default()
    };
    store.commit_coordination(&held, open, NOW).await.unwrap();
    // when it is completed, while the first is told of to people in the same turn
    let told = EscalationCase { told: 2, ..about(81, case.id) };
    let over = Coordinated {
        handoffs: vec![(Some(case.status), HandoffCase { status: HandoffStatus::Completed, ..case.clone() })],
        escalations: vec![(Some(told.status), told)],
        ..Coordinated::default()
    };
    store.commit_coordination(&held, over, later(5)).await.unwrap();
    // then that one is settled, and says by what
    let all = store.escalations(&Party::Daemon, &CaseFilter::default(), 10).await.unwrap();
    let stands = |number: u128| {
        let case = all.iter().find(|case| case.id == id(number)).unwrap();
        (case.status, case.resolution.clone())
    };
    assert_eq!(stands(81), (EscalationStatus::Resolved, Some("the handoff is COMPLETED".to_owned())));
    assert_eq!(stands(82), (EscalationStatus::Open, None));
}

pub(super) async fn tasks_in_trouble_are_on_the_agenda_once(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    let late = store.agenda(later(4000), 10).await.unwrap();
    assert_eq!(late.late.iter().map(|task| task.id).collect::<Vec<_>>(), [id(30)]);
    let told = |agent: &str| Coordinated {
        alarmed: vec![id(30)],
        told: vec![(id(30), agent.into())],
        ..Coordinated::default()
    };
    let refused = store.commit_coordination(&held, told("BEN"), later(4000)).await;
    assert!(matches!(refused, Err(Error::Stale { .. })), "it is not reserved for him");
    store.commit_coordination(&held, told("ANNA"), later(4000)).await.unwrap();
    assert!(store.agenda(later(4000), 10).await.unwrap().late.is_empty());
    assert!(store.agenda(later(60), 10).await.unwrap().untold.is_empty());
}

pub(super) async fn a_raised_trigger_makes_its_tasks_once(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let subject = Subject::Segment("all".into());
    let raise =
        Raise { trigger: "t".into(), occasion: "o".into(), subject: subject.clone(), params: Map::new() };
    store.raise(&Party::Daemon, raise, NOW).await.unwrap();
    let number = store.agenda(NOW, 10).await.unwrap().raised[0].0;
    let create = vec![(task(40, subject, None), 1, Some("{\"name\":\"X\"}".to_owned()))];
    let decided = Coordinated { create, raised: vec![number], ..Coordinated::default() };
    store.commit_coordination(&held, decided.clone(), NOW).await.unwrap();
    store.commit_coordination(&held, decided, NOW).await.unwrap();
    assert!(store.agenda(NOW, 10).await.unwrap().raised.is_empty());
    let detail = store.task_detail(&Party::Daemon, id(40)).await.unwrap().unwrap();
    assert_eq!(detail.params["name"], "X");
    assert_eq!(store.history(id(40), 10).await.unwrap().len(), 1);
}

pub(super) async fn a_message_is_delivered_in_order_until_it_is_settled(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let message = |number: u32| {
        let text = json!({ "type": "TASK", "id": format!("t-{number}"), "sent_at": NOW, "from": "ORCHESTRATOR",
            "to": "BEN", "task": { "id": "x", "action": "A", "params": {} } });
        Message::read(&text.to_string(), &Fill::default()).unwrap()
    };
    let messages = vec![(message(1), true), (message(2), true), (message(3), false)];
    let decided = Coordinated { messages, ..Coordinated::default() };
    store.commit_coordination(&held, decided, NOW).await.unwrap();
    // given two messages for one receiver, the first goes first and alone
    let claim = async |at: Timestamp| store.claim_pushes(&held, at, 10).await.unwrap();
    let first = claim(NOW).await;
    assert_eq!(
        first.iter().map(|push| (push.message.id.as_str().to_owned(), push.attempt)).collect::<Vec<_>>(),
        [("t-1".into(), 1)]
    );
    assert!(claim(NOW).await.is_empty());
    // when it fails it comes again at its time
    let retry = Pushed::Retry { at: later(10), why: "503".into() };
    store.settle_push(&held, first[0].seq, retry, NOW).await.unwrap();
    assert!(claim(later(9)).await.is_empty());
    let again = claim(later(10)).await;
    assert_eq!((again[0].seq, again[0].attempt), (first[0].seq, 2));
    // one that was under way when its run ended comes again as soon as the next one begins
    store.recover(&held, later(20)).await.unwrap();
    let lost = claim(later(20)).await;
    assert_eq!((lost[0].seq, lost[0].attempt), (first[0].seq, 3));
    store.settle_push(&held, lost[0].seq, Pushed::Done, NOW).await.unwrap();
    // then the second goes, and is given up; a message that others fetch is never ours to deliver
    let second = claim(later(4000)).await;
    assert_eq!(second[0].message.id.as_str(), "t-2");
    store.settle_push(&held, second[0].seq, Pushed::Failed { why: "410".into() }, NOW).await.unwrap();
    assert!(claim(later(90_000)).await.is_empty());
}

pub(super) async fn what_was_not_delivered_is_seen_and_tried_again_when_somebody_asks(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let message = |number: u32, to: &str| {
        let text = json!({ "type": "TASK", "id": format!("t-{number}"), "sent_at": NOW, "from": "ORCHESTRATOR",
            "to": to, "task": { "id": "x", "action": "A", "params": {} } });
        (Message::read(&text.to_string(), &Fill::default()).unwrap(), true)
    };
    let messages = vec![message(1, "ANNA"), message(2, "BEN"), message(3, "BEN"), message(4, "CARL")];
    store.commit_coordination(&held, Coordinated { messages, ..Coordinated::default() }, NOW).await.unwrap();
    let claim = async |at: Timestamp| store.claim_pushes(&held, at, 10).await.unwrap();
    let list = async || {
        let undelivered = store.undelivered(10).await.unwrap();
        undelivered
            .into_iter()
            .map(|one| (one.message.id.to_string(), one.attempts, one.next, one.why.to_string(), one.behind))
            .collect::<Vec<_>>()
    };
    // given three deliveries under way, nothing failed yet
    let under_way = claim(NOW).await;
    assert!(list().await.is_empty());
    // when one is given up, one put off and one arrives
    let outcomes = [
        Pushed::Failed { why: "HTTP status 410".into() },
        Pushed::Retry { at: later(600), why: "HTTP status 503".into() },
        Pushed::Done,
    ];
    for (push, outcome) in under_way.iter().zip(outcomes) {
        store.settle_push(&held, push.seq, outcome, NOW).await.unwrap();
    }
    // then the two are seen, with what waits behind the one that is to come
    let gave_up = ("t-1".to_owned(), 1, None, "HTTP status 410".to_owned(), 0);
    let put_off = ("t-2".to_owned(), 1, Some(later(600)), "HTTP status 503".to_owned(), 1);
    assert_eq!(list().await, [put_off, gave_up]);
    assert_eq!(store.overview(later(60)).await.unwrap().undelivered, 2);
    assert_eq!(store.overview(later(90_000)).await.unwrap().undelivered, 1, "what was given up is old news");
    // and asked for again they go out at once; what arrived, or never failed, does not
    let all: Vec<i64> = under_way.iter().map(|push| push.seq).collect();
    assert_eq!(store.deliver_again(&all, later(60)).await.unwrap(), 2);
    let again = claim(later(60)).await;
    assert_eq!(again.iter().map(|push| (push.attempt, push.tries)).collect::<Vec<_>>(), [(2, 1), (2, 1)]);
    // and once they are settled nothing is left to be seen
    store.settle_push(&held, again[0].seq, Pushed::Done, later(61)).await.unwrap();
    store.settle_push(&held, again[1].seq, Pushed::Outdated, later(61)).await.unwrap();
    assert!(list().await.is_empty());
    // or one that nobody wants to have delivered any more is put away
    let next = claim(later(62)).await;
    store.settle_push(&held, next[0].seq, Pushed::Failed { why: "410".into() }, later(62)).await.unwrap();
    assert_eq!(list().await.len(), 1);
    let olga = Actor("olga".to_owned());
    assert_eq!(store.put_away(&olga, &[next[0].seq, next[0].seq], later(63)).await.unwrap(), 1);
    assert!(list().await.is_empty() && claim(later(90_000)).await.is_empty());
}

pub(super) async fn what_an_agent_has_without_a_message_from_us_is_found_until_one_goes_out(
    store: Arc<dyn Store>,
) {
    let held = offered(&*store, &[30]).await;
    let unsent = async |agent: &str| {
        let tasks = store.unsent(&[agent.into()], 10).await.unwrap();
        tasks.into_iter().map(|task| task.id).collect::<Vec<_>>()
    };
    let text = json!({ "type": "TASK", "id": "t-1", "conversation": format!("task:{}", id(30)), "sent_at": NOW,
        "from": "ORCHESTRATOR", "to": "ANNA", "task": { "id": id(30), "action": "A", "params": {} } });
    let message = Message::read(&text.to_string(), &Fill::default()).unwrap();
    let tell = |ours: bool| Coordinated {
        messages: vec![(message.clone(), ours)],
        told: vec![(id(30), anna())],
        ..Coordinated::default()
    };
    assert_eq!(unsent("ANNA").await, [], "of an offer she is told anyway");
    // given an offer of which she finds a message
    store.commit_coordination(&held, tell(false), NOW).await.unwrap();
    assert_eq!((unsent("ANNA").await, unsent("BEN").await), (vec![id(30)], vec![]));
    // when the same message is for us to deliver
    store.commit_coordination(&held, tell(true), NOW).await.unwrap();
    // then it goes out and nothing is missing
    let claimed = store.claim_pushes(&held, NOW, 10).await.unwrap();
    assert_eq!(claimed.iter().map(|push| push.message.id.as_str()).collect::<Vec<_>>(), ["t-1"]);
    assert_eq!(unsent("ANNA").await, []);
    // nor when it is given up, which is for somebody to look at
    store.settle_push(&held, claimed[0].seq, Pushed::Failed { why: "410".into() }, NOW).await.unwrap();
    assert_eq!(unsent("ANNA").await, []);
}

pub(super) async fn a_task_that_was_given_away_is_meant_for_its_receiver(store: Arc<dyn Store>) {
    let held = offered(&*store, &[30]).await;
    let moved = TakeBack { passed: None, meant_for: Some("BEN".into()), ..take_back(id(30)) };
    let decided = Coordinated { take_back: vec![moved], ..Coordinated::default() };
    store.commit_coordination(&held, decided, NOW).await.unwrap();
    let board = store.board(9, NOW).await.unwrap();
    assert_eq!(board.tasks[0].meant_for, Some("BEN".into()));
    // and the giver does not get it back
    assert_eq!(board.passed[&id(30)], [(anna(), Passed::Declined)]);
    assert!(board.primaries.is_empty());
}

pub(super) async fn an_answer_is_kept_for_seven_days_under_its_id(store: Arc<dyn Store>) {
    let claim = |hash: &str| Answered { id: "k".into(), hash: hash.into(), answer: String::new() };
    let day = |days: u32| later(u64::from(days) * 86_400);
    // given an id that is taken, and given free again as nothing came of it
    assert_eq!(store.claim_answer(claim("a"), NOW).await.unwrap(), None);
    assert_eq!(store.claim_answer(claim("b"), NOW).await.unwrap(), Some(claim("a")));
    store.settle_answer("k", None).await.unwrap();
    assert_eq!(store.claim_answer(claim("b"), NOW).await.unwrap(), None);
    // when it is answered, then the answer stays, whatever comes later
    store.settle_answer("k", Some("{}".to_owned())).await.unwrap();
    store.settle_answer("k", None).await.unwrap();
    let kept = Some(Answered { answer: "{}".to_owned(), ..claim("b") });
    assert_eq!(store.claim_answer(claim("c"), day(6)).await.unwrap(), kept);
    // for seven days
    assert_eq!(store.claim_answer(claim("c"), day(8)).await.unwrap(), None);
}

pub(super) async fn tokens_are_known_by_hash_and_can_be_taken_back(store: Arc<dyn Store>) {
    let token = |name: &str, role| Token {
        name: name.into(),
        role,
        created: NOW,
        created_by: "olga".into(),
        expires: Some(later(100)),
        revoked: None,
    };
    let olga = Party::Person("olga".into());
    let forge = token("forge", Role::Agent("BEN".into()));
    store.create_token(&olga, forge.clone(), "hash-1", NOW).await.unwrap();
    let twice = store.create_token(&olga, token("forge", Role::Admin), "hash-2", NOW).await;
    assert!(matches!(twice, Err(Error::Refused { refusal: Refusal::Reused, .. })));
    let agent =
        store.create_token(&Party::Agent("BEN".into()), token("own", Role::Admin), "hash-3", NOW).await;
    assert!(matches!(agent, Err(Error::Refused { refusal: Refusal::NotYours, .. })));
    let found = store.token("hash-1").await.unwrap().unwrap();
    assert_eq!(found, forge);
    assert!(found.is_valid(NOW) && !found.is_valid(later(100)));
    assert_eq!(found.party(), Party::Agent("BEN".into()));
    assert!(store.token("hash-404").await.unwrap().is_none());
    // taken back, the name is free again
    assert!(store.revoke_token(&olga, "forge", later(1)).await.unwrap());
    assert!(!store.revoke_token(&olga, "forge", later(1)).await.unwrap());
    assert!(!store.token("hash-1").await.unwrap().unwrap().is_valid(later(1)));
    store.create_token(&olga, token("forge", Role::ReadOnly), "hash-4", later(2)).await.unwrap();
    assert_eq!(store.tokens().await.unwrap().len(), 2);
}

pub(super) async fn an_empty_decision_leaves_the_board_as_it_is(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    queued(&*store, &held, &[task(30, Subject::Deal(id(1)), None)]).await;
    let before = store.board(9, NOW).await.unwrap().revision;
    store.commit_coordination(&held, Coordinated::default(), NOW).await.unwrap();
    assert_eq!(store.board(9, NOW).await.unwrap().revision, before, "nothing was decided");
}
