//! Exports that shops have: told by their columns and read by their ready recipes.

use std::collections::BTreeMap;
use throughline_connectors::files::guess::{Mapping, Sample, guess};
use throughline_connectors::files::known::{Checked, KNOWN, KnownExport};
use throughline_connectors::files::{Formats, Import, ImportOptions, Report};
use throughline_interactions::{Timestamp, WorkspaceId};

/// What a file of a known export becomes.
fn read(csv: &str) -> (&'static KnownExport, Report) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(if csv.starts_with('{') { "export.json" } else { "export.csv" });
    std::fs::write(&path, csv).unwrap();
    let sample = Sample::read(&path, &Formats::standard()).unwrap();
    let known = KnownExport::find(&sample.columns).expect("the export is known");
    let mut mapping = Mapping::of(&sample, &guess(&sample), "Export", "import:export", "Europe/Berlin", "EUR");
    mapping.known = Some(known);
    let recipe = mapping.recipe().unwrap();
    let options = ImportOptions::new(WorkspaceId(1), Timestamp::from_seconds(1_790_000_000));
    let mut import = Import::of_text(&recipe, "export", dir.path(), Formats::standard(), options)
        .unwrap_or_else(|e| panic!("{e:#}\n{recipe}"));
    (known, Report::of(&mut import).unwrap())
}

fn check(csv: &str, key: &str, events: &[(&str, u64)]) -> Report {
    let (known, report) = read(csv);
    assert_eq!(known.key, key);
    assert_eq!(report.progress.rejected, 0, "{report}");
    let found: BTreeMap<&str, u64> = report.events.iter().map(|(e, n)| (e.as_str(), *n)).collect();
    assert_eq!(found, events.iter().copied().collect(), "{report}");
    report
}

#[test]
fn a_shopify_order_with_two_products_is_one_order() {
    let report = check(
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Total,Discount Code,Created at,Lineitem quantity,Lineitem name,Cancelled at,Payment Method,Vendor,Phone\n\
         #1001,ana@example.org,paid,2026-03-01 10:31:00 +0100,fulfilled,2026-03-02 08:00:00 +0100,EUR,50.00,54.90,SPRING,2026-03-01 10:30:00 +0100,1,Lamp,,card,Blue,+49 170 1234567\n\
         #1001,ana@example.org,,,,,,,,,2026-03-01 10:30:00 +0100,2,Bulb,,,Blue,\n\
         #1002,bo@example.org,voided,,,,EUR,9.00,9.00,,2026-03-03 12:00:00 +0100,1,Bulb,2026-03-03 13:00:00 +0100,,Blue,\n",
        "shopify-orders",
        &[
            ("Order Completed", 2),
            ("Order Paid", 1),
            ("Order Shipped", 1),
            ("Order Cancelled", 1),
            ("Product Ordered", 3),
        ],
    );
    assert_eq!(report.identifiers["email"].distinct(), 2);
    assert!(report.examples[0].contains("5490"), "the total in cents: {}", report.examples[0]);
}

#[test]
fn stripe_payments_that_failed_are_no_revenue() {
    let report = check(
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Status,Customer ID,Customer Email,Decline Reason,Refunded date (UTC),PaymentIntent ID\n\
         ch_1,2026-03-01 10:30,54.90,0.00,eur,Paid,cus_1,ana@example.org,,,pi_1\n\
         ch_2,2026-03-01 11:00,9.00,0.00,eur,Failed,cus_2,bo@example.org,insufficient_funds,,pi_2\n\
         ch_3,2026-03-02 09:00,20.00,20.00,eur,Refunded,cus_2,bo@example.org,,2026-03-05 09:00,pi_3\n",
        "stripe-payments",
        &[("Order Paid", 2), ("Payment Failed", 1), ("Order Refunded", 1)],
    );
    assert_eq!(report.identifiers["user_id"].distinct(), 2);
}

#[test]
fn tickets_reviews_and_mails() {
    check(
        "Id,Subject,Requester,Requester email,Assignee,Group,Status,Priority,Via,Created at,Solved at\n\
         1,Where is it?,Ana,ana@example.org,Kim,Care,Solved,High,Mail,2026-03-01 10:30,2026-03-02 09:00\n\
         2,Broken,Bo,bo@example.org,Kim,Care,Open,Low,Chat,2026-03-03 10:30,\n",
        "zendesk-tickets",
        &[("Ticket Opened", 2), ("Ticket Resolved", 1)],
    );
    check(
        "Ticket ID,Subject,Status,Priority,Source,Type,Agent,Group,Created time,Due by Time,Resolved time,Email\n\
         7,Where is it?,Closed,High,Email,Question,Kim,Care,2026-03-01 10:30:00,2026-03-04 10:30:00,2026-03-02 09:00:00,ana@example.org\n",
        "freshdesk-tickets",
        &[("Ticket Opened", 1), ("Ticket Resolved", 1)],
    );
    let report = check(
        "Review Id,Review Created (UTC),Consumer User Id,Review Title,Review Content,Review Stars,Reference Id\n\
         r1,2026-03-01 10:30:00,u1,Good,It shines,5,1001\n",
        "trustpilot-reviews",
        &[("Review Posted", 1)],
    );
    assert!(report.examples[0].contains("stars"), "{}", report.examples[0]);
    let report = check(
        "{\"reviews\": [{\"name\": \"a/1\", \"reviewer\": {\"displayName\": \"Ana\"}, \"starRating\": \"FOUR\", \
         \"comment\": \"It shines\", \"createTime\": \"2026-03-01T09:30:00Z\"}]}",
        "google-reviews",
        &[("Review Posted", 1)],
    );
    assert!(report.unidentified == 1 && report.examples[0].contains("stars"), "{}", report.examples[0]);
    check(
        "Order Number,Order Status,Order Date,Email (Billing),Order Total Amount,Item Name\n\
         1001,completed,2026-03-01 10:30:00,ana@example.org,54.90,Lamp\n",
        "woocommerce-orders",
        &[("Order Completed", 1)],
    );
    check(
        "Profile ID,Email,Metric,Timestamp,Campaign Name\n\
         p1,ana@example.org,Opened Email,2026-03-01 10:30:00,Spring\n\
         p1,ana@example.org,Clicked Email,2026-03-01 10:31:00,Spring\n",
        "klaviyo-events",
        &[("Opened Email", 1), ("Clicked Email", 1)],
    );
    check(
        "event_timestamp,event_name,user_pseudo_id,platform,user_id\n\
         1772361000000000,page_view,a.1,WEB,\n\
         1772361001000000,purchase,a.1,IOS,u1\n",
        "ga4-events",
        &[("page_view", 1), ("purchase", 1)],
    );
}

/// Columns that a shop does not use are left out by many exports.
#[test]
fn every_recipe_works_with_the_least_of_columns() {
    for known in KNOWN {
        let columns: Vec<String> = known.needs.iter().map(|c| (*c).to_owned()).collect();
        assert_eq!(KnownExport::find(&columns).map(|k| k.key), Some(known.key));
        assert_eq!(KnownExport::new(known.key), Some(known));
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("x.csv"), known.needs.join(",") + "\n").unwrap();
        let interactions = known.interactions_for(&columns);
        let recipe = format!(
            "name = \"x\"\nsource = \"import:x\"\nzone = \"UTC\"\ncurrency = \"EUR\"\n[files.rows]\npath = \"x.csv\"\n{interactions}"
        );
        let options = ImportOptions::new(WorkspaceId(1), Timestamp::from_seconds(0));
        let opened = Import::of_text(&recipe, known.key, dir.path(), Formats::standard(), options);
        assert!(opened.is_ok(), "{}: {:#}\n{recipe}", known.key, opened.err().unwrap());
    }
    assert_eq!(KnownExport::find(&["Name".to_owned(), "Email".to_owned()]), None);
}

