use crate::desk::Desk;
use sandbox::team::{Size, WIDE};
use sandbox::world::{Move, Weights};
use sandbox::{Config, Kind, World};
use std::collections::BTreeSet;

fn populated(seed: u64) -> Desk {
    let desk = Desk::new(&Config::plain(seed));
    desk.sandbox.populate(&Size::small());
    desk
}

#[test]
fn a_team_is_what_was_ordered_and_hangs_together() {
    let desk = populated(3);
    let shot = desk.sandbox.snapshot();
    let counts = [Kind::Company, Kind::Contact, Kind::Deal, Kind::Task].map(|kind| shot.live(kind));
    assert_eq!(counts, [20, 50, 40, 30]);
    let stages: BTreeSet<&str> =
        shot.of_type(Kind::Deal).map(|(_, d)| d.properties["dealstage"].as_str()).collect();
    assert_eq!(stages.len(), 7, "deals stand in every stage: {stages:?}");
    assert!(shot.of_type(Kind::Deal).all(|(_, d)| d.associations.contains_key("companies")));
    assert!(desk.sandbox.journal().entries().is_empty(), "the beginning is no effect");
    assert_eq!(shot, populated(3).sandbox.snapshot(), "one seed, one team");
    assert_ne!(shot, populated(4).sandbox.snapshot());
}

#[test]
fn every_move_happens_and_one_seed_gives_one_history() {
    let run = || {
        let desk = populated(3);
        let mut world = World::new(&desk.sandbox, 11, Weights::default());
        let mut happened = Vec::new();
        for _ in 0..30 {
            desk.clock.advance(1000);
            happened.extend(world.step(20));
        }
        (happened, desk.sandbox.snapshot(), desk.sandbox.journal().entries().len())
    };
    let (happened, shot, entries) = run();
    let kinds: BTreeSet<Move> = happened.iter().map(|h| h.what).collect();
    assert_eq!((happened.len(), kinds.len()), (600, Move::ALL.len()), "{kinds:?}");
    assert!(entries >= 600);
    let (again, same, _) = run();
    assert_eq!((again, same), (happened, shot));
}

#[test]
fn moving_associations_moves_no_modified_date() {
    let desk = populated(3);
    let before: Vec<String> = modified(&desk);
    let mut world = World::new(&desk.sandbox, 1, Weights::only(&[Move::Associate, Move::Dissociate]));
    desk.clock.advance(60_000);
    assert_eq!(world.step(50).len(), 50);
    assert_eq!(modified(&desk), before);
}

fn modified(desk: &Desk) -> Vec<String> {
    let shot = desk.sandbox.snapshot();
    shot.of_type(Kind::Deal).map(|(_, d)| d.properties["hs_lastmodifieddate"].clone()).collect()
}

#[test]
fn an_empty_account_stands_still_instead_of_hanging() {
    let desk = Desk::plain();
    let mut world = World::new(&desk.sandbox, 1, Weights::only(&[Move::Win]));
    assert_eq!(world.step(5), []);
}

#[test]
fn the_snapshot_says_what_the_api_says() {
    let desk = populated(9);
    World::new(&desk.sandbox, 2, Weights::default()).step(300);
    let shot = desk.sandbox.snapshot();
    let listed: Vec<u64> = desk.get("/crm/v3/objects/deals?limit=100").ids();
    assert_eq!(listed.len(), shot.live(Kind::Deal));
    for id in listed {
        let body = desk
            .get(&format!("/crm/v3/objects/deals/{id}?properties=amount,dealstage,hubspot_owner_id"))
            .json();
        let deal = shot.get(Kind::Deal, id).unwrap();
        for (name, value) in body["properties"].as_object().unwrap() {
            assert_eq!(value.as_str(), deal.properties.get(name).map(String::as_str), "{id} {name}");
        }
    }
}

#[test]
fn a_wide_contact_has_36_properties_in_about_1300_bytes() {
    let desk = Desk::plain();
    desk.sandbox.populate(&Size::bench(200));
    let page = desk.get(&format!("/crm/v3/objects/contacts?limit=100&properties={}", WIDE.join(",")));
    let body = page.json();
    let first = body["results"][0]["properties"].as_object().unwrap();
    assert_eq!(first.values().filter(|v| v.is_string()).count(), 39, "36 and the three of the system");
    let size = page.body.len() / 100;
    assert!((1200..1400).contains(&size), "{size} bytes");
}
