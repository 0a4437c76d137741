//! The console: pages that people look at all day.

mod account;
mod alerts;
mod aside;
mod ask;
mod asking;
mod assets;
mod brief;
mod compare;
mod curve;
mod customers;
mod data;
mod export;
mod frame;
mod go;
mod home;
mod identity_rules;
mod identity_view;
mod hooks;
mod linked;
mod links;
mod imports;
mod initiative_view;
mod initiatives;
mod journeys;
mod login;
mod map_view;
mod monday;
mod monday_sheet;
mod sheet;
mod news_words;
mod map_sheet;
mod stage;
mod findings_view;
mod follow_ups;
mod people_csv;
pub(crate) mod scorecards;
mod scorecards_csv;
mod scorecards_view;
mod scorecard_value;
mod scorecard_weeks;
mod places;
mod plan;
mod privacy;
mod review;
mod segments;
mod receipts;
mod requests;
mod retention;
mod settings;
mod shared;
mod source;
mod workspace;
mod profile_view;
mod story_curve;
mod story_groups;
mod story_view;
mod today;
mod tour;
mod unknown;

pub(crate) use brief::{Brief, gather};
pub(crate) use customers::name_of;
pub(crate) use export::{Form, person};
pub(crate) use findings_view::title as finding_title;
pub(crate) use frame::{percent_encoded, problems_as_pages, sentence};
pub(crate) use monday_sheet::pdf as monday_pdf;
pub(crate) use news_words::{Sentence, sentences as brief_sentences};
pub(crate) use receipts::as_file;
pub(crate) use segments::PURCHASE;

use crate::accounts::Area;
use crate::routes::{Route, get, post};

