//! The false-delete firewall: when absence from a listing may be called a deletion.

use super::MergePolicy;
use model::{ExternalRef, Gone, GoneHow, Known, Timestamp, Version};

/// How a listing of a stream came out.
#[derive(Clone, Debug)]
pub struct Census {
    /// It proved that it listed everything.
    pub complete: bool,
    /// When it began.
    pub began: Timestamp,
    /// Living records that we knew before it began.
    pub alive: u64,
    /// How many of those it did not list.
    pub absent: u64,
    /// Those, or as many of them as were looked up.
    pub missing: Vec<ExternalRef>,
}

/// What follows from a census.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// These are gone; they go through `reconcile` like any other change.
    Mark(Vec<Gone>),
    /// So many are absent that the listing is doubted: nothing is marked, a person is told why.
    Quarantine(String),
    /// The listing did not prove complete: absence means nothing.
    Unproven,
}

/// Judges a census. `known` holds the links of the missing records: one that was changed or came back since the
/// census began lives, whatever the listing says; one that is gone already is passed over.
pub fn absent(census: &Census, known: &Known, policy: &MergePolicy) -> Verdict {
    if !census.complete {
        return Verdict::Unproven;
    }
    let limits = policy.drop_limits;
    let many = census.absent > limits.records
        && census.absent.saturating_mul(1_000) > census.alive.saturating_mul(limits.thousandths);
    let all = census.absent >= census.alive && census.alive >= limits.whole;
    if many || all {
        return Verdict::Quarantine(format!(
            "{} of {} known records are absent from a complete listing, more than is believed unseen \
             (over {} and over {} %, or all of them)",
            census.absent,
            census.alive,
            limits.records,
            percent(limits.thousandths),
        ));
    }
    let gone = |reference: &&ExternalRef| {
        known.links.get(*reference).is_some_and(|linked| {
            let since = modified(known, reference).is_some_and(|at| at >= census.began);
            linked.gone.is_none() && !since
        })
    };
    let mark = |reference: &ExternalRef| Gone {
        reference: reference.clone(),
        how: GoneHow::Absent,
        at: census.began,
    };
    Verdict::Mark(census.missing.iter().filter(gone).map(mark).collect())
}

/// When the source last changed the record, as far as we know.
fn modified(known: &Known, reference: &ExternalRef) -> Option<Timestamp> {
    let linked = known.links.get(reference)?;
    if let Version::At(at) = linked.version {
        return Some(at);
    }
    let sources = &known.records.get(&linked.record)?.sources;
    sources.iter().find(|source| source.reference == *reference).map(|source| source.modified)
}

fn percent(thousandths: u64) -> String {
    if thousandths.is_multiple_of(10) {
        (thousandths / 10).to_string()
    } else {
        format!("{}.{}", thousandths / 10, thousandths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{ConnectionId, Id, Kind, Linked};

    fn reference(id: u64) -> ExternalRef {
        ExternalRef::new(&ConnectionId::from("crm"), Kind::Deal, id.to_string())
    }

    fn known(ids: impl IntoIterator<Item = u64>, changed: i64) -> Known {
        let link = |id| {
            let version = Version::At(Timestamp::from_millis(changed));
            (reference(id), Linked { record: Id::v7(1, 1), version, links: Vec::new(), gone: None })
        };
        Known { links: ids.into_iter().map(link).collect(), ..Known::default() }
    }

    fn census(alive: u64, absent: u64) -> Census {
        let missing = (0..absent).map(reference).collect();
        Census { complete: true, began: Timestamp::from_millis(100), alive, absent, missing }
    }

    fn marked(verdict: Verdict) -> Option<usize> {
        match verdict {
            Verdict::Mark(gone) => Some(gone.len()),
            Verdict::Quarantine(_) | Verdict::Unproven => None,
        }
    }

    #[test]
    fn few_absences_are_believed_and_a_sudden_drop_is_not() {
        for (alive, missing, wanted) in [
            (1_000, 0, Some(0)),
            (1_000, 50, Some(50)),
            (1_000, 51, None),
            (30, 20, Some(20)),
            (30, 21, None),
            (5, 5, None),
            (4, 4, Some(4)),
            (100_000, 5_000, Some(5_000)),
        ] {
            let verdict = absent(&census(alive, missing), &known(0..missing, 0), &MergePolicy::default());
            assert_eq!(marked(verdict), wanted, "{missing} of {alive}");
        }
    }

    #[test]
    fn a_listing_without_proof_marks_nothing() {
        let open = Census { complete: false, ..census(1_000, 1) };
        assert_eq!(absent(&open, &known(0..1, 0), &MergePolicy::default()), Verdict::Unproven);
    }

    #[test]
    fn what_changed_since_the_census_began_lives() {
        let verdict = absent(&census(1_000, 3), &known(0..3, 100), &MergePolicy::default());
        assert_eq!(verdict, Verdict::Mark(Vec::new()));
    }

    #[test]
    fn what_we_never_knew_or_know_to_be_gone_is_not_marked_again() {
        let mut known = known(0..2, 0);
        known.links.get_mut(&reference(1)).unwrap().gone = Some(GoneHow::Archived);
        let verdict = absent(&census(1_000, 3), &known, &MergePolicy::default());
        assert_eq!(marked(verdict), Some(1));
    }
}
