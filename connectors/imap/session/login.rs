//! Signing in: a token or a password, in the way that the server offers.

use super::Session;
use crate::wire::{Command, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use connect::{Cx, Error, ErrorKind, Login, Proof};

impl Session {
    /// Signs in. What the server says is never repeated with anything secret in it.
    pub(super) async fn sign_in(&mut self, cx: &Cx<'_>, login: &Login) -> Result<(), Error> {
        let (mechanism, first) = match &login.proof {
            Proof::Token(token) if self.offers("AUTH=XOAUTH2") || !self.offers("AUTH=OAUTHBEARER") => {
                ("XOAUTH2", format!("user={}\x01auth=Bearer {}\x01\x01", login.user, token.expose()))
            }
            Proof::Token(token) => {
                // RFC 7628: commas and equals signs in a name are written out.
                let user = login.user.replace('=', "=3D").replace(',', "=2C");
                ("OAUTHBEARER", format!("n,a={user},\x01auth=Bearer {}\x01\x01", token.expose()))
            }
            Proof::Password(password) if self.offers("AUTH=PLAIN") => {
                ("PLAIN", format!("\0{}\0{}", login.user, password.expose()))
            }
            Proof::Password(_) if self.offers("LOGINDISABLED") => {
                let detail = format!("{} takes no password here", cx.connection);
                return Err(Error::answered(ErrorKind::Config, detail));
            }
            Proof::Password(password) => {
                let command = Command::new("LOGIN").string(login.user.as_bytes());
                let done = self.run(cx, command.string(password.expose().as_bytes())).await?;
                self.note(&done);
                return Ok(());
            }
        };
        let permit = cx.limiter.admit(crate::BUCKET, cx.lane, cx.clock).await?;
        let done = self.authenticate(cx, mechanism, &STANDARD.encode(first)).await;
        cx.limiter.lost(permit, cx.clock.now());
        done
    }

    /// The only other turn in these mechanisms is the server's account of a failure, which is answered with an
    /// empty line to be told NO.
    async fn authenticate(&mut self, cx: &Cx<'_>, mechanism: &str, first: &str) -> Result<(), Error> {
        const NAME: &str = "AUTHENTICATE";
        let tag = self.next_tag();
        let at_once = self.offers("SASL-IR");
        let line = if at_once {
            format!("{tag} {NAME} {mechanism} {first}\r\n")
        } else {
            format!("{tag} {NAME} {mechanism}\r\n")
        };
        self.line.send(NAME, line.as_bytes(), cx.timeout).await?;
        if !at_once {
            self.invited(cx, &tag, NAME).await?;
            self.line.send(NAME, format!("{first}\r\n").as_bytes(), cx.timeout).await?;
        }
        loop {
            match self.line.answer(NAME, cx.timeout).await? {
                Response::Go(_) => self.line.send(NAME, b"\r\n", cx.timeout).await?,
                answer => {
                    if self.ended(NAME, &tag, answer)? {
                        return Ok(());
                    }
                }
            }
        }
    }
}
