//! `message_post`: an internal note in a record's history. Odoo has no idempotency key for it.

use super::{Site, result};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, response::Parts};
use serde_json::json;
use url::Url;

/// Posts.
pub struct MessagePost<'a> {
    /// Server.
    pub site: &'a Site,
    /// Model of the record beside which it stands.
    pub model: &'static str,
    /// That record.
    pub beside: i64,
    /// HTML; Odoo cleans it.
    pub body: &'a str,
}

impl Call for MessagePost<'_> {
    /// The note's id.
    type Out = i64;
    const EFFECT: Effect = Effect::Creates;
    const NAME: &'static str = "odoo.message_post";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let arguments = json!({
            "ids": [self.beside], "body": self.body, "body_is_html": true,
            "message_type": "comment", "subtype_xmlid": "mail.mt_note",
        });
        self.site.post(base, self.model, "message_post", &arguments)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<i64, Error> {
        let ids: Vec<i64> = result(&format!("{}.message_post", self.model), parts, body)?;
        ids.first().copied().ok_or_else(|| {
            Error::answered(ErrorKind::Garbled, format!("{}.message_post: no id came back", self.model))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{base, recorded, sent};

    #[test]
    fn a_note_is_internal_and_its_id_comes_back() {
        let site = Site::default();
        let call = MessagePost { site: &site, model: "crm.lead", beside: 14, body: "a <b>" };
        let body = sent(&call.request(&base()).unwrap());
        assert_eq!((&body["subtype_xmlid"], &body["body"]), (&json!("mail.mt_note"), &json!("a <b>")));
        let (parts, body) = recorded("posted");
        assert!(call.parse(&parts, &body).unwrap() > 0);
    }
}
