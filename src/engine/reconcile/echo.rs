//! Our own writes, coming back. Recognised by marker and value, never by time: an echo may arrive before the
//! vendor's answer.

use super::{desk::Desk, normal::same};
use model::{
    ExternalRef, Field, InFlight, Intent, Kind, Observed, Receipt, Timestamp, Value, WriteKey, WriteState,
};
use std::collections::HashMap;

/// Writes that may explain what is seen.
pub(super) struct Ours<'k> {
    by_key: HashMap<WriteKey, &'k InFlight>,
    by_target: HashMap<&'k ExternalRef, Vec<&'k InFlight>>,
}

impl<'k> Ours<'k> {
    pub fn new(in_flight: &'k [InFlight]) -> Self {
        let mut by_target: HashMap<_, Vec<_>> = HashMap::new();
        for one in in_flight {
            by_target.entry(&one.write.target).or_default().push(one);
        }
        Self { by_key: in_flight.iter().map(|one| (one.write.key, one)).collect(), by_target }
    }

    /// The write that made the record seen. A marker copied to another connection or into a record of another
    /// kind proves nothing.
    fn maker(&self, seen: &Observed) -> Option<&'k InFlight> {
        let one = *self.by_key.get(&seen.marker?)?;
        let made = match one.write.intent {
            Intent::CreateTask { .. } => Kind::Task,
            Intent::CreateNote { .. } => Kind::Note,
            Intent::CreateEvent { .. } => Kind::Meeting,
            Intent::CompleteTask { .. }
            | Intent::ChangeStage { .. }
            | Intent::ChangeOwner { .. }
            | Intent::MoveEvent { .. }
            | Intent::Notify { .. } => return None,
        };
        let here = one.write.target.connection == seen.reference.connection && made == seen.reference.kind;
        here.then_some(one)
    }

    /// The write that may have set this field from `before` to `after`.
    ///
    /// A write that is done explains a change only from the value that it was decided on: the same value set
    /// again later is a person's doing.
    fn setter(
        &self,
        target: &ExternalRef,
        field: Field,
        before: Option<&Value>,
        after: &Value,
    ) -> Option<&'k InFlight> {
        let sets = |one: &&&InFlight| {
            let wanted = one.write.intent.field();
            wanted.is_some_and(|(name, value)| name == field && same(Some(&value), Some(after)))
        };
        let explains = |one: &&&InFlight| match one.state {
            WriteState::Sending { .. } | WriteState::Verify { .. } => true,
            WriteState::Done => {
                let expected = one.write.expects.iter().find(|(name, _)| *name == field);
                expected.is_none_or(|(_, value)| same(Some(value), before))
            }
            WriteState::Proposed
            | WriteState::Pending
            | WriteState::Retry { .. }
            | WriteState::Moved
            | WriteState::Refused
            | WriteState::Unknown
            | WriteState::Superseded { .. }
            | WriteState::Skipped { .. } => false,
        };
        // The newest explanation: an older one may be done for long.
        self.by_target.get(target)?.iter().rev().filter(sets).find(explains).copied()
    }
}

impl<'k> Desk<'k> {
    /// The write of ours that made this record, settled thereby.
    pub fn made_by_us(&mut self, seen: &Observed) -> Option<&'k InFlight> {
        let one = self.ours.maker(seen)?;
        self.settle(one, &seen.reference, seen.modified);
        Some(one)
    }

    /// Splits off the changed fields that writes of ours explain, and settles those writes.
    pub fn echoes(
        &mut self,
        reference: &ExternalRef,
        at: Timestamp,
        news: &[(Field, Option<Value>, Value)],
    ) -> Vec<(Field, Value)> {
        let mut echoed = Vec::new();
        for (field, before, after) in news {
            if let Some(one) = self.ours.setter(reference, *field, before.as_ref(), after) {
                self.settle(one, reference, at);
                echoed.push((*field, after.clone()));
            }
        }
        echoed
    }

    fn settle(&mut self, one: &InFlight, reference: &ExternalRef, at: Timestamp) {
        let again = self.intake.settled.iter().any(|(row, _)| *row == one.row);
        if !again && one.state.may_become(&WriteState::Done) {
            self.intake.settled.push((one.row, Receipt { reference: reference.clone(), at, found: true }));
        }
    }
}
