//! The description of the API for machines, and the routes it must describe.

use crate::accounts::Area;
use crate::{api, ingest};
use axum::http::Method;

/// OpenAPI 3.1, as it is served at `/api/v1/openapi.json`.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Every route for programs: method and path, as the router has them. The doors of tracking SDKs are not
/// among them: what is said there is decided by the SDKs.
pub fn api_routes() -> Vec<(String, String)> {
    let all = ingest::routes().into_iter().chain(api::routes());
    all.filter(|r| r.method != Method::OPTIONS && r.area != Area::Send)
        .map(|r| (r.method.to_string(), r.path.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_exactly_the_routes_of_the_router() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut described: Vec<(String, String)> = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys().filter(|k| *k != "parameters") {
                assert!(methods[method]["responses"]["200"].is_object(), "{method} {path} has no answer 200");
                assert!(methods[method]["operationId"].is_string(), "{method} {path} has no operationId");
                described.push((method.to_uppercase(), path.clone()));
            }
        }
        let mut routed = api_routes();
        described.sort();
        routed.sort();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        fn walk(v: &serde_json::Value, root: &serde_json::Value) {
            match v {
                serde_json::Value::Object(o) => {
                    if let Some(r) = o.get("$ref").and_then(|r| r.as_str()) {
                        assert!(root.pointer(r.trim_start_matches('#')).is_some(), "{r}");
                    }
                    o.values().for_each(|v| walk(v, root));
                }
                serde_json::Value::Array(a) => a.iter().for_each(|v| walk(v, root)),
                _ => {}
            }
        }
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        walk(&document, &document);
    }
}
