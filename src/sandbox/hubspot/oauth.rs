//! Who may call: static bearer tokens with scopes, and an OAuth app with expiring access tokens.

use super::kinds::Kind;
use super::problem::Problem;
use super::reply::Reply;
use super::request::Ask;
use crate::clock::iso;
use crate::config::{Config, OauthApp};
use crate::google::pkce;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A token's holder.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Name of the app in journal and limits; never the token itself.
    pub app: String,
    pub scopes: BTreeSet<String>,
    /// Epoch ms; static tokens don't expire.
    pub expires: Option<i64>,
}

#[derive(Debug)]
pub struct Access {
    tokens: BTreeMap<String, Grant>,
    app: Option<OauthApp>,
    /// The refresh token that is valid now.
    refresh: String,
    /// Codes of a consent: (redirect, proof key's challenge, empty where none was given).
    codes: BTreeMap<String, (String, String)>,
    issued: u64,
    portal: u64,
}

const APP: &str = "oauth-app";

impl Access {
    pub fn new(config: &Config) -> Self {
        let fixed = config.tokens.iter().enumerate().map(|(n, t)| {
            (
                t.token.clone(),
                Grant { app: format!("private-app-{n}"), scopes: t.scopes.clone(), expires: None },
            )
        });
        Self {
            tokens: fixed.collect(),
            refresh: config.oauth.as_ref().map_or_else(String::new, |app| app.refresh_token.clone()),
            app: config.oauth.clone(),
            codes: BTreeMap::new(),
            issued: 0,
            portal: config.portal,
        }
    }

    /// The holder of a bearer token, or the 401 that HubSpot answers.
    pub fn grant(&self, bearer: Option<&str>, now: i64) -> Result<Grant, Problem> {
        let unknown = || {
            Problem::new(
                401,
                "INVALID_AUTHENTICATION",
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            )
        };
        let grant = bearer.and_then(|token| self.tokens.get(token)).ok_or_else(unknown)?;
        match grant.expires {
            Some(end) if end <= now => Err(expired(end, now)),
            _ => Ok(grant.clone()),
        }
    }

    /// Makes an access token expire now, as a revoked or aged one. Static tokens stay.
    pub fn expire(&mut self, bearer: Option<&str>, now: i64) {
        if let Some(grant) = bearer.and_then(|token| self.tokens.get_mut(token)) {
            grant.expires = grant.expires.map(|end| end.min(now));
        }
    }

    /// Is the bearer an OAuth access token?
    pub fn is_oauth(&self, bearer: Option<&str>) -> bool {
        bearer.and_then(|token| self.tokens.get(token)).is_some_and(|g| g.expires.is_some())
    }

    /// A person consents at once: `GET oauth/authorize`, answered by a redirect with a code.
    pub fn authorize(&mut self, ask: &Ask) -> Reply {
        let part = |name: &str| ask.one(name).unwrap_or_default().to_owned();
        let known = self.app.as_ref().is_some_and(|app| app.client_id == part("client_id"));
        if !known || part("redirect_uri").is_empty() || part("scope").is_empty() {
            return Reply::html(400, "Authorization failed", "The app or its redirect address is unknown.");
        }
        self.issued += 1;
        let (code, redirect) = (format!("na1-sandbox-{}", self.issued), part("redirect_uri"));
        self.codes.insert(code.clone(), (redirect.clone(), part("code_challenge")));
        let to = format!("{redirect}?code={code}&state={}", part("state"));
        Reply { status: 302, ..Reply::empty() }.with("location", to)
    }

    /// Is it a code that was given for this redirect, and by whom the proof key was made? It is used up.
    fn redeem(&mut self, code: &str, redirect: &str, verifier: &str) -> Result<(), Problem> {
        let bad = || Problem::new(400, "BAD_AUTH_CODE", "missing or unknown auth code");
        let (to, challenge) = self.codes.remove(code).ok_or_else(bad)?;
        let proven = challenge.is_empty() || pkce(verifier) == challenge;
        if to == redirect && proven { Ok(()) } else { Err(bad()) }
    }

