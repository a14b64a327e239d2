//! The context of a connector's calls: everything from a request to its answer happens in [`Cx::send`].

use crate::{
    Auth, Call, Clock, Dial, Effect, Error, ErrorKind, Limiter, Sent, Transport,
    http::{redact, retry},
};
use bytes::Bytes;
use http::{HeaderValue, Request, header::AUTHORIZATION};
use model::ConnectionId;
use std::time::Duration;
use tracing::debug;
use url::Url;

/// A request that waited longer is signed anew.
const STALE: Duration = Duration::from_secs(5);

/// Who goes first when requests wait for the same limit. Order is priority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lane {
    /// Writes back and looking for them.
    Write,
    /// Increments.
    Increment,
    /// Sweeps, audits and backfills.
    Backfill,
}

/// What a connector's call runs in.
pub struct Cx<'a> {
    /// The connection's name.
    pub connection: &'a ConnectionId,
    /// Base URL of the vendor.
    pub base: &'a Url,
    /// The way to the vendor.
    pub transport: &'a dyn Transport,
    /// The connection's budget.
    pub limiter: &'a Limiter,
    /// The way to servers that speak no HTTP.
    pub dial: &'a dyn Dial,
    /// The connection's credentials.
    pub auth: &'a dyn Auth,
    /// Time.
    pub clock: &'a dyn Clock,
    /// How urgent.
    pub lane: Lane,
    /// How long a request may take.
    pub timeout: Duration,
}

impl Cx<'_> {
    /// Sends a call and reads its answer: token, limits, one refresh on 401, retries of what may be repeated.
    /// A call that creates is never repeated here.
    pub async fn send<C: Call>(&self, call: &C) -> Result<C::Out, Error> {
        let mut attempt = 0;
        let mut refreshed = false;
        loop {
            attempt += 1;
            let mut signed = None;
            let mut error = match self.once(call, &mut signed).await {
                Ok(out) => return Ok(out),
                Err(error) => error,
            };
            error.detail = redact::detail(&error.detail);
            debug!(connection = %self.connection, call = C::NAME, attempt, kind = error.kind.name(), detail = %error, "call failed");
            if error.kind == ErrorKind::Unauthorized && !refreshed {
                refreshed = true;
                let renewed = self.auth.refused(self, signed.as_ref()).await;
                renewed.map_err(|error| Error { sent: Sent::NotSent, ..error })?;
                if C::EFFECT == Effect::Creates {
                    // Turned away before it was looked at: whoever keeps the write sends it again.
                    return Err(Error { kind: ErrorKind::Busy { after: Some(Duration::ZERO) }, ..error });
                }
                continue;
            }
            let Some(wait) = retry::wait(&error, C::EFFECT, attempt) else { return Err(error) };
            let now = self.clock.now();
            let wait = retry::jitter(wait, &[self.connection.as_str(), C::NAME, &now.to_string()]);
            self.clock.sleep_until(now + wait).await;
        }
    }

    async fn once<C: Call>(&self, call: &C, signed: &mut Option<HeaderValue>) -> Result<C::Out, Error> {
        let asked = self.clock.now();
        let mut request = self.prepare(call).await?;
        let permit = self.limiter.admit(call.bucket(), self.lane, self.clock).await?;
        if self.clock.now().since(asked) > STALE {
            // Credentials may have been renewed, or have expired, while this stood in the queue.
            request = self.prepare(call).await?;
        }
        *signed = request.headers().get(AUTHORIZATION).cloned();
        let answer = self.transport.send(request, self.timeout).await;
        let (parts, body) = match answer {
            Ok(answer) => answer.into_parts(),
            Err(broken) => {
                self.limiter.lost(permit, self.clock.now());
                return Err(broken.into_error(C::NAME));
            }
        };
        self.limiter.observe(permit, &parts, self.clock.now());
        let out = call.parse(&parts, &body);
        if let Err(error) = &out {
            self.limiter.refused(call.bucket(), &error.kind, self.clock.now());
        }
        out
    }

    async fn prepare<C: Call>(&self, call: &C) -> Result<Request<Bytes>, Error> {
        let mut request = call.request(self.base)?;
        // Whatever goes wrong in renewing credentials: this call has not left.
        let signed = self.auth.sign(self, &mut request).await;
        signed.map_err(|error| Error { sent: Sent::NotSent, ..error })?;
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
