use crate::desk::{Desk, shared};
use sandbox::Kind;
use std::path::Path;

#[test]
fn the_public_data_set_loads_with_its_known_figures() {
    let Some(dir) = shared("sales/maven_crm", "loading the public CRM data set") else { return };
    let desk = Desk::plain();
    let loaded = desk.sandbox.load_csv(&dir).unwrap();
    assert_eq!((loaded.owners, loaded.companies, loaded.deals), (35, 85, 8800));
    let shot = desk.sandbox.snapshot();
    let in_stage =
        |stage: &str| shot.of_type(Kind::Deal).filter(|(_, d)| d.properties["dealstage"] == stage).count();
    assert_eq!((in_stage("closedwon"), in_stage("closedlost")), (4238, 2473));
    let won: f64 = shot
        .of_type(Kind::Deal)
        .filter(|(_, d)| d.properties["hs_is_closed_won"] == "true")
        .map(|(_, d)| d.properties["amount"].parse::<f64>().unwrap())
        .sum();
    assert!((won - 10_005_534.0).abs() < 0.5, "{won}");
    let alone = shot.of_type(Kind::Deal).filter(|(_, d)| !d.associations.contains_key("companies")).count();
    assert_eq!(alone, 1425);
}

fn folder(pipeline: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let accounts = "account,sector,year_established,revenue,employees,office_location,subsidiary_of\nAcme,tech,1996,1.5,20,Kenya,\n";
    std::fs::write(dir.path().join("accounts.csv"), accounts).unwrap();
    std::fs::write(
        dir.path().join("sales_teams.csv"),
        "sales_agent,manager,regional_office\nAnna Berg,Bo,East\n",
    )
    .unwrap();
    let head = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n";
    std::fs::write(dir.path().join("sales_pipeline.csv"), format!("{head}{pipeline}")).unwrap();
    dir
}

fn complaint(pipeline: &str) -> String {
    let dir = folder(pipeline);
    let error = Desk::plain().sandbox.load_csv(dir.path()).unwrap_err().to_string();
    Path::new(&error).file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_bad_line_is_named_with_its_file_and_number() {
    let good = "A1,Anna Berg,P,Acme,Won,2016-10-20,2017-03-01,10\n";
    assert!(Desk::plain().sandbox.load_csv(folder(good).path()).is_ok());
    for (line, expected) in [
        ("A2,Nobody,P,Acme,Won,,,", "sales_pipeline.csv:3: unknown sales agent \"Nobody\""),
        ("A2,Anna Berg,P,Bcme,Won,,,", "sales_pipeline.csv:3: unknown account \"Bcme\""),
        (
            "A2,Anna Berg,P,Acme,Winning,,,",
            "sales_pipeline.csv:3: deal_stage \"Winning\" is none of Prospecting, Engaging, Won, Lost",
        ),
        (
            "A2,Anna Berg,P,Acme,Won,20-10-2016,,",
            "sales_pipeline.csv:3: engage_date \"20-10-2016\" is not a date (YYYY-MM-DD)",
        ),
        (
            "A2,Anna Berg,P,Acme,Won,2016-10-20,,ten",
            "sales_pipeline.csv:3: close_value \"ten\" is not a number",
        ),
        (",Anna Berg,P,Acme,Won,,,", "sales_pipeline.csv:3: opportunity_id is empty"),
    ] {
        assert_eq!(complaint(&format!("{good}{line}\n")), expected);
    }
    assert!(complaint(&format!("{good}A2,Anna Berg\n")).starts_with("sales_pipeline.csv:3: CSV error"));
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = Desk::plain().sandbox.load_csv(dir.path()).unwrap_err();
    assert!(error.to_string().contains("sales_teams.csv:1:"), "{error}");
}
