//! Pipelines and their stages.

use super::kinds::Kind;
use super::problem::Problem;
use super::reply::Reply;
use super::state::State;
use crate::clock::iso;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    pub id: String,
    pub label: String,
    pub stages: Vec<Stage>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub id: String,
    pub label: String,
    /// Values are text, also numbers and booleans.
    pub metadata: BTreeMap<String, String>,
}

impl Pipeline {
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|s| s.id == id)
    }

    fn json(&self, order: usize) -> Value {
        let stages: Vec<Value> = self.stages.iter().enumerate().map(|(n, s)| s.json(n)).collect();
        json!({
            "id": self.id, "label": self.label, "displayOrder": order, "stages": stages,
            "createdAt": EPOCH, "updatedAt": EPOCH, "archived": false,
        })
    }
}

/// Built-in definitions carry the epoch without a fraction, as recorded.
const EPOCH: &str = "1970-01-01T00:00:00Z";

impl Stage {
    pub fn is_closed(&self) -> bool {
        self.metadata.get("isClosed").is_some_and(|v| v == "true")
    }

    pub fn probability(&self) -> String {
        self.metadata.get("probability").cloned().unwrap_or_default()
    }

    fn json(&self, order: usize) -> Value {
        json!({
            "id": self.id, "label": self.label, "displayOrder": order, "metadata": self.metadata,
            "createdAt": EPOCH, "updatedAt": iso(1_700_000_000_000), "archived": false,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        })
    }
}

/// Stage ids are HubSpot's default ones; labels are those of a team that calls its stages by their work.
const DEALS: [(&str, &str, &str); 7] = [
    ("appointmentscheduled", "Lead", "0.1"),
    ("qualifiedtobuy", "Qualification", "0.2"),
    ("presentationscheduled", "Demo", "0.4"),
    ("decisionmakerboughtin", "Proposal", "0.6"),
    ("contractsent", "Negotiation", "0.8"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
];

const TICKETS: [(&str, &str, &str); 4] = [
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
];

/// The ids of the default deal stages in their order; the last two are won and lost.
pub fn deal_stages() -> impl Iterator<Item = &'static str> {
    DEALS.iter().map(|(id, ..)| *id)
}

pub fn built_in() -> BTreeMap<Kind, Vec<Pipeline>> {
    let stage = |(id, label): (&str, &str), metadata: &[(&str, &str)]| Stage {
        id: id.to_owned(),
        label: label.to_owned(),
        metadata: metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    };
    let deals = DEALS.iter().map(|(id, label, odds)| {
        let closed = if matches!(*odds, "1.0" | "0.0") { "true" } else { "false" };
        stage((id, label), &[("isClosed", closed), ("probability", odds)])
    });
    let tickets = TICKETS.iter().map(|(id, label, state)| {
        let closed = if *state == "CLOSED" { "true" } else { "false" };
        stage((id, label), &[("isClosed", closed), ("ticketState", state)])
    });
    let sales =
        Pipeline { id: "default".to_owned(), label: "Sales Pipeline".to_owned(), stages: deals.collect() };
    let support =
        Pipeline { id: "0".to_owned(), label: "Support Pipeline".to_owned(), stages: tickets.collect() };
    BTreeMap::from([(Kind::Deal, vec![sales]), (Kind::Ticket, vec![support])])
}

/// `GET pipelines/{type}[/{id}[/stages[/{stage}]]]`; no paging.
pub fn get(state: &State, kind: Kind, rest: &[&str]) -> Result<Reply, Problem> {
    let list = state.pipelines.get(&kind).map_or(&[][..], Vec::as_slice);
    let all = || list.iter().enumerate();
    let one =
        |id: &str| all().find(|(_, p)| p.id == id).ok_or_else(|| Problem::not_found("Unknown pipeline"));
    let body = match rest {
        [] => json!({"results": all().map(|(n, p)| p.json(n)).collect::<Vec<_>>()}),
        [id] => one(id).map(|(n, p)| p.json(n))?,
        [id, "stages"] => {
            let stages = one(id)?.1.stages.iter().enumerate();
            json!({"results": stages.map(|(n, s)| s.json(n)).collect::<Vec<_>>()})
        }
        [id, "stages", wanted] => {
            let mut stages = one(id)?.1.stages.iter().enumerate();
            let found = stages.find(|(_, s)| s.id == *wanted).map(|(n, s)| s.json(n));
            found.ok_or_else(|| Problem::not_found("Unknown stage"))?
        }
        _ => return Err(Problem::not_found("resource not found")),
    };
    Ok(Reply::json(200, &body))
}
