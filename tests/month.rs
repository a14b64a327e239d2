//! A month of the shipped team under virtual time: leads, calls, proposals and negotiations come in as the team was
//! planned for, agents are slow, refuse, fall silent, die and come back, and people do their part late. Nothing is
//! lost, nobody holds what another has, everything ends, and one seed gives one log.

mod crew;
mod judge;
mod ledger;
mod market;
mod reasons;
mod team;

use crate::rig::{Given, Rig, virtual_time};
use crew::Crew;
use ledger::Ledger;
use market::Market;
use reasons::Explained;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// How often agents look for messages, and how often it is checked who has what.
const STEP: Duration = Duration::from_mins(15);
const STEPS_PER_HOUR: u64 = 4;
/// Leads that come in each week, as many as the team was planned for.
const LEADS: u64 = 500;

const CONFIG: &str = r#"
[[connection.stage]]
source = "default/appointmentscheduled"
stage = "qualification"
[[connection.stage]]
source = "default/qualifiedtobuy"
stage = "demonstration"
[[connection.stage]]
source = "default/presentationscheduled"
stage = "proposal"
[[connection.stage]]
source = "default/decisionmakerboughtin"
stage = "negotiation"
[[connection.stage]]
source = "default/contractsent"
stage = "close"
[organization]
zone = "Europe/Berlin"
"#;

/// A month that was lived through.
struct Month {
    rig: Rig,
    crew: Crew,
    market: Market,
    ledger: Ledger,
    explained: Arc<Mutex<Explained>>,
}

async fn live(seed: u64, days: u64, leads_per_week: u64) -> Month {
    let size = sandbox::team::Size {
        companies: 60,
        contacts: 0,
        deals: 0,
        tasks: 0,
        ..sandbox::team::Size::small()
    };
    let given = Given {
        agents: team::AGENTS.to_owned(),
        config: CONFIG.to_owned(),
        every: [3_600, 86_400, 7 * 86_400],
        size,
        ..Given::seeded(seed)
    };
    let mut rig = Rig::new(given).await;
    let explained = reasons::watch(&mut rig);
    let (mut crew, mut market) = (Crew::new(seed, rig.now()), Market::new(&rig, seed, leads_per_week));
    let zone = rig.config.settings.organization.zone.0.clone();
    let mut ledger = Ledger::new(&rig.config.roster.agents, zone);
    for step in 0..days * 24 * STEPS_PER_HOUR {
        rig.run_for(STEP).await;
        crew.act(&rig).await;
        if step % STEPS_PER_HOUR == 0 {
            market.act(&rig, &ledger).await;
        }
        rig.daemon.shared.nudges.all();
        ledger.follow(&rig).await;
    }
    // The last words have their effect.
    rig.run_for(Duration::from_secs(60)).await;
    rig.daemon.shared.nudges.all();
    rig.run_for(Duration::ZERO).await;
    ledger.follow(&rig).await;
    Month { rig, crew, market, ledger, explained }
}

/// The event log of a month that was found right.
fn month(seed: u64, days: u64, leads_per_week: u64) -> String {
    virtual_time(async {
        let month = live(seed, days, leads_per_week).await;
        judge::all(&month).await;
        if days >= 30 {
            judge::everything_was_tried(&month);
        }
        month.ledger.log
    })
}

#[test]
fn in_three_days_nothing_is_lost_and_each_seed_has_its_own_log() {
    let logs = [month(3, 3, 150), month(4, 3, 150)];
    assert!(logs[0] != logs[1], "the seed changes nothing");
}

/// Twice at the same time, as there are two cores.
#[test]
fn in_a_month_nothing_is_lost_and_one_seed_gives_the_same_log_to_the_byte() {
    let [first, again] = std::thread::scope(|threads| {
        [(); 2].map(|()| threads.spawn(|| month(5, 30, LEADS))).map(|thread| thread.join().unwrap())
    });
    assert!(first.lines().count() > 10_000, "{} events", first.lines().count());
    let differs = first.lines().zip(again.lines()).find(|(first, again)| first != again);
    assert_eq!(differs, None, "the same seed gave another log");
    assert_eq!(first.len(), again.len());
}
