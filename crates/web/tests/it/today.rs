//! Today, with three hundred orders and not one answer.

use crate::house::House;
use crate::imports::upload;
use std::fmt::Write;
use std::time::{Duration, Instant};

#[test]
fn a_file_of_orders_alone_names_people_and_says_what_it_cannot_know() {
    let house = House::new();
    let mut admin = house.admin();
    let token = admin.get("/data/import").token();
    assert_eq!(admin.get("/today").header("location"), Some("/"), "nothing to show leads to how to begin");
    // A hundred customers who come back after 10 to 40 days; every tenth only came twice, long ago.
    let mut csv = "order,date,email,total\n".to_owned();
    let mut order = 0;
    for c in 0..100_i64 {
        let gap = 10 + c % 31;
        let times = if c % 10 == 0 { 2 } else { 3 };
        for n in 0..times {
            let ago = if c % 10 == 0 { 60 } else { 5 } + (times - 1 - n) * gap;
            let day = jiff::civil::date(2026, 8, 31).checked_sub(jiff::Span::new().days(ago)).unwrap();
            order += 1;
            writeln!(csv, "{order},{day},c{c}@example.org,{}.00", 20 + c).unwrap();
        }
    }
    let file = upload(&mut admin, &token, "orders.csv", csv.as_bytes());
    let file = file.header("location").unwrap().to_owned();
    admin.form(&file, &token, &[("do", "start")]);
    let begun = Instant::now();
    while !admin.get(&file).text().contains(": is in.") {
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
    let text = admin.get("/today").text();
    assert!(text.contains("c90@example.org") && text.contains("2\u{a0}times"), "{text}");
    assert!(!text.contains("c91@example.org"), "came lately: {text}");
    assert!(text.contains("Whether customers get as far as “Receive”"), "{text}");
    assert!(text.contains("No “Order Delivered” has arrived"), "{text}");
    assert!(text.contains("Nobody has been asked; about 93\u{a0}more answers would tell"), "{text}");
    let map = admin.get("/journeys/buy-and-receive").text();
    assert!(map.contains("Not measured: no “Order Delivered” or “Delivered” has arrived yet."), "{map}");
    assert!(!map.contains("lost here"), "{map}");
    let mut viewer = house.invited(&mut admin, "viewer");
    let text = viewer.get("/today").text();
    assert!(text.contains("Your role does not open them") && !text.contains("@example.org\""), "{text}");
}
