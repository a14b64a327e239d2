//! Verbs by which people decide who does what, against the real binary and a running daemon; and the demo's agent that
//! is a program of its own.

use crate::process::{Place, text, wait};
use serde_json::Value;
use std::{
    fs,
    process::{Child, Command, Stdio},
};

/// Agents that fetch their work, so that nothing is begun unasked.
const AGENTS: &str = "[[agent]]\nid = \"WAKE.LSHSALES\"\nreach = \"inbox\"\n\
     [[agent]]\nid = \"TWIN\"\nlayer = \"specialised\"\nstages = [\"qualification\"]\nreach = \"inbox\"\n\
     capabilities = { discovery_call = 0.6, need_qualification = 0.6, demo_delivery = 0.6, pipeline_management = 0.6 }\n";

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn json(place: &Place, arguments: &[&str]) -> Value {
    let output = place.run(&[&["--json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {}", text(&output)))
}

fn tasks(place: &Place, state: &str) -> Vec<Value> {
    json(place, &["tasks", "--state", state])["tasks"].as_array().unwrap().clone()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..120 {
        if let Some(found) = look() {
            return found;
        }
        wait(500);
    }
    panic!("it never came that {what}");
}

/// A daemon at work on a small team's CRM.
fn office() -> (Place, Running) {
    let place = Place::new("propose");
    fs::write(place.config().with_file_name("agents.toml"), AGENTS).unwrap();
    let log = fs::File::create(place.config().with_file_name("log")).unwrap();
    let daemon = Running(place.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    until("tasks are offered", || (!tasks(&place, "offered").is_empty()).then_some(()));
    (place, daemon)
}

#[test]
fn a_person_gives_work_to_whom_they_name_and_sees_why_not_to_others() {
    // given offers that somebody has
    let (place, _daemon) = office();
    let offered = tasks(&place, "offered");
    let call = offered
        .iter()
        .find(|task| task["action"] == "DISCOVERY_CALL")
        .unwrap_or_else(|| panic!("{offered:?}"));
    let (id, deal) = (call["id"].as_str().unwrap(), call["subject"].as_str().unwrap());
    let (holder, other) = match call["holder"].as_str() {
        Some("TWIN") => ("TWIN", "WAKE.LSHSALES"),
        _ => ("WAKE.LSHSALES", "TWIN"),
    };
    // when somebody only looks, every candidate is shown and nothing happens
    let looked = place.run(&["assign", id, "--to", other, "--dry-run"]);
    let said = text(&looked);
    assert!(
        looked.status.success() && said.contains("capability") && said.contains("Nothing is written"),
        "{said}"
    );
    assert!(said.contains(holder) && said.contains("left out"), "{said}");
    // when it is given to an agent that lacks the capability, that is refused with the reason
    let wrong = place.run(&["assign", id, "--to", "WAKE.CLOSESTACK"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong));
    assert!(text(&wrong).contains("lacks discovery_call"), "{}", text(&wrong));
    // when it is given to one that can, the daemon moves it
    let given = place.run(&["assign", id, "--to", other]);
    assert!(given.status.success(), "{}", text(&given));
    let now = || json(&place, &["why", id]);
    let moved = until("it has moved", || Some(now()).filter(|now| now["task"]["holder"] == other));
    assert!(moved["history"].to_string().contains("gave it to"), "{moved}");
    // and a new task of an action is made on the deal, which its stage does not take away again
    let made = json(&place, &["assign", "COMPETITOR_BRIEF", "--deal", deal, "--param", "rival=Globex"]);
    let made = made["task"]["id"].as_str().unwrap().to_owned();
    until("it is given", || {
        let told = place.run(&["--json", "why", &made]);
        let told: Value = serde_json::from_slice(&told.stdout).ok()?;
        (told["task"]["state"]["state"] == "assigned").then_some(())
    });
}

#[test]
fn words_that_are_no_action_bring_suggestions() {
    let place = Place::new("observe");
    let free = place.run(&["assign", "write a proposal for Acme"]);
    assert_eq!(free.status.code(), Some(2), "{}", text(&free));
    assert!(text(&free).contains("CREATE_PROPOSAL"), "{}", text(&free));
    let where_ = place.run(&["assign", "discovery call"]);
    assert_eq!(where_.status.code(), Some(2), "{}", text(&where_));
    assert!(text(&where_).contains("which?"), "{}", text(&where_));
    let nothing = place.run(&["rebalance"]);
    assert!(nothing.status.success() && text(&nothing).contains("no move gains"), "{}", text(&nothing));
}

#[test]
fn work_is_spread_anew_and_the_story_of_a_case_is_told() {
    let (place, _daemon) = office();
    // given one of two whose work is paused: what it had goes to the other, or waits
    let plan = json(&place, &["rebalance", "--agent", "WAKE.LSHSALES"]);
    assert!(plan["looked_at"].as_u64().unwrap() > 0, "{plan}");
    assert!(plan["after"].as_i64() >= plan["before"].as_i64(), "{plan}");
    assert!(plan["order"].is_null(), "nothing is written unasked");
    // when all that gains is done
    let applied = json(&place, &["rebalance", "--apply"]);
    for one in applied["moves"].as_array().unwrap() {
        let task = one["tasks"][0].as_str().unwrap();
        let done = |now: &Value| {
            now["task"]["holder"] == one["to"] || now["history"].to_string().contains("is not done")
        };
        until("it has moved", || Some(json(&place, &["why", task])).filter(done));
    }
    // and an escalation that somebody raises has a story with what comes next
    let deal = tasks(&place, "offered")[0]["subject"].as_str().unwrap().to_owned();
    let raised = json(&place, &["escalate", "ENTERPRISE_COMPLEXITY", "--deal", &deal]);
    let id = raised["effect"]["escalation"].as_str().unwrap();
    let story = until("it is routed", || {
        Some(place.run(&["why", id])).filter(|output| text(output).contains("WAKE.ENTERPRISE"))
    });
    let story = text(&story);
    for part in ["Escalation ENTERPRISE_COMPLEXITY", "raised", "What happened", "Next:", "rule `enterprise`"]
    {
        assert!(story.contains(part), "{part} is missing:\n{story}");
    }
    let handed = json(&place, &["handoff", &deal, "--to", "TWIN", "--milestone", "tested"]);
    let story = text(&place.run(&["why", handed["effect"]["handoff"].as_str().unwrap()]));
    assert!(story.contains("milestone tested") && story.contains("Next:"), "{story}");
}

#[test]
fn a_demo_leaves_alone_what_it_did_not_write() {
    // given a folder with somebody's own agents
    let folder = tempfile::tempdir().unwrap();
    let agents = folder.path().join("agents.toml");
    fs::write(&agents, AGENTS).unwrap();
    // when a demo is to run there, then it is refused, and nothing is changed or added
    let mut demo = Command::new(env!("CARGO_BIN_EXE_sales-orchestrator"));
    let refused = demo.arg("--data").arg(folder.path()).args(["demo", "--for", "4s"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("was not written by a demo"), "{}", text(&refused));
    assert_eq!(fs::read_to_string(agents).unwrap(), AGENTS);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_agent_of_the_demo_is_a_program_that_does_its_work() {
    // given the demo for half a minute
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_sales-orchestrator"));
    demo.args(["--data", data.to_str().unwrap(), "--json", "demo", "--for", "40s"]);
    let output = demo.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    // then tasks were done by the process that its agents.toml names, with a document each
    let look = |arguments: &[&str]| -> Value {
        let mut verb = Command::new(env!("CARGO_BIN_EXE_sales-orchestrator"));
        verb.arg("--config")
            .arg(data.join("demo.toml"))
            .arg("--data")
            .arg(&data)
            .arg("--json")
            .args(arguments);
        let output = verb.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
    };
    let done = look(&["tasks", "--agent", "AI.MARKET.INTEL", "--state", "done"]);
    let done = done["tasks"].as_array().unwrap();
    let log = fs::read_to_string(data.join("daemon.log")).unwrap_or_default();
    assert!(!done.is_empty(), "{log}");
    let with_facts = done.iter().filter(|task| task["metrics"]["facts"].is_number());
    assert!(with_facts.count() > 0, "the program says how much it found: {done:?}");
}
