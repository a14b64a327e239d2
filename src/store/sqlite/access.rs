//! The access role: tokens by the hash of their secret, and answers by key.

use super::{
    SqliteStore, answers,
    connection::Durable,
    events,
    fail::{Fail, Outcome},
    talk::refuse,
};
use crate::{Access, Answered, Error, Refusal};
use async_trait::async_trait;
use model::{
    AgentId, Timestamp,
    work::{Party, Role, Token},
};
use rusqlite::{Connection, Row};

const COLUMNS: &str = "name, role, agent, created, created_by, expires, revoked";

fn parse(row: &Row<'_>) -> Outcome<Token> {
    let agent: Option<String> = row.get(2)?;
    let role = match (row.get::<_, String>(1)?.as_str(), agent) {
        ("admin", _) => Role::Admin,
        ("read_only", _) => Role::ReadOnly,
        ("agent", Some(agent)) => Role::Agent(AgentId::new(agent)),
        (other, _) => return Err(Fail::stored(format!("unknown role {other:?}"))),
    };
    Ok(Token {
        name: row.get::<_, String>(0)?.into(),
        role,
        created: Timestamp::from_millis(row.get(3)?),
        created_by: row.get::<_, String>(4)?.into(),
        expires: super::time(row, 5)?,
        revoked: super::time(row, 6)?,
    })
}

/// Only people deal with tokens.
fn person(by: &Party) -> Outcome<()> {
    match by {
        Party::Person(_) | Party::Daemon => Ok(()),
        Party::Agent(_) | Party::Viewer(_) => {
            Err(refuse(Refusal::NotYours, "tokens are for people to give".into()))
        }
    }
}

fn create(db: &Connection, by: &Party, token: &Token, hash: &str, now: Timestamp) -> Outcome<()> {
    person(by)?;
    let agent = if let Role::Agent(agent) = &token.role { Some(agent.as_str()) } else { None };
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO tokens (hash, name, role, agent, created, created_by, expires, revoked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)",
    )?;
    let expires = token.expires.map(Timestamp::as_millis);
    let row = (hash, token.name.as_ref(), token.role.name(), agent, now.as_millis(), by.name(), expires);
    if insert.execute(row)? == 0 {
        let why = format!("there is a token {:?} already: revoke it first, or take another name", token.name);
        return Err(refuse(Refusal::Reused, why));
    }
    events::notice(db, by.name(), format!("token {} made ({})", token.name, token.role.name()), now)
}

fn revoke(db: &Connection, by: &Party, name: &str, now: Timestamp) -> Outcome<bool> {
    person(by)?;
    let mut change =
        db.prepare_cached("UPDATE tokens SET revoked = ?2 WHERE name = ?1 AND revoked IS NULL")?;
    if change.execute((name, now.as_millis()))? == 0 {
        return Ok(false);
    }
    events::notice(db, by.name(), format!("token {name} taken back"), now)?;
    Ok(true)
}

#[async_trait]
impl Access for SqliteStore {
    async fn create_token(&self, by: &Party, token: Token, hash: &str, now: Timestamp) -> Result<(), Error> {
        let (by, hash) = (by.clone(), hash.to_owned());
        let job = move |db: &Connection| create(db, &by, &token, &hash, now);
        self.database.write("keep a token", Durable::Full, job).await
    }

    async fn revoke_token(&self, by: &Party, name: &str, now: Timestamp) -> Result<bool, Error> {
        let (by, name) = (by.clone(), name.to_owned());
        self.database.write("take a token back", Durable::Full, move |db| revoke(db, &by, &name, now)).await
    }

    async fn token(&self, hash: &str) -> Result<Option<Token>, Error> {
        let hash = hash.to_owned();
        let job = move |db: &Connection| {
            let mut look = db.prepare_cached(&format!("SELECT {COLUMNS} FROM tokens WHERE hash = ?1"))?;
            let mut rows = look.query([hash])?;
            rows.next()?.map(parse).transpose()
        };
        self.database.read("look up a token", job).await
    }

    async fn tokens(&self) -> Result<Vec<Token>, Error> {
        let job = |db: &Connection| {
            let mut look =
                db.prepare_cached(&format!("SELECT {COLUMNS} FROM tokens ORDER BY created DESC, name"))?;
            look.query_and_then([], parse)?.collect()
        };
        self.database.read("list tokens", job).await
    }

    async fn claim_answer(&self, claim: Answered, now: Timestamp) -> Result<Option<Answered>, Error> {
        let job = move |db: &Connection| {
            if answers::keep(db, &claim, now)? {
                return Ok(None);
            }
            answers::read(db, &claim.id)
        };
        self.database.write_together("reserve an answer", job).await
    }

    async fn settle_answer(&self, id: &str, answer: Option<String>) -> Result<(), Error> {
        let id = id.to_owned();
        let job = move |db: &Connection| answers::settle(db, &id, answer.as_deref());
        self.database.write_together("keep an answer", job).await
    }
}
