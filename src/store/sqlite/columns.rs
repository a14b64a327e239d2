//! Which field of which kind lies in which column. Adding a column is a line here and a migration; a field
//! without a column is kept in the `extra` column.

use model::{Field, Kind};
use std::{fmt::Write as _, sync::LazyLock};

/// How a field's value lies in its column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    Text,
    Ref,
    Int,
    Bool,
    Time,
    /// Two columns: `NAME_minor` and `NAME_currency`.
    Money,
    Stage,
    Outcome,
    Agent,
}

/// One field's column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) field: Field,
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

const fn column(field: Field, name: &'static str, shape: Shape) -> Column {
    Column { field, name, shape }
}

const NAME: Column = column(Field::Name, "name", Shape::Text);
const EMAIL: Column = column(Field::Email, "email", Shape::Text);
const FIRST_NAME: Column = column(Field::FirstName, "first_name", Shape::Text);
const LAST_NAME: Column = column(Field::LastName, "last_name", Shape::Text);
const PHONE: Column = column(Field::Phone, "phone", Shape::Text);
const LIFECYCLE: Column = column(Field::Lifecycle, "lifecycle", Shape::Text);
const CITY: Column = column(Field::City, "city", Shape::Text);
const COUNTRY: Column = column(Field::Country, "country", Shape::Text);
const OWNER: Column = column(Field::Owner, "owner", Shape::Ref);
const STAGE: Column = column(Field::Stage, "stage", Shape::Stage);
const OUTCOME: Column = column(Field::Outcome, "outcome", Shape::Outcome);
const CREATED_AT: Column = column(Field::CreatedAt, "created_at", Shape::Time);
const SEGMENT: Column = column(Field::Segment, "segment", Shape::Text);
const BODY: Column = column(Field::Body, "body", Shape::Text);
const AT: Column = column(Field::At, "at", Shape::Time);
const END_AT: Column = column(Field::EndAt, "end_at", Shape::Time);
const DONE: Column = column(Field::Done, "done", Shape::Bool);
const RESULT: Column = column(Field::Result, "result", Shape::Text);
const SENDER: Column = column(Field::Sender, "sender", Shape::Text);

const COMPANIES: &[Column] = &[
    NAME,
    column(Field::Domain, "domain", Shape::Text),
    PHONE,
    LIFECYCLE,
    column(Field::Industry, "industry", Shape::Text),
    CITY,
    COUNTRY,
    column(Field::Employees, "employees", Shape::Int),
    OWNER,
    CREATED_AT,
    SEGMENT,
];
const CONTACTS: &[Column] = &[
    NAME,
    EMAIL,
    FIRST_NAME,
    LAST_NAME,
    PHONE,
    column(Field::JobTitle, "job_title", Shape::Text),
    LIFECYCLE,
    column(Field::LeadStatus, "lead_status", Shape::Text),
    CITY,
    COUNTRY,
    OWNER,
    STAGE,
    CREATED_AT,
    SEGMENT,
];
const DEALS: &[Column] = &[
    NAME,
    OWNER,
    column(Field::Amount, "amount", Shape::Money),
    column(Field::SourceStage, "source_stage", Shape::Text),
    STAGE,
    OUTCOME,
    column(Field::CloseDate, "close_date", Shape::Time),
    CREATED_AT,
    SEGMENT,
];
const OWNERS: &[Column] = &[NAME, EMAIL, FIRST_NAME, LAST_NAME, DONE];
const PIPELINES: &[Column] = &[
    NAME,
    STAGE,
    OUTCOME,
    DONE,
    column(Field::Won, "won", Shape::Bool),
    column(Field::Probability, "probability", Shape::Int),
    column(Field::Position, "position", Shape::Int),
    column(Field::PipelineName, "pipeline_name", Shape::Text),
];
const TASKS: &[Column] =
    &[NAME, OWNER, CREATED_AT, BODY, AT, DONE, RESULT, column(Field::Agent, "agent", Shape::Agent)];
