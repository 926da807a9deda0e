//! What unit tests of pages share.
use askama::Template;

/// Markup for every place where a person, a bank or a store can write.
pub(crate) const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// Checks that a page shows the markup at least so many times, always as text, and nothing of it in an attribute.
#[track_caller]
pub(crate) fn assert_text(page: &impl Template, times: usize) {
    let text = page.render().unwrap();
    assert!(text.matches("<script").count() == 1 && !text.contains("<img") && !text.contains("\"'>"), "{text}");
    let seen = text.matches("&#60;script&#62;alert(1)").count();
    assert!(seen >= times, "{seen} of {times}: {text}");
}