#[test]
fn shopifys_customers_are_who_they_are_at_no_time() {
    let list = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Country Code,Phone,Total Spent,Total Orders,Tags\n\
                '7001,Ana,Lima,ana@example.org,yes,DE,+49 170 1234567,54.90,1,vip\n\
                '7002,Bo,Berg,bo@example.org,no,DE,,0.00,0,\n";
    let report = check(list, "shopify-customers", &[("Identified", 2)]);
    assert!(crate::shops::example(&report).contains("\"consent\":{\"email\":true}"), "{}", report.examples[0]);
    // Nobody made up when it was: it is when it arrived.
    assert!(report.examples[0].contains("2026-09-21T14:13:20Z"), "{}", report.examples[0]);
}

/// What recorded answers of the makers' own interfaces say, written as their exports write it: names
/// of the columns as published, values as recorded. Nothing of them is copied here.
mod recorded {
    use super::Timestamp;
    use super::{Checked, KNOWN, check};
    use crate::world::real_data;
    use serde_json::Value;

    fn payload(name: &str) -> Option<Value> {
        let folder = real_data("api-payloads")?;
        Some(serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap())
    }

    fn text(v: &Value) -> String {
        match v {
            Value::Null => String::new(),
            Value::String(s) => s.clone(),
            other => other.to_string(),
        }
    }

