//! What holds for every history.

use crate::reconcile::{Mapped, MergePolicy, testing::*};
use model::{
    Change, DealOutcome, EventKind, ExternalRef, Field, Fields, GoneHow, Intent, Kind, Observed, Stage,
    Value, Version, WriteState,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One step of a source: a record takes values, or leaves.
#[derive(Clone, Debug)]
struct Step {
    id: u8,
    kind: Kind,
    name: u8,
    city: u8,
    stage: u8,
    leaves: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(Kind::Contact), Just(Kind::Company), Just(Kind::Deal)];
    (0..4_u8, kind, 0..3_u8, 0..3_u8, 0..4_u8, prop::bool::weighted(0.1))
        .prop_map(|(id, kind, name, city, stage, leaves)| Step { id, kind, name, city, stage, leaves })
}

/// A source's history: the nth step happens at second n, so that each version is newer than the one before.
fn history(connection: &str, steps: &[Step], offset: i64) -> Vec<Change> {
    let change = |(n, step): (usize, &Step)| {
        let second = offset + i64::try_from(n).unwrap() + 1;
        let name = format!("{connection}/{}:{}", step.kind, step.id);
        if step.leaves {
            return gone(&name, second, GoneHow::Deleted);
        }
        let few = |value: u8, prefix: &str| match value {
            0 => Value::Empty,
            more => text(&format!("{prefix}{more}")),
        };
        // Keys are fixed per record: some shared across connections and within one.
        let key = step.id / 2;
        Change::Seen(observed(
            &name,
            second,
            [
                (Field::Name, few(step.name, "n")),
                (Field::City, few(step.city, "c")),
                (Field::Email, text(&format!("p{key}@acme.com"))),
                (Field::Domain, text(&format!("acme{key}.com"))),
                (Field::SourceStage, few(step.stage, "p/")),
            ],
        ))
    };
    steps.iter().enumerate().map(change).collect()
}

fn policy() -> MergePolicy {
    let mut policy = MergePolicy::default();
    policy.precedence.insert(Field::City, vec!["erp".into()]);
    for connection in ["crm", "erp"] {
        let of = |stage, outcome| Mapped { stage, outcome };
        let map = [
            ("p/1", of(Stage::Qualification, DealOutcome::Open)),
            ("p/2", of(Stage::Close, DealOutcome::Won)),
        ];
        let map = map.into_iter().map(|(name, to)| (name.into(), to)).collect();
        policy.stages.insert(connection.into(), map);
    }
    policy
}

/// Commits pages of at most `size`, in order.
fn feed(store: &mut Memory, changes: &[Change], size: usize) {
    for page in changes.chunks(size) {
        store.take(page.to_vec());
    }
}

