//! Files: uploaded once whatever is lost, accepted or refused whole, and booked by the statement only if it has the same sum.

use super::{AchTown, BANK, PAYABLE, recorded};
use crate::world::{BOOK, FUNDS, on_both, payout_request, states};
use api::payout::{
    CreateBeneficiaryRequest, GetPayoutOptionsRequest,
    PayoutState::{Accepted, Held, OutcomeUnknown, Rejected, Requested, SettledReturnable, Submitted},
};
use money::BookName;
use payout::{config::ParticipantsFile, domain::ach::FileState, store::Store, vault::Vault};
use std::time::Duration;

#[tokio::test]
async fn a_lost_upload_is_repeated_under_its_name_and_pays_once() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let mut config = town.config();
        config.banks[0].nacha.poll = Duration::from_millis(50);
        let running = town.world.start_with(config).await;
        for (nth, behaviour) in ["cut_after_storing", "cut_before_storing"].into_iter().enumerate() {
            town.behave(behaviour).await;
            let (payout, _) = town.request(&running, "Ana Muller", 500).await;
            let accepted = running.until("ana", &payout.payout_id, Accepted).await;
            assert_eq!(states(&accepted), [Requested, Held, Submitted, OutcomeUnknown, Accepted], "{behaviour}");
            town.pass_a_week().await;
            running.until("ana", &payout.payout_id, SettledReturnable).await;
            assert_eq!(town.booked().await, vec![-500; nth + 1], "{behaviour}");
        }
        let files = town.files().await;
        assert_eq!(
            files.iter().map(|file| (file.state, file.modifier)).collect::<Vec<_>>(),
            [(FileState::Booked, 'A'), (FileState::Booked, 'B')]
        );
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn persons_and_companies_are_paid_in_files_of_their_own() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.collecting(Duration::from_millis(300))).await;
        let company = CreateBeneficiaryRequest { holder_name: "Muller Inc".into(), is_company: true, ..Default::default() };
        let company = recorded(&running, company).await;
        let (person, _) = town.request(&running, "Ana Muller", 500).await;
        let (other, _) = running.request("ana", payout_request(&company, "USD", 70)).await.unwrap();
        let (second, _) = town.request(&running, "Ana Muller", 30).await;
        for payout in [&person, &other, &second] {
            running.until("ana", &payout.payout_id, Accepted).await;
        }
        let (store, vault) = (Store::inspect(&town.world.database).await.unwrap(), Vault::open(&town.world.key_file, false).unwrap());
        let mut classes = Vec::new();
        for file in town.files().await {
            let read = bankfiles::nacha::read(&store.file_content(&vault, &file).await.unwrap()).unwrap();
            classes.extend(read.batches.iter().map(|batch| (batch.header.sec.clone(), batch.entries.len())));
        }
        classes.sort();
        assert!(classes.contains(&("CCD".to_owned(), 1)), "{classes:?}");
        assert_eq!(classes.iter().filter(|(class, _)| class == "PPD").map(|(_, count)| count).sum::<usize>(), 2, "{classes:?}");
        town.pass_a_week().await;
        for payout in [&person, &other, &second] {
            running.until("ana", &payout.payout_id, SettledReturnable).await;
        }
        assert_eq!(town.booked().await.iter().sum::<i128>(), -600);
        town.check_books(600).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn who_is_not_in_the_instant_rails_list_is_paid_by_ach() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let list = town.world.key_file.with_file_name("rtp.csv");
        std::fs::write(&list, "kind,key,receives,extended_hours,from,until\nrouting-number,021000021,yes,no,,\n").unwrap();
        let mut config = town.config();
        config.banks.extend(town.world.config().banks);
        let edition = jiff::Zoned::now().date().to_string();
        config.route.participants = vec![ParticipantsFile { rail: "us-rtp".to_owned(), edition, file: list }];
        let running = town.world.start_with(config).await;
        let (payout, beneficiary_id) = town.request(&running, "Ana Muller", 500).await;
        let amount = payout.amount.clone();
        let options = GetPayoutOptionsRequest { book: BOOK.into(), beneficiary_id, amount, ..Default::default() };
        let options = running.client().get_payout_options(running.signed("ana", options)).await.unwrap().into_inner().options;
        let of = |rail: &str| options.iter().find(|option| option.rail == rail).unwrap();
        assert!(of("us-ach-same-day").chosen && !of("us-rtp").chosen);
        assert!(of("us-rtp").why_not.iter().any(|why| why.contains("list")), "{:?}", of("us-rtp").why_not);
        let accepted = running.until("ana", &payout.payout_id, Accepted).await;
        assert_eq!(accepted.attempts.iter().map(|attempt| attempt.rail.as_str()).collect::<Vec<_>>(), ["us-ach-same-day"]);
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_file_gives_all_its_money_back() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        town.behave("refuse").await;
        let (running, payouts) = town.in_one_file([("Ana Muller", 500), ("Ana Muller", 70)]).await;
        for payout in payouts {
            let rejected = running.end("ana", &payout.payout_id).await;
            assert_eq!((rejected.state(), rejected.reason_code.as_str()), (Rejected, "FF01"), "{rejected:?}");
            assert!(rejected.reason.contains("is refused on command"), "{}", rejected.reason);
        }
        town.pass_a_week().await;
        assert!(town.booked().await.is_empty());
        town.check_books(0).await;
        assert_eq!(town.files().await.iter().map(|file| (file.entries, file.state)).collect::<Vec<_>>(), [(2, FileState::Rejected)]);
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn another_sum_settles_nothing_and_gives_nothing_back() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        town.behave("debit_more:1").await;
        let (payout, _) = town.request(&running, "Ana Muller", 500).await;
        running.until("ana", &payout.payout_id, Accepted).await;
        town.pass_a_week().await;
        let unclear = |payout: &api::payout::Payout| payout.state() == OutcomeUnknown && payout.reason.contains("1 minor units more");
        running.once("ana", &payout.payout_id, unclear).await;
        assert_eq!(town.booked().await, [-501]);
        assert_eq!(town.files().await[0].state, FileState::Doubtful);
        assert_eq!(town.world.balance("house/in_transit/USD").await.0, 500, "it is neither paid nor back");
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_acknowledgement_of_other_bytes_decides_nothing_and_the_statement_does() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        town.behave("acknowledge_other_hash").await;
        let (payout, _) = town.request(&running, "Ana Muller", 500).await;
        let unclear = |payout: &api::payout::Payout| payout.state() == OutcomeUnknown && payout.reason.contains("other bytes");
        running.once("ana", &payout.payout_id, unclear).await;
        town.pass_a_week().await;
        running.until("ana", &payout.payout_id, SettledReturnable).await;
        assert_eq!(town.booked().await, [-500]);
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn another_file_under_the_name_leaves_the_outcome_unknown() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        // As if somebody had used the name; the day is the one in New York.
        let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get("America/New_York").unwrap()).date();
        let url = format!("{}/files/ach-us-ach-same-day-{day}-A.ach", town.bank.url());
        assert_eq!(town.http.put(url).body("other").send().await.unwrap().status().as_u16(), 202);
        let (payout, _) = town.request(&running, "Ana Muller", 500).await;
        let unknown = running.once("ana", &payout.payout_id, |payout| payout.state() == OutcomeUnknown).await;
        assert!(unknown.reason.contains("another file under this name"), "{}", unknown.reason);
        town.pass_a_week().await;
        assert!(town.booked().await.is_empty());
        assert_eq!(town.files().await.len(), 1, "there is no second file");
        assert_eq!(town.world.balance(PAYABLE).await, (FUNDS - 500, FUNDS - 500));
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_booked_though_it_was_refused_is_a_debit_beyond_our_records() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        let (payout, _) = town.request(&running, "Ana Muller", 500).await;
        running.until("ana", &payout.payout_id, Accepted).await;
        running.stop().await;
        // As if the bank had said so: its acknowledgement is overruled in our tables, and the money is given back.
        let store = Store::inspect(&town.world.database).await.unwrap();
        let mut file = store.ach_files(BANK).await.unwrap().remove(0);
        file.state = FileState::Rejected;
        store.decide_file(file, 0).await.unwrap().unwrap();
        let running = town.world.start_with(town.config()).await;
        running.end("ana", &payout.payout_id).await;
        town.pass_a_week().await;
        let book = BookName::try_new(BOOK).unwrap();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let found = loop {
            ticks.tick().await;
            let found = store.unexpected_debits(&book).await.unwrap();
            if !found.is_empty() {
                break found;
            }
        };
        assert_eq!(found.iter().map(|debit| debit.amount.minor_units()).collect::<Vec<_>>(), [500]);
        town.check_books(0).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}
