//! One rule, one table.

use super::*;
use model::{
    Fields, GoneHow, Value,
    work::{KnownContact, KnownDeal, Mate},
};
use proptest::prelude::*;

const ANN: u128 = 101;
const BEN: u128 = 102;
const ACME: u128 = 201;
const DEAL: u128 = 301;
const OTHER: u128 = 302;
const MAIL: u128 = 900;

fn id(number: u128) -> Id {
    Id::v7(1_000, number)
}

fn day(number: i64) -> Timestamp {
    Timestamp::from_millis(number * 86_400_000)
}

fn policy() -> RelatePolicy {
    RelatePolicy {
        ours: Ours::new(["ours.example"], ["rep@gmail.com"]),
        shared_domains: ["gmail.com".into()].into(),
    }
}

fn mail(sender: &str, recipients: &[&str]) -> ActivityView {
    let fields: Fields = [
        (Field::Sender, Value::text(Some(sender))),
        (Field::Recipients, Value::list(recipients.iter().copied())),
        (Field::At, Value::Time(day(100))),
    ]
    .into_iter()
    .collect();
    ActivityView {
        record: id(MAIL),
        kind: Kind::Email,
        fields,
        gone: None,
        stated: Vec::new(),
        contacts: Vec::new(),
        companies: Vec::new(),
        deals: Vec::new(),
        conversation: Vec::new(),
        before: None,
    }
}

fn contact(number: u128, addresses: &[&str]) -> KnownContact {
    let addresses = addresses.iter().map(|one| Box::from(*one)).collect();
    KnownContact { id: id(number), addresses, lead: false, companies: Vec::new() }
}

fn deal(number: u128, contacts: &[u128], companies: &[u128]) -> KnownDeal {
    KnownDeal {
        id: id(number),
        open: true,
        created: Some(day(50)),
        closes: None,
        active: day(60),
        contacts: contacts.iter().map(|one| id(*one)).collect(),
        companies: companies.iter().map(|one| id(*one)).collect(),
    }
}

/// A mail of Ann's to us.
fn from_ann() -> ActivityView {
    ActivityView {
        contacts: vec![contact(ANN, &["ann@acme.com"])],
        ..mail("ann@acme.com", &["olga@ours.example"])
    }
}

fn decide(view: &ActivityView) -> Related {
    relate(view, &policy(), day(100))
}

/// (record, how, ambiguous) of the deals linked.
fn deals(view: &ActivityView) -> Vec<(Id, String, bool)> {
    let links = decide(view).standing.links.into_iter().filter(|link| link.kind == Kind::Deal);
    links.map(|link| (link.record, link.how.into_string(), link.ambiguous)).collect()
}

fn only(number: u128, how: &str) -> Vec<(Id, String, bool)> {
    vec![(id(number), how.to_owned(), false)]
}

#[test]
fn direction_is_told_by_who_wrote_and_who_is_outside() {
    for (sender, recipients, wanted) in [
        ("ann@acme.com", &["olga@ours.example"][..], Direction::Inbound),
        ("olga@ours.example", &["ann@acme.com"], Direction::Outbound),
        ("rep@gmail.com", &["ann@acme.com"], Direction::Outbound),
        ("olga@ours.example", &["pat@mail.ours.example"], Direction::Internal),
        ("olga@ours.example", &["pat@ours.example", "ann@acme.com"], Direction::Outbound),
        ("", &["ann@acme.com"], Direction::Outbound),
        ("", &[], Direction::Outbound),
    ] {
        assert_eq!(decide(&mail(sender, recipients)).standing.direction, wanted, "{sender} {recipients:?}");
    }
}

#[test]
fn people_are_known_by_address_and_we_are_nobody_s_contact() {
    // given a colleague whom the CRM also has as a contact
    let mut view = from_ann();
    view.contacts.push(contact(BEN, &["olga@ours.example"]));
    let links = decide(&view).standing.links;
    assert_eq!(links.len(), 1);
    assert_eq!((links[0].record, &*links[0].how), (id(ANN), "contact"));
    // a mail among ourselves belongs to nobody, whoever is a contact
    let view = ActivityView {
        contacts: vec![contact(BEN, &["olga@ours.example"])],
        companies: vec![("ours.example".into(), id(ACME))],
        deals: vec![deal(DEAL, &[BEN], &[ACME])],
        ..mail("olga@ours.example", &["pat@ours.example"])
    };
    assert_eq!(decide(&view).standing.links, []);
}

