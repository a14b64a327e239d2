//! Kinds of tasks that nobody can take now, whichever task of the kind it is: those need not be looked at.

use super::{
    desk::{Desk, Live},
    routing::Seat,
};
use model::{Timestamp, work::TaskKind};

/// Kinds of tasks that can be given out, and how many tasks of them at most.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Open {
    /// Kinds of which somebody might take a task.
    pub kinds: Vec<TaskKind>,
    /// Tasks for which there is room; `None` where somebody has no limit that counts for these kinds.
    pub room: Option<usize>,
}

impl Desk {
    /// Those of the kinds of which somebody might take a task. A kind is left out only when everybody able is away
    /// or at a limit that counts for every task of the kind.
    pub fn open_kinds(&mut self, kinds: Vec<TaskKind>, now: Timestamp) -> Open {
        self.open(now);
        let mut open = Open { kinds: Vec::new(), room: Some(0) };
        for kind in kinds.into_iter().filter(|kind| self.is_open(kind)) {
            let rooms = self.able(&kind).iter().map(|(seat, _)| self.room(*seat, &kind));
            let room = rooms.sum::<Option<usize>>();
            open.room = open.room.zip(room).map(|(all, one)| all.saturating_add(one));
            open.kinds.push(kind);
        }
        open
    }

    /// Everybody with the capability, switched off or not; the masters where nobody has it.
    pub(super) fn able(&self, kind: &TaskKind) -> &[(Seat, u32)] {
        let known = self.routing.has_capable(&kind.capability);
        if known { self.routing.capable(&kind.capability) } else { self.routing.masters() }
    }

    pub(super) fn is_open(&self, kind: &TaskKind) -> bool {
        let may = |seat: &Seat| self.live.get(*seat as usize).is_some_and(|live| self.may(*seat, live, kind));
        self.able(kind).iter().any(|(seat, _)| may(seat))
    }

    fn may(&self, seat: Seat, live: &Live, kind: &TaskKind) -> bool {
        let full = live.limit.is_some_and(|limit| live.used >= limit);
        live.blocked.is_none() && !(full && self.counts(seat, kind))
    }

    /// How many tasks of the kind an agent can take; `None` where its limit does not say.
    fn room(&self, seat: Seat, kind: &TaskKind) -> Option<usize> {
        let Some(live) = self.live.get(seat as usize).filter(|live| live.blocked.is_none()) else {
            return Some(0);
        };
        let limit = live.limit.filter(|_| self.counts(seat, kind))?;
        usize::try_from(limit.saturating_sub(live.used)).ok()
    }

    /// Each task of the kind uses up a unit of the agent's capacity. (Whoever has a deal may take more tasks on it,
    /// however many deals it has.)
    fn counts(&self, seat: Seat, kind: &TaskKind) -> bool {
        let capacity = self.routing.agent(seat).and_then(|agent| agent.capacity.as_ref());
        let unit = capacity.map(|limit| &*limit.unit);
        unit == Some("task") || (unit != Some("deal") && unit == kind.unit.as_deref())
    }
}
