//! `has_access`: may our user do this with records of that model at all? (Record rules may still hide some.)

use super::{Site, result};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, response::Parts};
use serde_json::json;
use url::Url;

/// Asks for one operation on one model.
pub struct HasAccess<'a> {
    /// Server.
    pub site: &'a Site,
    /// Odoo's model.
    pub model: &'static str,
    /// `read`, `write`, `create` or `unlink`.
    pub operation: &'static str,
}

impl Call for HasAccess<'_> {
    /// `None` where the model does not exist: its app is not installed.
    type Out = Option<bool>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "odoo.has_access";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        self.site.post(base, self.model, "has_access", &json!({"operation": self.operation}))
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Option<bool>, Error> {
        match result(&format!("{}.has_access", self.model), parts, body) {
            Ok(granted) => Ok(Some(granted)),
            Err(Error { kind: ErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::recorded;

    #[test]
    fn a_model_that_does_not_exist_is_told_from_one_that_is_forbidden() {
        let site = Site::default();
        let call = HasAccess { site: &site, model: "crm.lead", operation: "read" };
        let (parts, body) = recorded("error_404_model");
        assert_eq!(call.parse(&parts, &body).unwrap(), None);
        let (parts, body) = recorded("written");
        assert_eq!(call.parse(&parts, &body).unwrap(), Some(true));
    }
}
