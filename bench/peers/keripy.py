"""The reference on the same stream: events a second, as one JSON object.

check:   parse, SAID and signature of each event, no database
durable: the reference's own parser and event handling over its database on disk
"""
import json
import sys
import tempfile
import time

from keri.core import coring, eventing, parsing, serdering
from keri.db import basing


def check(stream):
    keys = {}
    count = 0
    while stream:
        serder = serdering.SerderKERI(raw=bytes(stream))
        del stream[: serder.size]
        if serder.ked["t"] in ("icp", "rot"):
            keys[serder.pre] = serder.verfers
        counter = coring.Counter(qb64b=stream, strip=True)
        if counter.code == coring.CtrDex.AttachedMaterialQuadlets:
            counter = coring.Counter(qb64b=stream, strip=True)
        for _ in range(counter.count):
            siger = coring.Siger(qb64b=stream, strip=True)
            if not keys[serder.pre][siger.index].verify(siger.raw, serder.raw):
                raise ValueError("a signature did not verify")
        count += 1
    return count


def durable(stream):
    with tempfile.TemporaryDirectory(dir=sys.argv[3]) as folder:
        database = basing.Baser(name="bench", headDirPath=folder, reopen=True)
        kevery = eventing.Kevery(db=database, lax=True, local=False)
        parsing.Parser(framed=True, kvy=kevery).parse(ims=stream)
        count = sum(1 for _ in database.getFelItemAllPreIter())
        database.close()
        return count


with open(sys.argv[2], "rb") as file:
    whole = bytearray(file.read())
start = time.perf_counter()
events = {"check": check, "durable": durable}[sys.argv[1]](whole)
print(json.dumps({"events": events, "seconds": time.perf_counter() - start}))
