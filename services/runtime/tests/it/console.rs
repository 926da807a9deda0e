//! The console of a whole installation, as a browser meets it: signing in through the pretend login, every page by every role, and what nobody may do.
mod browser;
mod chromium;
mod exports;
mod finding;
mod forms;
mod holders;
mod pages;
mod payments;
mod payouts;
mod proposals;
mod revealing;
mod sandbox;
mod sessions;
mod tasks;
mod tls;
mod treasury;

use crate::options;
use browser::Browser;
use runtime::{Options, Runtime};
use std::path::Path;

/// A whole sandbox with a console on a free port.
async fn house(dir: &Path) -> Runtime {
    Runtime::start(with_console(options(dir))).await.unwrap()
}

fn with_console(mut options: Options) -> Options {
    options.settings.console.listen = crate::free_port();
    // One test signs in more often than a person does.
    options.settings.console.logins_per_minute_max = 0;
    options
}

/// A browser in which this person has signed in.
async fn signed_in(house: &Runtime, person: &str) -> Browser {
    let mut browser = Browser::new(&house.console_url().unwrap());
    browser.sign_in(person).await;
    browser
}
