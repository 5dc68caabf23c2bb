//! What can wait, a case for each kind and what it may await.

use kelpipe_keri::decision::Kind;
use kelpipe_keri::options::{Mode, Options};

use crate::support::world::{Aid, Plan, couple, query, seal, witness};

/// How an entry leaves when what it awaits arrives.
pub enum Leaves {
    /// It is accepted; of a query: it can be answered.
    Accepted,
    /// Only by hand.
    ByHand,
}

pub struct Case {
    pub kind: Kind,
    pub awaits: &'static str,
    pub options: Options,
    /// What is known before.
    pub before: Vec<Vec<u8>>,
    pub waits: Vec<u8>,
    pub evidence: Vec<Vec<u8>>,
    pub leaves: Leaves,
    /// Seconds; none: never.
    pub timeout: Option<i64>,
}

impl Case {
    pub fn becomes(&self) -> &'static str {
        match self.kind {
            Kind::QueryNotFound => "checked valid",
            _ => "accepted",
        }
    }
}

pub fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn case(
    kind: Kind,
    awaits: &'static str,
    before: &[Vec<u8>],
    waits: Vec<u8>,
    evidence: &[Vec<u8>],
) -> Case {
    Case {
        kind,
        awaits,
        options: Options::new(Mode::Hardened),
        before: before.to_vec(),
        waits,
        evidence: evidence.to_vec(),
        leaves: Leaves::Accepted,
        timeout: Some(3600),
    }
}

pub fn cases() -> Vec<Case> {
    let mut cases = events();
    cases.extend(delegations());
    cases.extend(receipts());
    cases.extend(queries());
    cases.extend(left_alone());
    cases
}

fn events() -> Vec<Case> {
    let (mut aid, icp) = Aid::new("plain");
    let (first, second) = (aid.interact(&[]), aid.interact(&[]));
    let prior = case(
        Kind::OutOfOrder,
        "prior-event",
        &[icp.signed()],
        second.signed(),
        &[first.signed()],
    );
    let unknown = case(
        Kind::OutOfOrder,
        "inception",
        &[],
        first.signed(),
        &[icp.signed()],
    );
    let (mut pair, icp) = Aid::incept("pair", 1, 2, None, &Plan::default());
    let half = case(
        Kind::PartialSignature,
        "signatures",
        &[],
        icp.signed_by(&[0]),
        &[icp.signed_by(&[1])],
    );
    let rot = pair.rotate(&Plan {
        kt: "\"1\"".into(),
        ..Plan::default()
    });
    let exposed = case(
        Kind::PartialSignature,
        "next-key-signatures",
        &[icp.signed()],
        rot.signed_by(&[0]),
        &[rot.signed_by(&[1])],
    );
    let (_, icp) = Aid::incept(
        "seen",
        1,
        1,
        None,
        &Plan {
            adds: names(&["w0", "w1"]),
            ..Plan::default()
        },
    );
    let witnessed = case(
        Kind::PartialWitness,
        "witness-receipts",
        &[],
        icp.witnessed(&[1]),
        &[icp.receipt(&[icp.couple_by("w0")])],
    );
    let short = |case| Case {
        timeout: Some(1200),
        ..case
    };
    vec![short(prior), short(unknown), half, exposed, witnessed]
}

fn delegations() -> Vec<Case> {
    let (mut boss, boss_icp) = Aid::new("boss");
    let (_, dip) = Aid::delegated("child", &boss.pre);
    let anchor = boss.interact(&[seal(&dip)]);
    let delegator = case(
        Kind::PartialDelegation,
        "delegator",
        &[],
        dip.with(&[dip.sigs(&[0]), couple(&anchor)]),
        &[boss_icp.signed(), anchor.signed()],
    );
    let anchored = case(
        Kind::PartialDelegation,
        "anchor",
        &[boss_icp.signed()],
        dip.signed(),
        &[anchor.signed()],
    );
    let mut ours = Options::new(Mode::Hardened);
    ours.own = vec![boss.pre.clone()];
    ours.local = true;
    let approval = Case {
        options: ours,
        timeout: Some(1200),
        ..case(
            Kind::Delegable,
            "approval",
            &[boss_icp.signed()],
            dip.signed(),
            &[anchor.signed()],
        )
    };
    vec![delegator, anchored, approval]
}

