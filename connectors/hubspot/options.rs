//! The options of a HubSpot connection.

use crate::{
    api::{Api, VERSION},
    fields::{Custom, Object, object},
};
use connect::{Error, ErrorKind, Options};
use model::Kind;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// As the connection's section spells them.
#[derive(Deserialize, Debug)]
#[serde(default, deny_unknown_fields)]
struct Extra {
    /// `2026-03`, another date-based version, or `v3`.
    api_version: String,
    /// How far back each increment reads again, because the index can lag.
    overlap_minutes: u64,
    /// Keep our key in a unique property of tasks and notes where the account allows it.
    key_property: bool,
    /// Further properties per kind of record.
    objects: BTreeMap<Kind, Custom>,
}

impl Default for Extra {
    fn default() -> Self {
        Self {
            api_version: VERSION.to_owned(),
            overlap_minutes: 10,
            key_property: true,
            objects: BTreeMap::new(),
        }
    }
}

/// The options, checked.
#[derive(Debug)]
pub struct Settings {
    /// Paths.
    pub api: Api,
    /// See [`Extra::overlap_minutes`].
    pub overlap: Duration,
    /// See [`Extra::key_property`].
    pub key_property: bool,
    /// All object types that are read.
    pub objects: Vec<Object>,
}

impl Settings {
    /// Reads the options of a connection.
    pub fn read(options: &Options) -> Result<Self, Error> {
        let wrong = |why: String| Error::unsent(ErrorKind::Config, format!("{}: {why}", options.connection));
        let extra = serde_json::Value::Object(options.extra.clone());
        let extra: Extra = serde_json::from_value(extra).map_err(|error| wrong(error.to_string()))?;
        if !(1..=24 * 60).contains(&extra.overlap_minutes) {
            return Err(wrong("overlap_minutes must be between 1 and 1440".to_owned()));
        }
        if let Some(kind) = extra.objects.keys().find(|kind| crate::fields::object_name(**kind).is_none()) {
            return Err(wrong(format!("objects: {kind} has no properties")));
        }
        let mut objects = Vec::new();
        for kind in Kind::ALL {
            objects.extend(object(kind, extra.objects.get(&kind))?);
        }
        Ok(Self {
            api: Api::named(&extra.api_version)?,
            overlap: Duration::from_secs(extra.overlap_minutes * 60),
            key_property: extra.key_property,
            objects,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(extra: &serde_json::Value) -> Result<Settings, Error> {
        Settings::read(&Options {
            connection: "crm".into(),
            extra: extra.as_object().cloned().unwrap(),
            timeout: Duration::from_secs(30),
        })
    }

    #[test]
    fn everything_has_a_default() {
        let settings = read(&json!({})).unwrap();
        assert_eq!((settings.overlap.as_secs(), settings.key_property), (600, true));
        assert_eq!(settings.objects.len(), 8);
    }

    #[test]
    fn mistakes_are_told_with_the_connection_and_the_option() {
        for (extra, told) in [
            (json!({"api_versoin": "v3"}), "api_versoin"),
            (json!({"api_version": "v7"}), "v7"),
            (json!({"overlap_minutes": 0}), "overlap_minutes"),
            (json!({"objects": {"owner": {}}}), "owner"),
            (json!({"objects": {"deal": {"fields": {"won": "x"}}}}), "Won"),
        ] {
            let error = read(&extra).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Config);
            assert!(error.detail.contains(told), "{}", error.detail);
        }
    }
}
