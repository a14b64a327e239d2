//! `search_read`: records that match a domain, with the named fields, archived ones included.

use super::{Site, result, server_time};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use model::Timestamp;
use serde_json::{Value, json, value::RawValue};
use url::Url;

/// Reads records in the order of their ids.
pub struct SearchRead<'a> {
    /// Server.
    pub site: &'a Site,
    /// Odoo's model (`crm.lead`).
    pub model: &'static str,
    /// Odoo's search domain, in prefix notation.
    pub domain: Value,
    /// Fields; `id` comes always.
    pub fields: &'a [&'static str],
    /// Most records.
    pub limit: usize,
}

/// Records as they came.
#[derive(Debug)]
pub struct Listing {
    /// Each record's JSON: slices of the answer.
    pub rows: Vec<Bytes>,
    /// The server's clock.
    pub at: Option<Timestamp>,
}

impl Call for SearchRead<'_> {
    type Out = Listing;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "odoo.search_read";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        // Lost deals, finished activities and archived partners are hidden unless `active_test` is off.
        let arguments = json!({
            "domain": self.domain, "fields": self.fields, "limit": self.limit, "order": "id asc",
            "context": {"active_test": false},
        });
        self.site.post(base, self.model, "search_read", &arguments)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Listing, Error> {
        let call = format!("{}.search_read", self.model);
        // Checks the status before the body is walked a second time for its slices.
        let rows = if parts.status == http::StatusCode::OK {
            serde_json::from_slice::<Vec<&RawValue>>(body).ok()
        } else {
            None
        };
        match rows {
            Some(rows) => Ok(Listing {
                rows: rows.into_iter().map(|row| body.slice_ref(row.get().as_bytes())).collect(),
                at: server_time(parts),
            }),
            None => result::<Vec<Value>>(&call, parts, body).map(|_| Listing { rows: Vec::new(), at: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{base, recorded, sent};
    use connect::ErrorKind;

    fn call(site: &Site) -> SearchRead<'_> {
        SearchRead { site, model: "crm.lead", domain: json!([["id", ">", 7]]), fields: &["name"], limit: 2 }
    }

    #[test]
    fn the_request_asks_for_archived_records_too() {
        let site = Site { database: Some("crm".into()) };
        let request = call(&site).request(&base()).unwrap();
        assert_eq!(request.uri(), "https://crm.example/json/2/crm.lead/search_read");
        assert_eq!(request.headers()["x-odoo-database"], "crm");
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(sent(&request)["context"], json!({"active_test": false}));
        assert_eq!(sent(&request)["order"], "id asc");
    }

    #[test]
    fn rows_are_slices_of_the_answer_and_the_servers_clock_comes_along() {
        let site = Site::default();
        let (parts, body) = recorded("leads");
        let listing = call(&site).parse(&parts, &body).unwrap();
        assert_eq!(listing.rows.len(), 4);
        assert!(listing.rows.iter().all(|row| row.starts_with(b"{\"id\"") && row.ends_with(b"}")));
        assert_eq!(listing.at.unwrap().to_string(), "2026-11-22T16:25:49.000Z");
    }

    #[test]
    fn a_cut_answer_is_garbled_and_a_refusal_a_refusal() {
        let site = Site::default();
        let (parts, body) = recorded("leads");
        let cut = body.slice(..body.len() - 9);
        assert_eq!(call(&site).parse(&parts, &cut).unwrap_err().kind, ErrorKind::Garbled);
        let (parts, body) = recorded("error_401");
        assert_eq!(call(&site).parse(&parts, &body).unwrap_err().kind, ErrorKind::Unauthorized);
    }
}
