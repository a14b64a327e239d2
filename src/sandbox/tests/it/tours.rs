//! Both official Python clients take a tour of the sandbox: they know nothing of how we read the documentation.

use crate::desk::{NOON, TOKEN};
use sandbox::clock::Hand;
use sandbox::team::Size;
use sandbox::{Config, OauthApp, Sandbox};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpListener;

const PACKAGES: [&str; 2] = ["hubspot-api-client==12.0.0", "hubspot-sdk==0.1.0a9"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(program: &Path, arguments: &[&str]) -> Result<Output, String> {
    let output =
        Command::new(program).args(arguments).output().map_err(|e| format!("{}: {e}", program.display()))?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The interpreter of a virtual environment that has both clients; made once.
fn python() -> &'static Result<PathBuf, String> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let (venv, python) = (target.join("venv-hubspot"), target.join("venv-hubspot/bin/python"));
        if run(&python, &["-c", "import hubspot, hubspot_sdk"]).is_err() {
            run(Path::new("python3"), &["-m", "venv", &venv.to_string_lossy()])?;
            let mut install = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
            install.extend(PACKAGES);
            run(&python, &install)?;
        }
        Ok(python)
    })
}

/// Loopback is reached without any proxy that the environment may name.
fn tour(script: &str, address: SocketAddr) -> Option<()> {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            eprintln!("skipped: python SDK tours because {}", why.trim());
            return None;
        }
    };
    let output = Command::new(python)
        .arg(root().join("tests/sandbox").join(script))
        .args([&format!("http://{address}"), TOKEN])
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} stopped after\n{out}\n{errors}");
    eprintln!("{}", out.lines().last().unwrap_or_default());
    Some(())
}

/// A populated account on a free port of loopback; every request comes a millisecond after the last.
fn serving() -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let hand = Hand::at(NOON);
    let clock = {
        let hand = hand.clone();
        Arc::new(move || {
            hand.advance(1);
            hand.now()
        })
    };
    let config = Config { oauth: Some(OauthApp::default()), ..Config::plain(5) };
    let sandbox = Sandbox::new(&config, clock);
    sandbox.populate(&Size::small());
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(sandbox::serve(sandbox, listener));
    (runtime, address)
}

#[test]
fn the_official_client_for_v3_and_v4_finds_everything_in_order() {
    let (_runtime, address) = serving();
    tour("tour_v3.py", address);
}

#[test]
fn the_official_client_for_2026_03_finds_everything_in_order() {
    let (_runtime, address) = serving();
    tour("tour_2026.py", address);
}
