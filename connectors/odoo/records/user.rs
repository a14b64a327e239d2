//! `res.users`: who can own records. Portal users and other guests (`share`) cannot.

use super::{Mapped, Partners, Row, Shape, parsed};
use crate::text::{text, time_value, value};
use model::{Field, Kind, Value};
use serde::Deserialize;
use serde_json::json;

/// Owners, deactivated ones included: old records still name them.
pub const SHAPE: Shape = Shape {
    kind: Kind::Owner,
    model: "res.users",
    fields: &["name", "login", "email", "active", "write_date", "create_date"],
    domain: || json!([["share", "=", false]]),
    there: || json!([["share", "=", false]]),
    parse: parsed::<UserRow>,
};

#[derive(Deserialize)]
struct UserRow {
    id: i64,
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "text")]
    login: String,
    #[serde(deserialize_with = "text")]
    email: String,
    active: bool,
    write_date: String,
    #[serde(deserialize_with = "text")]
    create_date: String,
}

impl Row for UserRow {
    fn id(&self) -> i64 {
        self.id
    }
    fn changed(&self) -> &str {
        &self.write_date
    }
    fn mapped(&self, _partners: &Partners) -> Mapped {
        // Most users log in with their address and leave the other field empty.
        let email = if self.email.is_empty() && self.login.contains('@') { &self.login } else { &self.email };
        let fields = [
            (Field::Name, value(&self.name)),
            (Field::Email, value(email)),
            (Field::CreatedAt, time_value(&self.create_date)),
            (Field::Done, Value::Bool(!self.active)),
        ];
        Mapped { fields: fields.into_iter().collect(), ..Mapped::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::mapped;
    use super::*;

    #[test]
    fn a_deactivated_user_stays_an_owner_that_is_done() {
        let users = mapped(SHAPE, "users", "");
        assert!(users.iter().all(|(_, user)| !user.archived));
        let (_, system) = users.iter().find(|(id, _)| *id == 1).unwrap();
        assert_eq!(system.fields.bool(Field::Done), Some(true));
    }
}
