//! The CRM of an office: the HubSpot sandbox, or a real Odoo, asked by its own account of what stands in it.

use crate::{odoo_server, rig::InMemory};
use connect::{Auth, Maker, Secret, Transport, http::auth::Bearer};
use runtime::settings::Settings;
use sandbox::Sandbox;
use serde_json::{Value, json};
use std::sync::Arc;

/// The first of the sandbox's users owns the deal.
const OWNER: &str = "41629700";

/// A CRM with one deal before its demo, of a company with one contact.
pub struct Crm {
    kind: Sort,
    /// The deal's id there.
    pub deal: String,
    /// Who owns it.
    owner: String,
}

enum Sort {
    Sandbox(Arc<Sandbox>),
    Odoo {
        server: odoo_server::Server,
        /// The stage that the deal is in.
        stage: i64,
    },
}

/// A task in the CRM.
pub struct Made {
    pub id: String,
    pub owner: String,
    /// The deal that it stands beside.
    pub deal: String,
}

impl Crm {
    /// The sandbox, by this clock.
    pub fn sandbox(clock: sandbox::clock::Clock) -> Self {
        use sandbox::{
            Kind::{Company, Contact, Deal},
            team::Size,
        };
        let config = sandbox::Config { limits: None, ..sandbox::Config::seeded(3) };
        let crm = Sandbox::new(&config, clock);
        crm.populate(&Size { owners: 2, companies: 0, contacts: 0, deals: 0, tasks: 0, wide: false });
        let company = crm.create(Company, &[("name", "Prospect"), ("domain", "prospect.example")]).unwrap();
        let who = [("email", "paula@prospect.example"), ("firstname", "Paula"), ("lastname", "Prospect")];
        let contact = crm.create(Contact, &who).unwrap();
        let what = [
            ("dealname", "Fifty seats"),
            ("pipeline", "default"),
            ("dealstage", "presentationscheduled"),
            ("hubspot_owner_id", OWNER),
        ];
        let deal = crm.create(Deal, &what).unwrap();
        for (from, to) in [
            ((Contact, contact), (Company, company)),
            ((Deal, deal), (Contact, contact)),
            ((Deal, deal), (Company, company)),
        ] {
            crm.associate(from, to).unwrap();
        }
        Self { kind: Sort::Sandbox(crm), deal: deal.to_string(), owner: OWNER.to_owned() }
    }

    /// A real Odoo in which this deal is the only one.
    pub async fn odoo(server: odoo_server::Server) -> Self {
        let any = json!([["active", "in", [true, false]]]);
        let others = server.call("crm.lead", "search", json!({"domain": any})).await;
        server.call("crm.lead", "unlink", json!({"ids": others})).await;
        let sellers = json!([["login", "=like", "%@sellers.example"]]);
        let owner =
            server.call("res.users", "search", json!({"domain": sellers, "limit": 1})).await[0].clone();
        let named = json!([["name", "=", "Qualified"]]);
        let stage = server.call("crm.stage", "search", json!({"domain": named, "limit": 1})).await[0].clone();
        let company = json!({"name": "Prospect", "is_company": true, "website": "https://prospect.example"});
        let company = created(&server, "res.partner", company).await;
        let who = json!({"name": "Paula Prospect", "email": "paula@prospect.example", "parent_id": company});
        let contact = created(&server, "res.partner", who).await;
        let what = json!({"type": "opportunity", "name": "Fifty seats", "partner_id": contact,
                          "stage_id": stage, "user_id": owner});
        let deal = created(&server, "crm.lead", what).await;
        let stage = stage.as_i64().unwrap();
        Self { kind: Sort::Odoo { server, stage }, deal: deal.to_string(), owner: owner.to_string() }
    }

    /// The sandbox; there is none where the CRM is another.
    pub fn hubspot(&self) -> &Arc<Sandbox> {
        match &self.kind {
            Sort::Sandbox(crm) => crm,
            Sort::Odoo { .. } => panic!("this office has an Odoo"),
        }
    }

