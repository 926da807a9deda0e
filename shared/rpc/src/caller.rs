//! The caller as a handler sees it.
use crate::{Allowance, Violations, errors};
use identity::{Principal, access::Reach};
use money::{BookName, UserKey};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};

/// The caller, and on whose data it may act. Put into the request's extensions by the stack, after every check.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The authenticated caller.
    pub principal: Arc<Principal>,
    /// What the table of access says about its role and this RPC.
    pub reach: Reach,
    /// The reason that a member of staff gave; `None` for others.
    pub reason: Option<Arc<str>>,
    /// The caller's remaining allowance, for items of streams, which count one by one. The call itself is counted already.
    pub allowance: Allowance,
    /// The person whose approval a service carries out, by a token of theirs that was verified; `None` if it sent none.
    pub approver: Option<Arc<Principal>>,
    /// Cancelled when its connection is asked to close; `None` within the process.
    pub ending: Option<CancellationToken>,
}

/// The reason that the member of staff behind `request` gave. Fails only if a service was wired without the stack.
pub fn staff_reason<T>(request: &Request<T>) -> Result<String, Status> {
    let reason = caller(request)?.reason;
    let missing = || errors::internal(&std::io::Error::other("an RPC that needs a reason was reached without one"));
    reason.map(|reason| reason.to_string()).ok_or_else(missing)
}

/// The caller of `request`. If a service was wired without the stack, this fails and nothing is allowed.
pub fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    let found = request.extensions().get::<Caller>().cloned();
    found.ok_or_else(|| errors::internal(&std::io::Error::other("a handler was reached without passing the stack")))
}

impl Caller {
    /// The book a request means: `name`, or the token's only book when it is empty.
    pub fn book(&self, name: &str) -> Result<BookName, Status> {
        if name.is_empty() {
            let single = self.principal.books.single().cloned();
            return single.ok_or_else(|| errors::malformed("book", "must be given, because the token does not hold exactly one book"));
        }
        let book = BookName::try_new(name).map_err(|error| errors::malformed("book", &error.must()))?;
        if self.principal.books.covers(&book) {
            return Ok(book);
        }
        Err(denied("the token does not cover this book", &[("book", book.to_string())]))
    }

    /// The book a request means and the user it acts on: all that is wrong with both.
    pub fn book_and_user(&self, book: &str, user_id: &str) -> Result<(BookName, UserKey), Status> {
        let mut wrong = Violations::default();
        let (book, user) = (wrong.take(self.book(book)), wrong.take(self.acting_for(user_id)));
        let (Some(book), Some(user)) = (book, user) else { return Err(wrong.into_status()) };
        Ok((book, user))
    }

    /// The user a request acts on: `user_id`, or the caller itself when it is empty.
    pub fn acting_for(&self, user_id: &str) -> Result<UserKey, Status> {
        if user_id.is_empty() || user_id == self.principal.subject.as_str() {
            return Ok(self.principal.subject.clone());
        }
        let user = UserKey::try_new(user_id).map_err(|error| errors::malformed("user_id", &error.must()))?;
        match self.reach {
            Reach::OnBehalf => Ok(user),
            // The requested name is not repeated, so that guessing reveals nothing.
            Reach::Own | Reach::Book => {
                Err(denied("the role may act on the caller's own data only", &[("role", self.principal.role.to_string())]))
            }
        }
    }
}

fn denied(message: &str, facts: &[(&str, String)]) -> Status {
    errors::refused(Code::PermissionDenied, "PERMISSION_DENIED", message.to_owned(), facts)
}
