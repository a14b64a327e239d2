//! Activities to be linked, with everything that they may belong to: a handful of queries per batch.

use super::{around, commit, note};
use crate::{
    Unrelated,
    sqlite::{fail::Outcome, id, known::match_code, most as limit, record, word},
};
use model::{
    Canonical, DealOutcome, Field, Id, Kind, MatchKey, Timestamp,
    work::{ActivityView, Direction, KnownContact, KnownDeal, Mate, Standing, relation},
};
use rusqlite::{Connection, types::Value as Sql};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

/// Most mails of a conversation that one of them is shown with.
const MATES: usize = 200;

/// Queued activities that are due.
pub(super) fn unrelated(db: &Connection, now: Timestamp, most: usize) -> Outcome<Unrelated> {
    let mut look = db
        .prepare_cached("SELECT record, mark FROM unrelated WHERE due <= ?1 ORDER BY due, record LIMIT ?2")?;
    let mut rows = look.query((now.as_millis(), limit(most)))?;
    let mut marks: Vec<(Id, i64)> = Vec::new();
    while let Some(row) = rows.next()? {
        marks.push((id(row, 0)?, row.get(1)?));
    }
    if marks.is_empty() {
        let mut next = db.prepare_cached("SELECT min(due) FROM unrelated")?;
        let next: Option<i64> = next.query_row([], |row| row.get(0))?;
        return Ok(Unrelated { views: Vec::new(), next: next.map(Timestamp::from_millis) });
    }
    let ids: Vec<Id> = marks.iter().map(|(id, _)| *id).collect();
    let mut views = views(db, &ids)?;
    let marked = marks.into_iter().filter_map(|(id, mark)| views.remove(&id).map(|view| (view, mark)));
    Ok(Unrelated { views: marked.collect(), next: None })
}

fn views(db: &Connection, ids: &[Id]) -> Outcome<HashMap<Id, ActivityView>> {
    let mut records = record::read(db, Kind::Email, ids)?;
    let rest: Vec<Id> = ids.iter().copied().filter(|id| !records.contains_key(id)).collect();
    records.extend(record::read(db, Kind::Meeting, &rest)?);
    let around = Around::read(db, ids, &records)?;
    let mut conversations = conversations(db, records.values().filter(|one| one.kind == Kind::Email))?;
    let mut before = before(db, ids)?;
    let view = |(id, record): (Id, Canonical)| {
        let Canonical { kind, fields, gone, .. } = record;
        let stated = around.stated.get(&id).cloned().unwrap_or_default();
        let contacts = around.contacts(&fields, &stated);
        let companies = around.companies(&fields);
        let deals = around.deals(id, &stated, &contacts, &companies);
        let conversation = conversations.remove(&id).unwrap_or_default();
        let before = before.remove(&id);
        (
            id,
            ActivityView {
                record: id,
                kind,
                fields,
                gone,
                stated,
                contacts,
                companies,
                deals,
                conversation,
                before,
            },
        )
    };
    Ok(records.into_iter().map(view).collect())
}

/// Who and what stands around a batch of activities.
struct Around {
    /// By the CRM's own word.
    stated: HashMap<Id, Vec<(Kind, Id)>>,
    by_address: HashMap<Box<str>, Vec<Id>>,
    by_domain: HashMap<Box<str>, Vec<Id>>,
    contacts: HashMap<Id, Canonical>,
    living_companies: BTreeSet<Id>,
    /// Companies of contacts.
    employers: HashMap<Id, Vec<(Kind, Id)>>,
    deals: BTreeMap<Id, Canonical>,
    /// Contacts and companies of deals.
    parties: HashMap<Id, Vec<(Kind, Id)>>,
    /// Activities that are certainly a deal's, the two newest.
    active: HashMap<Id, Vec<(Timestamp, Id)>>,
}

