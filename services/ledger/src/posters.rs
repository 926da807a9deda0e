//! Which caller may post what: the rows of [`chart::posters`] and those of services of your own, checked before anything is decided.
//!
//! A stolen key allows no more than its service may post. The caller's rights are looked up once per call; a posting is compared with its row without
//! allocating, because this happens for every gift. Checked here and not in the writer, which also makes postings that no caller requested.
//!
//! - [`refusal`]: why a caller may not.
pub mod refusal;

use crate::{
    book::BookHandle,
    domain::{
        account::AccountState,
        event::{Body, TransferKind},
        request::{Action, BookRequest, Guard, GuardOperation, NewTransfer},
    },
    error::Error,
    store::{self, Mode},
};
use chart::{
    AccountClass, OwnPosters, Poster, PostingKind,
    posters::{BrokenRule, GuardUse, Movement, PostingAct, RuledTransfer},
};
use identity::Role;
use money::{BookName, UserKey};
use refusal::PosterRefusal;
use std::borrow::Cow;
use uuid::Uuid;

/// What to do about a refusal of one of Largesse's services.
const NEXT_HOUSE: &str = "each service calls with its own token (identity.service_tokens); what may be posted is in chart::posters";
/// The same for all other services.
const NEXT_OWN: &str = "give a service of your own its rows in [[ledger.posters]] of the ledger's settings";

/// What to do about a call of SupportService that carries nobody's approval.
const NEXT_APPROVED: &str = "call Approve of SupportService, which sends the approver's own token along (largesse-approver)";

/// All rows of one process.
#[derive(Debug, Clone, Default)]
pub(crate) struct PosterTable {
    own: OwnPosters,
    unbounded: Vec<String>,
}

/// What a caller may post.
#[derive(Debug, Clone)]
pub(crate) enum PosterRights {
    /// The rows of this poster.
    House(Poster, UserKey),
    /// SupportService without the token of a person who may approve: nothing, except dry runs and to be answered again.
    Unapproved(UserKey),
    /// Rows of the settings; possibly none.
    Own(UserKey, OwnPosters),
    /// A person: the access table lets no person post, and says which steps each may take.
    Person(UserKey),
    /// Anything; in tests.
    Everything,
}

impl PosterTable {
    pub(crate) fn new(own: OwnPosters, unbounded: Vec<String>) -> Self {
        Self { own, unbounded }
    }

    /// What the caller may post into a book of this mode.
    pub(crate) fn rights(&self, caller: &rpc::Caller, book: &BookName, mode: Mode) -> PosterRights {
        let principal = &caller.principal;
        let subject = principal.subject.clone();
        if principal.role != Role::Service {
            return PosterRights::Person(subject);
        }
        if self.unbounded.iter().any(|name| name == subject.as_str()) {
            return PosterRights::Everything;
        }
        match Poster::parse(subject.as_str()) {
            // It creates coins from nothing, which only a TEST book may have.
            Some(Poster::Bench) if mode != Mode::Test => PosterRights::Own(subject, OwnPosters::default()),
            // Its own token proves only that SupportService says so: the approver's proves that a person did.
            Some(Poster::Support) if !caller.approver.as_ref().is_some_and(|person| rpc::may_approve(person, book)) => {
                PosterRights::Unapproved(subject)
            }
            Some(poster) => PosterRights::House(poster, subject),
            None => PosterRights::Own(subject, self.own.clone()),
        }
    }
}

