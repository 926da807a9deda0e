//! The trial balance in pages.
use crate::calls::{BOOK, coins, fixture, gift, on_both, reason};
use api::ledger::{GetTrialBalanceRequest, GetTrialBalanceResponse, TrialBalanceLine};
use identity::Role;
use tonic::Status;

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_trial_balance_are_its_lines_also_while_others_appear() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fixture.post(coins("fan", 100)).await;
        let ask = async |page_size, page_token: &str| -> Result<GetTrialBalanceResponse, Status> {
            let request = GetTrialBalanceRequest { book: BOOK.to_owned(), page_size, page_token: page_token.to_owned() };
            fixture.anyone().get_trial_balance(fixture.by(Role::Auditor, request)).await.map(tonic::Response::into_inner)
        };
        fixture.post(gift("fan", "star", 40)).await;
        let whole = ask(0, "").await.unwrap();
        assert!(whole.next_page_token.is_empty() && whole.lines.len() >= 5, "{whole:?}");
        let (mut lines, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = ask(2, &token).await.unwrap();
            assert!(!page.lines.is_empty() && page.lines.len() <= 2);
            lines.extend(page.lines);
            pages += 1;
            token = page.next_page_token;
            // A line of a currency that sorts among the others, and its sum is of a later event.
            if pages == 1 {
                fixture
                    .post(crate::calls::post("top_up", vec![crate::calls::transfer("house/bank_cash/CHF", "house/suspense/CHF", 1)]))
                    .await;
            }
            if token.is_empty() {
                break;
            }
        }
        let named = |lines: &[TrialBalanceLine]| lines.iter().map(|line| (line.unit.clone(), line.accounts.clone())).collect::<Vec<_>>();
        let later = named(&ask(0, "").await.unwrap().lines);
        let seen = named(&lines);
        assert!(
            seen.len() == seen.iter().collect::<std::collections::BTreeSet<_>>().len()
                && named(&whole.lines).iter().all(|line| seen.contains(line))
                && seen.iter().all(|line| later.contains(line))
        );
        let token = ask(1, "").await.unwrap().next_page_token;
        assert_eq!(reason(&ask(-1, "").await.unwrap_err()), "MALFORMED");
        for forged in ["x", &token[1..], &token.repeat(50)] {
            assert_eq!(reason(&ask(1, forged).await.unwrap_err()), "PAGE_TOKEN", "{forged}");
        }
        let other = rpc::page::PagedList::new("GetTrialBalance", "other", &[]).token(&uuid::Uuid::nil());
        let nowhere = rpc::page::PagedList::new("GetTrialBalance", BOOK, &[]).token(&uuid::Uuid::nil());
        for forged in [other, nowhere] {
            assert_eq!(reason(&ask(1, &forged).await.unwrap_err()), "PAGE_TOKEN", "{forged}");
        }
    })
    .await;
}
