//! What a month would bring with the team as it is or another, and what to change about it. Nothing is written.

use crate::{Web, assign::agent, caller::Caller, problem::Problem};
use engine::{
    advise::{Change, advise},
    simulate::{Scenario, run},
};
use http::StatusCode;
use model::Timestamp;
use runtime::{
    foresee::{Base, Wish, Work, base},
    rules::Rules,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::watch;

/// Suggestions are not worked out anew for so long, unless the rules change.
const FRESH: Duration = Duration::from_mins(10);
/// An answer waits so long for suggestions; then it says that they are being worked out.
const WAIT: Duration = Duration::from_secs(1);
/// Days of today's work that are simulated at once, in all.
const MOST_DAYS: f64 = 90.0;
/// Suggestions that are kept for those who ask again.
const KEPT: usize = 4;
/// Kinds of luck by which suggestions are tried out.
const RUNS: u8 = 3;

/// Which work is simulated.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// The tasks of the past days as they came.
    History,
    /// What the team's targets amount to.
    Team,
}

/// Of `simulate`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// Length in days; 30 when absent.
    #[schemars(range(min = 1, max = 90))]
    days: Option<u32>,
    /// Chance: another number, other luck.
    seed: Option<u32>,
    /// The past where there is enough of it, else the team's targets, when absent.
    arrivals: Option<Arrivals>,
    /// So many times the work.
    #[schemars(range(min = 0.01, max = 10.0))]
    scale: Option<f64>,
    /// Another team: agents with another limit.
    #[serde(default)]
    #[schemars(extend("additionalProperties" = { "type": "integer", "minimum": 0, "maximum": 1_000_000 }))]
    limits: BTreeMap<String, u32>,
    /// Another team: without these agents.
    #[serde(default)]
    without: Vec<String>,
}

/// Of `optimize`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Optimize {
    /// Length in days of what is simulated; 30 when absent.
    #[schemars(range(min = 1, max = 90))]
    days: Option<u32>,
    /// The past where there is enough of it, else the team's targets, when absent.
    arrivals: Option<Arrivals>,
    /// Runs, each with other luck, by which an effect is told from luck; 3 when absent.
    #[schemars(range(min = 2, max = 10))]
    runs: Option<u8>,
}

/// What is being worked out, or was last.
pub struct Advising {
    asked: Optimize,
    rules: Box<str>,
    since: Timestamp,
    /// With when it was there.
    found: watch::Receiver<Option<(Timestamp, Value)>>,
}

pub async fn simulate(web: &Web, _: &Caller, input: Simulate) -> Result<Value, Problem> {
    let scale = input.scale.unwrap_or(1.0);
    within("scale", scale, 0.01, 10.0)?;
    let rules = web.rules();
    let wish = wish(input.days, input.seed, input.arrivals)?;
    if f64::from(wish.days) * scale > MOST_DAYS {
        let detail =
            format!("`days` times `scale` is at most {MOST_DAYS} here; the command line simulates more");
        return Err(Problem::input(detail));
    }
    // One month at a time, be its caller gone: the daemon has other work.
    let turn = web.0.simulating.clone().lock_owned().await;
    let Base { scenario, notes, .. } = ground(web, &rules, wish).await?;
    let changes = changes(web, &scenario, &input)?;
    let today = scenario.scaled(scale);
    let other = changes.iter().try_fold(today.clone(), |world, change| change.apply(&world));
    let other = other.filter(|_| !changes.is_empty());
    let ran = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        (run(&today), other.as_ref().map(run))
    });
    let (today, what_if) = ran.await.map_err(|_| broke())?;
    Ok(json!({ "notes": notes, "today": today, "what_if": what_if }))
}

