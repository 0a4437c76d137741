//! A shop's own systems deliver: the address is made in the console, signatures are checked, and an order
//! that is delivered twice is one order on one customer's story.

use crate::client::{Answer, Client};
use crate::house::House;
use aws_lc_rs::hmac;
use serde_json::{Value, json};
use throughline_customers::CustomerQuery;
use throughline_web::KeyRole;

fn tag(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes in base64.
pub fn base64(hex: &str) -> String {
    let bytes: Vec<u8> = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = LETTERS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// Makes an address and gives its path.
fn address(admin: &mut Client, fields: &[(&str, &str)]) -> String {
    let page = admin.get("/data/source?name=shop");
    let (token, before) = (page.token(), page.text());
    let made = admin.form("/data/hooks", &token, fields);
    assert_eq!(made.header("location"), Some("/data/source?name=shop#hooks"), "{}", made.text());
    let text = admin.get("/data/source?name=shop").text();
    let addresses = text.split("/v1/hooks/").skip(1).map(|rest| format!("/v1/hooks/{}", &rest[..32]));
    // Those made in one moment stand in no order.
    addresses.into_iter().find(|a| !before.contains(a.as_str())).unwrap()
}

fn shopify(house: &House, path: &str, topic: &str, secret: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let signed = base64(&tag(secret, &body));
    let head = [
        ("x-shopify-topic", topic),
        ("x-shopify-hmac-sha256", signed.as_str()),
        ("user-agent", "Shopify-Captain-Hook"),
    ];
    house.stranger().send("POST", path, &head, body.as_bytes())
}

#[test]
fn an_order_and_its_parcel_are_delivered_to_one_story() {
    let house = House::new();
    let mut admin = house.admin();
    house.key("shop", KeyRole::Writer);
    let path = address(&mut admin, &[("source", "shop"), ("kind", "shopify"), ("secret", "s3cret")]);
    let order = json!({"id": 1, "name": "#1001", "email": "ana@example.org", "currency": "EUR", "total_price": "54.90", "created_at": "2026-08-20T10:00:00+02:00", "line_items": [{"sku": "LAMP"}]});
    let first = shopify(&house, &path, "orders/create", "s3cret", &order);
    assert_eq!((first.status, &first.json()["accepted"]), (200, &json!(1)), "{}", first.text());
    let again = shopify(&house, &path, "orders/create", "s3cret", &order);
    assert_eq!((again.status, &again.json()["duplicate"]), (200, &json!(1)), "{}", again.text());
    let parcel = json!({"id": 9, "order_id": 1, "created_at": "2026-08-21T10:00:00Z", "tracking_company": "Parcelo", "tracking_number": "P-9"});
    assert_eq!(shopify(&house, &path, "fulfillments/create", "s3cret", &parcel).json()["accepted"], 1);
    let nothing = shopify(&house, &path, "products/update", "s3cret", &json!({"id": 3}));
    assert_eq!((nothing.status, &nothing.json()["received"]), (200, &json!(0)), "{}", nothing.text());
    let unreadable = shopify(&house, &path, "orders/create", "s3cret", &json!({"id": 2, "created_at": "soon"}));
    assert_eq!((unreadable.status, &unreadable.json()["rejected"]), (200, &json!(1)));
    let forged = shopify(&house, &path, "orders/create", "guessed", &order);
    assert_eq!((forged.status, &forged.json()["code"]), (401, &json!("bad_signature")), "{}", forged.text());

    // A carrier that knows the parcel and nothing else.
    let recipe = "name = \"Parcels\"\nsource = \"x\"\nzone = \"UTC\"\nfiles.delivery = { path = \"delivery.json\" }\n\n[[interactions]]\nfrom = \"delivery\"\nwhen = { column = \"event.status\", is = \"delivered\" }\nevent = \"Order Delivered\"\nchannel = \"delivery\"\noccurred_at = \"event.time\"\nmessage_id = \"id\"\nidentifiers.parcel = \"tracking_number\"\nrefs.carrier = \"carrier\"\n";
    let carrier = address(&mut admin, &[("source", "shop"), ("kind", "recipe"), ("secret", "c"), ("recipe", recipe)]);
    let told = json!({"id": "e1", "tracking_number": "P-9", "carrier": "Parcelo", "event": {"status": "delivered", "time": "2026-08-23T12:00:00Z"}}).to_string();
    let send =
        |signature: &str| house.stranger().send("POST", &carrier, &[("x-signature", signature)], told.as_bytes());
    let signed = tag("c", &told);
    let first = send(&signed);
    assert_eq!(first.json()["accepted"], 1, "{} {}", first.status, first.text());
    assert_eq!(send(&signed).json()["duplicate"], 1);
    assert_eq!(send("").status, 401);

    house.engine.wait_folded().unwrap();
    let query = CustomerQuery { search: String::new(), after: None, limit: 10 };
    let found = house.engine.customers(house.workspace.id, &query).unwrap().rows;
    assert_eq!(found.len(), 1, "the parcel leads to its order, and the order to its customer: {found:?}");
    let story = admin.get(&format!("/customers/{:016x}", found[0].id)).text();
    for event in ["Order Completed", "Order Shipped", "Order Delivered"] {
        assert!(story.contains(event), "{event} is not in {story}");
    }
    let page = admin.get("/data/source?name=shop").text();
    assert!(page.contains("Shopify-Captain-Hook") && page.contains("compare the secret at the sender"), "{page}");
    assert!(admin.get("/settings/audit").text().contains("made a webhook"));

    // Removed, it takes nothing more.
    let token = admin.get("/data/source?name=shop").token();
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(admin.form(&format!("/data/hooks/{id}/remove"), &token, &[]).status, 303);
    assert_eq!(shopify(&house, &path, "orders/create", "s3cret", &order).status, 404);
}

#[test]
fn what_is_wrong_with_an_address_is_said_where_it_is_made() {
    let house = House::new();
    let mut admin = house.admin();
    house.key("shop", KeyRole::Writer);
    let token = admin.get("/data/source?name=shop").token();
    for (fields, said) in [
        (vec![("source", "shop"), ("kind", "shopify")], "Paste the secret"),
        (vec![("source", "shop"), ("kind", "fax")], "Choose what delivers"),
        (vec![("source", "shop"), ("kind", "recipe")], "Write a recipe"),
        (vec![("source", "shop"), ("kind", "recipe"), ("recipe", "name = ")], "recipe"),
        (
            vec![
                ("source", "shop"),
                ("kind", "recipe"),
                (
                    "recipe",
                    "name=\"x\"\nsource=\"x\"\nfiles.a={path=\"../a.json\"}\n[[interactions]]\nfrom=\"a\"\nevent=\"X\"\noccurred_at=\"t\"\n",
                ),
            ],
            "is called like delivery.json",
        ),
    ] {
        let answer = admin.form("/data/hooks", &token, &fields);
        let text = answer.text();
        assert!(answer.status == 200 && text.contains(said), "{fields:?}: {text}");
    }
    assert_eq!(house.stranger().send("POST", &format!("/v1/hooks/{}", "0".repeat(32)), &[], b"{}").status, 404);
    // WooCommerce asks whether anybody is there before it signs anything.
    let path = address(&mut admin, &[("source", "shop"), ("kind", "woocommerce"), ("secret", "w")]);
    assert_eq!(house.stranger().send("POST", &path, &[], b"webhook_id=3").status, 200);
    assert_eq!(house.stranger().send("POST", &path, &[], b"{}").status, 401);
    let mut analyst = house.invited(&mut admin, "analyst");
    assert!(!analyst.get("/data/source?name=shop").text().contains("/v1/hooks/"), "an address is a secret");
}
