//! The JSON API: `POST /api/v1/<operation>` with the operation's input, tokens, limits.

use crate::{
    Web,
    caller::{self, Caller, sign_in},
    mcp, openapi, operation,
    problem::Problem,
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE},
};
use model::work::message::MOST_MESSAGE;
use serde_json::Value;
use std::{net::IpAddr, sync::Arc};

/// Longest body: a message, and what stands around it.
pub const MOST_BODY: usize = MOST_MESSAGE + 16 * 1024;

/// All routes. `names` are the host names under which the daemon may be called beside loopback.
pub fn router(web: &Web, names: Vec<String>) -> Router {
    let mcp = mcp::router(web, &names);
    Router::new()
        .route("/api/v1/openapi.json", get(document))
        .route("/api/v1/schemas/message.json", get(message_schema))
        .route("/api/v1/{operation}", post(run).fallback(only_post))
        .fallback(nothing)
        .with_state(web.clone())
        .merge(mcp)
        .layer(from_fn_with_state(Arc::new(names), guard))
}

/// A page in a browser must not reach the daemon by a name that points here (DNS rebinding), nor from another
/// site.
async fn guard(State(names): State<Arc<Vec<String>>>, request: Request, next: Next) -> Response {
    if !is_ours(&names, &request) {
        let detail = "this host name is not the daemon's: list it in `web.names`";
        return Problem::new(StatusCode::FORBIDDEN, "host", detail).into_response();
    }
    let mut answer = next.run(request).await;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn is_ours(names: &[String], request: &Request) -> bool {
    let known = |host: &str| {
        let port = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let name = port.map_or(host, |(name, _)| name).trim_matches(['[', ']']);
        let loopback = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback || names.iter().any(|one| one.eq_ignore_ascii_case(name))
    };
    let text = |name| request.headers().get(name).map(HeaderValue::to_str);
    let host = text(HOST).and_then(Result::ok).or_else(|| request.uri().host());
    let origin = match text(ORIGIN) {
        None => true,
        Some(Ok(origin)) => origin.split_once("://").is_some_and(|(_, host)| known(host)),
        Some(Err(_)) => false,
    };
    origin && host.is_some_and(known)
}

async fn document() -> Response {
    json(StatusCode::OK, &openapi::document())
}

async fn message_schema() -> Response {
    json(StatusCode::OK, &model::work::message::schema())
}

async fn nothing() -> Problem {
    Problem::unknown("nothing is here; /api/v1/openapi.json lists what is")
}

async fn only_post(headers: HeaderMap, Path(name): Path<String>) -> Response {
    drop(headers);
    if operation::find(&name).is_none() {
        return unknown(&name).into_response();
    }
    let detail = "operations are asked for by POST with a JSON object";
    let mut answer = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail).into_response();
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    answer
}

async fn run(State(web): State<Web>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Response {
    match answer(&web, &name, &headers, body).await {
        Ok(value) => json(StatusCode::OK, &value),
        Err(problem) => problem.into_response(),
    }
}

async fn answer(web: &Web, name: &str, headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    let header = |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let party = sign_in(web, header(AUTHORIZATION)).await?;
    let operation = operation::find(name).ok_or_else(|| unknown(name))?;
    let key = headers.get("idempotency-key").map(|value| caller::key(value.as_bytes())).transpose()?;
    let body = to_bytes(body, MOST_BODY).await.map_err(|_| {
        let detail = format!("the body is longer than {MOST_BODY} bytes, or it broke off");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", detail)
    })?;
    operation.call(web, &Caller { party, key }, input(&body)?).await
}

fn input(body: &Bytes) -> Result<Value, Problem> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    match serde_json::from_slice(body) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err(Problem::input("the body is a JSON object")),
        Err(error) => Err(Problem::new(StatusCode::BAD_REQUEST, "json", format!("not JSON: {error}"))),
    }
}

fn unknown(name: &str) -> Problem {
    Problem::unknown(format!("there is no operation {name:?}; /api/v1/openapi.json lists them"))
}

fn json(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = serde_json::to_string(&self).unwrap_or_default();
        let mut answer = (status, [(CONTENT_TYPE, "application/problem+json")], text).into_response();
        if status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// Serves until `stopped` comes; requests under way are finished.
pub async fn serve(
    listener: tokio::net::TcpListener,
    app: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, app).with_graceful_shutdown(stopped).await
}
