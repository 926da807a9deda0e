//! What staff are shown in clear: one part of one record of one user, and to nobody else.
use crate::{
    payees::{create, listed, refusal, told},
    world::{BOOK, Running, World, beneficiary, iban, on_both},
};
use api::payout::{BeneficiaryPart, CreateBeneficiaryRequest, PostalAddress, RevealBeneficiaryRequest, RevealBeneficiaryResponse};
use identity::Role;
use std::collections::BTreeMap;
use tonic::{Code, Status};
use uuid::Uuid;

const GERMAN: &str = "DE89370400440532013000";

async fn reveal(
    (world, running): (&World, &Running),
    role: Role,
    request: RevealBeneficiaryRequest,
) -> Result<RevealBeneficiaryResponse, Status> {
    running.client().reveal_beneficiary(world.bed.by("sue", role, request)).await.map(tonic::Response::into_inner)
}

fn ask(user: &str, beneficiary_id: &str, part: BeneficiaryPart) -> RevealBeneficiaryRequest {
    let (user_id, beneficiary_id) = (user.to_owned(), beneficiary_id.to_owned());
    RevealBeneficiaryRequest { book: BOOK.to_owned(), user_id, beneficiary_id, part: part.into() }
}

#[tokio::test]
async fn one_part_is_shown_as_its_owner_entered_it_and_nothing_of_the_others() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let postal = PostalAddress {
            country: "DE".into(),
            town: "Berlin".into(),
            street: "Am Tor".into(),
            postal_code: "10115".into(),
            ..Default::default()
        };
        let given = CreateBeneficiaryRequest {
            postal_address: Some(postal),
            tax_id: "12-345".into(),
            bic: "DEUTDEFF".into(),
            ..beneficiary(iban(GERMAN))
        };
        let id = create(&running, "ana", given).await.unwrap().beneficiary.unwrap().beneficiary_id;
        for role in [Role::Support, Role::Finance, Role::Auditor, Role::Admin] {
            for (part, wanted) in
                [(BeneficiaryPart::HolderName, vec![("holder_name", "Ana Müller")]), (BeneficiaryPart::TaxId, vec![("tax_id", "12-345")])]
            {
                let shown = reveal((&world, &running), role, ask("ana", &id, part)).await.unwrap();
                let shown: Vec<_> = shown.fields.iter().map(|field| (&*field.name, &*field.value)).collect();
                assert_eq!(shown, wanted, "{role} {part:?}");
            }
            let account = reveal((&world, &running), role, ask("ana", &id, BeneficiaryPart::Account)).await.unwrap();
            let account: BTreeMap<_, _> = account.fields.iter().map(|field| (&*field.name, &*field.value)).collect();
            assert_eq!(account.get("iban"), Some(&GERMAN), "{account:?}");
            assert!(
                !account.contains_key("holder_name") && !account.contains_key("tax_id") && !account.contains_key("kind"),
                "{account:?}"
            );
            let postal = reveal((&world, &running), role, ask("ana", &id, BeneficiaryPart::PostalAddress)).await.unwrap();
            assert!(postal.fields.iter().any(|field| field.value == "Berlin") && postal.fields.len() >= 3, "{postal:?}");
        }
        assert!(listed(&running, "ana").await[0].masked_account.starts_with("****"), "elsewhere it stays masked");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_shown_of_another_user_to_users_or_to_services() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let id = running.beneficiary("ana", iban(GERMAN)).await.unwrap();
        let account = BeneficiaryPart::Account;
        for (request, code, why) in [
            (ask("bob", &id, account), Code::NotFound, "BENEFICIARY_UNKNOWN"),
            (ask("ana", &Uuid::now_v7().to_string(), account), Code::NotFound, "BENEFICIARY_UNKNOWN"),
            (ask("ana", &id, BeneficiaryPart::TaxId), Code::NotFound, "PART_EMPTY"),
            (ask("ana", &id, BeneficiaryPart::BankHolderName), Code::NotFound, "PART_EMPTY"),
            (ask("", &id, account), Code::InvalidArgument, "MALFORMED"),
            (ask("ana", "", account), Code::InvalidArgument, "MALFORMED"),
            (ask("ana", &id, BeneficiaryPart::Unspecified), Code::InvalidArgument, "MALFORMED"),
            (RevealBeneficiaryRequest { part: 99, ..ask("ana", &id, account) }, Code::InvalidArgument, "MALFORMED"),
            (
                RevealBeneficiaryRequest { book: "elsewhere".into(), ..ask("ana", &id, account) },
                Code::PermissionDenied,
                "PERMISSION_DENIED",
            ),
        ] {
            let refused = reveal((&world, &running), Role::Support, request.clone()).await.unwrap_err();
            assert_eq!(told(&refused), refusal(code, why), "{request:?}");
        }
        for role in [Role::Viewer, Role::Creator, Role::Service] {
            let refused = running.client().reveal_beneficiary(world.bed.by("ana", role, ask("ana", &id, account))).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{role}");
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}
