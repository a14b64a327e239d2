//! Agents as others write them, against the real binary: the official MCP SDK, the reference library of Standard
//! Webhooks, a fuzzer of `OpenAPI` documents, and the programs printed in `docs/agents.md`.

use crate::process::{Place, text, wait};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/agents");
const GUIDE: &str = include_str!("../docs/agents.md");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Python with what `requirements.txt` names, in a folder of its own under the target folder.
static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = target.join("agents-venv");
    let wanted = fs::read_to_string(format!("{FILES}/requirements.txt")).unwrap();
    let (python, noted) = (venv.join("bin/python"), venv.join("installed.txt"));
    if fs::read_to_string(&noted).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(text(&output).lines().last().unwrap_or("it failed").to_owned()),
        Err(error) => Err(error.to_string()),
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--retries", "1", "-r"];
    run(Command::new(&python).args(install).arg(format!("{FILES}/requirements.txt")))?;
    fs::write(noted, wanted).unwrap();
    Ok(python)
});

/// Python, or a visible line of why these tests are left out.
fn python() -> Option<&'static Path> {
    match &*PYTHON {
        Ok(path) => Some(path),
        Err(why) => {
            eprintln!("skipped: agents because {why}");
            None
        }
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A daemon that answers over HTTP.
struct Office {
    place: Place,
    address: String,
    _daemon: Running,
}

impl Office {
    /// `agents` is the agents file. With `crm` there are deals.
    fn new(agents: &str, crm: bool) -> Self {
        let place = Place::new("propose");
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let rest = format!("[web]\nlisten = \"{free}\"\n[reach]\nprivate_hosts = [\"127.0.0.1\"]\n");
        if crm {
            place.configure(&format!("mode = \"propose\"\n{rest}"));
        } else {
            fs::write(place.config(), rest).unwrap();
        }
        fs::write(place.config().with_file_name("agents.toml"), agents).unwrap();
        let log = fs::File::create(place.config().with_file_name("log")).unwrap();
        let mut run = place.command(&["run"]);
        run.env("SALES_ORCHESTRATOR_AGENTS_INTEL", SECRET).stdout(Stdio::null()).stderr(log);
        let office = Self { place, address: free.to_string(), _daemon: Running(run.spawn().unwrap()) };
        office.until("the API listens", || TcpStream::connect(free).is_ok());
        office
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn token(&self, name: &str, role: &str) -> String {
        let made = self.place.run(&["--json", "token", "create", name, "--role", role]);
        let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|_| panic!("{}", text(&made)));
        made["token"].as_str().unwrap().to_owned()
    }

    fn trigger(&self, name: &str) {
        let raised = self.place.run(&["trigger", name]);
        assert!(raised.status.success(), "{}", text(&raised));
    }

    /// State of the agent's task.
    fn state(&self, action: &str) -> String {
        let listed = self.place.run(&["--json", "tasks", "--state", "all"]);
        let listed: Value =
            serde_json::from_slice(&listed.stdout).unwrap_or_else(|_| panic!("{}", text(&listed)));
        let mut tasks = listed["tasks"].as_array().unwrap().iter();
        let task = tasks.find(|task| task["action"] == action);
        task.map_or_else(String::new, |task| task["state"]["state"].to_string())
    }

    fn until(&self, what: &str, mut so: impl FnMut() -> bool) {
        for _ in 0..240 {
            if so() {
                return;
            }
            wait(250);
        }
        panic!("it never came that {what}\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.config().with_file_name("log")).unwrap_or_default()
    }

    fn check(&self, output: &Output) {
        assert!(output.status.success(), "{}\n{}", text(output), self.log());
    }
}

/// Both fetch their work.
const INBOXES: &str = "[[agent]]\nid = \"WAKE.SDRFORGE\"\nreach = \"inbox\"\n\
     [[agent]]\nid = \"WAKE.LSHSALES\"\nreach = \"inbox\"\n";

/// The program in the guide that has this in it.
fn printed(mark: &str) -> &'static str {
    let mut blocks = GUIDE.split("```python\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.find(|block| block.contains(mark)).unwrap()
}

#[test]
fn agents_on_the_official_sdk_work_a_day_over_stdio() {
    let Some(python) = python() else { return };
    // given deals, and two agents that fetch their work
    let office = Office::new(INBOXES, true);
    // when clients that start the server themselves work a day, then it goes as it should
    let mut day = Command::new(python);
    day.arg(format!("{FILES}/day.py")).arg("stdio").arg(env!("CARGO_BIN_EXE_sales-orchestrator"));
    office.check(&day.arg(office.place.config()).arg(office.place.data()).output().unwrap());
}

#[test]
fn agents_on_the_official_sdk_work_a_day_over_http() {
    let Some(python) = python() else { return };
    // given deals, and two agents with a token each
    let office = Office::new(INBOXES, true);
    let mut day = Command::new(python);
    day.arg(format!("{FILES}/day.py")).arg("http").arg(office.url("/mcp"));
    day.env("SDR_TOKEN", office.token("sdr", "agent:WAKE.SDRFORGE"));
    day.env("LSH_TOKEN", office.token("lsh", "agent:WAKE.LSHSALES"));
    // when they work a day, then it goes as it should
    office.check(&day.output().unwrap());
}

#[test]
fn the_api_does_what_its_document_says_whatever_is_sent() {
    let Some(python) = python() else { return };
    let office = Office::new(INBOXES, true);
    // given a person's token, which may do everything
    let token = format!("Authorization: Bearer {}", office.token("boss", "admin"));
    // when requests are made from the document, right ones and wrong ones
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                  response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth";
    let mut fuzz = Command::new(python.with_file_name("schemathesis"));
    fuzz.current_dir(office.place.config().parent().unwrap());
    fuzz.args(["run", &office.url("/api/v1/openapi.json"), "-H", &token, "--checks", checks]);
    fuzz.args(["--phases", "examples,coverage,fuzzing", "--mode", "all", "--max-examples", "25"]);
    fuzz.args(["--seed", "7", "--generation-database", "none", "--warnings", "off", "--no-color"]);
    // then no answer is an error of the server, and each is of the shape that was promised
    office.check(&fuzz.output().unwrap());
}

#[test]
fn a_receiver_that_checks_signatures_gets_its_task_and_takes_it() {
    let Some(python) = python() else { return };
    // given a receiver with the reference library
    let mut receiver = Command::new(python);
    receiver.arg(format!("{FILES}/webhook.py")).arg(SECRET).stdout(Stdio::piped());
    let mut receiver = Running(receiver.spawn().unwrap());
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port = lines.next().unwrap().replace("READY ", "");
    let agents = format!(
        "[[agent]]\nid = \"AI.MARKET.INTEL\"\nreach = {{ webhook = \"http://127.0.0.1:{port}/\", secret = \"intel\" }}\n"
    );
    let office = Office::new(&agents, false);
    // when there is work for it
    office.trigger("opportunity_search");
    // then the message comes with a signature that holds, and its answer takes the task
    let mut came = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let ours = came.find(|came| came["message"]["task"]["action"] == "OPPORTUNITY_REPORT").unwrap();
    assert_eq!(ours["id"], ours["message"]["id"], "the header names the message");
    office.until("the task is taken", || office.state("OPPORTUNITY_REPORT").contains("assigned"));
    // and what somebody else signed is refused
    let forged = "import sys, datetime, urllib.request, urllib.error\n\
         from standardwebhooks import Webhook\n\
         now = datetime.datetime.now(datetime.timezone.utc)\n\
         sign = Webhook('whsec_' + 'A' * 32).sign('m', now, '{}')\n\
         headers = {'webhook-id': 'm', 'webhook-timestamp': str(int(now.timestamp())), 'webhook-signature': sign}\n\
         try: urllib.request.urlopen(urllib.request.Request(sys.argv[1], b'{}', headers)); sys.exit(1)\n\
         except urllib.error.HTTPError as error: sys.exit(error.code != 401)\n";
    let url = format!("http://127.0.0.1:{port}/");
    office.check(&Command::new(python).args(["-c", forged, &url]).output().unwrap());
}

#[test]
fn what_an_agent_does_not_get_is_seen_with_its_reason_and_sent_again_on_request() {
    // given an agent whose webhook nobody serves, and work for it
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let agents = format!(
        "[[agent]]\nid = \"AI.MARKET.INTEL\"\nreach = {{ webhook = \"http://{address}/\", secret = \"intel\" }}\n"
    );
    let office = Office::new(&agents, false);
    office.trigger("opportunity_search");
    let parked = || {
        let shown = office.place.run(&["--json", "parked"]);
        let shown: Value =
            serde_json::from_slice(&shown.stdout).unwrap_or_else(|_| panic!("{}", text(&shown)));
        shown["messages"].as_array().unwrap().clone()
    };
    // when it can't be delivered, then that is shown, and what to do about it
    office.until("the failure is seen", || !parked().is_empty());
    let one = parked().remove(0);
    assert_eq!((&one["to"], &one["type"]), (&"AI.MARKET.INTEL".into(), &"TASK".into()), "{one}");
    let doctor = office.place.run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(5));
    assert!(text(&doctor).contains("messages to AI.MARKET.INTEL: 1 waiting"), "{}", text(&doctor));
    let id = one["id"].as_str().unwrap();
    assert!(text(&office.place.run(&["parked", "show", id])).contains("AI.MARKET.INTEL"));
    // and once its webhook is served, asking for it sends it
    let listener = TcpListener::bind(address).unwrap();
    let again = office.place.run(&["parked", "retry", id]);
    assert!(text(&again).contains("1 messages will be delivered again"), "{}", text(&again));
    std::thread::spawn(move || {
        for caller in listener.incoming() {
            let mut caller = BufReader::new(caller.unwrap());
            let head = caller.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty());
            let lengths =
                head.filter_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let mut body = vec![0; lengths.sum()];
            caller.read_exact(&mut body).unwrap();
            caller.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    office.until("nothing is parked any more", || parked().is_empty());
}

#[test]
fn a_webhooks_secret_is_made_and_kept_and_until_then_it_is_said_that_there_is_none() {
    // given an agent with a webhook whose secret is to be kept in the encrypted file
    let place = Place::new("propose");
    fs::write(place.config(), "[reach]\nsecret = \"file\"\n").unwrap();
    let agents = "[[agent]]\nid = \"WAKE.SDRFORGE\"\nreach = { webhook = \"https://93.184.215.14/\", secret = \"sdr\" }\n";
    fs::write(place.config().with_file_name("agents.toml"), agents).unwrap();
    let run = |arguments: &[&str]| {
        let passphrase = place.data().with_file_name("passphrase");
        let mut command = place.command(arguments);
        command.env("SALES_ORCHESTRATOR_PASSPHRASE_FILE", passphrase).output().unwrap()
    };
    let doctor = || text(&run(&["doctor"]));
    assert!(doctor().contains("token webhook sdr"), "{}", doctor());
    // when it is made
    let made = run(&["--json", "token", "webhook", "sdr"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|_| panic!("{}", text(&made)));
    // then the agent can be reached, and what is kept is not to be read
    assert!(doctor().contains("its webhook is at 93.184.215.14"), "{}", doctor());
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && made["used"] == true, "{made}");
    let vault = fs::read(place.data().join("secrets.vault")).unwrap();
    assert!(!String::from_utf8_lossy(&vault).contains(&secret[6..]) && !doctor().contains(secret));
    // and one that could not sign is refused
    let refused = run(&["token", "webhook", "sdr", "--stdin"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
}

#[test]
fn the_programs_of_the_guide_do_their_work() {
    let Some(python) = python() else { return };
    // given the program of the guide as one agent, and another agent that fetches its work
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("agent.py");
    fs::write(&program, printed("sys.stdin")).unwrap();
    let agents = format!(
        "{INBOXES}[[agent]]\nid = \"COMPETITIVE.INTEL\"\nreach = {{ command = [{python:?}, {program:?}] }}\n"
    );
    let office = Office::new(&agents, false);
    // when there is work for the first, then the program does it
    office.trigger("strategy_planning");
    office.until("the program is done", || office.state("COMPETITOR_ANALYSIS").contains("done"));
    // and the fifteen lines do what there is for the second
    office.trigger("lead_generation_needed");
    office.until("it is offered", || office.state("PROSPECT_LIST").contains("offered"));
    let lines = printed("from mcp import Client").replace("127.0.0.1:7171", &office.address);
    let token = office.token("sdr", "agent:WAKE.SDRFORGE");
    office.check(&Command::new(python).args(["-c", &lines]).env("TOKEN", token).output().unwrap());
    assert!(office.state("PROSPECT_LIST").contains("done"), "{}", office.state("PROSPECT_LIST"));
}
