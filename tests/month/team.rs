//! Who works in the month: the shipped team, a second hand for each part of the sale, and how each behaves.

use engine::dice::Dice;

/// Agents that fetch their work themselves, with the capacities that the team was planned with; second hands with
/// little; office hours and days off.
pub const AGENTS: &str = r#"
[[agent]]
id = "AI.MARKET.INTEL"
reach = "inbox"

[[agent]]
id = "COMPETITIVE.INTEL"
reach = "inbox"

[[agent]]
id = "AI.REVENUE.ENGINE"
reach = "inbox"

[[agent]]
id = "AI.OUTREACH.AUTOMATION"
reach = "inbox"

[[agent]]
id = "AI.SOCIAL.REVENUE"
reach = "inbox"

[[agent]]
id = "COLDEMAIL"
reach = "inbox"

[[agent]]
id = "SOCIALMEDIA"
reach = "inbox"

[[agent]]
id = "GTM.LAUNCH"
reach = "inbox"

[[agent]]
id = "WAKE.SDRFORGE"
reach = "inbox"

[[agent]]
id = "WAKE.LSHSALES"
reach = "inbox"

[[agent]]
id = "WAKE.QUOTEFORGE"
reach = "inbox"

[[agent]]
id = "WAKE.CLOSESTACK"
reach = "inbox"

[[agent]]
id = "WAKE.ENTERPRISE"
reach = "inbox"

[[agent]]
id = "SECOND.SDR"
layer = "specialised"
role = "Outbound prospecting, second hand"
stages = ["lead_generation"]
capabilities = { prospect_list_building = 0.7, sequence_creation = 0.7, cold_outreach = 0.7, response_handling = 0.7, meeting_booking = 0.7 }
outputs = ["qualified_lead"]
capacity = { limit = 20, unit = "outreach", window = "week" }
handoff = { to = "WAKE.LSHSALES", when = "qualified_lead" }
reach = "inbox"

[[agent]]
id = "SECOND.SALES"
layer = "specialised"
role = "Core sales, second hand"
stages = ["qualification", "demonstration"]
capabilities = { discovery_call = 0.8, need_qualification = 0.8, demo_delivery = 0.8, pipeline_management = 0.8 }
outputs = ["qualified_opportunity"]
capacity = { limit = 3, unit = "deal", window = "concurrent" }
handoff = { to = "WAKE.QUOTEFORGE", when = "qualified_opportunity" }
hours = { zone = "Europe/Berlin", days = [1, 2, 3, 4, 5], from = "08:00", to = "18:00", off = ["2025-12-04", "2025-12-05", "2025-12-08", "2025-12-09"] }
reach = "inbox"

[[agent]]
id = "SECOND.QUOTE"
layer = "specialised"
role = "Proposals, second hand"
stages = ["proposal"]
capabilities = { scope_definition = 0.9, pricing_optimization = 0.9, proposal_creation = 0.9, roi_calculation = 0.5 }
outputs = ["proposal"]
capacity = { limit = 2, unit = "proposal", window = "week" }
handoff = { to = "WAKE.CLOSESTACK", when = "proposal_sent" }
reach = "inbox"

[[agent]]
id = "SECOND.CLOSER"
layer = "specialised"
role = "Closing, second hand"
stages = ["negotiation", "close"]
capabilities = { negotiation = 0.9, objection_handling = 0.9, contract_structuring = 0.9, close_management = 0.9 }
outputs = ["closed_deal"]
capacity = { limit = 1, unit = "negotiation", window = "concurrent" }
handoff = { external = "implementation", when = "deal_closed" }
reach = "inbox"
"#;

