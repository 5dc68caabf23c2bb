"""Makes tests/samples/ by running the reference (KERIpy 1.1.x), the same bytes every time.

    make_examples.py [--check] [FOLDER]

Every event is made by the reference's own functions from fixed seeds; every file is then given to the reference, and
what it made of it is written to expected.json. --check writes nothing and fails if a file or that record would change.
"""
import argparse
import collections
import hashlib
import json
import pathlib
import sys

import keri
import oracle
from keri.core import coring, eventing

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The reference's escrow tables, as kelpipe names the kinds.
KINDS = {
    "ooes": "out-of-order",
    "pses": "partial-signature",
    "pwes": "partial-witness",
    "ldes": "likely-duplicitous",
    "uwes": "unverified-witness",
    "ures": "unverified-receipt",
    "vres": "unverified-transferable",
}


def signer(name, transferable=True):
    """The key pair of this name, the same every time."""
    seed = hashlib.blake2b(f"kelpipe examples {name}".encode(), digest_size=32).digest()
    return coring.Signer(raw=seed, transferable=transferable)


def public(signers):
    return [each.verfer.qb64 for each in signers]


def digests(signers):
    return [coring.Diger(ser=each.verfer.qb64b).qb64 for each in signers]


class Garbage(bytes):
    """Bytes of a stream that are no message."""


class Controller:
    """An AID with its keys: each method makes the next event, signed. Events are bytes with their attachments."""

    def __init__(self, name, size=1, threshold=None, witnesses=0, toad=None, delegator=None):
        self.name, self.size, self.generation, self.delegator = name, size, 0, delegator
        self.witnesses = [signer(f"{name} witness {i}", transferable=False) for i in range(witnesses)]
        self.threshold = threshold
        kwa = dict(isith=threshold, nsith=threshold, code=coring.MtrDex.Blake3_256, wits=public(self.witnesses), toad=toad)
        kwa.update(keys=public(self.keys(0)), ndigs=digests(self.keys(1)))
        self.inception = (
            eventing.delcept(delpre=delegator, **kwa) if delegator else eventing.incept(**kwa)
        )
        self.aid, self.sn, self.last = self.inception.pre, 0, self.inception

    def keys(self, generation):
        return [signer(f"{self.name} key {generation}.{i}") for i in range(self.size)]

    def signed(self, serder, by=None, **attached):
        by = range(self.size) if by is None else by
        keys = self.keys(self.generation)
        sigers = [keys[i].sign(serder.raw, index=i) for i in by]
        return bytes(eventing.messagize(serder, sigers=sigers, **attached))

    def witnessed(self, serder, by):
        return [self.witnesses[i].sign(serder.raw, index=i) for i in by]

    def interact(self, data=None, at=None, after=None):
        """The next interaction; or one at `at` after the event `after`."""
        self.sn = self.sn + 1 if at is None else at
        prior = after or self.last
        self.last = eventing.interact(self.aid, prior.said, sn=self.sn, data=data or [])
        return self.last

    def rotate(self, at=None, after=None, cuts=(), adds=(), toad=None, data=None):
        self.sn = self.sn + 1 if at is None else at
        prior = after or self.last
        self.generation += 1
        make = eventing.deltate if self.delegator else eventing.rotate
        self.last = make(
            self.aid,
            public(self.keys(self.generation)),
            prior.said,
            sn=self.sn,
            isith=self.threshold,
            nsith=self.threshold,
            ndigs=digests(self.keys(self.generation + 1)),
            wits=public(self.witnesses),
            cuts=[self.witnesses[i].verfer.qb64 for i in cuts],
            adds=public(adds),
            toad=toad,
            data=data or [],
        )
        kept = [each for i, each in enumerate(self.witnesses) if i not in cuts]
        self.witnesses = kept + list(adds)
        return self.last

    def seal(self, serder):
        return {"i": serder.pre, "s": serder.ked["s"], "d": serder.said}


def couple(serder):
    """The attached source seal: which event of the delegator anchors this one."""
    counter = coring.Counter(coring.CtrDex.SealSourceCouples, count=1)
    return counter.qb64b + coring.Seqner(sn=int(serder.ked["s"], 16)).qb64b + serder.saidb


def receipt(serder, **attached):
    body = eventing.receipt(serder.pre, int(serder.ked["s"], 16), serder.said)
    return bytes(eventing.messagize(body, **attached))


def couples(witnesses, serder):
    """Signatures with their keys, as witnesses hand them out."""
    return [each.sign(serder.raw) for each in witnesses]


