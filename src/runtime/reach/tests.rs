#![cfg(unix)]

use super::*;
use crate::{clock::SystemClock, daemon::Daemon, rules::Config, settings::Settings};
use connect::Clock;
use engine::assign::rank;
use model::{
    Id, MessageId, Stage,
    work::{
        Message, Need, ORCHESTRATOR, Party, Responsibility, Subject, Task, TaskState,
        message::{Body, Fill, TaskBody, TaskOrder},
    },
};
use store::{Coordinated, Progressed, Store, sqlite::SqliteStore};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const AGENT: &str = "WAKE.SDRFORGE";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One agent that is reached in `way`, with one task offered to it and the message waiting to go out.
struct Desk {
    daemon: Daemon,
    reach: Reach,
    task: Id,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new(way: Way, settings: &str) -> Self {
        let loaded = engine::config::load(None, None).unwrap();
        let mut roster = loaded.roster;
        roster.agents.retain(|spec| spec.id.as_str() == AGENT);
        roster.agents[0].reach = way;
        let settings = Settings::read(Path::new("test.toml"), settings).unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::memory().unwrap());
        let config = Config { settings, roster, book: loaded.book };
        let daemon = Daemon::start(store, Arc::new(SystemClock), config, Vec::new(), 1).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let outside = Outside::new(Keeper::File, folder.path());
        std::fs::create_dir_all(&outside.folder).unwrap();
        let reach = Reach::new(daemon.shared.clone(), outside, Nudge::default());
        let desk = Self { daemon, reach, task: Id::derived(&["task"]), folder };
        desk.offer().await;
        desk
    }

    /// A task goes to the agent by the ordinary cycle, and its message is handed over for delivery.
    async fn offer(&self) {
        let (shared, now) = (&self.daemon.shared, SystemClock.now());
        let task = Task {
            id: self.task,
            action: "EXECUTE_OUTREACH".into(),
            title: "Reach out".to_owned(),
            subject: Subject::Segment("founders".into()),
            stage: Stage::LeadGeneration,
            responsibility: Responsibility::Primary,
            meant_for: None,
            need: Need { capability: "cold_outreach".into(), preferred: Vec::new(), unit: None },
            priority: 50,
            arrived: now,
            allowed_hours: 8,
            due: None,
            holder: None,
            state: TaskState::Queued,
            cause: "test".to_owned(),
        };
        let create = vec![(task.clone(), rank(task.arrived, task.priority, 1))];
        let progressed = Progressed { create, ..Progressed::default() };
        shared.store.commit_progress(&shared.held, progressed, now).await.unwrap();
        let mut assign = self.daemon.cycles().assign;
        while assign.turn().await.unwrap() == Turn::Again {}
        let order = TaskOrder {
            id: self.task.to_string().into(),
            action: task.action,
            params: serde_json::Map::new(),
        };
        let message = Message {
            id: MessageId::new("message-1"),
            sent_at: now,
            conversation: format!("task:{}", self.task).into(),
            in_reply_to: None,
            from: ORCHESTRATOR.into(),
            to: AGENT.into(),
            body: Body::Task(TaskBody { task: order, deadline: None }),
        };
        let decided = Coordinated {
            messages: vec![(message, true)],
            told: vec![(self.task, AGENT.into())],
            ..Coordinated::default()
        };
        shared.store.commit_coordination(&shared.held, decided, now).await.unwrap();
    }

    /// Turns until the delivery is over, and says how it stands.
    async fn deliver(&mut self) -> Box<str> {
        loop {
            self.reach.turn().await.unwrap();
            if let Some(done) = self.reach.running.join_next().await {
                let (seq, outcome) = done.unwrap();
                let (store, held) = (&self.daemon.shared.store, &self.daemon.shared.held);
                store.settle_push(held, seq, outcome, SystemClock.now()).await.unwrap();
                let by = model::work::Party::Daemon;
                let kept = store.messages(&by, &store::MessageFilter::default(), 0, 100).await.unwrap();
                let first = kept.into_iter().find(|kept| kept.message.id.as_str() == "message-1");
                return first.unwrap().push.unwrap();
            }
        }
    }

    /// The words that settle the one open escalation.
    async fn word(&self, by: &Party, words: &str) -> Message {
        let (shared, now) = (&self.daemon.shared, SystemClock.now());
        let open = store::CaseFilter { open: true, ..store::CaseFilter::default() };
        let case = shared.store.escalations(&Party::Daemon, &open, 10).await.unwrap().remove(0);
        let text = format!(
            "{{\"type\":\"ESCALATION\",\"to\":\"ORCHESTRATOR\",\"escalation_id\":\"{}\",\"status\":\"RESOLVED\",\
             \"reason\":\"\",\"request\":\"\",\"context\":{{}},\"resolution\":\"{words}\"}}",
            case.id
        );
        let fill =
            Fill { id: Some(MessageId::new("word")), sent_at: Some(now), from: Some(by.name().into()) };
        Message::read(&text, &fill).unwrap()
    }

    /// Settles the one open escalation; false where that is refused.
    async fn resolve(&self, by: &Party, words: &str) -> bool {
        let (shared, message) = (&self.daemon.shared, self.word(by, words).await);
        crate::policy::say(&*shared.store, &shared.rules(), by, message, SystemClock.now()).await.is_ok()
    }

    async fn task(&self) -> Task {
        self.daemon.shared.store.task(self.task).await.unwrap().unwrap().0
    }
}