fn last_words(changes: &[Change]) -> BTreeMap<ExternalRef, Option<Observed>> {
    let mut last = BTreeMap::new();
    for change in changes {
        match change {
            Change::Seen(seen) => drop(last.insert(seen.reference.clone(), Some(seen.clone()))),
            Change::Gone(gone) => drop(last.get_mut(&gone.reference).map(|word| *word = None)),
            Change::Exists(_) | Change::Unreadable { .. } => {}
        }
    }
    last
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_page_read_twice_writes_nothing_the_second_time(
        steps in prop::collection::vec(step(), 1..40), size in 1_usize..10,
    ) {
        let mut store = Memory::new(policy());
        let changes = history("crm", &steps, 0);
        feed(&mut store, &changes, size);
        // The state of every record again: what a re-read of a window or an audit brings.
        let again: Vec<_> = last_words(&changes).into_values().flatten().map(Change::Seen).collect();
        let plan = store.take(again);
        prop_assert!(nothing(&plan), "{:?}", plan);
        // And a re-read of a whole page, older versions and departures included, ends where it was.
        let before = store.living();
        feed(&mut store, &changes, size);
        prop_assert_eq!(store.living(), before);
    }

    #[test]
    fn the_last_word_of_each_record_counts_however_it_is_cut_into_pages(
        steps in prop::collection::vec(step(), 1..60), size in 1_usize..20,
    ) {
        let mut store = Memory::new(policy());
        let changes = history("crm", &steps, 0);
        feed(&mut store, &changes, size);
        for (reference, word) in last_words(&changes) {
            let record = store.of(&reference);
            prop_assert_eq!(record.gone.is_some(), word.is_none());
            for (field, value) in word.iter().flat_map(|word| word.fields.iter()) {
                let now = record.fields.get(field).cloned().unwrap_or(Value::Empty);
                prop_assert_eq!(&now, value, "{} {:?}", reference, field);
            }
        }
        let mut whole = Memory::new(policy());
        feed(&mut whole, &changes, usize::MAX);
        prop_assert_eq!(whole.living(), store.living());
    }

    #[test]
    fn the_order_of_two_connections_pages_does_not_matter(
        crm in prop::collection::vec(step(), 1..25), erp in prop::collection::vec(step(), 1..25),
        turns in prop::collection::vec(any::<bool>(), 60),
    ) {
        // Departures apart: what joins a record depends on whether it was still there.
        let stay = |steps: &[Step]| steps.iter().map(|s| Step { leaves: false, ..s.clone() }).collect::<Vec<_>>();
        let (crm, erp) = (history("crm", &stay(&crm), 0), history("erp", &stay(&erp), 7));
        let mut one = Memory::new(policy());
        feed(&mut one, &crm, 5);
        feed(&mut one, &erp, 3);
        let mut two = Memory::new(policy());
        let (mut crm, mut erp) = (crm.chunks(2), erp.chunks(4));
        for first in turns.into_iter().chain(std::iter::repeat_n(true, 25)).chain(std::iter::repeat_n(false, 25)) {
            let page = if first { crm.next() } else { erp.next() };
            page.map(|page| two.take(page.to_vec()));
        }
        prop_assert_eq!(one.living(), two.living());
    }

    #[test]
    fn an_echo_is_never_news(
        steps in prop::collection::vec(step(), 1..20), owner in 1..5_u8, stage in 1..4_u8, state in 0..3_u8,
        restamped in any::<bool>(),
    ) {
        let mut store = Memory::new(policy());
        let steps: Vec<_> = steps.iter().map(|s| Step { kind: Kind::Deal, leaves: false, ..s.clone() }).collect();
        let changes = history("crm", &steps, 0);
        feed(&mut store, &changes, 5);
        let told_before = store.events.len();
        let state = || match state {
            0 => sending(),
            1 => WriteState::Verify { at: at(500) },
            _ => WriteState::Done,
        };
        for (n, (reference, word)) in last_words(&changes).into_iter().enumerate() {
            // Given two writes on the deal, when it comes back with their values.
            let (name, row) = (reference.to_string(), i64::try_from(n).unwrap() * 2);
            let to = format!("p/{stage}");
            store.writes.push(in_flight(row, &name, Intent::ChangeOwner { to: owner.to_string().into() }, state()));
            store.writes.push(in_flight(row + 1, &name, Intent::ChangeStage { to: to.as_str().into() }, state()));
            let mut echo = word.unwrap();
            let mut fields: Fields = echo.fields.clone();
            fields.set(Field::Owner, Value::Ref(owner.to_string().into()));
            fields.set(Field::SourceStage, text(&to));
            echo.fields = fields;
            if restamped {
                (echo.version, echo.modified) = (Version::At(at(900)), at(900));
            }
            store.take(vec![Change::Seen(echo)]);
        }
        // Then no field is news; a stage entered by our doing stands under our name.
        for event in &store.events[told_before..] {
            let ours = matches!(event.kind, EventKind::StageEntered { .. } | EventKind::OutcomeChanged { .. });
            prop_assert!(ours && &*event.source == "engine", "{:?}", event);
        }
        let open = store.writes.iter().filter(|one| one.state != WriteState::Done && one.write.intent.field().is_some_and(|(f, _)| f == Field::Owner));
        prop_assert_eq!(open.count(), 0);
    }
}