impl PosterRights {
    /// The rights for one request: what was answered under this id is answered again to SupportService without an approver, because that executes nothing.
    pub(crate) async fn for_id(&self, handle: &BookHandle, id: Uuid) -> Result<Cow<'_, Self>, Error> {
        match self {
            Self::Unapproved(service) if !handle.store.ids(handle.row.key, &[id]).await?.is_empty() => Ok(Self::as_support(service)),
            rights => Ok(Cow::Borrowed(rights)),
        }
    }

    /// The same for a request that may be a dry run: SupportService shows what a proposal would do before anybody approves it.
    pub(crate) async fn for_request(&self, handle: &BookHandle, request: &BookRequest) -> Result<Cow<'_, Self>, Error> {
        match self {
            Self::Unapproved(service) if request.dry_run => Ok(Self::as_support(service)),
            rights => rights.for_id(handle, request.id).await,
        }
    }

    fn as_support(service: &UserKey) -> Cow<'static, Self> {
        Cow::Owned(Self::House(Poster::Support, service.clone()))
    }

    /// Passes a posting on if the caller may make it.
    pub(crate) fn post(&self, request: BookRequest) -> Result<BookRequest, Error> {
        let Action::Post { transfers, guards, .. } = &request.action else { return Ok(request) };
        self.kind(&request.kind, PostingAct::Post)?;
        let legs = transfers.iter().map(asked);
        let (broken, guard) = match self {
            Self::Everything => return Ok(request),
            Self::Person(_) | Self::Unapproved(_) => (Ok(()), None),
            Self::Own(service, own) => {
                let debts = transfers.iter().map(|transfer| transfer.allow_debt);
                let broken = own.check(Some(service), &request.kind, legs.zip(debts));
                (broken, guards.iter().find(|guard| !OwnPosters::may_set(&guard.key)))
            }
            Self::House(..) => {
                let rule = PostingKind::parse(&request.kind).expect("checked above").rule();
                let special = transfers.iter().position(is_special).map_or(Ok(()), |at| Err(BrokenRule::Transfer(at)));
                (special.and_then(|()| rule.check(legs)), guards.iter().find(|guard| !rule.sets(&guard.key, used(guard))))
            }
        };
        if let Err(broken) = broken {
            return Err(self.broken(&request.kind, broken, transfers));
        }
        match guard {
            Some(guard) => {
                Err(self.refused(&request.kind, None, format!("set the guard {} so in a posting of kind {}", guard.key, request.kind)))
            }
            None => Ok(request),
        }
    }

    /// Passes on the resolution of a hold if the caller may make it. The hold's accounts are those of the posting, and a hold never changes.
    pub(crate) async fn resolve(&self, handle: &BookHandle, request: BookRequest) -> Result<BookRequest, Error> {
        let (transfer_no, act) = match request.action {
            Action::PostPending { transfer_no, .. } => (transfer_no, PostingAct::PostHold),
            Action::VoidPending { transfer_no, .. } => (transfer_no, PostingAct::VoidHold),
            _ => return Ok(request),
        };
        self.kind(&request.kind, act)?;
        if matches!(self, Self::Everything) {
            return Ok(request);
        }
        self.counts(&request)?;
        loop {
            if let Some((leg, names)) = hold(handle, transfer_no).await? {
                let broken = match self {
                    Self::House(..) => PostingKind::parse(&request.kind).map_or(Ok(()), |kind| kind.rule().check(std::iter::once(leg))),
                    Self::Own(service, own) => own.check(Some(service), &request.kind, std::iter::once((leg, false))),
                    Self::Person(_) | Self::Unapproved(_) | Self::Everything => Ok(()),
                };
                let (debit, credit) = &names;
                let what = || format!("resolve hold {transfer_no} from {debit} to {credit} under the kind {}", request.kind);
                return broken.map_err(|_| self.refused(&request.kind, Some(1), what())).map(|()| request);
            }
            // No such hold: the book's own refusal of a dry run is returned, and nothing is kept under the id. Unless it was placed a moment ago.
            handle.submit(BookRequest { dry_run: true, ..request.clone() }).await?;
        }
    }

    /// Whether the caller may set the guards of a release.
    fn counts(&self, request: &BookRequest) -> Result<(), Error> {
        let Action::VoidPending { guards, .. } = &request.action else { return Ok(()) };
        let forbidden = guards.iter().find(|guard| match self {
            Self::House(..) => !PostingKind::parse(&request.kind).is_some_and(|kind| kind.rule().sets(&guard.key, used(guard))),
            Self::Own(..) => !OwnPosters::may_set(&guard.key),
            Self::Person(_) | Self::Unapproved(_) | Self::Everything => false,
        });
        let what = |guard: &Guard| format!("set the guard {} so in a posting of kind {}", guard.key, request.kind);
        forbidden.map_or(Ok(()), |guard| Err(self.refused(&request.kind, None, what(guard))))
    }

    /// Passes on a reversal if the caller may make it. SupportService checks what two people approve; this applies to every holder of its token.
    pub(crate) async fn reverse(&self, handle: &BookHandle, request: BookRequest) -> Result<BookRequest, Error> {
        let Action::Reverse { posting, .. } = request.action else { return Ok(request) };
        self.kind(&request.kind, PostingAct::Reverse)?;
        if matches!(self, Self::Everything) {
            return Ok(request);
        }
        let (ledger, book) = (&*handle.store, &handle.row);
        loop {
            if let Some(event) = ledger.event_by_id(book.key, posting).await? {
                // The book itself refuses anything but a posting.
                let Body::Posting(source) = &event.body else { return Ok(request) };
                let instead = chart::instead_of_reversing(posting, &source.kind, |name| source.field(name), &book.name);
                // An id that was answered before gets its first answer, also if that was before this check existed.
                return match instead {
                    Some(instead) if ledger.ids(book.key, &[request.id]).await?.is_empty() => {
                        Err(Error::NotReversible { posting, kind: source.kind.to_string(), instead })
                    }
                    _ => Ok(request),
                };
            }
            // As with holds: the book refuses it as unknown, unless it is just being committed.
            handle.submit(BookRequest { dry_run: true, ..request.clone() }).await?;
        }
    }

    /// Whether the caller may freeze, thaw or close an account. PurchaseService may close what it has emptied, viewers' coins, and nothing else: an account that has
    /// something is closed by nobody.
    pub(crate) fn set_state(&self, account: &str, to: AccountState) -> Result<(), Error> {
        let is_wallet = chart::form(account).is_some_and(|form| form.class == AccountClass::ViewerCoins);
        match self {
            Self::House(Poster::Support, _) | Self::Person(_) | Self::Everything => Ok(()),
            Self::House(Poster::Purchase, _) if is_wallet && to == AccountState::Closed => Ok(()),
            Self::House(..) | Self::Unapproved(_) | Self::Own(..) => {
                Err(self.refused("", None, "set the state of an account, which SupportService does for two people".to_owned()))
            }
        }
    }

    /// Whether the caller may set debit limits.
    pub(crate) fn set_limit(&self) -> Result<(), Error> {
        match self {
            Self::House(Poster::Support, _) | Self::Person(_) | Self::Everything => Ok(()),
            Self::House(..) | Self::Unapproved(_) | Self::Own(..) => {
                Err(self.refused("", None, "set a debit limit, which staff do".to_owned()))
            }
        }
    }

    /// Whether the caller may import postings from elsewhere.
    pub(crate) fn import(&self) -> Result<(), Error> {
        match self {
            Self::House(Poster::Import, _) | Self::Everything => Ok(()),
            Self::House(..) | Self::Unapproved(_) | Self::Own(..) | Self::Person(_) => {
                Err(self.refused("", None, "import, which the token of `largesse import` does (its subject is `import`)".to_owned()))
            }
        }
    }

    /// Whether this kind may be used for this type of request.
    fn kind(&self, kind: &str, act: PostingAct) -> Result<(), Error> {
        let may = match self {
            Self::Everything => true,
            Self::House(poster, _) => PostingKind::parse(kind).is_some_and(|kind| poster.posts(kind) && kind.rule().act == act),
            Self::Own(service, own) => act != PostingAct::Reverse && own.posts(Some(service), kind),
            Self::Person(_) | Self::Unapproved(_) => false,
        };
        let how = match act {
            PostingAct::Post => "post",
            PostingAct::PostHold => "post a hold under",
            PostingAct::VoidHold => "void a hold under",
            PostingAct::Reverse => "reverse a posting under",
        };
        if may { Ok(()) } else { Err(self.refused(kind, None, format!("{how} the kind {kind}"))) }
    }

    fn broken(&self, kind: &str, broken: BrokenRule, transfers: &[NewTransfer]) -> Error {
        let between = |at: usize| {
            let accounts = &transfers[at].accounts;
            format!("transfer {} from {} to {}", at + 1, accounts.debit().text, accounts.credit().text)
        };
        let (at, what) = match broken {
            BrokenRule::Transfer(at) => (Some(at), between(at)),
            BrokenRule::Again(at) => (Some(at), format!("{}, which was named before", between(at))),
            BrokenRule::Currency(at) => (Some(at), format!("{}, which is in another currency than those before it", between(at))),
            BrokenRule::Lacks(class) => (None, format!("these transfers and none from {}", class.line())),
            BrokenRule::Unbalanced(class) => (None, format!("transfers that leave {} with another balance", class.line())),
            BrokenRule::Exceeds(more, less) => (None, format!("more from {} than from {}", more.line(), less.line())),
        };
        self.refused(kind, at.map(|at| at + 1), format!("post the kind {kind} with {what}"))
    }

    fn refused(&self, kind: &str, transfer: Option<usize>, what: String) -> Error {
        let (service, next) = match self {
            Self::House(_, service) => (service.clone(), NEXT_HOUSE),
            Self::Unapproved(service) => (service.clone(), NEXT_APPROVED),
            Self::Own(service, _) | Self::Person(service) => (service.clone(), NEXT_OWN),
            Self::Everything => unreachable!("it may do everything"),
        };
        Error::PosterNotAllowed(Box::new(PosterRefusal { service, kind: kind.to_owned(), transfer, what, next }))
    }
}

