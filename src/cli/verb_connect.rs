//! `connect`: takes what an account signs in with, keeps it where the configuration says, writes the connection into the
//! configuration, and shows at once what it grants.

use crate::{
    account,
    answer::{Answer, DEGRADED, DONE, usage},
    app::{self, App},
    config_file,
    sign_in::{Asking, sign_in},
};
use model::Mode;
use runtime::settings::{AuthKind, Connection, Keeper, Settings, nearest};
use serde_json::json;
use std::time::Duration;
use url::Url;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator connect hubspot             asks for a private app's token, without showing it
  sales-orchestrator connect odoo --base-url https://crm.example.com --option database=prod
  pass show hubspot | sales-orchestrator connect hubspot --token-stdin
  sales-orchestrator connect hubspot --secret env    the token comes from SALES_ORCHESTRATOR_HUBSPOT_TOKEN
  sales-orchestrator connect imap --base-url imaps://mail.example.com --user anna@example.com
  sales-orchestrator connect google --client-id 1234.apps.googleusercontent.com   access granted in a browser
  sales-orchestrator connect imap --base-url imaps://mail.example.com --user anna@example.com --auth oauth \\
    --client-id ID --authorize-url https://id.example.com/authorize --token-url https://id.example.com/token --scope IMAP
  sales-orchestrator connect --id hubspot        a new token for a connection that exists

HubSpot: Settings, Integrations, Private apps (or Service keys): give it the crm.objects.* scopes.
Odoo 19: the user's Preferences, Account Security, New API Key.";

/// Options of `connect`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which system: hubspot, odoo, google, imap, smtp, caldav
    #[arg(value_name = "VENDOR", required_unless_present = "id")]
    vendor: Option<String>,
    /// Name of the connection [default: the vendor's name]
    #[arg(long, value_name = "NAME")]
    id: Option<String>,
    /// Address of the server (needed for Odoo)
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,
    /// What may be written: observe, propose, auto [default: propose]
    #[arg(long, value_parser = mode)]
    mode: Option<Mode>,
    /// Where the token is kept: keyring, file, env, credential [default: keyring, else file]
    #[arg(long, value_parser = keeper)]
    secret: Option<Keeper>,
    /// Read the token, password or application's secret from standard input
    #[arg(long)]
    token_stdin: bool,
    /// Who signs in, for IMAP, SMTP and CalDAV: often an address
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// How it signs in: token, password, oauth [default: the vendor's usual way]
    #[arg(long, value_parser = auth)]
    auth: Option<AuthKind>,
    /// Id of your application at the vendor, for --auth oauth
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Where access is granted, for --auth oauth [default: the vendor's own]
    #[arg(long, value_name = "URL")]
    authorize_url: Option<Url>,
    /// Where tokens are given out, for --auth oauth [default: the vendor's own]
    #[arg(long, value_name = "URL")]
    token_url: Option<Url>,
    /// What to ask for, for --auth oauth; may be repeated [default: what the connector needs]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Give up after so many seconds when nobody grants access
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Port on this machine that the browser comes back to, as registered for the application [default: any]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    redirect_port: u16,
    /// An option of the vendor's connector
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
}

fn mode(text: &str) -> Result<Mode, String> {
    let all = [Mode::Observe, Mode::Propose, Mode::Auto];
    all.into_iter().find(|mode| mode.name() == text).ok_or_else(|| "observe, propose or auto".to_owned())
}
fn keeper(text: &str) -> Result<Keeper, String> {
    let all = [Keeper::Keyring, Keeper::File, Keeper::Env, Keeper::Credential];
    all.into_iter()
        .find(|keeper| keeper.name() == text)
        .ok_or_else(|| "keyring, file, env or credential".to_owned())
}
fn auth(text: &str) -> Result<AuthKind, String> {
    match text {
        "token" => Ok(AuthKind::Token),
        "password" => Ok(AuthKind::Password),
        "oauth" => Ok(AuthKind::Oauth),
        _ => Err("token, password or oauth".to_owned()),
    }
}
fn option(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').ok_or_else(|| "write KEY=VALUE".to_owned());
    parts.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
}

