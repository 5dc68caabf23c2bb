//! Messages as they are sent, and what each is known to be.

use std::sync::Arc;

use kelpipe_cesr::convert;
use kelpipe_cesr::version::Kind;

use crate::attach::Attached;
use crate::body::{self, Body, Field, Form, Value};
use crate::controller::Controller;
use crate::event::{Event, EventFact};
use crate::keys::{Key, Text44};

/// Who signed a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Non-transferable AIDs, by their keys.
    Couples(Vec<Text44>),
    /// Witnesses, by their places in the list.
    Witnesses(Vec<usize>),
    /// A transferable AID, under its establishment event.
    Transferable(Text44, u64, Text44),
}

/// What a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A key event.
    Event {
        /// The event.
        event: Arc<EventFact>,
        /// Places of the keys whose signatures are good, now and among the next keys before.
        sigs: Vec<(usize, Option<usize>)>,
        /// Places of the witnesses that signed.
        wigs: Vec<usize>,
    },
    /// A receipt of an event.
    Receipt {
        /// AID, sequence number and SAID of the event.
        of: (Text44, u64, Text44),
        /// Who signed.
        by: By,
    },
    /// An event that was changed after it was digested.
    Tampered {
        /// AID, sequence number and SAID that it had.
        of: (Text44, u64, Text44),
    },
}

/// A message ready to be sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// Body and attachments.
    pub bytes: Vec<u8>,
    /// Protocol version.
    pub major: u8,
    /// What it is.
    pub fact: Fact,
    /// A character of the SAID and of the first signature, as places in `bytes`; whether they are binary.
    marks: [(usize, bool); 2],
}

impl Message {
    /// A key event with its attachments.
    pub fn event(
        form: Form,
        event: &Event,
        attached: &Attached,
        sigs: Vec<(usize, Option<usize>)>,
        wigs: Vec<usize>,
    ) -> Message {
        let fact = Fact::Event {
            event: event.fact.clone(),
            sigs,
            wigs,
        };
        Message::of(form, &event.body, attached, fact)
    }

    /// A receipt of `event`.
    pub fn receipt(form: Form, event: &Event, attached: &Attached, by: By) -> Message {
        let EventFact { aid, sn, said, .. } = *event.fact;
        let fields: [Field<'_>; 5] = [
            ("v", Value::Version),
            ("t", Value::Ilk("rct")),
            ("d", Value::Text(said)),
            ("i", Value::Text(aid)),
            ("s", Value::Number(sn)),
        ];
        Message::of(
            form,
            &body::write(form, &fields),
            attached,
            Fact::Receipt {
                of: (aid, sn, said),
                by,
            },
        )
    }

    fn of(form: Form, body: &Body, attached: &Attached, fact: Fact) -> Message {
        let native = form.kind == Kind::Cesr && form.binary;
        let mut bytes = Vec::with_capacity(body.bytes.len() + 256);
        if native {
            convert::to_binary(&body.bytes, &mut bytes).expect("whole quadlets");
        } else {
            bytes.extend_from_slice(&body.bytes);
        }
        let place = |at: usize, binary: bool| (if binary { at / 4 * 3 + 2 } else { at }, binary);
        let (said, _) = place(body.said_at + 43, native);
        // Behind the counters and the code of the first signature, and no more than its 88 characters.
        let (sig, _) = place(if form.grouped { 40 } else { 36 }, form.binary);
        let marks = [(said, native), (bytes.len() + sig, form.binary)];
        attached.write(form, &mut bytes);
        Message {
            bytes,
            major: form.major,
            fact,
            marks,
        }
    }

    /// Changes a character of the SAID of a key event. Others stay as they are.
    pub fn tamper(&mut self) -> bool {
        let Fact::Event { event, .. } = &self.fact else {
            return false;
        };
        let of = (event.aid, event.sn, event.said);
        self.flip(self.marks[0]);
        self.fact = Fact::Tampered { of };
        true
    }

    /// Changes a character of the first signature of a key event. Others stay as they are.
    pub fn forge(&mut self) -> bool {
        let mark = self.marks[1];
        let Fact::Event { sigs, .. } = &mut self.fact else {
            return false;
        };
        sigs.remove(0);
        self.flip(mark);
        true
    }

    fn flip(&mut self, (at, binary): (usize, bool)) {
        let byte = &mut self.bytes[at];
        *byte = match (binary, *byte) {
            (true, byte) => byte ^ 1,
            (false, b'A') => b'B',
            (false, _) => b'A',
        };
    }
}

/// The attachments of an event signed by some of its keys.
pub fn signed(
    controller: &Controller,
    event: &Event,
    by: &[usize],
) -> (Attached, Vec<(usize, Option<usize>)>) {
    let (sigs, places) = controller.sign(event, by);
    (
        Attached {
            sigs,
            ..Attached::default()
        },
        places,
    )
}

/// The signatures of witnesses at these places, indexed.
pub fn witness_signatures(controller: &Controller, event: &Event, by: &[usize]) -> Vec<String> {
    by.iter()
        .map(|&at| {
            let mut text = String::with_capacity(88);
            controller.witnesses[at].sign_indexed(&event.body.bytes, at, Some(at), &mut text);
            text
        })
        .collect()
}

/// A receipt couple.
pub fn couple(key: &Key, event: &Event) -> (Text44, String) {
    let mut text = String::with_capacity(88);
    key.sign(&event.body.bytes, &mut text);
    (key.public(), text)
}
