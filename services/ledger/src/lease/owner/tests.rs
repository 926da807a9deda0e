//! Which processes count as ended.
use super::*;

#[test]
fn only_a_process_that_ended_here_is_gone() {
    assert!(!is_gone(&own()));
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    let id = ended.id();
    ended.wait().unwrap();
    assert!(is_gone(&format!("process {id} of {} (x)", place())));
    assert!(!is_gone(&format!("process {id} of elsewhere (x)")));
    assert!(!is_gone(""));
    assert!(!is_gone("process x of y (z)"));
}
