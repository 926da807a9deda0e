//! Unit tests of `methods`.
use super::*;
use identity::access::Access;
use prost_types::{FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto};

fn contract(methods: &[&str]) -> FileDescriptorSet {
    let method = |name: &&str| MethodDescriptorProto { name: Some((*name).to_owned()), ..Default::default() };
    let service =
        ServiceDescriptorProto { name: Some("GiftService".into()), method: methods.iter().map(method).collect(), ..Default::default() };
    let file = FileDescriptorProto { package: Some("largesse.gift.v1".into()), service: vec![service], ..Default::default() };
    FileDescriptorSet { file: vec![file] }
}

static ROWS: &[AccessRow] = &[AccessRow {
    path: "/largesse.gift.v1.GiftService/ListGifts",
    access: Access::Open,
    reason: false,
    approval: false,
    step_up: false,
    bytes_max: 1024,
    keeps: false,
}];

#[test]
fn an_rpc_without_a_row_does_not_start_and_is_named() {
    let error = Methods::join(&[contract(&["ListGifts", "StealGifts"])], ROWS, overload::OverloadLimits::default()).unwrap_err();
    assert!(error.to_string().contains("/largesse.gift.v1.GiftService/StealGifts"), "{error}");
}

#[test]
fn a_row_without_an_rpc_does_not_start_and_is_named() {
    let error = Methods::join(&[contract(&[])], ROWS, overload::OverloadLimits::default()).unwrap_err();
    assert!(matches!(error, Error::StaleAccessRow("/largesse.gift.v1.GiftService/ListGifts")));
}

#[test]
fn contracts_and_table_name_the_same() {
    let methods = Methods::try_new(overload::OverloadLimits::default()).unwrap();
    let send = methods.find("/largesse.gift.v1.GiftService/SendGifts").unwrap();
    assert_eq!((send.service, send.streaming, send.name()), ("gift", true, "largesse.gift.v1.GiftService/SendGifts"));
    assert!(methods.find("/largesse.gift.v1.GiftService/Nothing").is_none());
}

#[test]
fn what_is_paid_for_is_among_the_rpcs_there_are() {
    let methods = Methods::try_new(overload::OverloadLimits::default()).unwrap();
    for path in overload::PAID {
        assert!(methods.find(path).is_some_and(|method| method.paid && !method.streaming), "{path}");
    }
    assert!(methods.find("/largesse.gift.v1.GiftService/SendGift").is_some_and(|method| !method.paid));
}
