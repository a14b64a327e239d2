//! The roster prepared for assignment: names turned into small numbers, agents listed by capability.

use super::{
    hours::{self, Calendar},
    roster::Roster,
};
use jiff::tz::TimeZone;
use model::{
    AgentId, Stage, Timestamp,
    work::{AgentSpec, Handoff, Layer},
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

/// Number of an agent: its place in the roster, which is sorted by id.
pub(super) type Seat = u32;

/// The roster, prepared. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Routing(Arc<Table>);

#[derive(Debug)]
struct Table {
    roster: Roster,
    zone: TimeZone,
    away: Absences,
    seats: Vec<SeatSpec>,
    numbers: HashMap<AgentId, Seat>,
    /// (seat, level in thousandths) of those with a capability, master agents apart, in order of seats.
    capable: HashMap<Box<str>, Vec<(Seat, u32)>>,
    masters: Vec<(Seat, u32)>,
    text: Arc<str>,
    hash: Box<str>,
}

/// When agents are away, by what their calendars say: from and until.
pub type Absences = BTreeMap<AgentId, Vec<(Timestamp, Timestamp)>>;

/// Everything that decides, as it is written down.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    roster: Cow<'a, Roster>,
    zone: Cow<'a, str>,
    away: Cow<'a, Absences>,
}

/// What assignment needs to know of an agent.
#[derive(Debug)]
pub(super) struct SeatSpec {
    pub calendar: Calendar,
    pub ramp: Duration,
    /// One bit per stage.
    pub stages: u8,
    /// Works beside the holder of enterprise deals.
    pub overlay: bool,
    /// How long an offer is open, where it must accept; and whether only its working hours count.
    accept: Option<(Duration, bool)>,
}

impl SeatSpec {
    /// Until when something that is offered now is reserved; `None` where it accepts by being told.
    pub fn offer_until(&self, now: Timestamp) -> Option<Timestamp> {
        let (time, business) = self.accept?;
        Some(if business { self.calendar.due_in(now, time) } else { now + time })
    }
}

/// Time in which an agent must accept, where it must.
fn accept(agent: &AgentSpec) -> Option<(Duration, bool)> {
    let business = !agent.reach.is_program();
    let usual = if business { ACCEPT_PERSON } else { ACCEPT_PROGRAM };
    let minutes = agent.accept_minutes.map(|minutes| Duration::from_mins(minutes.into()));
    agent.reach.accepts().then(|| (minutes.unwrap_or(usual), business))
}

/// A program has this long to accept an offer.
const ACCEPT_PROGRAM: Duration = Duration::from_mins(30);
/// A person has this long, by their working hours.
const ACCEPT_PERSON: Duration = Duration::from_hours(8);
/// Full level of a capability, in thousandths.
pub(super) const FULL: u32 = 1_000;

impl Routing {
    /// Prepares a roster in which nobody is away. `organisation` is the IANA zone of agents that name none.
    pub fn new(roster: &Roster, organisation: &str) -> Result<Self, String> {
        Self::with(roster, organisation, &Absences::new())
    }

    /// Prepares a roster.
    pub fn with(roster: &Roster, organisation: &str, away: &Absences) -> Result<Self, String> {
        let written = Written {
            roster: Cow::Borrowed(roster),
            zone: Cow::Borrowed(organisation),
            away: Cow::Borrowed(away),
        };
        let text = serde_json::to_string(&written).map_err(|error| error.to_string())?;
        let mut table = Table {
            zone: hours::zone(organisation)?,
            seats: Vec::with_capacity(roster.agents.len()),
            numbers: HashMap::new(),
            capable: HashMap::new(),
            masters: Vec::new(),
            hash: hash(&text),
            text: text.into(),
            away: away.clone(),
            roster: roster.clone(),
        };
        table.roster.agents.sort_by(|a, b| a.id.cmp(&b.id));
        let agents = table.roster.agents.clone();
        for (seat, agent) in (0..).zip(&agents) {
            table.add(seat, agent, away.get(&agent.id).map_or(&[], Vec::as_slice))?;
        }
        Ok(Self(Arc::new(table)))
    }

