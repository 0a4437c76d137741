//! Exports in the manner of shops, tills and calendars that nobody has written a recipe for: the
//! guess alone must find who, when, what and how much, and take every row.

use std::collections::BTreeMap;
use throughline_connectors::files::guess::{Guess, Mapping, Role, Sample, guess};
use throughline_connectors::files::{Formats, Import, ImportOptions, Report};
use throughline_interactions::{Timestamp, WorkspaceId};

/// What a file becomes without anybody's help.
pub fn read(name: &str, contents: impl AsRef<[u8]>) -> (Guess, String, Report) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, contents).unwrap();
    let sample = Sample::read(&path, &Formats::standard()).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    let guess = guess(&sample);
    let recipe = Mapping::of(&sample, &guess, name, "import:shop", "Europe/Berlin", "EUR").recipe().unwrap();
    let options = ImportOptions::new(WorkspaceId(1), Timestamp::parse("2026-06-01T00:00:00Z", None).unwrap().instant);
    let mut import = Import::of_text(&recipe, "the guess", dir.path(), Formats::standard(), options)
        .unwrap_or_else(|e| panic!("{name}: {e:#}\n{recipe}"));
    let report = Report::of(&mut import).unwrap();
    (guess, recipe, report)
}

/// The first interaction, without the spaces that make it pretty.
pub fn example(report: &Report) -> String {
    serde_json::from_str::<serde_json::Value>(&report.examples[0]).unwrap().to_string()
}

