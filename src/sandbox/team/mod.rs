//! A realistic team from a seed: owners in teams, companies with domains, their people, and deals in every stage.

mod names;
mod wide;

pub use wide::WIDE;

use crate::core::Sandbox;
use crate::dice::Dice;
use crate::hubspot::Values;
use crate::hubspot::kinds::Kind;
use crate::hubspot::owners::Owner;
use crate::hubspot::pipelines::deal_stages;
use crate::hubspot::problem::Problem;
use crate::hubspot::state::{By, State};
use crate::journal::Actor;

/// How many of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// One more, deactivated, whose deals were never handed over, is added.
    pub owners: u64,
    pub companies: usize,
    pub contacts: usize,
    pub deals: usize,
    pub tasks: usize,
    /// Contacts carry the 36 properties of `WIDE` (about 1.3 KB of JSON).
    pub wide: bool,
}

impl Size {
    pub fn small() -> Self {
        Self { owners: 6, companies: 20, contacts: 50, deals: 40, tasks: 30, wide: false }
    }

    /// A demo's team.
    pub fn demo() -> Self {
        Self { owners: 12, companies: 200, contacts: 500, deals: 300, tasks: 150, wide: false }
    }

    /// Only contacts with 36 properties, for speed.
    pub fn bench(contacts: usize) -> Self {
        Self { owners: 4, companies: 0, contacts, deals: 0, tasks: 0, wide: true }
    }
}

const DAY: i64 = 86_400_000;
const FIRST_OWNER: u64 = 41_629_700;

impl Sandbox {
    /// Fills the account; what is made lies in the year before now and isn't journalled.
    pub fn populate(&self, size: &Size) {
        let now = self.now();
        let mut inner = self.lock(now);
        let dice = Dice::new(inner.seed, 7);
        let mut maker = Maker { state: &mut inner.hub.state, dice, now, owners: Vec::new() };
        maker.owners(size.owners);
        let companies: Vec<(u64, String)> =
            (0..size.companies).filter_map(|n| maker.company(n).ok()).collect();
        let contacts: Vec<(u64, Option<u64>)> =
            (0..size.contacts).filter_map(|n| maker.contact(n, &companies, size.wide).ok()).collect();
        let deals: Vec<u64> = (0..size.deals).filter_map(|n| maker.deal(n, &contacts).ok()).collect();
        for n in 0..size.tasks {
            maker.task(n, &deals);
        }
    }
}

struct Maker<'a> {
    state: &'a mut State,
    dice: Dice,
    now: i64,
    owners: Vec<u64>,
}

