//! Guard of write-back: is the record still as it was when we decided?

use super::normal::same;
use model::{Field, Fields, Value};

/// Compares what a decision was based on with what the source says now. A field that the source does not
/// speak of counts as empty: better one decision too many than a person's edit overwritten.
///
/// The error names the first field that differs: (field, expected, found).
pub fn still_expected(expects: &[(Field, Value)], seen: &Fields) -> Result<(), (Field, Value, Value)> {
    for (field, expected) in expects {
        let found = seen.get(*field);
        if !same(Some(expected), found) {
            return Err((*field, expected.clone(), found.cloned().unwrap_or(Value::Empty)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_value_that_differs_stops_the_write() {
        let seen: Fields =
            [(Field::Owner, Value::Ref("7".into())), (Field::Phone, Value::Empty)].into_iter().collect();
        let owner = |id: &str| (Field::Owner, Value::Ref(id.into()));
        assert_eq!(still_expected(&[owner("7"), (Field::Phone, Value::Text("".into()))], &seen), Ok(()));
        let (field, expected, found) = still_expected(&[owner("8")], &seen).unwrap_err();
        assert_eq!((field, expected, found), (Field::Owner, Value::Ref("8".into()), Value::Ref("7".into())));
    }

    #[test]
    fn a_field_that_was_not_read_is_no_consent() {
        let expects = [(Field::Owner, Value::Ref("7".into()))];
        assert!(still_expected(&expects, &Fields::default()).is_err());
    }
}
