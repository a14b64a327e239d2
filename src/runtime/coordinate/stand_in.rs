//! Who stands in for agents that went away: what is taken from them is spread by what it gains with whom, all at once,
//! and from then on meant for these.

use super::Draft;
use anyhow::Context;
use engine::{
    assign::week_start,
    dice::Dice,
    rebalance::{Wish, plan},
};
use model::{AgentId, Id, work::Passed};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::TakeBack;

/// Open tasks that are looked at, the best by rank.
const MOST: usize = 1_000;
/// The same board gives the same plan.
const SEED: u64 = 1;

/// Names a stand-in for each task that is being taken from somebody who is away.
pub(super) async fn choose(draft: &mut Draft<'_>) -> anyhow::Result<()> {
    let away: BTreeSet<AgentId> =
        draft.out.take_back.iter().filter(|one| is_absence(one)).map(|one| one.agent.clone()).collect();
    if away.is_empty() {
        return Ok(());
    }
    let (routing, now) = (&draft.rules.routing, draft.now);
    let week = week_start(now, routing.zone());
    let read = draft.shared.store.work_board(None, MOST, week).await;
    let mut board = read.context("reading all open work")?;
    for agent in &away {
        Arc::make_mut(board.loads.entry(agent.clone()).or_default()).paused = true;
    }
    let mut stand_in: BTreeMap<Id, AgentId> = BTreeMap::new();
    for agent in away {
        let wish = Wish { agent: Some(agent), ..Wish::default() };
        let spread = plan(&board, routing, &wish, &mut Dice::seeded(SEED), now);
        let moves = spread.moves.into_iter();
        stand_in.extend(moves.flat_map(|one| one.tasks.into_iter().map(move |task| (task, one.to.clone()))));
    }
    for one in draft.out.take_back.iter_mut().filter(|one| is_absence(one)) {
        one.meant_for = stand_in.remove(&one.task);
    }
    Ok(())
}

/// Taken back for an absence, not for want of an answer.
const fn is_absence(one: &TakeBack) -> bool {
    one.meant_for.is_none() && matches!(one.passed, None | Some((Passed::Away, _)))
}
