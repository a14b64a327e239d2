//! A small stand-in for Odoo's search: rows with a `write_date` stored to the microsecond and shown to the
//! second, conditions on `id` and `write_date`, and prepared answers for everything else.

use async_trait::async_trait;
use bytes::Bytes;
use connect::{Broken, Sent, Transport};
use http::{Request, Response};
use model::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

#[derive(Default)]
struct State {
    /// Rows of one model, by id: when changed (microseconds), and what.
    rows: HashMap<String, BTreeMap<i64, (i64, Value)>>,
    /// Answers for `model/method`, in order; an empty body means that the connection breaks.
    answers: HashMap<String, VecDeque<(u16, String)>>,
    journal: Vec<(String, Value)>,
    now: Timestamp,
}

#[derive(Default)]
pub struct StandIn(Mutex<State>);

impl StandIn {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(State { now, ..State::default() }))
    }
    pub fn pass(&self, time: Duration) {
        let mut state = self.state();
        state.now = state.now + time;
    }
    /// Puts a row, changed `micros` into the present second.
    pub fn put(&self, model: &str, id: i64, micros: i64, row: Value) {
        let mut state = self.state();
        let changed = state.now.as_millis() / 1000 * 1_000_000 + micros;
        state.rows.entry(model.to_owned()).or_default().insert(id, (changed, row));
    }
    pub fn remove(&self, model: &str, id: i64) {
        self.state().rows.entry(model.to_owned()).or_default().remove(&id);
    }
    pub fn answer(&self, call: &str, status: u16, body: impl Into<String>) {
        self.state().answers.entry(call.to_owned()).or_default().push_back((status, body.into()));
    }
    /// Calls made since the last look, with their arguments.
    pub fn journal(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.state().journal)
    }
}

fn shown(micros: i64) -> String {
    Timestamp::from_millis(micros / 1000).to_jiff().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// As 19.0 compares: by the second.
fn matches(id: i64, micros: i64, condition: &Value) -> bool {
    let (Some(field), Some(operator)) = (condition[0].as_str(), condition[1].as_str()) else { return true };
    let wanted = &condition[2];
    match (field, operator) {
        ("id", ">") => Some(id) > wanted.as_i64(),
        ("id", "<=") => Some(id) <= wanted.as_i64(),
        ("id", "in") => wanted.as_array().unwrap().contains(&json!(id)),
        ("write_date", ">=") => shown(micros).as_str() >= wanted.as_str().unwrap(),
        _ => true,
    }
}

impl State {
    fn search(&self, model: &str, arguments: &Value) -> Vec<Value> {
        let none = BTreeMap::new();
        let rows = self.rows.get(model).unwrap_or(&none);
        let domain = arguments["domain"].as_array().unwrap();
        let found = rows.iter().filter(|(id, (micros, _))| domain.iter().all(|c| matches(**id, *micros, c)));
        let found = found.map(|(id, (micros, row))| {
            let mut row = row.clone();
            row["id"] = json!(id);
            row["write_date"] = json!(shown(*micros));
            row
        });
        let mut found: Vec<_> = found.collect();
        if arguments["order"] == "id desc" {
            found.reverse();
        }
        found.truncate(usize::try_from(arguments["limit"].as_i64().unwrap()).unwrap());
        found
    }
}

#[async_trait]
impl Transport for StandIn {
    async fn send(&self, request: Request<Bytes>, _timeout: Duration) -> Result<Response<Bytes>, Broken> {
        let call = request.uri().path().trim_start_matches("/json/2/").to_owned();
        let arguments: Value = serde_json::from_slice(request.body()).unwrap();
        let mut state = self.state();
        state.journal.push((call.clone(), arguments.clone()));
        let prepared = state.answers.get_mut(&call).and_then(VecDeque::pop_front);
        let (status, body) = match (prepared, call.split_once('/')) {
            (Some((_, body)), _) if body.is_empty() => {
                let why = "reset".to_owned();
                return Err(Broken { sent: Sent::MaybeSent, timeout: false, why });
            }
            (Some(answer), _) => answer,
            (None, Some((model, "search_read"))) => (200, json!(state.search(model, &arguments)).to_string()),
            (None, Some((model, "search"))) => {
                let found = state.search(model, &arguments);
                (200, json!(found.iter().map(|row| &row["id"]).collect::<Vec<_>>()).to_string())
            }
            (None, _) => panic!("no answer prepared for {call}"),
        };
        let date = state.now.to_jiff().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Ok(Response::builder().status(status).header("date", date).body(Bytes::from(body)).unwrap())
    }
}
