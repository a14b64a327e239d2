//! Every metric once more, in SQL.

use super::world::{DAY, NOW, World};
use engine::metrics::Metric;
use rusqlite::Connection;

/// The tables that the queries stand on.
pub fn prepare(world: &World) {
    let sql = include_str!("plain.sql").replace(":now", &NOW.to_string()).replace(":day", &DAY.to_string());
    world.db.execute_batch(&sql).unwrap();
}

/// Value and cases of a metric for an agent.
pub fn figure(db: &Connection, metric: Metric, agent: &str) -> (Option<f64>, u64) {
    let sql = query(metric)
        .replace("WEEK", &format!("> {} AND at <= {NOW}", NOW - 7 * DAY))
        .replace("QUARTER", &format!("> {} AND at <= {NOW}", NOW - 90 * DAY))
        .replace(":now", &NOW.to_string())
        .replace(":day", &DAY.to_string())
        .replace(":agent", &format!("'{agent}'"));
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?));
    let (value, cases) = db.query_row(&sql, (), read).unwrap_or_else(|error| panic!("{sql}: {error}"));
    (value, u64::try_from(cases).unwrap())
}

/// Cases of a metric that were left out because nobody knows what their money is worth.
pub fn left_out(db: &Connection, metric: Metric, agent: &str) -> u64 {
    let from = match metric {
        Metric::AverageDealSize => deals_with_a_proposal("currency = 'CHF' AND amount IS NOT NULL"),
        Metric::AverageDiscount => discounts("was <> got AND 'CHF' IN (was, got)"),
        _ => return 0,
    };
    let sql = format!("SELECT count(*) FROM ({from})")
        .replace("QUARTER", &format!("> {} AND at <= {NOW}", NOW - 90 * DAY))
        .replace(":agent", &format!("'{agent}'"));
    u64::try_from(db.query_row(&sql, (), |row| row.get::<_, i64>(0)).unwrap()).unwrap()
}

fn count(from: &str) -> String {
    format!("SELECT CAST(count(*) AS REAL), count(*) FROM {from}")
}

fn mean(x: &str, from: &str) -> String {
    format!("SELECT avg({x}), count(*) FROM {from}")
}

fn median(x: &str, from: &str) -> String {
    format!(
        "SELECT avg(x), coalesce(max(c), 0) FROM (SELECT x, row_number() OVER (ORDER BY x) AS r, count(*) OVER () AS c
           FROM (SELECT {x} AS x FROM {from})) WHERE r IN ((c + 1) / 2, (c + 2) / 2)"
    )
}

/// Whose a deal is in a stage.
fn owned(id: &str, stage: &str, primary: &str) -> String {
    format!(
        "coalesce((SELECT agent FROM owner WHERE record = {id} AND stage = '{stage}'), '{primary}') = :agent"
    )
}

fn leavings(stage: &str, primary: &str) -> String {
    format!("leavings WHERE stage = '{stage}' AND at QUARTER AND {}", owned("id", stage, primary))
}

fn proposals(window: &str) -> String {
    format!(
        "(SELECT p.id, p.sent AS at, d.amount_minor AS amount, d.amount_currency AS currency
          FROM proposed AS p LEFT JOIN deals AS d ON d.id = p.id) WHERE at {window} AND {}",
        owned("id", "proposal", "WAKE.QUOTEFORGE")
    )
}

fn deals_with_a_proposal(which: &str) -> String {
    format!(
        "SELECT amount * CASE currency WHEN 'EUR' THEN 1.1 ELSE 1 END / 100.0 AS x FROM {} AND {which}",
        proposals("QUARTER")
    )
}

