//! The console: pages that people look at all day.

mod account;
mod assets;
mod compare;
mod curve;
mod customers;
mod data;
mod frame;
mod home;
mod imports;
mod journeys;
mod login;
mod map_view;
mod map_sheet;
mod stage;
mod findings_view;
mod follow_ups;
mod people_csv;
mod settings;
mod workspace;
mod story_view;
mod today;

pub(crate) use frame::{percent_encoded, problems_as_pages};

use crate::accounts::Area;
use crate::routes::{Route, get, post};

/// Every page and every form.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/", Area::Figures, home::home),
        get("/today", Area::Figures, today::today),
        get("/journeys", Area::Figures, journeys::journeys),
        get("/journeys/{key}", Area::Figures, journeys::map),
        get("/journeys/{key}/map.svg", Area::Figures, map_sheet::svg),
        get("/journeys/{key}/map.png", Area::Figures, map_sheet::png),
        get("/journeys/{key}/map.pdf", Area::Figures, map_sheet::pdf),
        get("/journeys/{key}/stages/{stage}", Area::Figures, stage::stage),
        get("/journeys/{key}/people", Area::Customers, journeys::people),
        get("/journeys/{key}/people.csv", Area::Customers, people_csv::people_csv),
        get("/follow-ups", Area::Customers, follow_ups::list),
        post("/follow-ups", Area::Customers, follow_ups::create),
        post("/follow-ups/{id}/done", Area::Customers, follow_ups::done),
        get("/customers", Area::Customers, customers::customers),
        get("/customers/{id}", Area::Customers, customers::story),
        post("/customers/{id}/separate", Area::Decide, customers::separate),
        post("/customers/{id}/erase", Area::Decide, customers::erase),
        get("/data", Area::Data, data::data),
        get("/data/progress", Area::Figures, data::progress),
        get("/data/import", Area::Data, imports::imports),
        post("/data/import", Area::Import, imports::upload).without_limit(),
        get("/data/import/{id}", Area::Data, imports::file),
        post("/data/import/{id}", Area::Import, imports::decide),
        post("/data/import/{id}/{act}", Area::Import, imports::act),
        get("/data/import/{id}/rejects.csv", Area::Data, imports::rejects),
        get("/data/import/{id}/recipe.toml", Area::Data, imports::recipe),
        get("/workspaces/new", Area::Found, imports::found_page),
        post("/workspaces/new", Area::Found, imports::found),
        post("/data/keys", Area::Keys, data::make_key),
        post("/data/keys/{id}/revoke", Area::Keys, data::revoke),
        get("/settings/workspace", Area::Workspace, workspace::workspace_page),
        post("/settings/workspace", Area::Workspace, workspace::change_workspace),
        get("/settings/people", Area::People, settings::people_page),
        post("/settings/people", Area::People, settings::invite_somebody),
        post("/settings/people/{id}/disable", Area::People, settings::disable_somebody),
        get("/settings/audit", Area::Audit, settings::audit),
        get("/settings/account", Area::Own, account::account),
        post("/settings/account", Area::Own, account::change_password),
        post("/theme", Area::Open, account::choose_theme),
        get("/login", Area::Open, login::login_page),
        post("/login", Area::Open, login::login),
        post("/logout", Area::Own, login::logout),
        get("/join/{secret}", Area::Open, login::join_page),
        post("/join/{secret}", Area::Open, login::join),
        get("/assets/{name}", Area::Open, assets::asset),
    ]
}
