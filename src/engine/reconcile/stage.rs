//! Where a deal stands, out of what its source says.

use super::{MergePolicy, draft::Source};
use model::{DealOutcome, Field, Fields, Stage, Timestamp};
use std::time::Duration;

/// A deal untouched for so long after its creation has never left its first stage.
const JUST_CREATED: Duration = Duration::from_mins(1);

/// Our stage and outcome. A mapped stage that closes the deal decides; in any other one the vendor's own flags
/// do (Odoo marks a deal lost without moving it).
pub(super) fn standing(source: &Source<'_>, policy: &MergePolicy) -> (Option<Stage>, DealOutcome) {
    let stage = source.fields.text(Field::SourceStage);
    let mapped = stage.and_then(|stage| policy.mapped(&source.reference.connection, stage));
    let flags = (source.fields.bool(Field::Done), source.fields.bool(Field::Won));
    let by_flags = match flags {
        (_, Some(true)) => DealOutcome::Won,
        (Some(true), Some(false)) => DealOutcome::Lost,
        (Some(true), None) | (Some(false) | None, Some(false) | None) => DealOutcome::Open,
    };
    let outcome = match mapped.map(|mapped| mapped.outcome) {
        Some(closed @ (DealOutcome::Won | DealOutcome::Lost)) => closed,
        Some(DealOutcome::Open) | None => by_flags,
    };
    (mapped.map(|mapped| mapped.stage), outcome)
}

/// Since when a deal seen for the first time is in its stage: known only when nobody touched it since it was
/// created.
pub(super) fn first_entered(fields: &Fields, modified: Timestamp) -> Option<Timestamp> {
    let created = fields.time(Field::CreatedAt)?;
    (modified.since(created) <= JUST_CREATED).then_some(created)
}
