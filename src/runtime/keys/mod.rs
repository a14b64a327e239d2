//! Secrets of connections: where each is kept is said by the connection's `secret` option. Nothing here ever
//! shows a secret; errors name the connection and what to run.

mod keyring;
mod vault;

pub use vault::{CREDENTIALS, PASSPHRASE_FILE, passphrase_file};

use crate::settings::{Connection, Keeper};
use connect::Secret;
use model::ConnectionId;
use std::{io, path::Path, path::PathBuf};

/// Name of the secret of a connection that signs in by a token.
pub const TOKEN: &str = "token";
/// Name of the secret of a connection that signs in by OAuth: its tokens, as JSON.
pub const OAUTH: &str = "oauth";
/// Name of the secret of the application that a connection's access is granted to, where it has one.
pub const CLIENT: &str = "client";
/// Stands for a connection where the signing secrets of webhooks are kept, each by its own name.
pub const AGENTS: &str = "agents";

/// The secrets of one connection.
#[derive(Clone, Debug)]
pub struct Keys {
    connection: ConnectionId,
    keeper: Keeper,
    data: PathBuf,
}

/// A secret that could not be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("connection {connection} has no {name} in {place}: {cure}")]
    Missing {
        /// Whose.
        connection: ConnectionId,
        /// Which.
        name: String,
        /// Where it was looked for.
        place: String,
        /// What to do.
        cure: String,
    },
    /// The keyring is not there, locked, or does not answer.
    #[error(
        "the system's keyring can't be used for connection {connection}: {why}; unlock it, or set \
         `secret = \"file\"` for the connection and run `sales-orchestrator connect` again"
    )]
    Keyring {
        /// Whose.
        connection: ConnectionId,
        /// What it said.
        why: String,
    },
    /// The encrypted file can't be read or written.
    #[error("secrets of connection {connection}: {what}")]
    Vault {
        /// Whose.
        connection: ConnectionId,
        /// What is wrong and what to do.
        what: String,
    },
    /// Places that this program can only read from.
    #[error("a {keeper} secret is set from outside, this program can't store one: {cure}")]
    ReadOnly {
        /// Where it is kept.
        keeper: Keeper,
        /// What to do.
        cure: String,
    },
}

impl Keys {
    /// The secrets of a connection; `data` is the folder of the database.
    pub fn new(connection: &Connection, data: &Path) -> Self {
        Self { connection: connection.id(), keeper: connection.secret, data: data.to_owned() }
    }

    /// A secret; none is an error that says what to run.
    pub async fn load(&self, name: &str) -> Result<Secret, Error> {
        let found = match self.keeper {
            Keeper::Keyring => keyring::load(&self.connection, name).await?,
            Keeper::File => self.in_vault(vault::Vault::load, name).await?,
            Keeper::Env => std::env::var(self.variable(name)).ok(),
            Keeper::Credential => self.credential(name)?,
        };
        let text = found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        text.map(Secret::new).ok_or_else(|| self.missing(name))
    }

    /// Stores a secret, durably when this returns.
    pub async fn save(&self, name: &str, secret: &Secret) -> Result<(), Error> {
        let secret = secret.clone();
        match self.keeper {
            Keeper::Keyring => keyring::save(&self.connection, name, secret).await,
            Keeper::File => self.in_vault(move |vault, key| vault.save(key, Some(&secret)), name).await,
            Keeper::Env | Keeper::Credential => Err(self.read_only(name)),
        }
    }

