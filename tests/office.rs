//! The whole loop on real servers: a mail and a meeting come in, what they mean for the deal is worked out, and what
//! follows is written into the CRM, into the calendar and to a person, each once, whatever dies or fails in between.

mod world;

use http::Method;
use model::{EventKind, Field, Intent, Kind, Stage, Timestamp, WriteState, work::Direction};
use runtime::fault::{self, Place};
use sandbox::{Fault, Rule};
use std::time::Duration;
use world::{DEMO, FOLLOW_UPS, OWNER, World};

const WISH: &str = "We're definitely interested and want to go on. Please send us a proposal for 50 users.";
/// In the order in which one day's work comes to them.
const PLACES: [Place; 8] = [
    Place::Fetched,
    Place::Committed,
    Place::Progressed,
    Place::Assigned,
    Place::Claimed,
    Place::BeforeSend,
    Place::Answered,
    Place::Settled,
];

fn at(basic: &str) -> Timestamp {
    let (day, time) = basic.trim_end_matches('Z').split_once('T').unwrap();
    let text =
        format!("{}-{}-{}T{}:{}:{}Z", &day[..4], &day[4..6], &day[6..], &time[..2], &time[2..4], &time[4..]);
    Timestamp::parse(&text).unwrap()
}

/// Time goes by until the demo is over.
fn the_demo_is_held(world: &World) {
    let ahead = at(DEMO[1]).since(connect::Clock::now(&*world.clock)) + Duration::from_mins(5);
    world.clock.jump(i64::try_from(ahead.as_millis()).unwrap());
}

/// The deal has these mails and this meeting, and none is doubtful.
async fn linked(world: &World, mails: &[&str]) {
    let deal = world.deal().await;
    let mut wanted: Vec<_> =
        mails.iter().map(|name| (Kind::Email, *name, Direction::Inbound, false)).collect();
    wanted.push((Kind::Meeting, "Demo for Prospect", Direction::Outbound, false));
    let name = |fields: &model::Fields| fields.text(Field::Name).unwrap_or_default().to_owned();
    let mut found: Vec<_> = deal
        .activities
        .iter()
        .map(|one| (one.kind, name(&one.fields), one.direction, one.ambiguous))
        .collect();
    found.sort();
    let mut wanted: Vec<_> =
        wanted.into_iter().map(|(kind, name, way, doubt)| (kind, name.to_owned(), way, doubt)).collect();
    wanted.sort();
    assert_eq!(found, wanted);
}

/// The task of an action stands in the CRM once, beside the deal, with its owner, and this agent has it.
async fn in_the_crm_once(world: &World, action: &str, agent: &str) {
    let (rows, deal) = (world.written(action).await, world.deal().await);
    let [row] = &rows[..] else { panic!("{action}: {rows:?}") };
    assert_eq!(row.state, WriteState::Done, "{action}: {:?}", row.note);
    let key = row.write.key.to_string();
    let made = world.office.crm.with_journal(|journal| {
        journal.creates_with(sandbox::Kind::Task, &key).iter().map(|entry| entry.id).collect::<Vec<_>>()
    });
    let [made] = made[..] else { panic!("{action} was made as {made:?}") };
    let snapshot = world.office.crm.snapshot();
    let task = snapshot.get(sandbox::Kind::Task, made).unwrap();
    assert_eq!(task.properties["hubspot_owner_id"], OWNER, "{action}");
    assert!(task.associations["deals"].contains_key(&world.theirs.to_string()), "{action}");
    let ours: Vec<_> = deal.tasks.iter().filter(|task| &*task.action == action).collect();
    let [ours] = ours[..] else { panic!("{action}: {ours:?}") };
    assert_eq!(ours.holder.as_ref().map(model::AgentId::as_str), Some(agent), "{action}");
    assert_eq!(ours.reference.as_ref().map(|one| one.id.to_string()), Some(made.to_string()), "{action}");
}

/// Nothing but what was decided stands in the CRM, and each of it once.
async fn nothing_twice(world: &World) {
    let rows = world.writes_to("crm").await;
    let tasks = rows.iter().filter(|row| matches!(row.write.intent, Intent::CreateTask { .. }));
    let keys: Vec<String> = tasks.map(|row| row.write.key.to_string()).collect();
    let (all, once) = world.office.crm.with_journal(|journal| {
        let made = journal
            .by_api()
            .filter(|entry| entry.kind == sandbox::Kind::Task && entry.effect == sandbox::Effect::Created);
        let once = |key: &&String| journal.creates_with(sandbox::Kind::Task, key).len() == 1;
        (made.count(), keys.iter().filter(once).count())
    });
    assert!(all >= 5, "only {all} tasks");
    assert_eq!((all, once), (keys.len(), keys.len()), "{rows:#?}");
}

/// Half an hour is kept free before each of these tasks is due, and nothing else stands in that calendar.
async fn kept_free_once(world: &World, tasks: &[(&str, &str)]) {
    let (deal, found) = (world.deal().await, world.office.follow_ups());
    assert_eq!(found.len(), tasks.len(), "{found:?}");
    for (action, title) in tasks {
        let due = deal.tasks.iter().find(|task| &*task.action == *action).and_then(|task| task.due).unwrap();
        let start = (due - Duration::from_mins(30)).to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
        let fits = |event: &&[String; 3]| event[1] == start && event[2].contains(title);
        assert_eq!(found.iter().filter(fits).count(), 1, "{action} at {start}: {found:?}");
    }
    // What was kept free before the meeting was known was moved.
    let rows = world.writes_to("office").await;
    let made = rows.iter().filter(|row| matches!(row.write.intent, Intent::CreateEvent { .. })).count();
    assert!(made == tasks.len() && rows.iter().all(|row| row.state == WriteState::Done), "{rows:#?}");
    assert!(found.iter().all(|[id, ..]| id.starts_with(FOLLOW_UPS)), "{found:?}");
}