/// Every page and every form.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/", Area::Figures, home::home),
        get("/today", Area::Figures, today::today),
        get("/today/monday", Area::Figures, monday::monday_page),
        get("/today/monday.pdf", Area::Figures, monday::monday_pdf),
        post("/today/monday", Area::Own, monday::wish),
        get("/journeys", Area::Figures, journeys::journeys),
        get("/journeys/{key}", Area::Figures, journeys::map),
        get("/journeys/{key}/map.svg", Area::Figures, map_sheet::svg),
        get("/journeys/{key}/map.png", Area::Figures, map_sheet::png),
        get("/journeys/{key}/map.pdf", Area::Figures, map_sheet::pdf),
        get("/journeys/{key}/stages/{stage}", Area::Figures, stage::stage),
        get("/journeys/{key}/people", Area::Customers, journeys::people),
        get("/journeys/{key}/people.csv", Area::Customers, people_csv::people_csv),
        get("/scorecards", Area::Figures, scorecards::kinds),
        get("/scorecards/{kind}", Area::Figures, scorecards::kind),
        get("/scorecards/{kind}/{value}", Area::Figures, scorecard_value::value),
        get("/scorecards/{kind}/{value}/people", Area::Customers, scorecards::people),
        get("/scorecards/{kind}/{value}/people.csv", Area::Customers, scorecards_csv::people),
        get("/scorecards.csv", Area::Figures, scorecards_csv::values),
        get("/journeys/{key}/ask", Area::Customers, asking::asking),
        post("/journeys/{key}/ask", Area::Customers, asking::links),
        get("/data/links", Area::Data, links::list),
        post("/data/links", Area::Workspace, links::create),
        get("/data/links/{code}/code.svg", Area::Data, links::code_svg),
        post("/data/links/{code}/remove", Area::Workspace, links::remove),
        get("/l/{code}", Area::Open, linked::open),
        post("/l/{code}", Area::Open, linked::answer),
        get("/ask/{token}", Area::Open, ask::ask),
        post("/ask/{token}", Area::Open, ask::answer),
        get("/follow-ups", Area::Customers, follow_ups::list),
        post("/follow-ups", Area::Customers, follow_ups::create),
        post("/follow-ups/{id}/done", Area::Customers, follow_ups::done),
        get("/initiatives", Area::Figures, initiatives::list),
        post("/initiatives", Area::Act, initiatives::create),
        get("/initiatives/new", Area::Act, initiatives::new),
        get("/initiatives/{id}", Area::Figures, initiatives::show),
        post("/initiatives/{id}/state", Area::Act, initiatives::change),
        get("/customers", Area::Customers, customers::customers),
        get("/customers/shared", Area::Customers, shared::list),
        post("/customers/shared", Area::Decide, shared::decide),
        get("/customers/review", Area::Customers, review::review),
        post("/customers/review", Area::Decide, review::decide),
        post("/customers/review/look", Area::Decide, review::look),
        post("/customers/review/automatic", Area::Workspace, review::automatic),
        get("/customers/{id}", Area::Customers, customers::story),
        post("/customers/{id}/separate", Area::Decide, customers::separate),
        post("/customers/{id}/erase", Area::Decide, customers::erase),
        get("/segments", Area::Customers, segments::list),
        get("/segments/new", Area::Act, segments::new),
        post("/segments/new", Area::Act, segments::create),
        get("/segments/rfm", Area::Customers, segments::rfm),
        get("/segments/{id}", Area::Customers, segments::show),
        get("/segments/{id}/edit", Area::Act, segments::edit),
        post("/segments/{id}/edit", Area::Act, segments::change),
        post("/segments/{id}/archive", Area::Act, segments::archive),
        get("/segments/{id}/people.csv", Area::Customers, segments::people_file),
        get("/customers/{id}/export.json", Area::Export, export::customer_json),
        get("/customers/{id}/export.html", Area::Export, export::customer_page),
        get("/data", Area::Data, data::data),
        get("/data/source", Area::Data, source::source),
        get("/data/source/first", Area::Data, source::first),
        get("/data/aside", Area::Customers, aside::list),
        post("/data/aside", Area::Decide, aside::decide),
        get("/data/plan", Area::Data, plan::plan),
        post("/data/plan", Area::Workspace, plan::change_rules),
        get("/data/plan/event", Area::Data, plan::event),
        post("/data/plan/event", Area::Workspace, plan::change),
        get("/settings/privacy", Area::Workspace, privacy::privacy),
        post("/settings/privacy", Area::Workspace, privacy::change),
        get("/settings/privacy/people", Area::Workspace, requests::requests),
        post("/settings/privacy/people", Area::Decide, requests::bring).without_limit(),
        get("/settings/privacy/people/{id}", Area::Workspace, requests::file),
        post("/settings/privacy/people/{id}/{act}", Area::Decide, requests::act),
        get("/settings/privacy/people/{id}/export.zip", Area::Export, export::people_zip),
        get("/settings/privacy/people/{id}/export.ndjson", Area::Export, export::people_ndjson),
        get("/settings/privacy/receipts/{id}", Area::Workspace, receipts::receipt),
        get("/settings/privacy/receipts/{id}/receipt.json", Area::Workspace, receipts::receipt_json),
        get("/settings/privacy/retention", Area::Workspace, retention::retention),
        post("/settings/privacy/retention", Area::Decide, retention::change),
        post("/settings/privacy/retention/{id}/remove", Area::Decide, retention::remove),
        get("/settings/identity", Area::Workspace, identity_rules::show),
        post("/settings/identity", Area::Workspace, identity_rules::change),
        get("/data/source/latest", Area::Data, source::latest_ones),
        get("/data/message", Area::Data, source::message),
        get("/data/progress", Area::Figures, data::progress),
        get("/data/import", Area::Data, imports::imports),
        post("/data/import", Area::Import, imports::upload).without_limit(),
        get("/data/import/{id}", Area::Data, imports::file),
        post("/data/import/{id}", Area::Import, imports::decide),
        post("/data/import/{id}/{act}", Area::Import, imports::act),
        get("/data/import/{id}/rejects.csv", Area::Data, imports::rejects),
        get("/data/import/{id}/recipe.toml", Area::Data, imports::recipe),
        post("/data/places", Area::Workspace, places::add),
        post("/data/places/{id}/{act}", Area::Workspace, places::act),
        get("/workspaces/new", Area::Found, imports::found_page),
        post("/workspaces/new", Area::Found, imports::found),
        post("/data/hooks", Area::Keys, hooks::create),
        post("/data/hooks/{id}/remove", Area::Keys, hooks::remove),
        post("/data/keys", Area::Keys, data::make_key),
        post("/data/keys/{id}/revoke", Area::Keys, data::revoke),
        get("/settings/workspace", Area::Workspace, workspace::workspace_page),
        post("/settings/workspace", Area::Workspace, workspace::change_workspace),
        get("/settings/alerts", Area::Workspace, alerts::alerts_page),
        post("/settings/alerts", Area::Workspace, alerts::add),
        post("/settings/alerts/quiet", Area::Workspace, alerts::set_quiet_hours),
        post("/settings/alerts/{id}/{act}", Area::Workspace, alerts::change),
        post("/settings/mail/test", Area::Workspace, alerts::test_mail),
        post("/settings/mail/{position}/{act}", Area::Workspace, alerts::dead_letter),
        get("/settings/people", Area::People, settings::people_page),
        post("/settings/people", Area::People, settings::invite_somebody),
        post("/settings/people/{id}/disable", Area::People, settings::disable_somebody),
        get("/settings/audit", Area::Audit, settings::audit),
        get("/settings/account", Area::Own, account::account),
        post("/settings/account", Area::Own, account::change_password),
        post("/theme", Area::Open, account::choose_theme),
        get("/go", Area::Figures, go::go),
        get("/go/{part}", Area::Figures, go::part),
        post("/views", Area::Figures, go::save),
        post("/views/{id}/delete", Area::Figures, go::forget),
        post("/keys", Area::Open, go::choose_keys),
        get("/login", Area::Open, login::login_page),
        post("/login", Area::Open, login::login),
        post("/logout", Area::Own, login::logout),
        get("/join/{secret}", Area::Open, login::join_page),
        post("/join/{secret}", Area::Open, login::join),
        get("/assets/{name}", Area::Open, assets::asset),
    ]
}
