//! Properties that HubSpot sets by itself from others.

use super::check::Values;
use super::kinds::Kind;
use super::pipelines::Pipeline;
use crate::clock::iso;

/// What the derivation may look at.
pub struct Basis<'a> {
    pub kind: Kind,
    pub id: u64,
    pub at: i64,
    /// The record's values before the change; empty for a create.
    pub before: &'a Values,
    pub pipelines: &'a [Pipeline],
    pub creating: bool,
    pub source: &'static str,
}

impl Basis<'_> {
    fn now<'v>(&'v self, changes: &'v Values, name: &str) -> &'v str {
        changes.get(name).or_else(|| self.before.get(name)).map_or("", String::as_str)
    }

    /// Adds the derived properties to `changes`; never overrides what was sent.
    pub fn complete(&self, changes: &mut Values) {
        if self.creating {
            self.origin(changes);
        }
        match self.kind {
            Kind::Contact => self.contact(changes),
            Kind::Company => self.company(changes),
            Kind::Deal => self.deal(changes),
            Kind::Task => self.task(changes),
            Kind::Ticket | Kind::Note | Kind::Meeting | Kind::Call | Kind::Email => {}
        }
    }

    fn origin(&self, changes: &mut Values) {
        set(changes, "hs_object_source", self.source);
        set(changes, "hs_object_source_id", "4169410");
        set(changes, "hs_object_source_label", self.source);
    }

    fn contact(&self, changes: &mut Values) {
        if self.creating {
            set(changes, "hs_all_contact_vids", &self.id.to_string());
            set(changes, "hs_is_contact", "true");
            set(changes, "hs_is_unworked", "true");
            set(changes, "hs_pipeline", "contacts-lifecycle-pipeline");
            set(changes, "hs_currently_enrolled_in_prospecting_agent", "false");
            set(changes, "hs_membership_has_accessed_private_content", "0");
            set(changes, "hs_registered_member", "0");
            set(changes, "lifecyclestage", "lead");
            if changes.get("lifecyclestage").is_some_and(|stage| stage == "lead") {
                set(changes, "hs_lifecyclestage_lead_date", &iso(self.at));
            }
        }
        if let Some(email) = changes.get("email") {
            let domain = email.split_once('@').map_or("", |(_, domain)| domain).to_owned();
            changes.insert("hs_email_domain".to_owned(), domain);
        }
    }

    fn company(&self, changes: &mut Values) {
        if self.creating {
            set(changes, "hs_pipeline", "companies-lifecycle-pipeline");
            set(changes, "lifecyclestage", "lead");
            if let Some(domain) = changes.get("domain").cloned() {
                set(changes, "website", &domain);
            }
        }
    }

    fn deal(&self, changes: &mut Values) {
        if self.creating {
            set(changes, "pipeline", "default");
        }
        if !self.creating && !changes.contains_key("dealstage") {
            return;
        }
        let (pipeline, stage) = (self.now(changes, "pipeline"), self.now(changes, "dealstage"));
        let found = self.pipelines.iter().find(|p| p.id == pipeline).and_then(|p| p.stage(stage));
        let Some(stage) = found else { return };
        let (closed, probability) = (stage.is_closed(), stage.probability());
        let entered = format!("hs_v2_date_entered_{}", stage.id);
        changes.insert("hs_is_closed".to_owned(), closed.to_string());
        changes.insert("hs_is_closed_won".to_owned(), (closed && probability == "1.0").to_string());
        changes.insert("hs_deal_stage_probability".to_owned(), probability);
        changes.insert("hs_v2_date_entered_current_stage".to_owned(), iso(self.at));
        changes.insert(entered, iso(self.at));
        if closed && self.now(changes, "closedate").is_empty() {
            changes.insert("closedate".to_owned(), iso(self.at));
        }
    }

    fn task(&self, changes: &mut Values) {
        if self.creating {
            set(changes, "hs_task_status", "NOT_STARTED");
            set(changes, "hs_task_priority", "NONE");
            set(changes, "hs_task_type", "TODO");
        }
        if let Some(status) = changes.get("hs_task_status") {
            let done = status == "COMPLETED";
            changes.insert("hs_task_is_completed".to_owned(), done.to_string());
            let when = if done { iso(self.at) } else { String::new() };
            changes.insert("hs_task_completion_date".to_owned(), when);
        }
    }
}

fn set(changes: &mut Values, name: &str, value: &str) {
    changes.entry(name.to_owned()).or_insert_with(|| value.to_owned());
}
