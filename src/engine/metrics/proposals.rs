//! Proposals: sent, how large, how fast, with what success.

use super::{
    Figure,
    life::{Left, Life},
    outreach::is_success,
    pipeline::leavings,
    sheet::{QUARTER, Sheet, WEEK, Whose},
};
use model::{AgentId, Id, Stage, Timestamp};
use std::{collections::HashMap, time::Duration};

/// The task that sends one.
const DELIVER: &str = "DELIVER_PROPOSAL";
/// Milestone of the handoff that follows it.
const HANDED: &str = "proposal_sent";
/// What the CRM says when it was sent, and when it was asked for.
const DELIVERED: &str = "proposal_delivered";
const REQUESTED: &str = "proposal_requested";

/// A deal to which a proposal was sent.
pub(super) struct Proposal {
    agent: AgentId,
    deal: Id,
    sent: Timestamp,
}

/// One per deal, at the first sign: the task that sends it is done, the deal is handed over for it, the CRM says
/// so, or the deal went on from the proposal stage.
pub(super) fn proposals(sheet: &Sheet<'_>) -> Vec<Proposal> {
    let mut first: HashMap<Id, Timestamp> = HashMap::new();
    let mut sign = |deal: Id, at: Timestamp| {
        let sent = first.entry(deal).or_insert(at);
        *sent = at.min(*sent);
    };
    for task in sheet.inputs.tasks.iter().filter(|task| is_success(task, DELIVER)) {
        if let Some((deal, at)) = task.record.zip(task.ended) {
            sign(deal, at);
        }
    }
    for (deal, _, at) in sheet.inputs.handoffs.iter().filter(|(_, milestone, _)| &**milestone == HANDED) {
        sign(*deal, *at);
    }
    for (deal, life) in &sheet.lives {
        let on = life.leavings(Stage::Proposal).filter(|(_, left)| *left == Left::Forward);
        on.map(|(at, _)| at).chain(life.said(DELIVERED)).for_each(|at| sign(*deal, at));
    }
    let of = |(deal, sent): (Id, Timestamp)| {
        let agent = sheet.agent(Stage::Proposal, [deal].into_iter());
        Proposal { agent, deal, sent }
    };
    first.into_iter().map(of).collect()
}

fn sent<'s, 'a>(
    sheet: &'s Sheet<'a>,
    whose: Whose<'s>,
    length: Duration,
) -> impl Iterator<Item = (&'s Life<'a>, Timestamp)> {
    let own = sheet.proposals.iter().filter(move |one| whose.is(&one.agent));
    let recent = own.filter(move |one| sheet.within(one.sent, length));
    recent.filter_map(|one| Some((sheet.lives.get(&one.deal)?, one.sent)))
}

pub(super) fn per_week(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    Figure::count(sent(sheet, whose, WEEK).count())
}

/// The amounts as they are now; deals without one say nothing.
pub(super) fn deal_size(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let (mut sizes, mut missing) = (Vec::new(), Vec::new());
    for amount in sent(sheet, whose, QUARTER).filter_map(|(life, _)| life.deal()?.amount) {
        match sheet.minor(amount) {
            Ok(minor) => sizes.push(sheet.major(minor)),
            Err(currency) => missing.push(currency),
        }
    }
    Figure { left_out: missing.len() as u64, no_rate: missing.into_iter().collect(), ..Figure::mean(sizes) }
}

/// Decided is what went on or was lost; what went back is not decided.
pub(super) fn acceptance(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let left = leavings(sheet, whose, Stage::Proposal).into_iter();
    Figure::share_of(left.filter(|left| *left != Left::Back).map(|left| left == Left::Forward))
}

/// Asked for: when the CRM says so, or by the entry into the proposal stage.
pub(super) fn turnaround(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let hours = |(life, sent): (&Life<'_>, Timestamp)| {
        let asked = life.said(REQUESTED).into_iter().chain(life.entered(Stage::Proposal)).min()?;
        (asked <= sent).then(|| sent.since(asked).as_secs_f64() / 3_600.0)
    };
    Figure::median(sent(sheet, whose, QUARTER).filter_map(hours).collect())
}

/// When the proposal of a deal was sent, or the deal entered the stage for it.
pub(super) fn proposed(sheet: &Sheet<'_>, deal: Id, life: &Life<'_>) -> Option<Timestamp> {
    let sent = sheet.proposals.iter().find(|one| one.deal == deal).map(|one| one.sent);
    sent.or_else(|| life.entered(Stage::Proposal))
}
