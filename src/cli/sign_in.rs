//! Takes what a connection signs in with from a person, and keeps it where the configuration says.

use crate::{
    answer::usage,
    app::{self, App},
};
use anyhow::Context;
use connect::{
    Clock, Secret,
    http::oauth::{App as OAuthApp, Tokens, authorize_url, exchange, wait_for_code},
};
use runtime::{
    clock::{self, SystemClock},
    granted::KeptTokens,
    keys::{CLIENT, Error as KeysError, Keys, TOKEN},
    provider::Provider,
    settings::{AuthKind, Connection, Keeper},
};
use std::{
    io::{IsTerminal, Write as _},
    path::Path,
    time::Duration,
};
use tokio::net::TcpListener;

/// How long a person has for granting access.
const PATIENCE: Duration = Duration::from_secs(300);

/// How the secret is asked for.
#[derive(Clone, Copy)]
pub struct Asking {
    /// From standard input, one line.
    pub stdin: bool,
    /// The keyring was not asked for by name: an encrypted file will do.
    pub any_keeper: bool,
    /// Where the browser comes back to; chosen by the system when 0.
    pub port: u16,
}

/// Asks, stores, and says where; a keyring that can't be used is replaced by the encrypted file.
pub async fn sign_in(
    app: &App,
    connection: &mut Connection,
    data: &Path,
    asking: Asking,
) -> anyhow::Result<Vec<String>> {
    let auth = app.auth(connection)?;
    let name = if auth == AuthKind::Oauth { CLIENT } else { TOKEN };
    let mut notes = Vec::new();
    if matches!(connection.secret, Keeper::Keyring | Keeper::File) {
        let secret = ask(connection, auth, asking.stdin)?;
        if let Some(secret) = &secret {
            keep(connection, data, name, secret, asking.any_keeper, &mut notes).await?;
        }
        if auth == AuthKind::Oauth {
            grant(app, connection, data, secret, asking.port).await?;
        }
        if connection.secret == Keeper::File {
            let passphrase = runtime::keys::passphrase_file();
            notes.push(format!("Its key is made from {}; back that up elsewhere.", passphrase.display()));
        }
    }
    let what = match auth {
        AuthKind::Token => "token",
        AuthKind::Password => "password",
        AuthKind::Oauth => "grant",
    };
    notes.insert(0, format!("The {what} is in {}.", Keys::new(connection, data).place(name)));
    Ok(notes)
}

async fn keep(
    connection: &mut Connection,
    data: &Path,
    name: &str,
    secret: &Secret,
    any_keeper: bool,
    notes: &mut Vec<String>,
) -> anyhow::Result<()> {
    match Keys::new(connection, data).save(name, secret).await {
        Err(KeysError::Keyring { why, .. }) if any_keeper => {
            notes.push(format!("The keyring can't be used ({why}): the secret goes into an encrypted file."));
            connection.secret = Keeper::File;
            Ok(Keys::new(connection, data).save(name, secret).await?)
        }
        saved => Ok(saved?),
    }
}

/// A person grants access in a browser; the tokens are stored.
async fn grant(
    app: &App,
    connection: &Connection,
    data: &Path,
    client_secret: Option<Secret>,
    port: u16,
) -> anyhow::Result<()> {
    let provider = Provider::of(app.maker(connection)?)?;
    let oauth = OAuthApp { client_secret, ..provider.app(connection)? };
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.with_context(|| format!("listening on 127.0.0.1:{port} for the browser"))?;
    let redirect = format!("http://127.0.0.1:{}/", listener.local_addr()?.port()).parse()?;
    let attempt = authorize_url(&oauth, &redirect, &clock::chance()?);
    let mut out = std::io::stderr();
    writeln!(
        out,
        "Open this address in a browser on this machine and grant access (waiting {} minutes):\n\n{}\n",
        PATIENCE.as_secs() / 60,
        attempt.url
    )?;
    let clock = SystemClock;
    let said = |error| anyhow::anyhow!("{error}");
    let code = wait_for_code(&listener, &attempt, &clock, clock.now() + PATIENCE).await.map_err(said)?;
    let ways = app::ways()?;
    let timeout = connection.timeout.0;
    let granted = exchange(&oauth, &attempt, &code, &*ways.transport, &clock, timeout).await.map_err(said)?;
    if granted.refresh.is_none() {
        writeln!(out, "The vendor gave no refresh token: access ends at {}.", granted.expires)?;
    }
    KeptTokens::new(Keys::new(connection, data)).save(&granted).await.map_err(said)
}

/// What is typed is not shown. Only an application's secret may be empty.
fn ask(connection: &Connection, auth: AuthKind, stdin: bool) -> anyhow::Result<Option<Secret>> {
    let what = match auth {
        AuthKind::Token => "Token",
        AuthKind::Password => "Password",
        AuthKind::Oauth => "Secret of the application (empty if it has none)",
    };
    let text = if stdin {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        line
    } else if std::io::stdin().is_terminal() {
        let mut out = std::io::stderr().lock();
        write!(out, "{what} for {} (it is not shown): ", connection.id)?;
        out.flush()?;
        rpassword::read_password()?
    } else {
        return Err(usage("there is no terminal to ask for the secret: use --token-stdin or --secret env"));
    };
    match text.trim() {
        "" if auth == AuthKind::Oauth => Ok(None),
        "" => Err(usage(format!("the {} is empty", what.to_lowercase()))),
        text => Ok(Some(Secret::new(text))),
    }
}
