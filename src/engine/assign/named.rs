//! What a person or a plan decides for one agent by name, by the same rules as any other decision.

use super::{
    desk::Desk,
    draw::Ranked,
    routing::Seat,
    score::{self, Class},
};
use model::{
    AgentId, Timestamp,
    work::{Assignment, Excluded, Exclusion, Task},
};

/// How many of the others are kept with a decision.
const RUNNERS_UP: usize = 5;

/// What an agent would bring to a task, whatever it carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bid {
    /// The agent: its place in the routing's roster.
    pub seat: usize,
    /// Capability, performance and specialisation together, in millionths.
    pub worth: i64,
    /// It may be given something now, and did not pass on this task.
    pub able_now: bool,
}

/// What an agent carries of what it can.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Used now.
    pub used: u32,
    /// Most; `None` is without limit.
    pub limit: Option<u32>,
    /// Nobody expects it to do what it has: paused, or switched off.
    pub away: bool,
}

impl Desk {
    /// Gives a task to the best one, in this place of the turn.
    pub fn give_to_best(&mut self, task: &Task, place: (u32, u64), now: Timestamp) -> Assignment {
        self.open(now);
        self.place_one(task, place.0, place.1, now)
    }

    /// Everybody who has what a task needs, in order of seats.
    pub fn bids(&mut self, task: &Task, now: Timestamp) -> Vec<Bid> {
        self.open(now);
        let at = self.class(task);
        let sticky = self.sticky(task);
        let Some(class) = self.classes.get(at) else { return Vec::new() };
        let bid = |(index, member): (usize, &score::Member)| {
            let live = self.live.get(member.seat as usize)?;
            let ranked = self.ranked(index, member, live, sticky);
            Some(Bid {
                seat: member.seat as usize,
                worth: ranked.score - ranked.free,
                able_now: live.blocked.is_none() && self.has_passed(task, member.seat).is_none(),
            })
        };
        class.members.iter().enumerate().filter_map(bid).collect()
    }

    /// What every agent of the roster carries, by seat.
    pub fn rooms(&self) -> Vec<Room> {
        let each = (0..).zip(self.live.iter().zip(&self.loads));
        each.map(|(seat, (live, load))| {
            let enabled = self.routing.agent(seat).is_some_and(|agent| agent.enabled);
            Room { used: live.used, limit: live.limit, away: load.paused || !enabled }
        })
        .collect()
    }

    /// The term for free capacity of an agent that carries so much, in millionths.
    pub fn free(&self, used: u32, limit: Option<u32>) -> i64 {
        score::free(used, limit, self.routing.roster().rules.weights)
    }

    /// Gives a task to the agent that somebody named, in this place of the turn; `force` goes beyond its limit
    /// and asks it again although it did not answer or is just back. Otherwise all reasons against.
    pub fn give_to(
        &mut self,
        task: &Task,
        agent: &AgentId,
        force: bool,
        (position, seed): (u32, u64),
        now: Timestamp,
    ) -> Result<Assignment, Vec<Excluded>> {
        self.open(now);
        let at = self.class(task);
        let seat = self.routing.seat(agent);
        let (Some(seat), Some(class)) = (seat, self.classes.get(at)) else {
            let detail = "is not on the roster".to_owned();
            return Err(vec![Excluded { agent: agent.clone(), reason: Exclusion::Disabled, detail }]);
        };
        let reasons = self.reasons(task, class, seat, now).into_iter();
        let soft = [Exclusion::Capacity, Exclusion::Unreachable, Exclusion::Returning];
        let against = reasons.filter(|(reason, ..)| !(force && soft.contains(reason)));
        let excluded = |(reason, detail, _)| Excluded { agent: agent.clone(), reason, detail };
        let against: Vec<Excluded> = against.map(excluded).collect();
        if !against.is_empty() {
            return Err(against);
        }
        let winner = self.ranked_seat(task, class, seat);
        let others = self.others(task, class, seat, now);
        let made = Assignment {
            winner: winner.and_then(|ranked| self.candidate(class, ranked)),
            runners_up: others.iter().filter_map(|ranked| self.candidate(class, *ranked)).collect(),
            last_resort: class.last_resort,
            named: true,
            ..self.undecided(task, position, seed)
        };
        Ok(self.settle(made, task, seat, now))
    }

    /// The best of those who could have had it as well.
    fn others(&self, task: &Task, class: &Class, seat: Seat, now: Timestamp) -> Vec<Ranked> {
        let members = class.members.iter().filter(|member| member.seat != seat);
        let able = members.filter(|member| self.reasons(task, class, member.seat, now).is_empty());
        let mut able: Vec<Ranked> =
            able.filter_map(|member| self.ranked_seat(task, class, member.seat)).collect();
        able.sort_by_key(Ranked::order);
        able.truncate(RUNNERS_UP);
        able
    }
}
