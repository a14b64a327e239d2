//! Association type ids, which differ by direction (HubSpot's own list, as shipped in its SDK).

use crate::hubspot::kinds::Kind;

/// The types of one direction between two object types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The unlabelled type, which every association has.
    pub default: u32,
    /// The `Primary` label, where the pair has one.
    pub primary: Option<u32>,
}

/// (from, to, there, back)
const DEFAULT: &[(Kind, Kind, u32, u32)] = &[
    (Kind::Contact, Kind::Company, 279, 280),
    (Kind::Deal, Kind::Contact, 3, 4),
    (Kind::Deal, Kind::Company, 341, 342),
    (Kind::Contact, Kind::Ticket, 15, 16),
    (Kind::Deal, Kind::Ticket, 27, 28),
    (Kind::Ticket, Kind::Company, 339, 340),
    (Kind::Company, Kind::Call, 181, 182),
    (Kind::Company, Kind::Email, 185, 186),
    (Kind::Company, Kind::Meeting, 187, 188),
    (Kind::Company, Kind::Note, 189, 190),
    (Kind::Company, Kind::Task, 191, 192),
    (Kind::Contact, Kind::Call, 193, 194),
    (Kind::Contact, Kind::Email, 197, 198),
    (Kind::Contact, Kind::Meeting, 199, 200),
    (Kind::Contact, Kind::Note, 201, 202),
    (Kind::Contact, Kind::Task, 203, 204),
    (Kind::Deal, Kind::Call, 205, 206),
    (Kind::Deal, Kind::Email, 209, 210),
    (Kind::Deal, Kind::Meeting, 211, 212),
    (Kind::Deal, Kind::Note, 213, 214),
    (Kind::Deal, Kind::Task, 215, 216),
    (Kind::Ticket, Kind::Call, 219, 220),
    (Kind::Ticket, Kind::Email, 223, 224),
    (Kind::Ticket, Kind::Meeting, 225, 226),
    (Kind::Ticket, Kind::Note, 227, 228),
    (Kind::Ticket, Kind::Task, 229, 230),
    (Kind::Call, Kind::Meeting, 399, 400),
];

const PRIMARY: &[(Kind, Kind, u32, u32)] = &[
    (Kind::Contact, Kind::Company, 1, 2),
    (Kind::Deal, Kind::Company, 5, 6),
    (Kind::Company, Kind::Ticket, 25, 26),
];

fn look_up(table: &[(Kind, Kind, u32, u32)], from: Kind, to: Kind) -> Option<u32> {
    table.iter().find_map(|(a, b, there, back)| match (from, to) {
        pair if pair == (*a, *b) => Some(*there),
        pair if pair == (*b, *a) => Some(*back),
        _ => None,
    })
}

/// The types from one object type to another; `None` where HubSpot has no association.
pub fn spec(from: Kind, to: Kind) -> Option<Spec> {
    Some(Spec { default: look_up(DEFAULT, from, to)?, primary: look_up(PRIMARY, from, to) })
}

/// The same type seen from the other end.
pub fn reverse(from: Kind, to: Kind, type_id: u32) -> Option<u32> {
    let (there, back) = (spec(from, to)?, spec(to, from)?);
    if type_id == there.default {
        Some(back.default)
    } else if Some(type_id) == there.primary {
        back.primary
    } else {
        None
    }
}

/// Is the far end a company of which only one can be primary?
pub fn one_primary(from: Kind, to: Kind) -> bool {
    to == Kind::Company && look_up(PRIMARY, from, to).is_some()
}

/// The v3 name of a type, e.g. `deal_to_company` (primary) and `deal_to_company_unlabeled`.
pub fn v3_name(from: Kind, to: Kind, type_id: u32) -> String {
    let base = format!("{}_to_{}", from.singular(), to.singular());
    match spec(from, to) {
        Some(Spec { default, primary: Some(_) }) if default == type_id => format!("{base}_unlabeled"),
        _ => base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_their_own_ids() {
        assert_eq!(spec(Kind::Task, Kind::Deal), Some(Spec { default: 216, primary: None }));
        assert_eq!(spec(Kind::Deal, Kind::Company), Some(Spec { default: 341, primary: Some(5) }));
        assert_eq!(reverse(Kind::Deal, Kind::Company, 5), Some(6));
        assert_eq!(spec(Kind::Task, Kind::Note), None);
    }

    #[test]
    fn agrees_with_the_ids_of_the_official_client() {
        let base = std::env::var("SHARED_DATA").unwrap_or_else(|_| "../../../shared/data".to_owned());
        let path = format!("{base}/hubspot/sdk-derived/association-type-ids.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: association type ids of the official client because {path} can't be read");
            return;
        };
        let known: serde_json::Value = serde_json::from_str(&text).unwrap();
        for from in Kind::ALL {
            for to in Kind::ALL {
                let name = format!("{}_TO_{}", from.singular(), to.singular()).to_uppercase();
                let theirs = known["ids"][&name].as_u64();
                assert_eq!(spec(from, to).map(|s| u64::from(s.default)), theirs, "{name}");
                let primary = known["ids"][format!("PRIMARY_{name}")].as_u64();
                assert_eq!(spec(from, to).and_then(|s| s.primary).map(u64::from), primary, "PRIMARY_{name}");
            }
        }
    }
}