fn text(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

impl Maker<'_> {
    fn by(at: i64) -> By<'static> {
        By { actor: &Actor::Seed, at }
    }

    /// An instant up to `days` ago.
    fn ago(&mut self, days: i64) -> i64 {
        self.now - self.dice.between(1, days * DAY)
    }

    fn word<'w>(&mut self, words: &[&'w str]) -> &'w str {
        self.dice.pick(words).copied().unwrap_or_default()
    }

    fn owners(&mut self, count: u64) {
        for n in 0..=count {
            let (first, last) = (self.word(&names::FIRST), self.word(&names::LAST));
            let team = usize::try_from(n).unwrap_or(0) % names::TEAM.len();
            let id = FIRST_OWNER + n * 7;
            let owner = Owner {
                id,
                user_id: 9_586_500 + n,
                email: format!("{}.{n}@sandbox.test", first.to_lowercase()),
                first: first.to_owned(),
                last: last.to_owned(),
                teams: vec![(
                    (team + 1).to_string(),
                    names::TEAM.get(team).copied().unwrap_or("").to_owned(),
                )],
                archived: n == count,
                at: self.now - 400 * DAY,
            };
            self.state.owners.insert(id, owner);
            self.owners.push(id);
        }
    }

    fn owner(&mut self) -> String {
        self.dice.pick(&self.owners).map_or_else(String::new, u64::to_string)
    }

    fn company(&mut self, n: usize) -> Result<(u64, String), Problem> {
        let (name, trade) = (self.word(&names::COMPANY), self.word(&names::TRADE));
        let domain = format!("{}-{}-{n}.example", name.to_lowercase(), trade.to_lowercase());
        let (city, country, zip) = self.dice.pick(&names::CITY).copied().unwrap_or_default();
        let (employees, owner, at) = (self.dice.between(5, 5000).to_string(), self.owner(), self.ago(360));
        let values = text(&[
            ("name", &format!("{name} {trade} {n}")),
            ("domain", &domain),
            ("industry", trade),
            ("city", city),
            ("country", country),
            ("zip", zip),
            ("numberofemployees", &employees),
            ("annualrevenue", &(self.dice.between(1, 900) * 100_000).to_string()),
            ("hubspot_owner_id", &owner),
        ]);
        Ok((self.state.create(Self::by(at), Kind::Company, &values)?, domain))
    }

    fn contact(
        &mut self,
        n: usize,
        companies: &[(u64, String)],
        wide: bool,
    ) -> Result<(u64, Option<u64>), Problem> {
        let company = self.dice.pick(companies).cloned();
        let domain = company.as_ref().map_or("mail.example", |(_, domain)| domain.as_str());
        let (first, last) = (self.word(&names::FIRST), self.word(&names::LAST));
        let plain: String = last.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
        let email = format!("{}.{plain}.{n}@{domain}", first.to_lowercase());
        let phone = format!("+49 30 {:07}", self.dice.below(10_000_000));
        let (job, owner, at) = (self.word(&names::JOB), self.owner(), self.ago(340));
        let stage =
            self.word(&["lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"]);
        let mut values = text(&[
            ("email", &email),
            ("firstname", first),
            ("lastname", last),
            ("phone", &phone),
            ("jobtitle", job),
            ("lifecyclestage", stage),
            ("hubspot_owner_id", &owner),
        ]);
        if wide {
            wide::fill(&mut values, &mut self.dice, self.now);
        }
        let id = self.state.create(Self::by(at), Kind::Contact, &values)?;
        let company = company.map(|(company, _)| company);
        if let Some(company) = company {
            self.state.associate(Self::by(at), (Kind::Contact, id), (Kind::Company, company), &[])?;
        }
        Ok((id, company))
    }

    /// A deal walks from the first stage to where it stands, at plausible times.
    fn deal(&mut self, n: usize, contacts: &[(u64, Option<u64>)]) -> Result<u64, Problem> {
        let stages: Vec<&str> = deal_stages().collect();
        let contact = self.dice.pick(contacts).copied();
        let (product, owner) = (self.word(&names::PRODUCT), self.owner());
        let amount = (self.dice.between(5, 900) * 100).to_string();
        let mut at = self.ago(180);
        let close = crate::clock::iso(self.now + self.dice.between(1, 90) * DAY);
        let first = stages.first().copied().unwrap_or_default();
        let values = text(&[
            ("dealname", &format!("{product} {n}")),
            ("amount", &amount),
            ("deal_currency_code", "EUR"),
            ("pipeline", "default"),
            ("dealstage", first),
            ("closedate", &close),
            ("dealtype", self.word(&["newbusiness", "existingbusiness"])),
            ("hubspot_owner_id", &owner),
        ]);
        let id = self.state.create(Self::by(at), Kind::Deal, &values)?;
        if let Some((contact, company)) = contact {
            self.state.associate(Self::by(at), (Kind::Deal, id), (Kind::Contact, contact), &[])?;
            if let Some(company) = company {
                self.state.associate(Self::by(at), (Kind::Deal, id), (Kind::Company, company), &[])?;
            }
        }
        let end = self.dice.index(stages.len());
        let open = stages.len().saturating_sub(2);
        let path: Vec<&str> =
            stages.iter().take(end.min(open)).skip(1).chain(stages.get(end)).copied().collect();
        for stage in path {
            at = at.midpoint(self.now);
            self.state.update(Self::by(at), Kind::Deal, id, &text(&[("dealstage", stage)]))?;
        }
        Ok(id)
    }

    fn task(&mut self, n: usize, deals: &[u64]) {
        let (subject, owner, at) = (self.word(&names::TASK), self.owner(), self.ago(20));
        let due = crate::clock::iso(at + self.dice.between(1, 14) * DAY);
        let status = self.word(&["NOT_STARTED", "NOT_STARTED", "IN_PROGRESS", "COMPLETED"]);
        let values = text(&[
            ("hs_timestamp", &due),
            ("hs_task_subject", &format!("{subject} {n}")),
            ("hs_task_status", status),
            ("hs_task_priority", self.word(&["LOW", "MEDIUM", "HIGH"])),
            ("hs_task_type", self.word(&["TODO", "CALL", "EMAIL"])),
            ("hubspot_owner_id", &owner),
        ]);
        let made = self.state.create(Self::by(at), Kind::Task, &values);
        if let (Ok(task), Some(deal)) = (made, self.dice.pick(deals)) {
            let linked = self.state.associate(Self::by(at), (Kind::Task, task), (Kind::Deal, *deal), &[]);
            debug_assert!(linked.is_ok(), "both were just made");
        }
    }
}
