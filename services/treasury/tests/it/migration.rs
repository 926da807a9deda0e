//! 500 old accounts moved into one structure: planned, applied, interrupted, moved, quiet and closed, and every sum computed a second time.
use crate::fixture::{BOOK, Fixture, both};
use api::{
    ledger::GetTrialBalanceRequest,
    treasury::{
        ApplyMigrationRequest, ApplyMigrationResponse, CloseOldAccountsRequest, CloseOldAccountsResponse, GetMigrationReportRequest,
        GetMigrationReportResponse, MigrationTotal, MoveOldBalancesRequest, MoveOldBalancesResponse, OldAccountState, PlanMigrationRequest,
        PlanMigrationResponse,
    },
};
use std::{collections::BTreeMap, future::Future, pin::pin, task::Poll};
use testbed::Fault;
use tonic::{Response, Status};

const ACCOUNTS: usize = 500;
/// The leaves of three apps, each with the legal entity of its money.
const LEAVES: [(&str, &str); 3] = [("live-costs", "main"), ("chat-costs", "main"), ("games-costs", "acme")];

/// One account with a leaf for each app.
pub fn tree() -> String {
    let account = "[[account]]\nid = \"central\"\nname = \"Central account\"\nbank = \"A bank\"\nbranch = \"TESTUS33\"\ncurrency = \"USD\"\nentity = \"main\"\nnumber = \"999\"\n";
    let leaf = |(id, entity): &(&str, &str)| {
        format!("[[leaf]]\nid = \"{id}\"\nparent = \"central\"\nname = \"Costs of an app\"\nentity = \"{entity}\"\n")
    };
    account.to_owned() + &LEAVES.iter().map(leaf).collect::<String>()
}

/// The balance of an old account, in cents: every fiftieth is empty.
const fn balance(at: usize) -> i64 {
    if at.is_multiple_of(50) { 0 } else { at as i64 * 1_00 + 7 }
}

/// A file with so many accounts.
pub fn file(accounts: usize) -> String {
    let head = "id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates\n";
    let mut text = head.to_owned();
    for at in 1..=accounts {
        let ((leaf, entity), cents) = (LEAVES[at % LEAVES.len()], balance(at));
        let mandates = if at == 1 { "RENT-7;POWER-2" } else { "" };
        let (whole, part) = (cents / 100, cents % 100);
        text += &format!(
            "old-{at},{at:06},A bank,TESTUS33,USD,{entity},Account {at},own,{leaf},{whole}.{part:02},S{at},2026-01-31,12.50,price list,{mandates}\n"
        );
    }
    let sum: i64 = (1..=accounts).map(balance).sum();
    text + &format!("total,{accounts},,,USD,,,,,{}.{:02},,,,,\n", sum / 100, sum % 100)
}

fn sum() -> i64 {
    (1..=ACCOUNTS).map(balance).sum()
}

fn reason(status: &Status) -> String {
    rpc::reason(status).unwrap_or_else(|| status.to_string())
}

impl Fixture {
    pub async fn plan_migration(&self, file: &str) -> Result<PlanMigrationResponse, Status> {
        let request = PlanMigrationRequest { book: BOOK.to_owned(), file: file.to_owned() };
        self.client().plan_migration(self.by(request)).await.map(Response::into_inner)
    }

    pub async fn apply_migration(&self, file: &str, hash: &str) -> Result<ApplyMigrationResponse, Status> {
        let request = ApplyMigrationRequest { book: BOOK.to_owned(), file: file.to_owned(), hash: hash.to_owned() };
        self.client().apply_migration(self.by(request)).await.map(Response::into_inner)
    }

    /// Plans and applies.
    pub async fn import_old(&self, file: &str) {
        let plan = self.plan_migration(file).await.unwrap();
        self.apply_migration(file, &plan.hash).await.unwrap();
    }

    pub async fn old_moved(&self, request_id: &str, accounts: &[&str]) -> Result<MoveOldBalancesResponse, Status> {
        let account_ids = accounts.iter().map(|id| (*id).to_owned()).collect();
        let request = MoveOldBalancesRequest { book: BOOK.to_owned(), request_id: request_id.to_owned(), account_ids };
        self.client().move_old_balances(self.by(request)).await.map(Response::into_inner)
    }

