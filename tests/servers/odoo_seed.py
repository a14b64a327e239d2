"""Loads a made-up sales team with its customers, deals, tasks, notes and meetings into an Odoo 19 by its JSON-2
API. The same every time: one fixed seed, no clock but the given day. Loading twice changes nothing.
usage: odoo_seed.py BASE_URL FILE_WITH_API_KEY
Prints what it made as one line of JSON. Compare with Odoo's own search_count, not with these numbers: the
database has demonstration data besides."""

import datetime
import json
import pathlib
import random
import sys
import urllib.error
import urllib.request

MARK = "SEEDED"
DAY = datetime.date(2026, 11, 2)
COMPANIES, CONTACTS, DEALS, TASKS, NOTES, MEETINGS = 240, 480, 340, 90, 60, 30
SELLERS = ["Ada Byron", "Bo Lindqvist", "Chidi Okafor", "Dolores Vega", "Emre Yilmaz"]
HEADS = "Amber Birch Cobalt Delta Ember Falcon Granite Harbor Iron Juniper Kestrel Larch Maple Nimbus Onyx".split()
TAILS = "Works Logistics Foods Systems Textiles Energy Clinics Media Tools Partners Labs Freight Optics".split()
FORMS = "Ltd GmbH Inc SARL Oy BV".split()
FIRST = "Aiko Bruno Carla Dmitri Élodie Farid Grace Håkon Inês José Karin Liam Mei Noor Olga Piotr Quinn Rosa".split()
LAST = "Abe Bauer Costa Dvořák Evans Fischer García Haddad Ito Jansen Kowalski Leroy Müller Novak O'Brien Park".split()
JOBS = ["Buyer", "Head of Operations", "CFO", "CTO", "Plant manager", "Office manager", "Founder"]
NEEDS = ["Licences", "Renewal", "Pilot", "Rollout", "Support contract", "Migration", "Training", "Upgrade"]
TODOS = ["Call the buyer", "Send the offer", "Check the budget", "Book a demonstration", "Ask for the decision date"]


