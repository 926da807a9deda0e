//! The console: pages for staff over the same services that grpcurl calls, with the token of whoever is signed in.
//!
//! It promises: no page has a right that its reader has not, because every call carries the reader's own token and reason through the stack of the service (in a
//! sandbox, one page also acts as pretend users of a TEST book); no script is needed for anything; nothing is loaded from another host; and a book with real money never looks like one without.
//!
//! - [`Config`]: its options. `parts`: what all pages share. `guard`: what holds for every request, and every answer's headers.
//! - `login`: signing in and out. `provider`: the issuer. `session`, `cookies`, `seal`, `attempts`: what they need.
//! - `meters`: what is counted. `visitor`: who asks, and calls in their name. `services`: clients of services. `frame`: what is around a page. `answer`: a page, or why there is none.
//! - `live`: payments as they happen, in a stream for a browser. `streams`: how many streams there may be. `zone`: the time zone that a reader chose.
//! - `playground`: the pretend banks and stores of a sandbox, for the page that drives them.
//! - `figures`: the charts of pages. `export`: what a page shows as a file.
//! - `pages`: one file each. `view`: money, times and commands as people read them. `filters`: what an address asks for. `assets`: style and script.
mod answer;
mod assets;
mod attempts;
mod config;
mod cookies;
mod error;
mod export;
mod figures;
mod filters;
mod frame;
mod guard;
mod live;
mod login;
mod meters;
mod pages;
mod parts;
mod playground;
mod provider;
mod renewal;
mod seal;
mod services;
mod session;
mod streams;
mod view;
mod visitor;
mod zone;

pub use config::{Config, ForwardedToken};
pub use error::Error;
pub use playground::SandboxDeps;
pub use services::MoreServices;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get, post},
};
use http::StatusCode;
use identity::Verifier;
use parts::{Console, ConsoleParts};
use rpc::Transport;
use std::{sync::Arc, time::Duration};

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 8 * 1024;

/// What the console needs of its process.
pub struct Deps {
    /// Checks the tokens of logins, as it checks those of calls.
    pub verifier: Arc<Verifier>,
    /// How long ago staff may have signed in for what needs a recent login. `None`: it is not asked.
    pub login_age_max: Option<Duration>,
    /// LedgerService, without a token.
    pub ledger: Transport,
    /// SupportService, without a token.
    pub support: Transport,
    /// MonitorService, without a token.
    pub monitor: Transport,
    /// The services behind some pages only.
    pub more: MoreServices,
    /// The gRPC listener's address for the commands on pages, such as `127.0.0.1:7070`.
    pub grpc: String,
    /// Whether that listener uses TLS.
    pub tls: bool,
    /// The pretend banks and stores, in a sandbox only.
    pub sandbox: Option<SandboxDeps>,
}

/// The console's routes. Fails if an option is missing or invalid; the issuer is asked when somebody signs in.
pub fn build(deps: Deps, config: &Config) -> Result<Router, Error> {
    let console = Arc::new(ConsoleParts::try_new(deps, config)?);
    meters::watch(&console);
    let pages = pages(console.sandbox.is_some());
    let paths: Arc<[&str]> = pages.iter().map(|(path, _)| *path).collect();
    let router = pages.into_iter().fold(Router::new(), |router, (path, page)| router.route(path, page));
    Ok(router
        .fallback(nothing)
        .layer(middleware::from_fn_with_state(console.clone(), zone::show_in))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(console.clone(), guard::guard))
        .layer(middleware::from_fn_with_state(paths, meters::count))
        .with_state(console))
}

/// Everything that there is at an address; elsewhere than in a sandbox there is no page to drive it, as if it had never been written.
fn pages(in_sandbox: bool) -> Vec<(&'static str, MethodRouter<Console>)> {
    let of_sandbox: [(&str, MethodRouter<Console>); 2] =
        [("/sandbox", get(pages::sandbox::show)), ("/sandbox/drive", post(pages::sandbox::drive))];
    let mut all = vec![
        ("/", get(pages::today::show)),
        ("/find", get(pages::find::show)),
        ("/case", get(pages::case::show)),
        ("/user", get(pages::user::show)),
        ("/wallet", get(pages::wallet::show)),
        ("/creator", get(pages::creator::show)),
        ("/accounts", get(pages::account::show)),
        ("/trial-balance", get(pages::trial_balance::show)),
        ("/books", get(pages::books::show)),
        ("/payments", get(pages::payments::show)),
        ("/payments/live", get(live::watch)),
        ("/purchases", get(pages::purchases::show)),
        ("/purchase", get(pages::purchase::show)),
        ("/gifts", get(pages::gifts::show)),
        ("/payouts", get(pages::payouts::show)),
        ("/payout", get(pages::payout::show)),
        ("/reveal", post(pages::reveal::reveal)),
        ("/reviews", get(pages::reviews::show)),
        ("/rails", get(pages::rails::show)),
        ("/treasury", get(pages::treasury::show)),
        ("/treasury/assign", post(pages::treasury::assign)),
        ("/treasury/close", post(pages::treasury::close)),
        ("/proposals", get(pages::proposals::show)),
        ("/proposal", get(pages::proposal::show)),
        ("/proposal/decide", post(pages::proposal::decide)),
        ("/acts", get(pages::acts::show)),
        ("/accounts.csv", get(pages::account::export)),
        ("/trial-balance.csv", get(pages::trial_balance::export)),
        ("/payments.csv", get(pages::payments::export)),
        ("/acts.csv", get(pages::acts::export)),
        ("/console/login", get(login::show)),
        ("/console/login/begin", get(login::begin)),
        ("/console/callback", get(login::callback)),
        ("/console/logout", post(login::logout)),
        ("/console/reason", post(login::explain)),
        ("/console/zone", post(zone::choose)),
        ("/assets/{name}", get(assets::serve)),
    ];
    all.extend(of_sandbox.into_iter().filter(|_| in_sandbox));
    all
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is no such page; / leads to all of them\n").into_response()
}
