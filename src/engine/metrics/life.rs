//! What happened to one deal or lead, in order of time whatever the order in which it was read.

use model::{DealOutcome, Event, EventKind, Field, Money, Stage, Timestamp, Value, work::DealFact};

/// How a record left a stage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Left {
    /// To a later stage, or won.
    Forward,
    /// To an earlier stage.
    Back,
    /// Lost.
    Lost,
}

/// A record's history.
#[derive(Default)]
pub(super) struct Life<'a> {
    /// When, from where, to where.
    moves: Vec<(Timestamp, Option<Stage>, Stage)>,
    /// When it was closed or opened again.
    ends: Vec<(Timestamp, DealOutcome)>,
    /// When the amount changed, and what it was before.
    amounts: Vec<(Timestamp, &'a Value)>,
    /// When the CRM said that something happened.
    said: Vec<(Timestamp, &'a str)>,
    deal: Option<&'a DealFact>,
}

impl<'a> Life<'a> {
    pub fn of(deal: &'a DealFact) -> Self {
        Self { deal: Some(deal), ..Self::default() }
    }

    /// Takes an event in; `sort` has to follow.
    pub fn add(&mut self, event: &'a Event) {
        match &event.kind {
            EventKind::StageEntered { from, to } => self.moves.push((event.at, *from, *to)),
            EventKind::OutcomeChanged { to } => self.ends.push((event.at, *to)),
            EventKind::Changed { fields } => {
                for (field, before, after) in fields {
                    match field {
                        Field::Amount => self.amounts.push((event.at, before)),
                        Field::Milestones => self.said.push((event.at, text(after))),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    pub fn sort(&mut self) {
        self.moves.sort_unstable();
        self.ends.sort_unstable();
        self.amounts.sort_by_key(|(at, before)| (*at, before.to_string()));
        self.said.sort_unstable();
    }

    /// The deal, unless it is a lead or gone.
    pub const fn deal(&self) -> Option<&'a DealFact> {
        self.deal
    }

    /// The stage at a time, what happens at that instant included.
    pub fn stage_at(&self, at: Timestamp) -> Option<Stage> {
        self.stage_after(self.moves.partition_point(|(moved, ..)| *moved <= at))
    }

    /// The stage right before an instant.
    fn stage_before(&self, at: Timestamp) -> Option<Stage> {
        self.stage_after(self.moves.partition_point(|(moved, ..)| *moved < at))
    }

    /// The stage after so many moves.
    fn stage_after(&self, moves: usize) -> Option<Stage> {
        match (moves.checked_sub(1).and_then(|last| self.moves.get(last)), self.moves.first()) {
            (Some((_, _, to)), _) => Some(*to),
            (None, Some((_, from, _))) => *from,
            (None, None) => self.deal.and_then(|deal| deal.stage),
        }
    }

    fn became(&self, at: Timestamp, outcome: DealOutcome) -> bool {
        self.ends.binary_search(&(at, outcome)).is_ok()
    }

    fn closed_at(&self, at: Timestamp) -> bool {
        self.became(at, DealOutcome::Won) || self.became(at, DealOutcome::Lost)
    }

    /// Each time it left a stage. A closing that moves the deal as well is one leaving.
    pub fn leavings(&self, stage: Stage) -> impl Iterator<Item = (Timestamp, Left)> {
        let moved = self.moves.iter().filter(move |(_, from, to)| *from == Some(stage) && *to != stage);
        let moved = moved.map(move |(at, _, to)| match () {
            () if self.became(*at, DealOutcome::Lost) => (*at, Left::Lost),
            () if *to > stage => (*at, Left::Forward),
            () => (*at, Left::Back),
        });
        let stayed = move |at: Timestamp| {
            let left = self.moves.iter().any(|(moved, from, _)| *moved == at && *from == Some(stage));
            !left && self.stage_before(at) == Some(stage)
        };
        let closed = self.ends.iter().filter_map(move |(at, outcome)| match outcome {
            DealOutcome::Won if stayed(*at) => Some((*at, Left::Forward)),
            DealOutcome::Lost if stayed(*at) => Some((*at, Left::Lost)),
            _ => None,
        });
        moved.chain(closed)
    }

    /// First entry into a stage while open.
    pub fn entered(&self, stage: Stage) -> Option<Timestamp> {
        let entries = self.moves.iter().filter(|(at, _, to)| *to == stage && !self.closed_at(*at));
        entries.map(|(at, ..)| *at).next()
    }

    /// First known in a stage: it was there before anything moved.
    pub fn began_in(&self, stage: Stage) -> bool {
        matches!(self.moves.first(), Some((_, Some(from), _)) if *from == stage)
            || (self.moves.is_empty() && self.deal.is_some_and(|deal| deal.stage == Some(stage)))
    }

    /// It was open in negotiation or later. What was closed before we knew it says nothing.
    pub fn reached(&self, stage: Stage) -> bool {
        let entered = self.moves.iter().any(|(at, _, to)| *to >= stage && !self.closed_at(*at));
        let began = match self.moves.first() {
            Some((at, from, _)) => *from >= Some(stage) && !self.became(*at, DealOutcome::Open),
            None => !self.ends.is_empty() && self.deal.is_some_and(|deal| deal.stage >= Some(stage)),
        };
        entered || began
    }

    /// How a closed deal ended, and when: as we saw it, else by its close date.
    pub fn closing(&self) -> Option<(Timestamp, DealOutcome)> {
        let deal = self.deal.filter(|deal| deal.outcome != DealOutcome::Open)?;
        let seen = self.ends.iter().rev().find(|(_, outcome)| *outcome == deal.outcome);
        Some((seen.map(|(at, _)| *at).or(deal.close_date)?, deal.outcome))
    }

    /// The amount at a time.
    pub fn amount_at(&self, at: Timestamp) -> Option<Money> {
        match self.amounts.iter().find(|(changed, _)| *changed > at) {
            Some((_, Value::Money(before))) => Some(*before),
            Some(_) => None,
            None => self.deal.and_then(|deal| deal.amount),
        }
    }

    /// When the CRM first said that something happened.
    pub fn said(&self, milestone: &str) -> Option<Timestamp> {
        let says = |text: &str| text.split(';').any(|one| one.trim().eq_ignore_ascii_case(milestone));
        self.said.iter().find(|(_, text)| says(text)).map(|(at, _)| *at)
    }

    /// It went forward into a stage or beyond, at or after a time.
    pub fn went_on(&self, stage: Stage, since: Timestamp) -> bool {
        let on = |(at, from, to): &(Timestamp, Option<Stage>, Stage)| {
            *at >= since && *to >= stage && *from < Some(stage) && !self.became(*at, DealOutcome::Lost)
        };
        self.moves.iter().any(on)
    }
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}
