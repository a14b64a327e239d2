//! The whole loop on real servers: a mail and a meeting come in, what they mean for the deal is worked out, and what
//! follows is written into the CRM, into the calendar and to a person, each once, whatever dies or fails in between.

mod crm;
mod killed;
mod seen;
mod world;

use crate::{odoo_real, odoo_server};
use connect::Clock;
use crm::Crm;
use http::Method;
use model::{Timestamp, WriteState};
use runtime::{
    clock::{SystemClock, VirtualClock},
    fault::{self, Place},
};
use sandbox::{Fault, Rule};
use std::{sync::Arc, time::Duration};
use world::{Desk, World};

const WISH: &str = "We're definitely interested and want to go on. Please send us a proposal for 50 users.";
/// Monday 2025-11-24T08:00:00Z, when the deal comes to its present stage.
const MONDAY: Timestamp = Timestamp::from_millis(1_763_971_200_000);
/// Tasks for which time is kept free, and their titles.
const BEFORE: (&str, &str) = ("DELIVER_DEMO", "Deliver the demo");
const AFTER: (&str, &str) = ("ALIGN_NEXT_STEPS", "Align next steps");
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

/// So many hours and minutes after the deal came to its stage.
fn after(start: Timestamp, hours: u64, minutes: u64) -> Timestamp {
    start + Duration::from_hours(hours) + Duration::from_mins(minutes)
}

/// Tuesday from two to three.
fn tuesday(start: Timestamp) -> [Timestamp; 2] {
    [after(start, 30, 0), after(start, 31, 0)]
}

/// The office with the sandbox as its CRM.
async fn with_sandbox(to: &str) -> Option<World> {
    let clock = Arc::new(VirtualClock::starting(MONDAY));
    let desk = Desk::open().await?;
    let at = clock.clone();
    let crm = Crm::sandbox(Arc::new(move || at.now().as_millis()));
    Some(World::new(desk.with(crm, tuesday(MONDAY)), clock, to).await)
}

/// The office with a real Odoo, which knows no time but today's; with when its deal came to its stage.
async fn with_odoo(to: &str) -> Option<(World, Timestamp)> {
    let server = world::had("Odoo", odoo_server::Server::start(world::script("odoo19.sh")))?;
    let desk = Desk::open().await?;
    let crm = Crm::odoo(server).await;
    let start = Timestamp::from_millis(SystemClock.now().as_millis() / 1_000 * 1_000);
    let clock = Arc::new(VirtualClock::starting(start));
    Some((World::new(desk.with(crm, tuesday(start)), clock, to).await, start))
}

/// A mail of the buyer and a demo become tasks, time kept free, and after the demo advice.
async fn a_mail_and_a_meeting_go_through(mut world: World, start: Timestamp, to: &str) {
    // given a mail of the buyer and a demo that is booked
    world.office.paula_writes("Your offer", WISH, after(start, 0, 50));
    world.office.demo_is_booked().await;
    // when
    world.settle().await;
    // then both belong to the deal, the demo is to be prepared, and nothing is advised yet
    let seen = world.seen();
    seen.linked(&["Your offer"]).await;
    seen.in_the_crm_once("DELIVER_DEMO", "WAKE.LSHSALES").await;
    seen.kept_free_once(&[BEFORE]).await;
    let due = seen.deal().await.tasks.iter().find(|task| &*task.action == "DELIVER_DEMO").unwrap().due;
    assert_eq!((due, world.office.sink.mails().len()), (Some(world.office.demo[0]), 0));
    // when the demo is over, and the daemon is started once more
    world.demo_is_held();
    world.settle().await;
    world.restart().await;
    world.settle().await;
    // then
    let seen = world.seen();
    seen.advised_once().await;
    seen.in_the_crm_once("ALIGN_NEXT_STEPS", "WAKE.LSHSALES").await;
    seen.kept_free_once(&[BEFORE, AFTER]).await;
    seen.told_once(to, &WriteState::Done).await;
    seen.nothing_twice().await;
    seen.linked(&["Your offer"]).await;
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_mail_and_a_meeting_become_tasks_time_and_advice_each_once() {
    let Some(world) = with_sandbox("anna@x.test").await else { return };
    a_mail_and_a_meeting_go_through(world, MONDAY, "anna@x.test").await;
}

#[tokio::test]
async fn with_a_real_odoo_each_is_there_once_too() {
    let _turn = odoo_real::TURN.lock().await;
    let Some((world, start)) = with_odoo("anna@x.test").await else { return };
    a_mail_and_a_meeting_go_through(world, start, "anna@x.test").await;
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
    let Some(mut world) = with_sandbox("drop@x.test").await else { return };
    world.office.paula_writes("Your offer", WISH, after(MONDAY, 0, 50));
    world.office.demo_is_booked().await;
    // when the daemon dies at every crash point while it works on that
    killed_again_and_again(&mut world).await;
    world.settle().await;
    let seen = world.seen();
    seen.linked(&["Your offer"]).await;
    seen.in_the_crm_once("DELIVER_DEMO", "WAKE.LSHSALES").await;
    seen.kept_free_once(&[BEFORE]).await;
    // and the mailbox hangs up, the calendar is away, and the CRM's answer to a new task is lost
    world.office.mail.doveadm_if_it_can(&["kick", "alice"]);
    world.office.calendar.run(&["stop"]).unwrap();
    world.office.crm.hubspot().inject(Rule::next(Fault::ResetAfter).on(Method::POST, "/tasks"));
    world.office.paula_writes("One more question", "Where is your office?", after(MONDAY, 4, 0));
    world.demo_is_held();
    for _ in 0..4 {
        world.later();
        world.round().await;
    }
    let rows = world.seen().writes_to("office").await;
    let waiting = rows.iter().filter(|row| row.state != WriteState::Done).count();
    assert_eq!(waiting, 1, "the calendar was away");
    world.office.calendar.run(&["start"]).unwrap();
    world.settle().await;
    world.restart().await;
    world.settle().await;
    // then all is as if nothing had happened, and of the mail whose answer was lost nobody claims to know
    let seen = world.seen();
    seen.linked(&["Your offer", "One more question"]).await;
    seen.advised_once().await;
    seen.in_the_crm_once("ALIGN_NEXT_STEPS", "WAKE.LSHSALES").await;
    seen.kept_free_once(&[BEFORE, AFTER]).await;
    seen.told_once("drop@x.test", &WriteState::Unknown).await;
    seen.nothing_twice().await;
}
