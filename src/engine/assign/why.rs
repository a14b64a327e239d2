//! Why a task went to whom: every candidate with its terms, every agent that was left out with all reasons, and
//! for each of the losers the nearest change that would have altered the choice.

use super::{
    desk::Desk,
    draw::Ranked,
    queue::rank,
    roster::Policy,
    routing::{FULL, Routing, Seat},
    score::{self, Class, MILLION},
};
use model::{
    AgentId, Id, Stage, Timestamp,
    work::{Assignment, Board, Candidate, Excluded, Exclusion, Layer, Scene, Task},
};
use serde::Serialize;

/// What is to be said of one agent and one task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It got the task.
    Chosen(Candidate),
    /// It could have taken the task, but another was better.
    Beaten {
        /// Its terms.
        candidate: Candidate,
        /// By how much, in millionths; 0 where only the tie-break decided.
        behind: i64,
        /// The nearest change of its own that would have made it the choice; `None` where none alone does.
        change: Option<Change>,
    },
    /// It was not considered.
    Out {
        /// All reasons; the first is the one that is counted.
        reasons: Vec<Excluded>,
        /// What would have to change, one per reason; `None` for a reason that is no state to be changed.
        changes: Vec<Option<Change>>,
    },
}

impl Verdict {
    /// Of whom.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Chosen(candidate) | Self::Beaten { candidate, .. } => Some(&candidate.agent),
            Self::Out { reasons, .. } => reasons.first().map(|reason| &reason.agent),
        }
    }
}

/// A change to one agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Enabled in the configuration.
    Enable,
    /// The level of the required capability, in thousandths.
    Level(u32),
    /// A stage at home.
    Stage(Stage),
    /// The pause taken off.
    Resume,
    /// Decided at this time instead.
    At(Timestamp),
    /// Its capacity used only up to here.
    Used(u32),
    /// The responsibility given up by its holder.
    Release,
    /// Asked for this task again.
    AskAgain,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enable => f.write_str("if it were enabled"),
            Self::Level(level) => {
                write!(f, "with level {}.{:03} in the capability", level / 1_000, level % 1_000)
            }
            Self::Stage(stage) => write!(f, "if it were at home in {stage}"),
            Self::Resume => f.write_str("if it were not paused"),
            Self::At(at) => write!(f, "from {at} on"),
            Self::Used(used) => write!(f, "with {used} of its capacity used"),
            Self::AskAgain => f.write_str("if it were asked again"),
            Self::Release => f.write_str("if the holder gave it up"),
        }
    }
}

/// Replays a turn up to one task and judges every agent for it, in order of ids. `None` when the task is not on
/// the board. `seed` is the turn's, as kept with the assignment.
pub fn explain(
    board: &Board,
    routing: &Routing,
    task: Id,
    seed: u64,
    now: Timestamp,
) -> Option<(Assignment, Vec<Verdict>)> {
    let ageing = routing.roster().rules.ageing_per_hour;
    let mut order: Vec<&Task> = board.tasks.iter().collect();
    order.sort_unstable_by_key(|task| (rank(task.arrived, task.priority, ageing), task.id));
    let at = order.iter().position(|placed| placed.id == task)?;
    let mut desk = Desk::new(routing, board);
    desk.open(now);
    for (position, before) in (0..).zip(order.iter().take(at)) {
        desk.place_one(before, position, seed, now);
    }
    let task = order.get(at)?;
    let before = desk.clone();
    let assignment = desk.place_one(task, u32::try_from(at).ok()?, seed, now);
    let verdicts = before.verdicts(task, &assignment, now);
    Some((assignment, verdicts))
}

/// Makes a decision of the past again, on what was kept of it, and judges every agent as [`explain`] does. What comes
/// out is the decision that was made, unless what was kept is another's. `None` when nothing was kept.
pub fn recall(scene: &Scene, routing: &Routing) -> Option<(Assignment, Vec<Verdict>)> {
    let mut desk = Desk::new(routing, &scene.board);
    desk.open(scene.at);
    let mut decisions = scene.board.tasks.iter().zip(&scene.made);
    let (task, made) = decisions.next_back()?;
    // What found nobody left everything as it was.
    for (task, made) in decisions.filter(|(_, made)| made.winner.is_some()) {
        desk.repeat(task, made, scene.at)?;
    }
    let before = desk.clone();
    let again = desk.repeat(task, made, scene.at)?;
    let verdicts = before.verdicts(task, &again, scene.at);
    Some((again, verdicts))
}

impl Desk {
    /// Places a task in the way in which it was placed before.
    fn repeat(&mut self, task: &Task, made: &Assignment, now: Timestamp) -> Option<Assignment> {
        match made.winner.as_ref().filter(|_| made.named) {
            Some(winner) => self.give_to(task, &winner.agent, true, (made.position, made.seed), now).ok(),
            None => Some(self.place_one(task, made.position, made.seed, now)),
        }
    }

    fn verdicts(mut self, task: &Task, assignment: &Assignment, now: Timestamp) -> Vec<Verdict> {
        let at = self.class(task);
        let Some(class) = self.classes.get(at) else { return Vec::new() };
        let seats = 0..u32::try_from(self.live.len()).unwrap_or(Seat::MAX);
        seats.filter_map(|seat| self.verdict(task, class, seat, assignment, now)).collect()
    }

