//! `mail.message`: internal notes beside deals and partners. Odoo's own log entries are no notes.

use super::{Mapped, Partners, Row, Shape, beside, parsed, partner, watched};
use crate::text::{body, or_false, text, time_value};
use model::{Field, Kind};
use serde::Deserialize;
use serde_json::{Value, json};

/// Odoo's model.
pub const MODEL: &str = "mail.message";

/// Notes.
pub const SHAPE: Shape = Shape {
    kind: Kind::Note,
    model: MODEL,
    fields: &["body", "date", "model", "res_id", "write_date", "create_date"],
    domain,
    there: domain,
    parse: parsed::<MessageRow>,
};

fn domain() -> Value {
    json!([["model", "in", watched()], ["message_type", "=", "comment"], ["subtype_id.internal", "=", true]])
}

#[derive(Deserialize)]
struct MessageRow {
    id: i64,
    #[serde(deserialize_with = "text")]
    body: String,
    #[serde(deserialize_with = "text")]
    date: String,
    #[serde(deserialize_with = "text")]
    model: String,
    #[serde(deserialize_with = "or_false")]
    res_id: Option<i64>,
    write_date: String,
    #[serde(deserialize_with = "text")]
    create_date: String,
}

impl Row for MessageRow {
    fn id(&self) -> i64 {
        self.id
    }
    fn changed(&self) -> &str {
        &self.write_date
    }
    fn partners(&self) -> Vec<i64> {
        if self.model == partner::MODEL { self.res_id.into_iter().collect() } else { Vec::new() }
    }
    fn mapped(&self, partners: &Partners) -> Mapped {
        let (text, marker) = body(&self.body);
        let fields = [
            (Field::CreatedAt, time_value(&self.create_date)),
            (Field::Body, text),
            (Field::At, time_value(&self.date)),
        ];
        Mapped {
            fields: fields.into_iter().collect(),
            links: beside(&self.model, self.res_id.unwrap_or_default(), partners),
            marker,
            archived: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{linked, mapped};
    use super::*;

    #[test]
    fn a_note_is_plain_text_beside_its_deal() {
        let notes = mapped(SHAPE, "messages", "");
        assert_eq!(notes[0].1.fields.text(Field::Body), Some("Met them, note 1."));
        assert_eq!(linked(&notes[0].1, Kind::Deal).len(), 1);
    }
}