    /// `POST oauth/v1/token` (form-encoded, no Authorization header).
    pub fn token(&mut self, ask: &Ask, now: i64) -> Result<Reply, Problem> {
        let form: BTreeMap<String, String> = ask.form().into_iter().collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let bad = |text: &str| Problem { ..Problem::new(400, "BAD_REFRESH_TOKEN", text) };
        let Some(app) = self.app.clone() else { return Err(bad("missing or unknown client id")) };
        if field("client_id") != app.client_id || field("client_secret") != app.client_secret {
            return Err(Problem::new(400, "BAD_CLIENT", "missing or invalid client id or secret"));
        }
        match field("grant_type") {
            "authorization_code" => {
                self.redeem(field("code"), field("redirect_uri"), field("code_verifier"))?;
                if self.refresh.is_empty() {
                    self.refresh.clone_from(&app.refresh_token);
                }
            }
            "refresh_token" if self.refresh.is_empty() || field("refresh_token") != self.refresh => {
                return Err(bad("missing or invalid refresh token"));
            }
            "refresh_token" => {}
            _ => return Err(Problem::new(400, "BAD_GRANT_TYPE", "missing or unknown grant type")),
        }
        self.issued += 1;
        if app.rotate {
            self.refresh = format!("{}-{}", app.refresh_token, self.issued);
        }
        let token = format!("CSandbox-{}-{}", self.portal, self.issued);
        let expires = now.saturating_add(app.lifetime_s.saturating_mul(1000));
        let grant = Grant { app: APP.to_owned(), scopes: app.scopes.clone(), expires: Some(expires) };
        self.tokens.insert(token.clone(), grant);
        Ok(Reply::json(
            200,
            &json!({
                "access_token": token, "refresh_token": self.refresh, "expires_in": app.lifetime_s,
                "token_type": "bearer", "token_use": "access_token", "hub_id": self.portal, "user_id": 1001,
                "scopes": app.scopes,
            }),
        ))
    }

    /// `GET oauth/v1/access-tokens/{token}`.
    pub fn info(&self, token: &str, now: i64) -> Result<Reply, Problem> {
        let grant = self.tokens.get(token).filter(|g| g.expires.is_none_or(|end| end > now));
        let grant = grant.ok_or_else(|| Problem::not_found("access token not found"))?;
        Ok(Reply::json(200, &self.describe(token, grant, now)))
    }

    fn describe(&self, token: &str, grant: &Grant, now: i64) -> Value {
        let left = grant.expires.map_or(1800, |end| (end - now) / 1000);
        json!({
            "token": token, "user": "admin@sandbox.test", "hub_domain": "sandbox.test", "scopes": grant.scopes,
            "hub_id": self.portal, "app_id": 4_169_410, "expires_in": left, "user_id": 1001, "token_type": "access",
        })
    }

    /// `POST oauth/{date}/token/introspect`.
    pub fn introspect(&self, ask: &Ask, now: i64) -> Reply {
        let form: BTreeMap<String, String> = ask.form().into_iter().collect();
        let token = form.get("token").map_or("", String::as_str);
        let Some(grant) = self.tokens.get(token).filter(|g| g.expires.is_none_or(|end| end > now)) else {
            return Reply::json(
                200,
                &json!({"active": false, "token_type": "access_token", "token_use": "access_token"}),
            );
        };
        let mut body = self.describe(token, grant, now);
        if let Some(map) = body.as_object_mut() {
            map.insert("active".to_owned(), true.into());
            map.insert("token_use".to_owned(), "access_token".into());
            map.insert("client_id".to_owned(), self.app.as_ref().map_or("", |a| a.client_id.as_str()).into());
        }
        Reply::json(200, &body)
    }

    /// `POST oauth/{date}/token/revoke`: ends a grant for good.
    pub fn revoke(&mut self, ask: &Ask, now: i64) -> Reply {
        let form: BTreeMap<String, String> = ask.form().into_iter().collect();
        let token = form.get("token").map_or("", String::as_str);
        if token == self.refresh {
            self.refresh.clear();
        }
        self.expire(Some(token), now);
        Reply::json(200, &json!({}))
    }
}

/// 401 with the recorded category.
pub fn expired(end: i64, now: i64) -> Problem {
    let seconds = (now - end) / 1000;
    let text = format!("The OAuth token used to make this call expired {seconds} second(s) ago.");
    Problem::new(401, "EXPIRED_AUTHENTICATION", text).with_context("expire time", &[&iso(end)])
}

/// 403 of the property endpoints as recorded: another text, and no category.
pub fn hidden_type(kind: Kind, portal: u64) -> Problem {
    let (one, many) = (kind.singular().to_uppercase(), kind.plural());
    let text = format!(
        "You do not have permissions to view object type ObjectTypeId{{legacyObjectType={one}}} in portal {portal} (requires one of [{many}-read])"
    );
    Problem::new(403, "", text)
}

/// 403 as recorded: the scopes of which one would do.
pub fn missing_scopes(needed: &[&str]) -> Problem {
    let text = "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.";
    Problem {
        errors: vec![json!({
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": needed},
        })],
        ..Problem::new(403, "MISSING_SCOPES", text)
    }
}
