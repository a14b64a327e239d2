//! Odoo's models as our kinds of records, one file per model.

pub mod activity;
pub mod event;
pub mod lead;
pub mod message;
pub mod partner;
pub mod stage;
pub mod user;

use model::{Fields, Kind, Links, Target, WriteKey};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The streams that Odoo has, in the order in which a first sync reads them.
pub const STREAMS: [Kind; 8] = [
    Kind::Owner,
    Kind::Pipeline,
    Kind::Company,
    Kind::Contact,
    Kind::Deal,
    Kind::Task,
    Kind::Note,
    Kind::Meeting,
];

/// How a stream is read.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Our kind.
    pub kind: Kind,
    /// Odoo's model.
    pub model: &'static str,
    /// Fields asked for.
    pub fields: &'static [&'static str],
    /// Which records of the model belong to the stream, archived ones included.
    pub domain: fn() -> Value,
    /// Which of them count as being there: an archived partner does not, a lost deal does.
    pub there: fn() -> Value,
    /// Reads one.
    pub parse: fn(&[u8]) -> Parsed,
}

/// A record that was read, or why it could not be.
pub type Parsed = Result<Box<dyn Row>, serde_json::Error>;

/// One record as Odoo sent it.
pub trait Row: Send + Sync {
    /// Odoo's id.
    fn id(&self) -> i64;
    /// Odoo's `write_date`.
    fn changed(&self) -> &str;
    /// Partners that it names, of whom must be known whether they are companies.
    fn partners(&self) -> Vec<i64> {
        Vec::new()
    }
    /// What it says in our words.
    fn mapped(&self, partners: &Partners) -> Mapped;
}

/// A record in our words.
#[derive(Default)]
pub struct Mapped {
    /// Fields.
    pub fields: Fields,
    /// Links, a complete set per kind.
    pub links: Vec<Links>,
    /// The write of ours that made it.
    pub marker: Option<WriteKey>,
    /// Put away at Odoo: no longer there for people.
    pub archived: bool,
}

/// The shape of a stream; `None` when Odoo has no such stream.
pub fn shape(kind: Kind) -> Option<Shape> {
    match kind {
        Kind::Company => Some(partner::COMPANIES),
        Kind::Contact => Some(partner::CONTACTS),
        Kind::Deal => Some(lead::SHAPE),
        Kind::Owner => Some(user::SHAPE),
        Kind::Pipeline => Some(stage::SHAPE),
        Kind::Task => Some(activity::SHAPE),
        Kind::Note => Some(message::SHAPE),
        Kind::Meeting => Some(event::SHAPE),
        Kind::Email | Kind::Call => None,
    }
}

fn parsed<T: Row + DeserializeOwned + 'static>(raw: &[u8]) -> Parsed {
    serde_json::from_slice::<T>(raw).map(|row| Box::new(row) as Box<dyn Row>)
}

fn all() -> Value {
    json!([])
}

/// What is known of partners that records name.
#[derive(Default)]
pub struct Partners(BTreeMap<i64, Partner>);

struct Partner {
    company: bool,
    /// The company to which a person belongs.
    employer: Option<i64>,
}

impl Partners {
    /// Reads the answer of a search for [`partner::KINDS`]; what can't be read is left out.
    pub fn read(rows: &[bytes::Bytes]) -> Self {
        let rows = rows.iter().filter_map(|row| serde_json::from_slice::<partner::KindRow>(row).ok());
        Self(
            rows.map(|row| (row.id, Partner { company: row.is_company, employer: row.employer() })).collect(),
        )
    }

    /// Links to these partners: companies, and contacts with their companies. A partner that we may not see is
    /// not linked.
    fn links(&self, ids: &[i64]) -> Vec<Links> {
        let (mut companies, mut contacts) = (BTreeSet::new(), BTreeSet::new());
        for (id, partner) in ids.iter().filter_map(|id| self.0.get_key_value(id)) {
            if partner.company {
                companies.insert(*id);
            } else {
                contacts.insert(*id);
                companies.extend(partner.employer);
            }
        }
        vec![links(Kind::Company, companies), links(Kind::Contact, contacts)]
    }
}

/// A complete set of links of one kind.
fn links(to: Kind, ids: impl IntoIterator<Item = i64>) -> Links {
    let mut targets: Vec<_> =
        ids.into_iter().map(|id| Target { id: id.to_string().into(), primary: false }).collect();
    targets.sort();
    targets.dedup();
    Links { to, targets }
}

/// Links of something that stands beside one record, or beside none.
fn beside(model: &str, id: i64, partners: &Partners) -> Vec<Links> {
    let deal = if model == lead::MODEL { Some(id) } else { None };
    let partner = if model == partner::MODEL { vec![id] } else { Vec::new() };
    let mut all = vec![links(Kind::Deal, deal)];
    all.extend(partners.links(&partner));
    all
}

/// The models beside which tasks and notes are read.
fn watched() -> Value {
    json!([lead::MODEL, partner::MODEL])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::recorded;
    use serde_json::value::RawValue;

    /// The records of a recorded listing.
    pub fn rows(name: &str) -> Vec<bytes::Bytes> {
        let (_, body) = recorded(name);
        let rows: Vec<&RawValue> = serde_json::from_slice(&body).unwrap();
        rows.iter().map(|row| body.slice_ref(row.get().as_bytes())).collect()
    }

    /// A recorded listing in our words, with the partners of another.
    pub fn mapped(shape: Shape, name: &str, partners: &str) -> Vec<(i64, Mapped)> {
        let partners =
            if partners.is_empty() { Partners::default() } else { Partners::read(&rows(partners)) };
        let read = |row: bytes::Bytes| {
            let row = (shape.parse)(&row).unwrap();
            (row.id(), row.mapped(&partners))
        };
        rows(name).into_iter().map(read).collect()
    }

    /// Ids that a record is linked to.
    pub fn linked(mapped: &Mapped, to: Kind) -> Vec<String> {
        let links = mapped.links.iter().find(|links| links.to == to).unwrap();
        links.targets.iter().map(|target| target.id.to_string()).collect()
    }

    #[test]
    fn every_stream_has_a_shape_that_asks_for_its_modification_time() {
        for kind in STREAMS {
            let shape = shape(kind).unwrap();
            assert!(shape.fields.contains(&"write_date"), "{kind}");
            assert_eq!(shape.kind, kind);
        }
    }
}
