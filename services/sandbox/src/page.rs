//! The page for people at the root address of a pretend counterpart: one table defines its routes and the page that lists them, so the two always agree.
use axum::{
    Router,
    http::{StatusCode, header},
    routing::{MethodRouter, get},
};
use std::fmt::Display;

/// The answer to requests for an unknown path, or with a method that the path does not support.
const ELSEWHERE: &str = "nothing answers this method at this path; / lists what there is\n";

/// A path that is answered.
pub struct Endpoint<S> {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, as axum reads it.
    pub path: &'static str,
    /// What it does, in a sentence without its full stop.
    pub effect: &'static str,
    /// What follows `curl ADDRESS` to try it: the path, and the body if there is one.
    pub example: &'static str,
    /// What answers.
    pub answered_by: fn() -> MethodRouter<S>,
}

/// The list of endpoints, each with a command that calls it at `address`.
pub fn list<S>(endpoints: &[Endpoint<S>], address: impl Display) -> String {
    let lines = endpoints.iter().map(|endpoint| {
        let Endpoint { method, path, effect, example, .. } = endpoint;
        format!("{method} {path}\n    {effect}.\n    curl {address}{example}\n")
    });
    format!("Endpoints:\n\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// Routes for all endpoints, `page` at the root, and a line that leads there from everywhere else.
pub fn router<S: Clone + Send + Sync + 'static>(endpoints: &[Endpoint<S>], page: String) -> Router<S> {
    let root = get(async move || ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], page));
    let routes = endpoints.iter().fold(Router::new(), |routes, endpoint| routes.route(endpoint.path, (endpoint.answered_by)()));
    routes
        .route("/", root)
        .fallback(async || (StatusCode::NOT_FOUND, ELSEWHERE))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, ELSEWHERE))
}
