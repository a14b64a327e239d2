//! Over a real socket: what breaks there really breaks.

use crate::desk::TOKEN;
use sandbox::clock::Hand;
use sandbox::team::{Size, WIDE};
use sandbox::{Config, Fault, Kind, Rule, Sandbox};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn serving() -> (Arc<Sandbox>, SocketAddr) {
    let sandbox = Sandbox::new(&Config::plain(1), Hand::at(crate::desk::NOON).clock());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(sandbox::serve(Arc::clone(&sandbox), listener));
    (sandbox, address)
}

async fn send(stream: &mut TcpStream, method: &str, path: &str, body: &str) {
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// (head, body), by Content-Length; the error where the connection ends before.
async fn receive(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let (mut bytes, mut part) = (Vec::new(), vec![0; 65_536]);
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Ok((head, bytes.split_off(end + 4)));
            }
        }
        match stream.read(&mut part).await? {
            0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
            n => bytes.extend_from_slice(&part[..n]),
        }
    }
}

const TASK: &str = r#"{"properties":{"hs_timestamp":"1763812800000","hs_task_subject":"over http"}}"#;

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let (sandbox, address) = serving().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for n in 1..=3 {
        send(&mut stream, "POST", "/crm/v3/objects/tasks", TASK).await;
        let (head, _) = receive(&mut stream).await.unwrap();
        assert!(head.starts_with("HTTP/1.1 201"), "{head}");
        assert_eq!(sandbox.ids(Kind::Task).len(), n);
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_the_effect_stays() {
    for (fault, effects) in [(Fault::ResetBefore, 0), (Fault::ResetAfter, 1)] {
        let (sandbox, address) = serving().await;
        sandbox.inject(Rule::next(fault));
        let mut stream = TcpStream::connect(address).await.unwrap();
        send(&mut stream, "POST", "/crm/v3/objects/tasks", TASK).await;
        let error = receive(&mut stream).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{fault:?}");
        assert_eq!(sandbox.ids(Kind::Task).len(), effects, "{fault:?}");
    }
}

#[tokio::test]
async fn a_truncated_body_ends_before_its_announced_length() {
    let (sandbox, address) = serving().await;
    sandbox.inject(Rule::next(Fault::Truncated));
    let mut stream = TcpStream::connect(address).await.unwrap();
    send(&mut stream, "POST", "/crm/v3/objects/tasks", TASK).await;
    assert!(receive(&mut stream).await.is_err());
    assert_eq!(sandbox.ids(Kind::Task).len(), 1);
}

#[tokio::test]
async fn a_timeout_never_answers_and_serving_goes_on() {
    let (sandbox, address) = serving().await;
    sandbox.inject(Rule::next(Fault::TimeoutAfter));
    let mut stream = TcpStream::connect(address).await.unwrap();
    send(&mut stream, "POST", "/crm/v3/objects/tasks", TASK).await;
    assert!(tokio::time::timeout(Duration::from_millis(200), receive(&mut stream)).await.is_err());
    drop(stream);
    let mut stream = TcpStream::connect(address).await.unwrap();
    send(&mut stream, "GET", "/crm/v3/objects/tasks", "").await;
    assert!(receive(&mut stream).await.unwrap().0.starts_with("HTTP/1.1 200"));
}

/// The figure that a benchmark of a reader stands on: the sandbox must not be what is measured.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "measures real speed")]
async fn contacts_of_36_properties_come_fast_over_one_connection() {
    let (sandbox, address) = serving().await;
    sandbox.populate(&Size::bench(5_000));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let properties = WIDE.join(",");
    let started = std::time::Instant::now();
    let (mut after, mut seen) = (0_u64, 0_u32);
    loop {
        let path = format!("/crm/v3/objects/contacts?limit=100&properties={properties}&after={after}");
        send(&mut stream, "GET", &path, "").await;
        let (_, body) = receive(&mut stream).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        seen += u32::try_from(body["results"].as_array().unwrap().len()).unwrap();
        let Some(next) = body["paging"]["next"]["after"].as_str() else { break };
        after = next.parse().unwrap();
    }
    let rate = f64::from(seen) / started.elapsed().as_secs_f64();
    eprintln!("{rate:.0} contacts/s in this build, the client's JSON parser included");
    assert_eq!(seen, 5_000);
    assert!(rate > 3_000.0, "{rate:.0} contacts/s");
}

#[tokio::test]
async fn a_router_serves_the_same_account() {
    let (sandbox, _) = serving().await;
    sandbox.create(Kind::Company, &[("name", "C")]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = sandbox.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    send(&mut stream, "GET", "/crm/v3/objects/companies", "").await;
    let (head, body) = receive(&mut stream).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && String::from_utf8_lossy(&body).contains("\"name\":\"C\""));
}

#[tokio::test]
async fn a_process_says_where_it_listens_and_its_account_moves_on() {
    let options = sandbox::command::Options { size: Size::small(), world_every_ms: 1, ..Default::default() };
    let (ready, address) = tokio::sync::oneshot::channel();
    tokio::spawn(async move { options.run(|at| ready.send(at).unwrap()).await });
    let address = address.await.unwrap();
    let body = r#"{"filterGroups":[{"filters":[{"propertyName":"hs_lastmodifieddate","operator":"GT","value":"NOW"}]}]}"#;
    let now = sandbox::clock::wall()().to_string();
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..200 {
        send(&mut stream, "POST", "/crm/v3/objects/deals/search", &body.replace("NOW", &now)).await;
        let (_, answer) = receive(&mut stream).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
        if answer["total"].as_u64().is_some_and(|n| n > 0) {
            return;
        }
        tokio::time::timeout(Duration::from_millis(260), std::future::pending::<()>()).await.unwrap_err();
    }
    panic!("nobody changed a deal");
}

#[test]
fn a_process_with_a_bad_folder_says_so() {
    let options = sandbox::command::Options { load: Some("/nowhere".into()), ..Default::default() };
    let message = options.sandbox().err().unwrap().to_string();
    assert!(message.starts_with("/nowhere/sales_teams.csv:1:"), "{message}");
}
