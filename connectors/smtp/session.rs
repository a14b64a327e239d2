//! One conversation with a submission server (RFC 5321, 3207, 4954), over any stream of bytes. Up to the final
//! dot nothing can have been delivered; after it only the server's word tells.

use crate::{
    message::transparent,
    reply::Reply,
    sasl::{self, Mechanism},
    site::{Site, Tls},
};
use connect::{Cx, Duplex, Error, ErrorKind, Secret, Sent, http::auth::Login};
use lettre::Address;
use std::{io::ErrorKind as IoKind, time::Duration};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    time::timeout,
};
use tracing::debug;

/// How long the server may think about a mail that it has in full: filters and scanners run now, and an answer
/// that is not waited for is a mail of which nobody knows (RFC 5321, 4.5.3.2.6 asks for ten minutes, for which
/// other mails can't wait).
const VERDICT: Duration = Duration::from_secs(120);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the server offers.
#[derive(Default)]
struct Offers {
    starttls: bool,
    /// Sign-in mechanisms, in capitals.
    auth: Vec<String>,
    /// Largest mail, where it says.
    size: Option<u64>,
}

impl Offers {
    fn of(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            // Old servers write `AUTH=LOGIN`.
            let mut words = line.split([' ', '=']);
            match words.next() {
                Some("STARTTLS") => offers.starttls = true,
                Some("AUTH") => offers.auth.extend(words.map(str::to_owned)),
                Some("SIZE") => offers.size = words.next().and_then(|size| size.parse().ok()),
                _ => {}
            }
        }
        offers
    }
}

/// An open conversation.
pub(crate) struct Session<'a> {
    cx: &'a Cx<'a>,
    stream: BufReader<Box<dyn Duplex>>,
    offers: Offers,
}

impl<'a> Session<'a> {
    /// Connects, introduces us and makes the way private.
    pub async fn open(cx: &'a Cx<'a>, site: &Site, helo: &str) -> Result<Self, Error> {
        let (host, patience) = (site.host.as_str(), cx.timeout);
        let broken = |broken: connect::Broken| broken.into_error("the mail server");
        let mut stream = cx.dial.dial(host, site.port, patience).await.map_err(broken)?;
        if site.tls == Tls::AtOnce {
            stream = cx.dial.secure(stream, host, patience).await.map_err(broken)?;
        }
        let mut session = Self { cx, stream: BufReader::new(stream), offers: Offers::default() };
        session.hear_greeting().await?;
        session.introduce(helo).await?;
        if site.tls == Tls::Upgrade {
            session = session.upgrade(host).await?;
            session.introduce(helo).await?;
        }
        Ok(session)
    }

    /// A server that turns everybody away says so at once; that is not about the mail.
    async fn hear_greeting(&mut self) -> Result<(), Error> {
        let reply = self.hear("the greeting", self.cx.timeout, Sent::NotSent).await?;
        if reply.is_good() {
            return Ok(());
        }
        let detail = format!("the server turns us away: {}", reply.words());
        Err(Error::answered(ErrorKind::Busy { after: None }, detail))
    }

    async fn introduce(&mut self, helo: &str) -> Result<(), Error> {
        let reply = self.ask("EHLO", &format!("EHLO {helo}")).await?;
        if !reply.is_good() {
            let detail = format!("EHLO: {}; options.helo is the name that we gave", reply.words());
            return Err(Error::answered(ErrorKind::NotConnected, detail));
        }
        self.offers = Offers::of(&reply);
        Ok(())
    }

    async fn upgrade(mut self, host: &str) -> Result<Self, Error> {
        let unsafe_way = |why: &str| {
            let detail = format!("{why}: nothing is sent unprotected; smtps:// is the other way");
            Error::unsent(ErrorKind::NotConnected, detail)
        };
        if !self.offers.starttls {
            return Err(unsafe_way("the server offers no STARTTLS"));
        }
        let reply = self.ask("STARTTLS", "STARTTLS").await?;
        if !reply.is_good() {
            return Err(unsafe_way(&format!("STARTTLS: {}", reply.words())));
        }
        // What came before TLS could be anybody's (CVE-2011-0411).
        if !self.stream.buffer().is_empty() {
            return Err(unsafe_way("somebody spoke between STARTTLS and TLS"));
        }
        let secured = self.cx.dial.secure(self.stream.into_inner(), host, self.cx.timeout).await;
        let secured = secured.map_err(|broken| broken.into_error("the mail server"))?;
        Ok(Self { stream: BufReader::new(secured), offers: Offers::default(), ..self })
    }

    /// Signs in; a refused token is renewed once.
    pub async fn sign_in(&mut self) -> Result<(), Error> {
        let unsent = |error| Error { sent: Sent::NotSent, ..error };
        let login = self.cx.auth.login(self.cx).await.map_err(unsent)?;
        let Some(refused) = self.authenticate(&login).await? else { return Ok(()) };
        debug!(connection = %self.cx.connection, refused, "sign-in refused: renewing");
        self.cx.auth.refresh(self.cx).await.map_err(unsent)?;
        let login = self.cx.auth.login(self.cx).await.map_err(unsent)?;
        match self.authenticate(&login).await? {
            None => Ok(()),
            Some(refused) => Err(Error::answered(ErrorKind::NotConnected, format!("signing in: {refused}"))),
        }
    }