fn shell(script: &str, timeout_seconds: u32) -> Way {
    let args = vec!["-c".into(), script.into()];
    Way::Command { program: "/bin/sh".into(), args, timeout_seconds }
}

#[tokio::test]
async fn a_program_gets_its_task_and_its_words_count() {
    // given a program that reads its message and reports on it
    let script = r#"read order; id=${order#*\"task\":\{*\"id\":\"}; id=${id%%\"*}
        say() { echo "{\"type\":\"STATUS\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"$id\",$1}"; }
        say '"status":"IN_PROGRESS","progress":45,"metrics":{"prospects_found":45}'
        echo 'not a message'
        say '"status":"DONE","outcome":"success","result":{"title":"List","markdown":"45 found"}'"#;
    let mut desk = Desk::new(shell(script, 20), "").await;
    assert!(matches!(desk.task().await.state, TaskState::Offered { .. }));
    // when it is run
    assert_eq!(&*desk.deliver().await, "done");
    // then the task is done, with its document, and the line that was no message harmed nothing
    let task = desk.task().await;
    assert_eq!(task.state, TaskState::Done, "{task:?}");
    let by = model::work::Party::Daemon;
    let documents = desk.daemon.shared.store.documents(&by, desk.task).await.unwrap();
    assert_eq!(documents.len(), 1);
}

#[tokio::test]
async fn what_a_program_answers_beyond_policy_waits_and_counts_once_a_person_has_approved_it() {
    // given a program that ends its task with a discount of 40 %
    let script = r#"read order; id=${order#*\"task\":\{*\"id\":\"}; id=${id%%\"*}
        echo "{\"type\":\"STATUS\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"$id\",\"status\":\"DONE\",\"outcome\":\"success\",\"result\":{\"markdown\":\"offer\",\"data\":{\"discount_percent\":40}}}""#;
    let mut desk = Desk::new(shell(script, 20), "").await;
    // when it has run
    desk.deliver().await;
    // then the task waits, and a person is asked
    assert_eq!(desk.task().await.state, TaskState::Blocked);
    let store = &desk.daemon.shared.store;
    let all = store::CaseFilter::default();
    let case = store.escalations(&Party::Daemon, &all, 10).await.unwrap().remove(0);
    assert_eq!((&*case.reason, case.task), ("APPROVAL_NEEDED", Some(desk.task)));
    assert!(case.request.contains("40 %"), "{}", case.request);
    // and the agent itself can't settle it, while a person's word ends the task
    for (by, words, settles, ends) in [
        (Party::Agent(AGENT.into()), "approved", false, TaskState::Blocked),
        (Party::Person("olga".into()), "approved, as an exception", true, TaskState::Done),
    ] {
        let mut desk = Desk::new(shell(script, 20), "").await;
        desk.deliver().await;
        assert_eq!(desk.resolve(&by, words).await, settles, "{by}");
        assert_eq!(desk.task().await.state, ends, "{by}");
    }
}