class Odoo:
    def __init__(self, base, key):
        self.base, self.key = base, key

    def call(self, model, method, **arguments):
        request = urllib.request.Request(
            f"{self.base}/json/2/{model}/{method}",
            json.dumps(arguments).encode(),
            {"Authorization": f"bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            detail = json.loads(error.read() or b"{}").get("message", "")
            sys.exit(f"{model}.{method}: {error.code} {detail}")

    def create(self, model, rows, **context):
        return self.call(model, "create", vals_list=rows, context=context) if rows else []

    def one(self, model, domain):
        return self.call(model, "search", domain=domain, limit=1)[0]


def sellers(odoo):
    named = [["module", "=", "sales_team"], ["name", "=", "group_sale_salesman_all_leads"]]
    group = odoo.call("ir.model.data", "search_read", domain=named, fields=["res_id"])[0]["res_id"]
    rows = [
        {"name": name, "login": f"{name.split()[0].lower()}@sellers.example", "group_ids": [[4, group]]}
        for name in SELLERS
    ]
    return odoo.create("res.users", rows, no_reset_password=True)


def companies(odoo, chance):
    rows = []
    for n in range(COMPANIES):
        name = f"{chance.choice(HEADS)} {chance.choice(TAILS)} {chance.choice(FORMS)} {n + 1}"
        site = "https://www." + "-".join(name.lower().split()) + ".example"
        city = chance.choice(["Lyon", "Leeds", "Łódź", "Lima", "Lagos"])
        rows.append({"name": name, "is_company": True, "website": site, "city": city})
    return odoo.create("res.partner", rows)


def contacts(odoo, chance, employers):
    rows = []
    for n in range(CONTACTS):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        rows.append({
            "name": f"{first} {last}",
            "email": f"person{n + 1}@customer{n % COMPANIES + 1}.example",
            "phone": f"+1 202 555 {chance.randrange(10000):04}",
            "function": chance.choice(JOBS),
            "parent_id": chance.choice(employers) if n % 20 else False,
        })
    ids = odoo.create("res.partner", rows)
    odoo.call("res.partner", "action_archive", ids=ids[::60])
    return ids


def deals(odoo, chance, customers, owners):
    known = odoo.call("crm.stage", "search_read", domain=[], fields=["is_won"], order="sequence, id")
    stages, won = [row["id"] for row in known], {row["id"] for row in known if row["is_won"]}
    rows = []
    for n in range(DEALS):
        rows.append({
            "type": "lead" if n % 10 == 9 else "opportunity",
            "name": f"{chance.choice(NEEDS)} {n + 1}",
            "partner_id": chance.choice(customers),
            "stage_id": chance.choice(stages),
            "expected_revenue": chance.randrange(2_000, 250_000) + chance.choice([0, 0.5, 0.25]),
            "date_deadline": str(DAY + datetime.timedelta(days=chance.randrange(180))),
            "user_id": chance.choice(owners) if n % 7 else False,
        })
    ids = odoo.create("crm.lead", rows)
    open_ones = [i for i, row in zip(ids, rows) if row["stage_id"] not in won]
    lost, archived = open_ones[3::8], open_ones[5::40]
    odoo.call("crm.lead", "action_set_lost", ids=lost)
    odoo.call("crm.lead", "action_archive", ids=[i for i in archived if i not in lost])
    return ids, lost


def tasks(odoo, chance, deal_ids, people, owners):
    model = {name: odoo.one("ir.model", [["model", "=", name]]) for name in ["crm.lead", "res.partner"]}
    todo = odoo.one("mail.activity.type", [["category", "=", "default"]])
    rows = []
    for n in range(TASKS):
        beside, where = ("res.partner", people) if n % 5 == 4 else ("crm.lead", deal_ids)
        rows.append({
            "res_model_id": model[beside],
            "res_id": chance.choice(where),
            "activity_type_id": todo,
            "summary": chance.choice(TODOS),
            "note": "<p>Ask about <b>volume</b> &amp; terms.</p>",
            "date_deadline": str(DAY + datetime.timedelta(days=chance.randrange(40))),
            "user_id": chance.choice(owners),
        })
    ids = odoo.create("mail.activity", rows, mail_activity_quick_update=True)
    odoo.call("mail.activity", "action_feedback", ids=ids[::6], feedback="done")
    return ids


def main():
    odoo = Odoo(sys.argv[1], pathlib.Path(sys.argv[2]).read_text().strip())
    if odoo.call("res.partner", "search_count", domain=[["ref", "=", MARK]]):
        print(json.dumps({"loaded": "already"}))
        return
    chance = random.Random(19)
    owners = sellers(odoo)
    firms = companies(odoo, chance)
    people = contacts(odoo, chance, firms)
    visible = [person for n, person in enumerate(people) if n % 60]
    deal_ids, lost = deals(odoo, chance, firms + visible, owners)
    open_deals = [deal for deal in deal_ids if deal not in lost]
    done = tasks(odoo, chance, open_deals, visible, owners)
    for n in range(NOTES):
        odoo.call("crm.lead", "message_post", ids=[chance.choice(open_deals)], body=f"Met them, note {n + 1}.",
                  message_type="comment", subtype_xmlid="mail.mt_note")
    meetings = []
    for n in range(MEETINGS):
        begins = datetime.datetime.combine(DAY, datetime.time(9)) + datetime.timedelta(days=n, minutes=30 * (n % 6))
        ends = begins + datetime.timedelta(minutes=45)
        meetings.append({"name": f"Demonstration {n + 1}", "start": str(begins), "stop": str(ends),
                         "opportunity_id": chance.choice(open_deals), "user_id": chance.choice(owners)})
    odoo.create("calendar.event", meetings, no_mail_to_attendees=True)
    odoo.call("res.partner", "write", ids=firms[:1], vals={"ref": MARK})
    print(json.dumps({"owners": len(owners), "companies": len(firms), "contacts": len(people), "deals": len(deal_ids),
                      "lost": len(lost), "tasks": len(done), "notes": NOTES, "meetings": MEETINGS}))


main()
