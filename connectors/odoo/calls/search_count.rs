//! `search_count`: how many records match, archived ones included.

use super::{Site, result};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use serde_json::{Value, json};
use url::Url;

/// Counts.
pub struct SearchCount<'a> {
    /// Server.
    pub site: &'a Site,
    /// Odoo's model.
    pub model: &'static str,
    /// Odoo's search domain.
    pub domain: Value,
}

impl Call for SearchCount<'_> {
    type Out = u64;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "odoo.search_count";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let arguments = json!({"domain": self.domain, "context": {"active_test": false}});
        self.site.post(base, self.model, "search_count", &arguments)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<u64, Error> {
        result(&format!("{}.search_count", self.model), parts, body)
    }
}
