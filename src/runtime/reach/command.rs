//! The command runner: a program gets one message as a line of JSON on its standard input and answers with
//! messages, one per line, on its standard output. No shell, a bare environment, limits on time and output.

use super::{Course, Failure, Outside, answer::Answers, course, orphan};
use crate::shared::Shared;
use model::{AgentId, work::message::Status};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use store::Push;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};
use tracing::{debug, info, warn};

/// Most that a program may write to its standard output.
const MOST_OUTPUT: usize = 1 << 20;
/// Of its standard error the last words are kept, for people.
const LAST_WORDS: usize = 300;
const MOST_ERRORS: u64 = 1 << 20;
/// How often it is asked whether the task of a running program is still its own.
const LOOK: Duration = Duration::from_secs(2);

/// What to run for whom.
pub struct Run<'a> {
    /// The agent.
    pub agent: &'a AgentId,
    /// Path of the program.
    pub program: &'a str,
    /// Its arguments.
    pub args: &'a [Box<str>],
    /// It is ended after this.
    pub patience: Duration,
    /// Environment variables that it may see.
    pub pass: &'a [String],
}

/// How a run came to its end.
enum End {
    Exited(std::process::ExitStatus),
    TooLong,
    TooMuch,
    /// Its task went to somebody else or is not wanted any more.
    Taken,
    Broken(std::io::Error),
}

/// Runs the program for one message.
pub async fn deliver(shared: &Shared, outside: &Outside, push: &Push, run: &Run<'_>) -> Result<(), Failure> {
    let place = place(outside, run.agent);
    let trouble = |what: &str, error: std::io::Error| Failure::passing(format!("{what}: {error}"));
    std::fs::create_dir_all(&place).map_err(|error| trouble("making its folder", error))?;
    let mut child =
        start(run, &place).map_err(|error| Failure::passing(format!("{}: {error}", run.program)))?;
    let pid = child.id().unwrap_or_default();
    // Whatever it started goes with it, also where the daemon stops meanwhile.
    let group = orphan::Group(pid);
    let _note = orphan::Note::write(&outside.folder, push.seq, pid)
        .map_err(|error| trouble("noting the run", error))?;
    let mut answers = Answers::to(shared, push);
    let (end, words) = attend((&mut child, pid), push, &mut answers, shared, run.patience).await;
    drop(group);
    if !matches!(end, End::Exited(_)) {
        child.wait().await.map_err(|error| trouble("waiting for its end", error))?;
    }
    finish(&mut answers, end, &words, run).await;
    Ok(())
}

fn start(run: &Run<'_>, place: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(run.program);
    command
        .args(run.args.iter().map(AsRef::as_ref))
        .env_clear()
        .envs(run.pass.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("SALES_ORCHESTRATOR_AGENT", run.agent.as_str())
        .current_dir(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

/// Feeds the program and listens until it ends, or has to be ended; returns its last words on standard error.
async fn attend(
    (child, pid): (&mut Child, u32),
    push: &Push,
    answers: &mut Answers<'_>,
    shared: &Shared,
    patience: Duration,
) -> (End, String) {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let until = shared.clock.now() + patience;
    let mut order = serde_json::to_vec(&push.message).unwrap_or_default();
    order.push(b'\n');
    let feed = async {
        if let Some(mut stdin) = stdin
            && let Err(error) = stdin.write_all(&order).await
        {
            debug!(%error, "the program did not read its message");
        }
    };
    let complain = async {
        let mut said = Vec::new();
        if let Some(stderr) = stderr
            && let Err(error) = stderr.take(MOST_ERRORS).read_to_end(&mut said).await
        {
            debug!(%error, "standard error broke off");
        }
        last_words(&said)
    };
    let work = async {
        if let Some(stdout) = stdout
            && let Err(end) = listen(BufReader::new(stdout), answers).await
        {
            // Its other output ends with it.
            orphan::kill_group(pid).unwrap_or_else(|error| warn!(%error, "a program could not be ended"));
            return end;
        }
        child.wait().await.map_or_else(End::Broken, End::Exited)
    };
    let mut words = String::new();
    let end = tokio::select! {
        (end, (), said) = async { tokio::join!(work, feed, complain) } => { words = said; end }
        () = shared.clock.sleep_until(until) => End::TooLong,
        () = taken(shared, push) => End::Taken,
    };
    (end, words)
}

/// Waits until the task of the message is no longer the receiver's: nobody works on what somebody else has.
async fn taken(shared: &Shared, push: &Push) {
    loop {
        shared.clock.sleep_until(shared.clock.now() + LOOK).await;
        if course(shared, push).await == Course::Gone {
            return;
        }
    }
}

/// Takes each line as a message. A line that is none is logged and ignored.
async fn listen(mut lines: impl AsyncBufRead + Unpin, answers: &mut Answers<'_>) -> Result<(), End> {
    let mut total = 0;
    loop {
        let mut line = Vec::new();
        let room = u64::try_from(MOST_OUTPUT - total + 1).unwrap_or(u64::MAX);
        let read = (&mut lines).take(room).read_until(b'\n', &mut line).await.map_err(End::Broken)?;
        total += read;
        if read == 0 {
            return Ok(());
        }
        if total > MOST_OUTPUT {
            return Err(End::TooMuch);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if !text.is_empty()
            && let Err(why) = answers.take(text).await
        {
            let (agent, message) = answers.about();
            warn!(%agent, %message, why, "a line of the program was not taken");
        }
    }
}

/// What is said on the agent's behalf when the program is over and has not said it.
async fn finish(answers: &mut Answers<'_>, end: End, words: &str, run: &Run<'_>) {
    let words = if words.is_empty() { String::new() } else { format!(": {words}") };
    let (status, reason) = match end {
        End::Exited(code) if code.success() && answers.ended => return,
        End::Exited(code) if code.success() => match answers.refused.take() {
            Some(why) => (Status::Failed, Some(format!("how it ended was not taken: {why}"))),
            None => (Status::Done, None),
        },
        End::Exited(code) => (Status::Failed, Some(format!("the program ended with {code}{words}"))),
        End::TooLong => {
            (Status::Failed, Some(format!("it took longer than {} s and was ended", run.patience.as_secs())))
        }
        End::Taken => {
            return info!(agent = %run.agent, "the program was ended: its task is no longer its own");
        }
        End::TooMuch => {
            (Status::Failed, Some(format!("it wrote more than {} KB and was ended", MOST_OUTPUT >> 10)))
        }
        End::Broken(error) => (Status::Failed, Some(format!("its output broke off: {error}"))),
    };
    if answers.ended {
        warn!(agent = %run.agent, ?reason, "the program failed after it had said how the task ended");
    } else if let Err(why) = answers.status(status, reason).await {
        warn!(agent = %run.agent, why, "the end of the task could not be stored");
    }
}

fn last_words(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let skip = text.chars().count().saturating_sub(LAST_WORDS);
    text.chars().skip(skip).collect()
}

/// The folder in which an agent's program runs.
pub fn place(outside: &Outside, agent: &AgentId) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
    outside.folder.join(agent.as_str().chars().map(plain).collect::<String>())
}
