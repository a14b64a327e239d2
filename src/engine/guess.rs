//! A first guess at what a vendor's pipeline stages mean, by the vendor's own flags, then by name, then by
//! probability, then by place. Shown for confirmation; the configuration overrides it stage by stage.

use crate::reconcile::Mapped;
use model::{DealOutcome, Field, Fields, Stage};
use std::collections::BTreeMap;

/// What a guess rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// The vendor marks the stage as won or lost.
    Flag,
    /// Words of its label.
    Name,
    /// Its probability.
    Probability,
    /// Its place in the pipeline.
    Place,
}

/// Words that tell a stage, most telling first: the first hit wins, so that "qualified lead" is qualification.
const WORDS: [(&str, Stage); 37] = [
    ("negotiat", Stage::Negotiation),
    ("redline", Stage::Negotiation),
    ("procure", Stage::Negotiation),
    ("legal", Stage::Negotiation),
    ("terms", Stage::Negotiation),
    ("bought", Stage::Negotiation),
    ("verbal", Stage::Close),
    ("contract", Stage::Close),
    ("commit", Stage::Close),
    ("sign", Stage::Close),
    ("closing", Stage::Close),
    ("propos", Stage::Proposal),
    ("quot", Stage::Proposal),
    ("pricing", Stage::Proposal),
    ("offer", Stage::Proposal),
    ("demo", Stage::Demonstration),
    ("present", Stage::Demonstration),
    ("evaluat", Stage::Demonstration),
    ("trial", Stage::Demonstration),
    ("pilot", Stage::Demonstration),
    ("poc", Stage::Demonstration),
    ("qualif", Stage::Qualification),
    ("discover", Stage::Qualification),
    ("appointment", Stage::Qualification),
    ("meeting", Stage::Qualification),
    ("needs", Stage::Qualification),
    ("engag", Stage::Qualification),
    ("lead", Stage::LeadGeneration),
    ("prospect", Stage::LeadGeneration),
    ("outreach", Stage::LeadGeneration),
    ("contacted", Stage::LeadGeneration),
    ("inbound", Stage::LeadGeneration),
    ("new", Stage::LeadGeneration),
    ("open", Stage::LeadGeneration),
    ("aware", Stage::Awareness),
    ("target", Stage::Awareness),
    ("subscrib", Stage::Awareness),
];

/// Upper bounds of probability in millionths per stage.
const CHANCES: [(i64, Stage); 5] = [
    (100_000, Stage::LeadGeneration),
    (300_000, Stage::Qualification),
    (550_000, Stage::Demonstration),
    (750_000, Stage::Proposal),
    (900_000, Stage::Negotiation),
];

/// Guesses the meaning of every stage of a connection. `stages` holds (`pipeline/stage`, fields of that
/// pipeline record).
pub fn guess<'a>(stages: impl Iterator<Item = (&'a str, &'a Fields)>) -> BTreeMap<Box<str>, (Mapped, By)> {
    stages.map(|(id, fields)| (id.into(), one(fields))).collect()
}

fn one(fields: &Fields) -> (Mapped, By) {
    let label = fields.text(Field::Name).unwrap_or_default().to_lowercase();
    let closed = |outcome, by| (Mapped { stage: Stage::Close, outcome }, by);
    let chance = fields.int(Field::Probability);
    if fields.bool(Field::Won) == Some(true) {
        return closed(DealOutcome::Won, By::Flag);
    }
    if fields.bool(Field::Done) == Some(true) {
        let outcome =
            if chance.unwrap_or_default() >= 1_000_000 { DealOutcome::Won } else { DealOutcome::Lost };
        return closed(outcome, By::Flag);
    }
    if ["lost", "dead", "cancel", "disqualif"].iter().any(|word| label.contains(word)) {
        return closed(DealOutcome::Lost, By::Name);
    }
    if label.split(|c: char| !c.is_alphanumeric()).any(|word| word == "won") {
        return closed(DealOutcome::Won, By::Name);
    }
    let open = |stage| Mapped { stage, outcome: DealOutcome::Open };
    if let Some((_, stage)) = WORDS.iter().find(|(word, _)| label.contains(word)) {
        return (open(*stage), By::Name);
    }
    if let Some(chance) = chance {
        let hit = CHANCES.iter().find(|(bound, _)| chance < *bound);
        return (open(hit.map_or(Stage::Close, |(_, stage)| *stage)), By::Probability);
    }
    let place = usize::try_from(fields.int(Field::Position).unwrap_or_default()).unwrap_or_default();
    (open(Stage::ALL.into_iter().skip(1).nth(place).unwrap_or(Stage::Close)), By::Place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Value;

    fn stage(label: &str, chance: Option<i64>, done: bool) -> Fields {
        let mut fields = Fields::default();
        fields.set(Field::Name, Value::Text(label.into()));
        if let Some(chance) = chance {
            fields.set(Field::Probability, Value::Int(chance));
        }
        fields.set(Field::Done, Value::Bool(done));
        fields
    }

    #[test]
    fn the_default_pipelines_of_the_vendors_are_understood() {
        // given the labels that HubSpot and Odoo ship
        let table = [
            ("Appointment Scheduled", Stage::Qualification),
            ("Qualified To Buy", Stage::Qualification),
            ("Presentation Scheduled", Stage::Demonstration),
            ("Decision Maker Bought-In", Stage::Negotiation),
            ("Contract Sent", Stage::Close),
            ("New", Stage::LeadGeneration),
            ("Proposition", Stage::Proposal),
        ];
        for (label, expected) in table {
            assert_eq!(
                one(&stage(label, Some(500_000), false)).0,
                Mapped { stage: expected, outcome: DealOutcome::Open }
            );
        }
    }

    #[test]
    fn flags_go_before_names_and_names_before_chances() {
        let won = one(&stage("New", Some(1_000_000), true));
        assert_eq!(won, (Mapped { stage: Stage::Close, outcome: DealOutcome::Won }, By::Flag));
        let lost = one(&stage("Closed lost", Some(0), true));
        assert_eq!(lost.0.outcome, DealOutcome::Lost);
        assert_eq!(one(&stage("Schritt 3", Some(600_000), false)).0.stage, Stage::Proposal);
        assert_eq!(one(&stage("Schritt 3", None, false)).1, By::Place);
    }
}
