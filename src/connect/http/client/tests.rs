use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const TIMEOUT: Duration = Duration::from_secs(5);

/// A server that answers its connections one after the other with these bytes, each read after the head of a
/// request came. Gives its address and what it was asked.
async fn serve(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                assert!(stream.read_buf(&mut head).await.unwrap() > 0);
            }
            asked.push(String::from_utf8(head).unwrap());
            drop(stream.write_all(&answer).await);
        }
        asked
    });
    (address, served)
}

fn plain(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).header("authorization", "Bearer hush").body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn an_answer_comes_whole_with_its_status_and_headers() {
    let (address, _served) = serve(vec![plain("404 Not Found\r\nX-Correlation: 7", "gone")]).await;
    let answer = HttpClient::new().unwrap().send(get(&address), TIMEOUT).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (404, &b"gone"[..]));
    assert_eq!(answer.headers()["x-correlation"], "7");
}

#[tokio::test]
async fn only_a_refused_connection_is_certainly_not_sent() {
    let client = HttpClient::new().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = client.send(get(&format!("http://{free}/x?token=hush")), TIMEOUT).await.unwrap_err();
    assert_eq!(refused.sent, Sent::NotSent);
    assert!(!refused.why.contains("hush") && !refused.why.contains("/x"), "{}", refused.why);

    let (address, _served) = serve(vec![Vec::new()]).await;
    let cut = client.send(get(&address), TIMEOUT).await.unwrap_err();
    assert_eq!((cut.sent, cut.timeout), (Sent::MaybeSent, false));

    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":".to_vec();
    let (address, _served) = serve(vec![half]).await;
    let cut = client.send(get(&address), TIMEOUT).await.unwrap_err();
    assert_eq!((cut.sent, cut.timeout), (Sent::MaybeSent, false));
}

#[tokio::test]
async fn silence_is_a_timeout_of_something_that_may_have_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let client = HttpClient::new().unwrap();
    let late = client.send(get(&address), Duration::from_millis(100)).await.unwrap_err();
    assert_eq!((late.sent, late.timeout), (Sent::MaybeSent, true));
}

#[tokio::test]
async fn a_token_is_not_carried_to_another_host_and_a_creation_is_not_turned_into_a_read() {
    let client = HttpClient::new().unwrap();
    let (other, asked) = serve(vec![plain("200 OK", "stolen")]).await;
    let (address, _served) =
        serve(vec![plain(&format!("307 Temporary Redirect\r\nLocation: {other}/"), "")]).await;
    assert_eq!(client.send(get(&address), TIMEOUT).await.unwrap().status().as_u16(), 307);
    assert!(!asked.is_finished());

    let (address, _served) =
        serve(vec![plain("302 Found\r\nLocation: /else", ""), plain("200 OK", "read")]).await;
    let create = Request::post(&address).body(Bytes::from_static(b"{}")).unwrap();
    assert_eq!(client.send(create, TIMEOUT).await.unwrap().status().as_u16(), 302);

    let moved = plain("308 Permanent Redirect\r\nLocation: /new", "");
    let (address, asked) = serve(vec![moved, plain("200 OK", "here")]).await;
    let create = Request::post(&address).body(Bytes::from_static(b"{}")).unwrap();
    assert_eq!(client.send(create, TIMEOUT).await.unwrap().body().as_ref(), b"here");
    assert!(asked.await.unwrap()[1].starts_with("POST /new "));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let client = HttpClient { largest: 1_000, ..HttpClient::new().unwrap() };
    let (address, _served) = serve(vec![plain("200 OK", &"x".repeat(1_001))]).await;
    let error = client.send(get(&address), TIMEOUT).await.unwrap_err();
    assert!(error.sent == Sent::MaybeSent && error.why.contains("larger"), "{}", error.why);
}