def single_key():
    kim = Controller("single key")
    return [
        kim.signed(kim.inception),
        kim.signed(kim.interact([{"d": coring.Diger(ser=b"a document").qb64}])),
        kim.signed(kim.rotate()),
        kim.signed(kim.interact()),
    ]


def weighted_multisig():
    team = Controller("weighted multisig", size=3, threshold=["1/2", "1/2", "1/2"])
    return [
        team.signed(team.inception, by=(0, 1)),
        team.signed(team.interact(), by=(1, 2)),
        team.signed(team.rotate(), by=(0, 2)),
        # One of three first, the others when they have signed: it waits in between.
        team.signed(team.interact(), by=(1,)),
        team.signed(team.last, by=(0, 2)),
    ]


def witnessed():
    wil = Controller("witnessed", witnesses=3, toad=2)
    first = wil.inception
    stream = [
        # Two of three witnesses signed, as an attachment of the event.
        wil.signed(first, wigers=wil.witnessed(first, (0, 2))),
        # The third one's receipt comes by itself.
        receipt(first, cigars=couples(wil.witnesses[1:2], first)),
    ]
    event = wil.interact()
    stream += [
        # Nobody has seen this one yet: it waits until two receipts are there.
        wil.signed(event),
        receipt(event, wigers=wil.witnessed(event, (0,))),
        receipt(event, cigars=couples(wil.witnesses[2:], event)),
    ]
    spare = signer("witnessed witness spare", transferable=False)
    rotation = wil.rotate(cuts=(0,), adds=(spare,), toad=2)
    stream += [wil.signed(rotation, wigers=wil.witnessed(rotation, (0, 2)))]
    # Somebody who is no witness but has an AID of their own vouches for the inception.
    val = Controller("watcher")
    seal = eventing.SealEvent(i=val.aid, s=val.inception.ked["s"], d=val.inception.said)
    vouched = [val.keys(0)[0].sign(first.raw, index=0)]
    stream += [val.signed(val.inception), receipt(first, sigers=vouched, seal=seal)]
    return stream


def delegated():
    boss = Controller("delegator")
    delegate = Controller("delegate", delegator=boss.aid)
    inception = delegate.inception
    stream = [boss.signed(boss.inception)]
    anchor = boss.interact([boss.seal(inception)])
    # The delegate names the event that anchors it, which is not here yet: it waits.
    stream += [delegate.signed(inception) + couple(anchor), boss.signed(anchor)]
    stream += [delegate.signed(delegate.interact())]
    rotation = delegate.rotate()
    anchor = boss.rotate(data=[boss.seal(rotation)])
    stream += [boss.signed(anchor), delegate.signed(rotation) + couple(anchor)]
    return stream


def recovered():
    rae = Controller("recovered")
    stream = [rae.signed(rae.inception)]
    base = rae.interact()
    stream += [rae.signed(base), rae.signed(rae.interact()), rae.signed(rae.interact())]
    # The key was stolen after the first interaction: what it signed since is superseded.
    stream += [rae.signed(rae.rotate(at=2, after=base)), rae.signed(rae.interact())]
    return stream


def out_of_order():
    odd, even = Controller("out of order"), Controller("out of order too", size=2, threshold="2")
    first = [odd.signed(odd.inception)] + [
        odd.signed(make()) for make in (odd.interact, odd.rotate, odd.interact, odd.interact)
    ]
    second = [even.signed(even.inception)] + [
        even.signed(make()) for make in (even.rotate, even.interact, even.rotate)
    ]
    both = first + second
    return [both[i] for i in (4, 7, 1, 8, 0, 3, 6, 2, 5)]


def duplicitous():
    dot = Controller("duplicitous")
    stream = [dot.signed(dot.inception)]
    told = dot.interact([{"d": coring.Diger(ser=b"what one was told").qb64}])
    other = dot.interact([{"d": coring.Diger(ser=b"what another was told").qb64}], at=1, after=dot.inception)
    stream += [dot.signed(told), dot.signed(other)]
    # The log goes on after the event that came first.
    stream += [dot.signed(dot.interact(at=2, after=told))]
    return stream


def garbage():
    gus = Controller("garbage")
    return [
        gus.signed(gus.inception),
        Garbage(b"\r\n# a remark between the messages\r\n"),
        gus.signed(gus.interact()),
        Garbage(b'{"json":"but no message"}'),
        gus.signed(gus.rotate()),
        Garbage(bytes(range(32))),
        gus.signed(gus.interact()),
    ]


