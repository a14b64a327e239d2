//! The team's mails and meetings: outreach to the people of its deals, replies of all sorts, bookings, and
//! meetings that are moved or cancelled.

use super::letter::Letter;
use super::people::{Booking, People};
use crate::core::Sandbox;
use crate::dice::Dice;
use crate::hubspot::kinds::Kind;
use serde_json::json;
use std::collections::BTreeSet;

/// What happens next, with its weight.
#[derive(Clone, Copy)]
enum Scene {
    Outreach,
    Reply,
    FollowUp,
    AutoReply,
    Bounce,
    Newsletter,
    Internal,
    Book,
    Move,
    Cancel,
    Trash,
}

const SCENES: [(Scene, u32); 11] = [
    (Scene::Outreach, 10),
    (Scene::Reply, 10),
    (Scene::FollowUp, 6),
    (Scene::AutoReply, 2),
    (Scene::Bounce, 1),
    (Scene::Newsletter, 2),
    (Scene::Internal, 2),
    (Scene::Book, 6),
    (Scene::Move, 3),
    (Scene::Cancel, 2),
    (Scene::Trash, 1),
];

const TRIES: usize = 20;
const HOUR: i64 = 3_600_000;

const REPLIES: [&str; 8] = [
    "Thanks for reaching out. Yes, let's talk next week.",
    "This looks interesting. Could you send us a proposal?",
    "Can you show us a demo on Thursday?",
    "We are not interested at the moment, sorry.",
    "Budget is approved, please send the contract.",
    "Please take me off your list.",
    "I am forwarding this to our head of purchasing, who decides.",
    "We need to be live by the end of the quarter. What are the next steps?",
];

/// A conversation.
struct Talk {
    user: String,
    contact: String,
    subject: String,
    ids: Vec<String>,
}

/// The mails and meetings to come.
pub struct Story {
    dice: Dice,
    made: u64,
    talks: Vec<Talk>,
    /// (user, event)
    meetings: Vec<(String, String)>,
}

/// A deal with its people.
struct Pair {
    user: String,
    contact: String,
    deal: String,
}