/// Whether a transfer does more than move or hold its amount. No service of Largesse needs it.
fn is_special(transfer: &NewTransfer) -> bool {
    transfer.allow_debt || transfer.up_to || transfer.rest_of.is_some() || transfer.expire_time.is_some()
}

fn asked(transfer: &NewTransfer) -> RuledTransfer {
    RuledTransfer {
        debit: transfer.accounts.debit().form.class,
        credit: transfer.accounts.credit().form.class,
        unit: transfer.accounts.unit(),
        amount: transfer.amount.get(),
        movement: if transfer.pending { Movement::Holds } else { Movement::Moves },
    }
}

fn used(guard: &Guard) -> GuardUse {
    match guard.operation {
        GuardOperation::CompareAndSet { .. } => GuardUse::Sets,
        GuardOperation::AdvanceTo(_) | GuardOperation::CapAt(_) => GuardUse::Advances,
        GuardOperation::Add(by) if by > 0 => GuardUse::Raises,
        GuardOperation::Add(_) => GuardUse::Lowers,
    }
}

/// A hold and the names of its accounts, if the store has it.
async fn hold(handle: &BookHandle, transfer_no: i64) -> Result<Option<(RuledTransfer, (String, String))>, Error> {
    let (ledger, book) = (&*handle.store, handle.row.key);
    let placed = ledger.transfers(book, transfer_no, 1).await?.into_iter().next();
    let placed = placed.filter(|transfer| transfer.no == transfer_no && transfer.kind == TransferKind::Pending);
    let Some(transfer) = placed else { return Ok(None) };
    let accounts = ledger.accounts_by_key(book, &[transfer.debit, transfer.credit]).await?;
    let named = |key| accounts.iter().find(|account| account.key == key);
    let damaged = || Error::Store(store::Error::Damaged(format!("hold {transfer_no} is between accounts that do not exist")));
    let (Some(debit), Some(credit)) = (named(transfer.debit), named(transfer.credit)) else { return Err(damaged()) };
    let class = |name: &str| chart::form(name).map(|form| form.class).ok_or_else(damaged);
    let leg = RuledTransfer {
        debit: class(&debit.name)?,
        credit: class(&credit.name)?,
        unit: debit.unit,
        amount: transfer.amount,
        movement: Movement::Resolves,
    };
    Ok(Some((leg, (debit.name.to_string(), credit.name.to_string()))))
}
