//! A real Radicale for tests, and its protocol spoken without the connector.

use connect::{HttpClient, Transport};
use std::{net::TcpListener, path::PathBuf, process::Command, time::Duration};

/// `anna:secret` for HTTP Basic.
const AUTHORIZATION: &str = "Basic YW5uYTpzZWNyZXQ=";

/// A running server with nothing in it; stopped when dropped.
pub struct Server {
    /// Base URL, with a slash at its end.
    pub base: String,
    script: PathBuf,
    dir: PathBuf,
    port: String,
    client: HttpClient,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(why) = self.run(&["stop"]) {
            eprintln!("the Radicale was not stopped: {why}");
        }
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

impl Server {
    /// A fresh server; `None`, with a visible line, where it can't be had. `script` is `tests/servers/radicale.sh`;
    /// sync tokens are forgotten after `token_age` seconds.
    pub fn start(script: PathBuf, token_age: u32) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_or(28_160, |address| address.port()).to_string();
        let dir =
            script.with_file_name("../../target").join(format!("radicale-{}-{port}", std::process::id()));
        let client = HttpClient::new().unwrap();
        let mut server = Self { base: String::new(), script, dir, port, client };
        let mut start = server.command(&["start"]);
        match said(start.env("RADICALE_TOKEN_AGE", token_age.to_string())) {
            Ok(ready) => {
                ready.trim_start_matches("READY ").clone_into(&mut server.base);
                Some(server)
            }
            Err(why) => {
                eprintln!("skipped: radicale because {why}");
                None
            }
        }
    }

    fn command(&self, verb: &[&str]) -> Command {
        let mut command = Command::new(&self.script);
        command.arg(&self.dir).arg(&self.port).args(verb);
        command
    }

    /// Runs a verb of the script; its last line, or why not.
    pub fn run(&self, verb: &[&str]) -> Result<String, String> {
        said(&mut self.command(verb))
    }

    /// One request as anna; status and body.
    pub async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{}", self.base.trim_end_matches('/'), path))
            .header("authorization", AUTHORIZATION)
            .header("depth", "1")
            .header("content-type", if method == "PUT" { "text/calendar" } else { "application/xml" })
            .body(body.to_owned().into())
            .unwrap();
        let answer = self.client.send(request, Duration::from_secs(60)).await.unwrap();
        (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
    }

    /// Makes a calendar; its path.
    pub async fn calendar(&self, name: &str) -> String {
        let path = format!("/anna/{name}/");
        assert_eq!(self.ask("MKCALENDAR", &path, "").await.0, 201);
        path
    }

    /// Puts an object, whatever is there.
    pub async fn put(&self, path: &str, text: &str) {
        let (status, body) = self.ask("PUT", path, text).await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) {
        let (status, body) = self.ask("DELETE", path, "").await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
    }
}

/// The last line that a command prints, or its last complaint.
fn said(command: &mut Command) -> Result<String, String> {
    let done = command.output().map_err(|error| error.to_string())?;
    let last = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned();
    if done.status.success() { Ok(last(&done.stdout)) } else { Err(last(&done.stderr)) }
}
