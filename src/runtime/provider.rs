//! What the daemon itself needs of a vendor's shipped facts (`config/providers/<vendor>.toml`); the rest is for
//! the connector.

use crate::settings::{AuthKind, Connection};
use anyhow::Context;
use connect::{Maker, http::oauth::App};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// A vendor's facts.
#[derive(Deserialize, Default)]
pub struct Provider {
    /// Where the vendor is; absent where every user has a server of their own.
    pub base_url: Option<Url>,
    /// How its accounts sign in when the configuration does not say.
    #[serde(default)]
    pub auth: Option<AuthKind>,
    /// Its OAuth endpoints.
    #[serde(default)]
    oauth: OAuth,
}

#[derive(Deserialize, Default)]
struct OAuth {
    authorize_url: Option<Url>,
    token_url: Option<Url>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    optional_scopes: Vec<String>,
    /// What else the vendor wants to see when access is asked for.
    #[serde(default)]
    extra: BTreeMap<String, String>,
}

impl Provider {
    /// Reads the facts that are embedded with a connector.
    pub fn of(maker: &Maker) -> anyhow::Result<Self> {
        toml::from_str(maker.provider).with_context(|| format!("the shipped facts about {}", maker.vendor))
    }

    /// How a connection signs in.
    pub fn auth(&self, connection: &Connection) -> AuthKind {
        connection.auth.or(self.auth).unwrap_or(AuthKind::Token)
    }

    /// The application that a connection's access is granted to, still without its secret.
    pub fn app(self, connection: &Connection) -> anyhow::Result<App> {
        let OAuth { authorize_url, token_url, scopes, optional_scopes, extra } = self.oauth;
        let missing = |key: &str| format!("signing in by OAuth needs `{key}` for this connection");
        let own = connection.scopes.is_empty();
        Ok(App {
            authorize_url: connection
                .authorize_url
                .clone()
                .or(authorize_url)
                .with_context(|| missing("authorize_url"))?,
            token_url: connection.token_url.clone().or(token_url).with_context(|| missing("token_url"))?,
            client_id: connection.client_id.clone().with_context(|| missing("client_id"))?,
            client_secret: None,
            scopes: if own { scopes } else { connection.scopes.clone() },
            optional_scopes: if own { optional_scopes } else { Vec::new() },
            extra: extra.into_iter().collect(),
            user: connection.user.clone(),
        })
    }
}
