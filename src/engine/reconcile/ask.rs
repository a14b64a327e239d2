//! The two rounds of questions.

use model::{Change, ExternalRef, GoneHow, Intent, Key, Kind, Known, Links, MatchKey};
use std::collections::HashSet;

/// Round 1: everything that the page names: its records, the survivors of merges, our markers, and the deals
/// and people that an activity is about.
pub(super) fn names(changes: &[Change]) -> Vec<Key> {
    let mut keys = Vec::with_capacity(changes.len());
    let mut subjects = HashSet::new();
    for change in changes {
        match change {
            Change::Seen(seen) => {
                keys.push(Key::Ref(seen.reference.clone()));
                keys.extend(seen.marker.map(Key::Marker));
                let about = subjects_of(&seen.reference, &seen.links);
                keys.extend(about.filter(|one| subjects.insert(one.clone())).map(Key::Ref));
            }
            Change::Gone(gone) => {
                keys.push(Key::Ref(gone.reference.clone()));
                if let GoneHow::Merged { into } = &gone.how {
                    keys.push(Key::Ref(survivor(&gone.reference, into)));
                }
            }
            Change::Exists(_) | Change::Unreadable { .. } => {}
        }
    }
    keys
}

/// Round 2: who else carries the match key of a record that is new, our task behind a new one that bears our
/// marker, and what a changed activity is about by the links that we have stored.
pub(super) fn matches(changes: &[Change], keys: &[Option<MatchKey>], known: &Known) -> Vec<Key> {
    let mut wanted = Vec::new();
    for (change, key) in changes.iter().zip(keys) {
        let Change::Seen(seen) = change else { continue };
        if let Some(linked) = known.links.get(&seen.reference) {
            if linked.version != seen.version {
                let about = subjects_of(&seen.reference, &linked.links);
                wanted.extend(about.filter(|one| !known.links.contains_key(one)).map(Key::Ref));
            }
            continue;
        }
        wanted.extend(key.clone().map(Key::Match));
        let Some(marker) = seen.marker else { continue };
        if let Some(one) = known.in_flight.iter().find(|one| one.write.key == marker)
            && let Intent::CreateTask { task, .. } = one.write.intent
        {
            wanted.push(Key::Canonical(task));
        }
    }
    wanted
}

/// The record of the same source that another one was merged into.
pub(super) fn survivor(loser: &ExternalRef, into: &str) -> ExternalRef {
    ExternalRef::new(&loser.connection, loser.kind, into)
}

/// The deals and people that an activity is about, by its links.
pub(super) fn subjects_of<'a>(
    activity: &'a ExternalRef,
    links: &'a [Links],
) -> impl Iterator<Item = ExternalRef> + 'a {
    let counts = |set: &&Links| is_activity(activity.kind) && matches!(set.to, Kind::Deal | Kind::Contact);
    let ends = |set: &'a Links| set.targets.iter().map(|target| (set.to, target.id.clone()));
    links.iter().filter(counts).flat_map(ends).map(|(to, id)| ExternalRef::new(&activity.connection, to, id))
}

/// Something that was done or is to be done, rather than somebody or something.
const fn is_activity(kind: Kind) -> bool {
    match kind {
        Kind::Task | Kind::Note | Kind::Email | Kind::Meeting | Kind::Call => true,
        Kind::Company | Kind::Contact | Kind::Deal | Kind::Owner | Kind::Pipeline => false,
    }
}