impl Story {
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed, 9), made: 0, talks: Vec::new(), meetings: Vec::new() }
    }

    /// One mail or meeting; nothing where the account has no Google users or no deal with people.
    pub fn tick(&mut self, sandbox: &Sandbox) {
        self.go_on(sandbox, sandbox.google(), sandbox.now());
    }

    fn go_on(&mut self, sandbox: &Sandbox, people: People<'_>, now: i64) {
        let weights = SCENES.map(|(_, weight)| weight);
        for _ in 0..TRIES {
            let Some((scene, _)) = self.dice.weighted(&weights).and_then(|at| SCENES.get(at)) else { return };
            if self.play(*scene, sandbox, people, now).is_some() {
                self.made += 1;
                return;
            }
        }
    }

    fn play(&mut self, scene: Scene, sandbox: &Sandbox, people: People<'_>, now: i64) -> Option<()> {
        match scene {
            Scene::Outreach => {
                let pair = pair(&mut self.dice, sandbox)?;
                self.outreach(&pair, people);
                Some(())
            }
            Scene::Reply => self.reply(people),
            Scene::FollowUp => self.follow_up(people),
            Scene::AutoReply => self.auto_reply(people),
            Scene::Bounce => self.bounce(people),
            Scene::Newsletter => self.newsletter(people),
            Scene::Internal => self.internal(people),
            Scene::Book => {
                let pair = pair(&mut self.dice, sandbox)?;
                self.book(&pair, people, now)
            }
            Scene::Move => {
                let (user, id) = self.dice.pick(&self.meetings).cloned()?;
                let start = now + self.dice.between(24, 240) * HOUR;
                let at = |ms: i64| json!({"dateTime": crate::clock::iso(ms)});
                let patch = json!({"start": at(start), "end": at(start + HOUR / 2)});
                people.edit_event(&user, &user, &id, &patch).then_some(())
            }
            Scene::Cancel => {
                let at = self.dice.index(self.meetings.len());
                let (user, id) = (at < self.meetings.len()).then(|| self.meetings.swap_remove(at))?;
                people.cancel_event(&user, &user, &id).then_some(())
            }
            Scene::Trash => {
                let users = people.users();
                let user = self.dice.pick(&users)?;
                let mails = people.mails(user);
                let mail = self.dice.pick(&mails)?;
                people.label(user, &mail.id, &["TRASH"], &["INBOX"]).then_some(())
            }
        }
    }

    fn id(&self, domain: &str) -> String {
        format!("m{}.sandbox@{domain}", self.made)
    }

    fn talk(&mut self) -> Option<(usize, Letter)> {
        let at = self.dice.index(self.talks.len());
        let talk = self.talks.get(at)?;
        let subject = format!("Re: {}", talk.subject);
        Some((at, Letter { subject, answers: talk.ids.clone(), ..Letter::default() }))
    }

    fn outreach(&mut self, pair: &Pair, people: People<'_>) {
        let id = self.id("sandbox.test");
        let letter = Letter {
            from: pair.user.clone(),
            to: vec![pair.contact.clone()],
            subject: format!("{} for you", pair.deal),
            text: format!(
                "Hello,\n\nI'd like to show you what {} does for teams like yours.\n\n-- \nThe sales team",
                pair.deal
            ),
            id: id.clone(),
            ..Letter::default()
        };
        people.mail(&pair.user, &letter, &["SENT"]);
        let subject = letter.subject;
        let (user, contact) = (pair.user.clone(), pair.contact.clone());
        self.talks.push(Talk { user, contact, subject, ids: vec![id] });
    }

    fn reply(&mut self, people: People<'_>) -> Option<()> {
        let (at, letter) = self.talk()?;
        let (id, words) = (self.id("mail.example"), self.dice.pick(&REPLIES)?);
        let talk = self.talks.get_mut(at)?;
        let text = format!("{words}\n\nOn Monday {} wrote:\n> I'd like to show you what it does.", talk.user);
        let letter = Letter {
            from: talk.contact.clone(),
            to: vec![talk.user.clone()],
            text,
            id: id.clone(),
            ..letter
        };
        people.mail(&talk.user, &letter, &["INBOX", "UNREAD"]);
        talk.ids.push(id);
        Some(())
    }

    fn follow_up(&mut self, people: People<'_>) -> Option<()> {
        let (at, letter) = self.talk()?;
        let id = self.id("sandbox.test");
        let attachments = if self.dice.chance(300) { vec!["Proposal.pdf".to_owned()] } else { Vec::new() };
        let talk = self.talks.get_mut(at)?;
        let letter = Letter {
            from: talk.user.clone(),
            to: vec![talk.contact.clone()],
            text: "Just following up on my last mail.".to_owned(),
            id: id.clone(),
            attachments,
            ..letter
        };
        people.mail(&talk.user, &letter, &["SENT"]);
        talk.ids.push(id);
        Some(())
    }

    fn auto_reply(&mut self, people: People<'_>) -> Option<()> {
        let (at, letter) = self.talk()?;
        let id = self.id("mail.example");
        let talk = self.talks.get(at)?;
        let letter = Letter {
            from: talk.contact.clone(),
            to: vec![talk.user.clone()],
            subject: format!("Automatic reply: {}", talk.subject),
            text: "I am out of the office until Monday.".to_owned(),
            id,
            headers: vec![("Auto-Submitted".to_owned(), "auto-replied".to_owned())],
            ..letter
        };
        people.mail(&talk.user, &letter, &["INBOX", "UNREAD"]);
        Some(())
    }

    fn bounce(&mut self, people: People<'_>) -> Option<()> {
        let (at, letter) = self.talk()?;
        let id = self.id("mail.example");
        let talk = self.talks.get(at)?;
        let letter = Letter {
            from: "Mail Delivery Subsystem <mailer-daemon@mail.example>".to_owned(),
            to: vec![talk.user.clone()],
            subject: "Delivery Status Notification (Failure)".to_owned(),
            text: format!("Your message wasn't delivered to {}.", talk.contact),
            id,
            headers: vec![("X-Failed-Recipients".to_owned(), talk.contact.clone())],
            failed: Some(talk.contact.clone()),
            ..letter
        };
        people.mail(&talk.user, &letter, &["INBOX", "UNREAD"]);
        Some(())
    }

    fn newsletter(&mut self, people: People<'_>) -> Option<()> {
        let users = people.users();
        let user = self.dice.pick(&users)?;
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let letter = Letter {
            from: "News <news@letters.example>".to_owned(),
            to: vec![user.clone()],
            subject: "This week in sales".to_owned(),
            text: "Ten tips.".to_owned(),
            id: self.id("letters.example"),
            headers: vec![
                header("List-Id", "<news.letters.example>"),
                header("List-Unsubscribe", "<https://letters.example/off>"),
                header("Precedence", "bulk"),
            ],
            ..Letter::default()
        };
        people.mail(user, &letter, &["INBOX", "CATEGORY_PROMOTIONS", "UNREAD"]);
        Some(())
    }

    fn internal(&mut self, people: People<'_>) -> Option<()> {
        let users = people.users();
        let (from, to) = (self.dice.pick(&users)?, self.dice.pick(&users)?);
        let letter = Letter {
            from: from.clone(),
            to: vec![to.clone()],
            subject: "Lunch?".to_owned(),
            text: "At twelve?".to_owned(),
            id: self.id("sandbox.test"),
            ..Letter::default()
        };
        people.mail(from, &letter, &["SENT"]);
        people.mail(to, &letter, &["INBOX"]);
        Some(())
    }

    fn book(&mut self, pair: &Pair, people: People<'_>, now: i64) -> Option<()> {
        let start = (now / HOUR + self.dice.between(-40, 200)) * HOUR;
        let answer = self.dice.pick(&["accepted", "accepted", "needsAction", "declined"]).copied()?;
        let booking = Booking {
            summary: format!("{}: next steps", pair.deal),
            start,
            minutes: 30,
            attendees: vec![
                (pair.user.clone(), "accepted".to_owned()),
                (pair.contact.clone(), answer.to_owned()),
            ],
            rule: self.dice.chance(60).then(|| "RRULE:FREQ=WEEKLY;COUNT=4".to_owned()),
            ..Booking::default()
        };
        let id = people.book(&pair.user, &pair.user, &booking);
        if booking.rule.is_none() && !id.is_empty() {
            self.meetings.push((pair.user.clone(), id));
        }
        Some(())
    }
}

