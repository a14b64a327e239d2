//! Discovery calls, qualification, demos.

use super::{
    Figure,
    life::Left,
    outreach::{done, during, is_success},
    sheet::{Met, QUARTER, Sheet, WEEK, Whose},
};
use crate::flow::Standing;
use model::{AgentId, Id, Stage, Timestamp};
use std::collections::BTreeMap;

/// The task that is a discovery call.
const CALL: &str = "DISCOVERY_CALL";
/// The task that is a demo.
const DEMO: &str = "DELIVER_DEMO";

/// A discovery call held.
pub(super) struct Talk {
    agent: AgentId,
    at: Timestamp,
}

/// A demo that was to take place.
pub(super) struct Demo {
    agent: AgentId,
    at: Timestamp,
    deals: Vec<Id>,
    held: bool,
}

fn in_stage(sheet: &Sheet<'_>, meeting: &Met<'_>, stage: Stage) -> bool {
    let at = |record| sheet.lives.get(&record).and_then(|life| life.stage_at(meeting.start));
    meeting.records().any(|record| at(record) == Some(stage))
}

/// In demonstration, or called so.
fn is_demo(sheet: &Sheet<'_>, meeting: &Met<'_>) -> bool {
    meeting.name.to_lowercase().contains("demo") || in_stage(sheet, meeting, Stage::Demonstration)
}

/// Meetings held with a deal or lead in qualification that are no demo, and discovery calls done as tasks, unless
/// such a meeting of their time shows what was done.
pub(super) fn calls(sheet: &Sheet<'_>) -> Vec<Talk> {
    let stage = Stage::Qualification;
    let is_call = |meeting: &&Met<'_>| {
        meeting.standing == Standing::Held && !is_demo(sheet, meeting) && in_stage(sheet, meeting, stage)
    };
    let held: Vec<&Met<'_>> = sheet.met.iter().filter(is_call).collect();
    let mut calls: Vec<Talk> = held
        .iter()
        .map(|meeting| Talk { agent: sheet.agent(stage, meeting.records()), at: meeting.end })
        .collect();
    for (task, agent, ended) in done(sheet).filter(|(task, ..)| is_success(task, CALL)) {
        let shown = |record| held.iter().any(|one| one.is_with(record) && during(task, one.start));
        if !task.record.is_some_and(shown) {
            calls.push(Talk { agent: agent.clone(), at: ended });
        }
    }
    calls
}

/// Demos by the calendar, once their time is over or they were called off; and demo tasks that ended, unless such
/// a meeting of their time shows what was done.
pub(super) fn demos(sheet: &Sheet<'_>) -> Vec<Demo> {
    let stage = Stage::Demonstration;
    let over = sheet.met.iter().filter(|meeting| meeting.standing != Standing::Booked);
    let over: Vec<&Met<'_>> = over.filter(|meeting| is_demo(sheet, meeting)).collect();
    let of = |meeting: &&Met<'_>| Demo {
        agent: sheet.agent(stage, meeting.records()),
        at: meeting.start,
        deals: meeting.deals.to_vec(),
        held: meeting.standing == Standing::Held,
    };
    let mut demos: Vec<Demo> = over.iter().map(of).collect();
    for task in sheet.inputs.tasks.iter().filter(|task| &*task.action == DEMO) {
        let (Some(agent), Some(ended), Some(record)) = (&task.holder, task.ended, task.record) else {
            continue;
        };
        let told = task.done || task.success == Some(false);
        let shown = over.iter().any(|one| one.is_with(record) && during(task, one.start));
        if told && !shown {
            let (agent, held) = (agent.clone(), is_success(task, DEMO));
            demos.push(Demo { agent, at: ended, deals: vec![record], held });
        }
    }
    demos
}

pub(super) fn calls_per_week(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let own = sheet.calls.iter().filter(|call| whose.is(&call.agent));
    Figure::count(own.filter(|call| sheet.within(call.at, WEEK)).count())
}

/// Each time that a deal or lead left qualification counts.
pub(super) fn qualification_rate(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let left = leavings(sheet, whose, Stage::Qualification);
    Figure::share_of(left.into_iter().map(|left| left == Left::Forward))
}

/// How the agent's records left a stage in the last 90 days.
pub(super) fn leavings(sheet: &Sheet<'_>, whose: Whose<'_>, stage: Stage) -> Vec<Left> {
    let own = sheet.lives.iter().filter(|(id, _)| whose.is(&sheet.agent(stage, [**id].into_iter())));
    let all = own.flat_map(|(_, life)| life.leavings(stage));
    all.filter(|(at, _)| sheet.within(*at, QUARTER)).map(|(_, left)| left).collect()
}

fn recent<'s>(sheet: &'s Sheet<'_>, whose: Whose<'s>) -> impl Iterator<Item = &'s Demo> {
    let own = sheet.demos.iter().filter(move |demo| whose.is(&demo.agent));
    own.filter(|demo| sheet.within(demo.at, QUARTER))
}

pub(super) fn demo_completion(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    Figure::share_of(recent(sheet, whose).map(|demo| demo.held))
}

/// Each deal counts once, from its first demo of the 90 days on.
pub(super) fn proposal_requests(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let mut shown: BTreeMap<Id, Timestamp> = BTreeMap::new();
    for demo in recent(sheet, whose).filter(|demo| demo.held) {
        for deal in &demo.deals {
            let first = shown.entry(*deal).or_insert(demo.at);
            *first = demo.at.min(*first);
        }
    }
    let deals = shown.into_iter().filter_map(|(deal, at)| Some((sheet.lives.get(&deal)?, at)));
    Figure::share_of(deals.map(|(life, at)| life.went_on(Stage::Proposal, at)))
}
