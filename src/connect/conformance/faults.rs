//! A transport that spoils requests on demand.

use crate::{Broken, Sent, Transport};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The vendor does it; the answer is lost.
    LostAnswer,
    /// It never arrives, and we cannot know.
    LostRequest,
    /// The connection is refused.
    Refused,
    /// 429; nothing is done.
    TooMany,
    /// 503; nothing is done.
    Server,
    /// The vendor does it and answers 500.
    ServerAfter,
    /// The vendor does it; the answer breaks off in the middle.
    Garbled,
    /// 401; nothing is done.
    Unauthorized,
    /// 403; nothing is done.
    Forbidden,
}

impl Fault {
    /// Faults that pass by themselves.
    pub const PASSING: [Self; 7] = [
        Self::LostAnswer,
        Self::LostRequest,
        Self::Refused,
        Self::TooMany,
        Self::Server,
        Self::ServerAfter,
        Self::Garbled,
    ];
}

/// Which requests are hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum On {
    /// Any.
    Any,
    /// Those that change something at the vendor.
    Writes,
}

struct Armed {
    fault: Fault,
    on: On,
    left: u32,
}

/// The transport: what is not hit goes through.
pub struct Faults {
    inner: Box<dyn Transport>,
    is_write: fn(&Request<Bytes>) -> bool,
    state: Mutex<(Option<Armed>, usize)>,
}

impl Faults {
    /// `is_write` tells requests that change something at the vendor.
    pub fn new(inner: impl Transport + 'static, is_write: fn(&Request<Bytes>) -> bool) -> Self {
        Self { inner: Box::new(inner), is_write, state: Mutex::default() }
    }
    /// The next `times` requests of a sort are hit.
    pub fn arm(&self, fault: Fault, on: On, times: u32) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(Armed { fault, on, left: times });
    }
    /// No more.
    pub fn disarm(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = None;
    }
    /// Requests so far that were to change something.
    pub fn writes(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    fn hit(&self, request: &Request<Bytes>) -> Option<Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let write = (self.is_write)(request);
        state.1 += usize::from(write);
        let armed = state.0.as_mut().filter(|armed| armed.on == On::Any || write)?;
        armed.left = armed.left.checked_sub(1)?;
        Some(armed.fault)
    }
}

#[async_trait]
impl Transport for Faults {
    async fn send(&self, request: Request<Bytes>, timeout: Duration) -> Result<Response<Bytes>, Broken> {
        let broken = |sent| Err(Broken { sent, timeout: false, why: "spoilt on purpose".to_owned() });
        let Some(fault) = self.hit(&request) else { return self.inner.send(request, timeout).await };
        match fault {
            Fault::LostRequest => broken(Sent::MaybeSent),
            Fault::Refused => broken(Sent::NotSent),
            Fault::TooMany => Ok(status(StatusCode::TOO_MANY_REQUESTS)),
            Fault::Server => Ok(status(StatusCode::SERVICE_UNAVAILABLE)),
            Fault::Unauthorized => Ok(status(StatusCode::UNAUTHORIZED)),
            Fault::Forbidden => Ok(status(StatusCode::FORBIDDEN)),
            Fault::LostAnswer => {
                self.inner.send(request, timeout).await?;
                broken(Sent::MaybeSent)
            }
            Fault::ServerAfter => {
                self.inner.send(request, timeout).await?;
                Ok(status(StatusCode::INTERNAL_SERVER_ERROR))
            }
            Fault::Garbled => {
                let answer = self.inner.send(request, timeout).await?;
                Ok(answer.map(|body| body.slice(..body.len() / 2)))
            }
        }
    }
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{}"));
    *response.status_mut() = status;
    response
}
