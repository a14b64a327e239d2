//! `GET account-info/{version}/details`: which portal this is, its zone and currency, and today's allowance.

use super::{date, json, read};
use crate::{api::Api, errors::accepted};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use model::Timestamp;
use serde::Deserialize;
use url::Url;

/// The account itself.
pub struct Details<'a> {
    /// Where.
    pub api: &'a Api,
}

/// What it says.
#[derive(Debug)]
pub struct Answer {
    /// Portal id.
    pub portal: u64,
    /// IANA zone: the daily allowance is renewed at its midnight.
    pub zone: Option<String>,
    /// ISO currency of the account.
    pub currency: Option<String>,
    /// Requests left today, and of how many (private apps only).
    pub budget: Option<(u64, u64)>,
    /// Its clock.
    pub date: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    portal_id: u64,
    time_zone: Option<String>,
    company_currency: Option<String>,
}

impl Call for Details<'_> {
    type Out = Answer;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "hubspot.account";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        read(base, &self.api.account(), &[])
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Answer, Error> {
        accepted(Self::NAME, parts, body)?;
        let said: Body = json(Self::NAME, body)?;
        let number = |name: &str| parts.headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
        let left = number("x-hubspot-ratelimit-daily-remaining");
        Ok(Answer {
            portal: said.portal_id,
            zone: said.time_zone,
            currency: said.company_currency,
            budget: left.zip(number("x-hubspot-ratelimit-daily")),
            date: date(parts),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::api::VERSION;

    #[test]
    fn the_budget_is_in_the_headers_and_the_zone_in_the_body() {
        let api = Api::named(VERSION).unwrap();
        let (mut parts, body) = answer(
            200,
            r#"{"portalId":48151623,"accountType":"STANDARD","timeZone":"Europe/Berlin","companyCurrency":"EUR"}"#,
        );
        parts.headers.insert("x-hubspot-ratelimit-daily", "250000".parse().unwrap());
        parts.headers.insert("x-hubspot-ratelimit-daily-remaining", "249842".parse().unwrap());
        let said = Details { api: &api }.parse(&parts, &body).unwrap();
        assert_eq!((said.portal, said.zone.as_deref()), (48_151_623, Some("Europe/Berlin")));
        assert_eq!(said.budget, Some((249_842, 250_000)));
    }
}
