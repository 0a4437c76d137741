//! Exports that shops have: told by their columns and read by their ready recipes.

use std::collections::BTreeMap;
use throughline_connectors::files::guess::{Mapping, Sample, guess};
use throughline_connectors::files::known::{KNOWN, KnownExport};
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
