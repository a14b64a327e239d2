//! `calendar.event`: meetings. The deal is `opportunity_id`; attendees are partners.

use super::{Mapped, Partners, Row, Shape, links, parsed};
use crate::text::{Named, body, or_false, reference, text, time_value, value};
use model::{Field, Kind};
use serde::Deserialize;
use serde_json::json;

/// Meetings.
pub const SHAPE: Shape = Shape {
    kind: Kind::Meeting,
    model: "calendar.event",
    fields: &[
        "name",
        "description",
        "start",
        "stop",
        "active",
        "user_id",
        "partner_ids",
        "opportunity_id",
        "write_date",
        "create_date",
    ],
    domain: super::all,
    there: || json!([["active", "=", true]]),
    parse: parsed::<EventRow>,
};

#[derive(Deserialize)]
struct EventRow {
    id: i64,
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "text")]
    description: String,
    #[serde(deserialize_with = "text")]
    start: String,
    #[serde(deserialize_with = "text")]
    stop: String,
    active: bool,
    #[serde(deserialize_with = "or_false")]
    user_id: Option<Named>,
    partner_ids: Vec<i64>,
    #[serde(deserialize_with = "or_false")]
    opportunity_id: Option<Named>,
    write_date: String,
    #[serde(deserialize_with = "text")]
    create_date: String,
}

impl Row for EventRow {
    fn id(&self) -> i64 {
        self.id
    }
    fn changed(&self) -> &str {
        &self.write_date
    }
    fn partners(&self) -> Vec<i64> {
        self.partner_ids.clone()
    }
    fn mapped(&self, partners: &Partners) -> Mapped {
        let fields = [
            (Field::Name, value(&self.name)),
            (Field::Owner, reference(self.user_id.as_ref())),
            (Field::CreatedAt, time_value(&self.create_date)),
            (Field::Body, body(&self.description).0),
            (Field::At, time_value(&self.start)),
            (Field::EndAt, time_value(&self.stop)),
        ];
        let mut all = vec![links(Kind::Deal, self.opportunity_id.as_ref().map(|deal| deal.0))];
        all.extend(partners.links(&self.partner_ids));
        Mapped { fields: fields.into_iter().collect(), links: all, marker: None, archived: !self.active }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{linked, mapped};
    use super::*;

    #[test]
    fn a_meeting_has_its_deal_and_lasts() {
        let (_, meeting) = &mapped(SHAPE, "events", "")[0];
        assert_eq!(linked(meeting, Kind::Deal), ["320"]);
        assert!(meeting.fields.time(Field::At) < meeting.fields.time(Field::EndAt));
    }
}
