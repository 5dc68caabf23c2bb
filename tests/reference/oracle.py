"""The reference implementation (KERIpy 1.1.x) as an oracle: streams in, its verdicts out.

    oracle.py IN_DIR OUT_DIR [NAME ...]

For each NAME.cesr in IN_DIR, NAME.json beside it may say what to do:

    {"steps": [["parse", start, end], ["escrows"], ["advance", seconds]],
     "cfg": {"lax": true, "local": false, "cloned": false, "own": []}}

without it the whole stream is parsed, then the escrows are processed. OUT_DIR/NAME.json gets `events` (aid, sn, said,
ilk, offset, size, status, and onParse if it was another), `parse`, `keyStates`, `kels`, `fels`, `escrows` and
`attachments`. The clock starts at 2024-06-01T00:00:00Z and moves by `advance` only, so the output is the same every time.

It covers key events, receipts and replies; credentials and their registries are not given to the reference.
"""
import argparse
import datetime
import functools
import json
import logging
import pathlib
import re
import signal
import sys

import keri
import lmdb
from keri import kering
from keri.core import eventing, parsing, routing, serdering
from keri.db import basing

CLOCK_START = datetime.datetime(2024, 6, 1, tzinfo=datetime.timezone.utc)
KEY_EVENTS = ("icp", "rot", "ixn", "dip", "drt")
EVENT_ESCROWS = ("ooes", "pses", "pwes", "ldes")
RECEIPT_ESCROWS = ("uwes", "ures", "vres")
COUPLES = "pdes"
QUERIES = "qnfs"
# Tables whose values begin with an ordinal that keeps them in the order in which they came.
ORDERED = ("kels", QUERIES, *EVENT_ESCROWS, *RECEIPT_ESCROWS)
ATTACHED = ("sigs", "wigs", "rcts", "vrcs")
# What is told of a body, and its labels there.
FIELDS = {"aid": "i", "sn": "s", "said": "d", "ilk": "t"}
VERSION_STRING = re.compile(rb"KERI10(?:JSON|CBOR|MGPK)([0-9a-f]{6})_")
SAID_LENGTH = 44
# Without its code, which differs between a signature with and one without an index.
SIGNATURE_LENGTH = 86
# Turns of the parser without a byte read after which it is said to wait for ever.
STALL_TURNS_MAX = 8
# Seconds of computing on one buffer after which it is said to hang.
HANG_SECONDS = 5
# Passes over the escrows after which they are said not to settle.
PASSES_MAX = 12


class Hang(BaseException):
    """The parser does not come back."""


def hang(*_):
    raise Hang


class Clock:
    """Stands still until it is moved, for every module of the reference."""

    def __init__(self):
        self.now = CLOCK_START
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] == "keri" and module is not None:
                for attribute, value in (("nowUTC", self.utc), ("nowIso8601", self.iso8601)):
                    if hasattr(module, attribute):
                        setattr(module, attribute, value)

    def utc(self):
        return self.now

    def iso8601(self):
        return self.now.isoformat(timespec="microseconds")


class Parser(parsing.Parser):
    """The reference's parser; tells which bytes each message took and what was raised over it."""

    def watch(self, stream, start, told):
        self.rest, self.end, self.told = stream, start + len(stream), told
        return self.allParsator(ims=stream)

    def msgParsator(self, **arguments):
        start, raised = self.end - len(self.rest), None
        try:
            return (yield from super().msgParsator(**arguments))
        except Exception as error:
            raised = error
            raise
        finally:
            flush = isinstance(raised, (kering.ColdStartError, kering.ExtractionError))
            flush = flush and not isinstance(raised, kering.SizedGroupError)
            self.told(start, self.end - len(self.rest), raised, flush)