#[test]
fn a_company_is_known_by_its_registrable_domain_if_it_is_its_alone() {
    let linked = |sender: &str, companies: &[(&str, u128)]| {
        let companies =
            companies.iter().map(|(domain, company)| (Box::from(*domain), id(*company))).collect();
        let view = ActivityView { companies, ..mail(sender, &["olga@ours.example"]) };
        decide(&view).standing.links.iter().map(|link| link.record).collect::<Vec<_>>()
    };
    assert_eq!(linked("eve@mail.acme.co.uk", &[("acme.co.uk", ACME)]), [id(ACME)]);
    assert_eq!(linked("eve@acme.com", &[("acme.com", ACME), ("acme.com", ACME + 1)]), []);
    assert_eq!(linked("eve@gmail.com", &[("gmail.com", ACME)]), []);
}

#[test]
fn the_only_open_deal_of_the_contact_is_meant_else_that_of_the_company() {
    let with = |deals: Vec<KnownDeal>| ActivityView {
        companies: vec![("acme.com".into(), id(ACME))],
        deals,
        ..from_ann()
    };
    let closed = |number| KnownDeal { open: false, closes: Some(day(70)), ..deal(number, &[ANN], &[]) };
    assert_eq!(deals(&with(vec![deal(DEAL, &[ANN], &[ACME])])), only(DEAL, "contact"));
    assert_eq!(deals(&with(vec![closed(OTHER), deal(DEAL, &[ANN], &[])])), only(DEAL, "contact"));
    // the contact's deal goes before another one of the company
    assert_eq!(deals(&with(vec![deal(DEAL, &[ANN], &[]), deal(OTHER, &[], &[ACME])])), only(DEAL, "contact"));
    // nobody we know, but the company
    let stranger = ActivityView { contacts: Vec::new(), ..with(vec![deal(DEAL, &[], &[ACME])]) };
    assert_eq!(deals(&stranger), only(DEAL, "domain"));
    // a private address of somebody who works there
    let mut private = ActivityView { companies: Vec::new(), ..with(vec![deal(DEAL, &[], &[ACME])]) };
    private.contacts[0].companies = vec![id(ACME)];
    assert_eq!(deals(&private), only(DEAL, "company"));
    assert_eq!(deals(&with(vec![closed(OTHER)])), []);
}

#[test]
fn of_several_the_liveliest_is_taken_as_a_guess() {
    let two = vec![KnownDeal { active: day(90), ..deal(DEAL, &[ANN], &[]) }, deal(OTHER, &[ANN], &[])];
    let view = ActivityView { deals: two.clone(), ..from_ann() };
    assert_eq!(deals(&view), [(id(DEAL), "contact".to_owned(), true)]);
    // unless only one of them has everybody who took part
    let mut both = ActivityView { deals: two, ..from_ann() };
    both.contacts.push(contact(BEN, &["ben@acme.com"]));
    both.deals[1].contacts.push(id(BEN));
    assert_eq!(deals(&both), only(OTHER, "contact"));
}

#[test]
fn a_past_mail_belongs_to_the_deal_that_was_open_then() {
    let past =
        KnownDeal { open: false, created: Some(day(10)), closes: Some(day(40)), ..deal(OTHER, &[ANN], &[]) };
    let present = KnownDeal { created: Some(day(150)), ..deal(DEAL, &[ANN], &[]) };
    for (at, wanted) in [
        (5, Vec::new()),
        (20, only(OTHER, "contact")),
        (40, only(OTHER, "contact")),
        (41, Vec::new()),
        (61, only(DEAL, "contact")),
        (151, only(DEAL, "contact")),
    ] {
        let mut view = ActivityView { deals: vec![past.clone(), present.clone()], ..from_ann() };
        view.fields.set(Field::At, Value::Time(day(at)));
        assert_eq!(deals(&view), wanted, "day {at}");
    }
}

