//! Filters of a search, compiled once and asked per record.

use super::{Condition, Group};
use crate::clock::parse;
use crate::hubspot::problem::Problem;
use crate::hubspot::props::PropId;
use crate::hubspot::record::Indexed;
use crate::hubspot::request::text_of;
use crate::hubspot::schema::{CREATED, MODIFIED, OBJECT_ID, Schema, Type};

/// Groups by OR, filters within a group by AND.
pub struct Filters(Vec<Vec<Test>>);

struct Test {
    prop: PropId,
    /// Compare as numbers or instants, not as text.
    scale: Option<Scale>,
    op: Op,
}

#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Number,
    Time,
}

#[derive(Clone, Debug, PartialEq)]
enum Op {
    Within { low: Option<(Key, bool)>, high: Option<(Key, bool)> },
    In(Vec<Key>),
    NotIn(Vec<Key>),
    Has,
    HasNot,
    Token(String),
    NotToken(String),
}

/// A value in the form in which it's compared.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Key {
    Exact(i64),
    Number(f64),
    Text(String),
}

pub fn unknown(name: &str) -> Problem {
    Problem::invalid(format!("There was a problem with the request: property {name} does not exist"))
}

impl Filters {
    pub fn compile(schema: &Schema, groups: &[Group]) -> Result<Self, Problem> {
        let all: usize = groups.iter().map(|g| g.filters.len()).sum();
        if groups.len() > 5 || all > 18 || groups.iter().any(|g| g.filters.len() > 6) {
            return Err(Problem::invalid(
                "Too many filters: 5 groups of 6 filters, 18 in all, are the maximum",
            ));
        }
        let group = |g: &Group| g.filters.iter().map(|c| Test::compile(schema, c)).collect();
        Ok(Self(groups.iter().map(group).collect::<Result<_, _>>()?))
    }

    pub fn matches(&self, hit: &Indexed<'_>) -> bool {
        self.0.is_empty() || self.0.iter().any(|group| group.iter().all(|test| test.holds(hit)))
    }

    /// No record with a smaller id can match: keyset pages needn't look at what lies before them.
    pub fn first_id(&self) -> u64 {
        let [only] = self.0.as_slice() else { return 0 };
        let low = only.iter().filter(|t| t.prop == OBJECT_ID).find_map(|t| match &t.op {
            Op::Within { low: Some((Key::Exact(id), _)), .. } => u64::try_from(*id).ok(),
            _ => None,
        });
        low.unwrap_or(0)
    }
}

impl Test {
    fn compile(schema: &Schema, condition: &Condition) -> Result<Self, Problem> {
        let name = condition.property_name.as_str();
        let prop = schema.id(name).ok_or_else(|| unknown(name))?;
        let scale = match schema.def(prop).map(|d| d.kind) {
            Some(Type::Number) => Some(Scale::Number),
            Some(Type::Date | Type::Datetime) => Some(Scale::Time),
            _ => None,
        };
        let exact = matches!(prop, OBJECT_ID | CREATED | MODIFIED);
        let key =
            |value: &serde_json::Value| key(&text_of(value), scale, exact).ok_or_else(|| bad(name, value));
        let one = || {
            if condition.value.is_null() {
                return Err(Problem::invalid(format!(
                    "value is required for operator {}",
                    condition.operator
                )));
            }
            key(&condition.value)
        };
        let many = || condition.values.iter().map(key).collect::<Result<Vec<_>, _>>();
        let within = |low, high| Op::Within { low, high };
        let op = match condition.operator.as_str() {
            "EQ" => Op::In(vec![one()?]),
            "NEQ" => Op::NotIn(vec![one()?]),
            "GT" => within(Some((one()?, false)), None),
            "GTE" => within(Some((one()?, true)), None),
            "LT" => within(None, Some((one()?, false))),
            "LTE" => within(None, Some((one()?, true))),
            "BETWEEN" => within(Some((one()?, true)), Some((key(&condition.high_value)?, true))),
            "IN" => Op::In(many()?),
            "NOT_IN" => Op::NotIn(many()?),
            "HAS_PROPERTY" => Op::Has,
            "NOT_HAS_PROPERTY" => Op::HasNot,
            "CONTAINS_TOKEN" => Op::Token(text_of(&condition.value).to_lowercase()),
            "NOT_CONTAINS_TOKEN" => Op::NotToken(text_of(&condition.value).to_lowercase()),
            other => return Err(Problem::invalid(format!("{other} is not a valid operator"))),
        };
        Ok(Self { prop, scale, op })
    }

