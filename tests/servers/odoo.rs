//! A real Odoo 19 for tests, and its own API spoken without the connector.

use connect::{HttpClient, Transport};
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command, time::Duration};

/// A running server; stopped when dropped.
pub struct Server {
    /// Base URL.
    pub base: String,
    /// API key of the administrator.
    pub key: String,
    script: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = Command::new(&self.script).arg("stop").status() {
            eprintln!("the Odoo server was not stopped: {error}");
        }
    }
}

impl Server {
    /// A freshly seeded server; `None`, with a visible line, where it can't be had. `script` is
    /// `tests/servers/odoo19.sh`.
    pub fn start(script: PathBuf) -> Option<Self> {
        let run = |verb: &str| {
            let done = Command::new(&script).arg(verb).output().map_err(|error| error.to_string())?;
            let last =
                |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned();
            if done.status.success() { Ok(last(&done.stdout)) } else { Err(last(&done.stderr)) }
        };
        match run("fresh").and_then(|ready| Ok((ready, run("key")?))) {
            Ok((ready, key)) => {
                let base = ready.trim_start_matches("READY ").to_owned();
                Some(Self { base, key, script })
            }
            Err(why) => {
                eprintln!("skipped: odoo because {why}");
                None
            }
        }
    }

    /// Calls a method of a model; anything but 200 is a failure of the test.
    pub async fn call(&self, model: &str, method: &str, arguments: Value) -> Value {
        let request = http::Request::post(format!("{}/json/2/{model}/{method}", self.base))
            .header("authorization", format!("bearer {}", self.key))
            .header("content-type", "application/json")
            .body(arguments.to_string().into())
            .unwrap();
        let answer = HttpClient::new().unwrap().send(request, Duration::from_secs(30)).await.unwrap();
        assert_eq!(answer.status(), 200, "{model}.{method}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).unwrap()
    }

    /// Odoo's own count of what matches.
    pub async fn count(&self, model: &str, domain: Value) -> usize {
        let counted = self.call(model, "search_count", json!({"domain": domain})).await;
        usize::try_from(counted.as_u64().unwrap()).unwrap()
    }
}