#[test]
fn a_conversation_stays_with_the_deal_of_its_earlier_mails() {
    let mate = |number, at, of: &[u128]| {
        let deals = of.iter().map(|one| id(*one)).collect();
        Mate { record: id(number), at: day(at), deals, contacts: Vec::new() }
    };
    let with =
        |conversation| ActivityView { deals: vec![deal(OTHER, &[ANN], &[])], conversation, ..from_ann() };
    assert_eq!(deals(&with(vec![mate(1, 90, &[DEAL])])), only(DEAL, "thread"));
    assert_eq!(deals(&with(vec![mate(1, 90, &[DEAL]), mate(2, 91, &[OTHER])])), only(OTHER, "thread"));
    assert_eq!(deals(&with(vec![mate(1, 90, &[DEAL]), mate(2, 91, &[])])), only(DEAL, "thread"));
    // what was written later says nothing: it may itself follow this mail
    assert_eq!(deals(&with(vec![mate(1, 101, &[DEAL])])), only(OTHER, "contact"));
    let several = deals(&with(vec![mate(1, 90, &[DEAL, OTHER])]));
    assert_eq!(several, [(id(OTHER), "thread".to_owned(), true)]);
}

#[test]
fn what_the_crm_links_goes_before_every_guess() {
    let view = ActivityView {
        stated: vec![(Kind::Deal, id(OTHER))],
        deals: vec![deal(DEAL, &[ANN], &[]), deal(OTHER, &[], &[])],
        conversation: vec![Mate { record: id(1), at: day(1), deals: vec![id(DEAL)], contacts: Vec::new() }],
        ..from_ann()
    };
    assert_eq!(deals(&view), only(OTHER, "crm"));
}

#[test]
fn newsletters_belong_to_nobody_and_other_machine_mail_shows_but_is_no_answer() {
    let automatic = |kind: &str| {
        let mut view = ActivityView { deals: vec![deal(DEAL, &[ANN], &[])], ..from_ann() };
        view.fields.set(Field::Automatic, Value::text(Some(kind)));
        decide(&view).standing.links.len()
    };
    assert_eq!(automatic("bulk"), 0);
    assert_eq!(automatic("auto_reply"), 2);
}

#[test]
fn a_bounce_marks_the_contact_whom_the_mail_did_not_reach_once() {
    let bounce = |failed: &[&str]| {
        let mut view = mail("mailer-daemon@mx.example", &["olga@ours.example"]);
        view.fields.set(Field::Automatic, Value::text(Some("bounce")));
        view.fields.set(Field::Failed, Value::list(failed.iter().copied()));
        view
    };
    let bounced = |related: &Related| {
        let of = |event: &Event| match &event.kind {
            EventKind::Bounced { address } => Some((event.subject, address.to_string())),
            _ => None,
        };
        related.events.iter().filter_map(of).collect::<Vec<_>>()
    };
    // given a notice that names the address
    let mut named =
        ActivityView { contacts: vec![contact(ANN, &["ann@acme.com"])], ..bounce(&["ann@acme.com"]) };
    let first = decide(&named);
    assert_eq!(bounced(&first), [(Some(id(ANN)), "ann@acme.com".to_owned())]);
    named.before = Some(first.standing);
    assert_eq!(bounced(&decide(&named)), []);
    // given one that only refers to the mail
    let mate =
        |number, at, who| Mate { record: id(number), at: day(at), deals: vec![], contacts: vec![id(who)] };
    let silent = ActivityView { conversation: vec![mate(1, 98, BEN), mate(2, 99, ANN)], ..bounce(&[]) };
    assert_eq!(bounced(&decide(&silent)), [(Some(id(ANN)), String::new())]);
    // a notice of delay is no bounce
    let mut delayed = named;
    (delayed.before, _) = (None, delayed.fields.set(Field::Automatic, Value::text(Some("delayed"))));
    assert_eq!(bounced(&decide(&delayed)), []);
}

#[test]
fn a_meeting_is_looked_at_again_when_it_is_over() {
    let mut view = ActivityView { kind: Kind::Meeting, ..from_ann() };
    view.fields.set(Field::EndAt, Value::Time(day(101)));
    assert_eq!(decide(&view).again, Some(day(101)));
    assert_eq!(relate(&view, &policy(), day(101)).again, None);
    assert_eq!(decide(&ActivityView { gone: Some(GoneHow::Deleted), ..view.clone() }).again, None);
    view.fields.set(Field::Status, Value::text(Some("cancelled")));
    assert_eq!(decide(&view).again, None);
}