    async fn closed(&self, accounts: &[&str]) -> Result<CloseOldAccountsResponse, Status> {
        let account_ids = accounts.iter().map(|id| (*id).to_owned()).collect();
        let request = CloseOldAccountsRequest { book: BOOK.to_owned(), account_ids };
        self.client().close_old_accounts(self.by(request)).await.map(Response::into_inner)
    }

    /// The whole report, read in pages.
    pub async fn report(&self) -> GetMigrationReportResponse {
        let (mut whole, mut page_token) = (GetMigrationReportResponse::default(), String::new());
        loop {
            let request = GetMigrationReportRequest { book: BOOK.to_owned(), page_size: 300, page_token };
            let page = self.client().get_migration_report(self.by(request)).await.unwrap().into_inner();
            whole.accounts.extend(page.accounts);
            (whole.summaries, whole.quiet_days, page_token) = (page.summaries, page.quiet_days, page.next_page_token);
            if page_token.is_empty() {
                return whole;
            }
        }
    }

    /// What the ledger says of each account of the treasury book: credits minus debits.
    pub async fn ledger(&self) -> BTreeMap<String, i64> {
        let (mut sums, mut page_token) = (BTreeMap::new(), String::new());
        loop {
            let request = GetTrialBalanceRequest { book: BOOK.to_owned(), page_size: 0, page_token };
            let page = self.bed.client().get_trial_balance(request).await.unwrap().into_inner();
            sums.extend(page.lines.into_iter().map(|line| (line.accounts, line.credits_posted - line.debits_posted)));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return sums;
            }
        }
    }

    /// Everything recomputed from the file: what is in each old account, and in each leaf, and that leaves are cash.
    async fn recomputed(&self, moved: impl Fn(usize) -> bool) {
        let sums = self.ledger().await;
        let of =
            |entity: &str, purpose: &str, id: &str| sums.get(&format!("house/{entity}/{purpose}/{id}/USD")).copied().unwrap_or_default();
        let mut leaves = BTreeMap::new();
        for at in 1..=ACCOUNTS {
            let (leaf, entity) = LEAVES[at % LEAVES.len()];
            let (there, here) = if moved(at) { (0, balance(at)) } else { (balance(at), 0) };
            let id = format!("old-{at}");
            assert_eq!((of(entity, "physical_cash", &id), of(entity, "virtual_account", &id)), (-there, there), "{id}");
            *leaves.entry((leaf, entity)).or_insert(0) += here;
        }
        for ((leaf, entity), wanted) in &leaves {
            assert_eq!(of(entity, "virtual_account", leaf), *wanted, "{leaf}");
        }
        assert_eq!(-of("main", "physical_cash", "central"), leaves.values().sum::<i64>());
    }
}

