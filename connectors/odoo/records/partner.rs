//! `res.partner`: companies and people are the same model, told apart by `is_company`.

use super::{Mapped, Partners, Row, Shape, links, parsed};
use crate::text::{Named, host, name_of, or_false, reference, text, time_value, value};
use model::{Field, Kind};
use serde::Deserialize;
use serde_json::json;

/// Odoo's model.
pub const MODEL: &str = "res.partner";
/// Fields that say what kind of partner it is.
pub const KINDS: &[&str] = &["is_company", "commercial_partner_id"];
const FIELDS: &[&str] = &[
    "name",
    "email",
    "phone",
    "function",
    "website",
    "city",
    "country_id",
    "industry_id",
    "commercial_partner_id",
    "user_id",
    "active",
    "is_company",
    "write_date",
    "create_date",
];

/// Organisations.
pub const COMPANIES: Shape = Shape {
    kind: Kind::Company,
    model: MODEL,
    fields: FIELDS,
    domain: || json!([["is_company", "=", true]]),
    there: || json!([["is_company", "=", true], ["active", "=", true]]),
    parse: parsed::<PartnerRow>,
};
/// People.
pub const CONTACTS: Shape = Shape {
    kind: Kind::Contact,
    model: MODEL,
    fields: FIELDS,
    domain: || json!([["is_company", "=", false]]),
    there: || json!([["is_company", "=", false], ["active", "=", true]]),
    parse: parsed::<PartnerRow>,
};

/// What is asked of a partner that another record names.
#[derive(Deserialize)]
pub struct KindRow {
    /// Id.
    pub id: i64,
    /// Organisation or person.
    pub is_company: bool,
    #[serde(deserialize_with = "or_false")]
    commercial_partner_id: Option<Named>,
}

impl KindRow {
    /// The company to which a person belongs.
    pub fn employer(&self) -> Option<i64> {
        self.commercial_partner_id.as_ref().map(|top| top.0).filter(|top| *top != self.id)
    }
}

#[derive(Deserialize)]
struct PartnerRow {
    #[serde(flatten)]
    kind: KindRow,
    #[serde(deserialize_with = "text")]
    name: String,
    #[serde(deserialize_with = "text")]
    email: String,
    #[serde(deserialize_with = "text")]
    phone: String,
    #[serde(deserialize_with = "text")]
    function: String,
    #[serde(deserialize_with = "text")]
    website: String,
    #[serde(deserialize_with = "text")]
    city: String,
    #[serde(deserialize_with = "or_false")]
    country_id: Option<Named>,
    #[serde(deserialize_with = "or_false")]
    industry_id: Option<Named>,
    #[serde(deserialize_with = "or_false")]
    user_id: Option<Named>,
    active: bool,
    write_date: String,
    #[serde(deserialize_with = "text")]
    create_date: String,
}

impl Row for PartnerRow {
    fn id(&self) -> i64 {
        self.kind.id
    }
    fn changed(&self) -> &str {
        &self.write_date
    }
    fn mapped(&self, _partners: &Partners) -> Mapped {
        let mut fields: model::Fields = [
            (Field::Name, value(&self.name)),
            (Field::Email, value(&self.email)),
            (Field::Phone, value(&self.phone)),
            (Field::City, value(&self.city)),
            (Field::Country, name_of(self.country_id.as_ref())),
            (Field::Owner, reference(self.user_id.as_ref())),
            (Field::CreatedAt, time_value(&self.create_date)),
        ]
        .into_iter()
        .collect();
        let links = if self.kind.is_company {
            fields.set(Field::Domain, host(&self.website));
            fields.set(Field::Industry, name_of(self.industry_id.as_ref()));
            Vec::new()
        } else {
            fields.set(Field::JobTitle, value(&self.function));
            vec![links(Kind::Company, self.kind.employer())]
        };
        Mapped { fields, links, marker: None, archived: !self.active }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{linked, mapped};
    use super::*;

    #[test]
    fn a_person_is_linked_to_the_company_at_the_top() {
        let contacts = mapped(CONTACTS, "contacts", "");
        let (_, second) = &contacts[1];
        assert!(!second.archived);
        assert_eq!(linked(second, Kind::Company).len(), 1);
        assert!(second.fields.text(Field::Email).unwrap().ends_with(".example"));
        assert!(second.fields.get(Field::Domain).is_none());
    }

    #[test]
    fn an_archived_person_is_told() {
        assert!(mapped(CONTACTS, "contacts", "")[0].1.archived);
    }

    #[test]
    fn a_company_has_a_domain_and_no_employer() {
        let (_, company) = &mapped(COMPANIES, "companies", "")[0];
        assert!(company.fields.get(Field::Domain).is_some());
        assert!(company.links.is_empty());
    }
}
