//! Records found by what people type: a name, an address, a domain, an id or its beginning, a deal by its company.

use super::{
    columns::table,
    fail::Outcome,
    links::{self, Streams},
    record, subject,
};
use model::{Canonical, Field, Id, Kind};
use rusqlite::Connection;

/// What stands between a company and its deal where both are shown, and what people write for it.
const DASHES: [&str; 3] = [" – ", " — ", " - "];
/// The shortest beginning of an id that is looked for.
const SHORTEST_ID: usize = 6;
/// Kinds that are searched, most wanted first.
const SEARCHED: [Kind; 4] = [Kind::Deal, Kind::Company, Kind::Contact, Kind::Owner];

pub(super) fn find(
    db: &Connection,
    kind: Option<Kind>,
    text: &str,
    most: usize,
) -> Outcome<Vec<(Id, Kind, String)>> {
    let found = by_words(db, kind, text, most)?;
    if found.is_empty() && kind.is_none_or(|kind| kind == Kind::Deal) {
        return deals_of_company(db, text, most);
    }
    Ok(found)
}

/// Deals by their company, as they are shown: `Company – Deal`, or the company alone.
fn deals_of_company(db: &Connection, text: &str, most: usize) -> Outcome<Vec<(Id, Kind, String)>> {
    let parts = DASHES.into_iter().find_map(|dash| text.split_once(dash));
    let (company, deal) = parts.map_or((text, ""), |(company, deal)| (company, deal.trim()));
    let companies: Vec<Id> =
        by_words(db, Some(Kind::Company), company, most)?.into_iter().map(|(id, ..)| id).collect();
    let streams = Streams::load(db)?;
    let mut deals = Vec::new();
    for living in links::living(db, &companies)?.values() {
        deals.extend(subject::around(db, &streams, living)?.remove(&Kind::Deal).unwrap_or_default());
    }
    let name = |record: &Canonical| record.fields.text(Field::Name).unwrap_or_default().to_owned();
    let mut found: Vec<_> = record::read(db, Kind::Deal, &deals)?
        .values()
        .filter(|record| record.gone.is_none())
        .map(|record| (record.id, Kind::Deal, name(record)))
        .filter(|(.., name)| name.to_lowercase().contains(&deal.to_lowercase()))
        .collect();
    found.sort_by(|a, b| (&a.2, a.0).cmp(&(&b.2, b.0)));
    found.truncate(most);
    Ok(found)
}

/// By name, address, domain, id or the beginning of an id.
fn by_words(
    db: &Connection,
    kind: Option<Kind>,
    text: &str,
    most: usize,
) -> Outcome<Vec<(Id, Kind, String)>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let mut found: Vec<(i64, Id, Kind, String)> = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|k| kind.map_or(SEARCHED.contains(k), |kind| kind == *k)) {
        let table = table(kind);
        let second =
            ["email", "domain"].into_iter().find(|name| table.columns.iter().any(|c| c.name == *name));
        let second = second.unwrap_or("name");
        let sql = format!(
            "SELECT CASE WHEN id = ?1 OR (?4 AND id LIKE ?2 || '%') THEN 0 WHEN lower(name) = lower(?1) OR {second} = lower(?1) THEN 1
                         WHEN name LIKE ?2 || '%' ESCAPE '\\' OR {second} LIKE ?2 || '%' ESCAPE '\\' THEN 2
                         ELSE 3 END + CASE WHEN gone IS NULL THEN 0 ELSE 4 END AS place,
                    id, coalesce(name, {second}, '')
             FROM {} WHERE id = ?1 OR (?4 AND id LIKE ?2 || '%') OR name LIKE '%' || ?2 || '%' ESCAPE '\\'
                OR {second} LIKE '%' || ?2 || '%' ESCAPE '\\'
             ORDER BY place, id LIMIT ?3",
            table.name
        );
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query((text, &escaped, super::most(most), begins_id(text)))?;
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, super::id(row, 1)?, kind, row.get(2)?));
        }
    }
    let place = |kind: Kind| SEARCHED.iter().position(|k| *k == kind);
    found.sort_by_key(|(rank, id, kind, _)| (*rank, place(*kind), *id));
    found.truncate(most);
    Ok(found.into_iter().map(|(_, id, kind, name)| (id, kind, name)).collect())
}

fn begins_id(text: &str) -> bool {
    text.len() >= SHORTEST_ID && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Ids of tasks, handoffs and escalations that begin so.
pub(super) fn ids(db: &Connection, beginning: &str, most: usize) -> Outcome<Vec<Id>> {
    if !begins_id(beginning) {
        return Ok(Vec::new());
    }
    let mut look = db.prepare_cached(
        "SELECT id FROM tasks WHERE id >= ?1 AND id < ?2
         UNION ALL SELECT id FROM handoffs WHERE id >= ?1 AND id < ?2
         UNION ALL SELECT id FROM escalations WHERE id >= ?1 AND id < ?2 LIMIT ?3",
    )?;
    // Ids are hexadecimal: what begins so lies before what goes on with a `g`.
    let end = format!("{beginning}g");
    look.query_and_then((beginning, end, super::most(most)), |row| super::id(row, 0))?.collect()
}
