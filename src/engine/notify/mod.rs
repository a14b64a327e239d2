//! Who is told what, and when. Events become occasions; routes say who hears of which; each (route, recipient) is
//! a lane that holds notices back over quiet hours, for a digest, or when the hour's share is used up, and drops
//! repetitions. Nothing is lost: what is held back goes out later, together.

mod lane;
mod occasion;
mod quiet;
#[cfg(test)]
mod tests;
mod what;
mod words;

pub use lane::{Lane, Note};
pub use occasion::{About, Occasion, Person, occasion, trouble};
pub use quiet::Quiet;
pub use what::What;

use crate::flow::{Condition, Holds};
use jiff::tz::TimeZone;
use model::{ConnectionId, Timestamp, Write, work::SubjectView};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Whom a route tells.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum To {
    /// Always this address.
    Address(Box<str>),
    /// The owner of the deal or lead.
    Owner,
    /// The agent that has the task.
    Agent,
}

/// Which events are told to whom, by what way, how often.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub id: Box<str>,
    /// What it is about.
    pub on: BTreeSet<What>,
    /// Only where this holds of the deal or lead; where something it reads is unknown it does not.
    pub when: Option<Condition>,
    /// Whom.
    pub to: Vec<To>,
    /// The connection that carries it.
    pub via: ConnectionId,
    /// The same topic is told once in so long.
    pub dedupe: Duration,
    /// When nobody is to be disturbed.
    pub quiet: Option<Quiet>,
    /// Zone of the quiet hours; without it the recipient's.
    pub zone: Option<TimeZone>,
    /// Most messages per hour and recipient; what is beyond is held back and told together.
    pub cap_per_hour: usize,
    /// Collect for so long from the first on.
    pub digest: Option<Duration>,
    /// Twice is better than never.
    pub insist: bool,
}

/// A route's way to one recipient.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LaneName {
    /// The route's name.
    pub route: Box<str>,
    /// The recipient's address, in lower case.
    pub to: Box<str>,
}

/// What is remembered of every lane.
pub type Lanes = BTreeMap<LaneName, Lane>;

/// What came of it.
#[derive(Debug, Default)]
pub struct Routed {
    /// Messages to send.
    pub writes: Vec<Write>,
    /// When the next held-back notice is due.
    pub next: Option<Timestamp>,
    /// (route, cause) of those for whom there was no address.
    pub nobody: Vec<(Box<str>, String)>,
}

/// Puts occasions into the lanes of the routes that are about them, and takes out what is due. Lanes that have
/// nothing left to remember, and those of routes that are no more, go away. `holds` judges a route's condition;
/// `zone` is the organisation's.
pub fn route(
    occasions: &[Occasion],
    routes: &[Route],
    zone: &TimeZone,
    holds: impl Fn(&Condition, &SubjectView) -> Holds,
    lanes: &mut Lanes,
    now: Timestamp,
) -> Routed {
    let mut out = Routed::default();
    for occasion in occasions {
        for route in routes.iter().filter(|route| route.on.contains(&occasion.what)) {
            let wanted =
                |condition| occasion.view.as_ref().is_some_and(|view| holds(condition, view) == Holds::Yes);
            if !route.when.as_ref().is_none_or(wanted) {
                continue;
            }
            let people = recipients(route, occasion);
            if people.is_empty() {
                out.nobody.push((route.id.clone(), occasion.cause.clone()));
            }
            for person in people {
                let name = LaneName { route: route.id.clone(), to: person.address.clone() };
                lanes.entry(name).or_default().take(occasion, &person, route, now);
            }
        }
    }
    lanes.retain(|name, lane| {
        let Some(route) = routes.iter().find(|route| route.id == name.route) else { return false };
        out.writes.extend(lane.release(name, route, zone, now));
        let due = lane.due(route, zone, now);
        out.next = [out.next, due].into_iter().flatten().min();
        lane.forget(route, now);
        !lane.is_empty()
    });
    out
}

/// The people of a route, each once.
fn recipients(route: &Route, occasion: &Occasion) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for to in &route.to {
        let person = match to {
            To::Address(address) => Some(Person::new(address, None)),
            To::Owner => occasion.owner.clone(),
            To::Agent => occasion.agent.clone(),
        };
        people.extend(person.filter(|new| people.iter().all(|known| known.address != new.address)));
    }
    people
}