const NOTES: &[Column] = &[NAME, OWNER, CREATED_AT, BODY, AT];
const CALLS: &[Column] = &[NAME, OWNER, CREATED_AT, BODY, AT, END_AT, RESULT];
const EMAILS: &[Column] = &[
    NAME,
    OWNER,
    CREATED_AT,
    BODY,
    AT,
    SENDER,
    column(Field::MessageId, "message_id", Shape::Text),
    column(Field::Thread, "thread", Shape::Text),
    column(Field::Automatic, "automatic", Shape::Text),
];
const MEETINGS: &[Column] = &[
    NAME,
    OWNER,
    CREATED_AT,
    BODY,
    AT,
    END_AT,
    RESULT,
    SENDER,
    column(Field::Uid, "uid", Shape::Text),
    column(Field::Occurrence, "occurrence", Shape::Text),
    column(Field::Sequence, "sequence", Shape::Int),
    column(Field::Status, "status", Shape::Text),
    column(Field::Availability, "availability", Shape::Text),
];

/// A kind's table with the statements that work on whole records.
pub(super) struct Table {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    /// Parameters: id, the columns, empty, extra, provenance, `stage_since`, gone.
    pub(super) insert: String,
    /// The same parameters.
    pub(super) update: String,
    /// All ids of `rarray(?1)`, columns in the same order.
    pub(super) select: String,
    /// Ids after `?1` in order, at most `?2`.
    pub(super) page: String,
}

impl Table {
    fn new(kind: Kind, name: &'static str, columns: &'static [Column]) -> Self {
        let list = list(columns);
        let marks = (1..=list.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let mut sets = String::new();
        for (place, column) in list.iter().enumerate().skip(1) {
            let comma = if place == 1 { "" } else { ", " };
            write!(sets, "{comma}{column} = ?{}", place + 1).unwrap_or_default();
        }
        let all = list.join(", ");
        let of = list.iter().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
        Self {
            kind,
            name,
            columns,
            insert: format!("INSERT INTO {name} ({all}) VALUES ({marks})"),
            update: format!("UPDATE {name} SET {sets} WHERE id = ?1"),
            select: format!("SELECT {of} FROM rarray(?1) AS k CROSS JOIN {name} AS t ON t.id = k.value"),
            page: format!("SELECT {all} FROM {name} WHERE id > ?1 ORDER BY id LIMIT ?2"),
        }
    }
}

/// All columns of a kind's table in the order of parameters and results.
fn list(columns: &[Column]) -> Vec<String> {
    let mut list = vec!["id".to_owned()];
    for column in columns {
        match column.shape {
            Shape::Money => {
                list.extend([format!("{}_minor", column.name), format!("{}_currency", column.name)]);
            }
            Shape::Text
            | Shape::Ref
            | Shape::Int
            | Shape::Bool
            | Shape::Time
            | Shape::Stage
            | Shape::Outcome
            | Shape::Agent => list.push(column.name.to_owned()),
        }
    }
    list.extend(["empty", "extra", "provenance", "stage_since", "gone"].map(str::to_owned));
    list
}

macro_rules! tables {
    ($($kind:ident => $name:literal, $columns:ident;)*) => {
        /// The table of a kind.
        pub(super) fn table(kind: Kind) -> &'static Table {
            match kind {
                $(Kind::$kind => {
                    static TABLE: LazyLock<Table> =
                        LazyLock::new(|| Table::new(Kind::$kind, $name, $columns));
                    &TABLE
                })*
            }
        }
    };
}

tables! {
    Company => "companies", COMPANIES;
    Contact => "contacts", CONTACTS;
    Deal => "deals", DEALS;
    Owner => "owners", OWNERS;
    Pipeline => "pipelines", PIPELINES;
    Task => "crm_tasks", TASKS;
    Note => "notes", NOTES;
    Email => "emails", EMAILS;
    Meeting => "meetings", MEETINGS;
    Call => "calls", CALLS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_exactly_the_columns_of_this_table() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        super::super::migrate::up(&mut connection, "x").unwrap();
        for kind in Kind::ALL {
            let table = table(kind);
            let mut info =
                connection.prepare(&format!("SELECT name FROM pragma_table_info('{}')", table.name)).unwrap();
            let mut stored: Vec<String> =
                info.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
            let mut wanted = list(table.columns);
            stored.sort();
            wanted.sort();
            assert_eq!(stored, wanted, "{}", table.name);
        }
    }

    #[test]
    fn fields_are_in_order_so_that_reading_appends() {
        for kind in Kind::ALL {
            assert!(table(kind).columns.is_sorted_by_key(|column| column.field), "{kind}");
            assert!(table(kind).columns.len() < 63, "the mask of empty fields is 63 bits");
        }
    }
}
