//! Merging two records into one.

use super::check::Values;
use super::kinds::Kind;
use super::problem::Problem;
use super::record::Record;
use super::state::{By, State};
use crate::journal::Effect;

impl State {
    /// Merges `loser` into `winner`; gives the id of what remains.
    pub fn merge(&mut self, by: By<'_>, kind: Kind, winner: u64, loser: u64) -> Result<u64, Problem> {
        let live = |id| self.find_live(kind, id).ok_or_else(Problem::not_found_page);
        let (primary, second) = (live(winner)?, live(loser)?);
        if primary.id == second.id {
            return Err(Problem::invalid(format!("Cannot merge object with id {winner} into itself")));
        }
        let (winner, loser) = (primary.id, second.id);
        let changes = self.united(kind, primary, second);
        self.release(kind, loser);
        self.graph.inherit((kind, loser), (kind, winner));
        self.all_mut(kind).remove(&loser);
        self.merged.insert((kind, loser), winner);
        self.put(by, kind, winner, &changes, true);
        let kept = if self.merge_makes_new_id && kind != Kind::Contact {
            self.renumber(by, kind, winner)
        } else {
            winner
        };
        self.journal.write(by.at, by.actor, kind, kept, Effect::Merged { loser }, changes);
        Ok(kept)
    }

    /// What the winner takes over: blanks filled, ids and e-mails of the loser listed.
    fn united(&self, kind: Kind, winner: &Record, loser: &Record) -> Values {
        let (mine, theirs) = (self.values(kind, winner), self.values(kind, loser));
        let mut changes = Values::new();
        for (name, value) in &theirs {
            let system = self.schema(kind).named(name).is_none_or(|d| d.read_only);
            let blank = mine.get(name).is_none_or(String::is_empty);
            if !system && blank && !value.is_empty() {
                changes.insert(name.clone(), value.clone());
            }
        }
        let lost = [loser.id.to_string(), list(&theirs, "hs_merged_object_ids")];
        let ids = joined(&list(&mine, "hs_merged_object_ids"), &lost);
        if kind == Kind::Contact {
            changes.insert("hs_calculated_merged_vids".to_owned(), ids.clone());
            let more = [list(&theirs, "email"), list(&theirs, "hs_additional_emails")];
            let emails = joined(&list(&mine, "hs_additional_emails"), &more);
            if !emails.is_empty() && !changes.contains_key("email") {
                changes.insert("hs_additional_emails".to_owned(), emails);
            }
        }
        changes.insert("hs_merged_object_ids".to_owned(), ids);
        changes
    }

    /// Newer accounts give the merged record an id of its own.
    fn renumber(&mut self, by: By<'_>, kind: Kind, old: u64) -> u64 {
        self.release(kind, old);
        let Some(mut record) = self.all_mut(kind).remove(&old) else { return old };
        let new = self.ids.next(kind);
        record.id = new;
        self.merged.insert((kind, old), new);
        self.graph.inherit((kind, old), (kind, new));
        self.claim(kind, &record);
        self.all_mut(kind).insert(new, record);
        let ids = self.find(kind, new).map(|r| list(&self.values(kind, r), "hs_merged_object_ids"));
        let ids = joined(&ids.unwrap_or_default(), &[old.to_string()]);
        self.put(by, kind, new, &Values::from([("hs_merged_object_ids".to_owned(), ids)]), true);
        new
    }
}

fn list(values: &Values, name: &str) -> String {
    values.get(name).cloned().unwrap_or_default()
}

fn joined(first: &str, more: &[String]) -> String {
    let all = std::iter::once(first).chain(more.iter().map(String::as_str));
    all.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(";")
}
