//! Every row of the list of who posts what: its service posts it, and nobody else does, by the call that the row names.
use crate::{
    calls::{BOOK, Fixture, on_both, post},
    posters::{REFUSED, posted, sent, strict, told},
    sample::{SampleTransfer, account, transfers},
};
use api::ledger::{
    CompareAndSet, Guard, PostPendingRequest, PostRequest, Posting, ReverseRequest, Transfer, VoidPendingRequest, guard::Operation,
};
use chart::{
    Account, AccountClass, Poster, PostingKind, Unit,
    posters::{GuardUse, Movement, POSTING_RULES, PostingAct, PostingRule},
};
use uuid::Uuid;

/// Everybody with a token of a service: those of the list, one of an operator's own, and services that post nothing.
fn callers() -> Vec<&'static str> {
    Poster::ALL.map(Poster::name).into_iter().chain(["loyalty", "largesse", "ledger", "monitor", "relay"]).collect()
}

fn transfer(of: &SampleTransfer) -> Transfer {
    let (debit_account, credit_account) = (of.debit.clone(), of.credit.clone());
    Transfer { debit_account, credit_account, amount: of.amount, pending: of.movement == Movement::Holds, ..Transfer::default() }
}

/// A posting that follows the rule, of this user's accounts. Where it moves nothing, it sets its guard.
fn sample(rule: &PostingRule, user: &str) -> PostRequest {
    let all = transfers(rule, user);
    let sets = rule.guards.iter().find(|(_, how)| *how == GuardUse::Sets).filter(|_| all.is_empty());
    let once = Operation::CompareAndSet(CompareAndSet { expected: 0, next: 1 });
    let guards = sets.iter().map(|(family, _)| Guard { key: format!("{}{user}", family.prefix()), operation: Some(once) }).collect();
    PostRequest { guards, ..post(rule.kind.name(), all.iter().map(transfer).collect()) }
}

fn unit(account: &str) -> Unit {
    Account::parse(account).unwrap().unit()
}

/// Puts what a posting takes on the accounts that it is taken from, as two people would.
async fn fund(fixture: &Fixture, of: &[SampleTransfer], user: &str) {
    let source = |unit| match unit {
        Unit::Coin => AccountClass::CoinsIssued,
        Unit::Diamond => AccountClass::DiamondsIssued,
        Unit::Currency(_) => AccountClass::House(chart::Purpose::Treasury),
    };
    let moved = of.iter().map(|transfer| Transfer {
        debit_account: account(source(unit(&transfer.debit)), user, "one"),
        credit_account: transfer.debit.clone(),
        amount: 1_000,
        ..Transfer::default()
    });
    let moved: Vec<Transfer> = moved.filter(|transfer| transfer.debit_account != transfer.credit_account).collect();
    if !moved.is_empty() {
        posted(fixture, "support", post("adjustment", moved)).await.unwrap();
    }
}

/// The hold that a posting of the rule resolves, placed by its service.
async fn hold(fixture: &Fixture, rule: &PostingRule, user: &str) -> Posting {
    let resolved = transfers(rule, user);
    let places = |other: &&PostingRule| {
        let held = transfers(other, user);
        held.iter().any(|one| one.movement == Movement::Holds && (&one.debit, &one.credit) == (&resolved[0].debit, &resolved[0].credit))
    };
    let places = POSTING_RULES.iter().find(places).unwrap_or_else(|| panic!("nothing holds what {} resolves", rule.kind.name()));
    fund(fixture, &transfers(places, user), user).await;
    let placed = fixture.anyone().post(sent(fixture, places.poster.name(), sample(places, user))).await.unwrap();
    placed.into_inner().posting.unwrap()
}

/// Has a caller make a posting of the rule, by the rule's call; what came of it.
async fn made(fixture: &Fixture, rule: &PostingRule, caller: &str, (user, of): (&str, Option<&Posting>)) -> String {
    let (book, request_id, kind) = (BOOK.to_owned(), Uuid::now_v7().to_string(), rule.kind.name().to_owned());
    let transfer_no = of.and_then(|of| of.transfers.first()).map_or(0, |transfer| transfer.transfer_no);
    let mut client = fixture.anyone();
    match rule.act {
        PostingAct::Post => told(posted(fixture, caller, sample(rule, user)).await),
        PostingAct::PostHold => {
            let message = PostPendingRequest { book, request_id, transfer_no, kind, ..Default::default() };
            told(client.post_pending(sent(fixture, caller, message)).await.map(drop))
        }
        PostingAct::VoidHold => {
            let message = VoidPendingRequest { book, request_id, transfer_no, kind, ..Default::default() };
            told(client.void_pending(sent(fixture, caller, message)).await.map(drop))
        }
        PostingAct::Reverse => {
            let posting_id = of.map_or_else(String::new, |of| of.posting_id.clone());
            let message = ReverseRequest { book, request_id, posting_id, kind, ..Default::default() };
            told(client.reverse(sent(fixture, caller, message)).await.map(drop))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_posted_by_its_service_and_by_nobody_else() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        let (mut kinds, mut refused) = (0, 0);
        for (at, rule) in POSTING_RULES.iter().enumerate() {
            let user = format!("user{at}");
            let of = match rule.act {
                PostingAct::Post => None,
                PostingAct::PostHold | PostingAct::VoidHold => Some(hold(&fixture, rule, &user).await),
                PostingAct::Reverse => {
                    let adjustment = sample(PostingKind::Adjustment.rule(), &user);
                    Some(fixture.anyone().post(sent(&fixture, "support", adjustment)).await.unwrap().into_inner().posting.unwrap())
                }
            };
            fund(&fixture, &transfers(rule, &user), &user).await;
            for caller in callers().into_iter().filter(|caller| !Poster::parse(caller).is_some_and(|poster| poster.posts(rule.kind))) {
                let answer = made(&fixture, rule, caller, (&user, of.as_ref())).await;
                assert_eq!(answer, REFUSED, "{caller} posts {}", rule.kind.name());
                refused += 1;
            }
            let own = rule.poster.name();
            assert_eq!(made(&fixture, rule, own, (&user, of.as_ref())).await, "posted", "{own} posts {}", rule.kind.name());
            kinds += 1;
        }
        // The bench alone makes a kind of another's.
        assert_eq!((kinds, refused), (PostingKind::ALL.len(), PostingKind::ALL.len() * (callers().len() - 1) - 1));
    })
    .await;
}