impl Around {
    fn read(db: &Connection, ids: &[Id], records: &HashMap<Id, Canonical>) -> Outcome<Self> {
        let stated = around::stated(db, ids, &[Kind::Deal, Kind::Contact, Kind::Company])?;
        let spoken: BTreeSet<&str> =
            records.values().flat_map(|one| relation::addresses(&one.fields)).collect();
        let hosts: BTreeSet<&str> = spoken
            .iter()
            .filter_map(|one| one.rsplit_once('@'))
            .flat_map(|(_, host)| domains(host))
            .collect();
        let weaker: Vec<Box<str>> = spoken.iter().filter_map(|one| model::address::weaker(one)).collect();
        let either = spoken.iter().copied().chain(weaker.iter().map(AsRef::as_ref)).collect();
        let by_address = keyed(db, &MatchKey::Email("".into()), &either)?;
        let by_domain = keyed(db, &MatchKey::Domain("".into()), &hosts)?;
        let said = |kind: Kind| {
            let all = stated.values().flatten();
            all.filter(move |(of, _)| *of == kind).map(|(_, id)| *id)
        };
        let people: BTreeSet<Id> =
            by_address.values().flatten().copied().chain(said(Kind::Contact)).collect();
        let people: Vec<Id> = people.into_iter().collect();
        let mut contacts = record::read(db, Kind::Contact, &people)?;
        contacts.retain(|_, contact| contact.gone.is_none());
        let employers = around::stated(db, &people, &[Kind::Company])?;
        let firms: BTreeSet<Id> = by_domain
            .values()
            .flatten()
            .copied()
            .chain(said(Kind::Company))
            .chain(employers.values().flatten().map(|(_, id)| *id))
            .collect();
        let firms: Vec<Id> = firms.into_iter().collect();
        let companies = record::read(db, Kind::Company, &firms)?;
        let living_companies = companies.into_values().filter(|one| one.gone.is_none()).map(|one| one.id);
        let both: Vec<Id> = people.iter().chain(&firms).copied().collect();
        let named = around::named(db, &both, &[Kind::Deal])?;
        let deals: BTreeSet<Id> =
            named.values().flatten().map(|(_, id)| *id).chain(said(Kind::Deal)).collect();
        let deals: Vec<Id> = deals.into_iter().collect();
        let parties = around::stated(db, &deals, &[Kind::Contact, Kind::Company])?;
        let active = active(db, &deals)?;
        let deals = record::read(db, Kind::Deal, &deals)?.into_iter().filter(|(_, deal)| deal.gone.is_none());
        Ok(Self {
            stated,
            by_address,
            by_domain,
            contacts,
            living_companies: living_companies.collect(),
            employers,
            deals: deals.collect(),
            parties,
            active,
        })
    }

    fn contacts(&self, fields: &model::Fields, stated: &[(Kind, Id)]) -> Vec<KnownContact> {
        let mut found: BTreeMap<Id, BTreeSet<Box<str>>> = BTreeMap::new();
        for address in relation::addresses(fields) {
            let weaker = || self.by_address.get(&*model::address::weaker(address)?);
            for id in self.by_address.get(address).or_else(weaker).into_iter().flatten() {
                found.entry(*id).or_default().insert(address.into());
            }
        }
        for (_, id) in stated.iter().filter(|(kind, _)| *kind == Kind::Contact) {
            found.entry(*id).or_default();
        }
        let known = |(id, addresses): (Id, BTreeSet<Box<str>>)| {
            let contact = self.contacts.get(&id)?;
            let status = contact.fields.text(Field::LeadStatus);
            let companies = self.employers.get(&id).into_iter().flatten().map(|(_, company)| *company);
            Some(KnownContact {
                id,
                addresses: addresses.into_iter().collect(),
                lead: status.is_some_and(|status| !status.is_empty()),
                companies: companies.filter(|company| self.living_companies.contains(company)).collect(),
            })
        };
        found.into_iter().filter_map(known).collect()
    }

    fn companies(&self, fields: &model::Fields) -> Vec<(Box<str>, Id)> {
        let hosts = relation::addresses(fields).filter_map(|one| one.rsplit_once('@'));
        let domains: BTreeSet<&str> = hosts.flat_map(|(_, host)| domains(host)).collect();
        let of = |domain: &str| {
            let ids = self.by_domain.get(domain).into_iter().flatten();
            let living = ids.filter(|id| self.living_companies.contains(id));
            living.map(|id| (Box::from(domain), *id)).collect::<Vec<_>>()
        };
        domains.into_iter().flat_map(of).collect()
    }

