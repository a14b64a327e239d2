//! Where the server is and how the way there is kept private.

use connect::{Error, ErrorKind};
use std::net::IpAddr;
use url::Url;

/// When TLS begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tls {
    /// At once (`smtps://`, RFC 8314).
    AtOnce,
    /// After `STARTTLS`, without which nothing is said (RFC 3207).
    Upgrade,
    /// Never: the server is this machine.
    Never,
}

/// A server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Site {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
}

impl Site {
    /// Reads `smtps://host[:465]` or `smtp://host[:587]`.
    pub fn of(base: &Url) -> Result<Self, Error> {
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let (tls, port) = match base.scheme() {
            "smtps" => (Tls::AtOnce, 465),
            "smtp" if here => (Tls::Never, 587),
            "smtp" => (Tls::Upgrade, 587),
            other => {
                let detail = format!("base_url begins with {other}://: smtps:// or smtp:// is needed");
                return Err(Error::unsent(ErrorKind::Config, detail));
            }
        };
        Ok(Self { host, port: base.port().unwrap_or(port), tls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(url: &str) -> Option<(String, u16, Tls)> {
        Site::of(&url.parse().unwrap()).ok().map(|Site { host, port, tls }| (host, port, tls))
    }

    #[test]
    fn a_password_travels_unprotected_only_within_this_machine() {
        for (url, expected) in [
            ("smtps://mail.example.com", Some(("mail.example.com", 465, Tls::AtOnce))),
            ("smtp://mail.example.com", Some(("mail.example.com", 587, Tls::Upgrade))),
            ("smtp://mail.example.com:25", Some(("mail.example.com", 25, Tls::Upgrade))),
            ("smtp://127.0.0.1.example.com", Some(("127.0.0.1.example.com", 587, Tls::Upgrade))),
            ("smtp://localhost:2525", Some(("localhost", 2525, Tls::Never))),
            ("smtp://127.0.0.9", Some(("127.0.0.9", 587, Tls::Never))),
            ("smtp://[::1]:25", Some(("::1", 25, Tls::Never))),
            ("https://mail.example.com", None),
        ] {
            let expected = expected.map(|(host, port, tls)| (host.to_owned(), port, tls));
            assert_eq!(site(url), expected, "{url}");
        }
    }
}