/// Connects.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let settings = app.settings()?;
    let mut connection = wanted(app, args, &settings)?;
    let data = app.data(&settings);
    let asking = Asking {
        stdin: args.token_stdin,
        any_keeper: args.secret.is_none(),
        port: args.redirect_port,
        patience: Duration::from_secs(args.timeout),
    };
    let mut notes = sign_in(app, &mut connection, &data, asking).await?;
    config_file::put(&app.paths.config, &connection)?;
    notes.push(format!("Connection {:?} is in {}.", connection.id, app.paths.config.display()));
    report(app, &connection, notes).await
}

/// The connection that is meant, with what the command line says of it.
fn wanted(app: &App, args: &Args, settings: &Settings) -> anyhow::Result<Connection> {
    let id = args.id.as_deref().or(args.vendor.as_deref()).unwrap_or_default();
    let known = settings.connection.iter().find(|connection| connection.id == id);
    let vendors: Vec<&str> = app.makers.iter().map(|maker| maker.vendor).collect();
    let mut connection = match (known, &args.vendor) {
        (Some(known), _) => known.clone(),
        (None, None) => app::connection(settings, id)?.clone(),
        (None, Some(vendor)) => {
            Connection { id: id.to_owned(), vendor: vendor.clone(), ..Connection::default() }
        }
    };
    if let Some(vendor) = args.vendor.as_ref().filter(|vendor| **vendor != connection.vendor) {
        return Err(usage(format!(
            "connection {id:?} is a {}, not a {vendor}: name another --id",
            connection.vendor
        )));
    }
    if !vendors.contains(&connection.vendor.as_str()) {
        let meant = nearest(&connection.vendor, &vendors).map(|name| format!("; did you mean {name:?}?"));
        let known = vendors.join(", ");
        let meant = meant.unwrap_or_default();
        return Err(usage(format!(
            "{:?} is not a vendor that this program knows ({known}){meant}",
            connection.vendor
        )));
    }
    connection.base_url = args.base_url.clone().or(connection.base_url);
    connection.mode = args.mode.unwrap_or(connection.mode);
    connection.secret = args.secret.unwrap_or(connection.secret);
    connection.auth = args.auth.or(connection.auth);
    connection.user = args.user.clone().or(connection.user);
    connection.client_id = args.client_id.clone().or(connection.client_id);
    connection.authorize_url = args.authorize_url.clone().or(connection.authorize_url);
    connection.token_url = args.token_url.clone().or(connection.token_url);
    if !args.scopes.is_empty() {
        connection.scopes.clone_from(&args.scopes);
    }
    let options = args.options.iter().map(|(key, value)| {
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.as_str().into());
        (key.clone(), value)
    });
    connection.options.0.extend(options);
    // What the connector itself refuses (a missing address, an unknown option) is said before a token is asked.
    app.link(&connection, settings).map_err(|error| usage(format!("{error:#}")))?;
    Ok(connection)
}

async fn report(app: &App, connection: &Connection, notes: Vec<String>) -> anyhow::Result<Answer> {
    let settings = app.settings()?;
    let link = app.link(app::connection(&settings, &connection.id)?, &settings)?;
    let checked = account::check(&link, true, connection.reserve.0).await;
    let mut text = notes.join("\n") + "\n\n" + &account::text(&checked, app.screen.paint, app.screen.columns);
    text += match (&checked.account, connection.mode) {
        (Err(_), _) => {
            "\nThe secret is kept, but the account can't be read: run `connect` again with a good one.\n"
        }
        (Ok(_), Mode::Observe) => "\nNothing will be written. Next: sales-orchestrator sync, or run\n",
        (Ok(_), Mode::Propose) => {
            "\nWrites wait for your approval (plan, apply). Next: sales-orchestrator sync, or run\n"
        }
        (Ok(_), Mode::Auto) => "\nWrites go out by themselves. Next: sales-orchestrator plan, then run\n",
    };
    let code = if checked.is_good() { DONE } else { DEGRADED };
    let mut json = account::to_json(&checked);
    if let Some(object) = json.as_object_mut() {
        object.insert("connection".to_owned(), json!(connection.id));
        object.insert("secret".to_owned(), json!(connection.secret));
    }
    Ok(Answer::new(text, json).code(code))
}
