//! The only ways in which records change. Each validates, updates the indices, and writes the journal.

use super::check::Values;
use super::derive::Basis;
use super::kinds::Kind;
use super::problem::Problem;
use super::props::PropId;
use super::record::{Past, Record};
use super::state::{By, State};
use crate::journal::Effect;

impl State {
    /// Checks a create without doing it; gives the values in the form in which they are kept.
    pub fn check_create(&self, kind: Kind, values: &Values) -> Result<Values, Problem> {
        let values = self.checked(kind, values)?;
        if kind.is_activity() && values.get("hs_timestamp").is_none_or(String::is_empty) {
            let why = format!("Error creating {}. Some required properties were not set.", kind.type_id());
            return Err(Problem::invalid(why).with_context("properties", &["hs_timestamp"]));
        }
        self.check_stage(kind, &values, None)?;
        self.check_unique(kind, &values, None)?;
        Ok(values)
    }

    pub fn create(&mut self, by: By<'_>, kind: Kind, values: &Values) -> Result<u64, Problem> {
        let mut values = self.check_create(kind, values)?;
        let id = self.ids.next(kind);
        self.derived(by, kind, id, &Values::new(), true, &mut values);
        let visible = self.visible_at(by);
        let mut record = Record::new(id, by.at, self.packed(kind, &values));
        record.hide_from_index(by.at, visible);
        self.claim(kind, &record);
        self.all_mut(kind).insert(id, record);
        self.schedule_restamp(by, kind, id);
        self.journal.write(by.at, by.actor, kind, id, Effect::Created, values);
        Ok(id)
    }

    /// Checks an update; gives only the values that differ from what is there.
    pub fn check_update(&self, kind: Kind, id: u64, values: &Values) -> Result<Values, Problem> {
        let record = self.find_live(kind, id).ok_or_else(Problem::not_found_page)?;
        let values = self.checked(kind, values)?;
        self.check_stage(kind, &values, Some(record))?;
        self.check_unique(kind, &values, Some(record.id))?;
        let schema = self.schema(kind);
        let differs = |name: &String, value: &String| {
            schema.id(name).and_then(|id| record.props.get(id)).unwrap_or("") != value
        };
        Ok(values.into_iter().filter(|(name, value)| differs(name, value)).collect())
    }

    /// Sets values; where nothing differs nothing happens, not even to the modified date. Gives all that changed.
    pub fn update(&mut self, by: By<'_>, kind: Kind, id: u64, values: &Values) -> Result<Values, Problem> {
        let mut changes = self.check_update(kind, id, values)?;
        let record = self.find_live(kind, id).ok_or_else(Problem::not_found_page)?;
        if changes.is_empty() {
            return Ok(changes);
        }
        let (id, before) = (record.id, self.values(kind, record));
        self.derived(by, kind, id, &before, false, &mut changes);
        self.put(by, kind, id, &changes, true);
        self.journal.write(by.at, by.actor, kind, id, Effect::Updated, changes.clone());
        Ok(changes)
    }

    /// Writes values that are known to be good; `stamp` moves the modified date.
    pub(super) fn put(&mut self, by: By<'_>, kind: Kind, id: u64, changes: &Values, stamp: bool) {
        let visible = self.visible_at(by);
        let ids: Vec<(PropId, String)> = changes
            .iter()
            .filter_map(|(name, value)| Some((self.schema(kind).id(name)?, value.clone())))
            .collect();
        self.release(kind, id);
        let Some(record) = self.all_mut(kind).get_mut(&id) else { return };
        record.leave_in_index(by.at, visible);
        for (prop, value) in &ids {
            let first = !record.history.iter().any(|past| past.prop == *prop);
            if let Some(old) = record.props.get(*prop).filter(|_| first) {
                let past = Past { prop: *prop, value: old.to_owned(), at: record.created, source: "IMPORT" };
                record.history.push(past);
            }
            record.history.push(Past { prop: *prop, value: value.clone(), at: by.at, source: by.source() });
        }
        record.props = record.props.with(ids);
        if stamp {
            record.updated = record.updated.max(by.at);
        }
        let record = record.clone();
        self.claim(kind, &record);
    }

    /// Moves a record to the bin; `false` where there was nothing to move.
    pub fn archive(&mut self, by: By<'_>, kind: Kind, id: u64) -> bool {
        if !self.is_live(kind, id) {
            return false;
        }
        self.release(kind, id);
        let visible = self.visible_at(by);
        if let Some(record) = self.all_mut(kind).get_mut(&id) {
            record.leave_in_index(by.at, visible);
            record.archived = Some(by.at);
        }
        self.journal.write(by.at, by.actor, kind, id, Effect::Archived, Values::new());
        true
    }

    /// Removes a record for good, as a privacy request does; `false` where there was none.
    pub fn purge(&mut self, by: By<'_>, kind: Kind, id: u64) -> bool {
        self.release(kind, id);
        if self.all_mut(kind).remove(&id).is_none() {
            return false;
        }
        self.graph.forget((kind, id));
        self.journal.write(by.at, by.actor, kind, id, Effect::Purged, Values::new());
        true
    }

    /// Takes a record out of the bin, as people can; refused while another record holds one of its unique values.
    pub fn restore(&mut self, by: By<'_>, kind: Kind, id: u64) -> Result<(), Problem> {
        let record = self.all(kind).get(&id).filter(|r| !r.is_live()).ok_or_else(Problem::not_found_page)?;
        self.check_unique(kind, &self.values(kind, record), Some(id))?;
        let visible = self.visible_at(by);
        if let Some(record) = self.all_mut(kind).get_mut(&id) {
            record.leave_in_index(by.at, visible);
            record.archived = None;
            record.updated = record.updated.max(by.at);
            let record = record.clone();
            self.claim(kind, &record);
        }
        self.journal.write(by.at, by.actor, kind, id, Effect::Restored, Values::new());
        Ok(())
    }

    pub(super) fn derived(
        &self,
        by: By<'_>,
        kind: Kind,
        id: u64,
        before: &Values,
        creating: bool,
        changes: &mut Values,
    ) {
        let pipelines = self.pipelines.get(&kind).map_or(&[][..], Vec::as_slice);
        Basis { kind, id, at: by.at, before, pipelines, creating, source: by.source() }.complete(changes);
    }

    pub(super) fn packed(&self, kind: Kind, values: &Values) -> super::props::Props {
        let schema = self.schema(kind);
        super::props::Props::pack(values.iter().filter_map(|(name, v)| Some((schema.id(name)?, v.clone()))))
    }

    fn schedule_restamp(&mut self, by: By<'_>, kind: Kind, id: u64) {
        if let Some(dice) = self.restamp.as_mut().filter(|_| by.source() != "IMPORT") {
            let due = by.at + dice.between(1_000, 17_000);
            self.restamps.insert((due, kind, id));
        }
    }

    /// Gives every live record the same modified date, as portal-wide jobs do.
    pub fn restamp_all(&mut self, by: By<'_>, kind: Kind) -> usize {
        let live = self.all_mut(kind).values_mut().filter(|r| r.is_live());
        live.map(|record| record.updated = record.updated.max(by.at)).count()
    }

    /// Lets modified dates move by themselves that are due.
    pub fn restamp_due(&mut self, now: i64) {
        while let Some((due, kind, id)) = self.restamps.first().copied().filter(|(due, ..)| *due <= now) {
            self.restamps.remove(&(due, kind, id));
            if let Some(record) = self.all_mut(kind).get_mut(&id) {
                record.updated = record.updated.max(due);
            }
        }
    }
}
