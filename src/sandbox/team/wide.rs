//! Contacts of the size that real accounts have: 36 properties, about 1.3 KB of JSON.

use super::names;
use crate::clock::iso;
use crate::dice::Dice;
use crate::hubspot::Values;

/// What a client asks for to get them whole.
pub const WIDE: [&str; 36] = [
    "email",
    "firstname",
    "lastname",
    "salutation",
    "phone",
    "mobilephone",
    "company",
    "jobtitle",
    "job_function",
    "seniority",
    "website",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "industry",
    "numemployees",
    "annualrevenue",
    "lifecyclestage",
    "hs_lead_status",
    "hs_language",
    "hs_timezone",
    "hs_buying_role",
    "hs_analytics_source",
    "hs_analytics_num_page_views",
    "hs_analytics_num_visits",
    "hs_email_optout",
    "linkedin_url",
    "notes_last_contacted",
    "notes_last_updated",
    "num_notes",
    "hubspotscore",
    "hubspot_owner_id",
    "hs_object_source_label",
    "message",
];

pub fn fill(values: &mut Values, dice: &mut Dice, now: i64) {
    let (city, country, zip) = dice.pick(&names::CITY).copied().unwrap_or_default();
    let (name, trade) = (word(dice, &names::COMPANY), word(dice, &names::TRADE));
    let number = |dice: &mut Dice, most: i64| dice.between(0, most).to_string();
    let handle = format!("{}-{}", name.to_lowercase(), number(dice, 99_999));
    for (key, value) in [
        ("salutation", "Dr.".to_owned()),
        ("mobilephone", format!("+49 171 {:07}", dice.below(10_000_000))),
        ("company", format!("{name} {trade} GmbH")),
        ("job_function", "operations".to_owned()),
        ("seniority", "manager".to_owned()),
        ("website", format!("https://www.{handle}.example")),
        ("address", format!("Hauptstrasse {}", number(dice, 200))),
        ("city", city.to_owned()),
        ("state", country.to_owned()),
        ("zip", zip.to_owned()),
        ("country", country.to_owned()),
        ("industry", trade.to_owned()),
        ("numemployees", number(dice, 5000)),
        ("annualrevenue", number(dice, 90_000_000)),
        ("hs_lead_status", "IN_PROGRESS".to_owned()),
        ("hs_language", "de-de".to_owned()),
        ("hs_timezone", "europe_slash_berlin".to_owned()),
        ("hs_buying_role", "DECISION_MAKER".to_owned()),
        ("hs_analytics_source", "ORGANIC_SEARCH".to_owned()),
        ("hs_analytics_num_page_views", number(dice, 300)),
        ("hs_analytics_num_visits", number(dice, 60)),
        ("hs_email_optout", "false".to_owned()),
        ("linkedin_url", format!("https://www.linkedin.com/in/{handle}")),
        ("notes_last_contacted", iso(now - dice.between(0, 9_000_000_000))),
        ("notes_last_updated", iso(now - dice.between(0, 9_000_000_000))),
        ("num_notes", number(dice, 40)),
        ("hubspotscore", number(dice, 100)),
        ("message", format!("Asked at the fair about {trade} for {city}; wants a call next week.")),
    ] {
        values.insert(key.to_owned(), value);
    }
}

fn word<'w>(dice: &mut Dice, words: &[&'w str]) -> &'w str {
    dice.pick(words).copied().unwrap_or_default()
}
