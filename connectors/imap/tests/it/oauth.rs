//! Access by tokens: who decides about them, and credentials that renew them.

use async_trait::async_trait;
use bytes::Bytes;
use connect::{Auth, Cx, Error, Login, Proof, Secret};
use http::Request;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Tokens that are good, and whose they are.
#[derive(Clone, Default)]
pub struct Tokens(Arc<Mutex<BTreeMap<String, String>>>);

impl Tokens {
    /// Makes a token; those that the user had before are no good any more.
    pub fn mint(&self, user: &str, nr: usize) -> String {
        let token = format!("token-of-{user}-{nr}");
        let mut tokens = self.0.lock().unwrap();
        tokens.retain(|_, of| of != user);
        tokens.insert(token.clone(), user.to_owned());
        token
    }
    /// The user's token expires.
    pub fn expire(&self, user: &str) {
        self.0.lock().unwrap().retain(|_, of| of != user);
    }
    /// Serves RFC 7662's introspection in the form that Dovecot asks for; the address.
    pub fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let tokens = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                tokens.answer(&stream.unwrap());
            }
        });
        address
    }

    fn answer(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let body = String::from_utf8(body).unwrap();
        let token = body.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default();
        let answer = match self.0.lock().unwrap().get(token) {
            Some(user) => format!(r#"{{"active":true,"email":"{user}"}}"#),
            None => r#"{"active":false}"#.to_owned(),
        };
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
        drop(write!(stream, "{head} {}\r\n\r\n{answer}", answer.len()));
    }
}

/// A user's access, renewed when it is refused.
pub struct Access {
    pub user: String,
    pub tokens: Tokens,
    pub token: Mutex<String>,
    pub renewed: Arc<AtomicUsize>,
}

impl Access {
    pub fn new(user: &str, tokens: &Tokens) -> Self {
        let token = Mutex::new(tokens.mint(user, 0));
        Self { user: user.to_owned(), tokens: tokens.clone(), token, renewed: Arc::default() }
    }
}

#[async_trait]
impl Auth for Access {
    async fn sign(&self, _cx: &Cx<'_>, _request: &mut Request<Bytes>) -> Result<(), Error> {
        panic!("a mailbox was asked by HTTP")
    }
    async fn login(&self, _cx: &Cx<'_>) -> Result<Login, Error> {
        let token = self.token.lock().unwrap().clone();
        Ok(Login { user: self.user.clone(), proof: Proof::Token(Secret::new(token)) })
    }
    async fn refresh(&self, _cx: &Cx<'_>) -> Result<(), Error> {
        let nr = self.renewed.fetch_add(1, Ordering::SeqCst) + 1;
        *self.token.lock().unwrap() = self.tokens.mint(&self.user, nr);
        Ok(())
    }
}