#[tokio::test]
async fn an_approval_counts_although_the_daemon_died_before_it_said_what_was_approved() {
    // given a result that waits, and a daemon that died right after it had kept the approval
    let script = r#"read order; id=${order#*\"task\":\{*\"id\":\"}; id=${id%%\"*}
        echo "{\"type\":\"STATUS\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"$id\",\"status\":\"DONE\",\"outcome\":\"success\",\"result\":{\"markdown\":\"offer\",\"data\":{\"discount_percent\":40}}}""#;
    let mut desk = Desk::new(shell(script, 20), "").await;
    desk.deliver().await;
    let (store, olga) = (desk.daemon.shared.store.clone(), Party::Person("olga".into()));
    store.say(&olga, desk.word(&olga, "approved: fine").await, SystemClock.now()).await.unwrap();
    assert_eq!(desk.task().await.state, TaskState::Blocked);
    // when the next one looks at what wants attention
    let mut coordinate = desk.daemon.cycles().coordinate;
    while coordinate.turn().await.unwrap() == Turn::Again {}
    // then the result counts, once
    assert_eq!(desk.task().await.state, TaskState::Done);
    assert_eq!(store.documents(&Party::Daemon, desk.task).await.unwrap().len(), 1);
    assert_eq!(store.agenda(SystemClock.now(), 10).await.unwrap().approved, []);
}

