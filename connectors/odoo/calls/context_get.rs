//! `res.users.context_get`: whose key this is.

use super::{Site, result, server_time};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// Asks who we are.
pub struct ContextGet<'a> {
    /// Server.
    pub site: &'a Site,
}

/// Who we are.
#[derive(Debug)]
pub struct Whoami {
    /// Our user's id.
    pub user: i64,
    /// Our user's IANA zone, if set.
    pub zone: Option<String>,
    /// The server's clock.
    pub at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Context {
    uid: i64,
    #[serde(default)]
    tz: Value,
}

impl Call for ContextGet<'_> {
    type Out = Whoami;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "odoo.context_get";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        self.site.post(base, "res.users", "context_get", &json!({}))
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Whoami, Error> {
        let context: Context = result("res.users.context_get", parts, body)?;
        Ok(Whoami { user: context.uid, zone: context.tz.as_str().map(str::to_owned), at: server_time(parts) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::recorded;

    #[test]
    fn the_user_and_its_zone_are_read() {
        let (parts, body) = recorded("whoami");
        let whoami = ContextGet { site: &Site::default() }.parse(&parts, &body).unwrap();
        assert_eq!((whoami.user, whoami.zone.as_deref()), (2, Some("Europe/Brussels")));
    }
}
