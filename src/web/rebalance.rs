//! Spreading work anew: what would move, and letting the daemon do it.

use crate::{Web, assign::agent, caller::Caller, once::repeated, problem::Problem};
use engine::{
    assign::week_start,
    dice::Dice,
    rebalance::{Move, Wish, plan},
};
use model::work::{Give, Order};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Open tasks that are looked at, the best by rank.
const MOST: usize = 2_000;
/// The same board gives the same plan.
const SEED: u64 = 1;

/// Of `rebalance`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebalance {
    /// Only what this agent has.
    agent: Option<String>,
    /// Work that was begun may move as well.
    #[serde(default)]
    include_started: bool,
    /// At most so many moves, the best ones.
    #[schemars(range(min = 1))]
    moves: Option<u32>,
    /// Let the daemon do it; otherwise only shown.
    #[serde(default)]
    apply: bool,
}

pub async fn rebalance(web: &Web, caller: &Caller, input: Rebalance) -> Result<Value, Problem> {
    if input.moves == Some(0) {
        return Err(Problem::input("`moves` is at least 1"));
    }
    let wish = Wish {
        agent: input.agent.as_deref().map(|name| agent(web, name)).transpose()?,
        begun: input.include_started,
        most: input.moves.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
    };
    let id = input.apply.then(|| web.message_id(caller, "rebalance"));
    // A call that was cut off after the order had been taken gets its answer now.
    if let Some(id) = id.as_ref().filter(|_| caller.key.is_some())
        && let Some(answer) = web.store().ordered(id.as_str()).await?.as_deref().and_then(repeated)
    {
        return Ok(answer);
    }
    let (rules, now) = (web.rules(), web.now());
    let week = week_start(now, rules.routing.zone());
    let board = web.store().work_board(None, MOST, week).await?;
    let cut = board.tasks.len() == MOST;
    let plan = plan(&board, &rules.routing, &wish, &mut Dice::seeded(SEED), now);
    let order = id.filter(|_| !plan.moves.is_empty());
    let (looked_at, movable) = plan.looked_at;
    let (waits, will_wait) = plan.uncared;
    let answer = json!({
        "moves": plan.moves.iter().map(shown).collect::<Vec<_>>(),
        "looked_at": looked_at,
        "movable": movable,
        "more": cut,
        "before": plan.before,
        "after": plan.after,
        "without_agent": { "before": waits, "after": will_wait },
        "order": order,
    });
    if let Some(id) = order {
        let wanted = plan.moves.iter().flat_map(|one| gives(one, wish.begun)).collect();
        let by = caller.party.name().into();
        let asked = Order { id: id.as_str().into(), by, at: now, make: None, gives: wanted };
        web.store().order(&caller.party, asked, &answer.to_string()).await?;
    }
    Ok(answer)
}

fn gives(one: &Move, begun: bool) -> Vec<Give> {
    let why = format!("rebalanced, which gains {}.{:03}", one.gain / 1_000, one.gain % 1_000);
    let give = |task: &model::Id| Give {
        task: *task,
        from: one.from.clone(),
        to: Some(one.to.clone()),
        force: false,
        begun,
        why: why.as_str().into(),
    };
    one.tasks.iter().map(give).collect()
}

fn shown(one: &Move) -> Value {
    json!({
        "tasks": one.tasks,
        "actions": one.actions,
        "subject": one.subject.to_string(),
        "from": one.from,
        "to": one.to,
        "gain": one.gain,
        "before": one.before,
        "after": one.after,
    })
}
