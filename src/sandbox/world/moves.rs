//! The moves, one function each. `None` where the move isn't possible now or changed nothing.

use super::{Move, World};
use crate::hubspot::kinds::Kind;
use crate::hubspot::pipelines::deal_stages;

type Done = Option<(Kind, u64)>;

const PEOPLE_AND_DEALS: [Kind; 3] = [Kind::Contact, Kind::Company, Kind::Deal];

impl World {
    pub(super) fn attempt(&mut self, what: Move) -> Done {
        match what {
            Move::Edit => self.edit(),
            Move::Create => self.create(),
            Move::Advance => self.advance(),
            Move::Win => self.close("closedwon"),
            Move::Lose => self.close("closedlost"),
            Move::Owner => self.owner(),
            Move::Associate => self.associate(),
            Move::Dissociate => self.dissociate(),
            Move::Merge => self.merge(),
            Move::Archive => self.archive(),
            Move::Restore => self.restore(),
            Move::Purge => self.purge(),
            Move::CompleteTask => self.set_task("hs_task_status", "COMPLETED"),
            Move::EditTask => self.edit_task(),
        }
    }

    fn kind(&mut self) -> Kind {
        self.dice.pick(&PEOPLE_AND_DEALS).copied().unwrap_or(Kind::Deal)
    }

    fn any(&mut self, kind: Kind) -> Option<u64> {
        let ids = self.sandbox.ids(kind);
        self.dice.pick(&ids).copied()
    }

    fn any_owner(&mut self) -> Option<String> {
        let active = |s: &crate::hubspot::state::State| {
            s.owners.values().filter(|o| !o.archived).map(|o| o.id).collect::<Vec<_>>()
        };
        let owners = self.sandbox.read(active);
        self.dice.pick(&owners).map(u64::to_string)
    }

    fn set(&self, kind: Kind, id: u64, name: &str, value: &str) -> Done {
        self.sandbox.edit(kind, id, &[(name, value)]).ok()?.then_some((kind, id))
    }

    fn edit(&mut self) -> Done {
        let kind = self.kind();
        let id = self.any(kind)?;
        let n = self.dice.below(100_000);
        let (name, value) = match (kind, self.dice.index(3)) {
            (Kind::Contact, 0) => ("phone", format!("+49 40 {n:06}")),
            (Kind::Contact, 1) => ("jobtitle", format!("Manager {n}")),
            (Kind::Contact, _) => ("email", format!("moved.{n}.{id}@mail.example")),
            (Kind::Company, 0) => ("city", format!("City {n}")),
            (Kind::Company, 1) => ("numberofemployees", n.to_string()),
            (Kind::Company, _) => {
                ("description", format!("Note \"{n}\" of a person, with ümlauts\nand lines"))
            }
            (_, 0) => ("amount", (n * 10).to_string()),
            (_, 1) => {
                ("description", if n.is_multiple_of(5) { String::new() } else { format!("Edited {n}") })
            }
            (_, _) => {
                ("closedate", (self.sandbox.now() + i64::try_from(n).unwrap_or(0) * 60_000).to_string())
            }
        };
        self.set(kind, id, name, &value)
    }

    fn create(&mut self) -> Done {
        let n = self.made;
        let tag = self.dice.below(1_000_000);
        let owner = self.any_owner().unwrap_or_default();
        let kind = self.kind();
        let made = match kind {
            Kind::Contact => self.sandbox.create(
                kind,
                &[
                    ("email", &format!("new.{n}.{tag}@mail.example")),
                    ("firstname", "New"),
                    ("lastname", &format!("Person {n}")),
                    ("hubspot_owner_id", &owner),
                ],
            ),
            Kind::Company => self.sandbox.create(
                kind,
                &[("name", &format!("New company {n}")), ("domain", &format!("new-{n}-{tag}.example"))],
            ),
            _ => self.sandbox.create(
                Kind::Deal,
                &[
                    ("dealname", &format!("New deal {n}")),
                    ("amount", &tag.to_string()),
                    ("dealstage", "appointmentscheduled"),
                    ("hubspot_owner_id", &owner),
                ],
            ),
        };
        let id = made.ok()?;
        if let (Kind::Deal, Some(company)) = (kind, self.any(Kind::Company)) {
            self.sandbox.associate((kind, id), (Kind::Company, company)).ok()?;
        }
        Some((kind, id))
    }

