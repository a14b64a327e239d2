//! Kinds of tasks that nobody can take now, whichever task of the kind it is: those need not be looked at.

use super::{
    desk::{Desk, Live},
    routing::Seat,
};
use model::{Timestamp, work::TaskKind};

impl Desk {
    /// Those of the kinds of which somebody might take a task. A kind is left out only when everybody able is away
    /// or at a limit that counts for every task of the kind.
    pub fn open_kinds(&mut self, kinds: Vec<TaskKind>, now: Timestamp) -> Vec<TaskKind> {
        self.open(now);
        kinds.into_iter().filter(|kind| self.is_open(kind)).collect()
    }

    fn is_open(&self, kind: &TaskKind) -> bool {
        let known = self.routing.has_capable(&kind.capability);
        let able = if known { self.routing.capable(&kind.capability) } else { self.routing.masters() };
        able.iter()
            .any(|(seat, _)| self.live.get(*seat as usize).is_some_and(|live| self.may(*seat, live, kind)))
    }

    fn may(&self, seat: Seat, live: &Live, kind: &TaskKind) -> bool {
        let full = live.limit.is_some_and(|limit| live.used >= limit);
        let unit =
            self.routing.agent(seat).and_then(|agent| agent.capacity.as_ref()).map(|limit| &*limit.unit);
        // Whoever has a deal may take more tasks on it, however many deals it has.
        let counts = unit == Some("task") || (unit != Some("deal") && unit == kind.unit.as_deref());
        live.blocked.is_none() && !(full && counts)
    }
}