class Reference:
    """One database of the reference and what it made of the streams that it was given."""

    def __init__(self, cfg=None):
        cfg = cfg or {}
        self.db = basing.Baser(name="oracle", temp=True, reopen=True)
        for aid in cfg.get("own", ()):
            self.db.prefixes.add(aid)
        lax, local = cfg.get("lax", True), cfg.get("local", False)
        router = routing.Router()
        self.revery = routing.Revery(db=self.db, rtr=router, lax=lax, local=local)
        self.kevery = eventing.Kevery(
            db=self.db, lax=lax, local=local, cloned=cfg.get("cloned", False), rvy=self.revery
        )
        self.kevery.registerReplyRoutes(router=router)
        self.parser = Parser(framed=True, kvy=self.kevery, rvy=self.revery)
        self.messages, self.steps = [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.db.close(clear=True)

    def parse(self, stream, start=0):
        """Gives `stream`, which begins at byte `start` of its file, to the parser as one buffer."""
        step = {"step": "parse", "start": start, "end": start + len(stream), "errors": []}
        rest = bytearray(stream)
        lost, judged = False, start

        def told(begin, end, raised, flush):
            nonlocal lost, judged
            lost, judged = lost or flush, judged if lost or flush else end
            message = described(stream[begin - start :], begin)
            if message is not None:
                if raised is not None:
                    message["exc"], message["msg"] = type(raised).__name__, str(raised)[:160]
                message["attached"] = bytes(stream[begin - start + message["size"] : end - start])
                message["onParse"] = self.status(message)
                self.messages.append(message)
            if raised is not None:
                step["errors"].append(
                    {
                        "exc": type(raised).__name__,
                        "remaining": len(rest),
                        "aftermsg": len(self.messages),
                        "flush": flush,
                    }
                )

        turns, left = 0, len(rest)
        generator = self.parser.watch(rest, start, told)
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
        try:
            for _ in generator:
                turns, left = (turns + 1, left) if len(rest) == left else (0, len(rest))
                if turns > STALL_TURNS_MAX:
                    step["stalled"] = lost = True
                    # It is closed without a verdict: nothing was dispatched.
                    self.parser.told = lambda *_: None
                    generator.close()
                    break
        except Hang:
            step["hang"] = lost = True
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        step["remaining"] = len(rest)
        if lost:
            step["judged"] = judged
        self.steps.append(step)

    def escrows(self):
        """Processes all escrows until nothing changes."""
        before = None
        for passes in range(1, PASSES_MAX + 1):
            self.kevery.processEscrows()
            self.revery.processEscrowReply()
            self.kevery.processQueryNotFound()
            now = self.state()
            if now == before:
                break
            before = now
        self.steps.append({"step": "escrows", "passes": passes})

    def rows(self, table):
        """(key, value) of a table as text, the hidden ordinals of its values removed, in the table's order."""
        ordinal = re.compile(r"^[0-9a-f]{32}\.") if table in ORDERED else None
        with self.db.env.begin(db=getattr(self.db, table)) as transaction:
            for key, value in transaction.cursor():
                value = bytes(value).decode()
                yield bytes(key).decode(), ordinal.sub("", value) if ordinal else value

    def state(self):
        states = {keys[0]: dict(record._asdict()) for keys, record in self.db.states.getItemIter()}
        kels, fels = {}, {}
        for key, said in self.rows("kels"):
            aid, sn = place(key)
            kels.setdefault(aid, {}).setdefault(sn, []).append(said)
        for key, said in self.rows("fels"):
            fels.setdefault(place(key)[0], []).append(said)
        return {"keyStates": states, "kels": kels, "fels": fels, "escrows": self.waiting()}

    def waiting(self):
        tables = {}
        for table in EVENT_ESCROWS:
            for key, said in self.rows(table):
                aid, sn = place(key)
                tables.setdefault(table, []).append({"aid": aid, "sn": sn, "said": said})
        for table in RECEIPT_ESCROWS:
            for key, value in self.rows(table):
                aid, sn = place(key)
                row = {"aid": aid, "sn": sn, "said": value[:SAID_LENGTH], "val": value}
                tables.setdefault(table, []).append(row)
        for key, couple in self.rows(COUPLES):
            aid, said = key.split(".")
            tables.setdefault(COUPLES, []).append({"aid": aid, "said": said, "val": couple})
        for key, said in self.rows(QUERIES):
            tables.setdefault(QUERIES, []).append({"aid": key.split(".")[0], "said": said})
        return tables

    def attachments(self):
        attached = {}
        for table in ATTACHED:
            for key, value in self.rows(table):
                attached.setdefault(key.split(".")[1], {}).setdefault(table, []).append(value)
        return attached

    def status(self, message):
        """Where the message is now: accepted, waiting, or dropped."""
        said, ilk = message["said"], message["ilk"]
        if ilk in KEY_EVENTS and any(said == logged for _, logged in self.rows("fels")):
            return "accepted"
        held = []
        if ilk in KEY_EVENTS:
            held += [t for t in EVENT_ESCROWS if any(said == value for _, value in self.rows(t))]
            held += [COUPLES for key, _ in self.rows(COUPLES) if key.endswith(said)]
        elif ilk == "rct":
            held += [t for t in RECEIPT_ESCROWS if any(value.startswith(said) for _, value in self.rows(t))]
        if held:
            return "escrowed:" + "+".join(sorted(held))
        if ilk == "rct" and self.stored(message):
            return "accepted"
        return f"dropped:{message['exc']}" if "exc" in message else "processed"

    def stored(self, message):
        """Whether a signature that came with this receipt is kept with the event."""
        return any(
            key.split(".")[1] == message["said"] and value[-SIGNATURE_LENGTH:].encode() in message["attached"]
            for table in ("wigs", "rcts", "vrcs")
            for key, value in self.rows(table)
        )

    def verdicts(self):
        """Everything, in the form that is described above."""
        state = self.state()
        events = []
        for message in self.messages:
            event = {**message, "status": self.status(message)}
            del event["attached"]
            if event["status"] == event["onParse"]:
                del event["onParse"]
            logged = state["kels"].get(event["aid"], {}).get(event["sn"], [])
            if event["said"] in logged[:-1]:
                event["superseded"] = True
            events.append(event)
        return {
            "oracle": keri.__version__,
            "events": events,
            "parse": self.steps,
            **state,
            "attachments": self.attachments(),
        }


def place(key):
    aid, number = key.split(".")
    return aid, f"{int(number, 16):x}"


def shown(value):
    """A damaged body may hold anything where text belongs."""
    return value if value is None or isinstance(value, str) else repr(value)


def described(stream, offset):
    """What the body at the front of `stream` says of itself; nothing where no body can be seen."""
    match = VERSION_STRING.search(stream[:32])
    if match is None:
        return None
    message = {"aid": None, "sn": None, "said": None, "ilk": None, "offset": offset}
    try:
        body = serdering.Serdery().reap(ims=bytearray(stream)).ked
        fields = {name: shown(body.get(label)) for name, label in FIELDS.items()}
        message.update(fields)
    except Exception:  # whatever the reference raises over a body that it refuses
        pass
    return {**message, "size": int(match[1], 16)}


def judged(stream, vector=None):
    """The verdicts on a stream, by the steps of `vector`."""
    vector = vector or {}
    CLOCK.now = CLOCK_START
    with Reference(vector.get("cfg")) as reference:
        for name, *operands in vector.get("steps", [["parse", 0, len(stream)], ["escrows"]]):
            if name == "parse":
                reference.parse(stream[operands[0] : operands[1]], operands[0])
            elif name == "escrows":
                reference.escrows()
            elif name == "advance":
                CLOCK.now += datetime.timedelta(seconds=operands[0])
        return reference.verdicts()


CLOCK = Clock()
# A database lives as long as its stream is judged: nothing of it has to reach a disk.
lmdb.open = functools.partial(lmdb.open, sync=False, metasync=False)
logging.disable(logging.CRITICAL)
signal.signal(signal.SIGVTALRM, hang)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("in_dir", type=pathlib.Path)
    parser.add_argument("out_dir", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    names = arguments.names or sorted(path.stem for path in arguments.in_dir.glob("*.cesr"))
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    for name in names:
        described_by = arguments.in_dir / f"{name}.json"
        vector = json.loads(described_by.read_text()) if described_by.exists() else None
        verdicts = judged((arguments.in_dir / f"{name}.cesr").read_bytes(), vector)
        (arguments.out_dir / f"{name}.json").write_text(json.dumps(verdicts) + "\n")


if __name__ == "__main__":
    main()
