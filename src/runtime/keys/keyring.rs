//! The operating system's keyring. On Linux that is a D-Bus service that may be absent or hang: every call runs
//! on a thread of its own and is given up after two seconds.

use super::Error;
use connect::Secret;
use keyring_core::{CredentialStore, Entry};
use model::ConnectionId;
use std::{sync::Arc, time::Duration};

const PATIENCE: Duration = Duration::from_secs(2);
const SERVICE: &str = "sales-orchestrator";

pub async fn load(connection: &ConnectionId, name: &str) -> Result<Option<String>, Error> {
    with_entry(connection, name, |entry| match entry.get_password() {
        Ok(text) => Ok(Some(text)),
        Err(keyring_core::Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
    .await
}

pub async fn save(connection: &ConnectionId, name: &str, secret: Secret) -> Result<(), Error> {
    with_entry(connection, name, move |entry| entry.set_password(secret.expose())).await
}

pub async fn remove(connection: &ConnectionId, name: &str) -> Result<(), Error> {
    with_entry(connection, name, |entry| match entry.delete_credential() {
        Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
        Err(error) => Err(error),
    })
    .await
}

async fn with_entry<T: Send + 'static>(
    connection: &ConnectionId,
    name: &str,
    work: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let user = format!("{connection}/{name}");
    let (answer, waiting) = tokio::sync::oneshot::channel();
    // Not tokio's own pool: a call that hangs for good would keep the process from ending.
    let spawned = std::thread::Builder::new().name("keyring".to_owned()).spawn(move || {
        let done = open().and_then(|store| store.build(SERVICE, &user, None)).and_then(|entry| work(&entry));
        // Nobody waits any more when it took too long.
        answer.send(done).ok();
    });
    let failed = |why: String| Error::Keyring { connection: connection.clone(), why };
    spawned.map_err(|error| failed(error.to_string()))?;
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(failed(error.to_string())),
        Ok(Err(_)) => Err(failed("it failed while being asked".to_owned())),
        Err(_) => Err(failed(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

#[cfg(target_os = "linux")]
fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}
#[cfg(target_os = "macos")]
fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}
#[cfg(target_os = "windows")]
fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(keyring_core::Error::NotSupportedByStore("this system has no keyring that we know".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_hangs_or_fails_ends_with_what_to_do() {
        // given an entry whose work takes longer than anybody waits (or no keyring at all, as on a server)
        let connection = ConnectionId::from("hubspot");
        let slow = with_entry(&connection, "token", |_| {
            std::thread::park_timeout(Duration::from_secs(4));
            Ok(())
        });
        // when it is asked for
        let begun = tokio::time::Instant::now();
        let error = slow.await.unwrap_err().to_string();
        // then there is an answer in time, and it names the way out
        assert!(begun.elapsed() < Duration::from_secs(3));
        assert!(error.contains("connection hubspot") && error.contains("secret = \"file\""), "{error}");
    }
}
