//! What an input may cost: each limit is met exactly, and passed by one.

mod common;

use common::body;
use kelpipe_cesr::body::Reader;
use kelpipe_cesr::codes::CounterTable;
use kelpipe_cesr::frame::{self, Framer};
use kelpipe_cesr::limits::DATA_DEPTH_MAX;
use kelpipe_cesr::version::Kind;
use kelpipe_cesr::{Error, ErrorKind, Options, counter};

fn read(kind: Kind, body: &[u8]) -> Result<(), Error> {
    let mut reader = Reader::new(kind, body, &Options::default());
    reader.skip()?;
    reader.finish()
}

/// A map with lists in it, `depth` containers in all.
fn nested(kind: Kind, depth: usize) -> Vec<u8> {
    let lists = depth - 1;
    match kind {
        Kind::Cbor => [&[0xa1, 0x61, b'a'][..], &vec![0x81; lists - 1], &[0x80]].concat(),
        Kind::Cesr => {
            let mut text = String::new();
            for _ in 0..lists {
                let mut around = String::new();
                let count = text.len() as u32 / 4;
                counter::encode(CounterTable::V2, 'J', count, &mut around).expect("counter");
                text.insert_str(0, &around);
            }
            let inner = format!("0J_v0OKERICAACAA0J_a{text}");
            let mut out = String::new();
            counter::encode(CounterTable::V2, 'G', inner.len() as u32 / 4, &mut out)
                .expect("counter");
            (out + &inner).into_bytes()
        }
        Kind::Json => format!("{{\"a\":{}{}}}", "[".repeat(lists), "]".repeat(lists)).into_bytes(),
        Kind::Mgpk => [&[0x81, 0xa1, b'a'][..], &vec![0x91; lists - 1], &[0x90]].concat(),
    }
}

#[test]
fn bodies_nest_as_deep_as_the_limit() {
    let most = DATA_DEPTH_MAX as usize;
    for kind in [Kind::Cbor, Kind::Cesr, Kind::Json, Kind::Mgpk] {
        assert_eq!(read(kind, &nested(kind, most)), Ok(()), "{kind:?}");
        let deeper = read(kind, &nested(kind, most + 1));
        assert_eq!(
            deeper.map_err(|error| error.kind),
            Err(ErrorKind::Depth),
            "{kind:?}"
        );
    }
}

#[test]
fn integers_have_as_many_digits_as_the_limit() {
    let most = Options::default().limits.integer_digits_max as usize;
    let integer = |sign: &str, digits: usize| format!("{{\"a\":{sign}{}}}", "1".repeat(digits));
    for sign in ["", "-"] {
        assert_eq!(read(Kind::Json, integer(sign, most).as_bytes()), Ok(()));
        let longer = read(Kind::Json, integer(sign, most + 1).as_bytes());
        assert_eq!(
            longer.map_err(|error| error.kind),
            Err(ErrorKind::IntegerDigits)
        );
    }
}

/// A message with `count` signatures in one group that counts quadlets.
fn signed(count: usize) -> Vec<u8> {
    let mut group = String::new();
    counter::encode(CounterTable::V2, 'K', 22 * count as u32, &mut group).expect("counter");
    let body = b"{\"v\":\"KERICAACAAJSONAAAh.\",\"a\":0}";
    let mut stream = body.to_vec();
    stream.extend(group.bytes());
    stream.extend(format!("AA{}", "A".repeat(86)).repeat(count).bytes());
    stream
}

#[test]
fn groups_hold_as_many_elements_as_the_limit() {
    let most = Options::default().limits.elements_per_group_max as usize;
    let (frames, faults) = frame::cut(&signed(most), &Options::default());
    assert_eq!((frames.len(), faults.len()), (1, 0), "{faults:?}");
    let (frames, faults) = frame::cut(&signed(most + 1), &Options::default());
    assert_eq!(
        (frames.len(), faults[0].error),
        (0, ErrorKind::ElementsLimit)
    );
}

#[test]
fn limits_hold_before_bytes_are_waited_for() {
    let fault = |stream: &[u8]| {
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        let mut framer = Framer::new(&Options::default());
        let consumed = framer.frame(stream, false, &mut frames, &mut faults);
        framer.frame(&stream[consumed..], true, &mut frames, &mut faults);
        assert!(frames.is_empty());
        (consumed, faults.first().map(|fault| fault.error))
    };
    // A body above the limit is not held back until it is complete.
    let large = b"{\"v\":\"KERI10JSON200000_\",\"t\":\"icp\"";
    assert_eq!(fault(large), (large.len(), Some(ErrorKind::BodyLimit)));
    let group = b"--A_____-F__0OKERICAACAA";
    assert_eq!(fault(group).1, Some(ErrorKind::GroupLimit));
    let mut many = body(0x12b);
    many.extend(b"-AAA".repeat(1025));
    assert_eq!(fault(&many).1, Some(ErrorKind::GroupsLimit));
    let mut wide = body(0x12b);
    wide.extend_from_slice(b"--Z_____");
    wide.extend_from_slice(&body(0x80));
    let (frames, faults) = frame::cut(&wide, &Options::default());
    assert_eq!(
        (frames.len(), faults[0].error),
        (1, ErrorKind::Overrun),
        "elements are counted, not waited for"
    );
    let mut long = body(0x12b);
    long.extend_from_slice(b"--V_____");
    assert_eq!(fault(&long).1, Some(ErrorKind::AttachmentsLimit));
    let mut deep = Vec::new();
    for level in (1..=20u32).rev() {
        deep.extend_from_slice(b"-A");
        let count = level + 60;
        deep.extend([
            b'A' + (count / 64) as u8,
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                [(count % 64) as usize],
        ]);
    }
    let (frames, faults) = frame::cut(&deep, &Options::default());
    assert!(frames.is_empty() && !faults.is_empty());
}
