//! An agent as a client of the API: a connection that is kept, its own token, one message a second, and the same
//! message again under the same key when its answer was lost.
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use crate::office::Talker;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Between attempts to reach a daemon that is not there.
const AGAIN: Duration = Duration::from_millis(50);
/// Longer than any restart.
const PATIENCE: Duration = Duration::from_secs(120);

/// One call, from the moment it was due.
pub struct Took {
    pub due: Instant,
    pub delay: Duration,
    /// A message, not a look.
    pub message: bool,
    /// Attempts whose answer did not come.
    pub lost: u32,
}

/// What an agent did and was told.
#[derive(Default)]
pub struct Day {
    pub calls: Vec<Took>,
    /// Ids of messages that were answered.
    pub messages: Vec<String>,
    /// Tasks that it was answered to have.
    pub accepted: BTreeSet<String>,
    /// Tasks of which it was answered that they are done.
    pub done: BTreeSet<String>,
    /// Times at which it had nothing to do.
    pub idle: usize,
}

/// Talks once a second from `begin` until `end`.
pub async fn work(
    address: String,
    talker: Talker,
    begin: Instant,
    end: Instant,
) -> anyhow::Result<(Talker, Day)> {
    let mut line = Line { address, secret: talker.secret.clone(), stream: None, number: 0 };
    let (mut day, mut due, mut task) = (Day::default(), begin, None::<(String, u8)>);
    while due < end {
        tokio::time::sleep_until(due.into()).await;
        task = match task {
            None => take(&mut line, &mut day, due).await?.map(|id| (id, 0)),
            Some((id, 0)) => {
                let said = json!({ "task_id": id, "status": "IN_PROGRESS", "progress": 50 });
                line.say(&mut day, "report_status", &said, due).await?;
                Some((id, 1))
            }
            Some((id, _)) => {
                let result =
                    json!({ "title": "Done", "markdown": "# Done\n\nAs agreed.", "data": { "found": 45 } });
                let said = json!({ "task_id": id, "outcome": "success", "result": result });
                line.say(&mut day, "complete", &said, due).await?;
                day.done.insert(id);
                None
            }
        };
        due += Duration::from_secs(1);
    }
    Ok((talker, day))
}

/// Asks for work and accepts it.
async fn take(line: &mut Line, day: &mut Day, due: Instant) -> anyhow::Result<Option<String>> {
    let next = line.call("next_task", &json!({}), due).await?;
    day.calls.push(Took { message: false, ..next.1 });
    let Some(id) = next.0.pointer("/task/id").and_then(Value::as_str).map(str::to_owned) else {
        day.idle += 1;
        return Ok(None);
    };
    line.say(day, "accept", &json!({ "task_id": id }), Instant::now().max(due)).await?;
    day.accepted.insert(id.clone());
    Ok(Some(id))
}

/// A kept connection.
struct Line {
    address: String,
    secret: String,
    stream: Option<BufReader<TcpStream>>,
    number: u64,
}

impl Line {
    /// Sends a message; its answer says under which id it is kept.
    async fn say(
        &mut self,
        day: &mut Day,
        operation: &str,
        input: &Value,
        due: Instant,
    ) -> anyhow::Result<()> {
        let (answer, took) = self.call(operation, input, due).await?;
        let id = answer.get("message_id").and_then(Value::as_str);
        day.messages.push(id.with_context(|| format!("{operation} answered {answer}"))?.to_owned());
        day.calls.push(took);
        Ok(())
    }

    /// Calls until an answer comes.
    async fn call(&mut self, operation: &str, input: &Value, due: Instant) -> anyhow::Result<(Value, Took)> {
        self.number += 1;
        let body = input.to_string();
        let request = format!(
            "POST /api/v1/{operation} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Idempotency-Key: k{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.secret,
            self.number,
            body.len()
        );
        let mut lost = 0;
        loop {
            match self.attempt(&request).await {
                Ok((200, answer)) => {
                    let took = Took { due, delay: due.elapsed(), message: true, lost };
                    return Ok((serde_json::from_slice(&answer)?, took));
                }
                Ok((status, answer)) => {
                    bail!("{operation} {body}: {status} {}", String::from_utf8_lossy(&answer))
                }
                Err(error) if due.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => {
                    self.stream = None;
                    lost += 1;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    async fn attempt(&mut self, request: &str) -> std::io::Result<(u16, Vec<u8>)> {
        let stream = if let Some(stream) = &mut self.stream {
            stream
        } else {
            let stream = TcpStream::connect(&self.address).await?;
            stream.set_nodelay(true)?;
            self.stream.insert(BufReader::with_capacity(4096, stream))
        };
        stream.write_all(request.as_bytes()).await?;
        let odd = || std::io::Error::other("an odd answer");
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(odd)?;
        let mut length = 0;
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Err(odd());
            }
            let Some((name, value)) = line.trim().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| odd())?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok((status, body))
    }
}
