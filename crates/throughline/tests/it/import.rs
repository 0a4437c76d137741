//! Imports of formats that only the whole binary reads.

use crate::house::{Server, key, must, must_fail};

/// Three rows as pyarrow 26 writes them, dictionary and zstd included: `order`, `at` (microseconds
/// UTC, the second is missing), `mail`, `amount` (decimal).
const SALES: &[u8] = include_bytes!("../fixtures/sales.parquet");

#[test]
fn a_parquet_file_goes_from_a_recipe_to_a_story() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let reader = key(&data, "reader");
    let folder = dir.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("sales.parquet");
    std::fs::write(&path, SALES).unwrap();
    std::fs::write(
        folder.join("recipe.toml"),
        r#"
name = "Shop"
source = "import:shop"
zone = "UTC"
[files.sales]
path = "sales.parquet"
[[interactions]]
from = "sales"
event = "Order Completed"
occurred_at = "at"
message_id = "order"
identifiers = { email = "mail" }
refs = { order = "order" }
money = { amount = "amount", currency = "EUR" }
"#,
    )
    .unwrap();
    let rejects = dir.path().join("rejects.csv");
    let arguments = ["import", &folder.to_string_lossy(), "--rejects", &rejects.to_string_lossy()].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = must(&data, &arguments);
    assert!(told.contains("2 interactions for Main: 2 new"), "{told}");
    let rejected = std::fs::read_to_string(&rejects).unwrap();
    assert!(rejected.contains("\"sales.parquet\",\"2\",\"at\""), "{rejected}");
    assert!(must(&data, &arguments).contains("0 new"), "a second time changes nothing");
    let server = Server::start(&data, &[]);
    let customers = server.get("/api/v1/customers", &reader);
    assert_eq!(customers["total"], 1, "{customers}");
    let id = customers["customers"][0]["id"].as_str().unwrap();
    let story = server.get(&format!("/api/v1/customers/{id}/story"), &reader);
    assert_eq!(story["total"], 2, "{story}");
    assert_eq!(story["entries"][0]["interaction"]["money"]["minor"], 1290, "{story}");
    server.stop();

    std::fs::write(&path, &SALES[..300]).unwrap();
    let refused = must_fail(&data, &["import", &folder.to_string_lossy()]);
    assert!(refused.contains("sales.parquet"), "{refused}");
}

#[test]
fn a_guessed_recipe_imports_the_file_it_was_made_of() {
    let dir = tempfile::tempdir().unwrap();
    let (data, folder) = (dir.path().join("data"), dir.path().join("shop"));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("sales.csv");
    std::fs::write(&file, "Order ID;E-Mail;Date;Total\nA1;ana@example.org;25.01.2026 10:00;1.234,50\nA2;bo@example.org;26.01.2026 11:00;20,00\n").unwrap();
    let recipe = must(&data, &["recipe", &file.to_string_lossy(), "--zone", "Europe/Berlin"]);
    std::fs::write(folder.join("recipe.toml"), &recipe).unwrap();
    let rejects = dir.path().join("rejects.csv");
    let told = must(&data, &["import", &folder.to_string_lossy(), "--rejects", &rejects.to_string_lossy()]);
    assert!(told.contains("2 new, 0 known already, 0 kept aside, 0 refused"), "{told}\n{recipe}");
    std::fs::write(&file, "").unwrap();
    assert!(must_fail(&data, &["recipe", &file.to_string_lossy()]).contains("the file is empty"));
}