    /// The next stage, up to negotiation.
    fn advance(&mut self) -> Done {
        let id = self.any(Kind::Deal)?;
        let stages: Vec<&str> = deal_stages().collect();
        let stage = self.sandbox.value(Kind::Deal, id, "dealstage")?;
        let at = stages.iter().position(|s| **s == stage)?;
        let next = stages.get(at + 1).filter(|_| at + 3 < stages.len())?;
        self.set(Kind::Deal, id, "dealstage", next)
    }

    fn close(&mut self, stage: &str) -> Done {
        let id = self.any(Kind::Deal)?;
        if self.sandbox.value(Kind::Deal, id, "hs_is_closed").as_deref() == Some("true") {
            return None;
        }
        self.set(Kind::Deal, id, "dealstage", stage)
    }

    fn owner(&mut self) -> Done {
        let kind = self.kind();
        let (id, owner) = (self.any(kind)?, self.any_owner()?);
        self.set(kind, id, "hubspot_owner_id", &owner)
    }

    fn pair(&mut self) -> Option<((Kind, u64), Kind)> {
        let pairs = [
            (Kind::Deal, Kind::Contact),
            (Kind::Deal, Kind::Company),
            (Kind::Contact, Kind::Company),
            (Kind::Task, Kind::Deal),
        ];
        let (from, to) = self.dice.pick(&pairs).copied()?;
        Some(((from, self.any(from)?), to))
    }

    fn associate(&mut self) -> Done {
        let (from, kind) = self.pair()?;
        let to = self.any(kind)?;
        let there =
            |s: &crate::hubspot::state::State| s.associated(from, kind).iter().any(|(id, _)| *id == to);
        if self.sandbox.read(there) {
            return None;
        }
        self.sandbox.associate(from, (kind, to)).ok().map(|()| from)
    }

    fn dissociate(&mut self) -> Done {
        let (from, kind) = self.pair()?;
        let there = self.sandbox.read(|s| s.associated(from, kind));
        let (to, _) = self.dice.pick(&there)?;
        self.sandbox.dissociate(from, (kind, *to));
        Some(from)
    }

    fn merge(&mut self) -> Done {
        let kind = self.kind();
        let (winner, loser) = (self.any(kind)?, self.any(kind)?);
        self.sandbox.merge(kind, winner, loser).ok().map(|kept| (kind, kept))
    }

    fn archive(&mut self) -> Done {
        let kind = self.dice.pick(&[Kind::Contact, Kind::Company, Kind::Deal, Kind::Task]).copied()?;
        let id = self.any(kind)?;
        self.sandbox.archive(kind, id).then_some((kind, id))
    }

    fn purge(&mut self) -> Done {
        let kind = self.kind();
        let id = self.any(kind)?;
        self.sandbox.purge(kind, id).then_some((kind, id))
    }

    fn restore(&mut self) -> Done {
        let kind = self.kind();
        let bin = self
            .sandbox
            .read(|s| s.all(kind).values().filter(|r| !r.is_live()).map(|r| r.id).collect::<Vec<_>>());
        let id = self.dice.pick(&bin).copied()?;
        self.sandbox.restore(kind, id).ok().map(|()| (kind, id))
    }

    fn set_task(&mut self, name: &str, value: &str) -> Done {
        let id = self.any(Kind::Task)?;
        self.set(Kind::Task, id, name, value)
    }

    fn edit_task(&mut self) -> Done {
        let n = self.dice.below(1000);
        match self.dice.index(2) {
            0 => self.set_task("hs_task_priority", if n.is_multiple_of(2) { "HIGH" } else { "LOW" }),
            _ => self.set_task("hs_task_subject", &format!("Renamed by a person {n}")),
        }
    }
}
