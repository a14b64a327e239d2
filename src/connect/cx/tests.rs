use super::*;
use crate::{
    Broken, Disposition, Secret,
    http::{auth::Bearer, retry::ATTEMPTS},
    testing::{Vendor, World, reply, run},
};
use async_trait::async_trait;
use http::{Response, response::Parts};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const READS: u8 = 0;
const SETS: u8 = 1;
const CREATES: u8 = 2;

/// A call whose answer says by its status which error it is.
struct Probe<const EFFECT: u8>;

impl<const EFFECT: u8> Call for Probe<EFFECT> {
    type Out = String;
    const EFFECT: Effect = match EFFECT {
        READS => Effect::None,
        SETS => Effect::Idempotent,
        _ => Effect::Creates,
    };
    const NAME: &'static str = "test.probe";
    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let request = Request::post(format!("{base}probe")).body(Bytes::from_static(b"{}"));
        request.map_err(|error| Error::unsent(ErrorKind::Config, error.to_string()))
    }
    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<String, Error> {
        let text = String::from_utf8_lossy(body).into_owned();
        match ALL.iter().find(|(status, ..)| *status == parts.status.as_u16()) {
            Some((_, kind)) => Err(Error::answered(kind(), text)),
            None => Ok(text),
        }
    }
}

/// Statuses by which the vendor below names every kind of answered failure.
const ALL: [(u16, fn() -> ErrorKind); 11] = [
    (429, || ErrorKind::RateLimited { after: Some(Duration::from_secs(2)) }),
    (430, || ErrorKind::DailyLimit { until: None }),
    (401, || ErrorKind::Unauthorized),
    (403, || ErrorKind::Forbidden { missing: Vec::new() }),
    (404, || ErrorKind::NotFound),
    (400, || ErrorKind::Invalid),
    (409, || ErrorKind::Conflict { existing: None }),
    (423, || ErrorKind::Busy { after: None }),
    (500, || ErrorKind::Server),
    (502, || ErrorKind::Garbled),
    (410, || ErrorKind::CursorExpired),
];

/// Credentials that count how often they are renewed.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

