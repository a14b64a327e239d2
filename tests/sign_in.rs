//! Access by OAuth, from the verb to the daemon's renewals: the real binary, a vendor's consent page on loopback, and
//! a browser that goes where the program tells it.

use crate::process::{text, wait};
use model::Kind;
use sandbox::{Config, OauthApp, Sandbox, google::Letter, google::Setup};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::{Arc, mpsc},
    thread,
};
use store::{Exec, Feeds, SqliteStore};

const ANN: &str = "ann@sandbox.test";
const SECRET: &str = "sandbox-secret";
/// The configuration before anything is connected.
const UNCONNECTED: &str = "# ours\n";

/// A vendor on loopback, and a place of our own.
struct Stage {
    dir: tempfile::TempDir,
    sandbox: Arc<Sandbox>,
    address: SocketAddr,
}

impl Stage {
    fn new(google: Setup, hubspot: OauthApp) -> Self {
        let config = Config { google: Some(google), oauth: Some(hubspot), ..Config::plain(1) };
        let wall = Arc::new(|| connect::Clock::now(&runtime::clock::SystemClock).as_millis());
        let sandbox = Sandbox::new(&config, wall);
        let (tell, told) = mpsc::channel();
        let shared = sandbox.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                sandbox::serve(shared, listener).await.unwrap();
            });
        });
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("orchestrator.toml"), UNCONNECTED).unwrap();
        Self { dir, sandbox, address: told.recv().unwrap() }
    }

    /// Ann's account, whose access tokens live so many seconds.
    fn google(lifetime_s: i64) -> Self {
        let stage = Self::new(Setup { lifetime_s, ..Setup::plain(&[ANN]) }, OauthApp::default());
        for n in 0..3 {
            let from = "Bob <bob@acme.example>".to_owned();
            let (id, subject) = (format!("q{n}@acme.example"), format!("Question {n}"));
            let letter = Letter { from, to: vec![ANN.to_owned()], subject, id, ..Letter::default() };
            stage.sandbox.google().mail(ANN, &letter, &["INBOX"]);
        }
        stage
    }

    fn command(&self, words: &[&str]) -> Command {
        let dir = self.dir.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sales-orchestrator"));
        command.arg("--config").arg(dir.join("orchestrator.toml")).arg("--data").arg(dir.join("data"));
        command.env("SALES_ORCHESTRATOR_PASSPHRASE_FILE", dir.join("passphrase"));
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `connect` as a person types it for a vendor, in front of the sandbox.
    fn connect(&self, vendor: &str, authorize: &str, token: &str, more: &[&str]) -> Talk {
        let at = |path: &str| format!("http://{}{path}", self.address);
        let (base, authorize, token) = (at(""), at(authorize), at(token));
        let words = ["connect", vendor, "--auth", "oauth", "--secret", "file", "--token-stdin"];
        let places = ["--base-url", &base, "--authorize-url", &authorize, "--token-url", &token];
        let client = ["--client-id", "sandbox-client"];
        Talk::begin(&mut self.command(&[&words[..], &places, &client, more].concat()))
    }

    fn connect_google(&self, more: &[&str]) -> Talk {
        self.connect("google", "/o/oauth2/v2/auth", "/token", more)
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    fn renewals(&self, family: &str) -> u64 {
        self.sandbox.usage().family(family)
    }

    fn records(&self, stream: Kind) -> u64 {
        let store = SqliteStore::open(&self.dir.path().join("data/orchestrator.db"), Exec::Thread).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let fresh = runtime.block_on(store.freshness()).unwrap();
        fresh.iter().find(|one| one.stream == stream).map_or(0, |one| one.records)
    }

    /// Neither a connection was written nor a secret kept.
    fn is_untouched(&self) -> bool {
        let config = fs::read_to_string(self.dir.path().join("orchestrator.toml")).unwrap();
        config == UNCONNECTED && !self.dir.path().join("data/secrets.vault").exists()
    }

    /// Everything that was written to the disk, as one text.
    fn disk(&self) -> String {
        let mut all = Vec::new();
        for folder in [self.dir.path().to_owned(), self.dir.path().join("data")] {
            let files = fs::read_dir(folder).into_iter().flatten().flatten();
            for file in files.filter(|file| file.path().is_file()) {
                all.extend(fs::read(file.path()).unwrap());
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// The program while it waits for the browser.
struct Talk {
    child: Child,
    err: BufReader<ChildStderr>,
    said: String,
}

impl Talk {
    fn begin(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        // One that ends before it asks has closed its side already.
        writeln!(child.stdin.take().unwrap(), "{SECRET}").ok();
        let err = BufReader::new(child.stderr.take().unwrap());
        Self { child, err, said: String::new() }
    }

    /// The address that it asks a person to open.
    fn address(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.err.read_line(&mut line).unwrap() > 0, "no address was given: {}", self.said);
            self.said += &line;
            if line.starts_with("http://") {
                return line.trim().to_owned();
            }
        }
    }

    /// Exit code, and everything that it said.
    fn end(mut self) -> (Option<i32>, String) {
        self.err.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), format!("{}{}", self.said, String::from_utf8_lossy(&output.stdout)))
    }
}

/// Asks for a page: the head and body of the answer.
fn get(address: &str) -> String {
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Where the vendor sends the browser after its consent page.
fn consent(address: &str) -> String {
    let page = get(address);
    let to = page.lines().find_map(|line| line.strip_prefix("location: "));
    to.unwrap_or_else(|| panic!("no way back: {page}")).trim().to_owned()
}

#[test]
fn access_granted_in_a_browser_is_kept_used_and_renewed() {
    // given a Google account, tokens that live five seconds, and a person who runs `connect`
    let stage = Stage::google(5);
    let mut talk = stage.connect_google(&[]);
    let address = talk.address();
    for part in
        ["code_challenge_method=S256", "access_type=offline", "redirect_uri=http%3A%2F%2F127.0.0.1%3A"]
    {
        assert!(address.contains(part), "{address}");
    }
    // when their browser goes where it is told
    let back = get(&consent(&address));
    assert!(back.starts_with("HTTP/1.1 200") && back.contains("You can close this window"), "{back}");
    // then the account is read at once
    let (code, said) = talk.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("The grant is in the encrypted file") && said.contains(ANN), "{said}");
    // and, by other processes, when the token has ended
    let before = stage.renewals("google.token");
    wait(5_200);
    let checked = stage.run(&["check", "google"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    assert!(stage.renewals("google.token") > before, "the token was not renewed");
    let read = stage.run(&["sync"]);
    assert_eq!(read.status.code(), Some(0), "{}", text(&read));
    assert_eq!(stage.records(Kind::Email), 3);
    // and no secret stands anywhere in the clear
    let all = format!("{said}{}{}{}", text(&checked), text(&read), stage.disk());
    for secret in [SECRET, "ya29.", "1//sandbox"] {
        assert!(!all.contains(secret), "{secret} is readable");
    }
}

#[test]
fn a_stranger_with_a_guessed_state_is_turned_away_and_the_person_still_gets_through() {
    // given a program that waits for the browser
    let stage = Stage::google(3600);
    let mut talk = stage.connect_google(&[]);
    let back = consent(&talk.address());
    // when another page knocks at its door first, with a code of its own
    let (door, query) = back.split_once('?').unwrap();
    let forged = get(&format!("{door}?state=guessed&code=4%2Fevil"));
    let stateless = get(&format!("{door}?code=4%2Fevil"));
    // then that is not taken, and what the vendor sent is
    assert!(forged.starts_with("HTTP/1.1 404") && stateless.starts_with("HTTP/1.1 404"));
    get(&format!("{door}?{query}"));
    let (code, said) = talk.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(stage.renewals("google.token"), 1, "the forged code was tried");
}

#[test]
fn who_says_no_or_nothing_is_told_so_and_nothing_is_kept() {
    // given a person who does not consent, and one who never looks
    let refusing = Stage::new(Setup { consents: false, ..Setup::plain(&[ANN]) }, OauthApp::default());
    let absent = Stage::google(3600);
    let mut no = refusing.connect_google(&[]);
    let mut nothing = absent.connect_google(&["--timeout", "1"]);
    // when the browser brings the refusal, or the time is over
    assert!(get(&consent(&no.address())).contains("Not connected"));
    nothing.address();
    // then each is told apart
    for (stage, talk, reason) in [
        (&refusing, no, "access was not granted: access_denied"),
        (&absent, nothing, "nobody granted access in time"),
    ] {
        let (code, said) = talk.end();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(reason), "{said}");
        assert!(stage.is_untouched());
    }
}

#[test]
fn a_port_that_is_taken_is_said_before_anything_is_asked() {
    // given a port that somebody else listens on
    let stage = Stage::google(3600);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    // when the browser is to come back there
    let talk = stage.connect_google(&["--redirect-port", &port]);
    // then the option to change is named
    let (code, said) = talk.end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&port) && said.contains("--redirect-port"), "{said}");
}