    /// Its block of the configuration.
    pub fn settings(&self) -> String {
        let block =
            |vendor: &str| format!("[[connection]]\nid = \"crm\"\nvendor = \"{vendor}\"\nmode = \"auto\"\n");
        match &self.kind {
            Sort::Sandbox(_) => block("hubspot"),
            // Its four stages know no demonstration.
            Sort::Odoo { stage, .. } => {
                let map = format!("source = \"crm/{stage}\"\nstage = \"demonstration\"\n");
                format!("{}[[connection.stage]]\n{map}", block("odoo"))
            }
        }
    }

    /// How it is reached from within this process.
    pub fn way(&self) -> (Maker, String, Arc<dyn Transport>, Arc<dyn Auth>) {
        let bearer = |token: &str| Arc::new(Bearer::new(&Secret::new(token)).unwrap());
        match &self.kind {
            Sort::Sandbox(crm) => {
                let base = "https://api.hubapi.com/".to_owned();
                (hubspot::MAKER, base, Arc::new(InMemory(crm.clone())), bearer("pat-eu1-sandbox"))
            }
            Sort::Odoo { server, .. } => {
                let http = Arc::new(connect::HttpClient::new().unwrap());
                (odoo::MAKER, server.base.clone(), http, bearer(&server.key))
            }
        }
    }

    /// Tasks that were ever made by the write with this key.
    pub async fn made_with(&self, key: &str) -> Vec<Made> {
        match &self.kind {
            Sort::Sandbox(crm) => {
                let ids = crm.with_journal(|journal| {
                    let made = journal.creates_with(sandbox::Kind::Task, key);
                    made.iter().map(|entry| entry.id).collect::<Vec<_>>()
                });
                let snapshot = crm.snapshot();
                let task = |id: u64| {
                    let task = snapshot.get(sandbox::Kind::Task, id).unwrap();
                    let deal = task.associations["deals"].keys().next().unwrap().clone();
                    Made { id: id.to_string(), owner: task.properties["hubspot_owner_id"].clone(), deal }
                };
                ids.into_iter().map(task).collect()
            }
            Sort::Odoo { server, .. } => {
                let domain = json!([["active", "in", [true, false]], ["note", "ilike", key]]);
                let fields = json!(["user_id", "res_model", "res_id"]);
                let found = server
                    .call("mail.activity", "search_read", json!({"domain": domain, "fields": fields}))
                    .await;
                found.as_array().unwrap().iter().map(activity).collect()
            }
        }
    }

    /// All tasks that we ever made.
    pub async fn made(&self) -> usize {
        match &self.kind {
            Sort::Sandbox(crm) => crm.with_journal(|journal| {
                let tasks = journal.by_api().filter(|entry| entry.kind == sandbox::Kind::Task);
                tasks.filter(|entry| entry.effect == sandbox::Effect::Created).count()
            }),
            Sort::Odoo { server, .. } => {
                let ours = json!([["note", "ilike", "[so:"], ["active", "in", [true, false]]]);
                server.count("mail.activity", ours).await
            }
        }
    }

    /// The task stands beside the deal, and is its owner's.
    pub fn is_the_owners(&self, task: &Made) -> bool {
        (&task.deal, &task.owner) == (&self.deal, &self.owner)
    }

    /// The deal is in the stage in which it was made.
    pub async fn is_where_it_was(&self) -> bool {
        match &self.kind {
            Sort::Sandbox(crm) => {
                let stage = crm.value(sandbox::Kind::Deal, self.deal.parse().unwrap(), "dealstage");
                stage.as_deref() == Some("presentationscheduled")
            }
            Sort::Odoo { server, stage } => {
                let deal: i64 = self.deal.parse().unwrap();
                let asked = json!({"ids": [deal], "fields": ["stage_id"]});
                server.call("crm.lead", "read", asked).await[0]["stage_id"][0] == *stage
            }
        }
    }
}

async fn created(server: &odoo_server::Server, model: &str, values: Value) -> i64 {
    server.call(model, "create", json!({"vals_list": [values]})).await[0].as_i64().unwrap()
}

fn activity(row: &Value) -> Made {
    let deal = (row["res_model"] == "crm.lead").then(|| row["res_id"].to_string());
    Made { id: row["id"].to_string(), owner: row["user_id"][0].to_string(), deal: deal.unwrap_or_default() }
}

/// Settings as a file with these blocks says them.
pub fn settings(blocks: &[String]) -> Settings {
    Settings::read(std::path::Path::new("test.toml"), &blocks.concat()).unwrap()
}