#[tokio::test]
async fn only_words_that_count_end_a_task_else_the_programs_end_does() {
    let head = r#"read order; id=${order#*\"task\":\{*\"id\":\"}; id=${id%%\"*}
        say() { echo "{\"type\":\"STATUS\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"$1\",$2}"; }"#;
    for (words, state) in [
        // a DONE that is refused: it was sent from the future
        (r#"say $id '"status":"DONE","outcome":"success","sent_at":"2999-01-01T00:00:00Z"'"#, "failed"),
        // a DONE of somebody else's task, then a failure
        (
            r#"say 00000000-0000-0000-0000-000000000001 '"status":"DONE","outcome":"success"'; exit 3"#,
            "failed",
        ),
        // a DONE that can't even be read
        (r#"say $id '"status":"DONE"'"#, "failed"),
        // the same said right at the second try
        (r#"say $id '"status":"DONE"'; say $id '"status":"DONE","outcome":"success"'"#, "done"),
    ] {
        let mut desk = Desk::new(shell(&format!("{head}\n{words}"), 20), "").await;
        desk.deliver().await;
        assert_eq!(desk.task().await.state.name(), state, "{words}");
    }
}

#[tokio::test]
async fn the_same_escalation_of_a_repeated_run_is_opened_once() {
    // given a program that asks for help and fails to end
    let script = r#"read order; id=${order#*\"task\":\{*\"id\":\"}; id=${id%%\"*}
        echo "{\"type\":\"STATUS\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"$id\",\"status\":\"ACCEPTED\"}"
        echo "{\"type\":\"ESCALATION\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"$id\",\"status\":\"OPEN\",\"reason\":\"BLOCKED\",\"request\":\"NEED_A_LIST\",\"context\":{}}"
        sleep 600"#;
    let mut desk = Desk::new(shell(script, 1_200), "").await;
    let store = desk.daemon.shared.store.clone();
    let open =
        async || store.escalations(&Party::Daemon, &store::CaseFilter::default(), 10).await.unwrap().len();
    for _ in 0..2 {
        desk.reach.turn().await.unwrap();
        let place = desk.folder.path().join("agents").join(AGENT);
        while open().await == 0 || !place.exists() {
            SystemClock.sleep_until(SystemClock.now() + Duration::from_millis(20)).await;
        }
        SystemClock.sleep_until(SystemClock.now() + Duration::from_millis(300)).await;
        // when the daemon dies in the middle and the message goes out again
        desk.reach.running.shutdown().await;
        store.recover(&desk.daemon.shared.held, SystemClock.now()).await.unwrap();
    }
    // then there is one
    assert_eq!(open().await, 1);
}

#[tokio::test]
async fn what_a_webhook_answers_beyond_policy_waits_as_well() {
    let task = Id::derived(&["task"]);
    let done = format!(
        "{{\"type\":\"STATUS\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"{task}\",\"status\":\"DONE\",\"outcome\":\"success\",\
         \"result\":{{\"markdown\":\"mail\",\"data\":{{\"send_to\":[\"x@example.com\"]}}}}}}"
    );
    let (port, serve) = receiver(vec![reply("200 OK", &done)]).await;
    let mut desk = hooked(port).await;
    desk.deliver().await;
    assert_eq!(serve.await.unwrap().len(), 1);
    assert_eq!(desk.task().await.state, TaskState::Blocked);
}

#[tokio::test]
async fn a_program_that_floods_hangs_or_fails_is_ended_and_its_task_fails_with_the_reason() {
    for (script, seconds, reason) in [
        ("yes flood", 30, "wrote more than 1024 KB"),
        ("sleep 600 & sleep 600", 1, "longer than 1 s"),
        ("echo no such list >&2; exit 3", 20, "no such list"),
    ] {
        let mut desk = Desk::new(shell(script, seconds), "").await;
        desk.deliver().await;
        match desk.task().await.state {
            TaskState::Failed { why } => assert!(why.contains(reason), "{script}: {why}"),
            other => panic!("{script}: {other:?}"),
        }
        let left = std::fs::read_dir(desk.folder.path().join("agents")).unwrap();
        let notes = left.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file())).count();
        assert_eq!(notes, 0, "{script}: a note of a running program is left");
    }
}

#[tokio::test]
async fn a_program_whose_task_is_taken_from_it_is_ended_and_says_nothing_more() {
    // given a program that works on its task for long
    let mut desk = Desk::new(shell("touch started; sleep 20; touch finished", 40), "").await;
    desk.reach.turn().await.unwrap();
    let place = desk.folder.path().join("agents").join(AGENT);
    while !place.join("started").exists() {
        SystemClock.sleep_until(SystemClock.now() + Duration::from_millis(20)).await;
    }
    // when the task is taken from it meanwhile
    let (shared, now) = (desk.daemon.shared.clone(), SystemClock.now());
    let cancelled = TaskState::Cancelled { why: "the deal was lost".into() };
    let decided =
        Progressed { cancel: vec![(desk.task, "the deal was lost".into())], ..Progressed::default() };
    shared.store.commit_progress(&shared.held, decided, now).await.unwrap();
    // then its delivery is over, and the task ended for the reason given, not by the program's failure
    assert_eq!(&*desk.deliver().await, "done");
    assert_eq!(desk.task().await.state, cancelled);
    assert!(!place.join("finished").exists());
}

#[tokio::test]
async fn what_a_program_started_ends_with_it_when_the_daemon_stops() {
    // given a program that waits for another one that it started
    let mut desk = Desk::new(shell("sleep 600 & echo $! > started; wait", 1_200), "").await;
    desk.reach.turn().await.unwrap();
    let note = desk.folder.path().join("agents").join(AGENT).join("started");
    let pid = loop {
        match std::fs::read_to_string(&note).unwrap_or_default().trim().parse::<u32>() {
            Ok(pid) => break pid,
            Err(_) => SystemClock.sleep_until(SystemClock.now() + Duration::from_millis(20)).await,
        }
    };
    // when the daemon stops in the middle
    desk.reach.running.shutdown().await;
    // then the other one is gone as well, or dead and not yet taken away by the system
    let lives =
        || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    for _ in 0..250 {
        if !lives() {
            return;
        }
        SystemClock.sleep_until(SystemClock.now() + Duration::from_millis(20)).await;
    }
    panic!("process {pid} lives on");
}

#[tokio::test]
async fn a_task_that_is_not_the_receivers_any_more_is_not_delivered() {
    // given a task that is cancelled before its message went out
    let mut desk = Desk::new(shell("touch finished", 20), "").await;
    let (shared, now) = (desk.daemon.shared.clone(), SystemClock.now());
    let decided =
        Progressed { cancel: vec![(desk.task, "the deal was lost".into())], ..Progressed::default() };
    shared.store.commit_progress(&shared.held, decided, now).await.unwrap();
    // when it would be delivered, then the program is not even started
    assert_eq!(&*desk.deliver().await, "outdated");
    assert!(!desk.folder.path().join("agents").join(AGENT).exists());
}

#[tokio::test]
async fn what_its_receiver_fetches_by_now_is_not_delivered() {
    let mut desk = Desk::new(Way::Inbox, "").await;
    assert_eq!(&*desk.deliver().await, "outdated");
}

#[tokio::test]
async fn a_program_sees_only_what_it_is_given() {
    // given the daemon's own environment, which may hold secrets
    let mut desk = Desk::new(shell("env > seen; pwd >> seen", 20), "").await;
    // when a program lists what it sees
    desk.deliver().await;
    // then there is its name and the allowed variables, in a folder of its own
    let place = desk.folder.path().join("agents").join(AGENT);
    let seen = std::fs::read_to_string(place.join("seen")).unwrap();
    assert!(seen.contains("SALES_ORCHESTRATOR_AGENT=WAKE.SDRFORGE") && seen.contains("PATH="), "{seen}");
    assert!(!seen.contains("CARGO") && !seen.contains("HOME="), "{seen}");
}

#[tokio::test]
async fn what_keeps_an_agent_from_being_reached_is_known_before_it_is_called() {
    let webhook = |url: &str| Way::Webhook { url: url.into(), secret: "sdr".into() };
    let program = |program: &str| Way::Command { program: program.into(), args: vec![], timeout_seconds: 9 };
    let https = "https://93.184.215.14/sdr";
    for (way, secret, found) in [
        (Way::Inbox, SECRET, None),
        (program("sh"), SECRET, Some(Ok("its program is /"))),
        (program("/bin/sh"), SECRET, Some(Ok("its program is /bin/sh"))),
        (program("/no/such/program"), SECRET, Some(Err("is not there"))),
        (program("/etc/passwd"), SECRET, Some(Err("may not be executed"))),
        (webhook(https), SECRET, Some(Ok("its webhook is at 93.184.215.14"))),
        (webhook(https), "", Some(Err("run `sales-orchestrator token webhook sdr`"))),
        (webhook(https), "whsec_short", Some(Err("secret is not `whsec_`"))),
        (webhook("https://10.0.0.7/"), SECRET, Some(Err("inside a private network"))),
    ] {
        // given an agent and its secret
        let desk = Desk::new(way.clone(), "").await;
        let agent = desk.daemon.shared.rules().config.roster.agents[0].clone();
        let outside = &desk.reach.outside;
        if !secret.is_empty() {
            outside.keys.save("sdr", &connect::Secret::new(secret.to_owned())).await.unwrap();
        }
        // when it is looked whether it could be reached, then that is said, or why not
        let ready = ready::ready(outside, &agent, &[]).await;
        match (&ready, found) {
            (None, None) => {}
            (Some(Ok(said)), Some(Ok(words))) | (Some(Err(said)), Some(Err(words))) => {
                assert!(said.contains(words), "{way:?}: {said}");
            }
            _ => panic!("{way:?}: {ready:?}"),
        }
        assert!(!format!("{ready:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn what_an_earlier_daemon_started_is_ended_before_the_work_begins_again() {
    // given a program that outlived its daemon
    let mut desk = Desk::new(shell("true", 20), "").await;
    let folder = desk.folder.path().join("agents");
    let mut earlier = std::process::Command::new("/bin/sleep");
    std::os::unix::process::CommandExt::process_group(&mut earlier, 0);
    let mut earlier = earlier.arg("600").spawn().unwrap();
    std::mem::forget(orphan::Note::write(&folder, 1, earlier.id()).unwrap());
    // and whose message need not go out again
    std::mem::forget(orphan::Note::write(&folder, 404, earlier.id()).unwrap());
    std::fs::remove_file(folder.join("running-1.json")).unwrap();
    // when the next daemon begins
    desk.deliver().await;
    // then it is gone, and the new run has done the task
    let ended = earlier.wait().unwrap();
    assert!(!ended.success());
    assert_eq!(desk.task().await.state, TaskState::Done);
}

/// Answers one request after another; gives what came.
async fn receiver(answers: Vec<String>) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = tokio::spawn(async move {
        let mut came = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            while !text.contains("\r\n\r\n") || !text.ends_with('}') {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.unwrap();
                text += std::str::from_utf8(&piece[..read]).unwrap();
            }
            came.push(text);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        came
    });
    (port, serve)
}

fn reply(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

async fn hooked(port: u16) -> Desk {
    let way = Way::Webhook { url: format!("http://127.0.0.1:{port}/hook").into(), secret: "sdr".into() };
    let desk = Desk::new(way, "[reach]\nprivate_hosts = [\"127.0.0.1\"]\n").await;
    desk.reach.outside.keys.save("sdr", &connect::Secret::new(SECRET)).await.unwrap();
    desk
}

#[tokio::test]
async fn a_webhook_is_signed_and_an_answer_in_it_counts() {
    // given a receiver that takes the task in its answer
    let task = Id::derived(&["task"]);
    let accepted = format!(
        "{{\"type\":\"STATUS\",\"to\":\"ORCHESTRATOR\",\"task_id\":\"{task}\",\"status\":\"ACCEPTED\"}}"
    );
    let (port, serve) = receiver(vec![reply("200 OK", &accepted)]).await;
    let mut desk = hooked(port).await;
    // when the message is delivered
    assert_eq!(&*desk.deliver().await, "done");
    // then it carried id, time and the signature of exactly its body, and the task is accepted
    let came = serve.await.unwrap().remove(0);
    let (head, body) = came.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name}: {head}"))[name.len() + 2..].to_owned()
    };
    let at = Timestamp::from_millis(header("webhook-timestamp").parse::<i64>().unwrap() * 1000);
    let secret = connect::Secret::new(SECRET);
    let wanted = webhook::signature(&secret, "message-1", at, body.as_bytes()).unwrap();
    assert_eq!((header("webhook-id"), header("webhook-signature")), ("message-1".to_owned(), wanted));
    assert_eq!(desk.task().await.state, TaskState::Assigned);
}

#[tokio::test]
async fn a_receiver_that_fails_is_asked_again_and_one_that_redirects_is_not_followed() {
    for answer in [
        reply("503 Service Unavailable", ""),
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ] {
        let (port, serve) = receiver(vec![answer]).await;
        let mut desk = hooked(port).await;
        assert_eq!(&*desk.deliver().await, "waiting");
        assert_eq!(serve.await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_receiver_inside_the_network_is_never_called() {
    // given a webhook to this machine that nobody allowed
    let (port, serve) = receiver(vec![reply("200 OK", "")]).await;
    let way = Way::Webhook { url: format!("http://127.0.0.1:{port}/hook").into(), secret: "sdr".into() };
    let mut desk = Desk::new(way, "").await;
    desk.reach.outside.keys.save("sdr", &connect::Secret::new(SECRET)).await.unwrap();
    // when it is to be delivered, then there is no connection, until somebody allows it
    assert_eq!(&*desk.deliver().await, "waiting");
    assert!(!serve.is_finished());
}

#[test]
fn tries_are_put_off_longer_each_time_but_never_past_the_end_of_an_offer() {
    let now = Timestamp::from_millis(1_763_971_200_000);
    let push = |tries: u32, until: Option<u64>| {
        let until = until.map(|seconds| (now + Duration::from_secs(seconds)).to_string().into());
        let params = until.map(|until| ("accept_until".to_owned(), until)).into_iter().collect();
        let order = TaskOrder { id: "x".into(), action: "A".into(), params };
        let message = Message {
            id: MessageId::new("message-1"),
            sent_at: now,
            conversation: "task:x".into(),
            in_reply_to: None,
            from: ORCHESTRATOR.into(),
            to: AGENT.into(),
            body: Body::Task(TaskBody { task: order, deadline: None }),
        };
        Push { seq: 1, message, attempt: 20, tries }
    };
    for (tries, left, expected) in [
        (1, None, Some(5)),
        (2, None, Some(300)),
        (7, None, Some(36_000)),
        (8, None, None),
        (1, Some(1_800), Some(5)),
        (3, Some(1_000), Some(500)),
        (3, Some(4), Some(5)),
    ] {
        let pause = pause(&push(tries, left), now).map(|pause| pause.as_secs());
        assert_eq!(pause, expected, "try {tries} with {left:?} s left");
    }
}
