//! The sandbox over real HTTP/1.1: resets really reset, timeouts never answer, truncated bodies end early.

use crate::core::{Answer, Sandbox};
use crate::fault::Broken;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::{TcpListener, TcpStream};

/// The most a client may send.
const BODY: usize = 16 * 1024 * 1024;

/// Serves until the task is dropped. Ends only on an error of the listening socket.
pub async fn serve(sandbox: Arc<Sandbox>, listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(Arc::clone(&sandbox), stream));
    }
}

async fn connection(sandbox: Arc<Sandbox>, stream: TcpStream) {
    // Small answers go out at once; a failure to say so costs only speed.
    let quick = stream.set_nodelay(true);
    let service = service_fn(|request| answer(Arc::clone(&sandbox), request));
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = Pin::new(&mut connection).await;
    if ended.is_err() && quick.is_ok() {
        abort(&connection.into_parts().io.into_inner());
    }
}

/// Closes with a reset instead of an orderly end.
fn abort(stream: &TcpStream) {
    if stream.set_zero_linger().is_err() {
        // Already closed by the other side: nothing is left to reset.
    }
}

async fn answer(sandbox: Arc<Sandbox>, request: Request<Incoming>) -> Result<Response<Body>, Broken> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), BODY).await.map_err(|_| Broken::Reset)?;
    match sandbox.exchange(&Request::from_parts(parts, body)) {
        Answer::Whole(response) => Ok(response.map(Body::from)),
        Answer::Cut(response) => Ok(response.map(|body| Body::new(Half::of(&body)))),
        // The client gives up by itself; its hanging up ends this future.
        Answer::Broken(Broken::Timeout) => std::future::pending().await,
        Answer::Broken(broken) => Err(broken),
    }
}

impl Sandbox {
    /// For nesting in another application. Broken connections end as an answer whose body fails at once.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        let sandbox = Arc::clone(self);
        axum::Router::new().fallback(move |request: axum::extract::Request| {
            let sandbox = Arc::clone(&sandbox);
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, BODY).await.unwrap_or_default();
                match sandbox.exchange(&Request::from_parts(parts, body)) {
                    Answer::Whole(response) => response.map(Body::from),
                    Answer::Cut(response) => response.map(|body| Body::new(Half::of(&body))),
                    Answer::Broken(Broken::Timeout) => std::future::pending().await,
                    Answer::Broken(_) => Response::new(Body::new(Half::of(&Bytes::from_static(b"{}")))),
                }
            }
        })
    }
}

/// A body that announces its whole length, gives the first half, and fails.
struct Half {
    first: Option<Bytes>,
    whole: u64,
}

impl Half {
    fn of(body: &Bytes) -> Self {
        Self { first: Some(body.slice(..body.len() / 2)), whole: body.len() as u64 }
    }
}

impl hyper::body::Body for Half {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.first.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => Poll::Ready(Some(Err(Broken::Truncated))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.whole)
    }
}
