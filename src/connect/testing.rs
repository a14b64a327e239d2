//! For tests: a clock over tokio's paused time, and a vendor in memory.

use crate::{Auth, Broken, Clock, Cx, Lane, Limiter, Transport};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use model::{ConnectionId, Timestamp};
use std::{sync::Mutex, time::Duration};
use url::Url;

/// Time that passes only while everybody waits. Made inside a runtime that is paused.
pub struct Paused(tokio::time::Instant);

/// When every test begins.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_763_797_200_000);

impl Paused {
    pub fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> Timestamp {
        BEGIN + self.0.elapsed()
    }
    async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep_until(self.0 + at.since(BEGIN)).await;
    }
}

/// A paused runtime, for tests that make several.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

/// Sleeps for so long.
pub async fn nap(clock: &Paused, millis: u64) {
    clock.sleep_until(clock.now() + Duration::from_millis(millis)).await;
}

type Answerer = dyn Fn(&Request<Bytes>, usize) -> Result<Response<Bytes>, Broken> + Send + Sync;

/// A vendor: a function of the request and of how many came before it. Each answer takes 50 ms.
pub struct Vendor {
    answer: Box<Answerer>,
    /// What came, in order.
    pub seen: Mutex<Vec<Request<Bytes>>>,
    clock: tokio::time::Instant,
}

impl Vendor {
    pub fn new(
        answer: impl Fn(&Request<Bytes>, usize) -> Result<Response<Bytes>, Broken> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Box::new(answer), seen: Mutex::default(), clock: tokio::time::Instant::now() }
    }
    pub fn count(&self, path: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|request| request.uri().path() == path).count()
    }
}

#[async_trait]
impl Transport for Vendor {
    async fn send(&self, request: Request<Bytes>, _timeout: Duration) -> Result<Response<Bytes>, Broken> {
        let before = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let answered = self.clock.elapsed() + Duration::from_millis(50);
        tokio::time::sleep_until(self.clock + answered).await;
        (self.answer)(&request, before)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a vendor function returns")]
pub fn reply(status: u16, body: &str) -> Result<Response<Bytes>, Broken> {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}

/// All that a context borrows.
pub struct World {
    pub connection: ConnectionId,
    pub base: Url,
    pub vendor: Vendor,
    pub limiter: Limiter,
    pub auth: Box<dyn Auth>,
    pub clock: Paused,
}

impl World {
    pub fn new(vendor: Vendor, auth: impl Auth + 'static) -> Self {
        let (connection, base) = (ConnectionId::from("crm"), Url::parse("https://crm.example/").unwrap());
        let (limiter, auth) = (Limiter::new(Vec::new()), Box::new(auth));
        Self { connection, base, vendor, limiter, auth, clock: Paused::new() }
    }
    pub fn cx(&self) -> Cx<'_> {
        Cx {
            connection: &self.connection,
            dial: &crate::dial::Nowhere,
            base: &self.base,
            transport: &self.vendor,
            limiter: &self.limiter,
            auth: &*self.auth,
            clock: &self.clock,
            lane: Lane::Write,
            timeout: Duration::from_secs(30),
        }
    }
}