/// The columns of every role but "worth keeping" and "left out".
fn roles(guess: &Guess) -> String {
    let told = guess.columns.iter().filter(|c| !matches!(c.role, Role::Property | Role::Ignore));
    told.map(|c| format!("{} = {}", c.role.key(), c.name)).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(name: &str, contents: impl AsRef<[u8]>, expected: &str, events: &[(&str, u64)], parts: &[&str]) {
    let (guess, recipe, report) = read(name, contents);
    assert_eq!(roles(&guess), expected, "{name}\n{recipe}");
    assert_eq!(report.progress.rejected, 0, "{name}: {report}\n{recipe}");
    let found: BTreeMap<&str, u64> = report.events.iter().map(|(e, n)| (e.as_str(), *n)).collect();
    assert_eq!(found, events.iter().copied().collect(), "{name}\n{recipe}");
    for part in parts {
        assert!(example(&report).contains(part), "{name}: {part} is not in {}\n{recipe}", example(&report));
    }
}

#[test]
fn magento() {
    check(
        "export.csv",
        "ID,\"Purchase Point\",\"Purchase Date\",\"Bill-to Name\",\"Ship-to Name\",\"Grand Total (Base)\",\"Grand Total (Purchased)\",Status,\"Billing Address\",\"Shipping Address\",\"Shipping Information\",\"Customer Email\",\"Customer Group\",Subtotal,\"Shipping and Handling\",\"Customer Name\",\"Payment Method\",\"Total Refunded\"\n\
         000000121,\"Main Website Main Website Store Default Store View\",\"Jan 5, 2026, 10:12:31 AM\",\"Ana Lima\",\"Rui Lima\",59.9000,59.9000,complete,\"1 High Street London W1\",\"1 High Street London W1\",\"Flat Rate - Fixed\",ana@example.org,General,55.0000,4.9000,\"Ana Lima\",checkmo,0.0000\n\
         000000122,\"Main Website Main Website Store Default Store View\",\"Jan 16, 2026, 2:02:11 PM\",\"Bo Berg\",\"Bo Berg\",120.0000,120.0000,processing,\"22 Low Road Leeds LS1\",\"22 Low Road Leeds LS1\",\"Flat Rate - Fixed\",bo@example.org,General,115.1000,4.9000,\"Bo Berg\",paypal,20.0000\n\
         000000123,\"Main Website Main Website Store Default Store View\",\"Jan 17, 2026, 9:00:00 AM\",\"Ana Lima\",\"Ana Lima\",10.0000,10.0000,complete,\"1 High Street London W1\",\"1 High Street London W1\",\"Flat Rate - Fixed\",ana@example.org,Wholesale,5.1000,4.9000,\"Ana Lima\",paypal,0.0000\n",
        "order = ID; time = Purchase Date; amount = Grand Total (Base); email = Customer Email; full_name = Customer Name",
        &[("Order Completed", 3)],
        &["5990", "2026-01-05T09:12:31Z", "Ana Lima"],
    );
}

#[test]
fn prestashop_without_any_address() {
    check(
        "orders_2026.csv",
        "ID;Reference;\"New client\";Delivery;Customer;Total;Payment;Status;Date\n\
         1;XKBKNABJK;1;\"United States\";\"J. DOE\";€61.80;\"Payment by check\";\"Awaiting check payment\";\"2026-01-05 10:12:31\"\n\
         2;OHSATSERP;0;France;\"A. LIMA\";€69.90;\"Bank wire\";Delivered;\"2026-01-07 11:00:00\"\n\
         3;UOYEVOLI0;1;France;\"B. BERG\";€14.90;\"Bank wire\";Delivered;\"2026-01-17 12:00:00\"\n",
        "order = ID; full_name = Customer; amount = Total; time = Date",
        &[("Order Completed", 3)],
        &["6180", "EUR", "2026-01-05T09:12:31Z"],
    );
}

#[test]
fn woocommerce_in_german() {
    check(
        "bestellungen.csv",
        "Bestellnummer;Bestellstatus;Bestelldatum;Vorname (Rechnung);Nachname (Rechnung);E-Mail (Rechnung);Telefon (Rechnung);Straße (Rechnung);Bestellsumme;Versandkosten;Zahlungsmethode;Artikelname;Menge;Artikelpreis;Kundenkommentar\n\
         1001;Abgeschlossen;05.01.2026 10:12;Ana;Lima;ana@example.org;+49 170 1234567;Hauptstr. 1;1.259,90;4,90;PayPal;Lampe blau;1;1.255,00;\n\
         1002;In Bearbeitung;16.01.2026 14:02;Bo;Berg;bo@example.org;0170 7654321;Am Markt 2;20,00;4,90;Vorkasse;Birne;3;15,10;Bitte beim Nachbarn abgeben, wir sind nicht da\n\
         1003;Abgeschlossen;17.01.2026 09:00;Ana;Lima;ana@example.org;+49 170 1234567;Hauptstr. 1;10,00;4,90;PayPal;Birne;1;5,10;\n",
        "order = Bestellnummer; time = Bestelldatum; first_name = Vorname (Rechnung); last_name = Nachname (Rechnung); email = E-Mail (Rechnung); phone = Telefon (Rechnung); amount = Bestellsumme; product = Artikelname; text = Kundenkommentar",
        &[("Order Completed", 3)],
        &["125990", "2026-01-05T09:12:00Z", "Lampe blau"],
    );
}

#[test]
fn etsy_sold_orders() {
    check(
        "EtsySoldOrders2026-1.csv",
        "Sale Date,Order ID,Buyer User ID,Full Name,First Name,Last Name,Number of Items,Payment Method,Date Shipped,Street 1,Ship City,Ship State,Ship Zipcode,Ship Country,Currency,Order Value,Coupon Code,Coupon Details,Discount Amount,Shipping Discount,Shipping,Sales Tax,Order Total,Status,Card Processing Fees,Order Net,Buyer,Order Type,Payment Type,InPerson Discount\n\
         01/25/26,2001112223,analima,Ana Lima,Ana,Lima,1,Credit Card,01/27/26,1 High Street,London,,W1,United Kingdom,USD,25.00,SPRING,SPRING - 10%,2.50,0.00,4.90,0.00,27.40,Shipped,1.10,26.30,Ana Lima (analima),online,online_cc,\n\
         01/16/26,2001112224,bo_berg77,Bo Berg,Bo,Berg,2,Credit Card,01/17/26,22 Low Road,Leeds,,LS1,United Kingdom,USD,50.00,,,0.00,0.00,4.90,0.00,54.90,Shipped,2.10,52.80,Bo Berg (bo_berg77),online,online_cc,\n\
         01/05/26,2001112225,cy9,Cy Oz,Cy,Oz,1,Credit Card,,9 Side Lane,York,,YO1,United Kingdom,USD,10.00,,,0.00,0.00,4.90,0.00,14.90,Open,0.60,14.30,Cy Oz (cy9),online,online_cc,\n",
        "time = Sale Date; order = Order ID; user_id = Buyer User ID; full_name = Full Name; first_name = First Name; last_name = Last Name; later = Date Shipped; currency = Currency; campaign = Coupon Code; amount = Order Total",
        &[("Order Completed", 3), ("Order Shipped", 2)],
        &["2740", "USD", "analima"],
    );
}

#[test]
fn amazon_order_report() {
    let row = |order: &str, item: &str, day: &str, email: &str, name: &str, sku: &str, price: &str| {
        format!(
            "{order}\t{item}\t{day}T10:12:31+00:00\t{day}T10:30:00+00:00\t{email}\t{name}\t+1 555 0100\t{sku}\tDesk lamp with a long arm {sku}\t1\tUSD\t{price}\t0.80\t3.99\t0.00\tStandard\t{name}\t1 High Street\tLeeds\tGB\n"
        )
    };
    let mut text = "order-id\torder-item-id\tpurchase-date\tpayments-date\tbuyer-email\tbuyer-name\tbuyer-phone-number\tsku\tproduct-name\tquantity-purchased\tcurrency\titem-price\titem-tax\tshipping-price\tshipping-tax\tship-service-level\trecipient-name\tship-address-1\tship-city\tship-country\n".to_owned();
    text += &row(
        "202-1111111-1111111",
        "50000000000001",
        "2026-01-05",
        "a1@marketplace.example.com",
        "Ana Lima",
        "L-1",
        "19.99",
    );
    text += &row(
        "202-1111111-1111111",
        "50000000000002",
        "2026-01-05",
        "a1@marketplace.example.com",
        "Ana Lima",
        "L-2",
        "5.00",
    );
    text += &row(
        "202-2222222-2222222",
        "50000000000003",
        "2026-01-06",
        "b2@marketplace.example.com",
        "Bo Berg",
        "L-1",
        "19.99",
    );
    check(
        "12345678901234.txt",
        text,
        "order = order-id; time = purchase-date; later = payments-date; email = buyer-email; full_name = buyer-name; phone = buyer-phone-number; product = product-name; currency = currency; amount = item-price",
        &[("Order Completed", 3), ("Payment Approved", 3)],
        &["1999", "USD", "202-1111111-1111111"],
    );
}

#[test]
fn ebay_orders_with_lines_around_the_table() {
    check(
        "eBay-OrdersReport.csv",
        "\n\"Sales Record Number\",\"Order Number\",\"Buyer Username\",\"Buyer Name\",\"Buyer Email\",\"Buyer Note\",\"Ship To Name\",\"Item Number\",\"Item Title\",\"Sold Via Promoted Listings\",\"Quantity\",\"Sold For\",\"Shipping And Handling\",\"Total Price\",\"Payment Method\",\"Sale Date\",\"Paid On Date\",\"Ship By Date\",\"Minimum Estimated Delivery Date\",\"Maximum Estimated Delivery Date\",\"Shipped On Date\"\n\
         ,,,,,,,,,,,,,,,,,,,,\n\
         \"101\",\"11-10000-00001\",\"ana_77\",\"Ana Lima\",\"ana77@members.example.com\",\"\",\"Ana Lima\",\"2550001\",\"Desk lamp, blue\",\"No\",\"1\",\"$25.00\",\"$4.90\",\"$29.90\",\"PayPal\",\"Jan-05-26\",\"Jan-05-26\",\"Jan-07-26\",\"Jan-09-26\",\"Jan-12-26\",\"Jan-06-26\"\n\
         \"102\",\"11-10000-00002\",\"bo.berg\",\"Bo Berg\",\"bob1@members.example.com\",\"Please leave it with the neighbour, thanks\",\"Bo Berg\",\"2550002\",\"Bulb, warm white\",\"Yes\",\"2\",\"$8.00\",\"$2.00\",\"$10.00\",\"PayPal\",\"Jan-16-26\",\"Jan-16-26\",\"Jan-18-26\",\"Jan-20-26\",\"Jan-23-26\",\"\"\n",
        "order = Order Number; user_id = Buyer Username; full_name = Buyer Name; email = Buyer Email; text = Buyer Note; product = Item Title; amount = Total Price; time = Sale Date; later = Paid On Date; due = Maximum Estimated Delivery Date; later = Shipped On Date",
        &[("Order Completed", 2), ("Payment Approved", 2), ("Order Shipped", 1)],
        &["2990", "2026-01-04T23:00:00Z", "\"due\""],
    );
}

#[test]
fn square_till_items() {
    check(
        "items-2026-01-01-2026-02-01.csv",
        "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,Customer Name,Customer Reference ID\n\
         2026-01-05,10:12:31,Eastern Time (US & Canada),Coffee,Flat White,1.0,Regular,C-1,Oat milk,$4.50,$0.00,$4.50,$0.00,tx8GqV1,pay1a,Till 1,,https://till.example.com/1,Payment,Harbour,For Here,CUST1A2B,Ana Lima,\n\
         2026-01-05,10:12:31,Eastern Time (US & Canada),Cake,Carrot Cake,1.0,Regular,K-1,,$5.00,-$1.00,$4.00,$0.00,tx8GqV1,pay1a,Till 1,,https://till.example.com/1,Payment,Harbour,For Here,CUST1A2B,Ana Lima,\n\
         2026-01-16,09:02:00,Eastern Time (US & Canada),Coffee,Espresso,2.0,Regular,C-2,,$6.00,$0.00,$6.00,$0.00,tx9HrW2,pay2b,Till 2,,https://till.example.com/2,Payment,Market,To Go,CUST9Z8Y,Bo Berg,\n",
        "time = Date; clock = Time; product = Item; amount = Net Sales; order = Transaction ID; event = Event Type; store = Location; user_id = Customer ID; full_name = Customer Name",
        &[("Payment", 3)],
        &["450", "2026-01-05T09:12:31Z", "Harbour"],
    );
}

#[test]
fn lightspeed_sales_lines() {
    check(
        "vend-sales.csv",
        "Date,Receipt Number,Line Type,Customer Code,Customer Name,Note,Quantity,Subtotal,Sales Tax,Discount,Loyalty,Total,Paid,Details,Register,User,Status,Sku\n\
         2026-01-05 10:12:31,501,Sale,ana-77,Ana Lima,,1,20.00,2.00,0.00,0,22.00,22.00,1 x Lamp,Main Register,Cy,CLOSED,\n\
         2026-01-06 11:12:31,502,Sale,bo-12,Bo Berg,,2,40.00,4.00,0.00,0,44.00,44.00,2 x Lamp,Main Register,Cy,CLOSED,\n\
         2026-01-17 12:12:31,503,Sale,ana-77,Ana Lima,,1,10.00,1.00,0.00,0,11.00,11.00,1 x Bulb,Main Register,Di,CLOSED,\n",
        "time = Date; order = Receipt Number; event = Line Type; user_id = Customer Code; full_name = Customer Name; amount = Total",
        &[("Sale", 3)],
        &["2200", "ana-77"],
    );
}

#[test]
fn a_hairdressers_list_of_bookings() {
    check(
        "termine.csv",
        "Termin;Uhrzeit;Ende;Kundin;Handy;Leistung;Dauer;Preis;Mitarbeiterin;erschienen\n\
         05.01.2026;10:00;11:00;Lima, Ana;0170 1234567;Schneiden;60;45,00;Cy;ja\n\
         05.01.2026;11:30;13:00;Berg, Bo;0171 7654321;Färben und Schneiden;90;98,50;Di;ja\n\
         16.01.2026;9:15;10:00;Lima, Ana;0170 1234567;Schneiden;45;45,00;Cy;nein\n",
        "time = Termin; clock = Uhrzeit; full_name = Kundin; phone = Handy; product = Leistung; amount = Preis; staff = Mitarbeiterin",
        &[("Order Completed", 3)],
        &["4500", "2026-01-05T09:00:00Z", "Schneiden"],
    );
}

#[test]
fn an_order_on_several_lines_with_its_total_on_each_counts_once() {
    let text = "Order,Ordered on,E-mail,Order total,Product\n\
                A1,2026-01-05,ana@example.org,50.00,Lamp\nA1,2026-01-05,ana@example.org,50.00,Bulb\n\
                A2,2026-01-06,bo@example.org,9.00,Bulb\n\
                A3,2026-01-07,cy@example.org,70.00,Lamp\nA3,2026-01-07,cy@example.org,70.00,Bulb\nA3,2026-01-07,cy@example.org,70.00,Bulb\n\
                A4,2026-01-08,di@example.org,60.00,Lamp\nA4,2026-01-08,di@example.org,60.00,Shade\n";
    check(
        "orders.csv",
        text,
        "order = Order; time = Ordered on; email = E-mail; amount = Order total; product = Product",
        &[("Order Completed", 4), ("Product Ordered", 8)],
        &["5000"],
    );
    // The lines' own prices are summed as they stand.
    let own = text
        .replace("50.00,Bulb", "20.00,Bulb")
        .replace("70.00,Bulb", "8.00,Bulb")
        .replace("60.00,Shade", "5.00,Shade");
    let (_, recipe, report) = read("orders.csv", own);
    assert_eq!(report.events.get("Order Completed"), Some(&8), "{recipe}");
}

#[test]
fn the_price_of_one_is_multiplied() {
    let (_, recipe, report) = read(
        "till.csv",
        "Beleg,Datum,Kundennr.,Artikel,Anzahl,Einzelpreis\nB-1,2026-01-05,K-7,Lampe,3,10.50\nB-2,2026-01-06,K-8,Birne,2,2.25\n",
    );
    assert!(report.examples[0].contains("3150"), "{}\n{recipe}", report.examples[0]);
}

#[test]
fn a_list_of_customers_without_any_date_tells_who_they_are() {
    check(
        "customers.csv",
        "Customer no.,First name,Last name,E-mail,Birthday,Street,City\nK-1,Ana,Lima,ana@example.org,05.01.1980,High St 1,Leeds\nK-2,Bo,Berg,bo@example.org,17.02.1979,Low Rd 2,Leeds\n",
        "user_id = Customer no.; first_name = First name; last_name = Last name; email = E-mail",
        &[("Identified", 2)],
        &["\"actor\":\"system\"", "ana@example.org"],
    );
}

#[test]
fn two_addresses_in_a_row_are_not_taken_for_one_person() {
    let (guess, recipe, report) = read(
        "orders.csv",
        "Order,Date,Sales agent email,Customer email,Total\n1,2026-01-05,cy@shop.example,ana@example.org,5.00\n2,2026-01-06,cy@shop.example,bo@example.org,6.00\n",
    );
    assert_eq!(roles(&guess), "order = Order; time = Date; email = Customer email; amount = Total", "{recipe}");
    assert_eq!(report.identifiers["email"].distinct(), 2);
    assert!(format!("{:?}", guess.columns[3].doubts).contains("Sales agent email"));
}
