//! Who may call: access tokens that expire, refresh tokens, and the consent of a person by loopback redirect
//! with PKCE.

use super::problem::Problem;
use super::setup::Setup;
use crate::hubspot::reply::Reply;
use crate::hubspot::request::Ask;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
struct Grant {
    user: String,
    /// Epoch ms; fixed tokens don't expire.
    expires: Option<i64>,
}

#[derive(Debug)]
pub struct Access {
    tokens: BTreeMap<String, Grant>,
    /// Codes of a consent: (user, challenge, redirect).
    codes: BTreeMap<String, (String, String, String)>,
    issued: u64,
}

/// A token of a user that does not expire, for tests that are not about tokens.
pub fn fixed(user: &str) -> String {
    format!("ya29.fixed.{user}")
}

/// The refresh token of a user.
pub fn refresh(user: &str) -> String {
    format!("1//sandbox-{user}")
}

impl Access {
    pub fn new() -> Self {
        Self { tokens: BTreeMap::new(), codes: BTreeMap::new(), issued: 0 }
    }

    pub fn add(&mut self, user: &str) {
        self.tokens.insert(fixed(user), Grant { user: user.to_owned(), expires: None });
    }

    /// The user of a bearer token, or Google's 401.
    pub fn user(&self, bearer: Option<&str>, now: i64) -> Result<String, Problem> {
        let grant = bearer.and_then(|token| self.tokens.get(token));
        let living = grant.filter(|grant| grant.expires.is_none_or(|end| end > now));
        living.map(|grant| grant.user.clone()).ok_or_else(invalid)
    }

    /// Is the bearer a token that can expire?
    pub fn is_oauth(&self, bearer: Option<&str>) -> bool {
        bearer.and_then(|token| self.tokens.get(token)).is_some_and(|grant| grant.expires.is_some())
    }

    pub fn expire(&mut self, bearer: Option<&str>, now: i64) {
        if let Some(grant) = bearer.and_then(|token| self.tokens.get_mut(token)) {
            grant.expires = grant.expires.map(|end| end.min(now));
        }
    }

    /// A person decides at once: `GET o/oauth2/v2/auth`, answered by a redirect with a code or their refusal.
    pub fn authorize(&mut self, ask: &Ask, setup: &Setup, users: &[String]) -> Reply {
        let part = |name: &str| ask.one(name).unwrap_or_default().to_owned();
        let wanted = part("login_hint");
        let user = users.iter().find(|user| **user == wanted).or_else(|| users.first());
        let (Some(user), true) = (user, part("client_id") == setup.client_id) else {
            return Reply::html(400, "Error 400: invalid_client", "The OAuth client was not found.");
        };
        if part("code_challenge_method") != "S256" || part("code_challenge").is_empty() {
            return Reply::html(400, "Error 400: invalid_request", "Missing code challenge.");
        }
        let redirect = part("redirect_uri");
        if !setup.consents {
            let to = format!("{redirect}?error=access_denied&state={}", part("state"));
            return Reply { status: 302, ..Reply::empty() }.with("location", to);
        }
        self.issued += 1;
        let code = format!("4/sandbox-{}", self.issued);
        self.codes.insert(code.clone(), (user.clone(), part("code_challenge"), redirect.clone()));
        let to = format!("{redirect}?state={}&code={}", part("state"), code.replace('/', "%2F"));
        Reply { status: 302, ..Reply::empty() }.with("location", to)
    }

    /// `POST token`, form-encoded.
    pub fn token(&mut self, ask: &Ask, setup: &Setup, users: &[String], now: i64) -> Reply {
        let form: BTreeMap<String, String> = ask.form().into_iter().collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let bad =
            |error: &str, text: &str| Reply::json(400, &json!({"error": error, "error_description": text}));
        if field("client_id") != setup.client_id || field("client_secret") != setup.client_secret {
            let body = json!({"error": "invalid_client", "error_description": "Unauthorized"});
            return Reply::json(401, &body);
        }
        let user = match field("grant_type") {
            "refresh_token" => users.iter().find(|user| refresh(user) == field("refresh_token")).cloned(),
            "authorization_code" => {
                self.codes.remove(field("code")).and_then(|(user, challenge, redirect)| {
                    let fits = pkce(field("code_verifier")) == challenge && redirect == field("redirect_uri");
                    fits.then_some(user)
                })
            }
            _ => return bad("unsupported_grant_type", "Invalid grant_type"),
        };
        let Some(user) = user else { return bad("invalid_grant", "Token has been expired or revoked.") };
        self.issued += 1;
        let token = format!("ya29.{}.{user}", self.issued);
        let expires = Some(now.saturating_add(setup.lifetime_s.saturating_mul(1000)));
        self.tokens.insert(token.clone(), Grant { user: user.clone(), expires });
        let scope = setup.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let mut body = json!({
            "access_token": token, "expires_in": setup.lifetime_s, "scope": scope, "token_type": "Bearer",
        });
        // Google repeats the refresh token only with a code.
        if let (Some(map), "authorization_code") = (body.as_object_mut(), field("grant_type")) {
            map.insert("refresh_token".to_owned(), refresh(&user).into());
        }
        Reply::json(200, &body)
    }
}

pub fn invalid() -> Problem {
    Problem::new(
        401,
        "global",
        "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    )
}

/// The challenge that a proof key answers (RFC 7636, 4.2).
pub fn pkce(verifier: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}
