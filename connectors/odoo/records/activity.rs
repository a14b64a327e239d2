//! `mail.activity`: tasks beside deals and partners. A finished one is archived.

use super::{Mapped, Partners, Row, Shape, beside, parsed, partner, watched};
use crate::text::{Named, body, name_of, or_false, reference, text, time_value, value};
use model::{Field, Kind, Value};
use serde::Deserialize;
use serde_json::json;

/// Odoo's model.
pub const MODEL: &str = "mail.activity";

/// Tasks, finished ones included.
pub const SHAPE: Shape = Shape {
    kind: Kind::Task,
    model: MODEL,
    fields: &[
        "summary",
        "note",
        "date_deadline",
        "active",
        "res_model",
        "res_id",
        "user_id",
        "activity_type_id",
        "write_date",
        "create_date",
    ],
    domain: || json!([["res_model", "in", watched()]]),
    there: || json!([["res_model", "in", watched()]]),
    parse: parsed::<ActivityRow>,
};

#[derive(Deserialize)]
struct ActivityRow {
    id: i64,
    #[serde(deserialize_with = "text")]
    summary: String,
    #[serde(deserialize_with = "text")]
    note: String,
    #[serde(deserialize_with = "text")]
    date_deadline: String,
    active: bool,
    #[serde(deserialize_with = "text")]
    res_model: String,
    #[serde(deserialize_with = "or_false")]
    res_id: Option<i64>,
    #[serde(deserialize_with = "or_false")]
    user_id: Option<Named>,
    #[serde(deserialize_with = "or_false")]
    activity_type_id: Option<Named>,
    write_date: String,
    #[serde(deserialize_with = "text")]
    create_date: String,
}

impl Row for ActivityRow {
    fn id(&self) -> i64 {
        self.id
    }
    fn changed(&self) -> &str {
        &self.write_date
    }
    fn partners(&self) -> Vec<i64> {
        if self.res_model == partner::MODEL { self.res_id.into_iter().collect() } else { Vec::new() }
    }
    fn mapped(&self, partners: &Partners) -> Mapped {
        let (text, marker) = body(&self.note);
        // A task without a summary is shown by its type ("Call").
        let name = if self.summary.is_empty() {
            name_of(self.activity_type_id.as_ref())
        } else {
            value(&self.summary)
        };
        let fields = [
            (Field::Name, name),
            (Field::Owner, reference(self.user_id.as_ref())),
            (Field::CreatedAt, time_value(&self.create_date)),
            (Field::Body, text),
            (Field::At, time_value(&self.date_deadline)),
            (Field::Done, Value::Bool(!self.active)),
        ];
        Mapped {
            fields: fields.into_iter().collect(),
            links: beside(&self.res_model, self.res_id.unwrap_or_default(), partners),
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
    fn a_task_has_its_day_its_text_and_its_deal() {
        let tasks = mapped(SHAPE, "activities", "");
        let (_, task) = tasks.iter().find(|(_, task)| !linked(task, Kind::Deal).is_empty()).unwrap();
        assert_eq!(task.fields.text(Field::Body), Some("Ask about volume & terms."));
        assert!(task.fields.time(Field::At).is_some());
        assert_eq!(task.marker, None);
    }

    #[test]
    fn a_finished_task_is_archived_at_odoo_and_done_here() {
        let tasks = mapped(SHAPE, "activities", "");
        let done: Vec<_> = tasks.iter().map(|(_, task)| task.fields.bool(Field::Done).unwrap()).collect();
        assert!(done.contains(&true) && done.contains(&false), "{done:?}");
        assert!(tasks.iter().all(|(_, task)| !task.archived));
    }
}
