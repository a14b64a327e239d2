//! `crm.lead`: leads and opportunities. A lost one is archived with the probability 0; one that is archived
//! without being lost was only put away.

use super::{Mapped, Partners, Row, Shape};
use crate::text::{Named, or_false, reference, text, time_value, value};
use model::{Currency, DealOutcome, Field, Kind, Money, Value as Ours};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

/// Odoo's model.
pub const MODEL: &str = "crm.lead";
/// Odoo has one list of stages; this is its name in `pipeline/stage`.
pub const PIPELINE: &str = "crm";

/// Deals.
pub const SHAPE: Shape = Shape {
    kind: Kind::Deal,
    model: MODEL,
    fields: &[
        "name",
        "type",
        "stage_id",
        "user_id",
        "partner_id",
        "expected_revenue",
        "company_currency",
        "active",
        "won_status",
        "date_deadline",
        "date_closed",
        "write_date",
        "create_date",
    ],
    domain: super::all,
    there: || json!(["|", ["active", "=", true], ["won_status", "!=", "pending"]]),
    parse: |raw| {
        let row: LeadRow = serde_json::from_slice(raw)?;
        Ok(Box::new(row))
    },
};

#[derive(Deserialize)]
struct LeadRow {
    id: i64,
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(rename = "type", deserialize_with = "text")]
    sort: String,
    #[serde(deserialize_with = "or_false")]
    stage_id: Option<Named>,
    #[serde(deserialize_with = "or_false")]
    user_id: Option<Named>,
    #[serde(deserialize_with = "or_false")]
    partner_id: Option<Named>,
    expected_revenue: Box<RawValue>,
    #[serde(deserialize_with = "or_false")]
    company_currency: Option<Named>,
    active: bool,
    #[serde(deserialize_with = "text")]
    won_status: String,
    #[serde(deserialize_with = "text")]
    date_deadline: String,
    #[serde(deserialize_with = "text")]
    date_closed: String,
    write_date: String,
    #[serde(deserialize_with = "text")]
    create_date: String,
}

impl LeadRow {
    fn outcome(&self) -> DealOutcome {
        match self.won_status.as_str() {
            "won" => DealOutcome::Won,
            "lost" => DealOutcome::Lost,
            _ => DealOutcome::Open,
        }
    }

    /// The amount from the number's own digits: no rounding through a float.
    fn amount(&self) -> Ours {
        let currency: Option<Currency> =
            self.company_currency.as_ref().and_then(|currency| currency.1.parse().ok());
        Money::parse(self.expected_revenue.get(), currency).map_or(Ours::Empty, Ours::Money)
    }
}

impl Row for LeadRow {
    fn id(&self) -> i64 {
        self.id
    }
    fn changed(&self) -> &str {
        &self.write_date
    }
    fn partners(&self) -> Vec<i64> {
        self.partner_id.iter().map(|partner| partner.0).collect()
    }
    fn mapped(&self, partners: &Partners) -> Mapped {
        let outcome = self.outcome();
        let stage = self.stage_id.as_ref().map(|stage| format!("{PIPELINE}/{}", stage.0));
        let closes = if outcome == DealOutcome::Open { &self.date_deadline } else { &self.date_closed };
        let fields = [
            (Field::Name, value(&self.name)),
            (Field::Lifecycle, value(&self.sort)),
            (Field::Owner, reference(self.user_id.as_ref())),
            (Field::Amount, self.amount()),
            (Field::SourceStage, Ours::text(stage.as_deref())),
            (Field::Outcome, Ours::Outcome(outcome)),
            (Field::CloseDate, time_value(closes)),
            (Field::CreatedAt, time_value(&self.create_date)),
        ];
        Mapped {
            fields: fields.into_iter().collect(),
            links: partners.links(&self.partners()),
            marker: None,
            archived: !self.active && outcome == DealOutcome::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{linked, mapped};
    use super::*;

    fn deals() -> Vec<(i64, Mapped)> {
        mapped(SHAPE, "leads", "partners_of_leads")
    }

    #[test]
    fn lost_put_away_open_and_won_are_told_apart() {
        let deals = deals();
        let seen: Vec<_> = deals.iter().map(|(_, deal)| (deal.fields.outcome(), deal.archived)).collect();
        assert_eq!(
            seen,
            [
                (DealOutcome::Lost, false),
                (DealOutcome::Open, true),
                (DealOutcome::Open, false),
                (DealOutcome::Won, false)
            ]
        );
    }

    #[test]
    fn amounts_are_exact_in_the_companys_currency() {
        let (_, deal) = &deals()[2];
        let money = deal.fields.money(Field::Amount).unwrap();
        assert_eq!((money.minor, money.currency.unwrap().as_str()), (24_124_425, "USD"));
    }

    #[test]
    fn a_deal_with_a_person_is_linked_to_the_persons_company_too() {
        let (_, deal) = &deals()[2];
        assert_eq!(linked(deal, Kind::Contact), ["644"]);
        assert_eq!(linked(deal, Kind::Company).len(), 1);
        assert_eq!(deal.fields.text(Field::SourceStage), Some("crm/2"));
        assert_eq!(deal.fields.text(Field::Owner), Some("10"));
    }

    #[test]
    fn a_closed_deal_shows_when_it_was_closed() {
        let (_, won) = &deals()[3];
        assert_eq!(won.fields.time(Field::CloseDate).unwrap().to_string(), "2026-11-22T16:05:30.000Z");
    }

    #[test]
    fn a_domain_is_json_in_prefix_notation() {
        assert_eq!((SHAPE.there)()[0], "|");
    }
}
