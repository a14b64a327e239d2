use super::*;
use crate::{
    Secret,
    testing::{Vendor, World, reply, run},
};
use http::Response;
use std::sync::Mutex as Lock;
use url::Url;

fn app() -> App {
    App {
        authorize_url: Url::parse("https://crm.example/oauth/authorize").unwrap(),
        token_url: Url::parse("https://crm.example/oauth/token").unwrap(),
        client_id: "7".to_owned(),
        client_secret: Some(Secret::new("hush")),
        scopes: vec!["deals.read".to_owned(), "deals.write".to_owned()],
        optional_scopes: vec!["mail".to_owned()],
        extra: Vec::new(),
        user: None,
    }
}

/// A keeper in memory whose disk can be full for a while.
#[derive(Default)]
struct Kept {
    grant: Lock<Option<Grant>>,
    full: Lock<u32>,
}

#[async_trait]
impl Tokens for Kept {
    async fn load(&self) -> Result<Option<Grant>, Error> {
        Ok(self.grant.lock().unwrap().clone())
    }
    async fn save(&self, grant: &Grant) -> Result<(), Error> {
        let mut full = self.full.lock().unwrap();
        if *full > 0 {
            *full -= 1;
            return Err(Error::unsent(ErrorKind::Busy { after: None }, "disk full"));
        }
        *self.grant.lock().unwrap() = Some(grant.clone());
        Ok(())
    }
}

fn grant(access: &str, refresh: &str, at: Timestamp) -> Grant {
    Grant {
        access: Secret::new(access),
        refresh: Some(Secret::new(refresh)),
        obtained: at,
        expires: at + Duration::from_mins(30),
    }
}

fn kept(access: &str, refresh: &str) -> Arc<Kept> {
    let kept = Kept::default();
    *kept.grant.lock().unwrap() = Some(grant(access, refresh, crate::testing::BEGIN));
    Arc::new(kept)
}