#[test]
fn an_application_that_the_vendor_refuses_is_named_without_its_secret() {
    // given an application's secret that is not the right one
    let setup = Setup { client_secret: "another".to_owned(), ..Setup::plain(&[ANN]) };
    let stage = Stage::new(setup, OauthApp::default());
    // when access is granted all the same
    let mut talk = stage.connect_google(&[]);
    get(&consent(&talk.address()));
    // then the vendor's word is passed on
    let (code, said) = talk.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("id, secret or redirect address is refused"), "{said}");
    assert!(!said.contains(SECRET) && stage.is_untouched());
}

#[test]
fn hubspot_grants_access_the_same_way_and_its_rotated_tokens_are_kept() {
    // given an app at HubSpot whose refresh tokens are good for one use
    let app = OauthApp { lifetime_s: 3, rotate: true, ..OauthApp::default() };
    let stage = Stage::new(Setup::default(), app);
    let mut talk = stage.connect("hubspot", "/oauth/authorize", "/oauth/v1/token", &[]);
    // when access is granted, and the tokens end twice
    get(&consent(&talk.address()));
    let (code, said) = talk.end();
    assert_eq!(code, Some(0), "{said}");
    for _ in 0..2 {
        wait(3_200);
        // then each process goes on with what the last one stored
        let checked = stage.run(&["check"]);
        assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    }
}