/// Amounts at the proposal and at the end, of deals won.
fn discounts(which: &str) -> String {
    let money = |part: &str| {
        format!(
            "CASE WHEN EXISTS (SELECT 1 FROM prices AS p WHERE p.id = c.id AND p.at > q.at) THEN
               (SELECT data -> '$.fields[0][1].money' ->> '{part}' FROM prices AS p
                WHERE p.id = c.id AND p.at > q.at ORDER BY p.at LIMIT 1)
             ELSE c.amount_{part} END"
        )
    };
    format!(
        "SELECT * FROM (SELECT c.at, {} AS asked, {} AS was, c.amount_minor AS paid, c.amount_currency AS got
           FROM closed AS c JOIN (
             SELECT d.id, coalesce(
               (SELECT sent FROM proposed WHERE proposed.id = d.id),
               (SELECT at FROM entries WHERE entries.id = d.id AND stage = 'proposal')) AS at FROM deals AS d
           ) AS q ON q.id = c.id AND q.at IS NOT NULL
           WHERE c.outcome = 'won' AND c.agent = :agent AND c.at QUARTER AND c.amount_minor IS NOT NULL)
         WHERE asked IS NOT NULL AND {which}",
        money("minor"),
        money("currency"),
    )
    .replace("c.at QUARTER", &format!("c.at > {} AND c.at <= {NOW}", NOW - 90 * DAY))
}

const REACHED: &str = "(EXISTS (SELECT 1 FROM steps AS s WHERE s.id = c.id AND s.tn >= 6 AND NOT EXISTS (
      SELECT 1 FROM ends AS e WHERE e.id = s.id AND e.at = s.at AND e.o <> 'open'))
    OR EXISTS (SELECT 1 FROM steps AS s WHERE s.id = c.id AND s.fn >= 6
      AND s.at = (SELECT min(at) FROM steps AS f WHERE f.id = c.id)
      AND NOT EXISTS (SELECT 1 FROM ends AS e WHERE e.id = s.id AND e.at = s.at AND e.o = 'open'))
    OR (NOT EXISTS (SELECT 1 FROM steps AS s WHERE s.id = c.id) AND EXISTS (SELECT 1 FROM ends AS e WHERE e.id = c.id)
      AND (SELECT n FROM rank JOIN deals USING (stage) WHERE deals.id = c.id) >= 6))";

const QUALIFIED: &str = "CASE WHEN coalesce(
      (SELECT f FROM steps AS s WHERE s.id = c.id ORDER BY at LIMIT 1),
      (SELECT stage FROM deals WHERE deals.id = c.id)) = 'qualification' THEN c.created_at
    ELSE (SELECT at FROM entries WHERE entries.id = c.id AND stage = 'qualification') END";

const EXPANDED: &str = "SELECT avg(EXISTS (SELECT 1 FROM closed AS c
      WHERE c.company = b.company AND c.outcome = 'won' AND c.at > b.at AND c.at <= b.at + 365 * :day)), count(*)
    FROM (SELECT company, min(at) AS at FROM closed WHERE outcome = 'won' AND agent = :agent AND company IS NOT NULL
      AND at <= :now - 365 * :day AND at > :now - 455 * :day GROUP BY company) AS b";

const ANSWERED: &str = "SELECT avg(answered), count(*) FROM (SELECT x.who, EXISTS (
      SELECT 1 FROM touches AS t JOIN wrote AS w ON w.contact = t.who WHERE t.who = x.who AND t.agent = :agent
        AND t.at <= :now - 14 * :day AND t.at > :now - 104 * :day AND w.at > t.at AND w.at <= t.at + 14 * :day
    ) AS answered FROM touches AS x
    WHERE agent = :agent AND at <= :now - 14 * :day AND at > :now - 104 * :day GROUP BY who)";