    fn holds(&self, hit: &Indexed<'_>) -> bool {
        let value = match hit.number(self.prop) {
            Some(number) => Some(Key::Exact(number)),
            None => hit.text(self.prop).filter(|t| !t.is_empty()).and_then(|t| key(&t, self.scale, false)),
        };
        match &self.op {
            Op::Has => value.is_some(),
            Op::HasNot => value.is_none(),
            Op::NotIn(keys) => value.is_none_or(|v| !keys.contains(&v)),
            Op::In(keys) => value.is_some_and(|v| keys.contains(&v)),
            Op::Within { low, high } => value.is_some_and(|v| {
                low.as_ref().is_none_or(|(k, same)| v > *k || (*same && v == *k))
                    && high.as_ref().is_none_or(|(k, same)| v < *k || (*same && v == *k))
            }),
            Op::Token(token) => hit.text(self.prop).is_some_and(|t| has_token(&t, token)),
            Op::NotToken(token) => hit.text(self.prop).is_none_or(|t| !has_token(&t, token)),
        }
    }
}

fn key(text: &str, scale: Option<Scale>, exact: bool) -> Option<Key> {
    match scale {
        Some(Scale::Number) if exact => text.parse().ok().map(Key::Exact),
        Some(Scale::Number) => text.parse().ok().map(Key::Number),
        Some(Scale::Time) => parse(text).map(Key::Exact),
        None => Some(Key::Text(text.to_lowercase())),
    }
}

fn bad(name: &str, value: &serde_json::Value) -> Problem {
    Problem::invalid(format!(
        "There was a problem with the request: {} is no value for {name}",
        text_of(value)
    ))
}

/// Whole words, or with `*` any part of a word.
fn has_token(text: &str, token: &str) -> bool {
    let text = text.to_lowercase();
    let inner = token.trim_matches('*');
    if inner.len() < token.len() {
        return text.contains(inner);
    }
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let wanted: Vec<&str> = inner.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    match wanted.as_slice() {
        [one] => words.any(|w| w == *one),
        _ => text.contains(inner),
    }
}

/// The free-text `query` of a search: every word must occur in one of the type's searched properties.
pub struct Words {
    words: Vec<String>,
    props: Vec<PropId>,
}

const SEARCHED: [&str; 10] = [
    "firstname",
    "lastname",
    "email",
    "phone",
    "company",
    "name",
    "domain",
    "dealname",
    "subject",
    "hs_task_subject",
];

impl Words {
    pub fn of(schema: &Schema, query: &str) -> Result<Self, Problem> {
        if query.chars().count() > 3000 {
            return Err(Problem::invalid("query may have 3000 characters at most"));
        }
        let words = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
        Ok(Self { words, props: SEARCHED.iter().filter_map(|name| schema.id(name)).collect() })
    }

    pub fn match_(&self, hit: &Indexed<'_>) -> bool {
        let found = |word: &String| {
            self.props
                .iter()
                .any(|p| hit.text(*p).is_some_and(|text| text.to_lowercase().contains(word.as_str())))
        };
        self.words.iter().all(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_and_stars_are_parts() {
        assert!(has_token("Anna-Maria Berg", "maria"));
        assert!(!has_token("Anna-Maria Berg", "mar"));
        assert!(has_token("Anna-Maria Berg", "mar*"));
        assert!(has_token("note [so:abc123]", "*so:abc123*"));
    }

    #[test]
    fn numbers_compare_as_numbers_and_times_in_every_form() {
        assert_eq!(key("9", Some(Scale::Number), false), Some(Key::Number(9.0)));
        assert!(key("9", Some(Scale::Number), false) < key("10", Some(Scale::Number), false));
        assert_eq!(
            key("2025-11-22T07:40:00Z", Some(Scale::Time), true),
            key("1763797200000", Some(Scale::Time), true)
        );
    }
}