/// A vendor that rotates refresh tokens: `r0` gives `a1` and `r1`, and is then forgotten. Only the newest
/// access token is good.
fn rotating() -> Vendor {
    let newest = Lock::new(0_u32);
    Vendor::new(move |request, _| {
        let mut newest = newest.lock().unwrap();
        if request.uri().path() == "/oauth/token" {
            let form = String::from_utf8_lossy(request.body()).into_owned();
            if !form.contains(&format!("refresh_token=r{newest}&")) {
                return reply(400, r#"{"error":"invalid_grant","error_description":"token r0 is unknown"}"#);
            }
            *newest += 1;
            return token(*newest);
        }
        let good = format!("Bearer a{newest}");
        let ours =
            request.headers().get(AUTHORIZATION).is_some_and(|header| header.as_bytes() == good.as_bytes());
        reply(if ours { 200 } else { 401 }, "")
    })
}

fn token(n: u32) -> Result<Response<Bytes>, crate::Broken> {
    reply(200, &format!(r#"{{"access_token":"a{n}","refresh_token":"r{n}","expires_in":1800,"hub_id":1}}"#))
}

struct Read;

impl crate::Call for Read {
    type Out = ();
    const EFFECT: crate::Effect = crate::Effect::None;
    const NAME: &'static str = "test.read";
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        Ok(Request::get(format!("{base}deals")).body(Bytes::new()).unwrap())
    }
    fn parse(&self, parts: &http::response::Parts, _body: &Bytes) -> Result<(), Error> {
        match parts.status.as_u16() {
            200 => Ok(()),
            401 => Err(Error::answered(ErrorKind::Unauthorized, "401")),
            other => panic!("{other}"),
        }
    }
}

fn world(vendor: Vendor, kept: &Arc<Kept>) -> World {
    World::new(vendor, OAuth::new(app(), kept.clone()))
}

#[test]
fn concurrent_refusals_of_one_token_renew_it_once() {
    run(async {
        // Given a token that the vendor no longer takes although its time has not come
        let (vendor, kept) = (rotating(), kept("stale", "r0"));
        let world = world(vendor, &kept);
        // When eight calls are refused at once
        let calls = (0..8).map(|_| async { world.cx().send(&Read).await });
        for out in join(calls.collect()).await {
            out.unwrap();
        }
        // Then one asked for a new one, which is stored, and all went on with it
        assert_eq!(world.vendor.count("/oauth/token"), 1);
        assert_eq!(world.vendor.count("/deals"), 16);
        assert_eq!(kept.grant.lock().unwrap().as_ref().unwrap().access, Secret::new("a1"));
    });
}

/// Runs futures that borrow, side by side.
async fn join<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outs = Vec::new();
    std::future::poll_fn(|task| {
        futures.retain_mut(|future| match future.as_mut().poll(task) {
            std::task::Poll::Ready(out) => {
                outs.push(out);
                false
            }
            std::task::Poll::Pending => true,
        });
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outs
}

#[test]
fn a_token_is_renewed_at_four_fifths_of_its_life_without_a_refusal() {
    run(async {
        let newest = grant("a0", "r0", crate::testing::BEGIN);
        let kept = Arc::new(Kept { grant: Lock::new(Some(newest)), full: Lock::default() });
        let world = world(rotating(), &kept);
        world.cx().send(&Read).await.unwrap();
        crate::testing::nap(&world.clock, 23 * 60_000).await;
        world.cx().send(&Read).await.unwrap();
        assert_eq!(world.vendor.count("/oauth/token"), 0);
        crate::testing::nap(&world.clock, 61_000).await;
        world.cx().send(&Read).await.unwrap();
        assert_eq!((world.vendor.count("/oauth/token"), world.vendor.count("/deals")), (1, 3));
    });
}

#[test]
fn a_new_token_is_not_used_before_it_is_stored() {
    run(async {
        // Given a disk that is full for one save
        let kept = kept("stale", "r0");
        *kept.full.lock().unwrap() = 1;
        let world = world(rotating(), &kept);
        // When a call makes the token be renewed
        let error = world.cx().send(&Read).await.unwrap_err();
        // Then nothing was sent with it
        assert_eq!(error.detail, "disk full");
        assert_eq!(world.vendor.count("/deals"), 1);
        // And the next call stores it instead of asking with a refresh token that is spent
        world.cx().send(&Read).await.unwrap();
        assert_eq!(world.vendor.count("/oauth/token"), 1);
        let stored = kept.grant.lock().unwrap().clone().unwrap();
        assert_eq!(stored, grant("a1", "r1", stored.obtained));
    });
}

#[test]
fn after_a_crash_between_renewal_and_store_the_stored_token_is_tried_and_a_person_asked_if_it_is_spent() {
    run(async {
        // Given a process that died with the new token in memory only
        let kept = kept("stale", "r0");
        *kept.full.lock().unwrap() = 1;
        let first = world(rotating(), &kept);
        first.cx().send(&Read).await.unwrap_err();
        let World { vendor, .. } = first;
        // When the next one begins with what is stored
        let second = world(vendor, &kept);
        let error = second.cx().send(&Read).await.unwrap_err();
        // Then it says what to do, and no token is in the words
        assert_eq!(error.kind, ErrorKind::NotConnected);
        assert!(error.detail.contains("connect"), "{error}");
    });
    run(async {
        // And a vendor that keeps its refresh tokens just gives another
        let vendor = Vendor::new(|request, before| match request.uri().path() {
            "/oauth/token" => token(1),
            _ => reply(if before == 0 { 401 } else { 200 }, ""),
        });
        let kept = kept("stale", "r0");
        world(vendor, &kept).cx().send(&Read).await.unwrap();
    });
}

#[test]
fn a_token_endpoint_that_is_down_does_not_stop_calls_while_the_token_is_good() {
    run(async {
        let vendor = Vendor::new(|request, _| match request.uri().path() {
            "/oauth/token" => reply(503, "down"),
            _ => reply(200, ""),
        });
        let world = world(vendor, &kept("a0", "r0"));
        crate::testing::nap(&world.clock, 25 * 60_000).await;
        for _ in 0..10 {
            world.cx().send(&Read).await.unwrap();
        }
        assert_eq!(world.vendor.count("/oauth/token"), 1, "asked again only after a while");
        crate::testing::nap(&world.clock, 6 * 60_000).await;
        assert_eq!(world.cx().send(&Read).await.unwrap_err().kind, ErrorKind::Server);
    });
}

#[test]
fn an_app_that_is_refused_is_a_matter_of_configuration() {
    run(async {
        let vendor = Vendor::new(|_, _| reply(400, r#"{"error":"invalid_client","client_secret":"hush"}"#));
        let world = world(vendor, &kept("a0", "r0"));
        crate::testing::nap(&world.clock, 40 * 60_000).await;
        let error = world.cx().send(&Read).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(!error.detail.contains("hush"), "{error}");
    });
}

#[test]
fn a_connection_without_tokens_asks_to_be_connected() {
    run(async {
        let world = world(rotating(), &Arc::new(Kept::default()));
        assert_eq!(world.cx().send(&Read).await.unwrap_err().kind, ErrorKind::NotConnected);
        assert!(world.vendor.seen.lock().unwrap().is_empty());
    });
}

#[test]
fn a_grant_reads_back_from_its_secret_and_shows_nothing() {
    let grant = grant("access-1", "refresh-1", crate::testing::BEGIN);
    assert_eq!(Grant::from_secret(&grant.to_secret()), Some(grant.clone()));
    assert_eq!(Grant::from_secret(&Secret::new("pat-na1-1")), None);
    assert!(!format!("{grant:?}{:?}", app()).contains("access-1"));
}

mod browser {
    use super::*;
    use crate::{Clock, testing::Paused};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    async fn get(redirect: &Url, target: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).await.unwrap();
        stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn state(attempt: &Attempt) -> String {
        attempt.url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
    }

    async fn begin() -> (TcpListener, Attempt, Url) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let redirect = Url::parse(&format!("http://127.0.0.1:{port}/callback")).unwrap();
        (listener, authorize_url(&app(), &redirect, &[7; 64]), redirect)
    }

    #[tokio::test]
    async fn only_the_answer_to_this_try_is_taken() {
        let (listener, attempt, redirect) = begin().await;
        let clock = Paused::new();
        let until = clock.now() + Duration::from_mins(1);
        let (state, visitor) = (state(&attempt), redirect.clone());
        let (code, seen) = tokio::join!(wait_for_code(&listener, &attempt, &clock, until), async move {
            let stray = get(&visitor, "/favicon.ico").await;
            let forged = get(&visitor, "/callback?code=evil&state=guess").await;
            let good = get(&visitor, &format!("/callback?code=good%2Fone&state={state}")).await;
            [stray, forged, good]
        });
        assert_eq!(code.unwrap(), Secret::new("good/one"));
        assert!(seen[0].starts_with("HTTP/1.1 404") && seen[1].starts_with("HTTP/1.1 404"));
        assert!(seen[2].starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn a_person_who_says_no_is_told_apart() {
        let (listener, attempt, redirect) = begin().await;
        let clock = Paused::new();
        let until = clock.now() + Duration::from_mins(1);
        let target = format!("/callback?error=access_denied&state={}", state(&attempt));
        let wait = wait_for_code(&listener, &attempt, &clock, until);
        let (code, _) = tokio::join!(wait, get(&redirect, &target));
        let error = code.unwrap_err();
        assert!(error.kind == ErrorKind::NotConnected && error.detail.contains("access_denied"), "{error}");
    }

    #[tokio::test]
    async fn the_code_is_exchanged_with_the_proof_that_we_asked_for_it() {
        let (_listener, attempt, _) = begin().await;
        let vendor = Vendor::new(|_, _| token(1));
        let clock = Paused::new();
        let timeout = Duration::from_secs(5);
        let code = Secret::new("c0de");
        let grant = exchange(&app(), &attempt, &code, &vendor, &clock, timeout).await.unwrap();
        assert_eq!(grant.access, Secret::new("a1"));
        // The challenge in the address is the hash of the verifier in the form (RFC 7636)
        let form = vendor.seen.lock().unwrap()[0].body().clone();
        let form: std::collections::HashMap<String, String> =
            url::form_urlencoded::parse(&form).into_owned().collect();
        let hash = <sha2::Sha256 as sha2::Digest>::digest(form["code_verifier"].as_bytes());
        let hash = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, hash);
        assert!(attempt.url.query().unwrap().contains(&format!("code_challenge={hash}&")));
        assert_eq!((form["code"].as_str(), form["client_secret"].as_str()), ("c0de", "hush"));
    }
}
