//! A bank that contradicts itself, forgets, or reports on something else: money is not given back while it may have been paid, and the truth ends every
//! payout.

use crate::{
    fake_bank::{FakeBank, Heard, Said, not_found, status},
    world::{BOOK, Running, World, aba, payout_request},
};
use api::payout::{GetPayoutRequest, ListPayoutsRequest, Payout, PayoutState};
use db::Database;
use prost::Message as _;
use testbed::bank_messages::{payment, report, transfer};

/// Polls after which a bank's answer would have been trusted: each is made long after its finality window of zero.
const ENOUGH: usize = 6;

struct Liar {
    world: World,
    running: Running,
    bank: FakeBank,
    beneficiary: String,
    _dir: tempfile::TempDir,
}

impl Liar {
    async fn open(script: impl Fn(&Heard) -> Said + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let world = World::open(Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap(), 60).await;
        let bank = FakeBank::start(script).await;
        let mut config = world.config();
        config.banks[0].url = bank.url.clone();
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let beneficiary = running.beneficiary("ana", aba("5512345678")).await.unwrap();
        Self { world, running, bank, beneficiary, _dir: dir }
    }

    async fn pay(&self) -> Payout {
        self.running.request("ana", payout_request(&self.beneficiary, "USD", 150)).await.unwrap().0
    }

    async fn look(&self, payout: &Payout) -> Payout {
        let request = GetPayoutRequest { book: BOOK.into(), payout_id: payout.payout_id.clone() };
        self.running.client().get_payout(self.running.signed("ana", request)).await.unwrap().into_inner().payout.unwrap()
    }

    /// The payout stays open whatever the bank answers now, and the bank's final answer ends it.
    async fn open_until(&self, payout: &Payout, truth: PayoutState, why: &str) {
        self.bank.asked(ENOUGH).await;
        let now = self.look(payout).await;
        assert!(matches!(now.state(), PayoutState::Accepted | PayoutState::OutcomeUnknown | PayoutState::Submitted), "{why}: {now:?}");
        self.bank.say(move |heard| match truth {
            PayoutState::Settled => status(heard, heard.sends, "ACSC", &[]),
            // Every sending is decided, one after the other.
            _ => status(heard, heard.asks % heard.sends + 1, "RJCT", &["<Cd>AC04</Cd>"]),
        });
        assert_eq!(self.running.end("ana", &payout.payout_id).await.state(), truth, "{why}");
    }

    async fn close(self) {
        self.running.stop().await;
        self.world.close().await;
    }
}

#[tokio::test]
async fn whatever_names_a_payment_proves_that_it_was_seen() {
    let liar = Liar::open(not_found).await;
    type Word = fn(&Heard) -> Said;
    let words: [(&str, Word); 11] = [
        ("BLCK", |heard| status(heard, 1, "BLCK", &[])),
        ("CANC", |heard| status(heard, 1, "CANC", &[])),
        ("PART", |heard| status(heard, 1, "PART", &[])),
        ("unknown", |heard| status(heard, 1, "ZZZZ", &[])),
        ("AM05", |heard| status(heard, 1, "RJCT", &["<Cd>AM05</Cd>"])),
        ("DU03", |heard| status(heard, 1, "RJCT", &["<Cd>DU03</Cd>"])),
        ("another message", |heard| status(heard, 77, "RJCT", &["<Cd>AC04</Cd>"])),
        ("error with a status", |heard| status(heard, 1, "ACSC", &[]).map(|(_, text)| (502, text))),
        ("not found with a status", |heard| status(heard, 1, "ACSP", &[]).map(|(_, text)| (404, text))),
        ("unread version", |heard| status(heard, 1, "ACSC", &[]).map(|(code, text)| (code, text.replace("002.001.10", "002.001.99")))),
        ("two statuses", |heard| {
            status(heard, 1, "ACSC", &[]).map(|(code, text)| (code, text.replace("</TxSts>", "</TxSts><TxSts>RJCT</TxSts>")))
        }),
    ];
    for (why, word) in words {
        liar.bank.say(move |heard| if heard.sent { word(heard) } else { not_found(heard) });
        let payout = liar.pay().await;
        liar.open_until(&payout, PayoutState::Settled, why).await;
        // The same answer to a poll.
        liar.bank.say(move |heard| match (heard.sent, heard.asks) {
            (true, _) => None,
            // For a single sending, a duplicate reported in a poll is the bank's verdict.
            (_, 1) if !why.starts_with(['A', 'D']) => word(heard),
            (_, 1) => status(heard, 1, "BLCK", &[]),
            _ => not_found(heard),
        });
        let payout = liar.pay().await;
        liar.open_until(&payout, PayoutState::Rejected, why).await;
    }
    liar.close().await;
}