/// Polls a call so often, and drops it if it has not ended.
async fn killed_after<T>(polls: u32, call: impl Future<Output = T>) -> Option<T> {
    let (mut call, mut left) = (pin!(call), polls);
    std::future::poll_fn(move |context| match (call.as_mut().poll(context), left) {
        (Poll::Ready(answer), _) => Poll::Ready(Some(answer)),
        (Poll::Pending, 0) => Poll::Ready(None),
        (Poll::Pending, _) => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn five_hundred_accounts_are_imported_however_often_it_is_interrupted() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        let file = file(ACCOUNTS);
        let plan = fixture.plan_migration(&file).await.unwrap();
        let total = MigrationTotal {
            currency_code: "USD".to_owned(),
            account_count: 500,
            balance_minor_units: sum(),
            monthly_cost_minor_units: 500 * 1_250,
        };
        assert_eq!((plan.account_count, plan.totals.as_slice(), plan.accounts.len()), (500, [total].as_slice(), 500));
        assert!(fixture.report().await.accounts.is_empty(), "a plan imports nothing");
        // The ledger posts the first openings, and the service is gone before it knows.
        fixture.bed.fault.fail(Fault::AnswerLost);
        assert_eq!(reason(&fixture.apply_migration(&file, &plan.hash).await.unwrap_err()), "OUTCOME_UNKNOWN");
        fixture.bed.fault.fail(Fault::None);
        let report = fixture.report().await;
        assert!(report.accounts.iter().all(|account| account.state() == OldAccountState::Planned));
        assert_eq!(report.accounts.iter().filter(|account| account.balance_minor_units > 0).count(), 196, "a batch without its empty ones");
        for polls in (1..40).step_by(6) {
            killed_after(polls, fixture.apply_migration(&file, &plan.hash)).await;
        }
        let applied = fixture.apply_migration(&file, &plan.hash).await.unwrap();
        assert_eq!((applied.account_count, applied.replayed), (500, true));
        fixture.recomputed(|_| false).await;
        let again = fixture.apply_migration(&file, &plan.hash).await.unwrap();
        assert_eq!((again.opened_count, again.replayed), (0, true));
        let report = fixture.report().await;
        assert!(report.accounts.iter().all(|account| account.state() == OldAccountState::Open));
        let summary = &report.summaries[0];
        assert_eq!((summary.old_accounts, summary.old_accounts_open, summary.physical_accounts, summary.leaves), (500, 500, 1, 3));
        assert_eq!((summary.opening_minor_units, summary.balance_minor_units, summary.cost_before_minor_units), (sum(), sum(), 625_000));
        assert_eq!((summary.mandate_count, report.quiet_days), (2, 92));
        let same = fixture.plan_migration(&file).await.unwrap();
        assert_eq!(same.account_count, 0, "all are there");
    }
}

#[tokio::test]
async fn balances_are_moved_once_however_often_the_request_is_sent_and_leaves_stay_cash() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.import_old(&file(ACCOUNTS)).await;
        let some = fixture.old_moved(&testbed::new_id(), &["old-1", "old-2"]).await.unwrap();
        assert_eq!((some.totals[0].account_count, some.totals[0].balance_minor_units), (2, balance(1) + balance(2)));
        fixture.recomputed(|at| at <= 2).await;
        let id = testbed::new_id();
        fixture.bed.fault.fail(Fault::AnswerLost);
        assert_eq!(reason(&fixture.old_moved(&id, &[]).await.unwrap_err()), "OUTCOME_UNKNOWN");
        fixture.bed.fault.fail(Fault::None);
        for polls in (1..40).step_by(6) {
            killed_after(polls, fixture.old_moved(&id, &[])).await;
        }
        let rest = fixture.old_moved(&id, &[]).await.unwrap();
        assert_eq!((rest.totals[0].account_count, rest.replayed), (488, true), "all but the two, and the ten that are empty");
        assert_eq!(rest.totals[0].balance_minor_units, sum() - balance(1) - balance(2));
        fixture.recomputed(|_| true).await;
        let nothing = fixture.old_moved(&testbed::new_id(), &[]).await.unwrap();
        assert_eq!((nothing.totals.as_slice(), nothing.replayed), ([].as_slice(), false));
        let summary = fixture.report().await.summaries.remove(0);
        assert_eq!((summary.balance_minor_units, summary.moved_minor_units), (0, sum()));
        assert_eq!(reason(&fixture.old_moved(&testbed::new_id(), &["old-501"]).await.unwrap_err()), "OLD_ACCOUNT_UNKNOWN");
        assert_eq!(reason(&fixture.old_moved("no id", &[]).await.unwrap_err()), "MALFORMED");
    }
}

#[tokio::test]
async fn two_requests_at_once_move_a_balance_once() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.import_old(&file(9)).await;
        let ids: Vec<String> = (0..4).map(|_| testbed::new_id()).collect();
        let answers = futures::future::join_all(ids.iter().map(|id| fixture.old_moved(id, &["old-7"]))).await;
        let moved: i64 = answers.iter().flatten().flat_map(|answer| &answer.totals).map(|total| total.balance_minor_units).sum();
        assert_eq!(moved, balance(7));
        for refused in answers.into_iter().filter_map(Result::err) {
            assert_eq!(reason(&refused), "BALANCES_CHANGING");
        }
        let sums = fixture.ledger().await;
        assert_eq!(sums["house/main/virtual_account/old-7/USD"], 0);
        assert_eq!(sums["house/main/virtual_account/chat-costs/USD"], balance(7));
    }
}

