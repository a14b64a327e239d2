//! Is this value acceptable for that property? Messages and codes as HubSpot's validation gives them.

use super::problem::Problem;
use super::schema::{Definition, Type};
use super::state::State;
use crate::clock::{day, iso, parse};
use crate::hubspot::kinds::Kind;
use std::collections::BTreeMap;

/// Property values as a client sends them, all text.
pub type Values = BTreeMap<String, String>;

impl State {
    /// Checks what a client (or a person) sets, and brings times into the form in which HubSpot keeps them.
    pub fn checked(&self, kind: Kind, values: &Values) -> Result<Values, Problem> {
        values
            .iter()
            .map(|(name, value)| {
                let definition = self.schema(kind).named(name).ok_or_else(|| unknown(name))?;
                if definition.read_only {
                    let why = format!("\"{name}\" is a read only property; its value cannot be set.");
                    return Err(Problem::property(name, "READ_ONLY_VALUE", &why));
                }
                Ok((name.clone(), self.normal(definition, value)?))
            })
            .collect()
    }

    fn normal(&self, definition: &Definition, value: &str) -> Result<String, Problem> {
        let name = definition.name.as_str();
        if value.is_empty() {
            return Ok(String::new());
        }
        let good = match definition.kind {
            Type::Text if value.chars().count() > 65_536 => false,
            Type::Text | Type::Area | Type::Phone => true,
            Type::Number => value.parse::<f64>().is_ok(),
            Type::Bool => matches!(value, "true" | "false"),
            Type::Datetime => return parse(value).map(iso).ok_or_else(|| invalid(definition, value)),
            Type::Date => return parse(value).map(day).ok_or_else(|| invalid(definition, value)),
            Type::Owner => value.parse().is_ok_and(|id: u64| self.owners.contains_key(&id)),
            Type::Enumeration => {
                definition.options.is_empty()
                    || value.split(';').all(|v| definition.options.iter().any(|o| o.0 == v))
            }
        };
        if good && (name != "hs_note_body" || value.chars().count() <= 65_536) {
            return Ok(value.to_owned());
        }
        Err(invalid(definition, value))
    }
}

fn unknown(name: &str) -> Problem {
    Problem::property(name, "PROPERTY_DOESNT_EXIST", &format!("Property \"{name}\" does not exist"))
}

fn invalid(definition: &Definition, value: &str) -> Problem {
    let name = definition.name.as_str();
    match definition.kind {
        Type::Number => {
            Problem::property(name, "INVALID_NUMBER", &format!("{value} was not a valid number."))
        }
        Type::Bool => {
            Problem::property(name, "INVALID_BOOLEAN", &format!("{value} was not a valid boolean."))
        }
        Type::Date | Type::Datetime => {
            Problem::property(name, "INVALID_DATE", &format!("{value} was not a valid date."))
        }
        Type::Owner => Problem::property(
            name,
            "INVALID_OWNER_ID",
            &format!("The owner with id {value} doesn't exist or is inactive"),
        ),
        Type::Enumeration => {
            let allowed: Vec<&str> = definition.options.iter().map(|o| o.0.as_str()).collect();
            let why = format!("{value} was not one of the allowed options: {allowed:?}");
            Problem::property(name, "INVALID_OPTION", &why)
        }
        Type::Text | Type::Area | Type::Phone => {
            Problem::property(name, "VALUE_TOO_LONG", "the value is longer than 65536 characters")
        }
    }
}
