//! A ledger, a bank and the payout service, wired as one process would.

use api::{
    ledger::BookMode,
    payout::{
        AbaAccount, CreateBeneficiaryRequest, Payout, PayoutState, RequestPayoutRequest, WatchPayoutRequest,
        create_beneficiary_request::Account, payout_service_client::PayoutServiceClient,
    },
    r#type::Money,
};
use db::Database;
use futures::StreamExt as _;
use identity::Role;
use iso20022::camt053::Statement;
use money::Currency;
use payout::{BankAccountConfig, BankConfig, BankRailConfig, Config, Deps, Service};
use rpc::Transport;
use sandbox::bank::{self, SandboxBank, own_account};
use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};
use testbed::{Testbed, TestbedOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};
use uuid::Uuid;

pub const BOOK: &str = "app-us";
pub const FUNDS: i64 = 100_000;
/// Longer than anything takes that a test waits for, on a busy machine too: what never happens is a failure and no hang.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Everything but the payout service, which tests start and stop.
pub struct World {
    pub database: Database,
    pub key_file: PathBuf,
    pub bank: SandboxBank,
    pub bed: Arc<Testbed>,
    shutdown: CancellationToken,
    http: reqwest::Client,
    _dir: tempfile::TempDir,
}

impl World {
    /// `finality`: the bank's window, in seconds.
    pub async fn open(database: Database, finality: u64) -> World {
        Self::open_charging(database, finality, 0).await
    }