/// A deal that is open, with its owner's address and that of one of its contacts.
fn pair(dice: &mut Dice, sandbox: &Sandbox) -> Option<Pair> {
    let users = sandbox.google().users();
    // Only those who have a mailbox write.
    let writers: BTreeSet<String> = sandbox.read(|state| {
        let known = state.owners.iter().filter(|(_, owner)| users.contains(&owner.email));
        known.map(|(id, _)| id.to_string()).collect()
    });
    let owner = |deal: &u64| sandbox.value(Kind::Deal, *deal, "hubspot_owner_id");
    let mut deals = sandbox.ids(Kind::Deal);
    deals.retain(|deal| owner(deal).is_some_and(|owner| writers.contains(&owner)));
    let deal = dice.pick(&deals).copied()?;
    let stage = sandbox.value(Kind::Deal, deal, "dealstage")?;
    if stage.starts_with("closed") {
        return None;
    }
    let owner = sandbox.value(Kind::Deal, deal, "hubspot_owner_id")?;
    let (user, contact) = sandbox.read(|state| {
        let user = owner.parse().ok().and_then(|id: u64| state.owners.get(&id)).map(|o| o.email.clone());
        let mut linked = state.graph.from((Kind::Deal, deal)).filter(|((to, _), _)| *to == Kind::Contact);
        (user, linked.next().map(|((_, id), _)| id))
    });
    let contact = sandbox.value(Kind::Contact, contact?, "email").filter(|email| !email.is_empty())?;
    let user = user.filter(|user| users.contains(user))?;
    Some(Pair { user, contact, deal: sandbox.value(Kind::Deal, deal, "dealname").unwrap_or_default() })
}

impl Sandbox {
    /// Mailboxes for all owners of the team, with what `count` mails and meetings of the past month left in
    /// them. What is made isn't journalled.
    pub fn populate_mail(&self, count: usize) {
        let owners: Vec<String> = self
            .read(|state| state.owners.values().filter(|o| !o.archived).map(|o| o.email.clone()).collect());
        for address in &owners {
            self.google().add_user(address);
        }
        let (now, seed) = (self.now(), self.seed());
        let mut story = Story::new(seed.wrapping_add(1));
        // Ids must differ from those that the living story gives.
        story.made = 1 << 32;
        let step = 30 * 24 * HOUR / i64::try_from(count.max(1)).unwrap_or(1);
        for n in 0..count {
            let at = now - 30 * 24 * HOUR + step * i64::try_from(n).unwrap_or(0);
            story.go_on(self, self.google_before(at), at);
        }
    }
}