#[test]
fn a_change_is_told_where_it_matters_and_both_deals_are_looked_at() {
    let mut view = ActivityView { deals: vec![deal(DEAL, &[ANN], &[])], ..from_ann() };
    view.contacts[0].lead = true;
    let first = decide(&view);
    assert_eq!((first.events.len(), &first.dirty), (2, &vec![id(ANN), id(DEAL)]));
    view.before = Some(first.standing);
    assert_eq!(decide(&view).events, []);
    // when it turns out to be another deal's
    view.stated = vec![(Kind::Deal, id(OTHER))];
    let moved = decide(&view);
    let told: Vec<_> = moved.events.iter().map(|event| event.subject).collect();
    assert_eq!(
        (told, moved.dirty),
        (vec![Some(id(DEAL)), Some(id(OTHER))], vec![id(ANN), id(DEAL), id(OTHER)])
    );
}

/// Views with a handful of people, companies and deals in every constellation.
fn any_view() -> impl Strategy<Value = ActivityView> {
    let address = prop::sample::select(vec![
        "ann@acme.com",
        "ben@acme.com",
        "eve@gmail.com",
        "olga@ours.example",
        "x@beta.org",
    ]);
    let ids = |from: u128| prop::collection::vec(from..from + 3, 0..3);
    let contacts = prop::collection::vec((ANN..ANN + 3, address.clone(), any::<bool>(), ids(ACME)), 0..3);
    let a_deal = (DEAL..DEAL + 4, any::<bool>(), ids(ANN), ids(ACME), 0_i64..200, 0_i64..200);
    let mate = (1_u128..4, 80_i64..120, ids(DEAL), ids(ANN));
    let stated = prop::collection::vec(prop_oneof![DEAL..DEAL + 2, ANN..ANN + 2], 0..2);
    let machine = prop::sample::select(vec!["", "bulk", "bounce", "auto_reply"]);
    (
        (address.clone(), prop::collection::vec(address, 0..4), machine),
        contacts,
        prop::collection::vec((prop::sample::select(vec!["acme.com", "beta.org"]), ACME..ACME + 3), 0..3),
        prop::collection::vec(a_deal, 0..4),
        prop::collection::vec(mate, 0..3),
        stated,
    )
        .prop_map(|((sender, to, machine), contacts, companies, some, mates, stated)| {
            let all = |ids: Vec<u128>| ids.into_iter().map(id).collect::<Vec<_>>();
            let mut view = mail(sender, &to);
            view.fields.set(Field::Automatic, Value::text(Some(machine)));
            view.fields.set(Field::Failed, Value::list(to));
            view.contacts = contacts
                .into_iter()
                .map(|(number, address, lead, firms)| KnownContact {
                    lead,
                    companies: all(firms),
                    ..contact(number, &[address])
                })
                .collect();
            view.companies = companies.into_iter().map(|(domain, firm)| (domain.into(), id(firm))).collect();
            view.deals = some
                .into_iter()
                .map(|(number, open, people, firms, created, closes)| KnownDeal {
                    open,
                    created: Some(day(created)),
                    closes: Some(day(closes)),
                    ..deal(number, &people, &firms)
                })
                .collect();
            view.conversation = mates
                .into_iter()
                .map(|(number, at, of, with)| Mate {
                    record: id(number),
                    at: day(at),
                    deals: all(of),
                    contacts: all(with),
                })
                .collect();
            let kind = |number| if number < ACME { Kind::Contact } else { Kind::Deal };
            view.stated = stated.into_iter().map(|number| (kind(number), id(number))).collect();
            view
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn to_relate_twice_is_to_relate_once(mut view in any_view()) {
        let first = decide(&view);
        view.before = Some(first.standing.clone());
        let second = decide(&view);
        prop_assert_eq!(&second.standing, &first.standing);
        prop_assert_eq!(second.events, vec![]);
        prop_assert!(first.standing.links.is_sorted_by(|a, b| a.record < b.record));
    }

    #[test]
    fn one_deal_at_most_is_chosen_and_it_is_among_those_shown(view in any_view()) {
        let stated = view.stated.iter().any(|(kind, _)| *kind == Kind::Deal);
        let chosen = deals(&view);
        if !stated {
            prop_assert!(chosen.len() <= 1);
            for (deal, how, _) in chosen {
                let by_thread = view.conversation.iter().any(|mate| mate.deals.contains(&deal));
                prop_assert!(how == "thread" && by_thread || view.deals.iter().any(|one| one.id == deal));
            }
        }
    }
}