    /// The living deals of those contacts and companies, and those that the CRM names.
    fn deals(
        &self,
        activity: Id,
        stated: &[(Kind, Id)],
        contacts: &[KnownContact],
        companies: &[(Box<str>, Id)],
    ) -> Vec<KnownDeal> {
        let firms: BTreeSet<Id> = companies
            .iter()
            .map(|(_, id)| *id)
            .chain(contacts.iter().flat_map(|one| one.companies.iter().copied()))
            .collect();
        let concerned = |kind: Kind, id: &Id| match kind {
            Kind::Contact => contacts.iter().any(|one| one.id == *id),
            _ => firms.contains(id),
        };
        let mut found = Vec::new();
        for (id, deal) in &self.deals {
            let parties = self.parties.get(id).map_or(&[][..], Vec::as_slice);
            if stated.contains(&(Kind::Deal, *id)) || parties.iter().any(|(kind, id)| concerned(*kind, id)) {
                found.push(self.deal(activity, deal, parties));
            }
        }
        found
    }

    fn deal(&self, activity: Id, deal: &Canonical, parties: &[(Kind, Id)]) -> KnownDeal {
        let created = deal.fields.time(Field::CreatedAt);
        let alive = self.active.get(&deal.id).into_iter().flatten();
        let alive = alive.filter(|(_, other)| *other != activity).map(|(at, _)| *at);
        let of = |kind: Kind| parties.iter().filter(move |(of, _)| *of == kind).map(|(_, id)| *id).collect();
        KnownDeal {
            id: deal.id,
            open: deal.fields.outcome() == DealOutcome::Open,
            created,
            closes: deal.fields.time(Field::CloseDate),
            active: alive.chain(deal.stage_since).chain(created).max().unwrap_or_default(),
            contacts: of(Kind::Contact),
            companies: of(Kind::Company),
        }
    }
}

