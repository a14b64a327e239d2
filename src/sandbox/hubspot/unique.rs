//! Unique values (contact e-mails, custom unique properties) and stages that must belong to their pipeline.

use super::check::Values;
use super::kinds::Kind;
use super::problem::Problem;
use super::props::PropId;
use super::record::Record;
use super::state::State;

impl State {
    /// Refuses values that another live record holds.
    pub(super) fn check_unique(&self, kind: Kind, values: &Values, own: Option<u64>) -> Result<(), Problem> {
        for prop in self.schema(kind).unique_ids() {
            let name = self.schema(kind).name(prop);
            let Some(value) = values.get(name).filter(|v| !v.is_empty()) else { continue };
            if let Some(holder) = self.find_unique(kind, prop, value).filter(|id| Some(*id) != own) {
                return Err(taken(kind, name, value, holder));
            }
        }
        Ok(())
    }

    /// A deal's stage must be one of its pipeline's.
    pub(super) fn check_stage(
        &self,
        kind: Kind,
        values: &Values,
        record: Option<&Record>,
    ) -> Result<(), Problem> {
        let (pipeline, stage) = match kind {
            Kind::Deal => ("pipeline", "dealstage"),
            Kind::Ticket => ("hs_pipeline", "hs_pipeline_stage"),
            _ => return Ok(()),
        };
        let Some(wanted) = values.get(stage).filter(|s| !s.is_empty()) else { return Ok(()) };
        let kept = |name: &str| {
            let prop = self.schema(kind).id(name)?;
            Some(record?.props.get(prop)?.to_owned())
        };
        let line = values.get(pipeline).cloned().or_else(|| kept(pipeline));
        let list = self.pipelines.get(&kind).map_or(&[][..], Vec::as_slice);
        let Some(found) = line.and_then(|id| list.iter().find(|p| p.id == id)).or_else(|| list.first())
        else {
            return Ok(());
        };
        if found.stage(wanted).is_some() {
            return Ok(());
        }
        let allowed: Vec<&str> = found.stages.iter().map(|s| s.id.as_str()).collect();
        let why = format!("{wanted} was not one of the allowed options: {allowed:?}");
        Err(Problem::property(stage, "INVALID_OPTION", &why))
    }

    /// Enters a live record's unique values.
    pub(super) fn claim(&mut self, kind: Kind, record: &Record) {
        if !record.is_live() {
            return;
        }
        for (prop, value) in self.claims(kind, record) {
            self.unique.entry((kind, prop)).or_default().insert(value, record.id);
        }
    }

    /// Gives a record's unique values free.
    pub(super) fn release(&mut self, kind: Kind, id: u64) {
        let Some(record) = self.all(kind).get(&id) else { return };
        for (prop, value) in self.claims(kind, record) {
            if let Some(held) = self.unique.get_mut(&(kind, prop)) {
                held.remove(&value);
            }
        }
    }

    /// The values that a record keeps for itself; secondary e-mails count as e-mails.
    fn claims(&self, kind: Kind, record: &Record) -> Vec<(PropId, String)> {
        let mut claims = Vec::new();
        for prop in self.schema(kind).unique_ids() {
            claims.extend(record.props.get(prop).filter(|v| !v.is_empty()).map(|v| (prop, v.to_lowercase())));
        }
        if let (Kind::Contact, Some(email), Some(more)) =
            (kind, self.schema(kind).id("email"), self.schema(kind).id("hs_additional_emails"))
        {
            let others = record.props.get(more).unwrap_or("").split(';').filter(|v| !v.is_empty());
            claims.extend(others.map(|v| (email, v.to_lowercase())));
        }
        claims
    }
}

fn taken(kind: Kind, name: &str, value: &str, holder: u64) -> Problem {
    if (kind, name) == (Kind::Contact, "email") {
        return Problem::conflict(format!("Contact already exists. Existing ID: {holder}"));
    }
    let why =
        format!("{name} must be unique: the value {value} is already in use by object with id {holder}");
    Problem::conflict(why).with_context("id", &[&holder.to_string()])
}
