//! The real binary as a process: kill -9 in a loop, wrong input, missing credentials, a second instance, a full
//! disk. The sandbox serves real HTTP from a thread of the test.

use model::{Intent, Kind};
use sandbox::{Sandbox, World, team::Size, world::Weights};
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};
use store::{Exec, Feeds, Outbox, SqliteStore, WriteFilter};

const TOKEN: &str = "pat-eu1-sandbox";

/// Serves the sandbox over real HTTP, from a thread that lives as long as the process.
pub fn serve(sandbox: Arc<Sandbox>) -> SocketAddr {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            sandbox::serve(sandbox, listener).await.unwrap();
        });
    });
    told.recv().unwrap()
}

/// A configuration, a data folder and a CRM.
pub struct Place {
    dir: tempfile::TempDir,
    sandbox: Arc<Sandbox>,
    address: SocketAddr,
}

impl Place {
    pub fn new(mode: &str) -> Self {
        let options =
            sandbox::command::Options { unthrottled: true, size: Size::small(), ..Default::default() };
        let sandbox = options.sandbox().unwrap();
        let address = serve(sandbox.clone());
        let place = Self { dir: tempfile::tempdir().unwrap(), sandbox, address };
        fs::create_dir(place.data()).unwrap();
        place.configure(&format!("mode = \"{mode}\""));
        place
    }