/// It was advised once to go on to the proposal, and nobody did so.
async fn advised_once(world: &World) {
    let deal = world.deal().await;
    let history = world.store().history(deal.record, 1_000).await.unwrap();
    let advice: Vec<_> = history
        .into_iter()
        .filter_map(|(_, event)| match event.kind {
            EventKind::TransitionSuggested { from, to, .. } => Some((from, to)),
            _ => None,
        })
        .collect();
    assert_eq!(advice, [(Stage::Demonstration, Stage::Proposal)]);
    let stage = world.office.crm.value(sandbox::Kind::Deal, world.theirs, "dealstage");
    assert_eq!(stage.as_deref(), Some("presentationscheduled"));
    in_the_crm_once(world, "ADVANCE_STAGE", "WAKE.LSHSALES").await;
}

/// One mail to this address lies in the sink, and the outbox says this of it.
async fn told_once(world: &World, to: &str, state: &WriteState) {
    let (mails, rows) = (world.office.sink.mails(), world.writes_to("out").await);
    assert!(mails.len() == 1 && rows.len() == 1, "{mails:#?} {rows:#?}");
    assert_eq!((&mails[0]["to"], &rows[0].state), (&serde_json::json!([to]), state));
    let text = mails[0].to_string();
    assert!(text.contains("Fifty seats") && text.contains("proposal"), "{text}");
}

#[tokio::test]
async fn a_mail_and_a_meeting_become_tasks_time_and_advice_each_once() {
    let Some(mut world) = World::new("anna@x.test").await else { return };
    // given a mail of the buyer and a demo that is booked
    world.office.paula_writes("Your offer", WISH, at("20251124T085000Z"));
    world.office.demo_is_booked().await;
    // when
    world.settle().await;
    // then both belong to the deal, the demo is to be prepared, and nothing is advised yet
    linked(&world, &["Your offer"]).await;
    in_the_crm_once(&world, "DELIVER_DEMO", "WAKE.LSHSALES").await;
    kept_free_once(&world, &[("DELIVER_DEMO", "Deliver the demo")]).await;
    let due = world.deal().await.tasks.iter().find(|task| &*task.action == "DELIVER_DEMO").unwrap().due;
    assert_eq!((due, world.office.sink.mails().len()), (Some(at(DEMO[0])), 0));
    // when the demo is over, and the daemon is started once more
    the_demo_is_held(&world);
    world.settle().await;
    world.restart().await;
    world.settle().await;
    // then
    advised_once(&world).await;
    in_the_crm_once(&world, "ALIGN_NEXT_STEPS", "WAKE.LSHSALES").await;
    kept_free_once(&world, &[("DELIVER_DEMO", "Deliver the demo"), ("ALIGN_NEXT_STEPS", "Align next steps")])
        .await;
    told_once(&world, "anna@x.test", &WriteState::Done).await;
    nothing_twice(&world).await;
    linked(&world, &["Your offer"]).await;
    assert_eq!(world.failures, Vec::<String>::new());
}

/// It dies at each place in turn.
async fn killed_again_and_again(world: &mut World) {
    for place in PLACES {
        let before = world.deaths;
        fault::arm(Some((place, 0)));
        for _ in 0..40 {
            world.later();
            if world.round().await {
                break;
            }
        }
        fault::arm(None);
        assert_eq!(world.deaths, before + 1, "nothing came to {place:?}");
    }
}

#[tokio::test]
async fn whatever_dies_or_fails_in_between_each_is_there_once() {
    let Some(mut world) = World::new("drop@x.test").await else { return };
    world.office.paula_writes("Your offer", WISH, at("20251124T085000Z"));
    world.office.demo_is_booked().await;
    // when the daemon dies at every crash point while it works on that
    killed_again_and_again(&mut world).await;
    world.settle().await;
    linked(&world, &["Your offer"]).await;
    in_the_crm_once(&world, "DELIVER_DEMO", "WAKE.LSHSALES").await;
    kept_free_once(&world, &[("DELIVER_DEMO", "Deliver the demo")]).await;
    // and the mailbox hangs up, the calendar is away, and the CRM's answer to a new task is lost
    world.office.mail.doveadm_if_it_can(&["kick", "alice"]);
    world.office.calendar.run(&["stop"]).unwrap();
    world.office.crm.inject(Rule::next(Fault::ResetAfter).on(Method::POST, "/tasks"));
    world.office.paula_writes("One more question", "Where is your office?", at("20251124T120000Z"));
    the_demo_is_held(&world);
    for _ in 0..4 {
        world.later();
        world.round().await;
    }
    let waiting =
        world.writes_to("office").await.into_iter().filter(|row| row.state != WriteState::Done).count();
    assert_eq!(waiting, 1, "the calendar was away");
    world.office.calendar.run(&["start"]).unwrap();
    world.settle().await;
    world.restart().await;
    world.settle().await;
    // then all is as if nothing had happened, and of the mail whose answer was lost nobody claims to know
    linked(&world, &["Your offer", "One more question"]).await;
    advised_once(&world).await;
    in_the_crm_once(&world, "ALIGN_NEXT_STEPS", "WAKE.LSHSALES").await;
    kept_free_once(&world, &[("DELIVER_DEMO", "Deliver the demo"), ("ALIGN_NEXT_STEPS", "Align next steps")])
        .await;
    told_once(&world, "drop@x.test", &WriteState::Unknown).await;
    nothing_twice(&world).await;
}
