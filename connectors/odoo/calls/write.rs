//! `write`: sets one reference of one record. Odoo has no conditional write, so whoever calls this looks first.

use super::{Site, result};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, response::Parts};
use serde_json::json;
use url::Url;

/// Sets `field` to the record `to`.
pub struct Write<'a> {
    /// Server.
    pub site: &'a Site,
    /// Odoo's model.
    pub model: &'static str,
    /// The record.
    pub id: i64,
    /// Odoo's field.
    pub field: &'static str,
    /// Id of the record that it is to name.
    pub to: i64,
}

impl Call for Write<'_> {
    type Out = ();
    const EFFECT: Effect = Effect::Idempotent;
    const NAME: &'static str = "odoo.write";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let arguments = json!({"ids": [self.id], "vals": {self.field: self.to}});
        self.site.post(base, self.model, "write", &arguments)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<(), Error> {
        let call = format!("{}.write", self.model);
        if result::<bool>(&call, parts, body)? {
            return Ok(());
        }
        Err(Error::answered(ErrorKind::Garbled, format!("{call}: neither done nor refused")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{base, recorded, sent};

    #[test]
    fn one_field_of_one_record_is_set() {
        let site = Site::default();
        let call = Write { site: &site, model: "crm.lead", id: 14, field: "stage_id", to: 3 };
        let body = sent(&call.request(&base()).unwrap());
        assert_eq!(body, json!({"ids": [14], "vals": {"stage_id": 3}}));
        let (parts, body) = recorded("written");
        call.parse(&parts, &body).unwrap();
        let (parts, body) = recorded("error_404");
        assert_eq!(call.parse(&parts, &body).unwrap_err().kind, ErrorKind::NotFound);
    }
}
