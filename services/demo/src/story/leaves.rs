//! The names in the structure of bank accounts: its account, the apps, and their books, companies and leaves.
use money::BookName;

/// The physical account of the structure: the bank account in the apps' books that is called main.
pub const ACCOUNT: &str = "main-sgd";
/// Its currency, which nothing else in the story has.
pub const CURRENCY: &str = "SGD";
/// The apps, whose money is on leaves of their own.
pub const APPS: [&str; 3] = ["live", "chat", "games"];

/// The book of an app, or the treasury's: its name, and what distinguishes this run's book from those of earlier runs in the same database.
pub fn book_of(story: &BookName, name: &str) -> String {
    story.as_str().strip_prefix("demo").filter(|rest| !rest.is_empty()).map_or_else(|| name.to_owned(), |run| format!("{name}{run}"))
}

/// The treasury's book of a run.
pub fn treasury_book(story: &BookName) -> String {
    book_of(story, "treasury")
}

/// The leaf of an app's creators, which covers what the app's book has at the bank.
pub fn creators_leaf(app: &str) -> String {
    format!("{app}-creators")
}

/// The company of an app, whose money its creators' leaf has: the bank account's owner pays them on its behalf.
pub fn company(app: &str) -> String {
    format!("{app}-co")
}

/// The name of that company, as banks are given it.
pub fn company_name(app: &str) -> String {
    format!("Demo {app} company")
}

/// The leaf of an app for everything else.
pub fn costs_leaf(app: &str) -> String {
    format!("{app}-costs")
}