    fn verdict(
        &self,
        task: &Task,
        class: &Class,
        seat: Seat,
        assignment: &Assignment,
        now: Timestamp,
    ) -> Option<Verdict> {
        let agent = self.routing.agent(seat)?;
        let named = assignment.winner.as_ref().filter(|winner| assignment.named && winner.agent == agent.id);
        if let Some(winner) = named {
            return Some(Verdict::Chosen(winner.clone()));
        }
        let reasons = self.reasons(task, class, seat, now);
        if !reasons.is_empty() {
            let (reasons, changes) = reasons
                .into_iter()
                .map(|(reason, detail, change)| {
                    (Excluded { agent: agent.id.clone(), reason, detail }, change)
                })
                .unzip();
            return Some(Verdict::Out { reasons, changes });
        }
        let ranked = self.ranked_seat(task, class, seat)?;
        let candidate = self.candidate(class, ranked)?;
        let winner = assignment.winner.as_ref()?;
        if winner.agent == agent.id {
            return Some(Verdict::Chosen(candidate));
        }
        let behind = winner.score() - candidate.score();
        let rival = self.ranked_seat(task, class, self.routing.seat(&winner.agent)?)?;
        let change = if assignment.named { None } else { self.nearest(task, class, ranked, rival) };
        Some(Verdict::Beaten { candidate, behind: behind.max(0), change })
    }

    pub(super) fn ranked_seat(&self, task: &Task, class: &Class, seat: Seat) -> Option<Ranked> {
        let index = class.members.iter().position(|member| member.seat == seat)?;
        let (member, live) = (class.members.get(index)?, self.live.get(seat as usize)?);
        Some(self.ranked(index, member, live, self.sticky(task)))
    }

    /// All reasons that keep an agent from a task, the one that is counted first.
    pub(super) fn reasons(
        &self,
        task: &Task,
        class: &Class,
        seat: Seat,
        now: Timestamp,
    ) -> Vec<(Exclusion, String, Option<Change>)> {
        let Some(((agent, spec), (live, load))) = self
            .routing
            .agent(seat)
            .zip(self.routing.spec(seat))
            .zip(self.live.get(seat as usize).zip(self.loads.get(seat as usize)))
        else {
            return Vec::new();
        };
        let mut reasons = Vec::new();
        let mut out = |reason, detail: String, change| reasons.push((reason, detail, change));
        let able = agent.layer == Layer::Master || self.routing.level(seat, &task.need.capability) > 0;
        if !able {
            let detail = format!("lacks {}", task.need.capability);
            out(Exclusion::Capability, detail, Some(Change::Level(FULL)));
        }
        if !agent.enabled {
            out(Exclusion::Disabled, "switched off in the configuration".into(), Some(Change::Enable));
        }
        if agent.layer == Layer::Master && !class.last_resort {
            let detail = "steps in only where nobody else has the capability";
            out(Exclusion::LastResortOnly, detail.into(), None);
        }
        if load.paused {
            out(Exclusion::Paused, "paused by a person".into(), Some(Change::Resume));
        }
        if !spec.calendar.is_open(now) {
            let next = spec.calendar.opens_at(now);
            let detail = next.map_or_else(|| "never at work".into(), |next| format!("at work from {next}"));
            out(Exclusion::Hours, detail, next.map(Change::At));
        }
        let holder = self.holders.get(&task.subject).copied();
        if live.returning && Timestamp::from_millis(live.idle) + spec.ramp > now {
            let next = Timestamp::from_millis(live.idle) + spec.ramp;
            let detail = format!("just back: the next one at {next}");
            out(Exclusion::Returning, detail, Some(Change::At(next)));
        }
        if Self::is_held_by_other(task, seat, holder) {
            let by = holder.and_then(|holder| self.routing.agent(holder));
            let by = by.map_or("an agent that is no longer configured", |agent| agent.id.as_str());
            out(Exclusion::HeldByOther, format!("{} is held by {by}", task.subject), Some(Change::Release));
        }
        match self.has_passed(task, seat) {
            Some(Exclusion::Declined) => {
                out(
                    Exclusion::Declined,
                    "declined this task or gave it to another".into(),
                    Some(Change::AskAgain),
                );
            }
            Some(Exclusion::Hours) => {
                out(Exclusion::Hours, "is away when it is due".into(), Some(Change::AskAgain));
            }
            Some(reason) => out(reason, "did not answer in time".into(), Some(Change::AskAgain)),
            None => {}
        }
        if let Some(limit) = live.limit.filter(|_| self.is_full(task, seat, live, holder)) {
            let unit = agent.capacity.as_ref().map_or("task", |capacity| &*capacity.unit);
            let detail = format!("{} of {limit} in use ({unit})", live.used);
            out(Exclusion::Capacity, detail, limit.checked_sub(1).map(Change::Used));
        }
        reasons
    }

    /// The smallest change of load, level or stages, in this order, by which a loser overtakes the winner.
    fn nearest(&self, task: &Task, class: &Class, loser: Ranked, winner: Ranked) -> Option<Change> {
        let rules = &self.routing.roster().rules;
        if class.policy != Policy::Score {
            return None;
        }
        let wins = |more: i64| Ranked { score: loser.score + more, ..loser }.order() < winner.order();
        let live = self.live.get(loser.seat as usize)?;
        let freer =
            (0..live.used).rev().find(|used| wins(score::free(*used, live.limit, rules.weights) - live.free));
        if let Some(used) = freer {
            return Some(Change::Used(used));
        }
        let member = class.members.get(loser.index)?;
        let level = self.routing.level(loser.seat, &task.need.capability);
        let better = (level + 1..=FULL).find(|level| {
            let term = score::capability(loser.seat, *level, &task.need.preferred, &self.routing);
            wins(term * rules.weights.capability / MILLION - member.capability)
        });
        if let Some(level) = better {
            return Some(Change::Level(level));
        }
        let home = loser.specialisation == 0 && wins(rules.weights.specialisation);
        home.then_some(Change::Stage(task.stage))
    }
}