    /// The same, and what the bank charges for a recall.
    pub async fn open_charging(database: Database, finality: u64, recall_fee_minor_units: i64) -> World {
        let dir = tempfile::tempdir().unwrap();
        let books = &[(BOOK, BookMode::Test), ("app-live", BookMode::Live)];
        let bed = Arc::new(Testbed::over(&database, TestbedOptions { books, recorded: false }).await);
        let shutdown = CancellationToken::new();
        let config = bank::Config {
            finality_window: Duration::from_secs(finality),
            late_answer: Duration::from_millis(600),
            later: Duration::from_secs(600),
            recall_fee_minor_units,
            ..bank::Config::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bank = bank::start(listener, &database, config, shutdown.clone()).await.unwrap();
        let http = http_client::local().build().unwrap();
        let key_file = dir.path().join("payout.key");
        World { database, key_file, bank, bed, shutdown, http, _dir: dir }
    }

    pub fn transport(&self) -> Transport {
        self.bed.ledger_as("payout")
    }

    /// Quick enough for tests, and with a lease that ends soon after a crash.
    pub fn config(&self) -> Config {
        let rails = ["us-rtp", "sepa-instant"].map(|rail| BankRailConfig {
            rail: rail.to_owned(),
            time_out: Duration::from_millis(300),
            minor_units_max: 50_000,
            ..BankRailConfig::default()
        });
        let accounts = ["USD", "EUR"].map(|code| BankAccountConfig {
            id: "main".to_owned(),
            currency: code.to_owned(),
            address: own_account(Currency::try_new(code).unwrap()).canonical(),
            reference_prefix: format!("T{code}"),
            liquidity: false,
        });
        let bank = BankConfig {
            name: "first".to_owned(),
            entity: "main".to_owned(),
            url: self.bank.url(),
            debtor_name: "Largesse".into(),
            accounts: accounts.to_vec(),
            rails: rails.to_vec(),
            ..BankConfig::default()
        };
        let mut config = Config::new(self.key_file.clone());
        config.create_key = true;
        config.banks = vec![bank];
        config.lease = Duration::from_millis(1500);
        config.poll_delay = Duration::from_millis(50);
        config.policy.retry_delay = Duration::from_millis(20);
        config.policy.retry_delay_max = Duration::from_millis(100);
        config.policy.clock_skew = Duration::ZERO;
        config.policy.sends_max = 2;
        config
    }

    pub async fn start(&self) -> Running {
        self.start_with(self.config()).await
    }

    pub async fn start_with(&self, config: Config) -> Running {
        let shutdown = CancellationToken::new();
        let deps = Deps { ledger: self.transport(), database: self.database.clone(), shutdown: shutdown.clone() };
        let service = payout::start(deps, config).await.unwrap();
        let transport = self.bed.lay(service.routes());
        Running { service, transport, bed: self.bed.clone(), shutdown }
    }

    /// Credits a creator with money that can be paid out.
    pub async fn fund(&self, user: &str, currency: &str) {
        let (debit, credit) = (format!("house/accrued_creator_liability/{currency}"), format!("creator/{user}/payable/{currency}"));
        self.bed.post("conversion", &debit, &credit, FUNDS).await;
    }

    /// The balance and the available amount; zero where the account was never used.
    pub async fn balance(&self, account: &str) -> (i64, i64) {
        self.bed.balances(account).await
    }

    /// The bank's statement as it sends it.
    pub async fn statement_file(&self, currency: &str) -> Vec<u8> {
        let url = format!("{}/statements/{currency}", self.bank.url());
        self.http.get(url).send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    pub async fn statement(&self, currency: &str) -> Statement {
        let statement = Statement::read(&self.statement_file(currency).await).unwrap();
        assert!(statement.adds_up());
        statement
    }

    /// How often the bank executed it.
    pub async fn executed(&self, payout: &Payout) -> usize {
        let code = payout.amount.as_ref().unwrap().currency_code.clone();
        let entries = self.statement(&code).await.entries;
        entries.iter().filter(|entry| entry.end_to_end_id.as_deref() == Some(payout.end_to_end_id.as_str())).count()
    }

    /// Checks that unsettled money is with the creator, that nothing is left in transit, and that our cash matches the bank.
    pub async fn check_books(&self, user: &str, currency: &str, settled: i64) {
        assert_eq!(self.balance(&format!("creator/{user}/payable/{currency}")).await, (FUNDS - settled, FUNDS - settled));
        assert_eq!(self.balance(&format!("house/in_transit/{currency}")).await, (0, 0));
        let statement = self.statement(currency).await;
        let moved = statement.closing.signed_minor_units() - statement.opening.signed_minor_units();
        assert_eq!(
            (i128::from(self.balance(&format!("house/bank_cash/{currency}")).await.0), -moved),
            (i128::from(settled), i128::from(settled))
        );
    }

    pub async fn scenario(&self, body: serde_json::Value) {
        let answer = self.http.post(format!("{}/scenarios", self.bank.url())).json(&body).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// A command to the bank; its HTTP status.
    pub async fn command(&self, path: &str, body: serde_json::Value) -> u16 {
        self.http.post(format!("{}/{path}", self.bank.url())).json(&body).send().await.unwrap().status().as_u16()
    }

    /// The same, with statements that are read all the time, and with callbacks of the bank.
    pub fn watchful(&self) -> Config {
        let mut config = self.config();
        config.statement_interval = Duration::from_millis(50);
        config.returns.recall_ask_delay_max = Duration::from_millis(100);
        config.banks[0].callback_keys_url = format!("{}/public-keys", self.bank.url());
        config
    }

    pub async fn close(self) {
        self.shutdown.cancel();
        drop(self.http);
        self.bank.stopped().await.unwrap();
    }
}

/// The payout service, running.
pub struct Running {
    pub service: Service,
    transport: Transport,
    bed: Arc<Testbed>,
    shutdown: CancellationToken,
}

impl Running {
    pub fn client(&self) -> PayoutServiceClient<Transport> {
        PayoutServiceClient::new(self.transport.clone())
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.service.stopped().await;
    }

    /// A request of a member of staff, with a reason.
    pub fn staff<T>(&self, message: T) -> Request<T> {
        self.bed.by("sam", Role::Finance, message)
    }

    /// The payout as its creator sees it, once it is so.
    pub async fn once(&self, user: &str, payout_id: &str, is_so: impl Fn(&Payout) -> bool) -> Payout {
        let mut changes = self.service.changes();
        let wait = async {
            loop {
                let request = api::payout::GetPayoutRequest { book: BOOK.into(), payout_id: payout_id.into() };
                let payout = self.client().get_payout(self.signed(user, request)).await.unwrap().into_inner().payout.unwrap();
                if is_so(&payout) {
                    return payout;
                }
                // What another process changes is not told here.
                let _ = tokio::time::timeout(Duration::from_millis(200), changes.recv()).await;
            }
        };
        tokio::time::timeout(WAIT_MAX, wait).await.expect("it never became so")
    }

    /// A request of that creator.
    pub fn signed<T>(&self, user: &str, message: T) -> Request<T> {
        self.bed.unexplained(user, Role::Creator, &[BOOK, "app-live"], message)
    }

    /// A request of that creator, with a token of this lifetime.
    pub fn signed_for<T>(&self, user: &str, life: Duration, message: T) -> Request<T> {
        self.bed.for_a_while(user, Role::Creator, (&[BOOK], life), message)
    }

    pub async fn beneficiary(&self, user: &str, account: Account) -> Result<String, Status> {
        let request = beneficiary(account);
        let answer = self.client().create_beneficiary(self.signed(user, request)).await?;
        Ok(answer.into_inner().beneficiary.unwrap().beneficiary_id)
    }

    pub async fn request(&self, user: &str, request: RequestPayoutRequest) -> Result<(Payout, bool), Status> {
        let answer = self.client().request_payout(self.signed(user, request)).await?.into_inner();
        Ok((answer.payout.unwrap(), answer.replayed))
    }

    /// Requests a payout to an account and follows it to its end.
    pub async fn pay(&self, user: &str, account: Account, minor_units: i64) -> Payout {
        let currency = if matches!(account, Account::Iban(_)) { "EUR" } else { "USD" };
        let beneficiary_id = self.beneficiary(user, account).await.unwrap();
        let (payout, _) = self.request(user, payout_request(&beneficiary_id, currency, minor_units)).await.unwrap();
        self.end(user, &payout.payout_id).await
    }

    /// Waits for the final state, through the stream.
    pub async fn end(&self, user: &str, payout_id: &str) -> Payout {
        let request = WatchPayoutRequest { book: BOOK.into(), payout_id: payout_id.into() };
        let mut stream = self.client().watch_payout(self.signed(user, request)).await.unwrap().into_inner();
        let mut last = None;
        let followed = async {
            while let Some(item) = stream.next().await {
                last = item.unwrap().payout;
            }
        };
        let ended = tokio::time::timeout(WAIT_MAX, followed).await;
        let payout = last.unwrap();
        assert!(ended.is_ok(), "it does not end: {payout:?}");
        assert!(matches!(payout.state(), PayoutState::Settled | PayoutState::Rejected | PayoutState::Cancelled), "{payout:?}");
        payout
    }

    /// Waits until it is in that state.
    pub async fn until(&self, user: &str, payout_id: &str, state: PayoutState) -> Payout {
        let mut last = None;
        let wait = async {
            loop {
                let request = WatchPayoutRequest { book: BOOK.into(), payout_id: payout_id.into() };
                let mut stream = self.client().watch_payout(self.signed(user, request)).await.unwrap().into_inner();
                // A watch may end before that; then it is started again.
                while let Some(item) = stream.next().await {
                    let payout = item.unwrap().payout.unwrap();
                    let ended = matches!(payout.state(), PayoutState::Settled | PayoutState::Rejected | PayoutState::Cancelled);
                    if payout.state() == state {
                        return payout;
                    }
                    assert!(!ended, "it ended before {state:?}: {payout:?}");
                    last = Some(payout);
                }
            }
        };
        let waited = tokio::time::timeout(WAIT_MAX, wait).await;
        waited.unwrap_or_else(|_| panic!("it never was {state:?}: {last:?}"))
    }
}

pub fn states(payout: &Payout) -> Vec<PayoutState> {
    payout.steps.iter().map(|step| step.state()).collect()
}

pub fn iban(text: &str) -> Account {
    Account::Iban(text.into())
}

pub fn aba(account_number: &str) -> Account {
    Account::Aba(AbaAccount { routing_number: "121000248".into(), account_number: account_number.into(), ..Default::default() })
}

pub fn beneficiary(account: Account) -> CreateBeneficiaryRequest {
    CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        book: BOOK.into(),
        user_id: String::new(),
        holder_name: "Ana Müller".into(),
        account: Some(account),
        ..Default::default()
    }
}

pub fn payout_request(beneficiary_id: &str, currency: &str, minor_units: i64) -> RequestPayoutRequest {
    assert!(Currency::try_new(currency).is_ok());
    RequestPayoutRequest {
        request_id: Uuid::now_v7().to_string(),
        book: BOOK.into(),
        user_id: String::new(),
        beneficiary_id: beneficiary_id.into(),
        amount: Some(Money { currency_code: currency.into(), minor_units }),
    }
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_both<F: Future<Output = ()>>(test: impl Fn(Database) -> F) {
    let dir = tempfile::tempdir().unwrap();
    test(Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap()).await;
    let cluster = pgtest::Cluster::start().unwrap();
    test(Database::parse(&cluster.create_database().unwrap()).unwrap()).await;
}
