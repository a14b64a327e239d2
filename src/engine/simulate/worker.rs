//! An agent at work, with what is measured of it.

use crate::assign::{Calendar, Routing};
use jiff::tz::TimeZone;
use model::{
    AgentId, Timestamp,
    work::{AgentSpec, Capacity, Hours, Window},
};
use std::time::Duration;

/// One agent.
#[derive(Debug)]
pub struct Worker {
    pub id: AgentId,
    pub calendar: Calendar,
    pub capacity: Option<Capacity>,
    /// Never away.
    pub always: bool,
    /// At work when last looked.
    pub open: bool,
    /// Open tasks, whatever unit.
    pub tasks: u32,
    /// How much of its capacity is used.
    pub used: u32,
    pub peak: u32,
    /// Tasks that it was given, offers that it passed on included.
    pub given: u32,
    pub passed: u32,
    /// Started in each calendar week, the running one last.
    pub weeks: Vec<u32>,
    /// Used capacity times milliseconds, until `since`.
    area: f64,
    since: Timestamp,
    /// Working time with something to do.
    busy: Duration,
    busy_since: Option<Timestamp>,
}

impl Worker {
    pub fn new(agent: &AgentSpec, routing: &Routing, now: Timestamp) -> Self {
        let calendar = Calendar::new(&agent.hours, routing.zone());
        // A roster whose hours can't be read makes no routing.
        let calendar = calendar.or_else(|_| Calendar::new(&Hours::default(), &TimeZone::UTC));
        Self {
            id: agent.id.clone(),
            calendar: calendar.expect("hours without anything said are always right"),
            capacity: agent.capacity.clone(),
            always: agent.hours.days.is_empty() && agent.hours.span.is_none() && agent.hours.off.is_empty(),
            open: false,
            tasks: 0,
            used: 0,
            peak: 0,
            given: 0,
            passed: 0,
            weeks: vec![0],
            area: 0.0,
            since: now,
            busy: Duration::ZERO,
            busy_since: None,
        }
    }

    pub fn is_weekly(&self) -> bool {
        self.capacity.as_ref().is_some_and(|capacity| capacity.window == Window::Week)
    }

    pub fn is_full(&self) -> bool {
        self.capacity.as_ref().is_some_and(|capacity| self.used >= capacity.limit)
    }

    /// So much was started in a unit, or less after all.
    pub fn started(&mut self, unit: &str, add: i32) {
        let counts = self.capacity.as_ref().is_some_and(|capacity| &*capacity.unit == unit);
        if let Some(week) = self.weeks.last_mut().filter(|_| counts) {
            *week = week.saturating_add_signed(add);
        }
    }

    /// It holds so many tasks, and so much of its capacity is used, from now on.
    pub fn holds(&mut self, tasks: u32, used: u32, now: Timestamp) {
        self.area += f64::from(self.used) * now.since(self.since).as_secs_f64() * 1_000.0;
        self.since = now;
        self.used = used;
        self.peak = self.peak.max(used);
        self.tasks = tasks;
        match (self.busy_since, tasks) {
            (None, 1..) => self.busy_since = Some(now),
            (Some(since), 0) => {
                self.busy += self.calendar.worked(since, now);
                self.busy_since = None;
            }
            (None, 0) | (Some(_), 1..) => {}
        }
    }

    /// Share of the capacity that was used on average; by week over the whole weeks within the time, if any.
    pub fn share_used(&self, start: Timestamp, end: Timestamp) -> Option<f64> {
        let capacity = self.capacity.as_ref().filter(|capacity| capacity.limit > 0)?;
        let limit = f64::from(capacity.limit);
        Some(match capacity.window {
            Window::Concurrent => {
                let area = self.area + f64::from(self.used) * end.since(self.since).as_secs_f64() * 1_000.0;
                area / (end.since(start).as_secs_f64() * 1_000.0).max(1.0) / limit
            }
            Window::Week => {
                let whole = self.weeks.get(1..self.weeks.len() - 1).filter(|whole| !whole.is_empty());
                let weeks = whole.unwrap_or(&self.weeks);
                let count = u32::try_from(weeks.len()).unwrap_or(1).max(1);
                weeks.iter().map(|started| f64::from(*started)).sum::<f64>() / f64::from(count) / limit
            }
        })
    }

    /// Share of its working time in which it had something to do.
    pub fn share_busy(&self, start: Timestamp, end: Timestamp) -> f64 {
        let last = self.busy_since.map_or(Duration::ZERO, |since| self.calendar.worked(since, end));
        let all = self.calendar.worked(start, end).as_secs_f64();
        if all > 0.0 { (self.busy + last).as_secs_f64() / all } else { 0.0 }
    }
}