/// How an agent behaves: chances are per thousand tasks, times in minutes.
#[derive(Clone, Copy)]
pub struct Temper {
    pub id: &'static str,
    /// From accepting to done.
    pub takes: (u64, u64),
    /// Before it answers an offer.
    pub answers: (u64, u64),
    pub declines: u64,
    pub silent: u64,
    pub fails: u64,
    pub blocks: u64,
    pub escalates: u64,
    /// To whom it hands a deal in the middle of the work, and how often.
    pub hands_off: Option<(&'static str, u64)>,
    /// Hours of the month in which it is dead.
    pub dead: &'static [(u64, u64)],
}

const STEADY: Temper = Temper {
    id: "",
    takes: (30, 240),
    answers: (0, 0),
    declines: 0,
    silent: 0,
    fails: 0,
    blocks: 0,
    escalates: 0,
    hands_off: None,
    dead: &[],
};

/// Everybody who fetches work.
pub const CREW: [Temper; 17] = [
    Temper { id: "AI.MARKET.INTEL", takes: (15, 120), silent: 20, ..STEADY },
    Temper { id: "COMPETITIVE.INTEL", fails: 150, ..STEADY },
    Temper { id: "AI.REVENUE.ENGINE", declines: 40, takes: (60, 2_000), ..STEADY },
    Temper { id: "AI.OUTREACH.AUTOMATION", takes: (15, 120), dead: &[(200, 260)], ..STEADY },
    Temper { id: "AI.SOCIAL.REVENUE", takes: (600, 4_000), blocks: 200, ..STEADY },
    Temper { id: "COLDEMAIL", takes: (10, 90), fails: 15, ..STEADY },
    Temper { id: "SOCIALMEDIA", takes: (100, 900), ..STEADY },
    Temper { id: "GTM.LAUNCH", ..STEADY },
    // Slow to answer now and then, and gone for two days in the middle of its work.
    Temper {
        id: "WAKE.SDRFORGE",
        answers: (0, 35),
        declines: 15,
        fails: 10,
        blocks: 10,
        escalates: 5,
        dead: &[(300, 348)],
        ..STEADY
    },
    Temper {
        id: "WAKE.LSHSALES",
        takes: (120, 1_500),
        declines: 40,
        blocks: 40,
        escalates: 30,
        hands_off: Some(("SECOND.SALES", 60)),
        dead: &[(410, 500)],
        ..STEADY
    },
    Temper { id: "WAKE.QUOTEFORGE", takes: (120, 2_500), fails: 60, blocks: 40, silent: 60, ..STEADY },
    Temper {
        id: "WAKE.CLOSESTACK",
        takes: (200, 3_000),
        declines: 80,
        fails: 50,
        escalates: 60,
        hands_off: Some(("SECOND.CLOSER", 80)),
        ..STEADY
    },
    Temper { id: "WAKE.ENTERPRISE", takes: (600, 5_000), silent: 150, blocks: 100, ..STEADY },
    Temper { id: "SECOND.SDR", silent: 80, declines: 30, ..STEADY },
    Temper {
        id: "SECOND.SALES",
        takes: (200, 2_000),
        silent: 100,
        hands_off: Some(("WAKE.LSHSALES", 120)),
        ..STEADY
    },
    Temper { id: "SECOND.QUOTE", declines: 200, takes: (300, 3_000), ..STEADY },
    // Dies in the third week and is never heard of again.
    Temper { id: "SECOND.CLOSER", takes: (300, 3_000), silent: 100, dead: &[(480, 10_000)], ..STEADY },
];

/// Pauses by people: agent, from and to in hours of the month.
pub const PAUSES: [(&str, u64, u64); 3] =
    [("WAKE.SDRFORGE", 130, 178), ("WAKE.QUOTEFORGE", 360, 400), ("COLDEMAIL", 500, 530)];

/// True so many times in a thousand.
pub fn chance(dice: &mut Dice, per_mille: u64) -> bool {
    dice.below(1_000) < per_mille
}

/// From this to that, both included.
pub fn between(dice: &mut Dice, (from, to): (u64, u64)) -> u64 {
    from + dice.below(to - from + 1)
}
