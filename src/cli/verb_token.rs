//! `token`: who may come in over HTTP, and as what; how messages that go out to webhooks are signed.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
    desk,
    text::{Table, clean},
};
use connect::Secret;
use model::work::{AgentSpec, Reach, Role, Token};
use runtime::{
    clock,
    reach::{Outside, webhook},
    settings::Keeper,
};
use serde_json::json;
use std::{io::Read, time::Duration};
use web::caller;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator token create sdr-bot --role agent:WAKE.SDRFORGE
  sales-orchestrator token create wallboard --role read-only --days 365
  sales-orchestrator token list
  sales-orchestrator token revoke sdr-bot
  sales-orchestrator token webhook sdr           signs messages to a webhook with secret = \"sdr\"

A token is shown once; only its hash is kept.";

/// Characters of a token's name.
const LONGEST_NAME: usize = 100;

/// More than any signing secret has.
const MOST_SECRET: u64 = 4_096;

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
        #[arg(value_parser = name)]
        name: String,
        /// admin, agent:ID or read-only
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// It ends after so many days [default: never]
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=36_500))]
        days: Option<u64>,
    },
    /// All tokens
    List,
    /// Make the secret by which messages to a webhook are signed
    Webhook {
        /// What `reach` calls it: `secret = NAME`
        #[arg(value_parser = name)]
        name: String,
        /// Keep the one on standard input instead
        #[arg(long)]
        stdin: bool,
    },
    /// Take a token back
    Revoke {
        /// Its name
        name: String,
    },
}

/// What a token may be called: it is shown with everything that is done by it.
fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it needs a name".to_owned());
    }
    if text.chars().count() > LONGEST_NAME {
        return Err(format!("at most {LONGEST_NAME} characters"));
    }
    Ok(text.to_owned())
}

/// Creates, lists or revokes.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    match &args.what {
        What::Create { name, role, days } => create(app, name, role, *days).await,
        What::List => list(app).await,
        What::Webhook { name, stdin } => sign(app, name, *stdin).await,
        What::Revoke { name } => revoke(app, name).await,
    }
}

async fn create(app: &App, name: &str, role: &str, days: Option<u64>) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let role = match role.split_once(':') {
        None if role == "admin" => Role::Admin,
        None if role == "read-only" || role == "read_only" => Role::ReadOnly,
        Some(("agent", agent)) => Role::Agent(config.roster.named(agent).map_err(usage)?.id.clone()),
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
    let store = app.new_store(&config.settings)?;
    store.create_token(&by, token, &caller::hash(&secret), now).await?;
    let text = format!(
        "{secret}\n\nThis is shown once. Send it as `Authorization: Bearer {}...`.",
        secret.get(..8).unwrap_or_default()
    );
    Ok(Answer::new(text, json!({ "name": name, "token": secret })))
}

/// A secret with which messages are signed, kept where `[reach] secret` says.
async fn sign(app: &App, name: &str, stdin: bool) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let given = if stdin { Some(std::io::read_to_string(std::io::stdin().take(MOST_SECRET))?) } else { None };
    let secret = match &given {
        Some(text) => Secret::new(text.trim().to_owned()),
        None => webhook::secret(
            clock::chance()?.first_chunk().ok_or_else(|| anyhow::anyhow!("too little chance"))?,
        ),
    };
    webhook::check(&secret).map_err(|failure| usage(failure.why))?;
    let keeper = config.settings.reach.secret;
    let keys = Outside::new(keeper, &app.data(&config.settings)).keys;
    let place = keys.place(name);
    let kept = match keeper {
        Keeper::Keyring | Keeper::File => {
            keys.save(name, &secret).await?;
            format!("It is kept in {place}.")
        }
        Keeper::Env | Keeper::Credential => format!("Put it into {place}, for the daemon."),
    };
    let names =
        |agent: &AgentSpec| matches!(&agent.reach, Reach::Webhook { secret, .. } if secret.as_ref() == name);
    let used = config.roster.agents.iter().any(names);
    let hint = if used { "" } else { "\nNo agent of agents.toml names it in its `reach` yet." };
    let shown = if given.is_some() { String::new() } else { format!("{}\n\n", secret.expose()) };
    let text = format!("{shown}{kept} The receiver checks signatures by the same one.{hint}");
    let made = given.is_none().then(|| secret.expose());
    Ok(Answer::new(text, json!({ "name": name, "secret": made, "place": place, "used": used })))
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
