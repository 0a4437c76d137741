//! One table of routes, from which the router, the guard and the tests read.

use crate::accounts::Area;
use crate::errors::Problem;
use crate::state::Web;
use crate::{api, console, guard, headers, ingest, texts};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::header::ETAG;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Version};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};

/// A route: who may enter it, and what answers.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) area: Area,
    handler: MethodRouter<Web>,
}

impl Route {
    /// Takes a body of any size: its handler reads it part by part.
    pub(crate) fn without_limit(mut self) -> Self {
        self.handler = self.handler.layer(DefaultBodyLimit::disable());
        self
    }

    /// Its answer is compressed for whoever understands that.
    pub(crate) fn compressed(mut self) -> Self {
        self.handler = self.handler.layer(CompressionLayer::new());
        self
    }
}

/// A route that reads.
pub(crate) fn get<H: Handler<T, Web>, T: 'static>(path: &'static str, area: Area, handler: H) -> Route {
    Route { method: Method::GET, path, area, handler: on(MethodFilter::GET, handler) }
}

/// A route that changes something.
pub(crate) fn post<H: Handler<T, Web>, T: 'static>(path: &'static str, area: Area, handler: H) -> Route {
    Route { method: Method::POST, path, area, handler: on(MethodFilter::POST, handler) }
}

/// A browser's question before it sends.
pub(crate) fn preflight<H: Handler<T, Web>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: Method::OPTIONS, path, area: Area::Open, handler: on(MethodFilter::OPTIONS, handler) }
}

/// All routes with their guards.
pub(crate) fn router(web: &Web) -> Router {
    let guarded = |routes: Vec<Route>| {
        routes.into_iter().fold(Router::new(), |router, r| {
            let guard = from_fn_with_state((web.clone(), r.area), guard::guard);
            router.route(r.path, r.handler.layer(guard))
        })
    };
    let receiving = guarded(ingest::routes()).layer(from_fn(ingest::cors));
    // A strong tag is of one row of bytes: what carries one goes as it is.
    let untagged = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| !headers.contains_key(ETAG);
    let compression = CompressionLayer::new().compress_when(DefaultPredicate::new().and(untagged));
    let reading = guarded(api::routes()).merge(guarded(console::routes())).layer(compression);
    receiving
        .merge(reading)
        .fallback(async || Problem::NotFound(texts::NO_PAGE.to_owned()))
        .method_not_allowed_fallback(async || Problem::WrongMethod)
        .layer(from_fn_with_state(web.clone(), console::problems_as_pages))
        .layer(from_fn_with_state(web.clone(), headers::headers))
        .with_state(web.clone())
}
