//! Eight messages each, whose end must not depend on their order.

use super::world::{Aid, Event, Plan, body, count, digest, huge, indexed, key, seal, sign};

/// What must hold in the end, whatever the order.
pub enum End {
    /// The same key states.
    Same,
    /// The same key states once every message has come a second time: an event that follows a recovery and overtakes it
    /// does not fit the log that it meets, and is refused.
    SameWhenRepeated,
    /// One of these two events is logged and the other kept as evidence.
    Fork(Box<[Event; 2]>),
}

pub struct Scenario {
    pub name: &'static str,
    pub messages: Vec<Vec<u8>>,
    pub aids: Vec<String>,
    pub end: End,
}

pub fn all() -> Vec<Scenario> {
    vec![
        late_anchor(),
        halves(),
        receipts_first(),
        recovery(),
        recovery_continued(),
        chain_of_delegators(),
        delegated_recovery(),
        weights(),
        witness_change(),
        rotated_receipter(),
        fork_of_interactions(),
        fork_of_rotations(),
        two_inceptions(),
    ]
}

fn scenario(name: &'static str, messages: Vec<Vec<u8>>, aids: &[&Aid], end: End) -> Scenario {
    assert_eq!(messages.len(), 8, "{name}");
    let aids = aids.iter().map(|aid| aid.pre.clone()).collect();
    Scenario {
        name,
        messages,
        aids,
        end,
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn late_anchor() -> Scenario {
    let (mut boss, boss_icp) = Aid::new("boss");
    let (mut child, dip) = Aid::delegated("child", &boss.pre);
    let first = boss.interact(&[seal(&dip)]);
    let ixn = child.interact(&[]);
    let drt = child.rotate(&Plan::default());
    let after = child.interact(&[]);
    let second = boss.rotate(&Plan {
        seals: vec![seal(&drt)],
        ..Plan::default()
    });
    let last = boss.interact(&[]);
    let messages = [&boss_icp, &first, &second, &last, &dip, &ixn, &drt, &after]
        .map(Event::signed)
        .into();
    scenario(
        "delegation, anchored late",
        messages,
        &[&boss, &child],
        End::Same,
    )
}

fn halves() -> Scenario {
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept("pair", 1, 2, None, &plan);
    let ixn = aid.interact(&[]);
    let mut messages = Vec::new();
    for event in [&icp, &ixn] {
        messages.push(event.signed_by(&[0]));
        messages.push(event.signed_by(&[1]));
        messages.push(event.receipt(&[event.wigs(&[0])]));
        messages.push(event.receipt(&[event.couple_by("w1")]));
    }
    scenario("witnessed multisig in halves", messages, &[&aid], End::Same)
}

fn receipts_first() -> Scenario {
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        toad: Some(1),
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept("shown", 1, 1, None, &plan);
    let (judge, judge_icp) = Aid::new("juror");
    let ixn = aid.interact(&[]);
    let messages = vec![
        icp.signed(),
        icp.receipt(&[icp.couple_by("w0")]),
        icp.receipt(&[icp.wigs(&[1])]),
        icp.receipt(&[icp.receipt_by(&judge_icp)]),
        icp.receipt(&[icp.couple_by("passer-by")]),
        judge_icp.signed(),
        ixn.signed(),
        ixn.receipt(&[ixn.wigs(&[0])]),
    ];
    scenario("receipts first", messages, &[&aid, &judge], End::Same)
}

fn recovery() -> Scenario {
    let (mut aid, icp) = Aid::new("robbed");
    let first = aid.interact(&[]);
    let mut thief = aid.clone();
    let stolen: Vec<Event> = (0..4).map(|_| thief.interact(&[])).collect();
    let rot = aid.rotate(&Plan::default());
    let mut messages = vec![icp.signed(), first.signed(), rot.signed()];
    messages.extend(stolen.iter().map(Event::signed));
    messages.push(rot.signed());
    scenario("superseding recovery", messages, &[&aid], End::Same)
}

fn recovery_continued() -> Scenario {
    let (mut aid, icp) = Aid::new("robbed twice");
    let first = aid.interact(&[]);
    let mut thief = aid.clone();
    let stolen: Vec<Event> = (0..2).map(|_| thief.interact(&[])).collect();
    let rot = aid.rotate(&Plan::default());
    let after: Vec<Event> = (0..3).map(|_| aid.interact(&[])).collect();
    let messages = [
        &icp, &first, &stolen[0], &stolen[1], &rot, &after[0], &after[1], &after[2],
    ]
    .map(Event::signed)
    .into();
    scenario(
        "recovery, and what follows it",
        messages,
        &[&aid],
        End::SameWhenRepeated,
    )
}

fn chain_of_delegators() -> Scenario {
    let (mut top, top_icp) = Aid::new("top");
    let (mut middle, middle_dip) = Aid::delegated("middle", &top.pre);
    let (mut low, low_dip) = Aid::delegated("low", &middle.pre);
    let by_top = top.interact(&[seal(&middle_dip)]);
    let by_middle = middle.interact(&[seal(&low_dip)]);
    let low_ixn = low.interact(&[]);
    let top_rot = top.rotate(&Plan::default());
    let messages = vec![
        top_icp.signed(),
        by_top.signed(),
        top_rot.signed(),
        middle_dip.anchored(&by_top),
        by_middle.signed(),
        low_dip.anchored(&by_middle),
        low_ixn.signed(),
        low_dip.signed(),
    ];
    scenario(
        "delegator of a delegator",
        messages,
        &[&top, &middle, &low],
        End::Same,
    )
}

fn delegated_recovery() -> Scenario {
    let (mut boss, boss_icp) = Aid::new("chief");
    let (mut child, dip) = Aid::delegated("ward", &boss.pre);
    let first = boss.interact(&[seal(&dip)]);
    let mut thief = child.clone();
    let stolen: Vec<Event> = (0..2).map(|_| thief.interact(&[])).collect();
    let drt = child.rotate(&Plan::default());
    let second = boss.interact(&[seal(&drt)]);
    let last = boss.interact(&[]);
    let messages = vec![
        boss_icp.signed(),
        first.signed(),
        second.signed(),
        last.signed(),
        dip.signed(),
        stolen[0].signed(),
        stolen[1].signed(),
        drt.signed(),
    ];
    scenario("delegated recovery", messages, &[&boss, &child], End::Same)
}

fn weights() -> Scenario {
    let halves = "[\"1/2\",\"1/2\",\"1/2\"]";
    let plan = Plan {
        kt: halves.into(),
        nt: halves.into(),
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept("board", 1, 3, None, &plan);
    let rot = aid.rotate(&plan);
    let ixn = aid.interact(&[]);
    let messages = vec![
        icp.signed_by(&[0]),
        icp.signed_by(&[2]),
        rot.signed_by(&[1]),
        rot.signed_by(&[0]),
        rot.signed_by(&[2]),
        ixn.signed_by(&[2]),
        ixn.signed_by(&[1]),
        ixn.signed_by(&[0, 1]),
    ];
    scenario("weighted thresholds", messages, &[&aid], End::Same)
}

fn witness_change() -> Scenario {
    let plan = Plan {
        adds: names(&["w0", "w1"]),
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept("moved", 1, 1, None, &plan);
    let rot = aid.rotate(&Plan {
        cuts: names(&["w0"]),
        adds: names(&["w2"]),
        ..Plan::default()
    });
    let ixn = aid.interact(&[]);
    let messages = vec![
        icp.witnessed(&[0]),
        icp.receipt(&[icp.wigs(&[1])]),
        rot.signed(),
        rot.receipt(&[rot.wigs(&[0])]),
        rot.receipt(&[rot.couple_by("w2")]),
        ixn.signed(),
        ixn.receipt(&[ixn.couple_by("w1")]),
        ixn.receipt(&[ixn.wigs(&[1])]),
    ];
    scenario("witnesses cut and added", messages, &[&aid], End::Same)
}

fn rotated_receipter() -> Scenario {
    let (mut aid, icp) = Aid::new("seen");
    let (mut signer, signer_icp) = Aid::new("signer");
    let ixn = aid.interact(&[]);
    let signer_rot = signer.rotate(&Plan::default());
    let signer_ixn = signer.interact(&[]);
    let messages = vec![
        icp.signed(),
        ixn.signed(),
        signer_icp.signed(),
        signer_rot.signed(),
        signer_ixn.signed(),
        icp.receipt(&[icp.receipt_by(&signer_icp)]),
        ixn.receipt(&[ixn.receipt_by(&signer_rot)]),
        icp.receipt(&[icp.receipt_by(&signer_rot)]),
    ];
    scenario(
        "receipts by a signer that rotates",
        messages,
        &[&aid, &signer],
        End::Same,
    )
}

fn fork_of_interactions() -> Scenario {
    let (mut aid, icp) = Aid::new("liar");
    let first = aid.interact(&[]);
    let mut other = aid.clone();
    let left = aid.interact(&[]);
    let right = other.interact(&[seal(&icp)]);
    let (left_on, right_on) = (aid.interact(&[]), other.interact(&[]));
    let messages = vec![
        icp.signed(),
        first.signed(),
        left.signed(),
        right.signed(),
        left_on.signed(),
        right_on.signed(),
        left.signed(),
        right.signed(),
    ];
    scenario(
        "fork of interactions",
        messages,
        &[&aid],
        End::Fork(Box::new([left, right])),
    )
}

fn fork_of_rotations() -> Scenario {
    let plan = Plan {
        adds: names(&["w0"]),
        ..Plan::default()
    };
    let (mut aid, icp) = Aid::incept("two-faced", 1, 1, None, &plan);
    let first = aid.interact(&[]);
    let mut other = aid.clone();
    let left = aid.rotate(&Plan::default());
    let right = other.rotate(&Plan {
        seals: vec![seal(&icp)],
        ..Plan::default()
    });
    let messages = vec![
        icp.witnessed(&[0]),
        first.signed(),
        first.receipt(&[first.wigs(&[0])]),
        left.witnessed(&[0]),
        right.witnessed(&[0]),
        left.receipt(&[left.couple_by("w0")]),
        aid.interact(&[]).witnessed(&[0]),
        other.interact(&[]).witnessed(&[0]),
    ];
    scenario(
        "fork of rotations",
        messages,
        &[&aid],
        End::Fork(Box::new([left, right])),
    )
}

/// An inception whose AID is its key, so that the key can sign two of them.
pub fn basic(name: &str, seals: &str) -> Event {
    let pre = key(name);
    let fields = [
        ("t", "\"icp\"".to_owned()),
        ("d", String::new()),
        ("i", format!("\"{pre}\"")),
        ("s", "\"0\"".to_owned()),
        ("kt", "\"1\"".to_owned()),
        ("k", format!("[\"{pre}\"]")),
        ("nt", "\"1\"".to_owned()),
        ("n", format!("[\"{}\"]", digest(&key("next")))),
        ("bt", "\"0\"".to_owned()),
        ("b", "[]".to_owned()),
        ("c", "[]".to_owned()),
        ("a", format!("[{seals}]")),
    ];
    let (said, body) = body(1, &fields, &["d"]);
    Event {
        body,
        said,
        pre,
        sn: 0,
        keys: vec![name.to_owned()],
        witnesses: Vec::new(),
    }
}

fn two_inceptions() -> Scenario {
    let left = basic("twin", "");
    let right = basic("twin", &seal(&left));
    let (_, bystander) = Aid::new("bystander");
    let (mut aid, icp) = Aid::new("neighbour");
    let ixn = aid.interact(&[]);
    let signature = indexed("A", 0, None, &sign("twin", ixn.body.as_bytes()));
    let by = [
        count('F', 1),
        left.pre.clone(),
        huge(0),
        left.said.clone(),
        count('A', 1),
        signature,
    ];
    let messages = vec![
        left.signed(),
        right.signed(),
        bystander.signed(),
        icp.signed(),
        ixn.signed(),
        left.receipt(&[left.couple_by("w0")]),
        icp.receipt(&[icp.couple_by("w0")]),
        ixn.receipt(&[by.concat()]),
    ];
    scenario(
        "two inceptions of one AID",
        messages,
        &[&aid],
        End::Fork(Box::new([left, right])),
    )
}
