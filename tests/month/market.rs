//! What happens outside: leads come in and reply, deals are made and move on, and people tick off, confirm, settle
//! and pause, most of them late.

use super::{
    crew::{escalation_body, status_body},
    ledger::Ledger,
    team::{PAUSES, between, chance},
};
use crate::rig::{Rig, connection};
use engine::dice::Dice;
use model::{
    ExternalRef, Id, Kind, MessageId, Stage, Timestamp,
    work::{
        Body, HandoffTo, Message, ORCHESTRATOR, Party, Subject,
        message::{EscalationStatus, HandoffBody, HandoffStatus, Status},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use store::{Actor, CaseFilter, Error, Raise, TaskFilter};

const MANY: usize = 100_000;
const DAY: Duration = Duration::from_hours(24);
/// The sandbox's pipeline, as the test's configuration reads it.
const PATH: [&str; 6] = [
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
];
const PERSON: &str = "olga";
/// Triggers that people raise, one a day in turn.
const TRIGGERS: [&str; 5] = ["on_demand", "campaign_launch", "strategy_planning", "schedule", "market_entry"];

/// The world around the daemon.
pub struct Market {
    dice: Dice,
    begun: Timestamp,
    leads_per_hour: u64,
    companies: Vec<u64>,
    owners: Vec<String>,
    made: u64,
    /// Changes at the source that are to come.
    to_come: BTreeMap<(Timestamp, u64), Change>,
    /// Leads whose outreach was seen.
    reached: BTreeSet<Id>,
    deals: BTreeMap<Id, u64>,
    /// CRM tasks that a person has seen.
    tasks: BTreeSet<u64>,
    said: u64,
    pub counts: BTreeMap<&'static str, u64>,
}

enum Change {
    Status(u64, &'static str),
    Deal(u64),
    Tick(u64),
}

impl Market {
    pub fn new(rig: &Rig, seed: u64, leads_per_week: u64) -> Self {
        let owners = rig.sandbox.owner_addresses();
        let owner = |n: usize| (41_629_700 + 7 * n as u64).to_string();
        Self {
            dice: Dice::seeded(seed ^ 0xa11),
            begun: rig.now(),
            leads_per_hour: leads_per_week.div_ceil(50),
            companies: companies(rig),
            owners: (0..owners.len().min(5)).map(owner).collect(),
            made: 0,
            to_come: BTreeMap::new(),
            reached: BTreeSet::new(),
            deals: BTreeMap::new(),
            tasks: BTreeSet::new(),
            said: 0,
            counts: BTreeMap::new(),
        }
    }

    /// One hour of it.
    pub async fn act(&mut self, rig: &Rig, ledger: &Ledger) {
        let now = rig.now();
        let hour = now.since(self.begun).as_secs() / 3_600;
        self.change(rig, now);
        if (8..18).contains(&(hour % 24)) && (hour / 24) % 7 < 5 {
            self.leads(rig);
            self.replies(rig, ledger, now).await;
            self.move_deals(rig, ledger).await;
            self.tick_tasks(rig, now);
        }
        self.settle(rig, now).await;
        for (agent, from, to) in PAUSES {
            if hour == from || hour == to {
                let actor = Actor(PERSON.into());
                rig.store.pause_agent(&actor, &agent.into(), hour == from, now).await.unwrap();
            }
        }
        if hour % 24 == 9 {
            self.daily(rig, hour / 24, now).await;
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn later(&mut self, now: Timestamp, hours: (u64, u64), change: Change) {
        let wait = Duration::from_secs(60 * between(&mut self.dice, (hours.0 * 60, hours.1 * 60)));
        let number = self.made;
        self.made += 1;
        self.to_come.insert((now + wait, number), change);
    }

    fn change(&mut self, rig: &Rig, now: Timestamp) {
        while let Some(first) = self.to_come.first_entry().filter(|first| first.key().0 <= now) {
            match first.remove() {
                Change::Status(contact, status) => {
                    self.count(status);
                    rig.sandbox.edit(sandbox::Kind::Contact, contact, &[("hs_lead_status", status)]).unwrap();
                    if status == "OPEN_DEAL" {
                        self.later(now, (20, 70), Change::Deal(contact));
                    }
                }
                Change::Deal(contact) => self.deal(rig, contact),
                Change::Tick(task) => {
                    self.count("ticked");
                    let done = [("hs_task_status", "COMPLETED")];
                    rig.sandbox.edit(sandbox::Kind::Task, task, &done).unwrap();
                }
            }
        }
    }

    fn leads(&mut self, rig: &Rig) {
        for _ in 0..self.leads_per_hour {
            self.made += 1;
            let (n, owner) = (self.made, self.owner());
            let email = format!("lead.{n}@company-{n}.example");
            let values = [
                ("email", email.as_str()),
                ("firstname", "Ada"),
                ("lastname", "Lead"),
                ("hs_lead_status", "NEW"),
                ("hubspot_owner_id", &owner),
            ];
            let contact = rig.sandbox.create(sandbox::Kind::Contact, &values).unwrap();
            let company = self.companies[usize::try_from(n).unwrap() % self.companies.len()];
            let ends = ((sandbox::Kind::Contact, contact), (sandbox::Kind::Company, company));
            rig.sandbox.associate(ends.0, ends.1).unwrap();
            self.count("leads");
        }
    }

    fn owner(&mut self) -> String {
        let at = self.dice.below(self.owners.len() as u64);
        self.owners[usize::try_from(at).unwrap()].clone()
    }

    /// Of those that were reached some reply.
    async fn replies(&mut self, rig: &Rig, ledger: &Ledger, now: Timestamp) {
        let reached = ledger.tasks.values().filter_map(|known| match &known.task.subject {
            Subject::Lead(lead) if &*known.task.action == "EXECUTE_OUTREACH" => {
                known.ended.as_ref().filter(|(how, _)| &**how == "done").map(|_| *lead)
            }
            _ => None,
        });
        let new: Vec<Id> = reached.filter(|lead| !self.reached.contains(lead)).collect();
        for lead in new {
            self.reached.insert(lead);
            let Some(contact) = theirs(rig, lead).await else { continue };
            let status = match self.dice.below(100) {
                0..8 => "OPEN_DEAL",
                8..12 => "CONNECTED",
                12..14 => "UNQUALIFIED",
                _ => continue,
            };
            self.later(now, (4, 80), Change::Status(contact, status));
        }
    }

    fn deal(&mut self, rig: &Rig, contact: u64) {
        self.count("deals");
        let large = chance(&mut self.dice, 150);
        let amount = between(&mut self.dice, if large { (55_000, 300_000) } else { (1_000, 45_000) });
        let (amount, owner) = (amount.to_string(), self.owner());
        let name = format!("Deal {contact}");
        let values = [
            ("dealname", name.as_str()),
            ("amount", &amount),
            ("deal_currency_code", "USD"),
            ("pipeline", "default"),
            ("dealstage", PATH[0]),
            ("closedate", "2026-02-01T00:00:00.000Z"),
            ("hubspot_owner_id", &owner),
        ];
        let deal = rig.sandbox.create(sandbox::Kind::Deal, &values).unwrap();
        let ends = ((sandbox::Kind::Deal, deal), (sandbox::Kind::Contact, contact));
        rig.sandbox.associate(ends.0, ends.1).unwrap();
    }

    /// A deal whose main work is done goes on, or is lost; some dates slip.
    async fn move_deals(&mut self, rig: &Rig, ledger: &Ledger) {
        for (deal, stage) in &ledger.stages {
            if *stage < Stage::Qualification || self.deals.get(deal) == Some(&0) {
                continue;
            }
            if !self.deals.contains_key(deal) {
                let id = theirs_of(rig, *deal, Kind::Deal).await.unwrap_or(0);
                self.deals.insert(*deal, id);
            }
            let id = self.deals[deal];
            let (open, done) = ledger.main_work(*deal);
            if chance(&mut self.dice, 5) && id > 0 {
                let day = 1 + self.made % 27;
                self.made += 1;
                let date = format!("2026-{:02}-{day:02}T00:00:00.000Z", 2 + self.made / 50 % 10);
                rig.sandbox.edit(sandbox::Kind::Deal, id, &[("closedate", &date)]).unwrap();
            }
            if open > 0 || done == 0 || id == 0 || !chance(&mut self.dice, 250) {
                continue;
            }
            let at = rig.sandbox.value(sandbox::Kind::Deal, id, "dealstage").unwrap();
            let place = PATH.iter().position(|stage| *stage == at).unwrap();
            let lost = chance(&mut self.dice, 120);
            let next = if lost { "closedlost" } else { PATH[place + 1] };
            if matches!(next, "closedlost" | "closedwon") {
                self.deals.insert(*deal, 0);
            }
            self.count(next);
            rig.sandbox.edit(sandbox::Kind::Deal, id, &[("dealstage", next)]).unwrap();
        }
    }

    /// People see new CRM tasks, and most of them get around to them.
    fn tick_tasks(&mut self, rig: &Rig, now: Timestamp) {
        let new: Vec<u64> =
            rig.sandbox.ids(sandbox::Kind::Task).into_iter().filter(|id| !self.tasks.contains(id)).collect();
        for id in new {
            self.tasks.insert(id);
            self.count("crm_tasks");
            if !chance(&mut self.dice, 60) {
                self.later(now, (1, 50), Change::Tick(id));
            }
        }
    }

    /// People answer handoffs and escalations, late or never.
    async fn settle(&mut self, rig: &Rig, now: Timestamp) {
        let (by, open) = (Party::Person(PERSON.into()), CaseFilter { open: true, ..CaseFilter::default() });
        for case in rig.store.handoffs(&by, &open, MANY).await.unwrap() {
            let ours = case.person_decides || matches!(case.to, HandoffTo::External(_));
            let often = if ours { 60 } else { 4 };
            if case.status == HandoffStatus::Confirmed || !chance(&mut self.dice, often) {
                continue;
            }
            let yes = chance(&mut self.dice, 700);
            let body = Body::Handoff(HandoffBody {
                handoff_id: Some(case.id.to_string().into()),
                status: if yes { HandoffStatus::Confirmed } else { HandoffStatus::Declined },
                lead: None,
                reason: (!yes).then(|| "not now".to_owned()),
            });
            self.say(rig, format!("handoff:{}", case.id), body, now).await;
            self.count("handoffs_answered");
        }
        for case in rig.store.escalations(&by, &open, MANY).await.unwrap() {
            // Every seventh is nobody's business, for ever.
            let nobodys = case.id.to_string().as_bytes()[0] % 7 == 0;
            if nobodys || !chance(&mut self.dice, 15) {
                continue;
            }
            let taken_up = case.status == EscalationStatus::Acknowledged || chance(&mut self.dice, 300);
            let status = if taken_up { EscalationStatus::Resolved } else { EscalationStatus::Acknowledged };
            let about = Some(case.id.to_string().into());
            let body = Body::Escalation(escalation_body(about, status, None, ""));
            self.say(rig, format!("escalation:{}", case.id), body, now).await;
            self.count("escalations_answered");
        }
    }

    /// A trigger, and what has waited for five days is dropped.
    async fn daily(&mut self, rig: &Rig, day: u64, now: Timestamp) {
        let raise = Raise {
            trigger: TRIGGERS[usize::try_from(day).unwrap() % TRIGGERS.len()].into(),
            occasion: format!("day {day}").into(),
            subject: Subject::Segment("technical-founders".into()),
            params: serde_json::Map::new(),
        };
        assert!(rig.store.raise(&Party::Person(PERSON.into()), raise, now).await.unwrap());
        for task in rig.store.tasks(&TaskFilter::in_state("queued"), MANY).await.unwrap() {
            if now.since(task.arrived) > 5 * DAY {
                let body = Body::Status(status_body(&task.id.to_string(), Status::Cancelled, None));
                self.say(rig, format!("task:{}", task.id), body, now).await;
                self.count("dropped");
            }
        }
    }

    async fn say(&mut self, rig: &Rig, conversation: String, body: Body, now: Timestamp) {
        self.said += 1;
        let message = Message {
            id: MessageId::new(format!("{PERSON}-{}", self.said)),
            sent_at: now,
            conversation: conversation.into(),
            in_reply_to: None,
            from: PERSON.into(),
            to: ORCHESTRATOR.into(),
            body,
        };
        match rig.store.say(&Party::Person(PERSON.into()), message, now).await {
            Ok(_) | Err(Error::Refused { .. }) => {}
            Err(error) => panic!("a person could not speak: {error}"),
        }
    }
}

/// The small ones, and two enterprises.
fn companies(rig: &Rig) -> Vec<u64> {
    let people = |id: &u64| {
        let text = rig.sandbox.value(sandbox::Kind::Company, *id, "numberofemployees");
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    let (small, large): (Vec<u64>, Vec<u64>) =
        rig.sandbox.ids(sandbox::Kind::Company).into_iter().partition(|id| people(id) < 1_000_u64);
    assert!(!small.is_empty(), "only enterprises");
    small.into_iter().chain(large.into_iter().take(1)).collect()
}

async fn theirs(rig: &Rig, contact: Id) -> Option<u64> {
    theirs_of(rig, contact, Kind::Contact).await
}

/// The vendor's id of a record.
async fn theirs_of(rig: &Rig, id: Id, kind: Kind) -> Option<u64> {
    let record = rig.store.record(id).await.unwrap()?;
    let of = |reference: &&ExternalRef| reference.connection == connection() && reference.kind == kind;
    record.sources.iter().map(|source| &source.reference).find(of)?.id.parse().ok()
}
