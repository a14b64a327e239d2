//! `[organization]` and `[data]`.

use super::{
    Zone,
    read::{leaf, section},
    schema,
};
use jiff::tz::TimeZone;
use model::Currency;
use std::{collections::BTreeMap, path::PathBuf};

const USD: &str = "USD";

section! {
    /// Whose sales these are.
    pub struct Organization {
        /// Name, as the control centre's heading prints it.
        pub name: String = "MURPHBECK".to_owned(),
        /// Zone in which weeks begin, cron expressions run and working hours are read.
        pub zone: Zone = Zone(TimeZone::UTC),
        /// Currency in which amounts are compared.
        #[schemars(with = "String")]
        pub currency: Currency = USD.parse().expect("USD is a currency"),
        /// What one unit of another currency is worth in the organisation's currency.
        #[schemars(schema_with = "schema::rates")]
        pub rates: BTreeMap<Currency, f64> = BTreeMap::new(),
    }
}
leaf!(Currency);

section! {
    /// Where things are kept.
    pub struct Data {
        /// Folder of the database; the platform's data folder when absent. `--data` goes first.
        pub dir: Option<PathBuf> = None,
    }
}
