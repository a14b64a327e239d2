use super::*;
use model::{DealOutcome, Kind, Mode, Stage, Timestamp, WriteKind};
use std::path::PathBuf;

fn read(text: &str) -> Result<Settings, Vec<String>> {
    Settings::read(Path::new("orchestrator.toml"), text)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn repository(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)
}

/// The example with its commented-out options (`#key` and `#[table]`, no space) switched on.
fn example_switched_on() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn the_example_equals_the_defaults() {
    assert_eq!(read(EXAMPLE).unwrap(), Settings::default());
}

#[test]
fn the_example_shows_a_connection_with_all_its_defaults() {
    let settings = read(&example_switched_on()).unwrap();
    let expected =
        Connection { id: "hubspot".to_owned(), vendor: "hubspot".to_owned(), ..Connection::default() };
    assert_eq!(settings.connection, [expected]);
}

#[test]
fn every_option_is_in_the_example() {
    // Given the keys of the schema, as they are generated from the types
    let schema = json_schema();
    let mut missing = Vec::new();
    let structs = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    for properties in structs.filter_map(|definition| definition["properties"].as_object()) {
        for key in properties.keys() {
            // Then each stands at the beginning of a line, or in the name of a table
            let named = EXAMPLE.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ']);
                line.starts_with(&format!("{key} ="))
                    || (line.starts_with('[')
                        && line.trim_matches(['[', ']']).split('.').any(|part| part == key))
            });
            if !named {
                missing.push(key.clone());
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_schema_in_the_repository_is_current() {
    let file = repository("config/orchestrator.schema.json");
    let text = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(stored == text, "run `UPDATE_SCHEMA=1 cargo test -p runtime schema` and commit the file");
}

#[test]
fn all_mistakes_are_told_at_once_with_line_key_and_suggestion() {
    let problems = read(
        "[organization]\nnmae = \"x\"\nzone = \"Mars/Olympus\"\n\n[[connection]]\nid = \"hubspot\"\nvendor = \"hubspot\"\nmode = \"autoo\"\nevery = \"often\"\ntoken = \"pat-1\"\n",
    );
    assert_eq!(
        problems.unwrap_err(),
        [
            "orchestrator.toml:2: organization.nmae: unknown key; did you mean \"name\"?",
            "orchestrator.toml:3: organization.zone: \"Mars/Olympus\" is not a time zone: write one such as Europe/Berlin",
            "orchestrator.toml:8: connection.hubspot.mode: unknown variant `autoo`, expected one of `observe`, `propose`, `auto`; did you mean \"auto\"?",
            "orchestrator.toml:9: connection.hubspot.every: \"often\" is neither a length of time (30s, 15m, 6h) nor a cron expression (`0 3 * * *`)",
            "orchestrator.toml:10: connection.hubspot.token: secrets are not kept in this file: `sales-orchestrator connect VENDOR` stores them",
        ]
    );
}

#[test]
fn a_text_that_is_no_toml_is_told_with_its_line() {
    let problems = read("[organization]\nname = \"x\n").unwrap_err();
    assert!(problems[0].starts_with("orchestrator.toml:2: "), "{problems:?}");
}

#[test]
fn lists_are_overlaid_by_id_and_maps_by_key() {
    // Given settings in which a connection is known already
    let mut settings = read("[[connection]]\nid = \"a\"\nvendor = \"odoo\"\nmode = \"auto\"\n[[connection]]\nid = \"b\"\nvendor = \"odoo\"\n").unwrap();
    // When a second layer speaks of both
    let text = "[[connection]]\nid = \"a\"\nreserve = 0.5\n[[connection]]\nid = \"b\"\nremove = true\n[matching.precedence]\nphone = [\"a\"]\n";
    let mut problems = Vec::new();
    let file = Path::new("second.toml");
    let table = DeTable::parse(text).unwrap();
    let node = toml::Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    settings.set(node, &mut Sink::new(file, text, &mut problems));
    // Then the first keeps what the second does not mention, and `remove` deletes
    assert_eq!(problems, []);
    let [a] = settings.connection.as_slice() else { panic!("{:?}", settings.connection) };
    assert_eq!((a.vendor.as_str(), a.mode, a.reserve), ("odoo", Mode::Auto, Share(0.5)));
    assert_eq!(settings.matching.precedence["phone"], ["a"]);
}

#[test]
fn a_connection_takes_streams_caps_stages_and_vendor_options() {
    let settings = read(
        r#"
[[connection]]
id = "crm"
vendor = "hubspot"
streams = ["deal", "contact"]
caps = { create_task = 5 }
every_stream = { deal = "0 3 * * *" }
options = { page = 50, properties = { budget = "hs_budget" } }
[[connection.stage]]
source = "default/demo"
stage = "demonstration"
[[connection.stage]]
source = "default/closedwon"
outcome = "won"
"#,
    )
    .unwrap();
    let crm = settings.connection(&ConnectionId::from("crm")).unwrap();
    assert_eq!(crm.streams, [Kind::Deal, Kind::Contact]);
    assert_eq!(crm.caps[&WriteKind::CreateTask], 5);
    assert_eq!(crm.every(Kind::Deal).to_string(), "0 3 * * *");
    assert_eq!(crm.every(Kind::Contact), &Every::seconds(30));
    assert_eq!(crm.stage_of("default/demo").unwrap().stage, Some(Stage::Demonstration));
    assert_eq!(crm.stage_of("default/closedwon").unwrap().outcome, DealOutcome::Won);
    assert_eq!(crm.options.0["properties"]["budget"], "hs_budget");
}

#[test]
fn what_belongs_together_is_checked_together() {
    let problems = read(
        "[[connection]]\nid = \"Hub Spot\"\nvendor = \"hubspot\"\n[[connection]]\nid = \"odoo\"\n[[connection.stage]]\nsource = \"demo\"\n[matching.precedence]\nphone = [\"odo\"]\nfone = [\"odoo\"]\n",
    )
    .unwrap_err();
    let told = |part: &str| assert!(problems.iter().any(|line| line.contains(part)), "{part}: {problems:#?}");
    told("an id is 1 to 40 of a-z");
    told("`vendor` is missing");
    told("named `pipeline/stage`");
    told("no connection is called \"odo\"; did you mean \"odoo\"?");
    told("matching.precedence.fone: no such field");
}

#[test]
fn a_file_that_was_named_must_exist_and_an_unnamed_one_need_not() {
    let missing = PathBuf::from("/nonexistent/orchestrator.toml");
    let optional = Paths { config: missing, required: false, data: None };
    assert_eq!(Settings::load(&optional).unwrap(), Settings::default());
    let named = Paths { required: true, ..optional };
    assert!(Settings::load(&named).unwrap_err()[0].to_string().contains("can't be read"));
}

#[test]
fn lengths_of_time_read_back_as_they_are_written() {
    for (text, seconds) in [("30s", 30), ("90d", 90 * 86_400), ("1h 30m", 5_400), ("0s", 0), ("1d", 86_400)] {
        let span: Span = text.parse().unwrap();
        assert_eq!((span.0.as_secs(), span.to_string().as_str()), (seconds, text));
    }
    assert_eq!("24h".parse::<Span>().unwrap(), "1d".parse().unwrap());
    for text in ["", "soon", "-5s", "5"] {
        assert!(text.parse::<Span>().is_err(), "{text:?}");
    }
}

#[test]
fn a_cron_expression_keeps_to_the_zone_over_a_change_of_clocks() {
    // Given three in the morning in Berlin, on the day before the clocks go forward
    let every: Every = "0 3 * * *".parse().unwrap();
    let Zone(berlin) = "Europe/Berlin".parse().unwrap();
    let before = Timestamp::parse("2026-03-28T02:00:00Z").unwrap();
    // When the next one is asked for
    let next = every.next_after(before, &berlin);
    // Then it is three by the new clock, 23 hours later
    assert_eq!(next, Timestamp::parse("2026-03-29T01:00:00Z").unwrap());
    assert_eq!(every.usual(next, &berlin), std::time::Duration::from_secs(86_400));
}

#[test]
fn a_route_says_who_is_told_of_what() {
    let settings = read(
        r#"
[[connection]]
id = "mail"
vendor = "smtp"
[[route]]
id = "big"
on = ["outcome_changed", "write_unknown"]
when = "deal.amount > 50000.0"
to = ["Desk@ours.example", "owner", "agent"]
via = "mail"
quiet = "20:00-07:00"
zone = "Europe/Berlin"
digest = "1h"
"#,
    )
    .unwrap();
    let [route] = settings.route.as_slice() else { panic!("{:?}", settings.route) };
    let to: Vec<String> = route.to.iter().map(ToString::to_string).collect();
    assert_eq!(to, ["desk@ours.example", "owner", "agent"]);
    assert_eq!(route.digest.to_string(), "1h");
    assert_eq!(route.quiet.unwrap().to_string(), "20:00-07:00");
    assert_eq!((route.dedupe, route.cap_per_hour, route.insist), (Span::seconds(1_800), 20, false));
}

#[test]
fn mistakes_in_a_route_are_told_with_what_was_meant() {
    let whole = |rest: &str| {
        let route = "[[connection]]\nid = \"mail\"\nvendor = \"smtp\"\n[[route]]\nid = \"r\"\n";
        read(&format!("{route}{rest}")).unwrap_err().join("\n")
    };
    let good = "on = [\"noticed\"]\nto = [\"owner\"]\nvia = \"mail\"\n";
    for (rest, told) in [
        ("on = [\"noticd\"]\nto = [\"owner\"]\nvia = \"mail\"\n", "did you mean \"noticed\"?"),
        ("on = [\"noticed\"]\nto = [\"ownr\"]\nvia = \"mail\"\n", "\"ownr\" is nobody"),
        (
            "on = [\"noticed\"]\nto = [\"owner\"]\nvia = \"mial\"\n",
            "orchestrator.toml:8: route.r.via: no connection is called \"mial\"; did you mean \"mail\"?",
        ),
        ("to = [\"owner\"]\nvia = \"mail\"\n", "`on` is missing"),
        ("on = [\"noticed\"]\nvia = \"mail\"\n", "`to` is missing"),
        ("on = [\"noticed\"]\nto = [\"owner\"]\n", "`via` is missing"),
        (&format!("{good}when = \"deal.amout > 1.0\"\n"), "did you mean \"deal.amount\"?"),
        (&format!("{good}quiet = \"8pm\"\n"), "write 20:00-07:00"),
        (&format!("{good}digest = \"often\"\n"), "nor \"off\""),
        (&format!("{good}cap_per_hour = 0\n"), "at least 1"),
        (&format!("{good}dedup = \"1h\"\n"), "did you mean \"dedupe\"?"),
    ] {
        assert!(whole(rest).contains(told), "{rest}: {}", whole(rest));
    }
}