#[async_trait]
impl Auth for Counted {
    async fn sign(&self, _cx: &Cx<'_>, request: &mut Request<Bytes>) -> Result<(), Error> {
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        Ok(())
    }
    async fn refresh(&self, _cx: &Cx<'_>) -> Result<(), Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn broken(sent: Sent, timeout: bool) -> Broken {
    Broken { sent, timeout, why: "cut".to_owned() }
}

/// Sends once to a vendor that always answers like this: what came of it, requests seen, renewals.
fn always<const EFFECT: u8>(
    answer: impl Fn() -> Result<Response<Bytes>, Broken> + Send + Sync + 'static,
) -> (Result<String, Error>, usize, usize) {
    run(async {
        let renewals = Counted::default();
        let world = World::new(Vendor::new(move |_, _| answer()), renewals.clone());
        let out = world.cx().send(&Probe::<EFFECT>).await;
        let seen = world.vendor.seen.lock().unwrap().len();
        (out, seen, renewals.0.load(Ordering::Relaxed))
    })
}

/// How often a call is sent when the vendor always fails like this.
fn tries(kind: &ErrorKind, sent: Sent, effect: Effect) -> usize {
    if *kind == ErrorKind::Unauthorized {
        return if effect == Effect::Creates { 1 } else { 2 };
    }
    match kind.disposition(effect, sent) {
        Disposition::Retry(_) if effect != Effect::Creates && kind.name() != "daily_limit" => {
            ATTEMPTS as usize
        }
        _ => 1,
    }
}

fn check_answers<const EFFECT: u8>() {
    for (status, kind) in ALL {
        let effect = Probe::<EFFECT>::EFFECT;
        let (out, seen, renewals) = always::<EFFECT>(move || reply(status, "no"));
        let error = out.unwrap_err();
        assert_eq!(seen, tries(&kind(), Sent::Answered, effect), "{status} {effect:?}");
        assert_eq!(renewals, usize::from(status == 401), "{status} {effect:?}");
        let expected = match (status, effect) {
            (401, Effect::Creates) => ErrorKind::Busy { after: Some(Duration::ZERO) },
            _ => kind(),
        };
        assert_eq!(error.kind, expected, "{effect:?}");
    }
}

fn check_breaks<const EFFECT: u8>() {
    let effect = Probe::<EFFECT>::EFFECT;
    for sent in [Sent::NotSent, Sent::MaybeSent] {
        for timeout in [false, true] {
            let (out, seen, _) = always::<EFFECT>(move || Err(broken(sent, timeout)));
            let error = out.unwrap_err();
            let kind = if timeout { ErrorKind::Timeout } else { ErrorKind::Network };
            assert_eq!((&error.kind, error.sent), (&kind, sent));
            assert_eq!(seen, tries(&kind, sent, effect), "{kind:?} {sent:?} {effect:?}");
        }
    }
}

#[test]
fn every_kind_of_failure_is_handled_as_the_table_says_for_every_effect() {
    check_answers::<READS>();
    check_answers::<SETS>();
    check_answers::<CREATES>();
    check_breaks::<READS>();
    check_breaks::<SETS>();
    check_breaks::<CREATES>();
}

#[test]
fn a_creation_goes_out_once_and_says_what_is_to_be_done() {
    let done = |answer: fn() -> Result<Response<Bytes>, Broken>| {
        let (out, seen, _) = always::<CREATES>(answer);
        assert_eq!(seen, 1);
        out.unwrap_err().disposition(Effect::Creates)
    };
    assert_eq!(done(|| reply(500, "")), Disposition::Verify);
    assert_eq!(done(|| reply(502, "")), Disposition::Verify);
    assert_eq!(done(|| Err(broken(Sent::MaybeSent, true))), Disposition::Verify);
    assert_eq!(done(|| Err(broken(Sent::NotSent, false))), Disposition::Retry(None));
    assert_eq!(done(|| reply(429, "")), Disposition::Retry(Some(Duration::from_secs(2))));
    assert_eq!(done(|| reply(401, "")), Disposition::Retry(Some(Duration::ZERO)));
    assert_eq!(done(|| reply(400, "")), Disposition::Refuse);
}

#[test]
fn a_read_gets_through_a_vendor_that_fails_for_a_while_and_waits_longer_each_time() {
    run(async {
        let vendor = Vendor::new(|_, before| if before < 3 { reply(500, "") } else { reply(200, "here") });
        let world = World::new(vendor, Counted::default());
        let begin = world.clock.now();
        assert_eq!(world.cx().send(&Probe::<READS>).await.unwrap(), "here");
        let waited = world.clock.now().since(begin);
        // 200 + 400 + 800 ms, each up to a quarter longer, and four answers of 50 ms
        assert!((1_600..=1_950).contains(&waited.as_millis()), "{waited:?}");
    });
}

#[test]
fn credentials_that_cannot_be_had_leave_a_creation_unsent() {
    struct Down;
    #[async_trait]
    impl Auth for Down {
        async fn sign(&self, _cx: &Cx<'_>, _request: &mut Request<Bytes>) -> Result<(), Error> {
            Err(Error::answered(ErrorKind::Server, "the token endpoint has a problem"))
        }
        async fn refresh(&self, _cx: &Cx<'_>) -> Result<(), Error> {
            Ok(())
        }
    }
    run(async {
        let world = World::new(Vendor::new(|_, _| reply(200, "")), Down);
        let error = world.cx().send(&Probe::<CREATES>).await.unwrap_err();
        assert_eq!(error.disposition(Effect::Creates), Disposition::Retry(None));
        assert!(world.vendor.seen.lock().unwrap().is_empty());
    });
}

#[test]
fn a_token_that_is_refused_for_good_asks_for_a_person_once() {
    run(async {
        let auth = Bearer::new(&Secret::new("pat-na1-00000000-0000")).unwrap();
        let world = World::new(Vendor::new(|_, _| reply(401, "no")), auth);
        let error = world.cx().send(&Probe::<READS>).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotConnected);
        assert_eq!(world.vendor.seen.lock().unwrap().len(), 1);
        assert!(!format!("{error:?} {error}").contains("pat-na1"));
    });
}

#[test]
fn what_a_vendor_says_reaches_errors_short_and_without_secrets() {
    let body = || format!("token=abcdef123456 {}", "x".repeat(2_000));
    let (out, ..) = always::<READS>(move || reply(400, &body()));
    let error = out.unwrap_err();
    assert!(error.detail.chars().count() <= 300 && !error.detail.contains("abcdef"), "{}", error.detail);
}
