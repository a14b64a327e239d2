//! `search`: ids only. (`read` of only the field `id` answers for deleted records too; this does not.)

use super::{Site, result};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use serde_json::{Value, json};
use url::Url;

/// Lists ids, archived records included.
pub struct Search<'a> {
    /// Server.
    pub site: &'a Site,
    /// Odoo's model.
    pub model: &'static str,
    /// Odoo's search domain.
    pub domain: Value,
    /// `id asc` or `id desc`.
    pub order: &'static str,
    /// Most ids.
    pub limit: usize,
}

impl Call for Search<'_> {
    type Out = Vec<i64>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "odoo.search";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let arguments = json!({
            "domain": self.domain, "limit": self.limit, "order": self.order, "context": {"active_test": false},
        });
        self.site.post(base, self.model, "search", &arguments)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Vec<i64>, Error> {
        result(&format!("{}.search", self.model), parts, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::recorded;

    #[test]
    fn ids_come_as_a_bare_list() {
        let site = Site::default();
        let call = Search { site: &site, model: "crm.lead", domain: json!([]), order: "id asc", limit: 5 };
        let (parts, body) = recorded("ids");
        assert_eq!(call.parse(&parts, &body).unwrap(), [1, 2, 3, 4, 5]);
    }
}
