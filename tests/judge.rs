//! The judges of a run: does the model say what the sandbox says, and was each decided write done once?
//! They map HubSpot's properties by themselves, so that a mistake of the connector does not cancel out.

use crate::rig::{Rig, connection};
use model::{ExternalRef, Field, Fields, Intent, Key, Kind, Money, Timestamp, Value};
use sandbox::snapshot::Shot;
use std::collections::{BTreeMap, BTreeSet};
use store::{WriteFilter, WriteRow};

const KINDS: [(Kind, sandbox::Kind); 4] = [
    (Kind::Company, sandbox::Kind::Company),
    (Kind::Contact, sandbox::Kind::Contact),
    (Kind::Deal, sandbox::Kind::Deal),
    (Kind::Task, sandbox::Kind::Task),
];

/// What the sandbox says of one record, in our fields.
fn expected(kind: Kind, shot: &Shot) -> BTreeMap<Field, Value> {
    let get = |name: &str| shot.properties.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let text = |name: &str| get(name).map_or(Value::Empty, |text| Value::Text(text.into()));
    let time =
        |name: &str| get(name).map_or(Value::Empty, |text| Value::Time(Timestamp::parse(text).unwrap()));
    let owner = || get("hubspot_owner_id").map_or(Value::Empty, |id| Value::Ref(id.into()));
    let fields = match kind {
        Kind::Company => {
            vec![(Field::Name, text("name")), (Field::City, text("city")), (Field::Owner, owner())]
        }
        Kind::Contact => vec![
            (Field::Email, get("email").map_or(Value::Empty, |text| Value::Text(text.to_lowercase().into()))),
            (Field::FirstName, text("firstname")),
            (Field::LastName, text("lastname")),
            (Field::Owner, owner()),
        ],
        Kind::Deal => {
            let currency = get("deal_currency_code").and_then(|code| code.parse().ok());
            let amount = get("amount").and_then(|text| Money::parse(text, currency));
            let stage = format!("{}/{}", get("pipeline").unwrap(), get("dealstage").unwrap());
            vec![
                (Field::Name, text("dealname")),
                (Field::Amount, amount.map_or(Value::Empty, Value::Money)),
                (Field::SourceStage, Value::Text(stage.into())),
                (Field::CloseDate, time("closedate")),
                (Field::Owner, owner()),
            ]
        }
        _ => vec![
            (Field::Name, text("hs_task_subject")),
            (Field::Done, Value::Bool(get("hs_task_status") == Some("COMPLETED"))),
            (Field::At, time("hs_timestamp")),
        ],
    };
    fields.into_iter().collect()
}

/// What the store says, by the vendor's id: each living source's own values.
async fn stored(rig: &Rig, kind: Kind) -> BTreeMap<String, Fields> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    loop {
        let page = rig.store.page(kind, after, 500).await.unwrap();
        for record in page.iter().filter(|record| record.gone.is_none()) {
            for source in &record.sources {
                found.insert(source.reference.id.to_string(), source.fields.clone());
            }
        }
        match page.last() {
            Some(last) if page.len() == 500 => after = Some(last.id),
            _ => return found,
        }
    }
}

/// Every difference between the model and the sandbox, in words; empty when they agree.
pub async fn differences(rig: &Rig) -> Vec<String> {
    let (snapshot, mut found) = (rig.sandbox.snapshot(), Vec::new());
    for (kind, theirs) in KINDS {
        let ours = stored(rig, kind).await;
        let living: BTreeMap<_, _> = snapshot.of_type(theirs).filter(|(_, shot)| !shot.archived).collect();
        for id in ours.keys().filter(|id| !living.contains_key(id)) {
            found.push(format!("{kind} {id} lives here and not there"));
        }
        for (id, shot) in &living {
            let Some(fields) = ours.get(*id) else {
                found.push(format!("{kind} {id} lives there and not here"));
                continue;
            };
            for (field, value) in expected(kind, shot) {
                let have = fields.get(field).cloned().unwrap_or(Value::Empty);
                if have != value {
                    found.push(format!("{kind} {id} {field:?}: there {value:?}, here {have:?}"));
                }
            }
        }
        found.extend(unlike_links(rig, kind, &living).await);
    }
    found
}

async fn unlike_links(rig: &Rig, kind: Kind, living: &BTreeMap<&String, &Shot>) -> Vec<String> {
    let wanted: &[Kind] = match kind {
        Kind::Contact => &[Kind::Company],
        Kind::Deal => &[Kind::Company, Kind::Contact],
        _ => &[],
    };
    let reference = |id: &str| ExternalRef::new(&connection(), kind, id);
    let keys: Vec<Key> = living.keys().map(|id| Key::Ref(reference(id))).collect();
    let known = rig.store.known(&keys).await.unwrap();
    let mut found = Vec::new();
    for (id, shot) in living {
        let Some(linked) = known.links.get(&reference(id)) else { continue };
        for to in wanted {
            let there: BTreeSet<&str> =
                shot.associations.get(to.plural()).into_iter().flatten().map(|(id, _)| id.as_str()).collect();
            let of = linked.links.iter().filter(|links| links.to == *to);
            let here: BTreeSet<&str> =
                of.flat_map(|links| links.targets.iter().map(|one| &*one.id)).collect();
            if there != here {
                found.push(format!("{kind} {id} -> {to}: there {there:?}, here {here:?}"));
            }
        }
    }
    found
}

/// Every write that was done more or less often than its state says, in words.
pub async fn misdone(rig: &Rig) -> Vec<String> {
    let rows = rig.store.writes(&WriteFilter::default(), 100_000).await.unwrap();
    rows.iter().filter_map(|row| misdone_one(rig, row)).collect()
}

fn misdone_one(rig: &Rig, row: &WriteRow) -> Option<String> {
    let state = row.state.name();
    let times = times(rig, row)?;
    let right = match state {
        "done" => times == 1,
        "refused" | "superseded" | "skipped" | "moved" | "proposed" | "pending" => times == 0,
        _ => false,
    };
    let what = || {
        format!(
            "write {} ({} {}) is {state} and was done {times} times: {:?}",
            row.row,
            row.write.intent.kind(),
            row.write.target,
            row.note
        )
    };
    (!right).then(what)
}

/// How often the sandbox saw a creation with the write's marker. `None` for writes that set a value: those are
/// idempotent, and a person may have set the same value before us.
fn times(rig: &Rig, row: &WriteRow) -> Option<usize> {
    let marker = row.write.key.to_string();
    let kind = match row.write.intent {
        Intent::CreateTask { .. } => sandbox::Kind::Task,
        Intent::CreateNote { .. } => sandbox::Kind::Note,
        Intent::CompleteTask { .. }
        | Intent::ChangeStage { .. }
        | Intent::ChangeOwner { .. }
        | Intent::CreateEvent { .. }
        | Intent::MoveEvent { .. }
        | Intent::Notify { .. } => return None,
    };
    Some(rig.sandbox.with_journal(|journal| journal.creates_with(kind, &marker).len()))
}
