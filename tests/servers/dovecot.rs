//! A real Dovecot for tests, and its own tools spoken without the connector.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A running server; stopped when dropped.
pub struct Dovecot {
    /// `imap://127.0.0.1:PORT`.
    pub base: String,
    port: u16,
    dir: TempDir,
    script: PathBuf,
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if let Err(error) = self.script("stop").status() {
            eprintln!("the Dovecot server was not stopped: {error}");
        }
    }
}

impl Dovecot {
    /// A fresh server, on which every user exists with the password `secret` and an empty mailbox; `None`, with a
    /// visible line, where it can't be had. `script` is `tests/servers/dovecot.sh`; `oauth` is who decides about tokens.
    pub fn start(script: &Path, oauth: Option<&str>) -> Option<Self> {
        match Self::try_start(script, oauth) {
            Ok(server) => Some(server),
            Err(why) => {
                eprintln!("skipped: dovecot because {why}");
                None
            }
        }
    }

    fn try_start(script: &Path, oauth: Option<&str>) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let dir = tempfile::Builder::new().prefix("dovecot").tempdir_in("/tmp").map_err(text)?;
        let free =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(text)?;
        let server = Self { base: String::new(), port: free.port(), dir, script: script.to_owned() };
        let mut command = server.script("start");
        if let Some(url) = oauth {
            command.env("OAUTH_URL", url);
        }
        let done = command.output().map_err(text)?;
        let last =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned();
        if !done.status.success() {
            return Err(last(&done.stderr));
        }
        let base = last(&done.stdout).trim_start_matches("READY ").to_owned();
        let mut server = server;
        server.base = base;
        Ok(server)
    }

    fn script(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.script);
        command.arg(self.dir.path()).arg(self.port.to_string()).arg(verb);
        command
    }

    /// The server's own tool; what it prints. A failure is a failure of the test.
    pub fn doveadm(&self, arguments: &[&str]) -> String {
        let done = self.script("doveadm").args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "doveadm {arguments:?}: {error}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// The same, where failing is allowed (`kick` of nobody).
    pub fn doveadm_if_it_can(&self, arguments: &[&str]) {
        self.script("doveadm").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    }

    /// Puts mails into a folder of a user, as a mail program would; their UIDs.
    pub fn append(&self, user: &str, folder: &str, mails: &[String]) -> Vec<u32> {
        let mut to = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut from = BufReader::new(to.try_clone().unwrap());
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        let mut ask = |command: &str| {
            to.write_all(format!("T {command}\r\n").as_bytes()).unwrap();
            loop {
                let mut line = String::new();
                assert!(from.read_line(&mut line).unwrap() > 0, "the server hung up");
                if line.starts_with("T ") {
                    assert!(line.starts_with("T OK"), "{line}");
                    return line;
                }
            }
        };
        ask(&format!("LOGIN {user} secret"));
        let put = |mail: &String| {
            let answer = ask(&format!("APPEND \"{folder}\" {{{}+}}\r\n{mail}", mail.len()));
            let (_, code) = answer.split_once("[APPENDUID ").unwrap();
            code.split([' ', ']']).nth(1).unwrap().parse().unwrap()
        };
        mails.iter().map(put).collect()
    }

    /// All messages of a user by the server's own account: folder (as people see it), generation of its UIDs, UIDs.
    pub fn listing(&self, user: &str) -> BTreeMap<String, (u32, BTreeSet<u32>)> {
        let mut folders = BTreeMap::new();
        for line in
            self.doveadm(&["-f", "tab", "mailbox", "status", "-u", user, "uidvalidity", "*"]).lines().skip(1)
        {
            let (folder, validity) = line.rsplit_once('\t').unwrap();
            folders.insert(folder.to_owned(), (validity.parse().unwrap(), BTreeSet::new()));
        }
        for line in self.doveadm(&["-f", "tab", "fetch", "-u", user, "mailbox uid", "ALL"]).lines().skip(1) {
            let (folder, uid) = line.rsplit_once('\t').unwrap();
            folders.get_mut(folder).unwrap().1.insert(uid.parse().unwrap());
        }
        folders
    }
}
