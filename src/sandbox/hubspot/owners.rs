//! Owners: the people (and queues) of the account.

use super::problem::Problem;
use super::reply::Reply;
use super::request::Ask;
use super::state::State;
use crate::clock::iso;
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What `hubspot_owner_id` refers to.
    pub id: u64,
    pub user_id: u64,
    pub email: String,
    pub first: String,
    pub last: String,
    /// (id, name); the first one is primary.
    pub teams: Vec<(String, String)>,
    pub archived: bool,
    pub at: i64,
}

impl Owner {
    fn json(&self) -> Value {
        let teams: Vec<Value> = self
            .teams
            .iter()
            .enumerate()
            .map(|(n, (id, name))| json!({"id": id, "name": name, "primary": n == 0}))
            .collect();
        let mut body = json!({
            "id": self.id.to_string(), "email": self.email, "type": "PERSON", "firstName": self.first,
            "lastName": self.last, "userIdIncludingInactive": self.user_id,
            "createdAt": iso(self.at), "updatedAt": iso(self.at), "archived": self.archived,
        });
        if let Some(map) = body.as_object_mut() {
            if !self.archived {
                map.insert("userId".to_owned(), self.user_id.into());
            }
            if !teams.is_empty() {
                map.insert("teams".to_owned(), teams.into());
            }
        }
        body
    }
}

/// `GET owners`: `archived=true` gives only deactivated ones.
pub fn list(state: &State, ask: &Ask) -> Result<Reply, Problem> {
    let limit = ask.limit(100, 500)?;
    let after = ask.one("after").and_then(|a| a.parse::<u64>().ok()).unwrap_or(0);
    let (archived, email) = (ask.flag("archived"), ask.one("email"));
    let mut found = state
        .owners
        .range(after..)
        .map(|(_, owner)| owner)
        .filter(|o| o.archived == archived && email.is_none_or(|e| o.email.eq_ignore_ascii_case(e)));
    let results: Vec<Value> = found.by_ref().take(limit).map(Owner::json).collect();
    let mut body = json!({"results": results});
    if let (Some(next), Some(map)) = (found.next(), body.as_object_mut()) {
        map.insert("paging".to_owned(), ask.paging(&next.id.to_string()));
    }
    Ok(Reply::json(200, &body))
}

/// `GET owners/{id}`, by owner id or with `idProperty=userId`.
pub fn get(state: &State, ask: &Ask, id: &str) -> Result<Reply, Problem> {
    let by_user = ask.one("idProperty").is_some_and(|p| p.eq_ignore_ascii_case("userId"));
    let wanted: Option<u64> = id.parse().ok();
    let found = state.owners.values().find(|o| Some(if by_user { o.user_id } else { o.id }) == wanted);
    match found.filter(|o| o.archived == ask.flag("archived")) {
        Some(owner) => Ok(Reply::json(200, &owner.json())),
        None => Err(Problem::not_found(format!("resource not found: owner {id}"))),
    }
}