    /// Tries once; the server's words when it says no.
    async fn authenticate(&mut self, login: &Login) -> Result<Option<String>, Error> {
        let mechanism = Mechanism::choose(&login.proof, &self.offers.auth).ok_or_else(|| {
            let offered = self.offers.auth.join(", ");
            let detail = format!("the server offers no way of signing in that we have: {offered:?}");
            Error::unsent(ErrorKind::NotConnected, detail)
        })?;
        let lines = mechanism.lines(login);
        let mut unsaid = lines.iter();
        let mut reply = Reply { code: 334, lines: Vec::new() };
        while reply.code == 334 {
            let Some(line) = unsaid.next() else {
                // It asks for more than there is: `*` ends it (RFC 4954, 4).
                self.ask("signing in", "*").await?;
                return Ok(Some("the server asked for something unknown".to_owned()));
            };
            reply = self.ask_secretly("signing in", line).await?;
        }
        match reply.code {
            235 => Ok(None),
            // A server that is busy says nothing about the password.
            400..500 => Err(reply.refusal("signing in", Sent::NotSent)),
            _ => Ok(Some(sasl::without_secrets(reply.words(), login, &lines))),
        }
    }

    /// Would mail from this address be taken? The server's words when not.
    pub async fn would_send(&mut self, from: &Address) -> Result<Option<String>, Error> {
        let reply = self.ask("MAIL", &format!("MAIL FROM:<{from}>")).await?;
        if !reply.is_good() {
            return Ok(Some(reply.words()));
        }
        self.ask("RSET", "RSET").await?;
        Ok(None)
    }

    /// Hands a mail in, for one recipient. Before the final dot every failure means: not delivered.
    pub async fn hand_in(&mut self, from: &Address, to: &Address, mail: &[u8]) -> Result<Reply, Error> {
        if self.offers.size.is_some_and(|most| most > 0 && mail.len() as u64 > most) {
            let detail = format!("the mail has {} bytes, the server takes fewer", mail.len());
            return Err(Error::unsent(ErrorKind::Invalid, detail));
        }
        for (step, line) in [("MAIL", format!("MAIL FROM:<{from}>")), ("RCPT", format!("RCPT TO:<{to}>"))] {
            let reply = self.ask(step, &line).await?;
            if !reply.is_good() {
                return Err(reply.refusal(step, Sent::NotSent));
            }
        }
        let reply = self.ask("DATA", "DATA").await?;
        if reply.code != 354 {
            return Err(reply.refusal("DATA", Sent::NotSent));
        }
        self.say("the mail", &transparent(mail), Sent::NotSent).await?;
        // From here on it may have happened.
        self.say("the end of the mail", b".\r\n", Sent::MaybeSent).await?;
        let patience = self.cx.timeout.max(VERDICT);
        let reply = self.hear("the verdict on the mail", patience, Sent::MaybeSent).await?;
        if reply.is_good() { Ok(reply) } else { Err(reply.refusal("the mail", Sent::MaybeSent)) }
    }

    /// Takes leave; what goes wrong now changes nothing.
    pub async fn leave(mut self) {
        let farewell = async {
            self.say("QUIT", b"QUIT\r\n", Sent::NotSent).await?;
            self.hear("QUIT", FAREWELL, Sent::NotSent).await
        };
        if let Err(error) = farewell.await {
            debug!(%error, "the mail server took no leave");
        }
    }

    async fn ask(&mut self, step: &str, line: &str) -> Result<Reply, Error> {
        self.ask_secretly(step, &Secret::new(line)).await
    }

    /// Says a line and hears the reply; errors name the step, never the line.
    async fn ask_secretly(&mut self, step: &str, line: &Secret) -> Result<Reply, Error> {
        self.say(step, format!("{}\r\n", line.expose()).as_bytes(), Sent::NotSent).await?;
        self.hear(step, self.cx.timeout, Sent::NotSent).await
    }

    async fn say(&mut self, step: &str, bytes: &[u8], sent: Sent) -> Result<(), Error> {
        let work = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        in_time(step, self.cx.timeout, sent, work).await
    }

    async fn hear(&mut self, step: &str, patience: Duration, sent: Sent) -> Result<Reply, Error> {
        in_time(step, patience, sent, Reply::read(&mut self.stream)).await
    }
}

async fn in_time<T>(
    step: &str,
    patience: Duration,
    sent: Sent,
    work: impl Future<Output = std::io::Result<T>>,
) -> Result<T, Error> {
    let (kind, why) = match timeout(patience, work).await {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) if error.kind() == IoKind::InvalidData => (ErrorKind::Garbled, error.to_string()),
        Ok(Err(error)) if error.kind() == IoKind::UnexpectedEof => {
            (ErrorKind::Network, "the server closed the connection".to_owned())
        }
        Ok(Err(error)) => (ErrorKind::Network, error.to_string()),
        Err(_) => (ErrorKind::Timeout, format!("no answer in {} s", patience.as_secs())),
    };
    Err(Error { kind, sent, detail: format!("{step}: {why}") })
}