    pub fn configure(&self, more: &str) {
        let text = format!(
            "[[connection]]\nid = \"crm\"\nvendor = \"hubspot\"\nbase_url = \"http://{}\"\nsecret = \"env\"\n\
             every = \"1s\"\nsweep = \"3s\"\n{more}\n",
            self.address
        );
        fs::write(self.config(), text).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("orchestrator.toml")
    }
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }
    fn database(&self) -> PathBuf {
        self.data().join("orchestrator.db")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sales-orchestrator"));
        command.arg("--config").arg(self.config()).arg("--data").arg(self.data()).args(arguments);
        command.env("SALES_ORCHESTRATOR_CRM_TOKEN", TOKEN).stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn daemon(&self) -> Child {
        self.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn wait(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn killed_again_and_again_while_it_works_it_loses_nothing_and_repeats_nothing() {
    // given a daemon that is killed by SIGKILL at another moment of its work each time
    let place = Place::new("auto");
    let mut world = World::new(&place.sandbox, 3, Weights::default());
    for round in 0..12_u64 {
        let mut daemon = place.daemon();
        wait(250 + round * 97 % 700);
        world.step(5);
        wait(100);
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    // when it is left alone at last, until writes that may have happened could be looked for
    let mut daemon = place.daemon();
    let settled = |state: &[&str]| {
        let store = SqliteStore::open(&place.database(), Exec::Thread).unwrap();
        let states = state.iter().map(|name| Box::from(*name)).collect();
        let filter = WriteFilter { states, ..WriteFilter::default() };
        block_on(store.writes(&filter, 100_000)).unwrap()
    };
    let kinds = [
        (Kind::Company, sandbox::Kind::Company),
        (Kind::Deal, sandbox::Kind::Deal),
        (Kind::Task, sandbox::Kind::Task),
    ];
    let unlike = || {
        let store = SqliteStore::open(&place.database(), Exec::Thread).unwrap();
        let (fresh, there) = (block_on(store.freshness()).unwrap(), place.sandbox.snapshot());
        let here = |kind| fresh.iter().find(|one| one.stream == kind).map_or(0, |one| one.records);
        let counts = kinds.map(|(kind, theirs)| (kind, here(kind), there.live(theirs) as u64));
        counts.into_iter().filter(|(_, here, there)| here != there).collect::<Vec<_>>()
    };
    let open = ["proposed", "pending", "sending", "retry", "verify"];
    for _ in 0..400 {
        wait(500);
        if settled(&open).is_empty() && !settled(&["done"]).is_empty() && unlike().is_empty() {
            break;
        }
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    // then each task that was decided stands in the CRM once
    let rows = settled(&[]);
    let done = rows.iter().filter(|row| row.state.name() == "done").count();
    assert!(done > 50, "only {done} of {} writes were done", rows.len());
    for row in rows.iter().filter(|row| matches!(row.write.intent, Intent::CreateTask { .. })) {
        let marker = row.write.key.to_string();
        let made = place.sandbox.with_journal(|all| all.creates_with(sandbox::Kind::Task, &marker).len());
        let right = usize::from(row.state.name() == "done");
        assert_eq!(made, right, "write {} is {} ({:?})", row.row, row.state.name(), row.note);
    }
    // and every living record of the CRM is here
    assert_eq!(unlike(), Vec::new());
}

#[test]
fn a_wrong_configuration_is_told_with_file_line_and_suggestion() {
    let place = Place::new("propose");
    place.configure("mode = \"propose\"\nevry = \"5s\"");
    for verb in ["run", "check", "status", "plan"] {
        let output = place.run(&[verb]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{verb}: {said}");
        assert!(said.contains("orchestrator.toml:9"), "{said}");
        assert!(said.contains("evry") && said.contains("every"), "{said}");
    }
}

#[test]
fn a_missing_credential_names_the_connection_and_what_to_run() {
    let place = Place::new("propose");
    let output = place.command(&["check"]).env_remove("SALES_ORCHESTRATOR_CRM_TOKEN").output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("crm") && said.contains("SALES_ORCHESTRATOR_CRM_TOKEN"), "{said}");
}

#[test]
fn a_refused_credential_is_no_crash_and_never_shown() {
    let place = Place::new("propose");
    let secret = "pat-eu1-this-is-not-the-token";
    let output = place.command(&["check"]).env("SALES_ORCHESTRATOR_CRM_TOKEN", secret).output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("refuses the token") && !said.contains(secret), "{said}");
}

#[test]
fn a_second_instance_says_so_and_exits_with_3() {
    let place = Place::new("observe");
    let mut first = place.daemon();
    wait(1_500);
    let second = place.run(&["run"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.status.code(), Some(3), "{}", text(&second));
    assert!(text(&second).contains(&first.id().to_string()), "{}", text(&second));
}

#[test]
fn a_damaged_database_is_named_and_left_as_it_is() {
    let place = Place::new("observe");
    fs::create_dir_all(place.data()).unwrap();
    let garbage = b"this is not a database, but somebody's notes".repeat(200);
    fs::write(place.database(), &garbage).unwrap();
    let output = place.run(&["run"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("orchestrator.db"), "{}", text(&output));
    assert!(fs::read(place.database()).unwrap() == garbage, "it was touched");
}

#[test]
fn sigterm_ends_it_within_five_seconds_with_exit_0() {
    let place = Place::new("auto");
    let mut daemon = place.daemon();
    wait(1_200);
    let killed = Command::new("kill").arg(daemon.id().to_string()).status().unwrap();
    assert!(killed.success());
    for _ in 0..55 {
        if let Some(status) = daemon.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return;
        }
        wait(100);
    }
    daemon.kill().unwrap();
    panic!("it was still running after five seconds");
}

#[test]
fn what_waits_is_planned_approved_and_written_once() {
    // given a connection that only proposes
    let place = Place::new("propose");
    let mut daemon = place.daemon();
    wait(5_000);
    let plan = place.run(&["plan", "--exit-code", "--json"]);
    assert_eq!(plan.status.code(), Some(4), "{}", text(&plan));
    assert_eq!(
        place.sandbox.with_journal(|journal| journal.by_api().count()),
        0,
        "nothing is written unasked"
    );
    // when a person approves a saved plan
    let saved = place.dir.path().join("plan.json");
    let saved = saved.to_str().unwrap();
    assert_eq!(place.run(&["plan", "-o", saved]).status.code(), Some(0));
    let applied = place.run(&["apply", saved]);
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied));
    // then it goes out
    let written = || place.sandbox.with_journal(|journal| journal.by_api().count());
    for _ in 0..60 {
        if written() > 0 {
            break;
        }
        wait(500);
    }
    assert!(written() > 0, "{}", text(&place.run(&["writes"])));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn a_mistyped_data_folder_is_told_and_not_made() {
    // given a folder that is not there
    let place = Place::new("observe");
    let wrong = place.data().with_file_name("dat");
    // when somebody looks into it
    let mut status = Command::new(env!("CARGO_BIN_EXE_sales-orchestrator"));
    let said =
        status.arg("--config").arg(place.config()).arg("--data").arg(&wrong).arg("status").output().unwrap();
    // then that is a slip of theirs, and nothing is left behind
    assert_eq!(said.status.code(), Some(2), "{}", text(&said));
    assert!(text(&said).contains("there is no folder"), "{}", text(&said));
    assert!(!wrong.exists());
}

#[test]
fn every_verb_answers_in_json_and_in_words_on_an_empty_database() {
    let place = Place::new("observe");
    for verb in [&["status"][..], &["plan"], &["writes"], &["parked"], &[]] {
        let words = place.run(verb);
        assert_eq!(words.status.code(), Some(0), "{verb:?}: {}", text(&words));
        assert!(!words.stdout.is_empty(), "{verb:?}");
        let json = place.run(&[&["--json"], verb].concat());
        let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&json.stdout);
        assert!(parsed.is_ok(), "{verb:?}: {}", text(&json));
    }
    let nothing = place.run(&["why", "deal:nothing"]);
    assert_eq!(nothing.status.code(), Some(2), "{}", text(&nothing));
}