/// A host and the domains above it, down to two labels.
fn domains(host: &str) -> impl Iterator<Item = &str> {
    let starts = std::iter::once(0).chain(host.match_indices('.').map(|(at, _)| at + 1));
    starts.filter_map(|at| host.get(at..)).filter(|domain| domain.contains('.'))
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Rc<Vec<Sql>> {
    Rc::new(texts.into_iter().map(|text| Sql::Text(text.to_owned())).collect())
}

/// Records by match keys of the same kind as `like`.
fn keyed(db: &Connection, like: &MatchKey, values: &BTreeSet<&str>) -> Outcome<HashMap<Box<str>, Vec<Id>>> {
    let mut found: HashMap<Box<str>, Vec<Id>> = HashMap::new();
    let mut statement = db.prepare_cached(
        "SELECT m.value, m.record FROM rarray(?2) AS k CROSS JOIN match_keys AS m
         ON m.kind = ?1 AND m.value = k.value ORDER BY m.value, m.record",
    )?;
    let mut rows = statement.query((match_code(like), texts(values.iter().copied())))?;
    while let Some(row) = rows.next()? {
        found.entry(row.get::<_, String>(0)?.into()).or_default().push(id(row, 1)?);
    }
    Ok(found)
}

/// The two newest activities that are certainly each deal's: one may be the activity in question.
fn active(db: &Connection, deals: &[Id]) -> Outcome<HashMap<Id, Vec<(Timestamp, Id)>>> {
    let mut statement = db.prepare_cached(
        "SELECT at, activity FROM activity_links WHERE record = ?1 AND NOT ambiguous
         ORDER BY at DESC, activity DESC LIMIT 2",
    )?;
    let mut found = HashMap::with_capacity(deals.len());
    for deal in deals {
        let read = |row: &rusqlite::Row<'_>| Ok((Timestamp::from_millis(row.get(0)?), id(row, 1)?));
        let newest = statement.query_and_then([deal.to_string()], read)?.collect::<Outcome<Vec<_>>>()?;
        found.insert(*deal, newest);
    }
    Ok(found)
}

/// What was decided on activities before.
fn before(db: &Connection, ids: &[Id]) -> Outcome<HashMap<Id, Standing>> {
    let mut found = HashMap::new();
    let mut look = db.prepare_cached(
        "SELECT a.record, a.direction FROM rarray(?1) AS k CROSS JOIN activities AS a ON a.record = k.value",
    )?;
    let mut rows = look.query([record::keys(ids)])?;
    while let Some(row) = rows.next()? {
        let direction: Direction = word(row, 1)?;
        found.insert(id(row, 0)?, Standing { direction, links: Vec::new() });
    }
    let mut links = db.prepare_cached(
        "SELECT l.record, l.kind, l.how, l.ambiguous, l.activity
         FROM rarray(?1) AS k CROSS JOIN activity_links AS l ON l.activity = k.value
         ORDER BY l.activity, l.record",
    )?;
    let mut rows = links.query([record::keys(ids)])?;
    while let Some(row) = rows.next()? {
        if let Some(standing) = found.get_mut(&id(row, 4)?) {
            standing.links.push(commit::link(row)?);
        }
    }
    Ok(found)
}

/// What a mail can share with others of its conversation.
fn shared(mail: &Canonical) -> impl Iterator<Item = &str> {
    let sources = mail.sources.iter().map(|source| &source.fields).chain([&mail.fields]);
    mail.fields.text(Field::MessageId).into_iter().chain(sources.flat_map(note::conversation))
}

/// The mails of each mail's conversation that were linked already.
fn conversations<'r>(
    db: &Connection,
    mails: impl Iterator<Item = &'r Canonical> + Clone,
) -> Outcome<HashMap<Id, Vec<Mate>>> {
    let keys: BTreeSet<&str> = mails.clone().flat_map(shared).collect();
    let mut by_key = keyed(db, &MatchKey::Message("".into()), &keys)?;
    let mut refer = db.prepare_cached(
        "SELECT r.key, r.record FROM rarray(?1) AS k CROSS JOIN mail_refs AS r ON r.key = k.value",
    )?;
    let mut rows = refer.query([texts(keys)])?;
    while let Some(row) = rows.next()? {
        by_key.entry(row.get::<_, String>(0)?.into()).or_default().push(id(row, 1)?);
    }
    let mut mates_of: Vec<(Id, BTreeSet<Id>)> = Vec::new();
    for mail in mails {
        let same = shared(mail).filter_map(|key| by_key.get(key)).flatten().copied();
        mates_of.push((mail.id, same.filter(|id| *id != mail.id).take(MATES).collect()));
    }
    let all: BTreeSet<Id> = mates_of.iter().flat_map(|(_, mates)| mates.iter().copied()).collect();
    let known = mates(db, &all.into_iter().collect::<Vec<_>>())?;
    let of = |ids: BTreeSet<Id>| ids.iter().filter_map(|id| known.get(id).cloned()).collect();
    Ok(mates_of.into_iter().map(|(mail, ids)| (mail, of(ids))).collect())
}

/// Mails that were linked, with the deals that are certainly theirs.
fn mates(db: &Connection, ids: &[Id]) -> Outcome<HashMap<Id, Mate>> {
    let mut found = HashMap::new();
    let mut look = db.prepare_cached(
        "SELECT a.record, a.at FROM rarray(?1) AS k CROSS JOIN activities AS a ON a.record = k.value",
    )?;
    let mut rows = look.query([record::keys(ids)])?;
    while let Some(row) = rows.next()? {
        let (record, at) = (id(row, 0)?, Timestamp::from_millis(row.get(1)?));
        found.insert(record, Mate { record, at, deals: Vec::new(), contacts: Vec::new() });
    }
    let mut links = db.prepare_cached(
        "SELECT l.activity, l.kind, l.record FROM rarray(?1) AS k
         CROSS JOIN activity_links AS l ON l.activity = k.value
         WHERE l.kind = 'contact' OR (l.kind = 'deal' AND NOT l.ambiguous
               AND EXISTS (SELECT 1 FROM deals AS d WHERE d.id = l.record AND d.gone IS NULL))
         ORDER BY l.activity, l.record",
    )?;
    let mut rows = links.query([record::keys(ids)])?;
    while let Some(row) = rows.next()? {
        let Some(mate) = found.get_mut(&id(row, 0)?) else { continue };
        let ends = if word::<Kind>(row, 1)? == Kind::Deal { &mut mate.deals } else { &mut mate.contacts };
        ends.push(id(row, 2)?);
    }
    Ok(found)
}