    /// Reads what [`Routing::text`] wrote.
    pub fn read(text: &str) -> Result<Self, String> {
        let Written { roster, zone, away } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Self::with(&roster, &zone, &away)
    }

    /// Everything that decides, written down; [`Routing::hash`] is its hash.
    pub fn text(&self) -> Arc<str> {
        self.0.text.clone()
    }

    /// The roster.
    pub fn roster(&self) -> &Roster {
        &self.0.roster
    }
    /// When agents are away by what their calendars say.
    pub fn absences(&self) -> &Absences {
        &self.0.away
    }
    /// The organisation's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.0.zone
    }
    /// Hash of everything that decides.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }
    /// Working hours of an agent; the organisation's whole day for one that is not on the roster.
    pub fn calendar(&self, agent: &AgentId) -> Option<&Calendar> {
        self.spec(self.seat(agent)?).map(|spec| &spec.calendar)
    }
    /// An enabled agent other than this one has the capability and is not away at that time.
    pub fn has_stand_in(&self, capability: &str, other_than: &AgentId, at: Timestamp) -> bool {
        self.capable(capability).iter().any(|(seat, _)| {
            let stands_in = |agent: &AgentSpec| agent.enabled && agent.id != *other_than;
            self.agent(*seat).is_some_and(stands_in)
                && self.spec(*seat).is_some_and(|spec| spec.calendar.back_after(at).is_none())
        })
    }
    /// An enabled agent other than the master has this capability.
    pub fn has_capable(&self, capability: &str) -> bool {
        let mut seats = self.capable(capability).iter();
        seats.any(|(seat, _)| self.agent(*seat).is_some_and(|agent| agent.enabled))
    }

    pub(super) fn seat(&self, agent: &AgentId) -> Option<Seat> {
        self.0.numbers.get(agent).copied()
    }
    pub(super) fn agent(&self, seat: Seat) -> Option<&AgentSpec> {
        self.0.roster.agents.get(seat as usize)
    }
    pub(super) fn spec(&self, seat: Seat) -> Option<&SeatSpec> {
        self.0.seats.get(seat as usize)
    }
    pub(super) fn capable(&self, capability: &str) -> &[(Seat, u32)] {
        self.0.capable.get(capability).map_or(&[], Vec::as_slice)
    }
    pub(super) fn masters(&self) -> &[(Seat, u32)] {
        &self.0.masters
    }
    /// Level of an agent in a capability, in thousandths; a master has all of them.
    pub(super) fn level(&self, seat: Seat, capability: &str) -> u32 {
        self.agent(seat).map_or(0, |agent| match agent.layer {
            Layer::Master => FULL,
            Layer::Intelligence | Layer::Revenue | Layer::Execution | Layer::Specialised | Layer::Support => {
                agent.capabilities.get(capability).copied().unwrap_or_default()
            }
        })
    }
}

impl Table {
    fn add(&mut self, seat: Seat, agent: &AgentSpec, away: &[(Timestamp, Timestamp)]) -> Result<(), String> {
        let calendar =
            Calendar::new(&agent.hours, &self.zone).map_err(|why| format!("{}: {why}", agent.id))?.away(away);
        self.seats.push(SeatSpec {
            calendar,
            ramp: hours::ramp_interval(agent.capacity.as_ref()),
            stages: agent.stages.iter().fold(0, |bits, stage| bits | stage_bit(*stage)),
            overlay: agent.handoff == Handoff::Overlay,
            accept: accept(agent),
        });
        self.numbers.insert(agent.id.clone(), seat);
        if agent.layer == Layer::Master {
            self.masters.push((seat, FULL));
            return Ok(());
        }
        for (capability, level) in agent.capabilities.iter().filter(|(_, level)| **level > 0) {
            self.capable.entry(capability.clone()).or_default().push((seat, *level));
        }
        Ok(())
    }
}

/// A stage as a bit.
pub(super) const fn stage_bit(stage: Stage) -> u8 {
    1 << stage as u8
}

fn hash(text: &str) -> Box<str> {
    let mut hash = String::with_capacity(32);
    for byte in model::hash::digest(&[text]) {
        // Writing to a String never fails.
        write!(hash, "{byte:02x}").unwrap_or_default();
    }
    hash.into_boxed_str()
}