    #[test]
    fn every_recipe_says_what_it_was_checked_against() {
        let of = |c: Checked| KNOWN.iter().filter(|k| k.checked == c).map(|k| k.key).collect::<Vec<_>>();
        assert_eq!(
            of(Checked::Recorded),
            ["shopify-orders", "shopify-customers", "stripe-payments", "freshdesk-tickets"]
        );
        assert_eq!(KNOWN.len(), 10);
    }

    #[test]
    fn a_shopify_order() {
        let Some(order) = payload("shopify/order.json") else { return };
        let order = &order["order"];
        let mut csv = "Name,Email,Financial Status,Fulfillment Status,Currency,Total,Discount Code,Created at,Lineitem quantity,Lineitem name\n".to_owned();
        let lines = order["line_items"].as_array().unwrap();
        for (n, line) in lines.iter().enumerate() {
            let first = |v: &Value| if n == 0 { text(v) } else { String::new() };
            let created = text(&order["created_at"]);
            let (day, rest) = created.split_once('T').unwrap();
            let (clock, offset) = rest.split_at(8);
            csv += &format!(
                "{},{},{},{},{},{},{},{day} {clock} {},{},{}\n",
                text(&order["name"]),
                text(&order["email"]),
                first(&order["financial_status"]),
                first(&order["fulfillment_status"]),
                first(&order["currency"]),
                first(&order["total_price"]),
                first(&order["discount_codes"][0]["code"]),
                offset.replace(':', ""),
                text(&line["quantity"]),
                text(&line["name"])
            );
        }
        let report = check(&csv, "shopify-orders", &[("Order Completed", 1), ("Product Ordered", lines.len() as u64)]);
        let minor = text(&order["total_price"]).replace('.', "");
        assert!(report.examples[0].contains(&minor), "{}", report.examples[0]);
    }

    #[test]
    fn a_shopify_customer() {
        let Some(c) = payload("shopify/customer.json") else { return };
        let c = &c["customer"];
        let accepts = if c["accepts_marketing"] == true { "yes" } else { "no" };
        let csv = format!(
            "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Total Spent,Total Orders\n{},{},{},{},{accepts},{},{},{}\n",
            text(&c["id"]),
            text(&c["first_name"]),
            text(&c["last_name"]),
            text(&c["email"]),
            text(&c["default_address"]["phone"]),
            text(&c["total_spent"]),
            text(&c["orders_count"])
        );
        let report = check(&csv, "shopify-customers", &[("Identified", 1)]);
        assert!(report.examples[0].contains(&text(&c["email"])), "{}", report.examples[0]);
    }

    #[test]
    fn a_stripe_charge() {
        let Some(c) = payload("stripe-dj-stripe/charge_ch_fakefakefakefakefake0001.json") else { return };
        let created = c["created"].as_i64().unwrap() * 1_000_000;
        let created = Timestamp(created).to_string().replace('T', " ");
        let cents = |v: &Value| format!("{}.{:02}", v.as_i64().unwrap() / 100, v.as_i64().unwrap() % 100);
        let csv = format!(
            "id,Created date (UTC),Amount,Amount Refunded,Currency,Status,Customer ID,Customer Email,PaymentIntent ID\n{},{},{},{},{},Paid,{},,{}\n",
            text(&c["id"]),
            &created[..16],
            cents(&c["amount"]),
            cents(&c["amount_refunded"]),
            text(&c["currency"]),
            text(&c["customer"]),
            text(&c["payment_intent"])
        );
        let report = check(&csv, "stripe-payments", &[("Order Paid", 1)]);
        assert!(report.examples[0].contains(&text(&c["amount"])), "{}", report.examples[0]);
    }

    #[test]
    fn a_freshdesk_ticket() {
        let Some(t) = payload("freshdesk/ticket_1.json") else { return };
        let at = |v: &Value| text(v).replace('T', " ").replace('Z', "");
        let csv = format!(
            "Ticket ID,Subject,Status,Priority,Source,Type,Agent,Created time,Due by Time,Resolved time,Email\n{},{},Open,{},Portal,{},Cy,{},{},,ana@example.org\n",
            text(&t["id"]),
            text(&t["subject"]),
            text(&t["priority_name"]),
            text(&t["type"]),
            at(&t["created_at"]),
            at(&t["due_by"])
        );
        let report = check(&csv, "freshdesk-tickets", &[("Ticket Opened", 1)]);
        assert!(report.examples[0].contains(&text(&t["subject"])), "{}", report.examples[0]);
    }
}