/// Works suggestions out beside the daemon's other work and says what has come of it: whoever asks again with the same
/// words gets what was found.
pub async fn optimize(web: &Web, _: &Caller, input: Optimize) -> Result<Value, Problem> {
    within("runs", f64::from(input.runs.unwrap_or(RUNS)), 2.0, 10.0)?;
    let rules = web.rules();
    let wish = wish(input.days, None, input.arrivals)?;
    let mut advising = web.0.advising.lock().await;
    let now = web.now();
    advising.retain(|job| job.is_of_use(now));
    let known = advising.iter().find(|job| job.asked == input && *job.rules == *rules.routing.hash());
    let (mut found, since) = match (known, advising.iter().find(|job| job.is_running())) {
        (Some(known), _) => (known.found.clone(), known.since),
        (None, Some(Advising { since, .. })) => {
            let detail = format!("others are being worked out since {since}: ask again in a minute");
            return Err(Problem::new(StatusCode::CONFLICT, "busy", detail));
        }
        (None, None) => {
            let job = Advising::begin(web, ground(web, &rules, wish).await?, input, rules.routing.hash())?;
            let begun = (job.found.clone(), job.since);
            advising.insert(0, job);
            advising.truncate(KEPT);
            begun
        }
    };
    drop(advising);
    // A longer silence would look like a daemon that hangs.
    let advice = match tokio::time::timeout(WAIT, found.wait_for(Option::is_some)).await {
        Ok(found) => found.map_err(|_| broke())?.clone().map(|(_, advice)| advice),
        Err(_) => None,
    };
    let state = if advice.is_some() { "done" } else { "running" };
    Ok(json!({ "state": state, "since": since, "advice": advice }))
}

impl Advising {
    /// On a thread of its own, for which a daemon that stops does not wait.
    fn begin(web: &Web, base: Base, asked: Optimize, rules: &str) -> Result<Self, Problem> {
        let (finds, found) = watch::channel(None);
        let (clock, since) = (web.0.clock.clone(), web.now());
        let runs = usize::from(asked.runs.unwrap_or(RUNS));
        let work = move || {
            let mut advice = json!(advise(&base.scenario, runs, |_, _| {}));
            if let Some(advice) = advice.as_object_mut() {
                advice.insert("notes".to_owned(), json!(base.notes));
            }
            finds.send_replace(Some((clock.now(), advice)));
        };
        let thread = std::thread::Builder::new().name("advise".to_owned()).spawn(work);
        thread.map_err(|error| {
            tracing::error!(%error, "no thread for a simulation");
            broke()
        })?;
        Ok(Self { asked, rules: rules.into(), since, found })
    }

    fn is_running(&self) -> bool {
        self.found.has_changed().is_ok() && self.found.borrow().is_none()
    }

    /// Still under way, or found not long ago. What broke off is neither.
    fn is_of_use(&self, now: Timestamp) -> bool {
        self.is_running() || self.found.borrow().as_ref().is_some_and(|(at, _)| now.since(*at) < FRESH)
    }
}

fn within(name: &str, value: f64, least: f64, most: f64) -> Result<(), Problem> {
    let wrong = || Problem::input(format!("`{name}` is from {least} to {most}"));
    if (least..=most).contains(&value) { Ok(()) } else { Err(wrong()) }
}

fn wish(days: Option<u32>, seed: Option<u32>, arrivals: Option<Arrivals>) -> Result<Wish, Problem> {
    let days = days.unwrap_or(30);
    within("days", f64::from(days), 1.0, 90.0)?;
    let work = arrivals.map(|arrivals| match arrivals {
        Arrivals::History => Work::History,
        Arrivals::Team => Work::Team,
    });
    Ok(Wish { days, seed: u64::from(seed.unwrap_or(1)), work })
}

async fn ground(web: &Web, rules: &Rules, wish: Wish) -> Result<Base, Problem> {
    let base = base(web.store(), rules, wish, web.now()).await.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "a simulation could not be prepared");
        broke()
    })?;
    let none = || format!("no task arrived in the last {} days: ask with `arrivals` = \"team\"", wish.days);
    base.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "state", none()))
}

/// What makes the other team.
fn changes(web: &Web, today: &Scenario, input: &Simulate) -> Result<Vec<Change>, Problem> {
    let mut changes = Vec::new();
    for (name, to) in &input.limits {
        let agent = agent(web, name)?;
        let spec = today.routing.roster().agents.iter().find(|spec| spec.id == agent);
        let limit = spec.and_then(|spec| spec.capacity.as_ref()).map(|capacity| capacity.limit);
        let from = limit.ok_or_else(|| Problem::input(format!("`limits`: {agent} has no limit")))?;
        if changes.iter().any(|change: &Change| *change.agent() == agent) {
            return Err(Problem::input(format!("`limits`: {agent} stands there twice, by another name")));
        }
        changes.push(Change::Limit { agent, from, to: *to });
    }
    for name in &input.without {
        changes.push(Change::Pause { agent: agent(web, name)? });
    }
    Ok(changes)
}

fn broke() -> Problem {
    let detail = "the simulation broke off; the daemon's log says more";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "simulation", detail)
}
