//! `token`: who may come in over HTTP, and as what.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
    desk,
    text::{Table, clean},
};
use model::work::{Role, Token};
use runtime::clock;
use serde_json::json;
use std::time::Duration;
use web::caller;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator token create sdr-bot --role agent:WAKE.SDRFORGE
  sales-orchestrator token create wallboard --role read-only --days 365
  sales-orchestrator token list
  sales-orchestrator token revoke sdr-bot

A token is shown once; only its hash is kept.";

/// Options of `token`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Make a token
    Create {
        /// What you call it
        name: String,
        /// admin, agent:ID or read-only
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// It ends after so many days [default: never]
        #[arg(long)]
        days: Option<u64>,
    },
    /// All tokens
    List,
    /// Take a token back
    Revoke {
        /// Its name
        name: String,
    },
}

/// Creates, lists or revokes.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    match &args.what {
        What::Create { name, role, days } => create(app, name, role, *days).await,
        What::List => list(app).await,
        What::Revoke { name } => revoke(app, name).await,
    }
}

async fn create(app: &App, name: &str, role: &str, days: Option<u64>) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let role = match role.split_once(':') {
        None if role == "admin" => Role::Admin,
        None if role == "read-only" || role == "read_only" => Role::ReadOnly,
        Some(("agent", agent)) => Role::Agent(
            config.roster.resolve(agent).ok_or_else(|| usage(format!("no agent is called {agent:?}")))?,
        ),
        _ => return Err(usage(format!("{role:?} is no role: admin, agent:ID or read-only"))),
    };
    let (now, by) = (app::now(), desk::person());
    let chance = clock::chance()?;
    let secret = caller::token(chance.first_chunk().ok_or_else(|| anyhow::anyhow!("too little chance"))?);
    let token = Token {
        name: name.into(),
        role,
        created: now,
        created_by: by.name().into(),
        expires: days.map(|days| now + Duration::from_secs(days * 86_400)),
        revoked: None,
    };
    let store = app.store(&config.settings)?;
    store.create_token(&by, token, &caller::hash(&secret), now).await?;
    let text = format!(
        "{secret}\n\nThis is shown once. Send it as `Authorization: Bearer {}...`.",
        secret.get(..8).unwrap_or_default()
    );
    Ok(Answer::new(text, json!({ "name": name, "token": secret })))
}

async fn list(app: &App) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let tokens = app.store(&config.settings)?.tokens().await?;
    let now = app::now();
    let mut table = Table::new(&["Name", "Role", "Created", "By", "State"]);
    for token in &tokens {
        let role = match &token.role {
            Role::Agent(agent) => format!("agent:{agent}"),
            other => other.name().to_owned(),
        };
        let state = match (token.revoked, token.expires) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(at)) if at <= now => format!("expired {at}"),
            (None, Some(at)) => format!("until {at}"),
            (None, None) => "valid".to_owned(),
        };
        table.row([clean(&token.name), role, token.created.to_string(), clean(&token.created_by), state]);
    }
    let text =
        if tokens.is_empty() { "There are no tokens.".to_owned() } else { table.render(app.screen.columns) };
    Ok(Answer::new(text, serde_json::to_value(&tokens)?))
}

async fn revoke(app: &App, name: &str) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let store = app.store(&config.settings)?;
    if store.revoke_token(&desk::person(), name, app::now()).await? {
        Ok(Answer::new(format!("{name} lets nobody in any more."), json!({ "revoked": name })))
    } else {
        Err(usage(format!("there is no living token called {name:?}")))
    }
}
