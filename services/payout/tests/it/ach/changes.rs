//! Notifications of change: applied to the beneficiary, shown to the creator, in effect for the next payout.

use super::AchTown;
use crate::world::{BOOK, Running, on_both, payout_request};
use api::payout::{
    Beneficiary, ListBeneficiariesRequest,
    PayoutState::{Accepted, SettledReturnable},
};
use money::BookName;
use payout::banks::nacha::file::FiledEntry;
use std::time::Duration;

async fn listed(running: &Running, beneficiary_id: &str) -> Beneficiary {
    let request = ListBeneficiariesRequest { book: BOOK.into(), ..Default::default() };
    let answer = running.client().list_beneficiaries(running.signed("ana", request)).await.unwrap().into_inner();
    answer.beneficiaries.into_iter().find(|one| one.beneficiary_id == beneficiary_id).unwrap()
}

async fn corrected(running: &Running, beneficiary_id: &str) -> Beneficiary {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        let found = listed(running, beneficiary_id).await;
        if !found.correction_code.is_empty() {
            return found;
        }
    }
}

/// What the newest payout's entry says.
async fn filed(running: &Running, payout_id: &str) -> FiledEntry {
    let messages = running.service.messages(&BookName::try_new(BOOK).unwrap(), payout_id.parse().unwrap()).await.unwrap();
    let sent = messages.iter().rfind(|message| message.direction == "sent").unwrap();
    serde_json::from_slice(&sent.body).unwrap()
}

#[tokio::test]
async fn a_correction_is_in_effect_for_the_next_payout() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        // As the pretend bank corrects: other number, other bank, both, savings.
        let cases = [
            ("C01", ("121000248", "7700001234", false)),
            ("C02", ("021000089", "9000000001", false)),
            ("C03", ("021000089", "7700001234", false)),
            ("C05", ("121000248", "9000000001", true)),
        ];
        for (code, right) in cases {
            let (payout, beneficiary) = town.request(&running, &format!("Sandbox noc {code}"), 70).await;
            running.until("ana", &payout.payout_id, Accepted).await;
            assert_eq!(listed(&running, &beneficiary).await.correction_code, "");
            town.pass_a_week().await;
            running.until("ana", &payout.payout_id, SettledReturnable).await;
            let shown = corrected(&running, &beneficiary).await;
            assert_eq!((shown.correction_code.as_str(), shown.correction_time.is_some()), (code, true));
            assert!(shown.masked_account.ends_with(&right.1[6..]), "{}", shown.masked_account);
            let (next, _) = running.request("ana", payout_request(&beneficiary, "USD", 30)).await.unwrap();
            running.until("ana", &next.payout_id, Accepted).await;
            let entry = filed(&running, &next.payout_id).await;
            assert_eq!((entry.routing_number.as_str(), entry.account_number.as_str(), entry.savings), right, "{code}");
        }
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_corrected_name_is_kept_for_people() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        let (payout, beneficiary) = town.request(&running, "Sandbox noc C04", 70).await;
        running.until("ana", &payout.payout_id, Accepted).await;
        town.pass_a_week().await;
        running.until("ana", &payout.payout_id, SettledReturnable).await;
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let kept = loop {
            ticks.tick().await;
            let kept = running.service.corrections(&BookName::try_new(BOOK).unwrap(), payout.payout_id.parse().unwrap()).await.unwrap();
            if !kept.is_empty() {
                break kept;
            }
        };
        assert_eq!((kept[0].code.as_str(), kept[0].is_applied), ("C04", false));
        assert!(kept[0].data.contains("CORRECTED NAME"), "what it says is kept, sealed");
        assert_eq!(listed(&running, &beneficiary).await.correction_code, "");
        running.stop().await;
        town.close().await;
    })
    .await;
}
