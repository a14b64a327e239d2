//! Google's own Python client takes a tour; its answers are checked against Google's discovery documents.

use crate::desk::{NOON, shared};
use crate::google::ANN;
use sandbox::clock::Hand;
use sandbox::google::{Booking, Letter, Setup};
use sandbox::{Config, Sandbox};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::net::TcpListener;

const PACKAGES: [&str; 2] = ["google-api-python-client==2.202.0", "jsonschema"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(program: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| e.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn python() -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let (venv, python) = (target.join("venv-google"), target.join("venv-google/bin/python"));
    if run(&python, &["-c", "import googleapiclient, jsonschema"]).is_err() {
        run(Path::new("python3"), &["-m", "venv", &venv.to_string_lossy()])?;
        let mut install = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        install.extend(PACKAGES);
        run(&python, &install)?;
    }
    Ok(python)
}

fn filled() -> Arc<Sandbox> {
    let hand = Hand::at(NOON);
    let clock = {
        let hand = hand.clone();
        Arc::new(move || {
            hand.advance(1);
            hand.now()
        })
    };
    let config = Config { google: Some(Setup::plain(&[ANN])), ..Config::plain(5) };
    let sandbox = Sandbox::new(&config, clock);
    for n in 0..12 {
        let letter = Letter {
            from: "bob@acme.example".to_owned(),
            to: vec![ANN.to_owned()],
            subject: format!("Mail {n}"),
            text: "Hello".to_owned(),
            id: format!("{n}@acme.example"),
            attachments: if n % 3 == 0 { vec!["Plan.pdf".to_owned()] } else { Vec::new() },
            ..Letter::default()
        };
        sandbox.google().mail(ANN, &letter, &["INBOX"]);
        let booking = Booking {
            summary: format!("Call {n}"),
            start: NOON + n * 3_600_000,
            minutes: 30,
            attendees: vec![("bob@acme.example".to_owned(), "accepted".to_owned())],
            ..Booking::default()
        };
        sandbox.google().book(ANN, ANN, &booking);
    }
    sandbox
}

#[test]
fn googles_own_client_finds_everything_in_order() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            eprintln!("skipped: the tour of Google's Python client because {}", why.trim());
            return;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sandbox = filled();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let refresh = sandbox.google().refresh_token(ANN);
    runtime.spawn(sandbox::serve(sandbox, listener));
    let mut command = Command::new(python);
    command.arg(root().join("tests/sandbox/google_tour.py"));
    command.args([&format!("http://{address}"), ANN, &refresh]);
    command.args(shared("mailcal/google", "the check against Google's discovery documents"));
    let output = command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "stopped after\n{out}\n{errors}");
    eprintln!("{}", out.lines().last().unwrap_or_default());
}
