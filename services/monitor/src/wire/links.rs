//! Which person users are: protobuf to domain and back.
use crate::{activity::ActivityUsers, store::LinkedUser};
use api::monitor::{LinkPersonRequest, PersonLink, UnlinkPersonRequest};
use money::{BookName, UserKey};
use rpc::Violations;
use tonic::Status;

/// A user, with those of books who are the same person.
pub(crate) fn users(user: UserKey, links: &[LinkedUser]) -> ActivityUsers {
    let of_person = links.iter().filter(|link| link.person == user.as_str());
    let linked = of_person.filter_map(|link| Some((link.book.clone(), UserKey::try_new(&link.user).ok()?))).collect();
    ActivityUsers { user, linked }
}

/// A user that a request must name.
fn named(field: &'static str, text: &str) -> Result<UserKey, Status> {
    UserKey::try_new(text).map_err(|error| rpc::malformed(field, &error.must()))
}

/// The link that a service wants.
pub(crate) fn wanted(caller: &rpc::Caller, sent: &LinkPersonRequest, now_ms: i64) -> Result<LinkedUser, Status> {
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&sent.book));
    let user = wrong.take(named("user_id", &sent.user_id));
    let person = wrong.take(named("person_id", &sent.person_id));
    if user.is_some() && user == person {
        wrong.add(rpc::malformed("person_id", "must be another key than user_id: that is this person already"));
    }
    let (Some(book), Some(user), Some(person)) = (book, user, person) else { return Err(wrong.into_status()) };
    wrong.check()?;
    let linked_by = caller.principal.subject.to_string();
    Ok(LinkedUser { book: book.to_string(), user: user.to_string(), person: person.to_string(), linked_by, linked_at_ms: now_ms })
}

/// The user whose link a service takes back.
pub(crate) fn unlinked(caller: &rpc::Caller, sent: &UnlinkPersonRequest) -> Result<(BookName, UserKey), Status> {
    let mut wrong = Violations::default();
    let (book, user) = (wrong.take(caller.book(&sent.book)), wrong.take(named("user_id", &sent.user_id)));
    let (Some(book), Some(user)) = (book, user) else { return Err(wrong.into_status()) };
    Ok((book, user))
}

/// A link.
pub(crate) fn link(of: LinkedUser) -> PersonLink {
    PersonLink {
        book: of.book,
        user_id: of.user,
        person_id: of.person,
        linked_by: of.linked_by,
        link_time: Some(rpc::wire::timestamp_ms(of.linked_at_ms)),
    }
}
