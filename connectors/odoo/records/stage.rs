//! `crm.stage`: the stages of the one pipeline that Odoo's CRM has.

use super::{Mapped, Partners, Row, Shape, lead::PIPELINE, parsed};
use crate::text::{text, time_value, value};
use model::{Field, Kind, Value};
use serde::Deserialize;

/// Stages.
pub const SHAPE: Shape = Shape {
    kind: Kind::Pipeline,
    model: "crm.stage",
    fields: &["name", "sequence", "is_won", "write_date", "create_date"],
    domain: super::all,
    there: super::all,
    parse: parsed::<StageRow>,
};

#[derive(Deserialize)]
struct StageRow {
    id: i64,
    #[serde(deserialize_with = "text")]
    name: String,
    sequence: i64,
    is_won: bool,
    write_date: String,
    #[serde(deserialize_with = "text")]
    create_date: String,
}

/// Our id of a stage.
pub fn id(stage: i64) -> String {
    format!("{PIPELINE}/{stage}")
}

/// Odoo's id of a stage from ours; `None` when it names none.
pub fn number(stage: &str) -> Option<i64> {
    let (pipeline, stage) = stage.split_once('/')?;
    if pipeline == PIPELINE { stage.parse().ok() } else { None }
}

impl Row for StageRow {
    fn id(&self) -> i64 {
        self.id
    }
    fn changed(&self) -> &str {
        &self.write_date
    }
    fn mapped(&self, _partners: &Partners) -> Mapped {
        let fields = [
            (Field::Name, value(&self.name)),
            (Field::CreatedAt, time_value(&self.create_date)),
            (Field::Done, Value::Bool(self.is_won)),
            (Field::Won, Value::Bool(self.is_won)),
            (Field::Position, Value::Int(self.sequence)),
            (Field::PipelineName, Value::Text("CRM".into())),
        ];
        Mapped { fields: fields.into_iter().collect(), ..Mapped::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::mapped;
    use super::*;

    #[test]
    fn the_won_stage_is_known_by_its_flag() {
        let stages = mapped(SHAPE, "stages", "");
        let won: Vec<_> =
            stages.iter().filter(|(_, stage)| stage.fields.bool(Field::Won) == Some(true)).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(stages[0].1.fields.text(Field::Name), Some("New"));
    }

    #[test]
    fn a_stage_of_another_pipeline_is_none_of_odoos() {
        assert_eq!(
            (id(3), number("crm/3"), number("default/3"), number("3")),
            ("crm/3".into(), Some(3), None, None)
        );
    }
}
