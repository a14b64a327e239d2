//! Who we are at an Odoo and what our user may do there.

use crate::{
    Odoo,
    calls::{
        context_get::{ContextGet, Whoami},
        has_access::HasAccess,
        search_count::SearchCount,
        search_read::SearchRead,
    },
    records::{STREAMS, activity, lead, partner, shape},
    text::{Named, or_false},
};
use connect::{Account, Cx, Error, Grant};
use model::Currency;
use serde::Deserialize;
use serde_json::json;

/// What each write needs at Odoo.
const WRITES: [(&str, &str, &str); 5] = [
    ("create tasks", activity::MODEL, "create"),
    ("complete tasks", activity::MODEL, "write"),
    ("create notes", "mail.message", "create"),
    ("change stages and owners of deals", lead::MODEL, "write"),
    ("change owners of companies and contacts", partner::MODEL, "write"),
];

#[derive(Deserialize)]
struct Us {
    name: String,
    #[serde(deserialize_with = "or_false")]
    company_id: Option<Named>,
}

#[derive(Deserialize)]
struct Organisation {
    #[serde(deserialize_with = "or_false")]
    currency_id: Option<Named>,
}

impl Odoo {
    pub(crate) async fn account(&self, cx: &Cx<'_>) -> Result<Account, Error> {
        let Whoami { user, zone, at } = cx.send(&ContextGet { site: &self.site }).await?;
        let us: Option<Us> = self.one(cx, "res.users", user, &["name", "company_id"]).await?;
        let company = us.as_ref().and_then(|us| us.company_id.clone());
        let mut account = Account {
            name: name(cx, us.as_ref(), user),
            zone,
            currency: self.currency(cx, company.as_ref()).await?,
            clock: at,
            ..Account::default()
        };
        for stream in STREAMS {
            let Some(shape) = shape(stream) else { continue };
            let mut grant = self.grant(cx, format!("read {}", stream.plural()), shape.model, "read").await?;
            grant.stream = Some(stream);
            if grant.granted {
                let call = SearchCount { site: &self.site, model: shape.model, domain: (shape.there)() };
                account.sizes.push((stream, cx.send(&call).await?));
            }
            account.grants.push(grant);
        }
        for (what, model, operation) in WRITES {
            account.grants.push(self.grant(cx, what.to_owned(), model, operation).await?);
        }
        Ok(account)
    }

    async fn grant(
        &self,
        cx: &Cx<'_>,
        what: String,
        model: &'static str,
        operation: &'static str,
    ) -> Result<Grant, Error> {
        let missing = match cx.send(&HasAccess { site: &self.site, model, operation }).await? {
            Some(true) => None,
            Some(false) => Some(format!(
                "the user of the API key may not {operation} {model}: give it a group that may (Sales / User is enough)"
            )),
            None => Some(format!("there is no {model}: install the CRM and Calendar apps")),
        };
        Ok(Grant { what, stream: None, granted: missing.is_none(), missing })
    }

    async fn currency(&self, cx: &Cx<'_>, company: Option<&Named>) -> Result<Option<Currency>, Error> {
        let Some(company) = company else { return Ok(None) };
        let organisation: Option<Organisation> =
            self.one(cx, "res.company", company.0, &["currency_id"]).await?;
        Ok(organisation.and_then(|organisation| organisation.currency_id?.1.parse().ok()))
    }

    async fn one<T: serde::de::DeserializeOwned>(
        &self,
        cx: &Cx<'_>,
        model: &'static str,
        id: i64,
        fields: &[&'static str],
    ) -> Result<Option<T>, Error> {
        let call = SearchRead { site: &self.site, model, domain: json!([["id", "=", id]]), fields, limit: 1 };
        Ok(cx.send(&call).await?.rows.first().and_then(|row| serde_json::from_slice(row).ok()))
    }
}

fn name(cx: &Cx<'_>, us: Option<&Us>, user: i64) -> String {
    let host = cx.base.host_str().unwrap_or("Odoo");
    match us {
        Some(Us { name, company_id: Some(company) }) => format!("{name} of {} at {host}", company.1),
        Some(Us { name, company_id: None }) => format!("{name} at {host}"),
        None => format!("user {user} at {host}"),
    }
}
