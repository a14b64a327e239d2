//! Fills the account from CSV files: `accounts.csv`, `sales_teams.csv`, `sales_pipeline.csv`, and `products.csv`
//! where there is one (the columns of the public "CRM sales opportunities" data set).

mod error;
mod table;

pub use error::LoadError;

use crate::clock::{iso, parse};
use crate::core::Sandbox;
use crate::hubspot::Values;
use crate::hubspot::kinds::Kind;
use crate::hubspot::owners::Owner;
use crate::hubspot::state::{By, State};
use crate::journal::Actor;
use std::collections::BTreeMap;
use std::path::Path;
use table::{Row, rows};

/// How much was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub owners: usize,
    pub companies: usize,
    pub deals: usize,
}

impl Sandbox {
    /// Loads a folder. Nothing of a file is kept that has a bad line before it; the error names file and line.
    pub fn load_csv(&self, dir: &Path) -> Result<Loaded, LoadError> {
        let now = self.now();
        let mut inner = self.lock(now);
        let mut loader = Loader {
            state: &mut inner.hub.state,
            now,
            owners: BTreeMap::new(),
            companies: BTreeMap::new(),
            prices: BTreeMap::new(),
        };
        loader.products(dir)?;
        loader.teams(dir)?;
        loader.accounts(dir)?;
        let deals = loader.deals(dir)?;
        Ok(Loaded { owners: loader.owners.len(), companies: loader.companies.len(), deals })
    }
}

struct Loader<'a> {
    state: &'a mut State,
    now: i64,
    /// Name → id.
    owners: BTreeMap<String, u64>,
    companies: BTreeMap<String, u64>,
    prices: BTreeMap<String, String>,
}

fn slug(name: &str) -> String {
    let kept =
        name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect::<String>();
    kept.trim_matches('-').to_owned()
}

/// Products are spelt with and without spaces: `GTXPro` is `GTX Pro`.
fn squeezed(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

impl Loader<'_> {
    fn products(&mut self, dir: &Path) -> Result<(), LoadError> {
        let path = dir.join("products.csv");
        if !path.exists() {
            return Ok(());
        }
        for row in rows(&path)? {
            let row = row?;
            self.prices.insert(squeezed(row.text("product")?), row.number("sales_price")?.to_owned());
        }
        Ok(())
    }

    fn teams(&mut self, dir: &Path) -> Result<(), LoadError> {
        for row in rows(&dir.join("sales_teams.csv"))? {
            let row = row?;
            let name = row.text("sales_agent")?;
            let n = self.owners.len() as u64;
            let (first, last) = name.split_once(' ').unwrap_or((name, ""));
            let office = row.text("regional_office")?;
            let owner = Owner {
                id: 52_000_000 + n * 3,
                user_id: 9_700_000 + n,
                email: format!("{}@sandbox.test", slug(name).replace('-', ".")),
                first: first.to_owned(),
                last: last.to_owned(),
                teams: vec![(slug(office), office.to_owned())],
                archived: false,
                at: self.now,
            };
            self.owners.insert(name.to_owned(), owner.id);
            self.state.owners.insert(owner.id, owner);
        }
        Ok(())
    }

    fn accounts(&mut self, dir: &Path) -> Result<(), LoadError> {
        for row in rows(&dir.join("accounts.csv"))? {
            let row = row?;
            let name = row.text("account")?;
            let millions: f64 = row.number("revenue")?.parse().unwrap_or_default();
            let parent = row.get("subsidiary_of").unwrap_or("");
            let values = Values::from([
                ("name".to_owned(), name.to_owned()),
                ("domain".to_owned(), format!("{}.example", slug(name))),
                ("industry".to_owned(), row.text("sector")?.to_owned()),
                ("annualrevenue".to_owned(), format!("{:.0}", millions * 1e6)),
                ("numberofemployees".to_owned(), row.number("employees")?.to_owned()),
                ("founded_year".to_owned(), row.number("year_established")?.to_owned()),
                ("country".to_owned(), row.text("office_location")?.to_owned()),
                (
                    "description".to_owned(),
                    if parent.is_empty() { String::new() } else { format!("Subsidiary of {parent}") },
                ),
            ]);
            let by = By { actor: &Actor::Seed, at: self.now };
            let id = self.state.create(by, Kind::Company, &values).map_err(|p| row.error(p.message))?;
            if self.companies.insert(name.to_owned(), id).is_some() {
                return Err(row.error(format!("account {name:?} occurs twice")));
            }
        }
        Ok(())
    }

    fn deals(&mut self, dir: &Path) -> Result<usize, LoadError> {
        let mut count = 0;
        for row in rows(&dir.join("sales_pipeline.csv"))? {
            self.deal(&row?)?;
            count += 1;
        }
        Ok(count)
    }

    fn deal(&mut self, row: &Row) -> Result<(), LoadError> {
        let (agent, account) = (row.text("sales_agent")?, row.get("account").unwrap_or(""));
        let product = row.text("product")?;
        let owner =
            self.owners.get(agent).ok_or_else(|| row.error(format!("unknown sales agent {agent:?}")))?;
        let company = match account {
            "" => None,
            name => Some(
                *self.companies.get(name).ok_or_else(|| row.error(format!("unknown account {name:?}")))?,
            ),
        };
        let stage = match row.text("deal_stage")? {
            "Prospecting" => "appointmentscheduled",
            "Engaging" => "presentationscheduled",
            "Won" => "closedwon",
            "Lost" => "closedlost",
            other => {
                return Err(
                    row.error(format!("deal_stage {other:?} is none of Prospecting, Engaging, Won, Lost"))
                );
            }
        };
        let (engaged, closed) = (date(row, "engage_date")?, date(row, "close_date")?);
        let price = self.prices.get(&squeezed(product)).cloned().unwrap_or_default();
        let amount = row.optional_number("close_value")?.map_or(price, str::to_owned);
        let start = engaged.unwrap_or(self.now);
        let mut values = Values::from([
            (
                "dealname".to_owned(),
                format!("{} {product} {}", account, row.text("opportunity_id")?).trim().to_owned(),
            ),
            ("amount".to_owned(), amount),
            ("pipeline".to_owned(), "default".to_owned()),
            ("dealstage".to_owned(), "appointmentscheduled".to_owned()),
            ("hubspot_owner_id".to_owned(), owner.to_string()),
        ]);
        let by = |at| By { actor: &Actor::Seed, at };
        let problem = |p: crate::hubspot::problem::Problem| row.error(p.message);
        let id = self.state.create(by(start), Kind::Deal, &values).map_err(problem)?;
        if let Some(company) = company {
            self.state
                .associate(by(start), (Kind::Deal, id), (Kind::Company, company), &[])
                .map_err(problem)?;
        }
        values = Values::from([("dealstage".to_owned(), stage.to_owned())]);
        if let Some(at) = closed {
            values.insert("closedate".to_owned(), iso(at));
        }
        self.state
            .update(by(closed.unwrap_or(start).max(start)), Kind::Deal, id, &values)
            .map_err(problem)?;
        Ok(())
    }
}

fn date(row: &Row, column: &str) -> Result<Option<i64>, LoadError> {
    match row.get(column).unwrap_or("") {
        "" => Ok(None),
        text if text.len() == 10 => parse(text)
            .map(Some)
            .ok_or_else(|| row.error(format!("{column} {text:?} is not a date (YYYY-MM-DD)"))),
        text => Err(row.error(format!("{column} {text:?} is not a date (YYYY-MM-DD)"))),
    }
}
