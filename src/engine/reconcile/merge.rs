//! One value out of several: which source wins a field, and why.

use super::{MergePolicy, draft::Source, normal, stage};
use model::{Canonical, ConnectionId, ExternalRef, Field, Fields, Kind, Timestamp, Value};
use std::{cmp::Reverse, collections::BTreeSet, fmt};

/// The reconciled fields. A single source's are taken as they are, out of it.
pub(super) fn canonical(kind: Kind, sources: &mut [Source<'_>], policy: &MergePolicy) -> Fields {
    let deal = if kind == Kind::Deal { winner(sources, Field::SourceStage, policy) } else { None };
    let standing = deal.map(|source| stage::standing(source, policy));
    let mut fields = match sources {
        [] => Fields::default(),
        [one] if one.fields.iter().any(|(field, _)| normal::is_derived(field)) => {
            normal::without_derived(&one.fields)
        }
        [one] => std::mem::take(&mut one.fields).into_owned(),
        several => several_merged(several, policy),
    };
    if let Some((stage, outcome)) = standing {
        if let Some(stage) = stage {
            fields.set(Field::Stage, Value::Stage(stage));
        }
        fields.set(Field::Outcome, Value::Outcome(outcome));
    }
    fields
}

fn several_merged(sources: &[Source<'_>], policy: &MergePolicy) -> Fields {
    let spoken = sources.iter().flat_map(|source| source.fields.iter().map(|(field, _)| field));
    let all: BTreeSet<Field> = spoken.filter(|field| !normal::is_derived(*field)).collect();
    let value = |field| winner(sources, field, policy).and_then(|source| source.fields.get(field)).cloned();
    all.into_iter().map(|field| (field, value(field).unwrap_or(Value::Empty))).collect()
}

/// The source whose value of a field counts; the first by rank even when nobody fills the field.
pub(super) fn winner<'s, 'k>(
    sources: &'s [Source<'k>],
    field: Field,
    policy: &MergePolicy,
) -> Option<&'s Source<'k>> {
    sources.iter().min_by(|a, b| rank_of(a, field, policy).cmp(&rank_of(b, field, policy)))
}

/// Order of claims to a field, best first: a value before none, the configured preference, the newest change,
/// then the connection's name and the vendor's id, so that the order of arrival never matters.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    empty: bool,
    place: usize,
    newest: Reverse<Timestamp>,
    connection: &'a ConnectionId,
    id: &'a str,
}

/// What one source says of a field, and what came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Explained {
    /// Who says it.
    pub source: ExternalRef,
    /// What.
    pub value: Value,
    /// It is the reconciled value.
    pub won: bool,
    /// Why it won or lost.
    pub reason: Reason,
}

/// Why a source's value won or lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// No other source knows the record.
    OnlySource,
    /// It says nothing, which never replaces something.
    Empty,
    /// The others say nothing.
    OnlyValue,
    /// The configuration prefers this connection for the field.
    Preferred,
    /// The configuration prefers the winner's connection.
    LessPreferred,
    /// Its source changed the record last, at this time.
    Newest(Timestamp),
    /// The winner's source changed the record later, at this time.
    Older(Timestamp),
    /// Changed at the same time; the connection's name (then the vendor's id) comes first.
    FirstByName,
    /// Changed at the same time; the winner's name comes first.
    LaterByName,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlySource => f.write_str("the only source"),
            Self::Empty => f.write_str("says nothing"),
            Self::OnlyValue => f.write_str("the only one with a value"),
            Self::Preferred => f.write_str("preferred for this field by configuration"),
            Self::LessPreferred => f.write_str("another connection is preferred for this field"),
            Self::Newest(at) => write!(f, "changed last, {at}"),
            Self::Older(at) => write!(f, "another source changed later, {at}"),
            Self::FirstByName => f.write_str("changed at the same time, first by name"),
            Self::LaterByName => f.write_str("changed at the same time, another is first by name"),
        }
    }
}

/// What each source says of a field, the winner first, each with its reason. The stage and the outcome, which
/// no source says, are explained by the source's stage that they follow from.
pub fn explain_field(record: &Canonical, field: Field, policy: &MergePolicy) -> Vec<Explained> {
    let field = if normal::is_derived(field) { Field::SourceStage } else { field };
    let mut sources: Vec<Source<'_>> = record.sources.iter().map(Source::known).collect();
    sources.sort_by(|a, b| rank_of(a, field, policy).cmp(&rank_of(b, field, policy)));
    let Some((best, rest)) = sources.split_first() else { return Vec::new() };
    let mut all = vec![explained(best, field, true, won_because(best, rest.first(), field, policy))];
    all.extend(rest.iter().map(|one| explained(one, field, false, lost_because(one, best, field, policy))));
    all
}

fn rank_of<'s>(source: &'s Source<'_>, field: Field, policy: &MergePolicy) -> Rank<'s> {
    Rank {
        empty: normal::filled(source.fields.get(field)).is_none(),
        place: policy.place(field, &source.reference.connection),
        newest: Reverse(source.modified),
        connection: &source.reference.connection,
        id: &source.reference.id,
    }
}

fn explained(source: &Source<'_>, field: Field, won: bool, reason: Reason) -> Explained {
    let value = source.fields.get(field).cloned().unwrap_or(Value::Empty);
    Explained { source: source.reference.clone(), value, won, reason }
}

fn won_because(best: &Source<'_>, next: Option<&Source<'_>>, field: Field, policy: &MergePolicy) -> Reason {
    let Some(next) = next else { return Reason::OnlySource };
    let (best, next) = (rank_of(best, field, policy), rank_of(next, field, policy));
    if best.empty {
        Reason::Empty
    } else if next.empty {
        Reason::OnlyValue
    } else if best.place != next.place {
        Reason::Preferred
    } else if best.newest != next.newest {
        Reason::Newest(best.newest.0)
    } else {
        Reason::FirstByName
    }
}

fn lost_because(one: &Source<'_>, best: &Source<'_>, field: Field, policy: &MergePolicy) -> Reason {
    let (one, best) = (rank_of(one, field, policy), rank_of(best, field, policy));
    if one.empty {
        Reason::Empty
    } else if one.place != best.place {
        Reason::LessPreferred
    } else if one.newest != best.newest {
        Reason::Older(best.newest.0)
    } else {
        Reason::LaterByName
    }
}