def waiting():
    ann = Controller("waiting signatures", size=2, threshold="2")
    wim = Controller("waiting witnesses", witnesses=2, toad=2)
    gap = Controller("waiting events")
    stream = [ann.signed(ann.inception), ann.signed(ann.interact(), by=(0,))]
    stream += [wim.signed(wim.inception, wigers=wim.witnessed(wim.inception, (1,)))]
    stream += [gap.signed(gap.inception)]
    gap.interact()
    stream += [gap.signed(gap.interact())]
    lost = Controller("waiting for the event")
    by = signer("waiting for the event by", transferable=False)
    stream += [receipt(lost.inception, cigars=couples([by], lost.inception))]
    return stream


def refused():
    ron = Controller("refused")
    inception, good = ron.inception, ron.interact([{"d": coring.Diger(ser=b"a document").qb64}])
    honest = ron.signed(good)
    seal = good.ked["a"][0]["d"].encode()
    tampered = honest.replace(seal, coring.Diger(ser=b"another document").qb64b)
    forged = signer("refused stranger").sign(good.raw, index=0)
    # Names an event before it that never was.
    astray = ron.interact(after=Controller("refused, another").inception)
    return [
        ron.signed(inception),
        tampered,
        bytes(eventing.messagize(good, sigers=[forged])),
        honest,
        ron.signed(astray),
    ]


EXAMPLES = {
    "single-key": single_key,
    "weighted-multisig": weighted_multisig,
    "witnessed": witnessed,
    "delegated": delegated,
    "recovered": recovered,
    "out-of-order": out_of_order,
    "duplicitous": duplicitous,
    "garbage": garbage,
    "waiting": waiting,
    "refused": refused,
}


def judged(parts):
    """The verdicts on the messages, each given in a buffer of its own so that garbage costs none of them."""
    stream, steps, at = b"".join(parts), [], 0
    for part in parts:
        if not isinstance(part, Garbage):
            steps.append(["parse", at, at + len(part)])
        at += len(part)
    return oracle.judged(stream, {"steps": [*steps, ["escrows"]]})


def expectation(parts):
    """What an ingest of the file must come to."""
    verdicts = judged(parts)
    ends = [(event, end_of(event)) for event in verdicts["events"]]
    count = collections.Counter(end for _, end in ends)
    waiting = [
        {"kind": KINDS[table], "aid": row["aid"], "sn": row["sn"], "said": row["said"]}
        for table, rows in sorted(verdicts["escrows"].items())
        if table in KINDS
        for row in rows
    ]
    return {
        "bytes": sum(map(len, parts)),
        "messages": {
            "accepted": count["accepted"],
            "escrowed": count["escrowed"],
            "rejected": count["dropped"],
        },
        "faults": sum(isinstance(part, Garbage) for part in parts),
        "keyStates": {
            aid: {"sn": state["s"], "said": state["d"]} for aid, state in verdicts["keyStates"].items()
        },
        "superseded": [each["said"] for each in verdicts["events"] if each.get("superseded")],
        "waiting": waiting,
        "duplicity": [
            {
                "aid": row["aid"],
                "sn": row["sn"],
                "accepted": verdicts["kels"][row["aid"]][row["sn"]][-1],
                "other": row["said"],
            }
            for row in waiting
            if row["kind"] == "likely-duplicitous"
        ],
        "rejected": [
            {"aid": each["aid"], "sn": each["sn"], "said": each["said"], "exception": each["exc"]}
            for each, end in ends
            if end == "dropped"
        ],
        # What the reference itself leaves out when it gets the file in one piece.
        "lostByReference": lost(parts, verdicts),
    }


def end_of(event):
    """A copy that was refused stays refused, whatever became of another copy of the same event."""
    refused = event.get("onParse", "").startswith("dropped")
    return event["onParse" if refused else "status"].split(":")[0]


def lost(parts, verdicts):
    whole = oracle.judged(b"".join(parts))
    held = {said for fel in whole["fels"].values() for said in fel}
    return [said for fel in verdicts["fels"].values() for said in fel if said not in held]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=ROOT / "tests" / "samples")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    made, expected = {}, {}
    for name, make in EXAMPLES.items():
        parts = make()
        made[f"{name}.cesr"] = b"".join(parts)
        expected[f"{name}.cesr"] = expectation(parts)
    record = {"reference": f"keri {keri.__version__}", "files": expected}
    made["expected.json"] = (json.dumps(record, indent=2) + "\n").encode()
    for name, content in made.items():
        path = arguments.folder / name
        if not arguments.check:
            path.write_bytes(content)
        elif not path.exists() or path.read_bytes() != content:
            sys.exit(f"examples: {path.name} is not what {pathlib.Path(__file__).name} makes")
    print(f"examples: {len(EXAMPLES)} streams {'are as made' if arguments.check else 'made'} by keri {keri.__version__}")


if __name__ == "__main__":
    main()