fn query(metric: Metric) -> String {
    let reported = |name: &str, window: &str| {
        format!(
            "(SELECT status_at AS at, metrics ->> '{name}' AS x, holder FROM tasks WHERE metrics IS NOT NULL)
             WHERE at {window} AND holder = :agent"
        )
    };
    let done = |window: &str| {
        format!(
            "(SELECT *, ended_at AS at FROM tasks WHERE state = 'done') WHERE holder = :agent AND at {window}"
        )
    };
    match metric {
        Metric::OutreachPerWeek => count("touches WHERE agent = :agent AND at WEEK"),
        Metric::ResponseRate => ANSWERED.to_owned(),
        Metric::MeetingsBookedPerWeek => count("bookings WHERE agent = :agent AND at WEEK"),
        Metric::MeetingRate => "SELECT CASE WHEN t > 0 THEN b * 1.0 / t END, t FROM (SELECT
            (SELECT count(*) FROM bookings WHERE agent = :agent AND at QUARTER) AS b,
            (SELECT count(*) FROM touches WHERE agent = :agent AND at QUARTER) AS t)"
            .to_owned(),
        Metric::DiscoveryCallsPerWeek => count("calls WHERE agent = :agent AND at WEEK"),
        Metric::QualificationRate => mean("how = 'forward'", &leavings("qualification", "WAKE.LSHSALES")),
        Metric::DemoCompletion => mean("held", "demos WHERE agent = :agent AND at QUARTER"),
        Metric::ProposalRequests => mean(
            "EXISTS (SELECT 1 FROM steps AS s WHERE s.id = d.deal AND s.at >= d.at AND s.tn >= 5 AND s.fn < 5
               AND NOT EXISTS (SELECT 1 FROM ends AS e WHERE e.id = s.id AND e.at = s.at AND e.o = 'lost'))",
            "(SELECT deal, min(at) AS at FROM demos WHERE held AND agent = :agent AND at QUARTER
              AND deal IN (SELECT id FROM deals) GROUP BY deal) AS d",
        ),
        Metric::ProposalsPerWeek => count(&proposals("WEEK")),
        Metric::AverageDealSize => {
            let from = deals_with_a_proposal("currency <> 'CHF'");
            mean("x", &format!("({from})"))
        }
        Metric::ProposalAcceptance => {
            mean("how = 'forward'", &format!("{} AND how <> 'back'", leavings("proposal", "WAKE.QUOTEFORGE")))
        }
        Metric::TurnaroundHours => median(
            "(p.at - a.at) / 3600000.0",
            &format!(
                "(SELECT id, at FROM {}) AS p JOIN asked AS a ON a.id = p.id AND a.at <= p.at",
                proposals("QUARTER")
            ),
        ),
        Metric::WinRate => {
            mean("outcome = 'won'", &format!("closed AS c WHERE agent = :agent AND at QUARTER AND {REACHED}"))
        }
        Metric::AverageDiscount => {
            let worth = |amount: &str, currency: &str| {
                format!("({amount} * CASE WHEN was = got THEN 1 WHEN {currency} = 'EUR' THEN 1.1 ELSE 1 END)")
            };
            let (asked, paid) = (worth("asked", "was"), worth("paid", "got"));
            let from = discounts("asked > 0 AND (was = got OR 'CHF' NOT IN (was, got))");
            mean(&format!("({asked} - {paid}) * 1.0 / {asked}"), &format!("({from})"))
        }
        Metric::CycleDays => median(
            &format!("(at - ({QUALIFIED})) * 1.0 / :day"),
            &format!(
                "closed AS c WHERE outcome = 'won' AND agent = :agent AND at QUARTER AND {QUALIFIED} <= at"
            ),
        ),
        Metric::ExpansionRate => EXPANDED.to_owned(),
        Metric::TasksDonePerWeek => count(&done("WEEK")),
        Metric::OnTimeShare => mean("due IS NULL OR ended_at <= due", &done("QUARTER")),
        Metric::SuccessShare => mean("success", "outcomes WHERE agent = :agent AND at QUARTER"),
        Metric::MedianHoursToDone => median("(ended_at - assigned_at) / 3600000.0", &done("QUARTER")),
        Metric::Reach => format!("SELECT CAST(sum(x) AS REAL), count(*) FROM {}", reported("reach", "WEEK")),
        Metric::Followers => format!(
            "SELECT (SELECT CAST(x AS REAL) FROM {0} ORDER BY at DESC, x DESC LIMIT 1), (SELECT count(*) FROM {0})",
            reported("followers", "QUARTER")
        ),
        Metric::Engagement => mean("x", &format!("{} AND x IS NOT NULL", reported("engagement", "QUARTER"))),
        Metric::EngagementScore => {
            mean("x", &format!("{} AND x IS NOT NULL", reported("engagement_score", "QUARTER")))
        }
    }
}
