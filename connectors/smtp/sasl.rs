//! Signing in (RFC 4954): which mechanism, and what is said.

use base64::{Engine, engine::general_purpose::STANDARD};
use connect::{
    Secret,
    http::auth::{Login, Proof},
};

/// How we sign in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Old and common: user and password one after the other.
    Login,
    /// Google's and Microsoft's, with an access token.
    Xoauth2,
}

impl Mechanism {
    /// The best of the offered ones (in capitals) that fits what we have.
    pub fn choose(proof: &Proof, offered: &[String]) -> Option<Self> {
        let offers = |name: &str| offered.iter().any(|one| one == name);
        match proof {
            Proof::Token(_) => offers("XOAUTH2").then_some(Self::Xoauth2),
            Proof::Password(_) if offers("PLAIN") => Some(Self::Plain),
            Proof::Password(_) => offers("LOGIN").then_some(Self::Login),
        }
    }

    /// What is said, line by line; each further line answers a `334`.
    pub fn lines(self, login: &Login) -> Vec<Secret> {
        let (Proof::Password(proof) | Proof::Token(proof)) = &login.proof;
        let (user, proof) = (&login.user, proof.expose());
        let lines = match self {
            Self::Plain => vec![format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{proof}")))],
            Self::Login => vec!["AUTH LOGIN".to_owned(), STANDARD.encode(user), STANDARD.encode(proof)],
            Self::Xoauth2 => {
                let answer = STANDARD.encode(format!("user={user}\x01auth=Bearer {proof}\x01\x01"));
                // A token that is refused comes back as a challenge, which an empty line answers.
                vec![format!("AUTH XOAUTH2 {answer}"), String::new()]
            }
        };
        lines.into_iter().map(Secret::new).collect()
    }
}

/// The server's words without what we said, should it repeat that.
pub(crate) fn without_secrets(words: String, login: &Login, said: &[Secret]) -> String {
    let (Proof::Password(proof) | Proof::Token(proof)) = &login.proof;
    let said = said.iter().filter_map(|line| line.expose().rsplit(' ').next());
    let secrets = said.chain([proof.expose()]).filter(|secret| secret.len() > 3);
    secrets.fold(words, |words, secret| words.replace(secret, "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(proof: Proof, offered: &[&str]) -> Option<Vec<String>> {
        let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
        let login = Login { user: "anna".to_owned(), proof };
        let mechanism = Mechanism::choose(&login.proof, &offered)?;
        Some(mechanism.lines(&login).iter().map(|line| line.expose().to_owned()).collect())
    }

    #[test]
    fn the_mechanism_fits_the_proof_and_the_offer() {
        let password = || Proof::Password(Secret::new("secret"));
        let token = || Proof::Token(Secret::new("t0ken"));
        assert_eq!(said(password(), &["LOGIN", "PLAIN"]).unwrap(), ["AUTH PLAIN AGFubmEAc2VjcmV0"]);
        assert_eq!(said(password(), &["LOGIN"]).unwrap(), ["AUTH LOGIN", "YW5uYQ==", "c2VjcmV0"]);
        let xoauth2 = "AUTH XOAUTH2 dXNlcj1hbm5hAWF1dGg9QmVhcmVyIHQwa2VuAQE=";
        assert_eq!(said(token(), &["PLAIN", "XOAUTH2"]).unwrap(), [xoauth2, ""]);
        assert_eq!(said(token(), &["PLAIN"]), None);
        assert_eq!(said(password(), &["CRAM-MD5"]), None);
    }
}