#[tokio::test]
async fn what_contradicts_itself_decides_nothing_in_any_order() {
    let liar = Liar::open(not_found).await;
    type Text = fn(&Heard) -> String;
    let texts: [(&str, Text); 7] = [
        ("one payment", |heard| {
            let (no, yes) = (transfer(&heard.id, "RJCT", ""), transfer(&heard.id, "ACSC", ""));
            report(&heard.id, heard.sends, "", &payment(&(no + &yes)))
        }),
        ("one payment, turned", |heard| {
            let (no, yes) = (transfer(&heard.id, "RJCT", ""), transfer(&heard.id, "ACSC", ""));
            report(&heard.id, heard.sends, "", &payment(&(yes + &no)))
        }),
        ("two payments", |heard| {
            let (no, yes) = (transfer(&heard.id, "RJCT", ""), transfer(&heard.id, "ACSC", ""));
            report(&heard.id, heard.sends, "", &(payment(&no) + &payment(&yes)))
        }),
        ("two payments, turned", |heard| {
            let (no, yes) = (transfer(&heard.id, "RJCT", ""), transfer(&heard.id, "ACSC", ""));
            report(&heard.id, heard.sends, "", &(payment(&yes) + &payment(&no)))
        }),
        ("group refuses", |heard| report(&heard.id, heard.sends, "<GrpSts>RJCT</GrpSts>", &payment(&transfer(&heard.id, "ACSC", "")))),
        ("group paid", |heard| report(&heard.id, heard.sends, "<GrpSts>ACSC</GrpSts>", &payment(&transfer(&heard.id, "RJCT", "")))),
        ("another amount", |heard| {
            let other = r#"<OrgnlTxRef><Amt><InstdAmt Ccy="USD">0.01</InstdAmt></Amt></OrgnlTxRef>"#;
            report(&heard.id, heard.sends, "", &payment(&transfer(&heard.id, "ACSC", other)))
        }),
    ];
    for (why, text) in texts {
        liar.bank.say(move |heard| Some((200, text(heard))));
        let payout = liar.pay().await;
        liar.open_until(&payout, PayoutState::Settled, why).await;
    }
    liar.close().await;
}

/// Two sendings: the first never arrives, and the answer to the second is lost.
fn second_sending(heard: &Heard) -> Option<Said> {
    match (heard.sent, heard.sends) {
        (true, _) => Some(None),
        (false, 1) => Some(not_found(heard)),
        _ => None,
    }
}

#[tokio::test]
async fn a_word_about_one_sending_does_not_decide_another() {
    let liar = Liar::open(not_found).await;
    type Codes = &'static [&'static str];
    let words: [(&str, usize, Codes); 5] = [
        ("of the first", 1, &["<Cd>TM01</Cd>"]),
        ("of one that never was", 9, &["<Cd>TM01</Cd>"]),
        ("a duplicate", 2, &["<Cd>DU04</Cd>"]),
        ("a duplicate behind another reason", 2, &["<Prtry>SEE BELOW</Prtry>", "<Cd>AM05</Cd>"]),
        ("a duplicate in the bank's words", 2, &["<Prtry>DUPLICATE</Prtry>", "<Cd>MS03</Cd>"]),
    ];
    for (why, send, codes) in words {
        for truth in [PayoutState::Settled, PayoutState::Rejected] {
            liar.bank.say(move |heard| second_sending(heard).unwrap_or_else(|| status(heard, send, "RJCT", codes)));
            let payout = liar.pay().await;
            liar.bank.asked(ENOUGH).await;
            liar.open_until(&payout, truth, why).await;
        }
    }
    liar.close().await;
}

#[tokio::test]
async fn a_bank_that_changes_its_mind_is_asked_ever_more_seldom_and_leaves_few_rows() {
    let liar = Liar::open(|heard| if heard.asks % 2 == 0 { status(heard, 1, "ACSP", &[]) } else { status(heard, 1, "PART", &[]) }).await;
    let payout = liar.pay().await;
    liar.bank.asked(40).await;
    let now = liar.look(&payout).await;
    assert!(now.steps.len() <= 5, "{} steps", now.steps.len());
    let book = money::BookName::try_new(BOOK).unwrap();
    let store = payout::store::Store::inspect(&liar.world.database).await.unwrap();
    let stored = store.under_way(&book).await.unwrap().into_values().next().unwrap();
    assert!(stored.attempts >= 30, "{} tries", stored.attempts);
    let messages = liar.running.service.messages(&book, stored.payout_id).await.unwrap();
    assert!(messages.len() <= 6, "{} messages", messages.len());
    liar.open_until(&payout, PayoutState::Settled, "ends").await;
    liar.close().await;
}

#[tokio::test]
async fn long_texts_are_cut_and_answers_stay_small() {
    let liar = Liar::open(|heard| {
        let reason = format!(
            "<StsRsnInf><Rsn><Prtry>{}</Prtry></Rsn><AddtlInf>{}</AddtlInf><AddtlInf>{}</AddtlInf></StsRsnInf>",
            "c".repeat(100_000),
            "w".repeat(50_000),
            "w".repeat(50_000)
        );
        Some((200, report(&heard.id, 1, "", &payment(&transfer(&heard.id, "RJCT", &reason)))))
    })
    .await;
    for _ in 0..3 {
        let payout = liar.pay().await;
        let ended = liar.running.end("ana", &payout.payout_id).await;
        assert!(ended.encoded_len() < 4_096, "{} bytes", ended.encoded_len());
        // The texts that were cut are kept in full, sealed.
        let book = money::BookName::try_new(BOOK).unwrap();
        let messages = liar.running.service.messages(&book, payout.payout_id.parse().unwrap()).await.unwrap();
        assert!(messages.iter().any(|message| message.body.len() > 200_000));
    }
    let list = ListPayoutsRequest { book: BOOK.into(), ..Default::default() };
    let listed = liar.running.client().list_payouts(liar.running.signed("ana", list)).await.unwrap().into_inner();
    assert!(listed.payouts.len() == 3 && listed.encoded_len() < 12_000, "{} bytes", listed.encoded_len());
    liar.close().await;
}