    /// Removes a secret; one that is not there is no error.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        match self.keeper {
            Keeper::Keyring => keyring::remove(&self.connection, name).await,
            Keeper::File => self.in_vault(|vault, key| vault.save(key, None), name).await,
            Keeper::Env | Keeper::Credential => Err(self.read_only(name)),
        }
    }

    /// Where its secrets are, in words.
    pub fn place(&self, name: &str) -> String {
        match self.keeper {
            Keeper::Keyring => "the system's keyring".to_owned(),
            Keeper::File => format!("the encrypted file {}", vault::file(&self.data).display()),
            Keeper::Env => format!("the environment variable {}", self.variable(name)),
            Keeper::Credential => format!("the systemd credential {:?}", self.credential_name(name)),
        }
    }

    /// `SALES_ORCHESTRATOR_HUBSPOT_TOKEN`.
    fn variable(&self, name: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let connection: String = self.connection.as_str().chars().map(plain).collect();
        format!("SALES_ORCHESTRATOR_{connection}_{}", name.to_ascii_uppercase())
    }

    /// `hubspot-token`.
    fn credential_name(&self, name: &str) -> String {
        format!("{}-{name}", self.connection)
    }

    fn credential(&self, name: &str) -> Result<Option<String>, Error> {
        let Some(folder) = std::env::var_os(CREDENTIALS) else { return Ok(None) };
        let file = Path::new(&folder).join(self.credential_name(name));
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Vault {
                connection: self.connection.clone(),
                what: format!("{}: {error}", file.display()),
            }),
        }
    }

    fn missing(&self, name: &str) -> Error {
        let connection = &self.connection;
        let cure = match self.keeper {
            Keeper::Keyring | Keeper::File if connection.as_str() == AGENTS => {
                format!("run `sales-orchestrator token webhook {name}`")
            }
            Keeper::Keyring | Keeper::File => format!("run `sales-orchestrator connect --id {connection}`"),
            Keeper::Env => "set it where the daemon is started".to_owned(),
            Keeper::Credential => {
                format!("add `LoadCredential={}:FILE` to the service's unit", self.credential_name(name))
            }
        };
        let (name, place) = (name.to_owned(), self.place(name));
        Error::Missing { connection: connection.clone(), name, place, cure }
    }

    fn read_only(&self, name: &str) -> Error {
        let cure = match self.keeper {
            Keeper::Credential => format!("put it into {}", self.place(name)),
            Keeper::Env | Keeper::Keyring | Keeper::File => format!("set {}", self.place(name)),
        };
        Error::ReadOnly { keeper: self.keeper, cure }
    }

    /// Works on the encrypted file on a thread of its own: deriving its key takes a while.
    async fn in_vault<T: Send + 'static>(
        &self,
        work: impl FnOnce(&vault::Vault, &str) -> Result<T, vault::Trouble> + Send + 'static,
        name: &str,
    ) -> Result<T, Error> {
        let (data, key) = (self.data.clone(), format!("{}/{name}", self.connection));
        let done = tokio::task::spawn_blocking(move || work(&vault::Vault::at(&data), &key)).await;
        let done = done.unwrap_or_else(|died| Err(vault::Trouble(died.to_string())));
        done.map_err(|vault::Trouble(what)| Error::Vault { connection: self.connection.clone(), what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Connection;

    fn keys(id: &str, secret: Keeper, data: &Path) -> Keys {
        Keys::new(&Connection { id: id.to_owned(), secret, ..Connection::default() }, data)
    }

    #[tokio::test]
    async fn a_missing_secret_says_where_it_was_looked_for_and_what_to_do() {
        let data = Path::new("/nonexistent");
        let env = keys("crm-emea", Keeper::Env, data).load(TOKEN).await.unwrap_err().to_string();
        assert!(env.contains("SALES_ORCHESTRATOR_CRM_EMEA_TOKEN"), "{env}");
        let file = keys("hubspot", Keeper::File, data).load(TOKEN).await.unwrap_err().to_string();
        assert!(file.contains("connection hubspot") && file.contains("connect --id hubspot"), "{file}");
    }

    #[tokio::test]
    async fn what_is_set_from_outside_can_not_be_stored() {
        let keys = keys("hubspot", Keeper::Env, Path::new("/nonexistent"));
        let refused = keys.save(TOKEN, &Secret::new("pat-secret")).await.unwrap_err();
        assert!(matches!(refused, Error::ReadOnly { .. }));
        assert!(!format!("{refused} {refused:?}").contains("pat-secret"));
    }
}