#[tokio::test]
async fn an_old_account_is_closed_when_it_is_empty_and_quiet_and_its_leaf_not_before() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.import_old(&file(3)).await;
        fixture.old_moved(&testbed::new_id(), &["old-1"]).await.unwrap();
        let early = fixture.closed(&[]).await.unwrap();
        assert_eq!(early.closed_count, 0);
        let why = |id: &str| early.kept.iter().find(|kept| kept.id == id).unwrap().why.clone();
        assert!(why("old-1").contains("92 days without a receipt") && why("old-2").contains("207 minor units"), "{early:?}");
        fixture.days_later(92);
        let closed = fixture.closed(&[]).await.unwrap();
        assert_eq!((closed.closed_count, closed.kept.len()), (1, 2));
        assert_eq!(fixture.closed(&["old-1"]).await.unwrap(), CloseOldAccountsResponse::default(), "it is closed already");
        let report = fixture.report().await;
        let states: Vec<OldAccountState> = report.accounts.iter().map(|account| account.state()).collect();
        assert_eq!(states, [OldAccountState::Closed, OldAccountState::Open, OldAccountState::Open]);
        let summary = &report.summaries[0];
        assert_eq!((summary.old_accounts_open, summary.cost_before_minor_units, summary.cost_open_minor_units), (2, 3_750, 2_500));
        assert_eq!(summary.mandate_count, 0, "those of the closed account count no more");
        // The leaf of an open one stays, and the id of an old account is no node's.
        let costs = |state: &str| {
            format!(
                "[[leaf]]\nid = \"games-costs\"\nparent = \"central\"\nname = \"Costs of an app\"\nentity = \"acme\"\nstate = \"{state}\"\n"
            )
        };
        fixture.change(&costs("pending_close")).await.unwrap();
        let status = fixture.change(&costs("closed")).await.unwrap_err();
        assert!(status.message().contains("the old account old-2 still goes to it"), "{}", status.message());
        let node = "[[leaf]]\nid = \"old-3\"\nparent = \"central\"\nname = \"Three\"\nentity = \"main\"\n";
        assert_eq!(rpc::errors::facts(&fixture.change(node).await.unwrap_err())["rule"], "duplicate");
    }
}

#[tokio::test]
async fn a_plan_is_refused_once_file_structure_or_accounts_are_others_and_a_wrong_file_imports_nothing() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        let (few, more) = (file(3), file(5));
        let plan = fixture.plan_migration(&few).await.unwrap();
        assert_eq!(reason(&fixture.apply_migration(&more, &plan.hash).await.unwrap_err()), "PLAN_CHANGED");
        fixture.change(&tree().replace("Central account", "Renamed")).await.unwrap();
        assert_eq!(reason(&fixture.apply_migration(&few, &plan.hash).await.unwrap_err()), "PLAN_CHANGED");
        let old = fixture.plan_migration(&more).await.unwrap();
        fixture.import_old(&few).await;
        assert_eq!(
            reason(&fixture.apply_migration(&more, &old.hash).await.unwrap_err()),
            "PLAN_CHANGED",
            "three of its accounts came meanwhile"
        );
        assert_eq!(reason(&fixture.apply_migration(&few, "no hash").await.unwrap_err()), "MALFORMED");
        for (from, to, wanted) in [
            ("old-5,", "old-4,", "duplicate"),
            ("games-costs,5.07", "nowhere,5.07", "leaf"),
            ("USD,acme,Account 5", "EUR,acme,Account 5", "currency"),
            ("1.07", "-1.07", "fixed"),
            ("total,5", "total,6", "totals"),
        ] {
            let status = fixture.plan_migration(&more.replace(from, to)).await.unwrap_err();
            let (facts, message) = (rpc::errors::facts(&status), status.message());
            assert_eq!(reason(&status), "MIGRATION_REFUSED", "{from}: {message}");
            assert!(message.contains(": ") && message.contains("; nothing was imported"), "{message}");
            assert_eq!(facts["rule"], wanted, "{from}: {message}");
        }
        for wrong in ["", "id\n", "\u{0}", &"x".repeat(250_000)] {
            assert_eq!(reason(&fixture.plan_migration(wrong).await.unwrap_err()), "MALFORMED", "{wrong:.20}");
        }
        assert_eq!(fixture.report().await.accounts.len(), 3);
    }
}
