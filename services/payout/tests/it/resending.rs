//! What is sent again under an id says the same of who is paid as what was sent before, whatever became of the beneficiary meanwhile.

use crate::{
    fake_bank::{FakeBank, not_found, status},
    world::{BOOK, FUNDS, Running, World, aba, on_both, payout_request, states},
};
use api::payout::{
    Payout,
    PayoutState::{Held, OutcomeUnknown, Rejected, Requested, Settled, Submitted},
};
use db::Database;
use money::BookName;
use payout::{
    store::{
        Store,
        beneficiaries::{self, Beneficiary},
    },
    vault::Vault,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use testbed::bank_messages::between;

const BEFORE: &str = "5512345678";
const AFTER: &str = "5587654321";

/// A bank that loses the first sending of each payment, and says so once it may.
struct Town {
    world: World,
    running: Running,
    bank: FakeBank,
    says_so: Arc<AtomicBool>,
    beneficiary: String,
}

impl Town {
    async fn open(database: Database) -> Self {
        let world = World::open(database, 60).await;
        let says_so = Arc::new(AtomicBool::new(false));
        let may = says_so.clone();
        let bank = FakeBank::start(move |heard| match (heard.sent, heard.sends) {
            (true, 1) => None,
            (true, sends) => status(heard, sends, "ACSC", &[]),
            (false, _) if may.load(Relaxed) => not_found(heard),
            (false, _) => None,
        })
        .await;
        let mut config = world.config();
        config.banks[0].url = bank.url.clone();
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let beneficiary = running.beneficiary("ana", aba(BEFORE)).await.unwrap();
        Self { world, running, bank, says_so, beneficiary }
    }

    /// A payout that was sent once, and of which nothing is known.
    async fn lost(&self) -> Payout {
        let (payout, _) = self.running.request("ana", payout_request(&self.beneficiary, "USD", 150)).await.unwrap();
        self.running.until("ana", &payout.payout_id, OutcomeUnknown).await
    }

    /// The bank that holds the account says that it has another number, as a notification of change does.
    async fn correct(&self) {
        let vault = Vault::open(&self.world.key_file, false).unwrap();
        let store = Store::open(&self.world.database, &vault).await.unwrap();
        let (book, id) = (BookName::try_new(BOOK).unwrap(), self.beneficiary.parse().unwrap());
        let row = store.beneficiary(&book, id).await.unwrap().unwrap();
        let place = format!("beneficiary {book} ana {id}");
        let plain = String::from_utf8(vault.unseal(&place, &row.sealed).unwrap()).unwrap();
        assert!(plain.contains(BEFORE));
        let sealed = vault.seal(&place, plain.replace(BEFORE, AFTER).as_bytes()).unwrap();
        let after = Beneficiary { sealed, correction_code: "C01".to_owned(), corrected_at_ms: 1, ..row.clone() };
        let mut tx = store.begin().await.unwrap();
        assert!(beneficiaries::correct(&mut tx, &book, &row, &after).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Forgets whom attempts have named, as an older program has not kept it.
    async fn forget(&self) {
        let pool = self.world.database.open("payout", &payout::store::MIGRATIONS).await.unwrap();
        assert_eq!(sqlx::query("DELETE FROM sent_payee").execute(&pool).await.unwrap().rows_affected(), 1);
        pool.close().await;
    }

    /// Whom each message to the bank names.
    async fn named(&self, payout: &Payout) -> Vec<String> {
        let messages = self.running.service.messages(&BookName::try_new(BOOK).unwrap(), payout.payout_id.parse().unwrap()).await.unwrap();
        let sent = messages.into_iter().filter(|message| message.kind == "pain.001");
        sent.map(|message| between(&String::from_utf8(message.body).unwrap(), "<CdtrAgt>", "</CdtrAcct>").unwrap()).collect()
    }

    async fn close(self) {
        self.running.stop().await;
        self.world.close().await;
        drop(self.bank);
    }
}

#[tokio::test]
async fn a_resend_names_the_account_of_the_first_sending() {
    on_both(|database| async move {
        let town = Town::open(database).await;
        let payout = town.lost().await;
        town.correct().await;
        town.says_so.store(true, Relaxed);
        assert_eq!(town.running.end("ana", &payout.payout_id).await.state(), Settled);
        let named = town.named(&payout).await;
        assert!(named.len() == 2 && named[0].contains(BEFORE), "{named:?}");
        assert_eq!(named[0], named[1], "the bank has one id for both");
        // The next payout is a payment of its own.
        let (next, _) = town.running.request("ana", payout_request(&town.beneficiary, "USD", 150)).await.unwrap();
        assert_eq!(town.running.end("ana", &next.payout_id).await.state(), Settled);
        assert!(town.named(&next).await.iter().all(|named| named.contains(AFTER)));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_of_an_older_program_is_not_sent_again_once_its_account_was_corrected() {
    on_both(|database| async move {
        let town = Town::open(database).await;
        let payout = town.lost().await;
        town.forget().await;
        town.correct().await;
        town.says_so.store(true, Relaxed);
        let ended = town.running.end("ana", &payout.payout_id).await;
        assert_eq!(states(&ended), [Requested, Held, Submitted, OutcomeUnknown, Submitted, Rejected], "{ended:?}");
        assert_eq!(ended.reason_code, "AG09");
        assert!(ended.reason.contains("corrected"), "{}", ended.reason);
        assert_eq!(town.named(&payout).await.len(), 1, "it was sent once");
        assert_eq!(town.world.balance("creator/ana/payable/USD").await, (FUNDS, FUNDS));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_of_an_older_program_whose_account_is_as_it_was_is_sent_again() {
    on_both(|database| async move {
        let town = Town::open(database).await;
        let payout = town.lost().await;
        town.forget().await;
        town.says_so.store(true, Relaxed);
        assert_eq!(town.running.end("ana", &payout.payout_id).await.state(), Settled);
        let named = town.named(&payout).await;
        assert!(named.len() == 2 && named[0] == named[1], "{named:?}");
        town.close().await;
    })
    .await;
}