fn receipts() -> Vec<Case> {
    let plan = Plan {
        adds: names(&["w0"]),
        ..Plan::default()
    };
    let (_, icp) = Aid::incept("shown", 1, 1, None, &plan);
    let (_, by) = Aid::new("signer");
    let indexed = icp.receipt(&[icp.wigs(&[0])]);
    let couple = icp.receipt(&[icp.couple_by("w0")]);
    let transferable = icp.receipt(&[icp.receipt_by(&by)]);
    let whole = icp.witnessed(&[0]);
    let signer_later = [whole.clone(), by.signed()];
    vec![
        case(
            Kind::UnverifiedWitness,
            "event",
            &[],
            indexed.clone(),
            std::slice::from_ref(&whole),
        ),
        case(
            Kind::UnverifiedWitness,
            "event",
            &[],
            indexed,
            &[icp.signed()],
        ),
        case(
            Kind::UnverifiedReceipt,
            "event",
            &[],
            couple.clone(),
            std::slice::from_ref(&whole),
        ),
        case(
            Kind::UnverifiedReceipt,
            "event",
            &[],
            couple,
            &[icp.signed()],
        ),
        case(
            Kind::UnverifiedTransferable,
            "event",
            &[],
            transferable.clone(),
            &signer_later,
        ),
        case(
            Kind::UnverifiedTransferable,
            "signer-event",
            &[whole],
            transferable,
            &[by.signed()],
        ),
    ]
}

fn queries() -> Vec<Case> {
    let (mut aid, icp) = Aid::new("asked");
    let (asker, asker_icp) = Aid::new("asker");
    let about = format!("\"i\":\"{0}\",\"src\":\"{0}\"", aid.pre);
    let (first, second) = (aid.interact(&[]), aid.interact(&[]));
    let (_, sealed) = Aid::new("sealed");
    let sealing = aid.interact(&[seal(&sealed)]);
    let of_aid = [icp.signed(), asker_icp.signed()];
    let waits = |awaits, route: &str, more: &str, before: &[Vec<u8>], evidence: &[Vec<u8>]| Case {
        timeout: Some(300),
        ..case(
            Kind::QueryNotFound,
            awaits,
            before,
            query(&asker, route, &format!("{about}{more}")),
            evidence,
        )
    };
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        ..Plan::default()
    };
    let (ours, witnessed) = Aid::incept("ours", 1, 1, None, &plan);
    let mut by_us = Options::new(Mode::Hardened);
    by_us.own = vec![witness("w0")];
    by_us.local = true;
    let about_ours = format!("\"i\":\"{0}\",\"src\":\"{0}\"", ours.pre);
    let receipted = Case {
        options: by_us,
        timeout: Some(300),
        ..case(
            Kind::QueryNotFound,
            "witness-receipts",
            &[asker_icp.signed(), witnessed.witnessed(&[0])],
            query(&asker, "ksn", &about_ours),
            &[witnessed.receipt(&[witnessed.couple_by("w1")])],
        )
    };
    let asked_seal = format!(",\"a\":{}", seal(&sealed));
    vec![
        waits("inception", "logs", "", &of_aid[1..], &of_aid[..1]),
        waits("inception", "ksn", "", &of_aid[1..], &of_aid[..1]),
        waits(
            "inception",
            "mbx",
            ",\"topics\":{\"/receipt\":0}",
            &of_aid[1..],
            &of_aid[..1],
        ),
        waits(
            "event",
            "logs",
            ",\"s\":\"2\"",
            &of_aid,
            &[first.signed(), second.signed()],
        ),
        waits(
            "event",
            "logs",
            ",\"s\":\"1\"",
            &of_aid[1..],
            &[icp.signed(), first.signed()],
        ),
        waits(
            "anchor",
            "logs",
            &asked_seal,
            &of_aid,
            &[first.signed(), second.signed(), sealing.signed()],
        ),
        receipted,
    ]
}

/// Evidence of duplicity, and remote events for our own AIDs.
fn left_alone() -> Vec<Case> {
    let (mut aid, icp) = Aid::new("liar");
    let mut other = aid.clone();
    let (first, second) = (aid.interact(&[]), other.interact(&[seal(&icp)]));
    let by_hand = |case| Case {
        leaves: Leaves::ByHand,
        timeout: None,
        ..case
    };
    let before = [icp.signed(), first.signed()];
    let evidence = by_hand(case(
        Kind::LikelyDuplicitous,
        "nothing",
        &before,
        second.signed(),
        &[],
    ));
    let as_reference = Case {
        options: Options::new(Mode::Keripy),
        timeout: Some(3600),
        ..by_hand(case(
            Kind::LikelyDuplicitous,
            "nothing",
            &before,
            second.signed(),
            &[],
        ))
    };
    let mut ours = Options::new(Mode::Hardened);
    ours.own = vec![aid.pre.clone()];
    let misfit = Case {
        options: ours,
        ..by_hand(case(Kind::Misfit, "nothing", &[], icp.signed(), &[]))
    };
    vec![evidence, as_reference, misfit]
}
