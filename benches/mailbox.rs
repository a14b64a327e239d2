//! The first pass over a large mailbox on a real Dovecot, beside a plain fetch of all its headers by Python's imaplib,
//! and what a pass costs after ten new mails.

use crate::{Plan, first, server::Server, show::Row};
use anyhow::Context;
use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

const NEW: usize = 10;

pub fn run(plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let server = match Server::start("dovecot") {
        Ok(server) => server,
        Err(why) => return Ok(vec![Row::plain("mailbox", format!("skipped: dovecot because {why:#}"))]),
    };
    let inbox = inbox(server.folder())?;
    write(&inbox, 0..plan.mails)?;
    // Names get their UIDs now: whoever opens it first would have to wait for that.
    server.run(&["doveadm", "mailbox", "status", "-u", "alice", "messages", "INBOX"])?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("mailbox.db");
    let mut rows = first::beside("imap", &server.base, "plain_headers.py", plan.mails, &database)?;
    let all = plan.mails + NEW;
    write(&inbox, plan.mails..all)?;
    rows.extend(first::increment(first::again("imap", &server.base, &database)?, all, 12.0, 100.0)?);
    Ok(rows)
}

/// Alice's inbox as a Maildir, whose folders belong to whom the server runs as.
fn inbox(folder: &Path) -> anyhow::Result<PathBuf> {
    let all = folder.join("mail");
    let owner = fs::metadata(&all)?;
    let mail = all.join("alice");
    for folder in [mail.clone(), mail.join("cur"), mail.join("new"), mail.join("tmp")] {
        fs::create_dir_all(&folder)?;
        chown(&folder, Some(owner.uid()), Some(owner.gid())).context("giving the mailbox to its server")?;
    }
    Ok(mail.join("cur"))
}

fn write(inbox: &Path, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    for number in numbers {
        let name = format!("{}.M{number}P1.bench:2,", 1_780_000_000 + number);
        fs::write(inbox.join(name), mail(number))?;
    }
    Ok(())
}

/// A mail as it arrives after some hops: 1.6 KB of header, text alone, with its HTML, or with a file.
fn mail(number: usize) -> String {
    let company = format!("acme{}.example", number % 997);
    let mut mail = format!("Return-Path: <ann{}@{company}>\r\n", number % 9973);
    for hop in 0..4 {
        write!(
            mail,
            "Received: from mx{hop}.{company} (mx{hop}.{company} [192.0.2.{hop}])\r\n\tby mail{hop}.x.test (Postfix) \
             with ESMTPS id 4XyZ{number:07}{hop}\r\n\tfor <alice@x.test>; Mon, 01 Jun 2026 10:01:0{hop} +0200 (CEST)\r\n"
        )
        .ok();
    }
    let (hash, signature) = ("A".repeat(43), "B".repeat(300));
    write!(
        mail,
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={company};\r\n\ts=mail; t=1780300860; bh={hash}=;\r\n\
         \th=From:To:Subject:Date;\r\n\tb={signature}\r\nFrom: \"Ann Buyer {number}\" <ann{}@{company}>\r\n\
         To: alice@x.test\r\nSubject: =?utf-8?Q?Angebot_f=C3=BCr_Acme?= {number}\r\n\
         Date: Mon, 01 Jun 2026 10:01:00 +0200\r\nMessage-ID: <m{number}@{company}>\r\nMIME-Version: 1.0\r\n",
        number % 9973
    )
    .ok();
    let line = "We would like to see your offer for fifty users, please.";
    let text = format!("Hello, this is number {number}.\r\n{}", format!("{line}\r\n").repeat(20));
    let plain = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}");
    let html = format!(
        "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{}</body></html>\r\n",
        format!("<p>{line}</p>\r\n").repeat(20)
    );
    let both = format!(
        "Content-Type: multipart/alternative; boundary=\"a\"\r\n\r\n--a\r\n{plain}\r\n--a\r\n{html}--a--\r\n"
    );
    mail + &match number % 10 {
        0..=4 => plain,
        5..=8 => both,
        _ => format!(
            "Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\n{both}\r\n--m\r\nContent-Type: application/pdf; \
             name=\"offer.pdf\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--m--\r\n",
            "JVBERi0xLjcKJeLjz9MK".repeat(200)
        ),
    }
}
