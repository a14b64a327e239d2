//! `mail.activity.load`: creates or updates a task under an external id of ours. Sent twice it makes one task.

use super::{Site, refusal::cut, result};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, response::Parts};
use model::WriteKey;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

/// Columns: `/id` names a record by external id, `/.id` by database id.
const COLUMNS: [&str; 8] = [
    "id",
    "res_model_id/id",
    "res_id",
    "activity_type_id/id",
    "summary",
    "note",
    "date_deadline",
    "user_id/.id",
];
/// Odoo's own external id of the type "To-Do".
const TO_DO: &str = "mail.mail_activity_data_todo";
/// PostgreSQL's words (SQLSTATE 40001 and 40P01) when two transactions met; `load` does not try again by itself.
const MET_ANOTHER: [&str; 2] = ["could not serialize access", "deadlock detected"];

/// Loads one task.
pub struct Load<'a> {
    /// Server.
    pub site: &'a Site,
    /// Its external id is `sales_orchestrator.task_<key>`.
    pub key: &'a WriteKey,
    /// External id of the model of the record beside which it stands (`crm.model_crm_lead`).
    pub beside_model: &'static str,
    /// That record.
    pub beside: i64,
    /// One line.
    pub summary: &'a str,
    /// HTML.
    pub note: &'a str,
    /// Due date, `YYYY-MM-DD`.
    pub due: String,
    /// User it is assigned to; nobody when `None`.
    pub user: Option<i64>,
}

#[derive(Deserialize)]
struct Loaded {
    /// `false` when nothing was loaded, whatever the status code.
    ids: Value,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

impl Call for Load<'_> {
    /// The task's id.
    type Out = i64;
    const EFFECT: Effect = Effect::Idempotent;
    const NAME: &'static str = "odoo.load";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let row = [
            format!("sales_orchestrator.task_{}", self.key),
            self.beside_model.to_owned(),
            self.beside.to_string(),
            TO_DO.to_owned(),
            self.summary.to_owned(),
            self.note.to_owned(),
            self.due.clone(),
            self.user.map(|user| user.to_string()).unwrap_or_default(),
        ];
        self.site.post(base, "mail.activity", "load", &json!({"fields": COLUMNS, "data": [row]}))
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<i64, Error> {
        let loaded: Loaded = result("mail.activity.load", parts, body)?;
        let words =
            loaded.messages.iter().map(|message| message.message.as_str()).collect::<Vec<_>>().join("; ");
        match loaded.ids.get(0).and_then(Value::as_i64) {
            Some(id) => Ok(id),
            None if MET_ANOTHER.iter().any(|met| words.contains(met)) => Err(Error::answered(
                ErrorKind::Busy { after: Some(Duration::from_millis(250)) },
                "mail.activity.load: another transaction was at it",
            )),
            None => Err(Error::answered(ErrorKind::Invalid, format!("mail.activity.load: {}", cut(&words)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{base, recorded, sent};

    fn parsed(name: &str) -> Result<i64, Error> {
        let (parts, body) = recorded(name);
        let (site, key) = (Site::default(), "0".repeat(32).parse().unwrap());
        call(&site, &key).parse(&parts, &body)
    }

    fn call<'a>(site: &'a Site, key: &'a WriteKey) -> Load<'a> {
        Load {
            site,
            key,
            beside_model: "crm.model_crm_lead",
            beside: 14,
            summary: "Call the buyer",
            note: "<p>why</p>",
            due: "2026-11-27".to_owned(),
            user: None,
        }
    }

    #[test]
    fn the_external_id_is_the_writes_key() {
        let (site, key) = (Site::default(), "000000000000000000000000000000ab".parse().unwrap());
        let body = sent(&call(&site, &key).request(&base()).unwrap());
        let row = &body["data"][0];
        assert_eq!(row[0], "sales_orchestrator.task_000000000000000000000000000000ab");
        assert_eq!(row[7], "", "nobody is assigned");
        assert_eq!(row.as_array().unwrap().len(), body["fields"].as_array().unwrap().len());
    }

    #[test]
    fn the_id_comes_back() {
        assert!(parsed("load_created").unwrap() > 0);
    }

    #[test]
    fn status_200_with_no_ids_is_a_refusal_with_the_reason() {
        let error = parsed("load_bad_user").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.detail.contains("database id '99999'"), "{}", error.detail);
        assert_eq!(parsed("load_gone_deal").unwrap_err().kind, ErrorKind::Invalid);
    }

    #[test]
    fn losing_a_race_is_passing() {
        let error = parsed("load_race_lost").unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Busy { .. }), "{error:?}");
    }
}
