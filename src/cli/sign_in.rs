//! Takes what a connection signs in with from a person, and keeps it where the configuration says.

use crate::{
    answer::usage,
    app::{self, App},
};
use connect::{
    Clock, Secret,
    http::oauth::{App as OAuthApp, Grant, authorize_url, exchange, wait_for_code},
};
use runtime::{
    clock::{self, SystemClock},
    keys::{CLIENT, Error as KeysError, Keys, OAUTH, TOKEN},
    provider::Provider,
    settings::{AuthKind, Connection, Keeper},
};
use std::{
    io::{IsTerminal, Write as _},
    path::Path,
    time::Duration,
};
use tokio::net::TcpListener;

/// How the secret is asked for.
#[derive(Clone, Copy)]
pub struct Asking {
    /// From standard input, one line.
    pub stdin: bool,
    /// The keyring was not asked for by name: an encrypted file will do.
    pub any_keeper: bool,
    /// Where the browser comes back to; chosen by the system when 0.
    pub port: u16,
    /// How long a person has for granting access.
    pub patience: Duration,
}

/// Asks, stores, and says where; a keyring that can't be used is replaced by the encrypted file. Nothing is stored
/// before a person has granted what is asked for.
pub async fn sign_in(
    app: &App,
    connection: &mut Connection,
    data: &Path,
    asking: Asking,
) -> anyhow::Result<Vec<String>> {
    let auth = app.auth(connection)?;
    let stored = matches!(connection.secret, Keeper::Keyring | Keeper::File);
    let mut notes = Vec::new();
    match (auth, stored) {
        (AuthKind::Oauth, _) => grant(app, connection, data, asking, &mut notes).await?,
        (AuthKind::Token | AuthKind::Password, true) => {
            let secret = ask(connection, auth, asking.stdin)?;
            keep(connection, data, TOKEN, secret.as_ref(), asking.any_keeper, &mut notes).await?;
        }
        (AuthKind::Token | AuthKind::Password, false) => {}
    }
    if connection.secret == Keeper::File {
        let passphrase = runtime::keys::passphrase_file();
        notes.push(format!("Its key is made from {}; back that up elsewhere.", passphrase.display()));
    }
    let (what, name) = match auth {
        AuthKind::Token => ("token", TOKEN),
        AuthKind::Password => ("password", TOKEN),
        AuthKind::Oauth => ("grant", OAUTH),
    };
    notes.insert(0, format!("The {what} is in {}.", Keys::new(connection, data).place(name)));
    Ok(notes)
}

async fn keep(
    connection: &mut Connection,
    data: &Path,
    name: &str,
    secret: Option<&Secret>,
    any_keeper: bool,
    notes: &mut Vec<String>,
) -> anyhow::Result<()> {
    let Some(secret) = secret else { return Ok(()) };
    match Keys::new(connection, data).save(name, secret).await {
        Err(KeysError::Keyring { why, .. }) if any_keeper => {
            notes.push(format!("The keyring can't be used ({why}): the secret goes into an encrypted file."));
            connection.secret = Keeper::File;
            Ok(Keys::new(connection, data).save(name, secret).await?)
        }
        saved => Ok(saved?),
    }
}

/// A person grants access in a browser; the tokens and the application's secret are stored.
async fn grant(
    app: &App,
    connection: &mut Connection,
    data: &Path,
    asking: Asking,
    notes: &mut Vec<String>,
) -> anyhow::Result<()> {
    let oauth = Provider::of(app.maker(connection)?)?.app(connection)?;
    let listener = listen(asking.port).await?;
    let typed = ask(connection, AuthKind::Oauth, asking.stdin)?;
    let client_secret = match &typed {
        Some(secret) => Some(secret.clone()),
        // Connected again: the application has not changed.
        None => Keys::new(connection, data).load(CLIENT).await.ok(),
    };
    let granted = granted(&OAuthApp { client_secret, ..oauth }, &listener, connection, asking).await?;
    let tokens = granted.to_secret();
    keep(connection, data, OAUTH, Some(&tokens), asking.any_keeper, notes).await?;
    keep(connection, data, CLIENT, typed.as_ref(), asking.any_keeper, notes).await?;
    if granted.refresh.is_none() {
        notes.push(format!("The vendor gave no refresh token: access ends at {}.", granted.expires));
    }
    Ok(())
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        usage(format!(
            "the browser can't come back to port {port} of this machine ({error}): name another with \
             --redirect-port, or none where the application allows any"
        ))
    })
}

/// What the vendor gives for the code that the browser brings.
async fn granted(
    oauth: &OAuthApp,
    listener: &TcpListener,
    connection: &Connection,
    asking: Asking,
) -> anyhow::Result<Grant> {
    let redirect = format!("http://127.0.0.1:{}/", listener.local_addr()?.port()).parse()?;
    let attempt = authorize_url(oauth, &redirect, &clock::chance()?);
    writeln!(
        std::io::stderr(),
        "Open this address in a browser on this machine and grant access (waiting {} s):\n\n{}\n",
        asking.patience.as_secs(),
        attempt.url
    )?;
    let clock = SystemClock;
    let said = |error| anyhow::anyhow!("{error}");
    let until = clock.now() + asking.patience;
    let code = wait_for_code(listener, &attempt, &clock, until).await.map_err(said)?;
    let ways = app::ways()?;
    let timeout = connection.timeout.0;
    exchange(oauth, &attempt, &code, &*ways.transport, &clock, timeout).await.map_err(said)
}

/// What is typed is not shown. Only an application's secret may be empty.
fn ask(connection: &Connection, auth: AuthKind, stdin: bool) -> anyhow::Result<Option<Secret>> {
    let what = match auth {
        AuthKind::Token => "Token",
        AuthKind::Password => "Password",
        AuthKind::Oauth => "Secret of the application (empty if it has none, or the one that is kept)",
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
